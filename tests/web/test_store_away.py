"""The store is down, locked for too long, or its disk is full: readers are told, nothing breaks."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError

from matcher.accounts import api_keys
from matcher.organisations import actions as organisations
from tests.web.users import get, signed_in

NEW = {"name": "Vol nv", "type": "company", "offers": [{"text": "koelen"}]}


def full(*_: object, **__: object) -> None:
    raise OperationalError("INSERT", {}, Exception("database or disk is full"))


@pytest.fixture
def broken(app: APIFlask, monkeypatch: pytest.MonkeyPatch) -> APIFlask:
    app.config["PROPAGATE_EXCEPTIONS"] = False
    store = app.extensions["schakel"].store
    monkeypatch.setattr(store, "writing", full)
    monkeypatch.setattr(store, "keeping", full)
    return app


def test_the_api_says_that_nothing_was_stored(broken: APIFlask) -> None:
    answer = broken.test_client().post("/api/v1/organisations", json=NEW)
    assert answer.status_code == 503 and answer.headers["Retry-After"] == "60"
    assert answer.content_type == "application/problem+json"
    assert "Nothing was stored" in answer.json["detail"]


def test_reading_goes_on(broken: APIFlask) -> None:
    client = broken.test_client()
    assert get(client, "/matches?text=biosensor").status_code == 200
    assert client.get("/api/v1/organisations?q=imec").status_code == 200


@pytest.mark.parametrize(("language", "said"), [("nl", "niets bewaard"), ("de", "nichts gespeich")])
def test_a_page_says_it_in_the_visitors_language(
    app: APIFlask, monkeypatch: pytest.MonkeyPatch, language: str, said: str
) -> None:
    client = signed_in(app, "manager")
    app.config["PROPAGATE_EXCEPTIONS"] = False
    # Not even who asks can be read.
    monkeypatch.setattr(app.extensions["schakel"].store, "reading", full)
    page = client.get(f"/organisations?lang={language}")
    assert page.status_code == 503 and said in page.text


def test_a_full_disk_outside_the_database_is_the_same(
    client: FlaskClient, app: APIFlask, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    app.config["PROPAGATE_EXCEPTIONS"] = False
    monkeypatch.setattr(organisations, "create", write)
    assert client.post("/api/v1/organisations", json=NEW).status_code == 503
    assert api_keys.list_keys(app.extensions["schakel"].store) == []
