from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from flask.testing import FlaskClient

WEB = Path(__file__).parent.parent.parent / "matcher" / "web"
METHODS = [("**.py", "python"), ("**.html", "jinja2")]
KEYWORDS = {
    "_": None,
    "_l": None,
    "gettext": None,
    "lazy_gettext": None,
    "ngettext": (1, 2),
}
SOURCES = [(WEB, KEYWORDS), (WEB.parent, {"say": None})]
"""Folders, and the functions in them whose texts pages show."""
HOLE = r"%\(\w+\)s"
Forms = tuple[str, ...]
"""A text; or, where it goes by a number, the one for one and the one for several."""


def catalog(language: str) -> Catalog:
    with (WEB / "translations" / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file)


def forms(text: Any) -> Forms:
    return (text,) if isinstance(text, str) else tuple(text)


def by_source(known: Catalog) -> dict[Forms, Forms]:
    return {forms(one.id): forms(one.string) for one in known if one.id}


def asked() -> set[Forms]:
    return {
        forms(message)
        for folder, keywords in SOURCES
        for _, _, message, _, _ in extract_from_dir(folder, METHODS, keywords=keywords)
    }


@pytest.mark.parametrize("language", ["nl", "fr", "de"])
def test_everything_on_pages_is_translated(language: str) -> None:
    translated = by_source(catalog(language))
    assert {("Offers",), ("%(value)s isn't a date",), ("one of %(names)s",)} < asked()
    assert ("%(num)s member", "%(num)s members") in asked()
    assert asked() - set(translated) == set()
    for sources, texts in translated.items():
        for source, text in zip(sources, texts, strict=True):
            assert text
            assert sorted(re.findall(HOLE, text)) == sorted(re.findall(HOLE, source))


@pytest.mark.parametrize("language", ["nl", "fr", "de"])
def test_compiled_catalogues_are_up_to_date(language: str) -> None:
    path = WEB / "translations" / language / "LC_MESSAGES" / "messages.mo"
    with path.open("rb") as file:
        compiled = by_source(read_mo(file))
    assert compiled == by_source(catalog(language))


@pytest.mark.parametrize(
    ("language", "heading"),
    [
        ("nl", "Wie brengt wat u nog mist?"),
        ("fr", "Qui apporte ce qui vous manque encore ?"),
        ("de", "Wer bringt, was Ihnen noch fehlt?"),
        ("en", "Who brings what you still lack?"),
        ("pl", "Wie brengt wat u nog mist?"),
    ],
)
def test_the_browser_chooses_the_language(client: FlaskClient, language: str, heading: str) -> None:
    page = client.get("/", headers={"Accept-Language": language})
    assert heading in page.text
