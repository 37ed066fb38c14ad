"""The jobs of imports: read and compare, import, take back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import structlog
from sqlalchemy import update
from sqlalchemy.orm import Session

from matcher import audit
from matcher.imports import files as import_files
from matcher.imports.backups import RecordBackup, writing_backup
from matcher.imports.preview import preview_of, refusal_of
from matcher.imports.row_errors import Batch, ImportRefused
from matcher.imports.runs import ImportState
from matcher.imports.steps import BATCH, change_state, import_row, rebuild_index
from matcher.imports.undo import undo
from matcher.jobs.job import JobContext, JobFailed, JobKind, JobState
from matcher.organisations.languages import with_language, with_languages
from matcher.progress import Progress
from matcher.store.account_tables import ImportRow
from matcher.store.database import Write
from matcher.store.organisation_updates import PRIVATE, pending_organisations
from matcher.store.organisations import save_organisations
from matcher.store.projects import pending_projects, save_projects
from matcher.store.rollback import (
    organisation_versions,
    project_versions,
)

GONE = "The uploaded file isn't there any more. Upload it again."
FAULTS = "The file has faults. Mend them, or leave the faulty rows out."
log = structlog.get_logger()


def preview(context: JobContext, arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Read an upload and keep what it would change; the corpus stays as it is."""
    row = import_row(context, arguments, ImportState.READING)
    try:
        batch = _read(context, row, skip_invalid=True, progress=progress)
        with context.store.reading() as session:
            found = preview_of(session, batch, progress)
    except ImportRefused as refused:
        found = refusal_of(refused.faults, refused.count)
    for fault in found["faults"]:
        if fault["file"].startswith("upload."):
            fault["file"] = row.filename
    progress("store", 0, 0)
    with context.store.keeping() as session:
        change_state(
            session, row.id, ImportState.READING, state=ImportState.PREVIEWED, preview=found
        )
    return {"import_id": row.id}


def run(context: JobContext, arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Import an upload in one transaction; how everything was before is on disk by then.

    What networks make of its texts is stored before, in small transactions.
    """
    with context.store.reading() as session:
        row = session.get(ImportRow, arguments["import_id"])
    if row is not None and row.state == ImportState.IMPORTED.value:  # begun again after the commit
        return {**(row.outcome or {}), "index": rebuild_index(context, progress)}
    row = import_row(context, arguments, ImportState.IMPORTING)
    try:
        skip = bool(arguments["skip_invalid"])
        batch = _read(context, row, skip_invalid=skip, progress=progress)
    except ImportRefused as refused:
        raise JobFailed(FAULTS) from refused
    outcome: dict[str, Any] = {"skipped": batch.skipped}
    context.store.embed_many(batch.embedded_texts, progress)
    with (
        context.store.writing() as write,
        writing_backup(import_files.backup_of(context.settings, row.id)) as keep,
    ):
        outcome["organisations"] = _import_organisations(write, batch, keep, progress)
        outcome["projects"] = _import_projects(write, batch, keep, progress)
        changed = any(sum(outcome[name].values()) for name in ("organisations", "projects"))
        if changed:
            _imported(write.session, row.id, outcome, write.version, arguments["by"])
        else:
            write.nothing_changed()
        progress("store", 0, 0)
    if not changed:
        with context.store.keeping() as session:
            _imported(session, row.id, outcome, None, arguments["by"])
        return outcome
    return {**outcome, "index": rebuild_index(context, progress)}


def _read(context: JobContext, row: ImportRow, *, skip_invalid: bool, progress: Progress) -> Batch:
    try:
        return import_files.read(
            context.settings, row.id, row.format, skip_invalid=skip_invalid, progress=progress
        )
    except FileNotFoundError as error:
        raise JobFailed(GONE) from error


def _import_organisations(
    write: Write, batch: Batch, keep: Any, progress: Progress
) -> dict[str, int]:
    counts = {"new": 0, "changed": 0}
    total = len(batch.organisations)
    for start in range(0, total, BATCH):
        progress("organisations", start, total)
        part = [
            with_languages(organisation)
            for organisation in batch.organisations[start : start + BATCH]
        ]
        how: dict[str, Any] = {
            "with_facets": batch.complete_profiles,
            "keep": PRIVATE | batch.silent,
        }
        pending = pending_organisations(write.session, part, **how)
        versions = organisation_versions(write.session, [new.id for _, new in pending])
        for old, new in pending:
            counts["new" if old is None else "changed"] += 1
            keep(RecordBackup("organisation", new.id, old, versions.get(new.id)))
        save_organisations(write, part, **how)
    return counts


def _import_projects(write: Write, batch: Batch, keep: Any, progress: Progress) -> dict[str, int]:
    counts = {"new": 0, "changed": 0}
    total = len(batch.projects)
    for start in range(0, total, BATCH):
        progress("projects", start, total)
        part = [
            replace(project, facet=with_language(project.facet))
            for project in batch.projects[start : start + BATCH]
        ]
        pending = pending_projects(write.session, part)
        versions = project_versions(write.session, [str(new.facet.source) for _, new in pending])
        for old, new in pending:
            counts["new" if old is None else "changed"] += 1
            source = str(new.facet.source)
            keep(RecordBackup("project", source, old, versions.get(source)))
        save_projects(write, part)
    return counts


def _imported(
    session: Session, import_id: str, outcome: dict[str, Any], version: int | None, by: str
) -> None:
    change_state(
        session,
        import_id,
        ImportState.IMPORTING,
        state=ImportState.IMPORTED,
        outcome=outcome,
        corpus_version=version,
    )
    audit.record(session, by, "import.imported", f"import:{import_id}", **outcome)


def _unfinished(session: Session, arguments: dict[str, Any], _state: JobState) -> None:
    """Let people try again what failed or was cancelled."""
    back = {
        ImportState.READING: ImportState.FAILED,
        ImportState.IMPORTING: ImportState.PREVIEWED,
        ImportState.UNDOING: ImportState.IMPORTED,
    }
    for state, former in back.items():
        here = (ImportRow.id == arguments["import_id"]) & (ImportRow.state == state.value)
        now = datetime.now(UTC)
        session.execute(update(ImportRow).where(here).values(state=former.value, changed=now))


KINDS = {
    "import-preview": JobKind(preview, _unfinished),
    "import-run": JobKind(run, _unfinished),
    "import-undo": JobKind(undo, _unfinished),
}
