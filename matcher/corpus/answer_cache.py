"""Answers in the cache: one key for each question, corpus and index; dataclasses in and out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, is_dataclass
from datetime import date
from typing import Any, TypeVar

import structlog
from pydantic import TypeAdapter

from matcher.cache import Cache
from matcher.corpus.snapshot import Snapshot

Answer = TypeVar("Answer")
log = structlog.get_logger()
_adapters: dict[Any, TypeAdapter[Any]] = {}


class AnswerCache:
    """Keeps answers for `ttl` seconds as JSON, and gives them back as the dataclasses they were.

    An answer type is a dataclass, or a list or mapping of dataclasses, whose fields JSON can hold:
    text, numbers, enums, dates, tuples and other such dataclasses.
    """

    def __init__(self, cache: Cache, ttl: int) -> None:
        self.cache = cache
        self.ttl = ttl

    def get_or_compute(
        self,
        kind: str,
        snapshot: Snapshot,
        question: object,
        answer_type: type[Answer],
        compute: Callable[[], Answer],
    ) -> tuple[Answer, bool]:
        """Return the answer to `question` and whether it came from the cache.

        An answer that was computed while a part of the encoder was away isn't kept.
        """
        adapter = _adapter(answer_type)

        def computed() -> Any:
            count = snapshot.incomplete_count
            body = adapter.dump_python(compute(), mode="json")
            if snapshot.is_incomplete_since(count):
                reason = snapshot.model_failure or "it is just back"
                log.warning("answered without the model", reason=reason)
                raise _NotKept(body)
            return body

        try:
            key = answer_key(kind, snapshot, question)
            body, cached = self.cache.get_or_compute(key, computed, self.ttl)
        except _NotKept as answered:
            body, cached = answered.body, False
        return adapter.validate_python(body), cached

    def peek(
        self, kind: str, snapshot: Snapshot, question: object, answer_type: type[Answer]
    ) -> Answer | None:
        """Return an answer that is kept; None where it would have to be computed."""
        body, cached = self.cache.peek(answer_key(kind, snapshot, question))
        return _adapter(answer_type).validate_python(body) if cached else None


def answer_key(kind: str, snapshot: Snapshot, question: object) -> str:
    """Return a cache key that is equal only for equal questions on the same corpus and index.

    `question` holds all that the answer depends on besides the snapshot, settings included. A
    generation's name stands for its encoder and fitted models. The day counts, since offers expire.
    """
    asked = [question, snapshot.revision, snapshot.generation.name, date.today().isoformat()]
    canonical = json.dumps(asked, sort_keys=True, ensure_ascii=False, default=_plain)
    return f"{kind}:" + hashlib.sha256(canonical.encode()).hexdigest()


class _NotKept(Exception):
    """Carries an answer past the cache, to its own askers only."""

    def __init__(self, body: Any) -> None:
        super().__init__("an answer that isn't kept")
        self.body = body


def _plain(value: object) -> Any:
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else str(value)


def _adapter(answer_type: type[Answer]) -> TypeAdapter[Answer]:
    """Return what turns answers of a type into JSON and back; making one takes milliseconds."""
    if answer_type not in _adapters:
        _adapters[answer_type] = TypeAdapter(answer_type)
    return _adapters[answer_type]


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
        count = snapshot.incomplete_count
        body = compute()
        if snapshot.is_incomplete_since(count):
            reason = snapshot.model_failure or "it is just back"
            log.warning("answered without the model", reason=reason)
            raise _Passing(json.dumps(body))
        return body

    try:
        return cache.get_or_compute(key, whole, ttl)
    except _Passing as passing:
        return json.loads(passing.body), False
