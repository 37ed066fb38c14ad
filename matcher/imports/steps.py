"""What the jobs of imports have in common: their row, its state, the index afterwards."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import structlog
from sqlalchemy import update
from sqlalchemy.orm import Session

from embeddings.port import EncoderError
from matcher.corpus.generation import GenerationWriteError
from matcher.imports.runs import ImportState
from matcher.jobs.job import Cancelled, JobContext, JobFailed
from matcher.progress import Progress
from matcher.store.account_tables import ImportRow

BATCH = 500
"""Records that are compared and written at a time."""
TAKEN = "Somebody else went on with this import."
log = structlog.get_logger()


def rebuild_index(context: JobContext, progress: Progress) -> bool:
    """Build the index anew; without it, what was imported is found too, but more slowly."""
    try:
        context.build(context.store, context.settings, progress)
    except Cancelled:
        return False
    except (EncoderError, GenerationWriteError) as error:
        log.error("index not built after an import", exc_info=error)
        return False
    return True


def import_row(context: JobContext, arguments: dict[str, Any], state: ImportState) -> ImportRow:
    """Return the import of a job; raises JobFailed where it is in another state."""
    with context.store.reading() as session:
        row = session.get(ImportRow, arguments["import_id"])
    if row is None or row.state != state.value:
        raise JobFailed(TAKEN)
    return row


def change_state(session: Session, import_id: str, known: ImportState, **values: Any) -> None:
    """Write to an import that is in the `known` state; raises JobFailed where it isn't."""
    here = (ImportRow.id == import_id) & (ImportRow.state == known.value)
    values = {"changed": datetime.now(UTC), **values, "state": values["state"].value}
    written = session.execute(update(ImportRow).where(here).values(**values))
    if written.rowcount != 1:  # type: ignore[attr-defined]
        raise JobFailed(TAKEN)
