"""Splitting text into words, folding case and accents, and stemming."""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from typing import Literal

import Stemmer

_WORD = re.compile(r"[^\W_]+")
_FRENCH_ENDING = re.compile(r"(?<=[^e])aux?$")
_DOUBLED = re.compile(r"(.)\1")
_UNDECOMPOSABLE = str.maketrans(
    {"œ": "oe", "æ": "ae", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th"}
)
"""Letters that Unicode doesn't decompose into a base letter and an accent."""
_STEMMERS = {"nl": "dutch_porter", "fr": "french", "de": "german", "en": "english"}


_MAX_MARKS = 30
"""Combining marks in a row that are kept; the Stream-Safe Text Format of Unicode (UAX 15)."""


@cache
def _many_marks() -> re.Pattern[str]:
    """Return a pattern for more combining marks in a row than any language has, and the first 30.

    A character counts as a mark where its decomposition begins with a mark.
    """
    signs = map(chr, range(0x300, 0x1F000))
    marks = "".join(c for c in signs if unicodedata.combining(unicodedata.normalize("NFKD", c)[0]))
    return re.compile(f"([{marks}]{{{_MAX_MARKS}}})[{marks}]+")


def normalise(form: Literal["NFC", "NFKD"], text: str) -> str:
    """Return a text in a normal form of Unicode, in linear time.

    Normal forms sort the marks in a row, which takes quadratic time; so only the first 30 are kept.
    """
    if text.isascii():
        return text
    if len(text) > _MAX_MARKS:
        text = _many_marks().sub(r"\1", text)
    return unicodedata.normalize(form, text)


def readable(text: str) -> str:
    """Return a text without lone surrogates, which tokenizers refuse, and with few marks in a row.

    Tokenizers bring texts into a normal form, too.
    """
    if len(text) > _MAX_MARKS and not text.isascii():
        text = _many_marks().sub(r"\1", text)
    return text.encode("utf-8", "ignore").decode()


def fold(text: str) -> str:
    """Fold case and accents: `É` becomes `e`, `ß` becomes `ss`, `œ` becomes `oe`."""
    if text.isascii():
        return text.lower()
    decomposed = normalise("NFKD", text.casefold().translate(_UNDECOMPOSABLE))
    return "".join(sign for sign in decomposed if not unicodedata.combining(sign))


def words_of(text: str) -> list[str]:
    """Return the words of a text in order, in lower case, with accents."""
    return _WORD.findall(normalise("NFC", text).casefold())


@lru_cache(maxsize=200_000)
def stem(word: str, language: str) -> str:
    """Return the folded stem of a word by the Snowball rules of its language (Porter, 2001).

    The French rules look at accents, so accents are removed after stemming. Two additions join
    forms that Snowball keeps apart: French -au, -aux and -al (matériau, régional), and Dutch
    letters that are doubled in one form only (cel and cellen, materiaal and materialen).
    """
    if language == "fr":
        word = _FRENCH_ENDING.sub("al", word)
    # A stemmer isn't safe to share between threads, and costs less to make than one word.
    stemmed = fold(Stemmer.Stemmer(_STEMMERS[language], 0).stemWord(word))
    return _DOUBLED.sub(r"\1", stemmed) if language == "nl" else stemmed
