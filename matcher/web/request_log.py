"""One line of the log for each request, with its number, status and time."""

from __future__ import annotations

import re
import time
import uuid

import structlog
from flask import Flask, Response, g, request

from matcher import metrics

_REQUEST_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,38}")
"""Longer ones could be tokens, which are masked in the log."""
_TRACE = re.compile(r"[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
"""The header `traceparent` of W3C Trace Context, level 1."""


def init_app(app: Flask) -> None:
    """Log each request, and send its number back as X-Request-ID."""
    app.before_request(_begin)
    app.after_request(_end)


def route() -> str:
    """Return the rule of the address that was asked for; the address may be a secret link."""
    return request.url_rule.rule if request.url_rule is not None else "none"


def _begin() -> None:
    g.started = time.perf_counter()
    g.request_id = request_id()


def request_id() -> str:
    """Return the number that a proxy gave the request, or its trace; else a new one."""
    given = _REQUEST_ID.fullmatch(request.headers.get("X-Request-ID", ""))
    trace = _TRACE.fullmatch(request.headers.get("traceparent", ""))
    return given[0] if given else trace[1] if trace else uuid.uuid4().hex


def _end(response: Response) -> Response:
    milliseconds = (time.perf_counter() - g.get("started", time.perf_counter())) * 1000
    response.headers["X-Request-ID"] = g.get("request_id", "")
    metrics.request(request.method, route(), response.status_code, milliseconds / 1000)
    # Probes come every few seconds, and say nothing as long as all is well.
    probe = request.path.startswith(("/health/", "/metrics")) and response.status_code == 200
    log = structlog.get_logger()
    (log.debug if probe else log.info)(
        "request",
        method=request.method,
        route=route(),
        status=response.status_code,
        ms=round(milliseconds, 1),
    )
    return response
