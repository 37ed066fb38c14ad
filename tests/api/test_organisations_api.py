from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from matcher.accounts.api_keys import create_key, revoke_keys
from tests.people import PRODUCTION

ADDRESS = "/api/v1/organisations"
BODY: dict[str, Any] = {
    "id": "org:proef",
    "name": "Proef (voorbeeld)",
    "type": "company",
    "size": "small",
    "city": "Gent",
    "country": "BE",
    "region": "BE234",
    "latitude": 51.05,
    "longitude": 3.72,
    "sectors": ["food"],
    "languages": ["nl"],
    "website": "https://proef.example",
    "contact": {"name": "Ann Voorbeeld", "email": "ann@proef.example", "phone": "+32 1"},
    "offers": [{"text": "Proefkeuken voor bakkers met kleine oven", "stage": "pilot"}],
    "needs": [{"text": "Glutenvrije bloem in kleine partijen", "trl_min": 3, "trl_max": 5}],
}


def test_create_read_replace_delete(client: FlaskClient) -> None:
    made = client.post(ADDRESS, json=BODY)
    assert made.status_code == 201
    assert made.headers["Location"] == f"{ADDRESS}/org:proef"
    read = client.get(f"{ADDRESS}/org:proef").get_json()
    assert read == made.get_json()
    assert (read["sme"], read["offers"][0]["language"]) == (True, "nl")
    assert (read["needs"][0]["trl_min"], read["needs"][0]["trl_max"]) == (3, 5)
    kept = read["offers"][0]["id"]
    changed = {**BODY, "name": "Proef II (voorbeeld)", "needs": []}
    replaced = client.put(f"{ADDRESS}/org:proef", json=changed)
    assert replaced.status_code == 200
    assert replaced.get_json()["name"] == "Proef II (voorbeeld)"
    assert replaced.get_json()["needs"] == []
    assert replaced.get_json()["offers"][0]["id"] == kept
    assert client.delete(f"{ADDRESS}/org:proef").status_code == 204
    assert client.get(f"{ADDRESS}/org:proef").status_code == 404
    assert client.delete(f"{ADDRESS}/org:proef").status_code == 404


def test_contacts_are_never_given_out(client: FlaskClient) -> None:
    client.post(ADDRESS, json=BODY)
    for address in (
        f"{ADDRESS}/org:proef",
        ADDRESS,
        f"{ADDRESS}?q=proef",
        "/organisations/org:proef",
    ):
        text = client.get(address).get_data(as_text=True)
        assert "ann@proef.example" not in text
        assert "Ann Voorbeeld" not in text


def test_put_keeps_a_contact_that_is_left_out_and_null_removes_it(client: FlaskClient) -> None:
    client.post(ADDRESS, json=BODY)
    store = client.application.extensions["schakel"].store

    def contact() -> Any:
        from matcher.organisations.actions import get

        found = get(store, "org:proef")
        assert found is not None
        return found.contact

    without = {name: value for name, value in BODY.items() if name != "contact"}
    client.put(f"{ADDRESS}/org:proef", json=without)
    assert contact().email == "ann@proef.example"
    client.put(f"{ADDRESS}/org:proef", json={**BODY, "contact": None})
    assert contact() is None


def test_putting_the_same_changes_nothing(client: FlaskClient) -> None:
    store = client.application.extensions["schakel"].store
    assert client.put(f"{ADDRESS}/org:proef", json=BODY).status_code == 201
    version = store.corpus_version()
    assert client.put(f"{ADDRESS}/org:proef", json=BODY).status_code == 200
    assert store.corpus_version() == version


def test_an_id_is_made_where_none_is_given_and_taken_ids_are_refused(client: FlaskClient) -> None:
    body = {name: value for name, value in BODY.items() if name != "id"}
    made = client.post(ADDRESS, json=body)
    assert made.get_json()["id"].startswith("org:proef-voorbeeld-")
    again = client.post(ADDRESS, json=body)
    assert (again.status_code, again.content_type) == (409, "application/problem+json")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"type": "firm"}, "type"),
        ({"website": "javascript:alert(1)"}, "website"),
        ({"country": "Belgium"}, "country"),
        ({"latitude": None}, ""),
        ({"offers": [{"text": "ab"}]}, "offers[0].text"),
        ({"offers": [{"text": "good text", "trl_min": 7, "trl_max": 2}]}, "offers[0]"),
        ({"contact": {"email": "nobody"}}, "contact.email"),
        ({"id": "no colon"}, "id"),
        ({"city": "Ge\x00nt"}, ""),
        ({"sectors": ["food", "a\x00b"]}, ""),
        ({"offers": [{"text": "good text", "certifications": ["a\x00b"]}]}, "offers[0]"),
    ],
)
def test_wrong_organisations_store_nothing(client: FlaskClient, change: Any, field: str) -> None:
    store = client.application.extensions["schakel"].store
    version = store.corpus_version()
    response = client.post(ADDRESS, json={**BODY, **change})
    assert response.status_code == 422
    assert field in [error["field"] for error in response.get_json()["errors"]]
    assert store.corpus_version() == version


def test_list_pages_and_searches(client: FlaskClient) -> None:
    whole = client.get(f"{ADDRESS}?limit=200").get_json()
    assert whole["total"] == len(whole["results"]) == 185
    names = [one["name"] for one in whole["results"]]
    page = client.get(f"{ADDRESS}?limit=10&offset=20").get_json()
    assert [one["name"] for one in page["results"]] == names[20:30]
    found = client.get(f"{ADDRESS}?q=vrachtfietsen%20koelbox").get_json()["results"]
    assert [one["id"] for one in found] == ["demo:trapkar"]
    assert client.get(f"{ADDRESS}?q=100%25").get_json()["total"] == 0
    german = client.get(f"{ADDRESS}?country=DE&type=company").get_json()["results"]
    assert german and {one["country"] for one in german} == {"DE"}
    assert client.get(f"{ADDRESS}?limit=0").status_code == 422


def test_in_production_writing_needs_a_key(home: Path, make_app: Callable[..., APIFlask]) -> None:
    app = make_app(home, **PRODUCTION)
    client, store = app.test_client(), app.extensions["schakel"].store
    refused = client.post(ADDRESS, json=BODY)
    assert (refused.status_code, refused.content_type) == (401, "application/problem+json")
    assert client.get(f"{ADDRESS}/org:proef").status_code == 404
    key = create_key(store, "crm", actor="command")
    headers = {"Authorization": f"Bearer {key}"}
    assert client.post(ADDRESS, json=BODY, headers=headers).status_code == 201
    assert revoke_keys(store, "crm", actor="command") == 1
    assert client.delete(f"{ADDRESS}/org:proef", headers=headers).status_code == 401
    assert client.get(f"{ADDRESS}/org:proef").status_code == 200


def test_openapi_describes_every_route_and_the_docs_are_local(client: FlaskClient) -> None:
    described = client.get("/api/v1/openapi.json").get_json()
    assert described["openapi"] == "3.1.0"
    routes = {
        (rule.rule.replace("<", "{").replace(">", "}"), method.lower())
        for rule in client.application.url_map.iter_rules()
        for method in rule.methods or ()
        if rule.endpoint.startswith("api.") and method not in {"HEAD", "OPTIONS"}
    }
    methods = {"get", "post", "put", "delete"}
    paths = described["paths"].items()
    assert routes == {(path, method) for path, item in paths for method in methods & set(item)}
    page = client.get("/api/docs")
    assert "http://" not in page.text and "https://" not in page.text
    with client.get("/static/vendor/swagger-ui/swagger-ui-bundle.js") as script:
        assert script.status_code == 200
