"""What the index answers to the texts of a question: votes by view, for the brief and each need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from embeddings.port import seen_by, trust
from matcher.domain import Need, Question
from matcher.ranking.arrays import Floats
from matcher.ranking.scoring import Votes, Weights, cast_votes, gather, joined, levelled
from matcher.services.live import Snapshot


@dataclass(frozen=True, slots=True)
class Heading:
    """One text that is looked for: the brief (need is None) or one of the needs."""

    text: str
    need: Need | None

    @property
    def weight(self) -> float:
        """How much it counts: a must counts twice as much as a nice-to-have."""
        if self.need is None:
            return 1.0
        return self.need.weight * (1.0 if self.need.level == "must" else 0.5)


@dataclass(frozen=True, slots=True)
class Heard:
    """What the index answered to one heading."""

    heading: Heading
    vector: NDArray[np.float32]
    """The vector (dim,) of the text; zeros where nothing of it is known."""
    by_view: Mapping[str, Votes]
    """The votes of each view, levelled: the strongest organisation has 1."""

    trust: Mapping[str, float]
    """Which share of the text each view understands, 0 to 1."""

    @property
    def understood(self) -> bool:
        """Whether anything of the text is known."""
        return bool(self.vector.any())

    def votes(self, weights: Weights) -> Votes:
        """Return the votes of all views together."""
        shares = {name: weights.of_view(name) * self.trust[name] for name in self.by_view}
        return joined([(shares[name], votes) for name, votes in self.by_view.items()])


def headings_of(question: Question) -> list[Heading]:
    """Return the texts to look for: the brief if there is one, then each need."""
    brief = [Heading(question.text, None)] if question.text.strip() else []
    return brief + [Heading(need.text, need) for need in question.needs]


def listen(
    snapshot: Snapshot,
    headings: Sequence[Heading],
    vectors: NDArray[np.float32],
    searchable: NDArray[np.int64],
    weights: Weights,
) -> list[Heard]:
    """Ask the index for each heading, in each view; `searchable` are the facet ids that may vote.

    A stored vector of n views has length 1 / sqrt(n) in each, so the similarity within one view is
    sqrt(n) times what the index says, and less where the view understood only a part of the facet.
    """
    views = snapshot.generation.encoder.views
    if not len(headings):
        return []
    queries = np.concatenate([seen_by(vectors, view) for view in views])
    scores, ids = snapshot.index.search(queries, weights.neighbours, searchable)
    scores = scores * np.float32(np.sqrt(len(views)))
    trusted = {view.name: trust(snapshot.generation.encoder, vectors, view) for view in views}
    heard = []
    for row, heading in enumerate(headings):
        by_view = {}
        for place, view in enumerate(views):
            at = place * len(headings) + row
            if queries[at].any():
                votes = cast_votes(snapshot.corpus, ids[at], scores[at], weights)
                by_view[view.name] = levelled(snapshot.corpus, votes, weights)
        shares = {view.name: float(trusted[view.name][row]) for view in views}
        heard.append(Heard(heading, vectors[row], by_view, shares))
    return heard


def text_parts(snapshot: Snapshot, heard: Sequence[Heard], weights: Weights) -> dict[str, Floats]:
    """Return the parts that come from texts, each (n,) from 0 to 1: text, needs, named."""
    corpus = snapshot.corpus
    parts: dict[str, Floats] = {}
    needs: list[tuple[float, Floats]] = []
    for one in heard:
        if one.heading.need is not None:
            needs.append((one.heading.weight, gather(corpus, one.votes(weights))))
        elif one.understood:
            parts["text"] = gather(corpus, one.votes(weights))
    if needs:
        total = sum(weight for weight, _ in needs)
        parts["needs"] = np.asarray(sum(weight * votes for weight, votes in needs) / total)
    if heard:
        named = [corpus.names.named_in(one.heading.text) for one in heard]
        parts["named"] = np.max(named, axis=0)
    return parts
