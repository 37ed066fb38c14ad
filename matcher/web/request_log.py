"""One line of the log for each request, with its status and time."""

from __future__ import annotations

import time
import uuid

import structlog
from flask import Flask, Response, g, request


def init_app(app: Flask) -> None:
    """Log each request, and send its number back as X-Request-ID."""
    app.before_request(_begin)
    app.after_request(_end)


def route() -> str:
    """Return the rule of the address that was asked for; the address may be a secret link."""
    return request.url_rule.rule if request.url_rule is not None else "none"


def _begin() -> None:
    g.started = time.perf_counter()
    g.request_id = uuid.uuid4().hex


def _end(response: Response) -> Response:
    milliseconds = (time.perf_counter() - g.get("started", time.perf_counter())) * 1000
    response.headers["X-Request-ID"] = g.get("request_id", "")
    structlog.get_logger().info(
        "request",
        method=request.method,
        route=route(),
        status=response.status_code,
        ms=round(milliseconds, 1),
        request_id=g.get("request_id"),
    )
    return response
