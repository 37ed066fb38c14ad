"""What an import would change, in figures and as lists that people can read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import Any

from sqlalchemy.orm import Session

from matcher.domain import Facet, Organisation, Project
from matcher.imports.row_errors import MAX_KEPT, Batch, RowError
from matcher.messages import message_json
from matcher.progress import Progress
from matcher.store.organisation_updates import PRIVATE, pending_organisations
from matcher.store.projects import pending_projects

MAX_SHOWN = 200
MAX_VALUE_LENGTH = 300
BATCH = 500
_PLAIN = ("name", "type", "short_name", "size", "sme", "sectors", "languages", "website")
_PLACE = ("city", "country", "region", "latitude", "longitude")
Change = dict[str, Any]


def preview_of(session: Session, batch: Batch, progress: Progress) -> dict[str, Any]:
    """Return what storing a batch would change, and what is wrong with its file."""
    organisations = _Part(len(batch.organisations))
    for start in range(0, len(batch.organisations), BATCH):
        progress("organisations", start, len(batch.organisations))
        part = batch.organisations[start : start + BATCH]
        keep = PRIVATE | batch.silent
        pending = pending_organisations(
            session, part, with_facets=batch.complete_profiles, keep=keep
        )
        for old, new in pending:
            private = [] if old is None else private_changes(old, new)
            changes = [] if old is None else [*_organisation_changes(old, new), *private]
            organisations.take(new.id, new.name, old is None, changes)
    projects = _Part(len(batch.projects))
    for start in range(0, len(batch.projects), BATCH):
        progress("projects", start, len(batch.projects))
        for before, after in pending_projects(session, batch.projects[start : start + BATCH]):
            source = str(after.facet.source)
            title = after.facet.title or after.facet.text[:100]
            changes = [] if before is None else _project_changes(before, after)
            projects.take(source, title, before is None, changes)
    return {
        "organisations": organisations.as_json(),
        "projects": projects.as_json(),
        "skipped": batch.skipped,
        **faults_of(batch.faults, len(batch.faults)),
        "refused": False,
        "house": _house(batch),
    }


def _house(batch: Batch) -> dict[str, Any] | None:
    """Return whose projects these seem to be, to ask whether it is the user's own house."""
    if batch.house is None:
        return None
    found, count = batch.house
    return {"id": found.id, "name": found.name, "count": count, "projects": len(batch.projects)}


def refusal_of(faults: Sequence[RowError], count: int) -> dict[str, Any]:
    """Return the preview of a file that can't be used at all."""
    nothing = _Part(0).as_json()
    return {
        "organisations": nothing,
        "projects": nothing,
        "skipped": 0,
        **faults_of(faults, count),
        "refused": True,
    }


def faults_of(faults: Sequence[RowError], count: int) -> dict[str, Any]:
    """Return what is wrong with a file, to be said in any language, and how often."""
    return {
        "faults": [
            {
                **asdict(error),
                "problem": message_json(error.problem),
                "expected": message_json(error.expected),
            }
            for error in faults[:MAX_KEPT]
        ],
        "fault_count": count,
    }


def private_changes(old: Organisation, new: Organisation) -> list[Change]:
    """Say that contact or competitors change, and not from what: not everybody may see that."""
    changed = [name for name in sorted(PRIVATE) if getattr(old, name) != getattr(new, name)]
    return [{"field": name, "private": True, "before": "", "after": ""} for name in changed]


class _Part:
    """Counts and lists of one kind of record."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._new = self._changed = 0
        self._added: list[dict[str, str]] = []
        self._changes: list[dict[str, Any]] = []

    def take(self, key: str, name: str, fresh: bool, changes: list[Change]) -> None:
        said = {"id": key, "name": name[:MAX_VALUE_LENGTH]}
        if fresh:
            self._new += 1
            if len(self._added) < MAX_SHOWN:
                self._added.append(said)
            return
        self._changed += 1
        if len(self._changes) < MAX_SHOWN:
            self._changes.append({**said, "fields": changes})

    def as_json(self) -> dict[str, Any]:
        return {
            "new": self._new,
            "changed": self._changed,
            "same": self._total - self._new - self._changed,
            "added": self._added,
            "changes": self._changes,
        }


def _organisation_changes(old: Organisation, new: Organisation) -> list[Change]:
    found = [_change(name, getattr(old, name), getattr(new, name)) for name in _PLAIN]
    found += [_change(name, getattr(old.place, name), getattr(new.place, name)) for name in _PLACE]
    found.append(_change("description", old.description, new.description))
    for name in ("offers", "needs"):
        before = [_said(facet) for facet in getattr(old, name)]
        after = [_said(facet) for facet in getattr(new, name)]
        gone = [text for text in before if text not in after]
        fresh = [text for text in after if text not in before]
        if gone or fresh:
            found.append(_change(name, gone, fresh))
        elif before != after:
            found.append(_change(name, before, after))
    return [change for change in found if change is not None]


def _project_changes(old: Project, new: Project) -> list[Change]:
    names = ("title", "text", "year", "topics")
    found = [_change(name, getattr(old.facet, name), getattr(new.facet, name)) for name in names]
    before = [f"{owner.organisation_id} ({owner.role})" for owner in old.participations]
    after = [f"{owner.organisation_id} ({owner.role})" for owner in new.participations]
    gone = [who for who in before if who not in after]
    fresh = [who for who in after if who not in before]
    if before != after:
        found.append(_change("participants", gone or before, fresh or after))
    return [change for change in found if change is not None]


def _change(name: str, before: Any, after: Any) -> Change | None:
    if before == after:
        return None
    return {"field": name, "private": False, "before": _text(before), "after": _text(after)}


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        text = "; ".join(str(item) for item in value)
    elif isinstance(value, bool):
        text = "yes" if value else "no"
    else:
        text = str(value)
    return text if len(text) <= MAX_VALUE_LENGTH else text[: MAX_VALUE_LENGTH - 1] + "…"


def _said(facet: Facet) -> str:
    """Return a statement with all that is said of it."""
    left_out = ("kind", "text", "title", "source", "language", "topics", "year", "id")
    more = [
        _text(getattr(facet, field.name))
        for field in fields(facet)
        if field.name not in left_out and getattr(facet, field.name) not in (None, ())
    ]
    return f"{facet.text} ({', '.join(more)})" if more else facet.text
