"""Projects of any source, one JSON object a line, with the organisations that took part."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from matcher.domain import Facet, FacetKind, Participation, Project, Role
from matcher.imports.organisations import (
    ID_PATTERN,
    MAX_FAULTS,
    also_of,
    id_expected,
    no_id,
)
from matcher.imports.readers import read_table, refused
from matcher.imports.row_errors import Batch, RowError, say, shown
from matcher.imports.validation import Checker, folded

KEYS = ("id", "title", "text", "year", "topics", "participants")
PARTICIPANT_KEYS = ("organisation", "role")
MAX_PARTICIPANTS = 1_000
_ROLES = {folded(role.value): role for role in Role}


def read_projects(path: Path, known_ids: Collection[str] | None = None) -> Batch:
    """Read a .ndjson file of projects; raises ImportRefused with all faults.

    Where `known_ids` is given, a participant that isn't among them is a fault.
    """
    if path.suffix.lower() not in (".ndjson", ".jsonl"):
        expected = say("a name ending in .ndjson")
        raise refused(path.name, say("unknown kind of file"), expected)
    known = None if known_ids is None else frozenset(known_ids)
    batch = Batch()
    lines: dict[str, int] = {}
    for line, row in read_table(path):
        project, faults = _project(row, known, path.name, line)
        source = project.facet.source if project is not None else None
        if project is not None and source is not None:
            if source in lines:
                problem = also_of(source, lines[source])
                faults = [RowError(path.name, line, "id", problem, say("each project once"))]
            else:
                lines[source] = line
                batch.projects.append(project)
        if faults:
            batch.skipped += 1
            batch.faults.extend(faults)
        if len(batch.faults) >= MAX_FAULTS:
            break
    return batch.settle(skip_invalid=False)


def _project(
    row: Mapping[str, object], known: frozenset[str] | None, file: str, line: int
) -> tuple[Project | None, list[RowError]]:
    check = Checker(file, line)
    check.keys(row, KEYS)
    source = check.text(row.get("id"), "id", 200)
    if source is None or not ID_PATTERN.fullmatch(source):
        check.wrong("id", no_id(source), id_expected("cordis:306321"))
    before = len(check.faults)
    title = check.text(row.get("title"), "title", 2_000)
    text = check.text(row.get("text"), "text", 100_000, lines=True)
    if not title and not text and len(check.faults) == before:
        check.wrong("title", say("empty"), say("a title or a text"))
    year = check.whole(row.get("year"), "year", 1900, 2200)
    topics = check.texts(row.get("topics"), "topics", 200, 500)
    held = _participants(row.get("participants"), known, check)
    if check.faults:
        return None, check.faults
    facet = Facet(
        kind=FacetKind.EVIDENCE,
        text=text or "",
        title=title,
        source=source,
        topics=tuple(sorted(topics)),
        year=year,
    )
    ordered = sorted(held.items(), key=lambda one: (one[1] is not Role.COORDINATOR, one[0]))
    return Project(facet, tuple(Participation(who, role, year) for who, role in ordered)), []


def _participants(value: object, known: frozenset[str] | None, check: Checker) -> dict[str, Role]:
    """Return the role of each organisation; who coordinates and participates, coordinates."""
    held: dict[str, Role] = {}
    for at, item in enumerate(check.items(value, "participants", MAX_PARTICIPANTS)):
        path = f"participants[{at}]"
        given = check.mapping({} if item is None else item, path)
        if given is None:
            continue
        check.keys(given, PARTICIPANT_KEYS, f"{path}.")
        before = len(check.faults)
        who = check.text(given.get("organisation"), f"{path}.organisation", 200)
        role = check.choice(given.get("role"), f"{path}.role", _ROLES) or Role.PARTICIPANT
        if len(check.faults) > before:
            continue
        if who is None or not ID_PATTERN.fullmatch(who):
            check.wrong(f"{path}.organisation", no_id(who), say("an organisation's id"))
        elif known is not None and who not in known:
            problem = say("no organisation %(id)s", id=shown(who))
            check.wrong(f"{path}.organisation", problem, say("an id that was imported before"))
        elif held.get(who) is not Role.COORDINATOR:
            held[who] = role
    return held
