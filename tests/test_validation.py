"""What comes in is judged once: by the same rules and limits from every side."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from matcher.imports.organisations import organisation_from_mapping
from matcher.initiatives.schema import InitiativeIn, NeedIn
from matcher.organisations.schema import OrganisationIn, organisation_from
from matcher.validation import (
    MAX_NEED_LENGTH,
    MAX_STATEMENT_LENGTH,
    country_codes,
    email_address,
    one_line,
)
from matcher.validation_errors import field_errors

PLAIN = {"name": "Acme", "type": "company"}


def wrong(values: dict[str, Any]) -> list[tuple[str, str]]:
    with pytest.raises(ValidationError) as caught:
        OrganisationIn.model_validate(values)
    return [(one.path, str(one)) for one in field_errors(caught.value, OrganisationIn)]


@pytest.mark.parametrize(
    ("values", "path", "sentence"),
    [
        ({"name": ""}, "name", "empty; expected: a value"),
        ({"name": "x" * 301}, "name", "301 characters; expected: at most 300"),
        ({"name": 5}, "name", "a number; expected: a text"),
        ({"city": None, "country": "XX"}, "country", "'XX' isn't a country; expected: two letters"),
        ({"country": "Belgium"}, "country", "'Belgium' isn't a country; expected: two letters"),
        ({"region": "be2"}, "region", "'be2' isn't a region; expected: a NUTS code"),
        (
            {"latitude": 91, "longitude": 4},
            "latitude",
            "out of bounds; expected: a number from",
        ),
        ({"latitude": "x", "longitude": 4}, "latitude", "'x' isn't a number; expected: a number"),
        ({"latitude": 5}, "", "only one of latitude and longitude; expected: both latitude and"),
        ({"sme": "yes"}, "sme", "a text; expected: true or false"),
        ({"size": "large", "sme": True}, "sme", "doesn't go with the size 'large'; expected: no"),
        ({"languages": ["dut"]}, "languages[0]", "'dut' isn't a language; expected: two letters"),
        ({"website": "ftp://a.b"}, "website", "'ftp://a.b' isn't a web address; expected: http://"),
        ({"website": "http://["}, "website", "'http://[' isn't a web address; expected: http://"),
        ({"contact": {"email": "a@b.test"}}, "contact.email", "'a@b.test' isn't an e-mail address"),
        ({"contact": {"phone": "1" * 51}}, "contact.phone", "51 characters; expected: at most 50"),
        ({"competitors": ["x"]}, "competitors[0]", "'x' isn't an id; expected: a source, a colon"),
        ({"competitors": ["x:1"] * 51}, "competitors", "51 items; expected: at most 50"),
        ({"offers": [{"text": "ab"}]}, "offers[0].text", "2 characters; expected: at least 3 char"),
        ({"offers": ["ab"]}, "offers[0]", "a text; expected: an object"),
        (
            {"needs": [{"text": "abc", "trl_min": 2.5}]},
            "needs[0].trl_min",
            "2.5 isn't whole; exp",
        ),
        (
            {"needs": [{"text": "abc", "trl_min": 5, "trl_max": 4}]},
            "needs[0]",
            "5 is more than 4; expected: the lower TRL first",
        ),
        (
            {"needs": [{"text": "abc", "valid_until": "2030-02-30"}]},
            "needs[0].valid_until",
            "'2030-02-30' isn't a date; expected: YYYY-MM-DD",
        ),
        ({"nme": "x"}, "nme", "unknown key; expected: perhaps 'name'"),
        ({"description": "\ud800"}, "description", "half a character (a lone surrogate); expected"),
        ({"city": "a\x00b"}, "", "city holds a NUL character"),
    ],
)
def test_what_is_wrong_and_what_was_expected(
    values: dict[str, Any], path: str, sentence: str
) -> None:
    ((found, said),) = wrong({**PLAIN, **values})
    assert found == path
    assert said.startswith(sentence)
    if "NUL" in sentence:  # files lose control characters before
        return
    _, errors = organisation_from_mapping({**PLAIN, **values, **without_words(values)})
    assert len(errors) == 1


def without_words(values: dict[str, Any]) -> dict[str, Any]:
    """What files may say in words, and JSON may not."""
    changed = {"sme": "perhaps"} if values.get("sme") == "yes" else {}
    return {**changed, "region": "b"} if "region" in values else changed


def test_choices_that_are_missing_or_wrong_are_named() -> None:
    choices = (
        "company, research_institute, higher_education, public_body, hospital, "
        "cluster_organisation, civil_society, other"
    )
    assert wrong({"name": "A"}) == [("type", f"empty; expected: {choices}")]
    assert wrong({"name": "A", "type": "bakery"}) == [
        ("type", f"'bakery' isn't one of the choices; expected: {choices}")
    ]


def test_unknown_fields_come_first_and_the_others_in_their_order() -> None:
    found = wrong({"type": 3, "sectors": 4, "nam": 1, "name": None})
    assert [path for path, _ in found] == ["nam", "name", "type", "sectors"]


def test_a_statement_and_a_need_have_one_longest_length_each() -> None:
    for extra, good in ((0, True), (1, False)):
        statement = {**PLAIN, "needs": [{"text": "x" * (MAX_STATEMENT_LENGTH + extra)}]}
        assert (organisation_from_mapping(statement)[0] is not None) is good
        need = {"text": "x" * (MAX_NEED_LENGTH + extra)}
        try:
            NeedIn.model_validate(need)
            InitiativeIn.model_validate({"name": "I", "needs": [need]})
        except ValidationError:
            assert not good
        else:
            assert good


def test_codes_of_the_commission_are_countries_of_iso_3166() -> None:
    for given_code, code in (("EL", "GR"), ("UK", "GB"), ("BE", "BE"), ("XK", "XK")):
        body = OrganisationIn.model_validate({**PLAIN, "country": given_code})
        assert organisation_from(body).place.country == code
    assert {"EU", "UN", "ZZ", "UK", "EL"}.isdisjoint(country_codes())


@pytest.mark.parametrize("address", ["a", "a@b", "@b.example", "a b@c.example", "a@b.test", ""])
def test_no_addresses(address: str) -> None:
    with pytest.raises(ValueError):
        email_address(address)


def test_an_address_keeps_the_case_of_its_own_part() -> None:
    assert email_address(" An.Peeters@WIER.example ") == "An.Peeters@wier.example"


@given(st.text())
def test_one_line_is_one_line_and_stays(text: str) -> None:
    line = one_line(text)
    assert line == one_line(line) == line.strip()
    assert len(line.splitlines()) <= 1 or not line


VISIBLE = st.characters(exclude_categories=("Cc", "Cs"))


@given(
    st.fixed_dictionaries(
        {"name": st.text(VISIBLE, min_size=1, max_size=40)},
        optional={
            "city": st.text(VISIBLE, max_size=20),
            "description": st.text(VISIBLE, max_size=20),
            "sectors": st.lists(st.text(VISIBLE, min_size=1, max_size=9), max_size=3),
        },
    )
)
def test_the_api_and_an_import_store_the_same(values: dict[str, Any]) -> None:
    """But for control characters, which files lose and the API stores or refuses."""
    imported, errors = organisation_from_mapping({"type": "company", **values})
    try:
        stated = organisation_from(OrganisationIn.model_validate({"type": "company", **values}))
    except ValidationError:
        assert errors or any(not text.strip() for text in values.get("sectors", ()))
    else:
        assert imported == stated
