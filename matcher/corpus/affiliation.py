"""Affiliation: organisations whose names, towns and countries share rare words.

Past projects show who has worked together; names suggest who might. Institutes of one
organisation, the hospital and the university of one town, and partners from a rare country join the
same consortia more often than chance. This also holds for newcomers without past projects.
"""

from __future__ import annotations

import numpy as np

from matcher.arrays import Floats, Rows, find_sorted, take_or_zero
from matcher.corpus.corpus import Corpus
from matcher.corpus.words import name_words, word_weights

_MAX_WORD_SHARE = 0.1
"""Words of a larger share of the organisations are too common to be shown as shared."""


def affiliation_with(
    corpus: Corpus, rows: Rows, others: Rows, shares: Floats | None = None
) -> Floats:
    """Return the affiliation (k,) of the organisations `rows` with `others` (j,), 0 to 1.

    That of two organisations is the cosine of their words and countries, weighted by rarity. The
    result is the mean over `others`, weighted by `shares` (j,), which add up to 1, where they are
    given.
    """
    if not len(others):
        return np.zeros(len(rows))
    each = np.full(len(others), 1.0 / len(others)) if shares is None else shares
    traits, weights, places = _unit_traits(corpus, others)
    known, at = np.unique(traits, return_inverse=True)
    mean: Floats = np.bincount(at, weights * each[places], minlength=len(known)).astype(float)
    traits, weights, places = _unit_traits(corpus, rows)
    shared = weights * take_or_zero(mean, find_sorted(traits, known))
    return np.clip(np.bincount(places, shared, minlength=len(rows)), 0.0, 1.0)


class SharedWords:
    """The words of name and city that organisations share with some others.

    Words that many organisations have are left out.
    """

    def __init__(self, corpus: Corpus, others: Rows) -> None:
        """Take the others (k,)."""
        self._corpus = corpus
        traits, places = corpus.traits.of(others)
        rare = corpus.trait_counts[traits] <= _MAX_WORD_SHARE * corpus.organisation_count
        self._bearers: dict[int, list[int]] = {}
        for number, other in zip(traits[rare].tolist(), others[places[rare]].tolist(), strict=True):
            self._bearers.setdefault(number, []).append(other)
        self._order = {other: place for place, other in enumerate(others.tolist())}

    def of(self, row: int) -> dict[int, list[str]]:
        """Return what an organisation shares with each of the others, as its own name writes it.

        The others come in their order; whom it shares nothing with is left out, and so is itself.
        """
        corpus = self._corpus
        words: dict[int, set[str]] = {}
        for number in corpus.traits.at(row).tolist():
            for other in self._bearers.get(number, ()):
                if other != row:
                    words.setdefault(other, set()).add(corpus.vocabulary.text(number))
        if not words:
            return {}
        label = f"{corpus.names[row]} {corpus.text_of(corpus.cities[row])}"
        written = [word.strip("()[]\"'.,;:") for word in label.split()]
        folded = [(word, set(name_words(word))) for word in dict.fromkeys(written)]
        found = {
            other: [word for word, parts in folded if parts & words[other]]
            for other in sorted(words, key=self._order.__getitem__)
        }
        return {other: shared for other, shared in found.items() if shared}


def _unit_traits(corpus: Corpus, rows: Rows) -> tuple[Rows, Floats, Rows]:
    """Return the traits of organisations (k,): numbers (q,), weights (q,), positions in `rows`.

    The weights of each organisation are scaled to length 1.
    """
    traits, places = corpus.traits.of(rows)
    weights = word_weights(corpus.trait_counts[traits], corpus.organisation_count)
    lengths = np.sqrt(np.bincount(places, weights**2, minlength=len(rows)))
    return traits, weights / np.maximum(lengths, 1e-9)[places], places
