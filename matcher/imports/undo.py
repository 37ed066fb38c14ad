"""Undoing an import: records that nobody changed since are put back, or deleted again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from matcher import audit
from matcher.domain import Organisation, Project
from matcher.imports import files as import_files
from matcher.imports.backups import Kind, RecordBackup, read_backup
from matcher.imports.runs import ImportState
from matcher.imports.steps import BATCH, change_state, import_row, rebuild_index
from matcher.jobs.job import JobContext, JobFailed
from matcher.progress import Progress
from matcher.store.account_tables import ImportRow
from matcher.store.aliases import keys_of
from matcher.store.database import Write
from matcher.store.organisations import save_organisations
from matcher.store.projects import save_projects
from matcher.store.rollback import (
    organisation_versions,
    project_versions,
    remove_projects,
    remove_unused,
)

BACKUP_GONE = "How the records were before isn't kept any more, so this import can't be undone."
AsLeft = defaultdict[str, set[int]]
"""By name, the corpus versions at which a record is as an import left it."""


def undo(context: JobContext, arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Put back what an import changed, where nobody changed it since."""
    with context.store.reading() as session:
        row = session.get(ImportRow, arguments["import_id"])
    if row is not None and row.state == ImportState.UNDONE.value:
        undone = (row.outcome or {}).get("undone") or {}
        return {**undone, "index": rebuild_index(context, progress)}
    row = import_row(context, arguments, ImportState.UNDOING)
    path = import_files.backup_of(context.settings, row.id)
    if not path.is_file() or row.corpus_version is None:
        raise JobFailed(BACKUP_GONE)
    restored = (text for backup in read_backup(path) for text in _texts_of(backup.record))
    context.store.embed_many(list(restored), progress)
    with context.store.writing() as write:
        undone = {}
        as_left = _as_left(context, write.session, row, "project")
        undone["projects"] = _undo_projects(write, _backups(path, "project"), as_left, progress)
        as_left = _as_left(context, write.session, row, "organisation")
        backups = _backups(path, "organisation")
        undone["organisations"] = _undo_organisations(write, backups, as_left, progress)
        outcome = {**(row.outcome or {}), "undone": undone, "undone_version": write.version}
        change_state(
            write.session, row.id, ImportState.UNDOING, state=ImportState.UNDONE, outcome=outcome
        )
        about = f"import:{row.id}"
        audit.record(write.session, arguments["by"], "import.undone", about, **undone)
        progress("store", 0, 0)
    return {**undone, "index": rebuild_index(context, progress)}


def _texts_of(record: Organisation | Project | None) -> list[str]:
    """Return what the encoder sees of a record that may be restored."""
    if isinstance(record, Organisation):
        return record.embedded_texts
    return [record.facet.embedded_text] if record else []


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
        path = import_files.backup_of(context.settings, key)
        for backup in _backups(path, kind) if path.is_file() else ():
            if backup.version in as_left[backup.name]:
                as_left[backup.name].add(version)
    return as_left


def _undo_projects(
    write: Write, backups: Iterator[RecordBackup], as_left: AsLeft, progress: Progress
) -> dict[str, int]:
    counts, seen = {"restored": 0, "removed": 0, "left": 0}, 0
    for part in _parts(backups):
        progress("projects", seen, 0)
        seen += len(part)
        now = project_versions(write.session, [backup.name for backup in part])
        ours = {name for name, version in now.items() if version in as_left[name]}
        added = [backup.name for backup in part if backup.record is None and backup.name in ours]
        remove_projects(write, added)
        old = [
            backup.record
            for backup in part
            if backup.name in ours and isinstance(backup.record, Project)
        ]
        save_projects(write, _with_known_owners(write.session, old))
        counts["removed"] += len(added)
        counts["restored"] += len(old)
        counts["left"] += len(part) - len(ours)
    return counts


def _undo_organisations(
    write: Write, backups: Iterator[RecordBackup], as_left: AsLeft, progress: Progress
) -> dict[str, int]:
    counts, seen = {"restored": 0, "removed": 0, "left": 0}, 0
    added: list[str] = []
    for part in _parts(backups):
        progress("organisations", seen, 0)
        seen += len(part)
        now = organisation_versions(write.session, [backup.name for backup in part])
        ours = {name for name, version in now.items() if version in as_left[name]}
        old = [
            backup.record
            for backup in part
            if backup.name in ours and isinstance(backup.record, Organisation)
        ]
        save_organisations(write, old, keep=())
        added += [backup.name for backup in part if backup.record is None and backup.name in ours]
        counts["restored"] += len(old)
        counts["left"] += len(part) - len(ours)
    counts["removed"] = remove_unused(write, added)
    counts["left"] += len(added) - counts["removed"]
    return counts


def _with_known_owners(session: Session, projects: Sequence[Project]) -> list[Project]:
    """Return projects without the owners that were deleted since."""
    known = keys_of(
        session, {owner.organisation_id for project in projects for owner in project.participations}
    )
    return [
        replace(
            project,
            participations=tuple(
                owner for owner in project.participations if owner.organisation_id in known
            ),
        )
        for project in projects
    ]


def _parts(backups: Iterator[RecordBackup]) -> Iterator[list[RecordBackup]]:
    while part := list(islice(backups, BATCH)):
        yield part


def _backups(path: Any, kind: str) -> Iterator[RecordBackup]:
    return (backup for backup in read_backup(path) if backup.kind == kind)
