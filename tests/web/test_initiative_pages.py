from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient


def page(client: FlaskClient, address: str, status: int = 200) -> str:
    response = client.get(address)
    assert response.status_code == status
    return response.get_data(as_text=True)


def test_the_list_leads_to_each_initiative(client: FlaskClient) -> None:
    text = page(client, "/initiatives?lang=en")
    assert '<a href="/initiatives/demo:fisch">FISCH</a>' in text
    assert '<a href="/initiatives/demo:nano-for-health">Nano for Health</a>' in text
    assert "9 members" in text


def test_the_missing_link_is_on_the_page(client: FlaskClient) -> None:
    text = page(client, "/initiatives/demo:nano-for-health?lang=en")
    assert "<h2>The missing link</h2>" in text
    assert text.index("<h3>Pilot</h3>") < text.index("<h3>Production</h3>")
    assert '<a href="/organisations/demo:chipharbour">Chipharbour Packaging (demo)</a>' in text
    assert (
        re.search(r"Missing \(1\d %\)", text)
        and "Not among the members: Education, Government" in text
    )
    fisch = page(client, "/initiatives/demo:fisch?lang=en")
    assert "No link is missing from idea to market." in fisch


def test_the_fields_of_the_members_are_on_the_page(client: FlaskClient) -> None:
    mix = client.get("/api/v1/initiatives/demo:fisch/gaps").get_json()["field_mix"]
    assert list(mix["counts"])[0] == "chemistry" and len(mix["counts"]) > 6
    text = page(client, "/initiatives/demo:fisch?lang=en")
    assert f"Fields: Chemistry ({mix['counts']['chemistry']}), " in text
    more = f"and {len(mix['counts']) - 6} more; evenly spread: {round(mix['balance'] * 100)} %"
    assert more in text
    assert "Domeinen: " in page(client, "/initiatives/demo:fisch?lang=nl")


@pytest.mark.parametrize(
    ("needs", "message"),
    [
        (
            [{"text": "test runs", "stage": "pilot"}, {"text": "series", "stage": "production"}],
            "2 must-have needs aren't covered by any member yet.",
        ),
        ([{"text": "someone"}], "1 must-have need isn't covered by any member yet."),
        ([{"text": "someone", "level": "nice"}], "No link is missing from idea to market."),
    ],
)
def test_where_nobody_is_in_yet_the_needs_that_nobody_covers_are_counted(
    client: FlaskClient, needs: list[dict[str, str]], message: str
) -> None:
    client.post("/api/v1/initiatives", json={"id": "x:new", "name": "New", "needs": needs})
    text = page(client, "/initiatives/x:new?lang=en")
    assert f'<p class="summary">{message}</p>' in text
    assert text.count('class="summary"') == 1 and "The members cover 0 %" in text


@pytest.mark.parametrize(
    ("language", "words"),
    [("nl", "De ontbrekende schakel"), ("fr", "Le maillon manquant"), ("de", "Das fehlende Glied")],
)
def test_in_the_language_of_the_reader(client: FlaskClient, language: str, words: str) -> None:
    assert words in page(client, f"/initiatives/demo:nano-for-health?lang={language}")


def test_what_somebody_writes_is_escaped(client: FlaskClient) -> None:
    body = {"id": "x:evil", "name": "<script>alert(1)</script>", "brief": "<b>pilot line</b>"}
    client.post("/api/v1/initiatives", json=body)
    for address in ("/initiatives", "/initiatives/x:evil"):
        text = page(client, address)
        assert "<script>alert" not in text and "<b>pilot" not in text
        assert "&lt;script&gt;alert(1)" in text


def test_an_initiative_that_is_not_there(client: FlaskClient) -> None:
    text = page(client, "/initiatives/x:none?lang=nl", 404)
    assert '<html lang="nl">' in text and "Niet gevonden" in text


def test_no_initiatives(empty_client: FlaskClient) -> None:
    assert "There are no initiatives yet." in page(empty_client, "/initiatives?lang=en")


@pytest.mark.parametrize(
    ("language", "none", "one", "several"),
    [
        ("nl", "1 behoefte, 0 leden", "1 lid<", "9 leden<"),
        ("fr", "1 besoin, 0 membre<", "1 membre<", "9 membres<"),
        ("de", "1 Bedarf, 0 Mitglieder", "1 Mitglied<", "9 Mitglieder<"),
        ("en", "1 need, 0 members", "1 member<", "9 members<"),
    ],
)
def test_one_is_not_called_as_several_are(
    client: FlaskClient, language: str, none: str, one: str, several: str
) -> None:
    needs = [{"text": "somebody"}]
    client.post("/api/v1/initiatives", json={"id": "x:none", "name": "Aa", "needs": needs})
    members = [{"id": "demo:dijlenano"}]
    client.post("/api/v1/initiatives", json={"id": "x:one", "name": "Ab", "members": members})
    assert none in page(client, f"/?lang={language}")
    text = page(client, f"/initiatives?lang={language}")
    assert f">{one}" in text and f">{several}" in text
