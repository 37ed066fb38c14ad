from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from flask.testing import FlaskClient

WEB = Path(__file__).parent.parent.parent / "matcher" / "web"
METHODS = [("**.py", "python"), ("**.html", "jinja2")]
KEYWORDS = {"_": None, "_l": None, "gettext": None, "lazy_gettext": None}
SOURCES = [(WEB, KEYWORDS), (WEB.parent / "services" / "importing", {"say": None})]
"""Folders, and the functions in them whose texts pages show."""


def catalog(language: str) -> Catalog:
    with (WEB / "translations" / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file)


def asked() -> set[str]:
    return {
        str(message)
        for folder, keywords in SOURCES
        for _, _, message, _, _ in extract_from_dir(folder, METHODS, keywords=keywords)
    }


@pytest.mark.parametrize("language", ["nl", "fr", "de"])
def test_everything_on_pages_is_translated(language: str) -> None:
    translated = {one.id: one.string for one in catalog(language) if one.id}
    assert {"Offers", "%(value)s isn't a date", "one of %(names)s"} < asked()
    assert asked() - set(translated) == set()
    for source, text in translated.items():
        assert text
        holes = re.findall(r"%\(\w+\)s", str(source))
        assert sorted(re.findall(r"%\(\w+\)s", str(text))) == sorted(holes)


@pytest.mark.parametrize("language", ["nl", "fr", "de"])
def test_compiled_catalogues_are_up_to_date(language: str) -> None:
    path = WEB / "translations" / language / "LC_MESSAGES" / "messages.mo"
    with path.open("rb") as file:
        compiled = {one.id: one.string for one in read_mo(file) if one.id}
    assert compiled == {one.id: one.string for one in catalog(language) if one.id}


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
