"""What the index answers to the brief of a question: votes by view."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from embeddings.port import seen_by, trust
from matcher.ranking.arrays import Floats
from matcher.ranking.scoring import Votes, Weights, cast_votes, joined, levelled, shares_of
from matcher.services.live import Snapshot


@dataclass(frozen=True, slots=True)
class Heard:
    """What the index answered to the brief."""

    text: str
    vector: NDArray[np.float32]
    """The vector (dim,) of the text; zeros where nothing of it is known."""
    by_view: Mapping[str, Votes]
    """The votes of each view, levelled: the strongest organisation has 1."""
    trust: Mapping[str, float]
    """Which share of the text each view understands, 0 to 1."""
    worth: Floats | None = None
    """What votes for each organisation (n,) are worth; None where that isn't known."""
    surest: float | None = None
    """How sure the surest organisation is to take part, as log odds; None where `worth` is."""

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
        return joined(_weighed(self.by_view, self.trust, weights))


def listen(
    snapshot: Snapshot,
    text: str,
    vector: NDArray[np.float32],
    searchable: NDArray[np.int64],
    weights: Weights,
    everything: NDArray[np.int64] | None = None,
) -> Heard:
    """Ask the index for a text, in each view; `searchable` are the facet ids that may vote.

    Where not all may, `everything` says how strong votes are and what they are worth: so scores
    and chances are the same whoever is filtered out.
    """
    corpus, encoder = snapshot.corpus, snapshot.generation.encoder
    vectors = vector[None, :]
    shares = {view.name: float(trust(encoder, vectors, view)[0]) for view in encoder.views}
    by_view, unfiltered = _votes(snapshot, vectors, searchable, weights), {}
    if everything is not None and len(everything) > len(searchable):
        unfiltered = _votes(snapshot, vectors, everything, weights)
    worth, surest = None, None
    if snapshot.credence is not None:
        # The views count as they are shipped, since so it was learned what votes are worth.
        share = shares_of(corpus, _weighed(unfiltered or by_view, shares, Weights()))
        worth, surest = snapshot.credence.of(share), snapshot.credence.surest(share)
    by_view = {
        name: levelled(corpus, own, weights, unfiltered.get(name)) for name, own in by_view.items()
    }
    return Heard(text, vector, by_view, shares, worth, surest)


def _votes(
    snapshot: Snapshot,
    vectors: NDArray[np.float32],
    searchable: NDArray[np.int64],
    weights: Weights,
) -> dict[str, Votes]:
    """Return the votes for a text, `vectors` (1, dim), by view.

    A stored vector of n views has length 1 / sqrt(n) in each, so the similarity within one view is
    sqrt(n) times what the index says, and less where the view understood only a part of the facet.
    """
    views = snapshot.generation.encoder.views
    queries = np.concatenate([seen_by(vectors, view) for view in views])
    scores, ids = snapshot.index.search(queries, weights.neighbours, searchable)
    scores = scores * np.float32(np.sqrt(len(views)))
    return {
        view.name: cast_votes(snapshot.corpus, ids[place], scores[place], weights)
        for place, view in enumerate(views)
        if queries[place].any()
    }


def _weighed(
    by_view: Mapping[str, Votes], trust: Mapping[str, float], weights: Weights
) -> list[tuple[float, Votes]]:
    return [(weights.of_view(name) * trust[name], votes) for name, votes in by_view.items()]
