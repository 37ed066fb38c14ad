"""Overlaps: pairs of initiatives that want the same with other members."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from matcher.arrays import Floats, Mask, Rows
from matcher.corpus.snapshot import Snapshot
from matcher.domain import Initiative
from matcher.models.need_offer import compare
from matcher.needs.resolve import ResolvedNeeds, resolve_needs
from matcher.parameters import STRONG_FIT
from matcher.presenters import InitiativeName, OrganisationName, organisation_name
from matcher.store import Store
from matcher.store.initiatives import list_initiatives

MIN_PROBABILITY = STRONG_FIT
"""Needs of two initiatives are the same from this probability on."""
MIN_OVERLAP = 0.3
MAX_INITIATIVES = 500
"""Every pair is compared, so the time grows with the square of this."""


@dataclass(frozen=True, slots=True)
class SameNeed:
    """Two needs that say the same."""

    one: str
    other: str
    probability: float


@dataclass(frozen=True, slots=True)
class Overlap:
    """Two initiatives that want the same with other members."""

    one: InitiativeName
    other: InitiativeName
    score: float
    """How far they want the same, times the share of their members that they don't share."""
    same: float
    """How far they want the same, 0 to 1."""
    shared_members: tuple[OrganisationName, ...]
    same_needs: tuple[SameNeed, ...]

    def reversed(self) -> Overlap:
        """Return the same overlap, told from the other initiative."""
        needs = tuple(SameNeed(need.other, need.one, need.probability) for need in self.same_needs)
        return Overlap(self.other, self.one, self.score, self.same, self.shared_members, needs)


@dataclass(frozen=True, slots=True)
class Overlaps:
    """Pairs of initiatives, the strongest overlap first."""

    corpus_version: int
    initiatives: int
    """How many initiatives were compared."""
    total: int
    results: tuple[Overlap, ...]
    cached: bool = False


@dataclass(frozen=True, slots=True)
class _Compared:
    """One side of a pair."""

    initiative: Initiative
    members: Rows
    needed: ResolvedNeeds

    @property
    def name(self) -> InitiativeName:
        return InitiativeName(self.initiative.id, self.initiative.name)


def overlaps(
    snapshot: Snapshot, store: Store, inside: Mask, limit: int, *, open_only: bool = False
) -> Overlaps:
    """Return pairs of initiatives that want the same with other members, the strongest first.

    The overlap is how far the needs of each say what the needs of the other say (the mean of both
    directions, each need by its most similar one); it counts less the more members they share.
    Pairs count of which a member of either is `inside` (n,).
    """
    initiatives = list_initiatives(store, MAX_INITIATIVES, open_only=open_only)
    compared = [_compared(snapshot, store, initiative) for initiative in initiatives]
    found = []
    for one, other in combinations(compared, 2):
        rows = np.union1d(one.members, other.members)
        if len(rows) and not inside[rows].any():
            continue
        overlap = _overlap(snapshot, one, other)
        if overlap is not None:
            found.append(overlap)
    found.sort(key=lambda overlap: (-overlap.score, overlap.one.id, overlap.other.id))
    return Overlaps(snapshot.version, len(initiatives), len(found), tuple(found[:limit]))


def _compared(snapshot: Snapshot, store: Store, initiative: Initiative) -> _Compared:
    members = snapshot.corpus.rows(initiative.member_ids)
    needed = resolve_needs(snapshot, store, initiative.needs, initiative.brief, members)
    return _Compared(initiative, members, needed)


def _overlap(snapshot: Snapshot, one: _Compared, other: _Compared) -> Overlap | None:
    """Return how far two initiatives want the same; None where that is less than MIN_OVERLAP."""
    if not one.needed.needs or not other.needed.needs:
        return None
    probabilities = _same_probabilities(snapshot, one.needed, other.needed)
    same = (float(probabilities.max(axis=1).mean()) + float(probabilities.max(axis=0).mean())) / 2
    shared = np.intersect1d(one.members, other.members)
    members = np.union1d(one.members, other.members)
    score = same * (1.0 - len(shared) / max(len(members), 1))
    if score < MIN_OVERLAP:
        return None
    return Overlap(
        one=one.name,
        other=other.name,
        score=round(score, 4),
        same=round(same, 4),
        shared_members=tuple(organisation_name(snapshot.corpus, row) for row in shared.tolist()),
        same_needs=tuple(
            SameNeed(
                one.needed.needs[index].text,
                other.needed.needs[best].text,
                round(float(probabilities[index, best]), 3),
            )
            for index, best in enumerate(probabilities.argmax(axis=1).tolist())
            if probabilities[index, best] >= MIN_PROBABILITY
        ),
    )


def _same_probabilities(snapshot: Snapshot, one: ResolvedNeeds, other: ResolvedNeeds) -> Floats:
    """Return (k, l) the probability that a need of one says what a need of the other says."""
    compared = compare(snapshot.generation.encoder, one.statements, other.statements)
    return snapshot.models.need_offer.probabilities(compared)
