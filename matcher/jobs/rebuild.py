"""The job that builds the index anew."""

from __future__ import annotations

from typing import Any

import structlog

from embeddings.port import EncoderError
from matcher.corpus.generation import GenerationWriteError
from matcher.jobs.job import JobContext, JobFailed, JobKind
from matcher.progress import Progress

NO_ROOM = "The index can't be written; the former one goes on. Is the disk full?"
NO_ENCODER = "The model that reads texts doesn't answer. Try again later."
log = structlog.get_logger()


def rebuild(context: JobContext, _arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Build the index and publish it; returns its name."""
    try:
        return {"index": context.build(context.store, context.settings, progress)}
    except EncoderError as error:
        log.error("index not built", exc_info=error)
        raise JobFailed(NO_ENCODER) from error
    except GenerationWriteError as error:
        log.error("index not built", exc_info=error)
        raise JobFailed(NO_ROOM) from error


KINDS = {"rebuild": JobKind(rebuild)}
