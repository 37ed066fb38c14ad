"""The project's own table of organisations: flat CSV or XLSX rows, or nested NDJSON objects."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from babel import Locale
from email_validator import validate_email

from matcher.domain import (
    Contact,
    Facet,
    FacetKind,
    Organisation,
    OrganisationType,
    Place,
    SizeClass,
    Stage,
)
from matcher.identifiers import organisation_id
from matcher.imports.cordis import COUNTRIES
from matcher.imports.readers import clean, read_table, refused
from matcher.imports.row_errors import Batch, ImportRefused, Message, RowError, say, shown
from matcher.imports.validation import Checker, folded, nearest, vocabulary
from matcher.progress import Progress

MAX_FACETS = 200
MAX_FAULTS = 10_000
ID_PATTERN = re.compile(r"[a-z0-9]+:[A-Za-z0-9._-]{1,120}")
PLAIN_COLUMNS = (
    "id",
    "name",
    "short_name",
    "type",
    "size",
    "sme",
    "city",
    "country",
    "region",
    "latitude",
    "longitude",
    "sectors",
    "languages",
    "website",
    "description",
    "competitors",
)
CONTACT_KEYS = ("name", "email", "phone")
FACET_COLUMNS = ("text", "stage", "trl", "certifications", "valid_until")
FACET_KEYS = ("text", "stage", "trl_min", "trl_max", "certifications", "valid_until")
KEYS = (*PLAIN_COLUMNS, "contact", "offers", "needs")

_GROUP = re.compile(rf"(offer|need)_([1-9][0-9]{{0,3}})_({'|'.join(FACET_COLUMNS)})")
_NO_COUNTRY = {"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"}
_YES = {"yes", "y", "ja", "j", "oui", "o", "true", "1", "vrai", "wahr", "waar"}
_NO = {"no", "n", "nee", "non", "nein", "false", "0", "faux", "falsch", "onwaar"}

TYPE_WORDS = {
    OrganisationType.COMPANY: "firm,business,enterprise,bedrijf,onderneming,firma,entreprise,"
    "société,unternehmen,betrieb",
    OrganisationType.RESEARCH_INSTITUTE: "research organisation,research centre,research,"
    "onderzoeksinstelling,onderzoeksinstituut,onderzoekscentrum,kennisinstelling,"
    "institut de recherche,organisme de recherche,centre de recherche,"
    "forschungsinstitut,forschungseinrichtung,forschungszentrum",
    OrganisationType.HIGHER_EDUCATION: "university,hoger onderwijs,universiteit,hogeschool,"
    "enseignement supérieur,université,haute école,hochschule,universität,fachhochschule",
    OrganisationType.PUBLIC_BODY: "public authority,overheid,overheidsinstelling,overheidsdienst,"
    "openbaar bestuur,organisme public,autorité publique,administration publique,"
    "behörde,öffentliche einrichtung,öffentliche stelle",
    OrganisationType.HOSPITAL: "clinic,ziekenhuis,kliniek,hôpital,clinique,krankenhaus,klinik",
    OrganisationType.CLUSTER_ORGANISATION: "cluster,clusterorganisatie,clusterorganisation,"
    "organisation de cluster,grappe,pôle de compétitivité",
    OrganisationType.CIVIL_SOCIETY: "ngo,association,civil society organisation,"
    "maatschappelijk middenveld,maatschappelijke organisatie,vereniging,vzw,société civile,"
    "ong,asbl,zivilgesellschaft,verein,nichtregierungsorganisation",
    OrganisationType.OTHER: "andere,anders,overig,overige,autre,sonstige,sonstiges",
}
SIZE_WORDS = {
    SizeClass.MICRO: "micro-onderneming,micro-entreprise,microentreprise,kleinstunternehmen",
    SizeClass.SMALL: "klein,kleine onderneming,petite,petite entreprise,kleines unternehmen",
    SizeClass.MEDIUM: "middelgroot,middelgrote onderneming,moyenne,moyenne entreprise,mittel,"
    "mittelgroß,mittleres unternehmen",
    SizeClass.LARGE: "groot,grote onderneming,grande,grande entreprise,groß,großunternehmen",
}
STAGE_WORDS = {
    Stage.RESEARCH: "onderzoek,recherche,forschung",
    Stage.DEVELOPMENT: "ontwikkeling,développement,entwicklung",
    Stage.PILOT: "proef,piloot,pilootproject,proefproject,pilote,projet pilote,pilotprojekt",
    Stage.PRODUCTION: "productie,produktion,fabrication,fertigung,herstellung",
    Stage.SUPPLY: "levering,toelevering,fourniture,approvisionnement,lieferung,zulieferung",
    Stage.MARKET: "markt,verkoop,marché,commercialisation,vente,vertrieb,vermarktung",
    Stage.REGULATION: "regelgeving,regulering,réglementation,régulation,regulierung",
    Stage.TRAINING: "opleiding,vorming,formation,ausbildung,schulung,weiterbildung",
    Stage.FINANCE: "financiering,financement,finances,finanzierung,finanzen",
}


_TYPES = vocabulary(TYPE_WORDS)
_SIZES = vocabulary(SIZE_WORDS)
_STAGES = vocabulary(STAGE_WORDS)


@cache
def country_codes() -> frozenset[str]:
    """Return the two-letter codes of countries (ISO 3166 alpha-2, and XK)."""
    codes = (str(code) for code in Locale("en").territories)
    codes = (code for code in codes if re.fullmatch("[A-Z]{2}", code))
    return frozenset(codes) - _NO_COUNTRY


def no_id(value: str | None) -> Message:
    """Return the fault of something that should have been an id."""
    return say("%(value)s isn't an id", value=shown(value or ""))


def id_expected(example: str) -> Message:
    """Return what an id looks like."""
    return say(
        "a source, a colon and letters, digits, '.', '_' or '-', such as %(example)s",
        example=example,
    )


def also_of(identifier: str, line: int) -> Message:
    """Return the fault of an id that an earlier line has too."""
    return say("%(id)s is also that of line %(line)s", id=repr(identifier), line=line)


def read_organisations(
    path: Path, *, skip_invalid: bool = False, progress: Progress | None = None
) -> Batch:
    """Read a .csv, .xlsx or .ndjson file; raises ImportRefused with all faults.

    With `skip_invalid` the rows with faults are left out, and so are unknown columns.
    """
    flat = path.suffix.lower() not in (".ndjson", ".jsonl")
    batch = Batch()
    columns: set[str] = set()
    lines: dict[str, int] = {}
    for count, (line, row) in enumerate(read_table(path)):
        if progress is not None and count % 200 == 0:
            progress("read", count, 0)
        if flat:
            _new_columns(row, columns, path.name, batch)
            organisation, faults = _from_flat(row, path.name, line)
        else:
            organisation, faults = organisation_from_mapping(row, file=path.name, line=line)
        if organisation is not None and organisation.id in lines:
            problem = also_of(organisation.id, lines[organisation.id])
            faults.append(RowError(path.name, line, "id", problem, say("each organisation once")))
        if organisation is None or faults:
            batch.skipped += 1
            batch.faults.extend(faults[: max(MAX_FAULTS - len(batch.faults), 0)])
        else:
            lines[organisation.id] = line
            batch.organisations.append(organisation)
        if len(batch.faults) >= MAX_FAULTS and not skip_invalid:
            break
    if not batch.organisations and not batch.faults:
        expected = say("at least one organisation, as in the template")
        raise refused(path.name, say("no organisation in it"), expected)
    if columns and "name" not in columns:
        unknown = [fault for fault in batch.faults if fault.line == 1]
        problem, expected = say("the column is missing"), say("a column 'name'")
        missing = RowError(path.name, 1, "name", problem, expected)
        raise ImportRefused([missing, *unknown])
    if flat:
        batch.silent = _without_columns(columns)
    return batch.settle(skip_invalid=skip_invalid)


def organisation_from_mapping(
    mapping: Mapping[str, object], *, file: str = "", line: int = 0
) -> tuple[Organisation | None, list[RowError]]:
    """Return the organisation that a nested mapping states, or None and what is wrong."""
    check = Checker(file, line)
    check.keys(mapping, KEYS)
    name = check.text(mapping.get("name"), "name", 300)
    if name is None and not any(fault.column == "name" for fault in check.faults):
        check.wrong("name", say("empty"), say("the organisation's name, 1 to 300 characters"))
    kind = check.choice(mapping.get("type"), "type", _TYPES)
    if kind is None and not any(fault.column == "type" for fault in check.faults):
        check.wrong("type", say("empty"), ", ".join(OrganisationType))
    place = _place(mapping, check)
    size = check.choice(mapping.get("size"), "size", _SIZES)
    identifier = check.text(mapping.get("id"), "id", 200)
    if identifier is not None and not ID_PATTERN.fullmatch(identifier):
        check.wrong("id", no_id(identifier), id_expected("org:acme-1"))
    description = check.text(mapping.get("description"), "description", 5_000, lines=True)
    organisation = Organisation(
        id=identifier or organisation_id(name or "", place.country, place.city),
        name=name or "",
        type=kind or OrganisationType.OTHER,
        short_name=check.text(mapping.get("short_name"), "short_name", 300),
        size=size,
        sme=_sme(mapping.get("sme"), size, check),
        place=place,
        sectors=check.texts(mapping.get("sectors"), "sectors", 50, 100),
        languages=_languages(mapping.get("languages"), check),
        website=_website(mapping.get("website"), check),
        description=description,
        contact=_contact(mapping.get("contact"), check),
        competitors=_competitors(mapping.get("competitors"), check),
        offers=_facets(mapping.get("offers"), FacetKind.OFFER, check),
        needs=_facets(mapping.get("needs"), FacetKind.NEED, check),
    )
    return (None if check.faults else organisation), check.faults


def _place(mapping: Mapping[str, object], check: Checker) -> Place:
    city = check.text(mapping.get("city"), "city", 200)
    country = check.text(mapping.get("country"), "country", 100)
    if country is not None:
        country = COUNTRIES.get(country.upper(), country.upper())
        if country not in country_codes():
            problem = say("%(value)s isn't a country", value=shown(country))
            check.wrong("country", problem, say("two letters of ISO 3166, such as BE"))
    region = check.text(mapping.get("region"), "region", 100)
    if region is not None:
        region = region.upper()
        if not re.fullmatch(r"[A-Z]{2}[0-9A-Z]{0,3}", region):
            problem = say("%(value)s isn't a region", value=shown(region))
            check.wrong("region", problem, say("a NUTS code, such as BE213"))
    before = len(check.faults)
    latitude = check.number(mapping.get("latitude"), "latitude", -90, 90)
    longitude = check.number(mapping.get("longitude"), "longitude", -180, 180)
    if len(check.faults) == before and (latitude is None) != (longitude is None):
        absent = "latitude" if latitude is None else "longitude"
        check.wrong(absent, say("empty"), say("both latitude and longitude, or neither"))
    return Place(city, country, region, latitude, longitude)


def _sme(value: object, size: SizeClass | None, check: Checker) -> bool | None:
    follows = None if size is None else size is not SizeClass.LARGE
    if isinstance(value, bool):
        stated: bool | None = value
    else:
        word = check.text(value, "sme", 100)
        if word is None:
            return follows
        if folded(word) not in _YES | _NO:
            problem = say("%(value)s isn't yes or no", value=shown(word))
            check.wrong("sme", problem, say("yes or no"))
            return None
        stated = folded(word) in _YES
    if size is not None and stated is not follows:
        problem = say("doesn't go with the size %(size)s", size=repr(size.value))
        check.wrong("sme", problem, say("yes, or nothing") if follows else say("no, or nothing"))
    return stated


def _competitors(value: object, check: Checker) -> tuple[str, ...]:
    named = check.texts(value, "competitors", 100, 200)
    for one in named:
        if not ID_PATTERN.fullmatch(one):
            expected = say("ids of organisations, such as %(example)s", example="org:acme-1")
            check.wrong("competitors", no_id(one), expected)
    return named


def _languages(value: object, check: Checker) -> tuple[str, ...]:
    found = []
    for code in check.texts(value, "languages", 50, 100):
        if not re.fullmatch("[A-Za-z]{2}", code):
            problem = say("%(value)s isn't a language", value=shown(code))
            check.wrong("languages", problem, say("two letters, such as nl"))
        found.append(code.lower())
    return tuple(dict.fromkeys(found))


def _website(value: object, check: Checker) -> str | None:
    website = check.text(value, "website", 500)
    if website is None:
        return None
    try:
        parts = urlsplit(website)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and " " not in website
    except ValueError:
        good = False
    if not good:
        problem = say("%(value)s isn't a web address", value=shown(website))
        check.wrong("website", problem, say("http:// or https:// first"))
    return website


def _contact(value: object, check: Checker) -> Contact | None:
    given = check.mapping(value, "contact")
    if given is None:
        return None
    check.keys(given, CONTACT_KEYS, "contact.")
    name = check.text(given.get("name"), "contact.name", 200)
    phone = check.text(given.get("phone"), "contact.phone", 50)
    email = check.text(given.get("email"), "contact.email", 254)
    if email is not None:
        try:
            email = validate_email(
                email, check_deliverability=False, test_environment=True
            ).normalized
        except ValueError:  # EmailNotValidError is one
            problem = say("%(value)s isn't an e-mail address", value=shown(email))
            check.wrong("contact.email", problem, say("name@organisation.example"))
    return Contact(name, email, phone) if name or email or phone else None


def _facets(value: object, kind: FacetKind, check: Checker) -> tuple[Facet, ...]:
    found: dict[str, Facet] = {}
    for at, item in enumerate(check.items(value, f"{kind.value}s", MAX_FACETS)):
        path = f"{kind.value}s[{at}]"
        given = check.mapping(item, path)
        if given is None:
            if item is None:
                check.wrong(path, say("empty"), say("an object"))
            continue
        facet = _facet(given, kind, path, check)
        found.setdefault(folded(facet.text), facet)
    return tuple(found.values())


def _facet(given: Mapping[str, object], kind: FacetKind, path: str, check: Checker) -> Facet:
    check.keys(given, FACET_KEYS, f"{path}.")
    before = len(check.faults)
    text = check.text(given.get("text"), f"{path}.text", 5_000, lines=True) or ""
    if len(text) < 3 and len(check.faults) == before:
        problem = say("%(count)s characters", count=len(text)) if text else say("empty")
        check.wrong(f"{path}.text", problem, say("3 to 5000 characters"))
    stage = check.choice(given.get("stage"), f"{path}.stage", _STAGES)
    least = check.whole(given.get("trl_min"), f"{path}.trl_min", 1, 9)
    most = check.whole(given.get("trl_max"), f"{path}.trl_max", 1, 9)
    if least is not None and most is not None and least > most:
        problem = say("%(least)s is more than %(most)s", least=least, most=most)
        check.wrong(f"{path}.trl_min", problem, say("the lower TRL first"))
    certifications = check.texts(given.get("certifications"), f"{path}.certifications", 50, 200)
    return Facet(
        kind=kind,
        text=text,
        stage=stage,
        trl_min=least,
        trl_max=most,
        certifications=certifications,
        valid_until=check.day(given.get("valid_until"), f"{path}.valid_until"),
    )


def _new_columns(row: Mapping[str, object], seen: set[str], file: str, batch: Batch) -> None:
    """Fault the columns that nobody knows, each once."""
    for column in row:
        if column in seen:
            continue
        seen.add(column)
        if not _known_column(column) and len(batch.faults) < MAX_FAULTS:
            number = re.search("[1-9][0-9]{0,2}", column)
            known = [*PLAIN_COLUMNS, *(f"contact_{key}" for key in CONTACT_KEYS)]
            for kind in ("offer", "need"):
                group = f"{kind}_{number.group() if number else 1}_"
                known.extend(group + part for part in FACET_COLUMNS)
            problem = say("%(value)s isn't a known column", value=shown(column))
            batch.faults.append(RowError(file, 1, column[:200], problem, nearest(column, known)))


def _without_columns(columns: Collection[str]) -> frozenset[str]:
    """Return what of an organisation no column tells."""
    groups = {match[1] for match in map(_GROUP.fullmatch, columns) if match}
    silent = {f"{kind}s" for kind in ("offer", "need") if kind not in groups}
    return frozenset({one for one in PLAIN_COLUMNS if one not in columns} | silent)


def _known_column(column: str) -> bool:
    contact = column.startswith("contact_") and column[8:] in CONTACT_KEYS
    return column in PLAIN_COLUMNS or contact or _GROUP.fullmatch(column) is not None


def _from_flat(
    row: Mapping[str, object], file: str, line: int
) -> tuple[Organisation | None, list[RowError]]:
    nested, columns = _nested(row)
    organisation, faults = organisation_from_mapping(nested, file=file, line=line)
    placed = []
    for fault in faults:
        plain = re.sub(r"\[\d+\]$", "", fault.column)
        column = columns.get(fault.column) or columns.get(plain) or plain
        placed.append(replace(fault, column=column))
    return organisation, placed


def _nested(row: Mapping[str, object]) -> tuple[dict[str, object], dict[str, str]]:
    """Return the nested form of a flat row, and the column of each of its paths."""
    nested: dict[str, object] = {}
    contact: dict[str, object] = {}
    groups: dict[tuple[str, int], dict[str, str]] = {}
    for column, value in row.items():
        text = clean(value)
        group = _GROUP.fullmatch(column)
        if not text:
            continue
        if group is not None:
            groups.setdefault((group[1], int(group[2])), {})[group[3]] = text
        elif column.startswith("contact_") and _known_column(column):
            contact[column[8:]] = text
        elif column in PLAIN_COLUMNS:
            nested[column] = text
    columns = {f"contact.{key}": f"contact_{key}" for key in CONTACT_KEYS}
    if contact:
        nested["contact"] = contact
    for column, between in (("sectors", ";"), ("languages", "[;,]")):
        if column in nested:
            nested[column] = re.split(between, str(nested[column]))
    for kind in ("offer", "need"):
        facets: list[object] = []
        for (_, number), cells in sorted(item for item in groups.items() if item[0][0] == kind):
            path, stem = f"{kind}s[{len(facets)}]", f"{kind}_{number}_"
            columns.update({f"{path}.{part}": stem + part for part in FACET_COLUMNS})
            columns.update({f"{path}.trl_min": f"{stem}trl", f"{path}.trl_max": f"{stem}trl"})
            facets.append(_nested_facet(cells))
        nested[f"{kind}s"] = facets
    return nested, columns


def _nested_facet(cells: Mapping[str, str]) -> dict[str, object]:
    facet: dict[str, object] = {}
    for part, text in cells.items():
        if part == "trl":
            span = re.fullmatch(r"([0-9]+)\s*(?:-|–|—|\.\.)\s*([0-9]+)", text)
            facet["trl_min"], facet["trl_max"] = span.groups() if span else (text, None)
            if span is None and text.isdecimal():
                facet["trl_max"] = text
        elif part == "certifications":
            facet[part] = text.split(";")
        else:
            facet[part] = text
    return facet
