from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from apiflask import APIFlask
from sqlalchemy import select, update

from matcher.accounts import api_keys
from matcher.accounts.api_keys import ApiKey, create_key, find_key
from matcher.store.tables import ApiKeyRow

ADDRESS = "/api/v1/organisations"
BODY = {"name": "Proef bv", "type": "company", "offers": [{"text": "Testen van sensoren"}]}


@pytest.fixture
def app(hash_home: Path, make_app: Callable[..., APIFlask]) -> APIFlask:
    return make_app(hash_home, SCHAKEL_API_WRITES="key")


def bearer(app: APIFlask, **made: object) -> dict[str, str]:
    store = app.extensions["schakel"].store
    return {"Authorization": f"Bearer {create_key(store, 'k', actor='command', **made)}"}  # type: ignore[arg-type]


def test_a_key_that_reads_writes_nothing(app: APIFlask) -> None:
    client, headers = app.test_client(), bearer(app, scope="read")
    assert client.get(f"{ADDRESS}/demo:imec", headers=headers).status_code == 200
    for method in (client.put, client.post, client.delete):
        path = ADDRESS if method == client.post else f"{ADDRESS}/demo:imec"
        refused = method(path, json=BODY, headers=headers)
        assert (refused.status_code, refused.content_type) == (403, "application/problem+json")


def test_a_key_of_a_source_writes_its_records_alone(app: APIFlask) -> None:
    client, headers = app.test_client(), bearer(app, scope="crm")
    assert client.put(f"{ADDRESS}/crm:proef", json=BODY, headers=headers).status_code == 201
    made = client.post(ADDRESS, json={**BODY, "id": "crm:twee"}, headers=headers)
    assert made.status_code == 201
    assert client.post(ADDRESS, json=BODY, headers=headers).status_code == 403
    assert client.post(ADDRESS, json={**BODY, "id": "x:a"}, headers=headers).status_code == 403
    for path in ("demo:imec", "crmx:proef"):
        assert client.put(f"{ADDRESS}/{path}", json=BODY, headers=headers).status_code == 403
        assert client.delete(f"{ADDRESS}/{path}", headers=headers).status_code == 403
    initiative = {"name": "X", "id": "crm:x"}
    assert client.post("/api/v1/initiatives", json=initiative, headers=headers).status_code == 201
    member = "/api/v1/initiatives/crm:x/members/demo:imec"
    assert client.put(member, json={}, headers=headers).status_code < 300
    other = "/api/v1/initiatives/demo:fisch/members/crm:proef"
    assert client.put(other, json={}, headers=headers).status_code == 403
    assert client.delete(f"{ADDRESS}/crm:proef", headers=headers).status_code == 204


def test_no_key_writes_the_profile_of_a_company(app: APIFlask) -> None:
    client, headers = app.test_client(), bearer(app)
    assert client.put(f"{ADDRESS}/x:a", json=BODY, headers=headers).status_code == 201
    assert client.put(f"{ADDRESS}/own:a", json=BODY, headers=headers).status_code == 403
    assert client.delete(f"{ADDRESS}/own:a", headers=headers).status_code == 403


def test_a_key_runs_out_and_its_last_use_is_known(app: APIFlask) -> None:
    store = app.extensions["schakel"].store
    key = create_key(store, "k", actor="command", days=1)
    assert find_key(store, key) == ApiKey("k", "all")
    with store.reading() as session:
        row = session.scalars(select(ApiKeyRow)).one()
    assert row.used is not None and row.expires is not None
    assert abs(row.expires - row.created - timedelta(days=1)) < timedelta(seconds=1)
    with store.keeping() as session:
        session.execute(update(ApiKeyRow).values(expires=datetime.now(UTC) - timedelta(seconds=1)))
    assert find_key(store, key) is None


@pytest.mark.parametrize(
    "made", [{"scope": "own"}, {"scope": "A"}, {"scope": ""}, {"days": 0}, {"days": 4000}]
)
def test_keys_that_cannot_be(app: APIFlask, made: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="A key"):
        bearer(app, **made)
    assert api_keys.list_keys(app.extensions["schakel"].store) == []
