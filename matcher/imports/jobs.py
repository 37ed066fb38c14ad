"""The jobs of imports: read and compare, import, take back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import structlog
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from embeddings.port import EncoderError
from matcher import audit
from matcher.domain import Organisation, Project
from matcher.imports import files as import_files
from matcher.imports.files import Kind, RecordBackup
from matcher.imports.preview import preview_of, refusal_of
from matcher.imports.row_errors import Batch, ImportRefused
from matcher.imports.runs import ImportState
from matcher.index.generation import Unwritable
from matcher.indexing.build import build_index
from matcher.jobs.job import Cancelled, JobContext, JobFailed, JobKind, JobState
from matcher.organisations.languages import with_language, with_languages
from matcher.progress import Progress
from matcher.store.account_tables import ImportRow
from matcher.store.aliases import keys_of
from matcher.store.database import Write
from matcher.store.organisation_updates import PRIVATE, pending_organisations
from matcher.store.organisations import save_organisations
from matcher.store.projects import pending_projects, save_projects
from matcher.store.rollback import (
    organisation_versions,
    project_versions,
    remove_projects,
    remove_unused,
)

BATCH = 500
GONE = "The uploaded file isn't there any more. Upload it again."
FAULTS = "The file has faults. Mend them, or leave the faulty rows out."
TAKEN = "Somebody else went on with this import."
KEPT_GONE = "How the records were before isn't kept any more, so this import can't be undone."
AsLeft = defaultdict[str, set[int]]
"""By name, the corpus versions at which a record is as an import left it."""
log = structlog.get_logger()


def preview(context: JobContext, arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Read an upload and keep what it would change; the corpus stays as it is."""
    row = _row(context, arguments, ImportState.READING)
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
        _set(session, row.id, ImportState.READING, state=ImportState.PREVIEWED, preview=found)
    return {"import_id": row.id}


def run(context: JobContext, arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Import an upload in one transaction; how everything was before is on disk by then."""
    with context.store.reading() as session:
        row = session.get(ImportRow, arguments["import_id"])
    if row is not None and row.state == ImportState.IMPORTED.value:  # begun again after the commit
        return {**(row.outcome or {}), "index": _build(context, progress)}
    row = _row(context, arguments, ImportState.IMPORTING)
    try:
        skip = bool(arguments["skip_invalid"])
        batch = _read(context, row, skip_invalid=skip, progress=progress)
    except ImportRefused as refused:
        raise JobFailed(FAULTS) from refused
    outcome: dict[str, Any] = {"skipped": batch.skipped}
    with (
        context.store.writing() as write,
        import_files.keeping_before(import_files.before_of(context.settings, row.id)) as keep,
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
    return {**outcome, "index": _build(context, progress)}


def undo(context: JobContext, arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Put back what an import changed, where nobody changed it since."""
    with context.store.reading() as session:
        row = session.get(ImportRow, arguments["import_id"])
    if row is not None and row.state == ImportState.UNDONE.value:
        return {**((row.outcome or {}).get("undone") or {}), "index": _build(context, progress)}
    row = _row(context, arguments, ImportState.UNDOING)
    path = import_files.before_of(context.settings, row.id)
    if not path.is_file() or row.corpus_version is None:
        raise JobFailed(KEPT_GONE)
    with context.store.writing() as write:
        undone: dict[str, Any] = {}
        as_left = _as_left(context, write.session, row, "project")
        undone["projects"] = _undo_projects(write, _befores(path, "project"), as_left, progress)
        as_left = _as_left(context, write.session, row, "organisation")
        befores = _befores(path, "organisation")
        undone["organisations"] = _undo_organisations(write, befores, as_left, progress)
        outcome = {**(row.outcome or {}), "undone": undone, "undone_version": write.version}
        _set(write.session, row.id, ImportState.UNDOING, state=ImportState.UNDONE, outcome=outcome)
        about = f"import:{row.id}"
        audit.record(write.session, arguments["by"], "import.undone", about, **undone)
        progress("store", 0, 0)
    return {**undone, "index": _build(context, progress)}


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
        part = [with_languages(one) for one in batch.organisations[start : start + BATCH]]
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
            replace(one, facet=with_language(one.facet))
            for one in batch.projects[start : start + BATCH]
        ]
        pending = pending_projects(write.session, part)
        versions = project_versions(write.session, [str(new.facet.source) for _, new in pending])
        for old, new in pending:
            counts["new" if old is None else "changed"] += 1
            source = str(new.facet.source)
            keep(RecordBackup("project", source, old, versions.get(source)))
        save_projects(write, part)
    return counts


def _as_left(context: JobContext, session: Session, row: ImportRow, kind: Kind) -> AsLeft:
    """Return the versions at which records are as an import left them.

    These are its own, and that of the undo of a later one that had found the record so.
    """
    own = row.corpus_version or 0
    as_left: AsLeft = defaultdict(lambda: {own})
    later = select(ImportRow.id, ImportRow.outcome).where(
        ImportRow.state == ImportState.UNDONE.value, ImportRow.corpus_version > own
    )
    undone = [
        (int(outcome["undone_version"]), key)
        for key, outcome in session.execute(later)
        if outcome and "undone_version" in outcome
    ]
    for version, key in sorted(undone):
        path = import_files.before_of(context.settings, key)
        for before in _befores(path, kind) if path.is_file() else ():
            if before.version in as_left[before.name]:
                as_left[before.name].add(version)
    return as_left


def _undo_projects(
    write: Write, befores: Iterator[RecordBackup], as_left: AsLeft, progress: Progress
) -> dict[str, int]:
    counts, seen = {"restored": 0, "removed": 0, "left": 0}, 0
    for part in _parts(befores):
        progress("projects", seen, 0)
        seen += len(part)
        now = project_versions(write.session, [one.name for one in part])
        ours = {name for name, version in now.items() if version in as_left[name]}
        added = [one.name for one in part if one.record is None and one.name in ours]
        remove_projects(write, added)
        old = [one.record for one in part if one.name in ours and isinstance(one.record, Project)]
        save_projects(write, _with_known_owners(write.session, old))
        counts["removed"] += len(added)
        counts["restored"] += len(old)
        counts["left"] += len(part) - len(ours)
    return counts


def _undo_organisations(
    write: Write, befores: Iterator[RecordBackup], as_left: AsLeft, progress: Progress
) -> dict[str, int]:
    counts, seen = {"restored": 0, "removed": 0, "left": 0}, 0
    added: list[str] = []
    for part in _parts(befores):
        progress("organisations", seen, 0)
        seen += len(part)
        now = organisation_versions(write.session, [one.name for one in part])
        ours = {name for name, version in now.items() if version in as_left[name]}
        old = [r for one in part if one.name in ours and isinstance(r := one.record, Organisation)]
        save_organisations(write, old, keep=())
        added += [one.name for one in part if one.record is None and one.name in ours]
        counts["restored"] += len(old)
        counts["left"] += len(part) - len(ours)
    counts["removed"] = remove_unused(write, added)
    counts["left"] += len(added) - counts["removed"]
    return counts


def _with_known_owners(session: Session, projects: Sequence[Project]) -> list[Project]:
    """Return projects without the owners that were deleted since."""
    known = keys_of(session, {o.organisation_id for p in projects for o in p.participations})
    return [
        replace(
            one,
            participations=tuple(o for o in one.participations if o.organisation_id in known),
        )
        for one in projects
    ]


def _parts(befores: Iterator[RecordBackup]) -> Iterator[list[RecordBackup]]:
    while part := list(islice(befores, BATCH)):
        yield part


def _befores(path: Any, kind: str) -> Iterator[RecordBackup]:
    return (one for one in import_files.read_before(path) if one.kind == kind)


def _build(context: JobContext, progress: Progress) -> bool:
    """Build the index anew; what was imported counts without it too, more slowly."""
    try:
        build_index(context.store, context.settings, progress)
    except Cancelled:
        return False
    except (EncoderError, Unwritable) as error:
        log.error("index not built after an import", exc_info=error)
        return False
    return True


def _imported(
    session: Session, import_id: str, outcome: dict[str, Any], version: int | None, by: str
) -> None:
    _set(
        session,
        import_id,
        ImportState.IMPORTING,
        state=ImportState.IMPORTED,
        outcome=outcome,
        corpus_version=version,
    )
    audit.record(session, by, "import.imported", f"import:{import_id}", **outcome)


def _row(context: JobContext, arguments: dict[str, Any], state: ImportState) -> ImportRow:
    with context.store.reading() as session:
        row = session.get(ImportRow, arguments["import_id"])
    if row is None or row.state != state.value:
        raise JobFailed(TAKEN)
    return row


def _set(session: Session, import_id: str, known: ImportState, **values: Any) -> None:
    """Write to an import that is in the state it is known to be in; raises JobFailed else."""
    here = (ImportRow.id == import_id) & (ImportRow.state == known.value)
    values = {"changed": datetime.now(UTC), **values, "state": values["state"].value}
    written = session.execute(update(ImportRow).where(here).values(**values))
    if written.rowcount != 1:  # type: ignore[attr-defined]
        raise JobFailed(TAKEN)


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
