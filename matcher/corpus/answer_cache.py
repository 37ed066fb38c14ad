"""Answers from the cache; those worked out while a part of the encoder was away aren't kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import structlog

from matcher.cache import Cache
from matcher.corpus.snapshot import Snapshot

log = structlog.get_logger()


class _Passing(Exception):
    """An answer that isn't to be kept."""

    def __init__(self, body: str) -> None:
        super().__init__("an answer that isn't to be kept")
        self.body = body


def cached(
    cache: Cache, snapshot: Snapshot, key: str, compute: Callable[[], Any], ttl: int
) -> tuple[Any, bool]:
    """Return an answer from `snapshot` and whether it came from the cache, as JSON makes it."""

    def whole() -> Any:
        missed = snapshot.missed
        body = compute()
        if snapshot.lacks(missed):
            reason = snapshot.fault or "it is just back"
            log.warning("answered without the model", reason=reason)
            raise _Passing(json.dumps(body))
        return body

    try:
        return cache.get_or_compute(key, whole, ttl)
    except _Passing as passing:
        return json.loads(passing.body), False
