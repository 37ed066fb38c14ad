"""Why an organisation is in the list: the facets that spoke for it, quoted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from matcher.arrays import Floats, Rows
from matcher.corpus.columns import Corpus
from matcher.corpus.snapshot import Snapshot
from matcher.domain import Facet, FacetKind
from matcher.matching.listing import WORTH_NAMING
from matcher.matching.retrieve import RetrievalResult
from matcher.matching.score import Network
from matcher.matching.scoring import Weights
from matcher.needs.coverage import Coverage, best_facets
from matcher.needs.resolve import ResolvedNeeds, Source
from matcher.presenters import facet_json
from matcher.store.facets import load_facets

MAX_REASONS = 3


@dataclass(frozen=True, slots=True)
class Ground:
    """What the scores of an answer were made of."""

    snapshot: Snapshot
    heard: RetrievalResult | None
    needed: ResolvedNeeds | None
    coverage: Coverage | None
    network: Network
    weights: Weights

    def named(self) -> list[tuple[str | None, str, Floats]]:
        """Return for each text its need, itself, and how surely it names each organisation."""
        texts: list[tuple[str | None, str]] = [(None, self.heard.text)] if self.heard else []
        stated = self.needed.needs if self.needed and self.needed.source is Source.STATED else ()
        several = [*texts, *((one.text, one.text) for one in stated)]
        names = self.snapshot.corpus.names
        return [(need, text, names.mentioned_in(text)) for need, text in several]


@dataclass(frozen=True, slots=True)
class _Spoke:
    """One facet that spoke for an organisation."""

    weight: float
    facet_row: int
    vector: NDArray[np.float32] | None
    """The vector (dim,) of the text that it answers; None for a past project with others."""
    need: str | None = None
    probability: float | None = None
    with_members: tuple[str, ...] = ()


def reasons_for(session: Session, ground: Ground, page: Rows) -> dict[int, list[dict[str, Any]]]:
    """Return for each organisation row on the page its reasons, the strongest first.

    A reason by text names the need that it answers, with the chance that it meets it (None: the
    brief), and the similarity; one by network has no similarity and names who else took part in
    that past project; one by name has no facet and quotes the words of the name that the question
    holds.
    """
    corpus = ground.snapshot.corpus
    shown = {int(row): int(row) for row in page}
    for row in page.tolist():
        shown.update((variant, row) for variant in corpus.variants_of(row))
    spoke = _spoken(ground, shown)
    _add_network(corpus, shown, ground.network, spoke)
    rows = {one.facet_row for several in spoke.values() for one in several}
    facets = load_facets(session, (corpus.facets[row].id for row in rows))
    ids = np.array(sorted(facets), dtype=np.int64)
    stored = dict(zip(ids.tolist(), ground.snapshot.index.rows(ids), strict=True))
    named = ground.named()
    reasons = {}
    for row in page:
        quoted = []
        for one in spoke[int(row)]:
            number = corpus.facets[one.facet_row].id
            if number in facets:
                quoted.append(_reason(one, facets[number], stored[number]))
        reasons[int(row)] = quoted + _by_name(ground, named, int(row), bool(quoted))
    return reasons


def _spoken(ground: Ground, shown: Mapping[int, int]) -> defaultdict[int, list[_Spoke]]:
    corpus = ground.snapshot.corpus
    best: defaultdict[int, dict[int, _Spoke]] = defaultdict(dict)
    if ground.heard is not None:
        votes = ground.heard.votes(ground.weights)
        offers = corpus.of_kind(FacetKind.OFFER)
        offered: set[int] = set()
        strongest_first = np.argsort(-votes.weights, kind="stable")
        for facet_row, weight in zip(
            votes.facet_rows[strongest_first].tolist(),
            (votes.weights[strongest_first] * ground.weights.text).tolist(),
            strict=True,
        ):
            start, end = corpus.owner_start[facet_row], corpus.owner_start[facet_row + 1]
            owners = [row for row in corpus.owner_rows[start:end].tolist() if row in shown]
            if offers[facet_row]:
                # Of the offers of an organisation the best one alone counts.
                owners = [row for row in owners if row not in offered]
                offered.update(owners)
            for owner in {shown[row] for row in owners}:
                best[owner][facet_row] = _Spoke(weight, facet_row, ground.heard.vector)
    for owner in set(shown.values()):
        for one in _meeting(ground, owner):
            kept = best[owner].get(one.facet_row)
            if kept is None:
                best[owner][one.facet_row] = one
            elif kept.need is None and _worth_telling(one):
                # It speaks for the text, too; that it meets a need says more.
                best[owner][one.facet_row] = replace(one, weight=max(one.weight, kept.weight))
            elif kept.need is not None and one.weight > kept.weight:
                best[owner][one.facet_row] = one
    result: defaultdict[int, list[_Spoke]] = defaultdict(list)
    for owner, by_facet in best.items():
        ordered = sorted(by_facet.values(), key=lambda one: (-one.weight, one.facet_row))
        result[owner] = ([one for one in ordered if _worth_telling(one)] or ordered)[:MAX_REASONS]
    return result


def _meeting(ground: Ground, row: int) -> list[_Spoke]:
    """Return the facets with which an organisation meets needs, the best one for each need."""
    if ground.coverage is None or ground.needed is None:
        return []
    facets, probabilities = best_facets(ground.snapshot.corpus, ground.coverage, row)
    weights = ground.coverage.weights * probabilities * ground.weights.coverage
    return [
        _Spoke(
            float(weights[place]),
            int(facets[place]),
            ground.needed.vectors[place],
            need.text,
            float(probabilities[place]),
        )
        for place, need in enumerate(ground.needed.needs)
        if probabilities[place] > 0
    ]


def _worth_telling(spoke: _Spoke) -> bool:
    """Return whether it isn't just a chance of next to nothing to meet a need."""
    return spoke.probability is None or spoke.probability >= WORTH_NAMING


def _add_network(
    corpus: Corpus,
    shown: Mapping[int, int],
    network: Network,
    spoke: defaultdict[int, list[_Spoke]],
) -> None:
    """Add to each organisation on the page its strongest past project with those in the network."""
    known = set(network.known.tolist())
    strongest: dict[int, tuple[float, int, tuple[str, ...]]] = {}
    for facet_row in np.flatnonzero(network.by_facet > 0).tolist():
        start, end = corpus.owner_start[facet_row], corpus.owner_start[facet_row + 1]
        rows = corpus.owner_rows[start:end].tolist()
        strength = float(network.by_facet[facet_row])
        for owner in {shown[row] for row in rows if row in shown}:
            others = [row for row in rows if row in known and shown.get(row) != owner]
            if others and (owner not in strongest or strength > strongest[owner][0]):
                names = tuple(corpus.organisations[row].name for row in others)
                strongest[owner] = strength, facet_row, names
    for owner, (strength, facet_row, names) in strongest.items():
        spoke[owner] = [one for one in spoke[owner] if one.facet_row != facet_row]
        spoke[owner].append(_Spoke(strength, facet_row, None, with_members=names))


def _by_name(
    ground: Ground,
    named: Sequence[tuple[str | None, str, Floats]],
    row: int,
    has_others: bool,
) -> list[dict[str, Any]]:
    """Return the reason that the question names the organisation, where that is why it is here.

    Beside other reasons only where at least half of the name is there.
    """
    corpus = ground.snapshot.corpus
    least = 0.5 if has_others else 0.0
    for need, text, surely in named:
        if surely[row] > least:
            words = corpus.names.words_in(corpus.organisations[row].name, text)
            return [
                {
                    "need": need,
                    "probability": None,
                    "facet": None,
                    "similarity": None,
                    "with_members": [],
                    "named": words,
                }
            ]
    return []


def _reason(spoke: _Spoke, facet: Facet, stored: NDArray[np.float32]) -> dict[str, Any]:
    similarity = None
    if spoke.vector is not None:
        lengths = float(np.linalg.norm(spoke.vector) * np.linalg.norm(stored)) or 1.0
        similarity = round(min(max(float(spoke.vector @ stored) / lengths, 0.0), 1.0), 4)
    return {
        "need": spoke.need,
        "probability": None if spoke.probability is None else round(spoke.probability, 3),
        "facet": facet_json(facet),
        "similarity": similarity,
        "with_members": list(spoke.with_members),
        "named": [],
    }
