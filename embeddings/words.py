"""Splitting text into words, folding case and accents, and stemming."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import snowballstemmer

_WORD = re.compile(r"[^\W_]+")
_FRENCH_ENDING = re.compile(r"(?<=[^e])aux?$")
_DOUBLED = re.compile(r"(.)\1")
_UNDECOMPOSABLE = str.maketrans(
    {"œ": "oe", "æ": "ae", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th"}
)
"""Letters that Unicode doesn't decompose into a base letter and an accent."""
_STEMMERS = {"nl": "dutch_porter", "fr": "french", "de": "german", "en": "english"}


def readable(text: str) -> str:
    """Return a text without lone surrogates, which tokenizers refuse."""
    return text.encode("utf-8", "ignore").decode()


def fold(text: str) -> str:
    """Fold case and accents: `É` becomes `e`, `ß` becomes `ss`, `œ` becomes `oe`."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold().translate(_UNDECOMPOSABLE))
    return "".join(sign for sign in decomposed if not unicodedata.combining(sign))


def words_of(text: str) -> list[str]:
    """Return the words of a text in order, in lower case, with accents."""
    return _WORD.findall(unicodedata.normalize("NFC", text).casefold())


@lru_cache(maxsize=200_000)
def stem(word: str, language: str) -> str:
    """Return the folded stem of a word by the Snowball rules of its language (Porter, 2001).

    The French rules look at accents, so accents are removed after stemming. Two additions join
    forms that Snowball keeps apart: French -au, -aux and -al (matériau, régional), and Dutch
    letters that are doubled in one form only (cel and cellen, materiaal and materialen).
    """
    if language == "fr":
        word = _FRENCH_ENDING.sub("al", word)
    stemmed = fold(snowballstemmer.stemmer(_STEMMERS[language]).stemWord(word))
    return _DOUBLED.sub(r"\1", stemmed) if language == "nl" else stemmed
