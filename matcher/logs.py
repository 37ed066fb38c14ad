"""Logs as JSON lines in SCHAKEL_HOME/logs; at level DEBUG also on standard error."""

from __future__ import annotations

import logging
import sys
from logging.handlers import WatchedFileHandler

import structlog

from matcher import masking
from matcher.settings import Settings

LIBRARIES = ("gunicorn.error", "gunicorn.access", "werkzeug")
"""Loggers of libraries that write addresses of pages, which may be secret links."""


class LogFile(WatchedFileHandler):
    """A log file that breaks nothing where it can't be written: its folder gone, the disk full."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line, or say on standard error why not."""
        try:
            super().emit(record)
        except OSError:
            self.handleError(record)


def configure(settings: Settings) -> None:
    """Send the lines of structlog to the log file, from SCHAKEL_LOG_LEVEL up."""
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
    for name in LIBRARIES:
        library = logging.getLogger(name)
        if not any(isinstance(known, masking.MaskingFilter) for known in library.filters):
            library.addFilter(masking.MaskingFilter())
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.ExceptionRenderer(masking.exception_text),
            masking.mask_values,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[settings.log_level]
        ),
        logger_factory=lambda *_: logger,
        cache_logger_on_first_use=False,
    )
