"""Concepts of the field with their labels in four languages, found in running text."""

from embeddings.lexicon.concepts import (
    Lexicon,
    LexiconError,
    lexicon_from,
    lexicon_of,
    saved_lexicon,
    shipped_lexicon,
)

__all__ = [
    "Lexicon",
    "LexiconError",
    "lexicon_from",
    "lexicon_of",
    "saved_lexicon",
    "shipped_lexicon",
]
