"""What is wrong in a file: where, what, and what was expected."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from matcher.domain import Organisation, Project

MAX_KEPT = 1_000


class Message(str):
    """An English sentence that knows its template and what fills it, to be translated later."""

    template: str
    values: dict[str, object]

    def __new__(cls, template: str, values: dict[str, object]) -> Message:
        """Fill the template."""
        said = super().__new__(cls, template % values)
        said.template, said.values = template, values
        return said

    def __reduce__(self) -> tuple[Any, ...]:
        return Message, (self.template, self.values)


def say(template: str, /, **values: object) -> Message:
    """Return a sentence; `%(name)s` in the template stands for a value.

    A value that is Said itself is translated within it; others are shown as they are.
    """
    return Message(template, values)


@dataclass(frozen=True, slots=True)
class RowError:
    """One fault. `line` is that of the row's first line; 0 for the file as a whole.

    What was expected is plain text where it only lists words that a file may hold.
    """

    file: str
    line: int
    column: str
    problem: Message
    expected: str


class ImportRefused(Exception):
    """A file with faults; nothing of it was stored."""

    def __init__(self, faults: list[RowError], count: int | None = None) -> None:
        self.faults = faults[:MAX_KEPT]
        self.count = len(faults) if count is None else count
        super().__init__(f"{self.count} fault(s); nothing was imported")


@dataclass(slots=True)
class Batch:
    """What a file holds. `faults` are those of the rows that were left out."""

    organisations: list[Organisation] = field(default_factory=list)
    projects: list[Project] = field(default_factory=list)
    faults: list[RowError] = field(default_factory=list)
    skipped: int = 0
    complete_profiles: bool = True
    """False where a record says nothing of offers and needs (CORDIS)."""
    silent: frozenset[str] = frozenset()
    """What a table has no column for; where it is stored already, it stays as it is."""

    def settle(self, *, skip_invalid: bool) -> Batch:
        """Return the batch; raise ImportRefused when it has faults that aren't to be skipped."""
        if self.faults and not skip_invalid:
            raise ImportRefused(self.faults)
        return self


def shown(value: object) -> str:
    """Return a value for a message: quoted, on one line, shortened."""
    text = " ".join(str(value).split())
    return repr(text if len(text) <= 60 else text[:57] + "...")


def kept(text: object) -> Any:
    """Return a text as JSON that holds its template and values, where it is Said."""
    if isinstance(text, Message):
        values = {name: kept(value) for name, value in text.values.items()}
        return {"template": text.template, "values": values}
    return text if isinstance(text, int | float) else str(text)
