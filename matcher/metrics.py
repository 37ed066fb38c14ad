"""Figures for Prometheus, over all workers of a service; until `enable` is called, none.

Commands and tests of other things don't pay for them.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""Names the folder in which the workers of a service keep their figures together; see the
documentation of prometheus-client, "Multiprocess Mode"."""
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0)
"""Upper bounds of the histograms: from an answer of the cache to one that is cut short."""


@dataclass(frozen=True, slots=True)
class Gauge:
    """A figure as of the moment at which somebody asks."""

    name: str
    help: str
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)


class _Instruments:
    def __init__(self) -> None:
        from prometheus_client import CollectorRegistry, Counter, Histogram

        self.registry: CollectorRegistry = CollectorRegistry()
        kept = {"registry": self.registry}
        self.requests = Counter(
            "schakel_requests", "Requests answered.", ["method", "route", "status"], **kept
        )
        self.request_seconds = Histogram(
            "schakel_request_seconds",
            "Time from request to answer.",
            ["route"],
            buckets=SECONDS,
            **kept,
        )
        self.stage_seconds = Histogram(
            "schakel_stage_seconds",
            "Time in a stage of answering a question.",
            ["stage"],
            buckets=SECONDS,
            **kept,
        )
        self.answers = Counter(
            "schakel_answers", "Answers by whether the cache had them.", ["cached"], **kept
        )
        self.gate_seconds = Histogram(
            "schakel_gate_wait_seconds",
            "Time that heavy questions and writes waited for a place.",
            ["gate"],
            buckets=SECONDS,
            **kept,
        )
        self.refused = Counter(
            "schakel_gate_refused",
            "Heavy questions and writes that got no place.",
            ["gate"],
            **kept,
        )
        self.errors = Counter("schakel_errors", "Errors in the log.", ["event"], **kept)


_made: _Instruments | None = None


def enable() -> None:
    """Begin to count in this process."""
    global _made
    _made = _made or _Instruments()


def request(method: str, route: str, status: int, seconds: float) -> None:
    """Count a request that was answered."""
    if _made is not None:
        _made.requests.labels(method, route, str(status)).inc()
        _made.request_seconds.labels(route).observe(seconds)


@contextmanager
def stage(name: str) -> Iterator[None]:
    """Take the time of a stage."""
    if _made is None:
        yield
        return
    begun = time.perf_counter()
    try:
        yield
    finally:
        _made.stage_seconds.labels(name).observe(time.perf_counter() - begun)


def answered(*, cached: bool) -> None:
    """Count an answer."""
    if _made is not None:
        _made.answers.labels("yes" if cached else "no").inc()


def waited(gate: str, seconds: float) -> None:
    """Take down for how long somebody waited at a gate."""
    if _made is not None and gate:
        _made.gate_seconds.labels(gate).observe(seconds)


def refused(gate: str) -> None:
    """Count somebody who got no place."""
    if _made is not None and gate:
        _made.refused.labels(gate).inc()


def failed(event: str) -> None:
    """Count an error."""
    if _made is not None:
        _made.errors.labels(event).inc()


def worker_ended(process: int) -> None:
    """Forget what holds only while a worker lives; its counts stay."""
    if FOLDER in os.environ:
        from prometheus_client import multiprocess

        multiprocess.mark_process_dead(process)


def exposition(gauges: Iterator[Gauge]) -> tuple[bytes, str]:
    """Return the figures of all workers and those of this moment, and their content type."""
    from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
    from prometheus_client.multiprocess import MultiProcessCollector

    enable()
    assert _made is not None
    registry = _made.registry
    if FOLDER in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)
    text: bytes = generate_latest(registry)
    return text + generate_latest(_Now(gauges)), CONTENT_TYPE_LATEST


class _Now:
    """A registry of gauges."""

    def __init__(self, gauges: Iterator[Gauge]) -> None:
        self._gauges = gauges

    def collect(self) -> Iterator[Any]:
        """Give the gauges as metrics."""
        from prometheus_client.core import GaugeMetricFamily

        families: dict[str, Any] = {}
        for gauge in self._gauges:
            family = families.setdefault(
                gauge.name, GaugeMetricFamily(gauge.name, gauge.help, labels=list(gauge.labels))
            )
            family.add_metric(list(gauge.labels.values()), gauge.value)
        yield from families.values()
