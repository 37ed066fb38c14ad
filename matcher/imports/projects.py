"""Projects of any source, one JSON object a line, with the organisations that took part."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from pydantic import Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from matcher.domain import Facet, FacetKind, Participation, Project, Role
from matcher.imports.cells import cleaned
from matcher.imports.readers import read_table, refused
from matcher.imports.row_errors import MAX_ERRORS, Batch, RowError, also_of, row_errors
from matcher.messages import quoted, say
from matcher.validation import (
    MAX_TOPICS,
    OrganisationId,
    ProjectText,
    ProjectTitle,
    Strict,
    Topic,
    Year,
    folded,
)

MAX_PARTICIPANTS = 1_000


class ParticipantIn(Strict):
    """An organisation that took part, and in which role."""

    organisation: OrganisationId
    role: Role = Role.PARTICIPANT


class ProjectIn(Strict):
    """A past project: at least a title or a text."""

    id: OrganisationId
    title: ProjectTitle = ""
    text: ProjectText = ""
    year: Year | None = None
    topics: list[Topic] = Field(default=[], max_length=MAX_TOPICS)
    participants: list[ParticipantIn] = Field(default=[], max_length=MAX_PARTICIPANTS)

    @model_validator(mode="after")
    def _says_something(self) -> ProjectIn:
        if not self.title and not self.text:
            problem = "give a title or a text"
            raise PydanticCustomError("nothing_said", problem, {"field": "title"})
        return self


KEYS = tuple(ProjectIn.model_fields)


def read_projects(path: Path, known_ids: Collection[str] | None = None) -> Batch:
    """Read a .ndjson file of projects; raises ImportRefused with all errors.

    Where `known_ids` is given, a participant that isn't among them is an error.
    """
    if path.suffix.lower() not in (".ndjson", ".jsonl"):
        expected = say("a name ending in .ndjson")
        raise refused(path.name, say("unknown kind of file"), expected)
    known = None if known_ids is None else frozenset(known_ids)
    batch = Batch()
    lines: dict[str, int] = {}
    for line, row in read_table(path):
        project, errors = _project(row, known, path.name, line)
        source = project.facet.source if project is not None else None
        if project is not None and source is not None:
            if source in lines:
                problem = also_of(source, lines[source])
                errors = [RowError(path.name, line, "id", problem, say("each project once"))]
            else:
                lines[source] = line
                batch.projects.append(project)
        if errors:
            batch.skipped += 1
            batch.faults.extend(errors)
        if len(batch.faults) >= MAX_ERRORS:
            break
    return batch.settle(skip_invalid=False)


def _project(
    row: Mapping[str, object], known: frozenset[str] | None, file: str, line: int
) -> tuple[Project | None, list[RowError]]:
    try:
        body = ProjectIn.model_validate(_values(row))
    except ValidationError as error:
        return None, row_errors(error, ProjectIn, file, line)
    errors = _unknown_participants(body, known, file, line)
    if errors:
        return None, errors
    facet = Facet(
        kind=FacetKind.EVIDENCE,
        text=body.text,
        title=body.title or None,
        source=body.id,
        topics=tuple(sorted(set(body.topics))),
        year=body.year,
    )
    roles: dict[str, Role] = {}
    for participant in body.participants:  # who coordinates and participates, coordinates
        if roles.get(participant.organisation) is not Role.COORDINATOR:
            roles[participant.organisation] = participant.role
    ordered = sorted(roles.items(), key=lambda item: (item[1] is not Role.COORDINATOR, item[0]))
    owners = tuple(Participation(organisation, role, body.year) for organisation, role in ordered)
    return Project(facet, owners), []


def _values(row: Mapping[str, object]) -> dict[str, object]:
    values = cleaned(row, KEYS)
    participants = values.get("participants")
    if isinstance(participants, list | tuple):
        values["participants"] = [_participant(item) for item in participants]
    return values


def _participant(item: object) -> object:
    if item is not None and not isinstance(item, Mapping):
        return item
    values = cleaned(item or {})
    role = values.get("role")
    return {**values, "role": folded(role)} if isinstance(role, str) else values


def _unknown_participants(
    body: ProjectIn, known: frozenset[str] | None, file: str, line: int
) -> list[RowError]:
    if known is None:
        return []
    return [
        RowError(
            file,
            line,
            f"participants[{index}].organisation",
            say("no organisation %(id)s", id=quoted(participant.organisation)),
            say("an id that was imported before"),
        )
        for index, participant in enumerate(body.participants)
        if participant.organisation not in known
    ]
