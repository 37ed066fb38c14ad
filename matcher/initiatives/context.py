"""An initiative in the present corpus: its needs, its members, and what they cover."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from matcher.arrays import Mask, Rows
from matcher.corpus.filters import allowed_in
from matcher.corpus.snapshot import Snapshot
from matcher.deadline import NO_DEADLINE, Deadline
from matcher.domain import Filters, Initiative
from matcher.matching.answer import FitLabel
from matcher.matching.retrieve import eligible_rows
from matcher.needs.comparison import need_coverage
from matcher.needs.coverage import Coverage
from matcher.needs.resolve import ResolvedNeeds, Source, resolve_needs
from matcher.parameters import POSSIBLE_FIT
from matcher.presenters import InitiativeName
from matcher.store import Store


class Status(StrEnum):
    """How far a need is covered: by somebody who fits it strongly, possibly, or by nobody."""

    COVERED = "covered"
    PERHAPS = "perhaps"
    MISSING = "missing"


@dataclass(frozen=True, slots=True, eq=False)
class InitiativeContext:
    """What an initiative needs and what its members bring."""

    snapshot: Snapshot
    initiative: Initiative
    needed: ResolvedNeeds
    members: Rows
    """Rows of the members that are in the corpus, with their name variants."""
    shown_members: Rows
    """The members under the records by which they joined."""
    pool: Mask
    """Who may be proposed (n,): no members, none of their competitors."""
    coverage: Coverage
    deadline: Deadline = NO_DEADLINE
    """By when what is asked about it must be answered."""

    @property
    def name(self) -> InitiativeName:
        """Return which initiative it is."""
        return InitiativeName(self.initiative.id, self.initiative.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class InitiativeAnswer:
    """What answers about an initiative have in common."""

    initiative: InitiativeName
    corpus_version: int
    source: Source
    """Where the needs come from."""
    cached: bool = False


def initiative_context(
    snapshot: Snapshot,
    store: Store,
    initiative: Initiative,
    filters: Filters | None = None,
    deadline: Deadline = NO_DEADLINE,
) -> InitiativeContext:
    """Work out what an initiative needs and has; `filters` narrow who may be proposed.

    Raises DeadlineExceeded.
    """
    corpus = snapshot.corpus
    shown = corpus.rows(initiative.member_ids)
    members = corpus.with_variants(shown)
    needed = resolve_needs(snapshot, store, initiative.needs, initiative.brief, members)
    deadline.check()
    coverage = need_coverage(snapshot, needed, members, deadline)
    allowed = None if filters is None else allowed_in(snapshot, filters)
    pool = np.zeros(len(corpus), dtype=np.bool_)
    pool[eligible_rows(corpus, np.unique(corpus.group[corpus.all_rows]), members, allowed)] = True
    return InitiativeContext(snapshot, initiative, needed, members, shown, pool, coverage, deadline)


def status_of(probability: float) -> Status:
    """Return how far a need is covered that is met with this probability."""
    return _STATUSES[FitLabel.of(probability)]


_STATUSES = {
    FitLabel.STRONG: Status.COVERED,
    FitLabel.POSSIBLE: Status.PERHAPS,
    FitLabel.WEAK: Status.MISSING,
}


def may_meet(probabilities: np.ndarray) -> Mask:
    """Return who may well meet a need (n,), by the probability (n,) that they do."""
    return np.asarray(probabilities >= POSSIBLE_FIT)


def best_rows(values: np.ndarray, among: Mask, count: int) -> list[int]:
    """Return the rows among some (n,) with the largest values (n,), the best first."""
    rows = np.flatnonzero(among)
    order = rows[np.lexsort((rows, -values[rows]))]
    return [int(row) for row in order[:count]]
