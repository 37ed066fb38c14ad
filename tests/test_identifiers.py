from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from matcher.identifiers import MAX_SLUG_LENGTH, organisation_id, random_id, slug
from matcher.imports.organisations import organisation_from_mapping
from matcher.organisations.schema import OrganisationIn, organisation_from

ID = re.compile(r"[a-z0-9]+:[A-Za-z0-9._-]{1,120}")
NAMES = st.text(max_size=400)


@given(NAMES)
def test_a_slug_is_made_of_single_hyphens_between_letters_and_digits(name: str) -> None:
    assert re.fullmatch(r"([a-z0-9]+(-[a-z0-9]+)*)?", slug(name))
    assert len(slug(name)) <= MAX_SLUG_LENGTH
    assert slug(slug(name)) == slug(name)


@given(NAMES)
def test_with_its_case_kept_a_slug_differs_in_case_alone(name: str) -> None:
    kept = slug(name, keep_case=True)
    assert re.fullmatch(r"([A-Za-z0-9]+(-[A-Za-z0-9]+)*)?", kept)
    assert slug(kept) == kept.casefold()


def test_slugs_of_accents_ligatures_and_other_scripts() -> None:
    assert slug("Café  Zürich & Zn.") == "cafe-zurich-zn"
    assert slug("Große Straße") == "grosse-strasse"
    assert slug("ﬁlm №5") == "film-no5"
    assert slug("Ω") == ""
    assert slug("a" * 59 + " b") == "a" * 59  # cut in a gap: no hyphen is left at the end
    assert slug("Koelfietsen 2", keep_case=True) == "Koelfietsen-2"


@given(NAMES, st.text(max_size=2), st.text(max_size=40))
def test_an_organisation_has_one_id_whatever_the_case_and_blanks(
    name: str, country: str, city: str
) -> None:
    made = organisation_id(name, country, city)
    assert ID.fullmatch(made)
    assert organisation_id(f" {name}\n", country.casefold(), f"{city} ") == made
    assert organisation_id(name, country, city + "x") != made


def test_the_ids_that_were_made_before_stay() -> None:
    assert organisation_id("Proef (voorbeeld)", "BE", "Gent") == "org:proef-voorbeeld-0c0534eb"
    assert organisation_id("Ω", None, None) == "org:1b0decf4"


def test_the_api_and_an_import_make_the_same_id() -> None:
    values = {"name": "Große Café  Ω", "type": "company", "country": "BE", "city": "Gent"}
    imported, _errors = organisation_from_mapping(values)
    assert imported is not None
    assert organisation_from(OrganisationIn.model_validate(values)).id == imported.id


@given(NAMES)
def test_random_ids_differ_and_begin_with_the_name(name: str) -> None:
    first, second = random_id("own", name), random_id("own", name)
    assert ID.fullmatch(first) and first != second
    assert first.startswith(f"own:{slug(name)}")
