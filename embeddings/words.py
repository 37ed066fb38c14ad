"""Text to words and stems: what every part of the encoders takes a word to be."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import snowballstemmer

_WORD = re.compile(r"[^\W_]+")
_FRENCH_ENDING = re.compile(r"(?<=[^e])aux?$")
_DOUBLED = re.compile(r"(.)\1")
_FOLDED = str.maketrans({"œ": "oe", "æ": "ae", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th"})
"""Letters that don't come apart into one of the alphabet and an accent."""
_RULES = {"nl": "dutch_porter", "fr": "french", "de": "german", "en": "english"}


def readable(text: str) -> str:
    """Return a text without lone surrogates, which tokenizers refuse."""
    return text.encode("utf-8", "ignore").decode()


def plain(text: str) -> str:
    """Return the text in lower case and without accents; `ß` becomes `ss`, `œ` becomes `oe`."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold().translate(_FOLDED))
    return "".join(sign for sign in decomposed if not unicodedata.combining(sign))


def words_of(text: str) -> list[str]:
    """Return the words of a text in their order, in lower case, with their accents."""
    return _WORD.findall(unicodedata.normalize("NFC", text).casefold())


@lru_cache(maxsize=200_000)
def stem(word: str, language: str) -> str:
    """Return the plain stem of a word by the Snowball rules of its language (Porter, 2001).

    The rules of French look at accents, so these go last. What the rules leave apart is joined:
    French -au, -aux and -al (matériau, régional), and Dutch letters that are doubled in one form
    only (cel and cellen, materiaal and materialen).
    """
    if language == "fr":
        word = _FRENCH_ENDING.sub("al", word)
    stemmed = plain(snowballstemmer.stemmer(_RULES[language]).stemWord(word))
    return _DOUBLED.sub(r"\1", stemmed) if language == "nl" else stemmed
