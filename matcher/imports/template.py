"""The empty form: a table of organisations with three invented examples, to fill in."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from matcher.domain import OrganisationType, SizeClass, Stage
from matcher.imports.columns import CONTACT_KEYS, FACET_COLUMNS, PLAIN_COLUMNS

GROUPS = 2
_FORMATTED_ROWS = 1_000

_EXAMPLES: tuple[dict[str, object], ...] = (
    {
        "id": "org:zilverwilg-composiet",
        "name": "Zilverwilg Composiet (voorbeeld)",
        "short_name": "Zilverwilg",
        "type": "company",
        "size": "small",
        "sme": True,
        "city": "Gent",
        "country": "BE",
        "region": "BE234",
        "latitude": 51.05,
        "longitude": 3.72,
        "sectors": ["biocomposieten", "machinebouw"],
        "languages": ["nl", "en"],
        "website": "https://zilverwilg.example",
        "description": "Verzonnen bedrijf dat onderdelen van vlasvezel maakt.",
        "contact": {
            "name": "Onthaal",
            "email": "info@zilverwilg.example",
            "phone": "+32 9 000 00 00",
        },
        "offers": [
            {
                "text": "Persen van onderdelen uit vlasvezel en biohars, kleine reeksen",
                "stage": "production",
                "trl_min": 6,
                "trl_max": 8,
                "certifications": ["ISO 9001"],
                "valid_until": "2099-12-31",
            },
            {"text": "Ontwerp van matrijzen voor composiet", "stage": "development"},
        ],
        "needs": [{"text": "Levering van vlasvezel van constante kwaliteit", "stage": "supply"}],
    },
    {
        "id": "org:institut-aubeclaire",
        "name": "Institut Aubeclaire (exemple)",
        "type": "research_institute",
        "city": "Lille",
        "country": "FR",
        "region": "FRE11",
        "sectors": ["matériaux"],
        "languages": ["fr", "en"],
        "website": "https://aubeclaire.example",
        "description": "Institut inventé qui étudie le vieillissement des matériaux.",
        "contact": {"email": "contact@aubeclaire.example"},
        "offers": [
            {
                "text": "Essais de vieillissement accéléré de composites biosourcés",
                "stage": "research",
                "trl_min": 3,
                "trl_max": 5,
                "certifications": ["ISO/IEC 17025"],
            }
        ],
        "needs": [
            {"text": "Partenaire industriel pour une ligne pilote", "stage": "pilot"},
            {"text": "Financement d'une thèse de doctorat", "stage": "finance"},
        ],
    },
    {
        "id": "org:brightmoor-robotics",
        "name": "Brightmoor Robotics (example)",
        "type": "company",
        "size": "large",
        "sme": False,
        "city": "Aachen",
        "country": "DE",
        "region": "DEA2D",
        "latitude": 50.78,
        "longitude": 6.08,
        "sectors": ["robotics", "automation"],
        "languages": ["de", "en"],
        "website": "https://brightmoor.example",
        "description": "Invented firm that builds robot cells.",
        "contact": {"name": "Partner desk", "email": "partners@brightmoor.example"},
        "offers": [
            {
                "text": "Robot cells for trimming and drilling composite parts",
                "stage": "supply",
                "trl_min": 9,
                "trl_max": 9,
                "certifications": ["CE", "ISO 10218"],
            }
        ],
        "needs": [{"text": "Training of operators in two languages", "stage": "training"}],
    },
)

_HELP = {
    "id": (
        "Vaste code, zoals org:mijn-bedrijf; leeg: wordt gemaakt",
        "Code fixe, comme org:mon-entreprise ; vide : créé",
        "Feste Kennung, wie org:meine-firma; leer: wird erzeugt",
        "Fixed code, such as org:my-firm; empty: is made",
    ),
    "name": (
        "Naam (verplicht)",
        "Nom (obligatoire)",
        "Name (Pflicht)",
        "Name (required)",
    ),
    "short_name": ("Korte naam", "Nom court", "Kurzname", "Short name"),
    "type": (
        "Soort organisatie (verplicht)",
        "Type d'organisation (obligatoire)",
        "Art der Organisation (Pflicht)",
        "Kind of organisation (required)",
    ),
    "size": ("Grootteklasse", "Classe de taille", "Größenklasse", "Size class"),
    "sme": ("Kmo: ja of nee", "PME : oui ou non", "KMU: ja oder nein", "SME: yes or no"),
    "city": ("Plaats", "Ville", "Ort", "City"),
    "country": (
        "Land, twee letters: BE",
        "Pays, deux lettres : BE",
        "Land, zwei Buchstaben: BE",
        "Country, two letters: BE",
    ),
    "region": ("NUTS-code", "Code NUTS", "NUTS-Code", "NUTS code"),
    "latitude": (
        "Breedtegraad, WGS 84",
        "Latitude, WGS 84",
        "Breitengrad, WGS 84",
        "Latitude, WGS 84",
    ),
    "longitude": (
        "Lengtegraad, WGS 84",
        "Longitude, WGS 84",
        "Längengrad, WGS 84",
        "Longitude, WGS 84",
    ),
    "sectors": (
        "Sectoren, met ; ertussen",
        "Secteurs, séparés par ;",
        "Branchen, durch ; getrennt",
        "Sectors, with ; between them",
    ),
    "languages": (
        "Talen, twee letters: nl; fr",
        "Langues, deux lettres : nl; fr",
        "Sprachen, zwei Buchstaben: nl; fr",
        "Languages, two letters: nl; fr",
    ),
    "website": (
        "Webadres met https://",
        "Adresse web avec https://",
        "Webadresse mit https://",
        "Web address with https://",
    ),
    "description": (
        "Korte beschrijving",
        "Brève description",
        "Kurze Beschreibung",
        "Short description",
    ),
    "competitors": (
        "Codes van concurrenten, nooit samen voorgesteld (niet openbaar)",
        "Codes de concurrents, jamais proposés ensemble (non public)",
        "Kennungen von Wettbewerbern, nie zusammen vorgeschlagen (nicht öffentlich)",
        "Ids of competitors, never proposed together (not public)",
    ),
    "contact_name": (
        "Contactpersoon (niet openbaar)",
        "Contact (non public)",
        "Ansprechperson (nicht öffentlich)",
        "Contact person (not public)",
    ),
    "contact_email": (
        "E-mail (niet openbaar)",
        "Courriel (non public)",
        "E-Mail (nicht öffentlich)",
        "E-mail (not public)",
    ),
    "contact_phone": (
        "Telefoon (niet openbaar)",
        "Téléphone (non public)",
        "Telefon (nicht öffentlich)",
        "Phone (not public)",
    ),
}
_KIND_HELP = {
    "offer": ("Aanbod", "Offre", "Angebot", "Offer"),
    "need": ("Behoefte", "Besoin", "Bedarf", "Need"),
}
_PART_HELP = {
    "text": (
        "in één of twee zinnen",
        "en une ou deux phrases",
        "in ein oder zwei Sätzen",
        "in a sentence or two",
    ),
    "stage": (
        "fase in de waardeketen",
        "étape de la chaîne de valeur",
        "Stufe der Wertschöpfungskette",
        "stage of the value chain",
    ),
    "trl": ("TRL: 6 of 4-7", "TRL : 6 ou 4-7", "TRL: 6 oder 4-7", "TRL: 6 or 4-7"),
    "certifications": (
        "certificaten, met ; ertussen",
        "certifications, séparées par ;",
        "Zertifikate, durch ; getrennt",
        "certifications, with ; between them",
    ),
    "valid_until": (
        "geldig tot: 2027-12-31 of 31/12/2027",
        "valable jusqu'au : 2027-12-31 ou 31/12/2027",
        "gültig bis: 2027-12-31 oder 31/12/2027",
        "valid until: 2027-12-31 or 31/12/2027",
    ),
}


def write_template(path: Path) -> None:
    """Write the form as .csv, .xlsx or .ndjson; raises ValueError for any other suffix."""
    writers = {".csv": _write_csv, ".xlsx": _write_xlsx, ".ndjson": _write_ndjson}
    writer = writers.get(path.suffix.lower())
    if writer is None:
        raise ValueError(f"no template for {path.suffix!r}: .csv, .xlsx or .ndjson")
    writer(path)


def columns() -> list[str]:
    """Return the columns of the form in their order."""
    groups = [
        f"{kind}_{number}_{part}"
        for kind in ("offer", "need")
        for number in range(1, GROUPS + 1)
        for part in FACET_COLUMNS
    ]
    return [*PLAIN_COLUMNS, *(f"contact_{key}" for key in CONTACT_KEYS), *groups]


def _flat(example: dict[str, object]) -> dict[str, str]:
    """Return an example as the cells of a row."""
    row: dict[str, str] = {}
    for key, value in example.items():
        if isinstance(value, dict):
            row.update({f"{key}_{part}": str(cell) for part, cell in value.items()})
        elif key in ("offers", "needs") and isinstance(value, list):
            for number, facet in enumerate(value, start=1):
                row.update(_flat_facet(facet, f"{key[:-1]}_{number}_"))
        else:
            row[key] = _cell(value)
    return row


def _flat_facet(facet: dict[str, object], stem: str) -> dict[str, str]:
    row = {stem + part: _cell(facet[part]) for part in FACET_COLUMNS if part in facet}
    if "trl_min" in facet:
        least, most = facet["trl_min"], facet["trl_max"]
        row[f"{stem}trl"] = f"{least}" if least == most else f"{least}-{most}"
    return row


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return "; ".join(str(item) for item in value)
    return str(value)


def _write_csv(path: Path) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, columns(), restval="", delimiter=";")
        writer.writeheader()
        writer.writerows(_flat(example) for example in _EXAMPLES)


def _write_ndjson(path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for example in _EXAMPLES:
            file.write(json.dumps(example, ensure_ascii=False) + "\n")


def _write_xlsx(path: Path) -> None:
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = "Organisations"
    names = columns()
    sheet.append(names)
    for example in _EXAMPLES:
        row = _flat(example)
        cells: list[object] = [row.get(name) or None for name in names]
        for name in ("latitude", "longitude"):
            cells[names.index(name)] = example.get(name)
        sheet.append(cells)
    for number, name in enumerate(names, start=1):
        _dress(sheet, number, name)
    sheet.freeze_panes = "C2"
    _help_sheet(book.create_sheet("Help"), names)
    book.save(path)


def _dress(sheet: Worksheet, number: int, name: str) -> None:
    """Give a column its width, its list of choices and, where Excel would guess, a text format."""
    letter = get_column_letter(number)
    sheet.column_dimensions[letter].width = 40 if name.endswith(("_text", "description")) else 18
    sheet.cell(1, number).font = Font(bold=True)
    choices = {"type": OrganisationType, "size": SizeClass}.get(name)
    words = list(Stage) if name.endswith("_stage") else list(choices or ())
    if words:
        listed = '"' + ",".join(words) + '"'
        validation = DataValidation(type="list", formula1=listed, allow_blank=True)
        sheet.add_data_validation(validation)
        validation.add(f"{letter}2:{letter}{_FORMATTED_ROWS}")
    if name.endswith(("_trl", "_phone")):  # Excel reads 4-7 as the fourth of July
        for row in range(2, _FORMATTED_ROWS + 1):
            sheet.cell(row, number).number_format = "@"


def _help_sheet(sheet: Worksheet, names: list[str]) -> None:
    sheet.append(["column", "nl", "fr", "de", "en", "values"])
    choices = {"type": OrganisationType, "size": SizeClass}
    for name in names:
        values = ", ".join(Stage if name.endswith("_stage") else choices.get(name, ()))
        sheet.append([name, *_help(name), values or None])
    for number in range(1, 7):
        sheet.cell(1, number).font = Font(bold=True)
        sheet.column_dimensions[get_column_letter(number)].width = 20 if number == 1 else 48


def _help(name: str) -> tuple[str, ...]:
    if name in _HELP:
        return _HELP[name]
    kind, number, part = name.split("_", 2)
    pairs = zip(_KIND_HELP[kind], _PART_HELP[part], strict=True)
    return tuple(f"{what} {number}, {how}" for what, how in pairs)
