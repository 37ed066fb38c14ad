"""The layout of the CORDIS bulk files: a folder or zip with project, organization, euroSciVoc."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from matcher.domain import (
    Facet,
    FacetKind,
    Organisation,
    OrganisationType,
    Participation,
    Place,
    Project,
    Role,
)
from matcher.imports.cells import iso_date
from matcher.imports.cordis_files import DAMAGED, FILE_NAMES, CordisFiles
from matcher.imports.readers import refused
from matcher.imports.row_errors import Batch, ImportRefused, RowError
from matcher.messages import Message, quoted, say
from matcher.progress import Progress
from matcher.validation import (
    COUNTRY_ALIASES,
)

TYPES = {
    "HES": OrganisationType.HIGHER_EDUCATION,
    "REC": OrganisationType.RESEARCH_INSTITUTE,
    "PRC": OrganisationType.COMPANY,
    "PUB": OrganisationType.PUBLIC_BODY,
    "OTH": OrganisationType.OTHER,
    "": OrganisationType.OTHER,
}
YES, NO = {"true", "yes", "y", "1"}, {"false", "no", "n", "0"}


def read_cordis(
    path: Path, *, skip_invalid: bool = False, progress: Progress | None = None
) -> Batch:
    """Read a folder or zip; raises ImportRefused with all faults unless `skip_invalid`.

    It is also raised where projects are left and nobody that took part in any: stored as they are,
    they would take all participations away that the store holds.

    An organisation takes each value from its latest project that states it. Organisations and
    projects come out sorted by id.
    """
    report = progress or (lambda stage, done, total: None)
    batch = Batch(complete_profiles=False)
    source: CordisFiles | None = None
    try:
        source = CordisFiles(path)
        facets = _projects(source, batch)
        report("read", 1, 3)
        _topics(source, batch, facets)
        report("read", 2, 3)
        _participations(source, batch, facets)
        report("read", 3, 3)
    except DAMAGED as error:
        problem = say("the zip is damaged or encrypted")
        raise refused(path.name, problem, say("a readable zip")) from error
    finally:
        if source is not None:
            source.close()
    batch.skipped = len(batch.faults)
    batch.settle(skip_invalid=skip_invalid)
    if batch.projects and not batch.organisations:
        problem = say("nobody took part in any of the projects")
        expected = say("the organisations that took part, one a line")
        fault = RowError(FILE_NAMES["organization"][0], 0, "", problem, expected)
        raise ImportRefused([fault, *batch.faults])
    return batch


def _projects(source: CordisFiles, batch: Batch) -> dict[str, tuple[Facet, str]]:
    """Return facet and start date by project id."""
    found: dict[str, tuple[Facet, str]] = {}
    for name, line, row in source.rows("project"):
        title = " ".join(row.get("title", "").split())
        text = row.get("objective", "")
        start = iso_date(row.get("startdate", ""))
        if not row.get("id"):
            batch.faults.append(RowError(name, line, "id", say("empty"), say("the project's id")))
        elif not title and not text:
            expected = say("a title or an objective")
            batch.faults.append(RowError(name, line, "title", say("empty"), expected))
        elif start is None:
            problem = say("%(value)s isn't a date", value=quoted(row.get("startdate")))
            batch.faults.append(RowError(name, line, "startDate", problem, say("YYYY-MM-DD")))
        else:
            facet = Facet(
                kind=FacetKind.EVIDENCE,
                text=text,
                title=title or None,
                source=f"cordis:{row['id']}",
                year=int(start[:4]) if start else None,
            )
            found[row["id"]] = (facet, start)
    return found


def _topics(source: CordisFiles, batch: Batch, facets: dict[str, tuple[Facet, str]]) -> None:
    topics: defaultdict[str, set[str]] = defaultdict(set)
    for name, line, row in source.rows("euroscivoc"):
        if row["projectid"] not in facets:
            problem = say("no project %(id)s", id=quoted(row["projectid"]))
            expected = say("an id of project.csv")
            batch.faults.append(RowError(name, line, "projectID", problem, expected))
        elif row["euroscivocpath"]:
            topics[row["projectid"]].add(row["euroscivocpath"])
    for project, paths in topics.items():
        facet, start = facets[project]
        facets[project] = (replace(facet, topics=tuple(sorted(paths))), start)


def _participations(
    source: CordisFiles, batch: Batch, facets: dict[str, tuple[Facet, str]]
) -> None:
    statements: defaultdict[str, list[tuple[str, str, Organisation]]] = defaultdict(list)
    owners: defaultdict[str, dict[str, Role]] = defaultdict(dict)
    for name, line, row in source.rows("organization"):
        known = facets.get(row["projectid"])
        if known is None:
            problem = say("no project %(id)s", id=quoted(row["projectid"]))
            expected = say("an id of project.csv")
            batch.faults.append(RowError(name, line, "projectID", problem, expected))
            continue
        organisation, faults = _organisation(row, name, line)
        if organisation is None:
            batch.faults.extend(faults)
            continue
        coordinates = row.get("role", "").casefold() == Role.COORDINATOR.value
        held = owners[row["projectid"]]
        if coordinates or organisation.id not in held:
            held[organisation.id] = Role.COORDINATOR if coordinates else Role.PARTICIPANT
        statements[organisation.id].append((known[1], row["projectid"], organisation))
    for _, said in sorted(statements.items()):
        said.sort(key=lambda one: (one[0], one[1], repr(one[2])), reverse=True)
        batch.organisations.append(_merged([one[2] for one in said]))
    for project, (facet, _) in sorted(facets.items()):
        held = owners.get(project, {})
        ordered = sorted(held.items(), key=lambda one: (one[1] is not Role.COORDINATOR, one[0]))
        batch.projects.append(
            Project(facet, tuple(Participation(who, role, facet.year) for who, role in ordered))
        )


def _organisation(
    row: dict[str, str], file: str, line: int
) -> tuple[Organisation | None, list[RowError]]:
    faults: list[RowError] = []

    def wrong(column: str, problem: Message, expected: Message) -> None:
        faults.append(RowError(file, line, column, problem, expected))

    identifier, name = row["organisationid"], " ".join(row["name"].split())
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,120}", identifier):
        problem = say("%(value)s isn't an id", value=quoted(identifier))
        wrong("organisationID", problem, say("letters and digits"))
    if not 0 < len(name) <= 300:
        problem = say("empty or longer than 300 characters")
        wrong("name", problem, say("the organisation's name"))
    kind = TYPES.get(row.get("activitytype", "").upper())
    if kind is None:
        problem = say("%(value)s isn't a type", value=quoted(row["activitytype"]))
        wrong("activityType", problem, say("HES, REC, PRC, PUB or OTH"))
    flag = row.get("sme", "").casefold()
    if flag and flag not in YES | NO:
        wrong("SME", say("%(value)s isn't a flag", value=quoted(flag)), say("true or false"))
    country = row.get("country", "").upper()
    country = COUNTRY_ALIASES.get(country, country)
    if country and not re.fullmatch(r"[A-Z]{2}", country):
        problem = say("%(value)s isn't a code", value=quoted(country))
        wrong("country", problem, say("two letters"))
    point = coordinates_of(row.get("geolocation", ""))
    if point is None:
        problem = say("%(value)s isn't a place", value=quoted(row["geolocation"]))
        wrong("geolocation", problem, say("latitude,longitude in degrees"))
    if faults or kind is None or point is None:
        return None, faults
    city = row.get("city", "")
    website = row.get("organizationurl", "")
    region = row.get("nutscode", "").upper()
    place = Place(
        (city.title() if city.isupper() else city)[:200] or None,
        country or None,
        region if re.fullmatch(r"[A-Z]{2}[0-9A-Z]{0,3}", region) else None,
        *point,
    )
    organisation = Organisation(
        id=f"cordis:{identifier}",
        name=name,
        type=kind,
        short_name=" ".join(row.get("shortname", "").split())[:300] or None,
        sme=(flag in YES) if flag else None,
        place=place,
        website=website[:500] if re.match(r"https?://", website) else None,
    )
    return organisation, []


def _merged(said: list[Organisation]) -> Organisation:
    """Return the first statement, its blanks filled from the later ones in the list."""

    def first(values: Iterator[Any]) -> Any:
        return next((value for value in values if value is not None), None)

    known = [one.type for one in said if one.type is not OrganisationType.OTHER]
    located = [one.place for one in said if one.place.latitude is not None]
    place = Place(
        first(one.place.city for one in said),
        first(one.place.country for one in said),
        first(one.place.region for one in said),
        located[0].latitude if located else None,
        located[0].longitude if located else None,
    )
    return Organisation(
        id=said[0].id,
        name=said[0].name,
        type=known[0] if known else OrganisationType.OTHER,
        short_name=first(one.short_name for one in said),
        sme=first(one.sme for one in said),
        place=place,
        website=first(one.website for one in said),
    )


def coordinates_of(value: str) -> tuple[float | None, float | None] | None:
    """Return (latitude, longitude) of a text, (None, None) of a blank, None of anything else.

    Decimal points or decimal commas; parentheses may stand around.
    """
    text = value.strip("() ")
    if not text:
        return None, None
    parts = re.split(r"[;\s]+|,\s+", text)
    if len(parts) != 2:
        parts = text.split(",")
        if len(parts) == 4:
            parts = [".".join(parts[:2]), ".".join(parts[2:])]
    try:
        latitude, longitude = (float(part.replace(",", ".")) for part in parts)
    except ValueError:
        return None
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        return None
    return latitude, longitude
