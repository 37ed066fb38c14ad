"""The layout of the CORDIS bulk files: a folder or zip with project, organization, euroSciVoc."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
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
from matcher.progress import Progress, unreported
from matcher.validation import (
    COUNTRY_ALIASES,
    COUNTRY_PATTERN,
    ID_PATTERN,
    MAX_CITY_LENGTH,
    MAX_NAME_LENGTH,
    MAX_WEBSITE_LENGTH,
    REGION_PATTERN,
    one_line,
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
    """Read a folder or zip; raises ImportRefused with all errors unless `skip_invalid`.

    It is also raised where projects are left and nobody that took part in any: stored as they are,
    they would take all participations away that the store holds.

    An organisation takes each value from its latest project that states it. Organisations and
    projects come out sorted by id.
    """
    report = progress or unreported
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
    records: defaultdict[str, list[tuple[str, str, Organisation]]] = defaultdict(list)
    roles: defaultdict[str, dict[str, Role]] = defaultdict(dict)
    for name, line, row in source.rows("organization"):
        known = facets.get(row["projectid"])
        if known is None:
            problem = say("no project %(id)s", id=quoted(row["projectid"]))
            expected = say("an id of project.csv")
            batch.faults.append(RowError(name, line, "projectID", problem, expected))
            continue
        organisation, errors = _organisation(row, name, line)
        if organisation is None:
            batch.faults.extend(errors)
            continue
        coordinates = row.get("role", "").casefold() == Role.COORDINATOR.value
        held = roles[row["projectid"]]
        if coordinates or organisation.id not in held:
            held[organisation.id] = Role.COORDINATOR if coordinates else Role.PARTICIPANT
        records[organisation.id].append((known[1], row["projectid"], organisation))
    for _, dated in sorted(records.items()):
        dated.sort(key=lambda record: (record[0], record[1], repr(record[2])), reverse=True)
        batch.organisations.append(_completed([organisation for _, _, organisation in dated]))
    for project, (facet, _) in sorted(facets.items()):
        batch.projects.append(Project(facet, _owners(roles.get(project, {}), facet.year)))


def _owners(roles: dict[str, Role], year: int | None) -> tuple[Participation, ...]:
    """Return who took part: coordinators first, then by id."""
    ordered = sorted(roles.items(), key=lambda item: (item[1] is not Role.COORDINATOR, item[0]))
    return tuple(Participation(organisation, role, year) for organisation, role in ordered)


def _organisation(
    row: dict[str, str], file: str, line: int
) -> tuple[Organisation | None, list[RowError]]:
    errors: list[RowError] = []

    def wrong(column: str, problem: Message, expected: Message) -> None:
        errors.append(RowError(file, line, column, problem, expected))

    identifier, name = row["organisationid"], one_line(row["name"])
    if not re.fullmatch(ID_PATTERN, f"cordis:{identifier}"):
        problem = say("%(value)s isn't an id", value=quoted(identifier))
        wrong("organisationID", problem, say("letters and digits"))
    if not 0 < len(name) <= MAX_NAME_LENGTH:
        problem = say("empty or longer than 300 characters")
        wrong("name", problem, say("the organisation's name"))
    kind = TYPES.get(row.get("activitytype", "").upper())
    if kind is None:
        problem = say("%(value)s isn't a type", value=quoted(row["activitytype"]))
        wrong("activityType", problem, say("HES, REC, PRC, PUB or OTH"))
    flag = row.get("sme", "").casefold()
    if flag and flag not in YES | NO:
        wrong("SME", say("%(value)s isn't a flag", value=quoted(flag)), say("true or false"))
    place = _place(row, wrong)
    if errors or kind is None or place is None:
        return None, errors
    website = row.get("organizationurl", "")
    organisation = Organisation(
        id=f"cordis:{identifier}",
        name=name,
        type=kind,
        short_name=one_line(row.get("shortname", ""))[:MAX_NAME_LENGTH] or None,
        sme=(flag in YES) if flag else None,
        place=place,
        website=website[:MAX_WEBSITE_LENGTH] if re.match(r"https?://", website) else None,
    )
    return organisation, []


def _place(row: dict[str, str], wrong: Callable[[str, Message, Message], None]) -> Place | None:
    """Return the place of a row; None, after a call of `wrong`, where it can't be read.

    Old records have codes of countries that are gone, such as AN, so any two letters will do; a
    region that is no NUTS code is left out.
    """
    country = row.get("country", "").upper()
    country = COUNTRY_ALIASES.get(country, country)
    if country and not re.fullmatch(COUNTRY_PATTERN, country):
        problem = say("%(value)s isn't a code", value=quoted(country))
        wrong("country", problem, say("two letters"))
    point = coordinates_of(row.get("geolocation", ""))
    if point is None:
        problem = say("%(value)s isn't a place", value=quoted(row["geolocation"]))
        wrong("geolocation", problem, say("latitude,longitude in degrees"))
        return None
    city, region = row.get("city", ""), row.get("nutscode", "").upper()
    return Place(
        (city.title() if city.isupper() else city)[:MAX_CITY_LENGTH] or None,
        country or None,
        region if re.fullmatch(REGION_PATTERN, region) else None,
        *point,
    )


def _completed(records: list[Organisation]) -> Organisation:
    """Return the first record, its blanks filled from the later ones in the list."""

    def first(values: Iterator[Any]) -> Any:
        return next((value for value in values if value is not None), None)

    other = OrganisationType.OTHER
    types = [record.type for record in records if record.type is not other]
    places = [record.place for record in records]
    located = [place for place in places if place.latitude is not None]
    place = Place(
        first(place.city for place in places),
        first(place.country for place in places),
        first(place.region for place in places),
        located[0].latitude if located else None,
        located[0].longitude if located else None,
    )
    return Organisation(
        id=records[0].id,
        name=records[0].name,
        type=types[0] if types else other,
        short_name=first(record.short_name for record in records),
        sme=first(record.sme for record in records),
        place=place,
        website=first(record.website for record in records),
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
