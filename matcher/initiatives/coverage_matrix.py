"""Who meets which need: the members, and those who would add most, in one table."""

from __future__ import annotations

from typing import Any

import numpy as np

from matcher.initiatives.context import PERHAPS, InitiativeContext, status_of
from matcher.presenters import need_json, organisation_json

MAX_CANDIDATES = 12


def coverage_matrix(context: InitiativeContext, candidates: int = MAX_CANDIDATES) -> dict[str, Any]:
    """Return the chance that each member and candidate meets each need.

    Candidates are chosen one after the other: whoever adds most to the coverage that the members
    and those before have; so each of them is there for a need that was still open.
    """
    coverage, corpus = context.coverage, context.snapshot.corpus
    chosen: list[int] = []
    if len(context.needed.needs):
        for _ in range(candidates):
            gains = coverage.gains(np.concatenate([context.members, np.array(chosen, np.int64)]))
            gains = np.where(context.pool, gains, 0.0)
            gains[chosen] = 0.0
            best = int(gains.argmax())
            if gains[best] <= 0.0 or coverage.meets[:, best].max() < PERHAPS:
                break
            chosen.append(best)
    rows = [*context.shown_members.tolist(), *chosen]
    members = len(context.shown_members)
    now, then = coverage.of(context.members), coverage.of(np.array(rows, dtype=np.int64))
    return {
        "initiative": {"id": context.initiative.id, "name": context.initiative.name},
        "corpus_version": context.snapshot.version,
        "source": context.needed.source.value,
        "columns": [
            {"organisation": organisation_json(corpus.organisations[row]), "member": at < members}
            for at, row in enumerate(rows)
        ],
        "rows": [
            {
                "need": need_json(need),
                "share": round(float(coverage.weights[at]), 4),
                "members": round(float(now[at]), 3),
                "all": round(float(max(now[at], then[at])), 3),
                "status": status_of(float(now[at])),
                "probabilities": [round(float(coverage.meets[at, row]), 3) for row in rows],
            }
            for at, need in enumerate(context.needed.needs)
        ],
        "coverage": {
            "members": round(coverage.total(context.members), 4),
            "all": round(coverage.total(np.union1d(context.members, np.array(rows, np.int64))), 4),
        },
    }
