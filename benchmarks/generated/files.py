"""A generated corpus as files: for the service's own import commands, and for the plain app."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.generated.corpus import GeneratedCorpus
from matcher.domain import Facet, Organisation, OrganisationType, Role

_CORDIS_TYPES = {
    OrganisationType.HIGHER_EDUCATION: "HES",
    OrganisationType.RESEARCH_INSTITUTE: "REC",
    OrganisationType.COMPANY: "PRC",
    OrganisationType.PUBLIC_BODY: "PUB",
}


def write_ndjson(corpus: GeneratedCorpus, path: Path) -> None:
    """Write the organisations for `import organisations`."""
    _write_lines(path, (_nested(organisation) for organisation, _ in corpus.organisations()))


def write_csv(corpus: GeneratedCorpus, path: Path) -> None:
    """Write the organisations as the flat table that the import page takes, too."""
    rows = [_flat(organisation) for organisation, _ in corpus.organisations()]
    columns = dict.fromkeys(column for row in rows for column in row)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(columns))
        writer.writeheader()
        writer.writerows(rows)


def write_cordis(corpus: GeneratedCorpus, folder: Path) -> None:
    """Write the past projects and who took part, for `import cordis`."""
    folder.mkdir(parents=True, exist_ok=True)
    known = {organisation.id: organisation for organisation, _ in corpus.organisations()}
    projects = [project for project, _ in corpus.projects()]
    ids = [str(project.facet.source).partition(":")[2] for project in projects]
    paired = list(zip(ids, projects, strict=True))
    _write_table(
        folder / "project.csv",
        ("id", "title", "objective", "startDate"),
        (
            (number, str(one.facet.title), one.facet.text, f"{one.facet.year}-01-01")
            for number, one in paired
        ),
    )
    _write_table(
        folder / "euroSciVoc.csv",
        ("projectID", "euroSciVocPath"),
        ((number, path) for number, project in paired for path in project.facet.topics),
    )
    heads = ("projectID", "organisationID", "name", "activityType", "role", "city", "country")
    _write_table(
        folder / "organization.csv",
        heads,
        (
            (number, *_participant(known[owner.organisation_id], owner.role))
            for number, project in paired
            for owner in project.participations
        ),
    )


def write_offers(corpus: GeneratedCorpus, path: Path) -> None:
    """Write the offers, one a line, with the name of the organisation, for the plain app."""
    _write_lines(
        path,
        (
            {"name": organisation.name, "text": offer.text}
            for organisation, _ in corpus.organisations()
            for offer in organisation.offers
        ),
    )


def organisation_body(organisation: Organisation) -> dict[str, Any]:
    """Return what to PUT to store an organisation through the API."""
    return {name: value for name, value in _nested(organisation).items() if name != "id"}


def _nested(organisation: Organisation) -> dict[str, Any]:
    return {
        "id": organisation.id,
        "name": organisation.name,
        "type": organisation.type.value,
        "size": organisation.size.value if organisation.size else None,
        "city": organisation.place.city,
        "country": organisation.place.country,
        "region": organisation.place.region,
        "latitude": organisation.place.latitude,
        "longitude": organisation.place.longitude,
        "sectors": list(organisation.sectors),
        "languages": list(organisation.languages),
        "website": organisation.website,
        "offers": [_statement(facet) for facet in organisation.offers],
        "needs": [_statement(facet) for facet in organisation.needs],
    }


def _statement(facet: Facet) -> dict[str, Any]:
    return {
        "text": facet.text,
        "stage": facet.stage.value if facet.stage else None,
        "trl_min": facet.trl_min,
        "trl_max": facet.trl_max,
    }


def _flat(organisation: Organisation) -> dict[str, str]:
    body = _nested(organisation)
    offers, needs = body.pop("offers"), body.pop("needs")
    body["sectors"], body["languages"] = ";".join(body["sectors"]), ";".join(body["languages"])
    for kind, statements in (("offer", offers), ("need", needs)):
        for number, statement in enumerate(statements, start=1):
            body[f"{kind}_{number}_text"] = statement["text"]
            body[f"{kind}_{number}_stage"] = statement["stage"]
    return {name: str(value) for name, value in body.items() if value is not None}


def _participant(organisation: Organisation, role: Role) -> tuple[str, ...]:
    kind = _CORDIS_TYPES.get(organisation.type, "OTH")
    place = organisation.place
    number = organisation.id.partition(":")[2]
    return number, organisation.name, kind, role.value, place.city or "", place.country or ""


def _write_lines(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _write_table(path: Path, heads: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=";", quoting=csv.QUOTE_ALL)
        writer.writerow(heads)
        writer.writerows(rows)
