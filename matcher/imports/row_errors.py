"""What is wrong in a file: where, what, and what was expected."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from pydantic import BaseModel, ValidationError

from matcher.domain import Organisation, Project
from matcher.imports.cells import printable
from matcher.messages import Message, say
from matcher.parameters import HOUSE_PROJECTS, HOUSE_SHARE
from matcher.validation_errors import FieldError, field_errors

MAX_KEPT = 1_000
"""Errors of one file that are stored and shown."""
MAX_ERRORS = 10_000
"""Errors after which a file isn't read further."""


@dataclass(frozen=True, slots=True)
class RowError:
    """One thing that is wrong in a file.

    What was expected is plain text where it only lists words that a file may hold.
    """

    file: str
    line: int
    """The first line of the row; 0 for the file as a whole."""
    column: str
    problem: Message
    expected: str


class ImportRefused(Exception):
    """A file with errors; nothing of it was stored."""

    def __init__(self, faults: list[RowError], count: int | None = None) -> None:
        self.faults = faults[:MAX_KEPT]
        self.count = len(faults) if count is None else count
        super().__init__(f"{self.count} error(s); nothing was imported")


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

    @property
    def house(self) -> tuple[Organisation, int] | None:
        """The organisation that took part in most of the projects, and in how many.

        None where nobody did, or where there are too few projects to tell.
        """
        if len(self.projects) < HOUSE_PROJECTS:
            return None
        counts = Counter(
            key
            for project in self.projects
            for key in {owner.organisation_id for owner in project.participations}
        )
        found, count = max(counts.items(), key=lambda one: one[1], default=("", 0))
        if count <= HOUSE_SHARE * len(self.projects):
            return None
        return next(((one, count) for one in self.organisations if one.id == found), None)

    @property
    def embedded_texts(self) -> list[str]:
        """What the encoder sees of the facets that will be stored."""
        known = self.organisations if self.complete_profiles else ()
        texts = [text for organisation in known for text in organisation.embedded_texts]
        return [*texts, *(project.facet.embedded_text for project in self.projects)]

    @property
    def room(self) -> int:
        """How many more errors are noted."""
        return max(MAX_ERRORS - len(self.faults), 0)

    def settle(self, *, skip_invalid: bool) -> Batch:
        """Return the batch; raise ImportRefused when it has errors that aren't to be skipped."""
        if self.faults and not skip_invalid:
            raise ImportRefused(self.faults)
        return self


def row_errors(
    error: ValidationError, model: type[BaseModel], file: str, line: int
) -> list[RowError]:
    """Return what is wrong with a row, for the table of errors."""
    return [
        RowError(
            file,
            line,
            printable(".".join(part for part in (wrong.path, wrong.part) if part)),
            wrong.problem,
            _expected(wrong),
        )
        for wrong in field_errors(error, model)
    ]


def _expected(error: FieldError) -> str:
    """Return what is expected of a file, which may say more than JSON may."""
    if error.code == "day":
        return say("YYYY-MM-DD or DD/MM/YYYY")
    if (error.path, error.code) == ("name", "missing"):
        return say("the organisation's name, 1 to 300 characters")
    return error.expected


def also_of(identifier: str, line: int) -> Message:
    """Return what is wrong with an id that an earlier line has too."""
    return say("%(id)s is also that of line %(line)s", id=repr(identifier), line=line)
