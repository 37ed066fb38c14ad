"""The answer cache: one key per question, corpus and index; dataclasses in and out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import asdict, is_dataclass
from datetime import date
from typing import Any, TypeVar

import structlog
from pydantic import TypeAdapter

from matcher import metrics
from matcher.cache import Cache
from matcher.corpus.snapshot import Snapshot
from matcher.gate import OPEN, Gate

Answer = TypeVar("Answer")
log = structlog.get_logger()
_adapters: dict[Any, TypeAdapter[Any]] = {}


class AnswerCache:
    """Caches answers as JSON for `ttl` seconds, and returns them as dataclasses.

    An answer type is a dataclass, or a list or mapping of dataclasses, whose fields fit in JSON:
    text, numbers, enums, dates, tuples and other such dataclasses.
    """

    def __init__(self, cache: Cache, ttl: int, gate: Gate = OPEN) -> None:
        """Heavy answers are computed behind `gate`."""
        self.cache = cache
        self.ttl = ttl
        self._gate = gate

    def get_or_compute(
        self,
        kind: str,
        snapshot: Snapshot,
        question: object,
        answer_type: type[Answer],
        compute: Callable[[], Answer],
        *,
        light: bool = False,
    ) -> tuple[Answer, bool]:
        """Return the answer to `question` and whether it came from the cache.

        An answer that was computed while the model of the encoder failed isn't cached, nor is one
        that says that it is `cut_short`. Unless it is `light`, it is computed behind the gate;
        raises BusyError where too many others are.
        """
        adapter = _adapter(answer_type)

        def computed() -> Any:
            count = snapshot.incomplete_count
            with nullcontext() if light else self._gate.place():
                answer = compute()
            body = adapter.dump_python(answer, mode="json")
            if snapshot.is_incomplete_since(count):
                reason = snapshot.model_failure or "it is just back"
                log.warning("answered without the model", reason=reason)
                raise _Uncacheable(body)
            if getattr(answer, "cut_short", False):
                raise _Uncacheable(body)
            return body

        try:
            key = answer_key(kind, snapshot, question)
            body, cached = self.cache.get_or_compute(key, computed, self.ttl)
        except _Uncacheable as uncacheable:
            body, cached = uncacheable.body, False
        metrics.answered(cached=cached)
        return adapter.validate_python(body), cached

    def peek(
        self, kind: str, snapshot: Snapshot, question: object, answer_type: type[Answer]
    ) -> Answer | None:
        """Return a cached answer, or None."""
        body, cached = self.cache.peek(answer_key(kind, snapshot, question))
        return _adapter(answer_type).validate_python(body) if cached else None


def answer_key(kind: str, snapshot: Snapshot, question: object) -> str:
    """Return a cache key that is equal only for equal questions on the same corpus and index.

    `question` holds everything else that the answer depends on, such as settings. The name of the
    generation covers encoder and fitted models. The date is included because offers expire.
    """
    parts = [question, snapshot.revision, snapshot.generation.name, date.today().isoformat()]
    canonical = json.dumps(parts, sort_keys=True, ensure_ascii=False, default=_to_json)
    return f"{kind}:" + hashlib.sha256(canonical.encode()).hexdigest()


class _Uncacheable(Exception):
    """Carries an answer past the cache to the callers that wait for it."""

    def __init__(self, body: Any) -> None:
        super().__init__("an answer that isn't cached")
        self.body = body


def _to_json(value: object) -> Any:
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else str(value)


def _adapter(answer_type: type[Answer]) -> TypeAdapter[Answer]:
    """Return the cached converter of an answer type: making one takes milliseconds."""
    if answer_type not in _adapters:
        _adapters[answer_type] = TypeAdapter(answer_type)
    return _adapters[answer_type]
