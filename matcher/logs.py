"""Logs as JSON lines in SCHAKEL_HOME/logs; at level DEBUG also on standard error."""

from __future__ import annotations

import logging
import sys
from logging.handlers import WatchedFileHandler

import structlog

from matcher.settings import Settings


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
