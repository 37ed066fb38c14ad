from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from tests.servers import free_port


def token(client: FlaskClient) -> str:
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get("/").text)
    assert found is not None
    return found.group(1)


def send(client: FlaskClient, **fields: Any) -> Any:
    sent = {"csrf_token": token(client), **fields}
    return client.post("/matches?lang=en", data=sent, follow_redirects=True)


def test_a_company_gets_partners_with_reasons(client: FlaskClient) -> None:
    page = send(client, text="Wij willen vrachtfietsen met een koelbox bouwen", brings="Lasrobots")
    assert page.status_code == 200
    assert page.text.index("Trapkar Cargo (demo)") < page.text.index('id="change"')
    assert "vrachtfietsen met uitneembare koelbox" in page.text
    assert "Lasrobots" in page.text  # what was asked stands in the form again


def test_members_are_found_by_name_and_left_out(client: FlaskClient) -> None:
    page = send(client, members="dijlenano instituut (demo)\ndemo:surfalink")
    assert page.status_code == 200
    assert "Already in: Dijlenano Instituut (demo), Surfalink" in page.text
    assert 'href="/organisations/demo:dijlenano"' not in page.text
    assert "It worked with Dijlenano Instituut (demo) in the project “" in page.text


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "Write a sentence or two"),
        ({"text": "x", "members": "Bestaat Niet"}, "We know no organisation called"),
        ({"text": "x", "members": "universiteit"}, "may be several"),
        ({"text": "x", "near": "Atlantis"}, "No organisation is in a place of that name."),
        ({"text": "x" * 10_001}, "Field cannot be longer than 10000 characters."),
        ({"text": "x", "radius": "far"}, "Not a valid float value."),
    ],
)
def test_faults_stand_by_their_field_and_nothing_is_lost(
    client: FlaskClient, fields: dict[str, str], message: str
) -> None:
    page = send(client, brings="Mijn eigen tekst", **fields)
    assert page.status_code == 422
    assert message in page.text
    assert "Mijn eigen tekst" in page.text


def test_a_form_without_its_token_is_refused_with_advice(client: FlaskClient) -> None:
    page = client.post("/matches?lang=en", data={"text": "waterstof"})
    assert page.status_code == 400
    assert "The form had expired" in page.text


def test_nothing_usable_says_so(client: FlaskClient) -> None:
    assert "Nothing in your text could be understood" in send(client, text="asdf qwer").text


def test_an_empty_service_says_that_there_is_nobody_yet(empty_client: FlaskClient) -> None:
    page = send(empty_client, text="waterstof")
    assert page.status_code == 200 and "there is nobody to recommend" in page.text
    assert "filters" not in page.text.partition("there is nobody")[0][-200:]


def test_output_is_escaped(client: FlaskClient) -> None:
    evil = '<script>alert("x")</script>'
    body = {"id": "org:evil", "name": evil, "type": "company", "offers": [{"text": evil + " hek"}]}
    assert client.post("/api/v1/organisations", json=body).status_code == 201
    for address in ("/organisations/org:evil", "/organisations?q=hek"):
        assert evil not in client.get(address).text
    assert evil not in send(client, text=f"hek {evil}").text


def test_organisation_page_shows_offers_needs_projects_partners(client: FlaskClient) -> None:
    page = client.get("/organisations/demo:dijlenano?lang=en").text
    for expected in ("Dijlenano Instituut (demo)", "Biosensor bench", "Surfalink", "Past projects"):
        assert expected in page
    assert "dijlenano.example" in page
    assert "@dijlenano.example" not in page


def test_every_page_has_the_headers_and_nothing_from_elsewhere(client: FlaskClient) -> None:
    for address in ("/", "/organisations", "/organisations/demo:imec", "/nix", "/api/docs"):
        response = client.get(address)
        assert "default-src 'self'" in response.headers["Content-Security-Policy"]
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        loaded = re.findall(r'(?:src|<link[^>]*href)="([^"]+)"', response.text)
        assert all(one.startswith("/") for one in loaded), loaded
        assert 'style="' not in response.text


def test_pages_that_are_not_there_help(client: FlaskClient) -> None:
    response = client.get("/organisations/org:nobody?lang=en")
    assert response.status_code == 404
    assert "To the start page" in response.text


def test_rate_limits_answer_in_kind(home: Path, make_app: Callable[..., APIFlask]) -> None:
    client = make_app(home, SCHAKEL_RATE_LIMITS="2 per minute").test_client()
    for _ in range(2):
        assert client.get("/api/v1/organisations").status_code == 200
    refused = client.get("/api/v1/organisations")
    assert (refused.status_code, refused.content_type) == (429, "application/problem+json")
    assert refused.get_json()["detail"].startswith("Too many requests from here. Ask again after")
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    assert client.get("/health/live").status_code == 200


def test_with_redis_away_rate_limits_still_hold_and_pages_answer(
    home: Path, make_app: Callable[..., APIFlask]
) -> None:
    away = f"redis://127.0.0.1:{free_port()}/0"
    client = make_app(home, SCHAKEL_RATE_LIMITS="3 per minute", REDIS_URL=away).test_client()
    answers = [client.get("/organisations").status_code for _ in range(5)]
    assert answers[:3] == [200, 200, 200]
    assert answers[4] == 429
