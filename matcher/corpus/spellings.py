"""The ways in which an organisation's name is written out, as keys that a text is searched for.

A key is a hash of the folded words of a name, joined: `KU Leuven` and `KULeuven` have the same. Of
a name of one word and at most MAX_ACRONYM letters it is a hash of the word as it is written.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b

from embeddings.words import fold, normalise
from matcher.corpus.name_keys import legal_forms_off
from matcher.parameters import MAX_ACRONYM

_WORD = re.compile(r"[^\W_]+")
_BRACKETS = re.compile(r"\(([^()]*)\)|\[([^\[\]]*)\]")
_DASH = re.compile(r"\s[-–—/]\s")
_CAPITALS = re.compile(r"[A-Z][A-Z0-9]{2,7}")


@dataclass(frozen=True, slots=True)
class TextWord:
    """A word of a text."""

    written: str
    folded: str
    start: int
    """Its first character in the text."""
    end: int


def text_words(text: str, start: int = 0, end: int = sys.maxsize) -> list[TextWord]:
    """Return the words of a text, or of a part of it, in the normal form C, in order."""
    return [
        TextWord(found[0], fold(found[0]), found.start(), found.end())
        for found in _WORD.finditer(text, start, end)
    ]


def core_name(name: str) -> str:
    """Return a name without what stands in brackets."""
    return " ".join(_BRACKETS.sub(" ", normalise("NFC", name)).split())


def core_words(name: str) -> list[str]:
    """Return the folded words of a name, without brackets and legal forms."""
    words = [word.folded for word in text_words(core_name(name))]
    return legal_forms_off(words) or words


def spelling_keys(name: str, short_name: str | None, city: str | None) -> list[int]:
    """Return the keys of all spellings of an organisation, ascending.

    They are those of its name with and without legal forms, its short name, and acronyms in
    capitals that stand in brackets or beside a dash. The name of its own town alone isn't one.
    """
    full = [word.written for word in text_words(core_name(name))]
    core = full[: len(core_words(name))]
    town = "".join(word.folded for word in text_words(normalise("NFC", city or "")))
    short = [word.written for word in text_words(core_name(short_name or ""))]
    keys: set[int] = set()
    for words in (full, core, short, *([word] for word in _acronyms(name))):
        if words and fold("".join(words)) != town:
            keys.update(_keys(words))
    return sorted(keys)


def run_key(words: list[TextWord]) -> int:
    """Return the key of some words in a row."""
    return _hash("".join(word.folded for word in words))


def acronym_key(written: str) -> int:
    """Return the key of a short name as it is written."""
    return _hash("=" + written)


def lone_key(words: list[TextWord]) -> int:
    """Return the key of a short name that is all that a text says."""
    return _hash("~" + "".join(word.folded for word in words))


def _acronyms(name: str) -> Iterator[str]:
    for found in _BRACKETS.finditer(name):
        inside = (found[1] or found[2] or "").strip()
        if _CAPITALS.fullmatch(inside):
            yield inside
    sides = _DASH.split(_BRACKETS.sub(" ", name))
    if len(sides) > 1:
        yield from (side.strip() for side in sides if _CAPITALS.fullmatch(side.strip()))


def _keys(words: list[str]) -> list[int]:
    folded = fold("".join(words))
    if len(words) > 1 or len(folded) > MAX_ACRONYM:
        return [_hash(folded)]
    # Sources write whole names in capitals: `KONE` is written `Kone`, too.
    written = {words[0], words[0].upper(), words[0].capitalize() if words[0].isupper() else ""}
    return [_hash("~" + folded), *(acronym_key(one) for one in written if len(one) > 2)]


def _hash(text: str) -> int:
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
