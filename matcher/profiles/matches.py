"""How a company is found: its rank on the match lists of open initiatives, and why."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from matcher.arrays import Rows
from matcher.corpus.answer_cache import AnswerCache
from matcher.corpus.snapshot import Snapshot
from matcher.domain import Initiative
from matcher.initiatives.actions import question_of
from matcher.matching.answer import QUOTED, Reason
from matcher.matching.service import Recommender
from matcher.matching.understand import NothingToRecommend
from matcher.store.initiatives import list_initiatives

MAX_INITIATIVES = 100
"""So many open initiatives are looked at, by name."""


@dataclass(frozen=True, slots=True)
class RankReason:
    """Why an initiative finds an organisation, in a quotation."""

    kind: str
    """The kind of facet: `offer` or `evidence`; `mention` where the brief names it."""
    text: str
    language: str | None
    need: str | None
    """The need that the facet answers, where it is a certain need."""
    with_members: tuple[str, ...]
    """Names of members who took part in that past project."""


@dataclass(frozen=True, slots=True)
class InitiativeRank:
    """An organisation's place on the match list of one initiative."""

    id: str
    """The initiative's."""
    name: str
    member: bool = False
    """Whether it is a member, and so on no list."""
    rival: bool = False
    """Whether a competitor that it named itself is a member."""
    rank: int | None = None
    """From 1; None where it isn't on the list."""
    total: int = 0
    """Length of the list."""
    reasons: tuple[RankReason, ...] = ()


def initiative_ranks(
    recommender: Recommender, cache: AnswerCache, organisation_id: str
) -> list[InitiativeRank]:
    """Return an organisation's rank for each open initiative, the best first, with reasons.

    Initiatives that it is a member of come before all others. An organisation that isn't in the
    corpus has no ranks.
    """
    snapshot = recommender.corpus_provider.snapshot()
    row = snapshot.corpus.row_of_id.get(organisation_id)
    if row is None:
        return []
    initiatives = _open_initiatives(recommender)
    ranks, _cached = cache.get_or_compute(
        "found",
        snapshot,
        [initiatives, organisation_id, recommender.long_tail_share],
        list[InitiativeRank],
        lambda: [_rank(recommender, snapshot, initiative, row) for initiative in initiatives],
    )
    last = len(snapshot.corpus) + 1
    return sorted(ranks, key=lambda each: (not each.member, each.rank or last))


def _open_initiatives(recommender: Recommender) -> list[Initiative]:
    """Return the initiatives that anybody may read, by name."""
    store = recommender.store
    return list_initiatives(store, MAX_INITIATIVES, open_only=True)


def _rank(
    recommender: Recommender, snapshot: Snapshot, initiative: Initiative, row: int
) -> InitiativeRank:
    own = snapshot.corpus.organisation(row)
    if own.id in initiative.member_ids:
        return InitiativeRank(initiative.id, initiative.name, member=True)
    rival = bool(set(own.competitors) & set(initiative.member_ids))
    try:
        ranked = recommender.rank(snapshot, question_of(initiative))
    except NothingToRecommend:
        return InitiativeRank(initiative.id, initiative.name, rival=rival)
    position = _position(snapshot, ranked.rows, row)
    reasons = () if position is None else recommender.reasons_for(ranked, position)
    return InitiativeRank(
        id=initiative.id,
        name=initiative.name,
        rival=rival,
        rank=None if position is None else position + 1,
        total=len(ranked.order),
        reasons=tuple(_reason(reason) for reason in reasons if reason.kind in QUOTED),
    )


def _position(snapshot: Snapshot, order: Rows, row: int) -> int | None:
    """Return where an organisation, or a variant of its name, is in `order`; None if nowhere."""
    same = [row, *snapshot.corpus.variants_of(row)]
    positions = np.flatnonzero(np.isin(order, same))
    return int(positions[0]) if len(positions) else None


def _reason(reason: Reason) -> RankReason:
    facet = reason.facet
    return RankReason(
        kind=facet.kind.value if facet else "mention",
        text=facet.text if facet else " ".join(reason.mentioned),
        language=facet.language if facet else None,
        need=reason.meets,
        with_members=reason.with_members,
    )
