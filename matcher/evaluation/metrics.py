"""How good a ranked list is, given who really was a partner."""

from __future__ import annotations

import math
from collections.abc import Collection, Hashable, Sequence


def ndcg(ranked: Sequence[Hashable], relevant: Collection[Hashable], k: int) -> float:
    """Normalised discounted cumulative gain with gains 0 and 1 (Järvelin & Kekäläinen, 2002)."""
    gain = sum(1 / math.log2(i + 2) for i, item in enumerate(ranked[:k]) if item in relevant)
    ideal = sum(1 / math.log2(i + 2) for i in range(min(k, len(relevant))))
    return gain / ideal if ideal else 0.0


def recall(ranked: Sequence[Hashable], relevant: Collection[Hashable], k: int) -> float:
    """Share of the relevant items that are among the first k."""
    return len(set(ranked[:k]) & set(relevant)) / len(relevant) if relevant else 0.0


def reciprocal_rank(ranked: Sequence[Hashable], relevant: Collection[Hashable]) -> float:
    """1 over the rank of the first relevant item; 0 when there is none."""
    return next((1 / rank for rank, item in enumerate(ranked, 1) if item in relevant), 0.0)
