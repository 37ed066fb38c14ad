"""Values out of untrusted records, checked one by one; what is wrong becomes a fault."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from enum import StrEnum
from itertools import islice
from math import isfinite
from typing import TypeVar

from matcher.imports.cordis import iso_date
from matcher.imports.readers import clean
from matcher.imports.row_errors import Message, RowError, say, shown

Choice = TypeVar("Choice", bound=StrEnum)

MAX_UNKNOWN = 20
_NUMBER = re.compile(r"[+-]?[0-9]{1,20}([.,][0-9]{0,30})?([eE][+-]?[0-9]{1,3})?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{1,2}[/.][0-9]{1,2}[/.][0-9]{4}")
_SURROGATE = re.compile("[\ud800-\udfff]")


def folded(text: str) -> str:
    """Return a word without case, accents, underscores and hyphens, for comparing."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(char for char in plain if not unicodedata.combining(char))
    return " ".join(re.sub(r"[_\-\s]+", " ", plain).split())


def vocabulary(words: Mapping[Choice, str]) -> dict[str, Choice]:
    """Return the choices by their values and by other words for them, folded."""
    found = {folded(member.value): member for member in words}
    for member, others in words.items():
        found.update({folded(word): member for word in others.split(",")})
    return found


@dataclass(slots=True)
class Checker:
    """Takes values out of an untrusted mapping; what is wrong becomes a fault."""

    file: str = ""
    line: int = 0
    faults: list[RowError] = field(default_factory=list)

    def wrong(self, path: str, problem: Message, expected: str) -> None:
        """Note one fault."""
        column = _SURROGATE.sub("?", clean(path))[:200]
        self.faults.append(RowError(self.file, self.line, column, problem, expected))

    def keys(self, given: Iterable[str], known: Iterable[str], path: str = "") -> None:
        """Fault the keys that nobody knows."""
        known = tuple(known)
        strange = (key for key in given if key not in known)
        for key in islice(strange, MAX_UNKNOWN):
            self.wrong(f"{path}{key}", say("unknown key"), nearest(key, known))

    def text(self, value: object, path: str, longest: int, *, lines: bool = False) -> str | None:
        """Return a text, on one line unless `lines`; None of a blank or faulty one."""
        if value is None:
            return None
        if not isinstance(value, str):
            self.wrong(path, named(value), say("a text"))
            return None
        found = clean(value)
        if not lines:
            found = " ".join(found.split())
        if _SURROGATE.search(found):
            self.wrong(path, say("half a character (a lone surrogate)"), say("Unicode text"))
            return None
        if len(found) > longest:
            problem = say("%(count)s characters", count=len(found))
            self.wrong(path, problem, say("at most %(count)s", count=longest))
            return None
        return found or None

    def texts(self, value: object, path: str, most: int, longest: int) -> tuple[str, ...]:
        """Return the texts of a list, each once."""
        found = []
        for at, item in enumerate(self.items(value, path, most)):
            text = self.text(item, f"{path}[{at}]", longest)
            if text is not None:
                found.append(text)
        return tuple(dict.fromkeys(found))

    def items(self, value: object, path: str, most: int) -> list[object]:
        """Return the items of a list."""
        if value is None:
            return []
        if not isinstance(value, list | tuple):
            self.wrong(path, named(value), say("a list"))
            return []
        if len(value) > most:
            problem = say("%(count)s items", count=len(value))
            self.wrong(path, problem, say("at most %(count)s", count=most))
            return []
        return list(value)

    def mapping(self, value: object, path: str) -> Mapping[str, object] | None:
        """Return an object; None of anything else."""
        if value is None:
            return None
        if not isinstance(value, Mapping):
            self.wrong(path, named(value), say("an object"))
            return None
        return value

    def choice(self, value: object, path: str, words: Mapping[str, Choice]) -> Choice | None:
        """Return the member that a word stands for, in any of the four languages."""
        word = self.text(value, path, 100)
        if word is None:
            return None
        found = words.get(folded(word))
        if found is None:
            members = ", ".join(dict.fromkeys(member.value for member in words.values()))
            self.wrong(path, say("%(value)s isn't one of the choices", value=shown(word)), members)
        return found

    def number(self, value: object, path: str, least: float, most: float) -> float | None:
        """Return a finite number within bounds; a text may have a decimal comma."""
        if isinstance(value, str):
            value = clean(value)
        if value is None or value == "":
            return None
        expected = say("a number from %(least)s to %(most)s", least=f"{least:g}", most=f"{most:g}")
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            self.wrong(path, named(value), expected)
            return None
        if isinstance(value, str):
            if not _NUMBER.fullmatch(value):
                self.wrong(path, say("%(value)s isn't a number", value=shown(value)), expected)
                return None
            value = value.replace(",", ".")
        try:
            number = float(value)
        except OverflowError:  # a whole number beyond 1e308
            number = float("inf")
        if not (isfinite(number) and least <= number <= most):
            self.wrong(path, say("out of bounds"), expected)
            return None
        return number

    def whole(self, value: object, path: str, least: int, most: int) -> int | None:
        """Return a whole number within bounds."""
        number = self.number(value, path, least, most)
        if number is None:
            return None
        if not number.is_integer():
            expected = say("a whole number from %(least)s to %(most)s", least=least, most=most)
            self.wrong(path, say("%(value)s isn't whole", value=f"{number:g}"), expected)
            return None
        return int(number)

    def day(self, value: object, path: str) -> date | None:
        """Return a date that exists, from YYYY-MM-DD or DD/MM/YYYY."""
        word = self.text(clean(value) if isinstance(value, date) else value, path, 100)
        if word is None:
            return None
        try:
            return date.fromisoformat((_DATE.fullmatch(word) and iso_date(word)) or "")
        except ValueError:
            problem = say("%(value)s isn't a date", value=shown(word))
            self.wrong(path, problem, say("YYYY-MM-DD or DD/MM/YYYY"))
            return None


def named(value: object) -> Message:
    """Return what kind of JSON value it is, for a message."""
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
    """Return what to expect in the place of an unknown name."""
    known = tuple(known)
    close = get_close_matches(word[:60].casefold(), known, n=1, cutoff=0.5)
    if close:
        return say("perhaps %(name)s", name=repr(close[0]))
    return say("one of %(names)s", names=", ".join(known))
