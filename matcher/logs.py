"""Logs as JSON lines: to standard error, and to SCHAKEL_HOME/logs for the server."""

from __future__ import annotations

import logging
import sys
import time
import uuid
from logging.handlers import WatchedFileHandler

import structlog
from flask import Flask, Response, g, request

from matcher.settings import Settings


class LogFile(WatchedFileHandler):
    """A log file that breaks nothing where it can't be written: its folder gone, the disk full."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line, or say on standard error why not."""
        try:
            super().emit(record)
        except OSError:
            self.handleError(record)


def init_app(app: Flask, settings: Settings) -> None:
    """Set structlog up and log each request with its status and time."""
    folder = settings.home / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    handler = LogFile(folder / "schakel.log", encoding="utf-8", delay=True)
    handler.setFormatter(logging.Formatter("%(message)s"))
    logger = logging.getLogger("schakel")
    for old in list(logger.handlers):
        logger.removeHandler(old)
        old.close()
    logger.addHandler(handler)
    if settings.log_level == "DEBUG":
        logger.addHandler(logging.StreamHandler(sys.stderr))
    logger.setLevel(settings.log_level)
    logger.propagate = False
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[settings.log_level]
        ),
        logger_factory=lambda *_: logger,
        cache_logger_on_first_use=False,
    )
    app.before_request(_begin)
    app.after_request(_end)


def _begin() -> None:
    g.started = time.perf_counter()
    g.request_id = uuid.uuid4().hex


def _end(response: Response) -> Response:
    took = (time.perf_counter() - g.get("started", time.perf_counter())) * 1000
    response.headers["X-Request-ID"] = g.get("request_id", "")
    structlog.get_logger().info(
        "request",
        method=request.method,
        path=request.path,
        status=response.status_code,
        ms=round(took, 1),
        request_id=g.get("request_id"),
    )
    return response
