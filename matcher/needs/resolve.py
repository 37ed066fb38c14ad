"""What a question or an initiative needs: as stated, as read from its brief, or from its members.

What is stated counts. Where nothing is, the brief is split into needs; without a brief, what the
members themselves say they need.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from embeddings.lexicon import lexicon_of
from matcher.arrays import Rows
from matcher.corpus.filters import unexpired
from matcher.corpus.snapshot import Snapshot
from matcher.domain import FacetKind, Need
from matcher.models.need_offer import Statements, statements_of
from matcher.needs.extraction import read
from matcher.store import Store
from matcher.store.facets import load_facets
from matcher.validation import MIN_STATEMENT_LENGTH

MAX_READ = 12
"""So many needs are read from a brief, or from what members say, at most."""
_MAX_WHOLE_BRIEF = 500
"""Characters of a brief that is one need as a whole, as no clause of it asks for anything."""


class Source(StrEnum):
    """Where needs come from."""

    STATED = "stated"
    BRIEF = "brief"
    MEMBERS = "members"


@dataclass(frozen=True, eq=False)
class ResolvedNeeds:
    """Needs, where they come from, and their vectors (k, dim)."""

    needs: tuple[Need, ...]
    source: Source
    vectors: NDArray[np.float32]

    @cached_property
    def statements(self) -> Statements:
        """The needs as they are compared with offers."""
        texts, stages = [one.text for one in self.needs], [one.stage for one in self.needs]
        return statements_of(texts, self.vectors, stages)

    @property
    def guessed(self) -> bool:
        """Whether the stages of the needs were only told from their words."""
        return self.source is Source.BRIEF


def read_brief(snapshot: Snapshot, brief: str) -> list[Need]:
    """Split a brief into needs; one that asks for nothing in particular is a need as a whole.

    A message that surely asks for nothing has none.
    """
    reading = read(brief, lexicon_of(snapshot.generation.encoder), MAX_READ)
    if reading.needs or reading.asks_nothing:
        return list(reading.needs)
    whole = " ".join(brief.split())[:_MAX_WHOLE_BRIEF]
    return [Need(whole)] if len(whole) >= MIN_STATEMENT_LENGTH else []


def resolve_needs(
    snapshot: Snapshot, store: Store, stated: Sequence[Need], brief: str, members: Rows
) -> ResolvedNeeds:
    """Return what is needed, with vectors; see the module for what counts."""
    needs, source = find_needs(snapshot, store, stated, brief, members)
    vectors = snapshot.generation.encoder.encode([need.text for need in needs])
    return ResolvedNeeds(needs, source, vectors)


def find_needs(
    snapshot: Snapshot, store: Store, stated: Sequence[Need], brief: str, members: Rows
) -> tuple[tuple[Need, ...], Source]:
    """Return what is needed, and where that comes from; nothing is encoded."""
    if stated:
        return tuple(stated), Source.STATED
    if brief.strip():
        return tuple(read_brief(snapshot, brief)), Source.BRIEF
    return _needs_of_members(snapshot, store, members), Source.MEMBERS


def _needs_of_members(snapshot: Snapshot, store: Store, members: Rows) -> tuple[Need, ...]:
    corpus = snapshot.corpus
    owned = corpus.facets_owned(members.tolist())
    asked = owned[(corpus.of_kind(FacetKind.NEED) & unexpired(corpus))[owned]][:MAX_READ]
    with store.reading() as session:
        facets = load_facets(session, corpus.facet_ids[asked].tolist())
    return tuple(Need(one.text, stage=one.stage) for one in facets.values())
