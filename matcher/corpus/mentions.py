"""Organisations that a text mentions: how much of each name is in it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from matcher.arrays import Floats, Rows
from matcher.corpus.corpus import Corpus
from matcher.corpus.words import name_words, word_weights
from matcher.parameters import MAX_NAMES_OF_WORD, MENTION_EVIDENCE, MENTION_UNKNOWN

_MAX_TEXT_LENGTH = 20_000


def mentions_in(corpus: Corpus, text: str) -> tuple[Rows, Floats]:
    """Return the rows (k,) of organisations that a text mentions, with confidences in (0, 1].

    A confidence is the weight of the words of the name that are in the text, over the weight of all
    its words. It is lower where those words are so common among names that they may be in the text
    by chance. Words are weighted by their rarity among the names.
    """
    words = {corpus.vocabulary.number(word) for word in name_words(text[:_MAX_TEXT_LENGTH])}
    numbers = np.array(sorted(words - {-1}), dtype=np.int64)
    counts = corpus.name_counts[numbers]
    rows = _named(corpus, numbers[(counts > 0) & (counts <= MAX_NAMES_OF_WORD)])
    if not len(rows):
        return rows, np.empty(0)
    found, places = corpus.name_words.of(rows)
    weights = word_weights(corpus.name_counts[found], corpus.organisation_count)
    whole = np.bincount(places, weights, minlength=len(rows))
    matched = np.bincount(places, weights * np.isin(found, numbers), minlength=len(rows))
    evidence = np.minimum(matched / MENTION_EVIDENCE, 1.0)
    confidence: Floats = matched / (whole + MENTION_UNKNOWN) * evidence
    return rows, confidence


def words_in(name: str, text: str) -> list[str]:
    """Return the words of a name that are in a text, in the order of the name."""
    matched = set(name_words(text[:_MAX_TEXT_LENGTH]))
    return [word for word in name_words(name) if word in matched]


def rows_named(corpus: Corpus, words: Sequence[str]) -> Rows:
    """Return the rows of organisations whose names have all of some words, ascending."""
    numbers = np.array([corpus.vocabulary.number(word) for word in words], dtype=np.int64)
    if not len(numbers) or numbers.min() < 0:
        return np.empty(0, np.int64)
    rarest = numbers[np.argmin(corpus.name_counts[numbers])]
    rows = _named(corpus, np.array([rarest]))
    found, places = corpus.name_words.of(rows)
    having = np.bincount(places[np.isin(found, numbers)], minlength=len(rows))
    matching: Rows = rows[having == len(numbers)]
    return matching


def _named(corpus: Corpus, numbers: Rows) -> Rows:
    """Return the rows of organisations with one of some words in their names, ascending."""
    # The generation's table is by word; names written since are few and read through.
    known = numbers[numbers < len(corpus.tables.named)]
    changed = corpus.name_words.changed_rows
    rows = np.setdiff1d(corpus.tables.named.of(known)[0], changed)
    words, places = corpus.name_words.of(changed)
    rows = np.union1d(rows, changed[places[np.isin(words, numbers)]])
    return rows[corpus.alive[rows]]
