"""What the index answers to the brief of a question: votes by view."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from embeddings.port import vocabulary_coverage
from matcher.arrays import Floats
from matcher.corpus.snapshot import Snapshot
from matcher.matching.scoring import Votes, Weights, joined, levelled, shares_of
from matcher.matching.voting import votes_by_view, weighed
from matcher.needs.extraction import what_is_asked


@dataclass(frozen=True, slots=True)
class RetrievalResult:
    """What the index answered to the brief."""

    text: str
    vector: NDArray[np.float32]
    """The vector (dim,) of what the text asks; zeros where nothing of it is known."""
    by_view: Mapping[str, Votes]
    """The votes of each view, levelled: the strongest organisation has 1."""
    vocabulary_coverage: Mapping[str, float]
    """Which share of the text each view understands, 0 to 1."""
    named: Floats
    """How surely the text names each organisation (n,), 0 to 1."""
    worth: Floats | None = None
    """What votes for each organisation (n,) are worth; None where that isn't known."""
    odds: Floats | None = None
    """How sure each organisation (n,) is to take part, as log odds; None where `worth` is."""

    @property
    def surest(self) -> float | None:
        """How sure the surest organisation is to take part, as log odds; None where unknown."""
        return None if self.odds is None else float(self.odds.max(initial=-np.inf))

    @property
    def understood(self) -> bool:
        """Whether anything of the text is known."""
        return bool(self.vector.any())

    def nearness(self, facets: int) -> Floats:
        """Return how near each facet (m,) is to the text: 1 if no other is nearer in any view."""
        near = np.zeros(facets)
        for votes in self.by_view.values():
            if len(votes.facet_rows):
                near[votes.facet_rows] += votes.weights / votes.weights.max() / len(self.by_view)
        return near

    def votes(self, weights: Weights) -> Votes:
        """Return the votes of all views together."""
        return joined(weighed(self.by_view, self.vocabulary_coverage, weights))


def vector_of(snapshot: Snapshot, text: str) -> NDArray[np.float32]:
    """Return the vector (dim,) of a question's text, without its courtesies."""
    vector: NDArray[np.float32] = snapshot.generation.encoder.encode([what_is_asked(text)])[0]
    return vector


def listen(
    snapshot: Snapshot,
    text: str,
    vector: NDArray[np.float32],
    searchable: NDArray[np.int64],
    weights: Weights,
    everything: NDArray[np.int64] | None = None,
) -> RetrievalResult:
    """Ask the index for a text, in each view; `searchable` are the facet ids that may vote.

    Where not all may, the votes of `everything` say how strong votes are and what they are worth:
    so scores and chances are the same whoever is filtered out.
    """
    corpus, encoder = snapshot.corpus, snapshot.generation.encoder
    vectors = vector[None, :]
    shares = {
        view.name: float(vocabulary_coverage(encoder, vectors, view)[0]) for view in encoder.views
    }

    def votes_of(facets: NDArray[np.int64]) -> dict[str, Votes]:
        return votes_by_view(corpus, encoder, snapshot.index, vectors, facets, weights)[0]

    by_view = votes_of(searchable)
    unfiltered = {} if everything is None else votes_of(everything)
    worth, odds = None, None
    if snapshot.vote_calibration is not None:
        # The views count as they are shipped, since so it was learned what votes are worth.
        share = shares_of(corpus, weighed(unfiltered or by_view, shares, Weights()))
        worth, odds = snapshot.vote_calibration.of(share), snapshot.vote_calibration.odds(share)
    by_view = {
        name: levelled(corpus, own, weights, unfiltered.get(name)) for name, own in by_view.items()
    }
    named = corpus.names.mentioned_in(text)
    return RetrievalResult(text, vector, by_view, shares, named, worth, odds)
