"""Logs as JSON lines: of a process that serves on standard output, and in a file if one is set.

Commands print their answers there, so that only errors are shown, on standard error.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import sys
import threading
import time
from collections.abc import MutableMapping
from logging.handlers import WatchedFileHandler
from pathlib import Path
from typing import Any

import structlog
from flask import g, has_request_context

from matcher import masking, metrics
from matcher.settings import Settings

LIBRARIES = ("gunicorn.error", "gunicorn.access", "werkzeug")
"""Loggers of libraries that write addresses of pages, which may be secret links."""
MAX_FILE_BYTES = 50_000_000
KEPT_FILES = 5
"""Full log files that are kept beside the one that is written."""
REPEAT_SECONDS = 60.0
"""In which an error is written once."""
_TOLD_APART_BY = ("event", "kind", "reason", "route")


class LogFile(WatchedFileHandler):
    """A log file that several processes write, and that is put aside when it is full.

    It breaks nothing where it can't be written: its folder gone, the disk full.
    """

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line, or say on standard error why not."""
        try:
            super().emit(record)
            if self.stream is not None and self.stream.tell() > MAX_FILE_BYTES:
                self._rotate()
        except OSError:
            self.handleError(record)

    def _rotate(self) -> None:
        """Let one process put the file aside; the others open the new one at their next line."""
        path = Path(self.baseFilename)
        with open(path.with_name(f"{path.name}.lock"), "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if path.stat().st_ino != self.ino:
                return  # another process was first
            for number in range(KEPT_FILES, 0, -1):
                older = path.with_name(f"{path.name}.{number}")
                newer = path.with_name(f"{path.name}.{number - 1}") if number > 1 else path
                if newer.exists():
                    newer.replace(older)


class Output(logging.Handler):
    """Standard output of a process that serves; else standard error, for errors alone."""

    def __init__(self, serving: bool) -> None:
        super().__init__(logging.NOTSET if serving else logging.ERROR)
        self._serving = serving

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line at once; one that nobody takes is lost."""
        try:
            stream = sys.stdout if self._serving else sys.stderr
            stream.write(record.getMessage() + "\n")
            stream.flush()
        except (OSError, ValueError):
            return


class Repeats:
    """Lets an error pass once in a while, and then says how often it came in between."""

    def __init__(self, seconds: float = REPEAT_SECONDS) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._until: dict[tuple[str, ...], float] = {}
        self._held: dict[tuple[str, ...], dict[str, Any]] = {}

    def __call__(self, logger: Any, _method: str, line: MutableMapping[str, Any]) -> Any:
        """Return the line, or drop it; a processor of structlog, to come before the renderer."""
        now = time.monotonic()
        for held in self._due(now):
            logger.log(logging.ERROR, json.dumps(held, default=str))
        if line.get("level") not in ("error", "critical"):
            return line
        metrics.failed(str(line.get("event", "")))
        exception = str(line.get("exception", "")).rpartition("\n")[2].partition(":")[0]
        key = (*(str(line.get(name, "")) for name in _TOLD_APART_BY), exception)
        with self._lock:
            if self._until.get(key, 0.0) <= now:
                self._until[key] = now + self._seconds
                return line
            held = self._held.setdefault(key, {**_brief(line), "repeated": 0})
            held["repeated"] += 1
            held["timestamp"] = line.get("timestamp")
        raise structlog.DropEvent

    def _due(self, now: float) -> list[dict[str, Any]]:
        """Return the lines of errors that came again, and whose time is over."""
        with self._lock:
            over = [key for key, until in self._until.items() if until <= now]
            for key in over:
                del self._until[key]
            return [self._held.pop(key) for key in over if key in self._held]


def _brief(line: MutableMapping[str, Any]) -> dict[str, Any]:
    left_out = ("exception", "request_id", "account", "key")
    return {name: value for name, value in line.items() if name not in left_out}


def configure(settings: Settings, *, serving: bool = False) -> None:
    """Send the lines of structlog where they belong, from SCHAKEL_LOG_LEVEL up."""
    logger = logging.getLogger("schakel")
    for old in list(logger.handlers):
        logger.removeHandler(old)
        old.close()
    logger.addHandler(Output(serving))
    if settings.log_file:
        path = Path(settings.log_file)
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = LogFile(path, encoding="utf-8", delay=True)
        handler.setFormatter(logging.Formatter("%(message)s"))
        logger.addHandler(handler)
    logger.setLevel(settings.log_level)
    logger.propagate = False
    for name in LIBRARIES:
        library = logging.getLogger(name)
        if not any(isinstance(known, masking.MaskingFilter) for known in library.filters):
            library.addFilter(masking.MaskingFilter())
    structlog.configure(
        processors=[
            _about_the_request,
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.ExceptionRenderer(masking.exception_text),
            masking.mask_values,
            Repeats(),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[settings.log_level]
        ),
        logger_factory=lambda *_: logger,
        cache_logger_on_first_use=False,
    )


def _about_the_request(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> Any:
    """Say which process writes a line, for which request, and whose that is."""
    line["worker"] = os.getpid()
    if has_request_context():
        line.setdefault("request_id", g.get("request_id"))
        account = g.get("account")
        if account is not None:
            line["account"] = account.id
        if g.get("key") is not None:
            line["key"] = g.key.name
    return line
