"""English sentences that know their template, so that pages can translate them later."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

MAX_QUOTED_LENGTH = 60


class Message(str):
    """An English sentence that knows its template and what fills it."""

    template: str
    values: dict[str, object]

    def __new__(cls, template: str, values: dict[str, object]) -> Message:
        """Fill the template."""
        message = super().__new__(cls, template % values)
        message.template, message.values = template, values
        return message

    def __reduce__(self) -> tuple[Any, ...]:
        return Message, (self.template, self.values)


def say(template: str, /, **values: object) -> Message:
    """Return a sentence; `%(name)s` in the template stands for a value.

    A value that is a Message itself is translated within it; others are shown as they are. The
    catalogues are made of the templates that stand as literals in calls of this function.
    """
    return Message(template, values)


def message_json(text: object) -> Any:
    """Return a text as JSON: a Message as its template and values; JSON stays as it is."""
    if isinstance(text, Message):
        values = {name: message_json(value) for name, value in text.values.items()}
        return {"template": text.template, "values": values}
    return text if isinstance(text, int | float | Mapping) else str(text)


def quoted(value: object) -> str:
    """Return a value for a message: quoted, on one line, shortened."""
    text = " ".join(str(value).split())
    short = text if len(text) <= MAX_QUOTED_LENGTH else text[: MAX_QUOTED_LENGTH - 3] + "..."
    return repr(short)


def kind_of(value: object) -> Message:
    """Return what kind of JSON value it is."""
    if isinstance(value, bool):
        return say("true or false")
    if isinstance(value, int | float):
        return say("a number")
    if isinstance(value, str):
        return say("a text")
    if isinstance(value, Mapping):
        return say("an object")
    return say("a list") if isinstance(value, list | tuple) else say("something else")


def nearest(word: str, known: Iterable[str]) -> Message:
    """Return what to expect in the place of an unknown name: the known one that is most like it."""
    known = tuple(known)
    close = get_close_matches(word[:60].casefold(), known, n=1, cutoff=0.5)
    if close:
        return say("perhaps %(name)s", name=repr(close[0]))
    return say("one of %(names)s", names=", ".join(known))
