"""The store is down, locked for too long, or its disk is full: readers are told, nothing breaks."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from sqlalchemy.exc import (
    DatabaseError,
    DataError,
    DBAPIError,
    IntegrityError,
    InterfaceError,
    InternalError,
    OperationalError,
    ProgrammingError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from matcher.accounts import api_keys
from matcher.corpus.generation import GenerationError
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


def failing(error: Exception) -> Callable[..., None]:
    def fail(*_: object, **__: object) -> None:
        raise error

    return fail


AWAY = "The store can't be reached or written. Nothing was stored."
FAILURES: list[tuple[Exception, str, str]] = [
    (error("INSERT", {}, Exception("database disk image is malformed")), "60", AWAY)
    for error in (OperationalError, DatabaseError, InterfaceError, InternalError, ProgrammingError)
]
FAILURES += [
    (PoolTimeoutError("QueuePool limit"), "60", AWAY),
    (IntegrityError("INSERT", {}, Exception("UNIQUE")), "5", "Somebody else changed the same"),
    (GenerationError("gen-1 can't be read"), "60", "The index can't be read"),
    (
        OperationalError("COMMIT", {}, Exception("gone"), connection_invalidated=True),
        "60",
        "See whether what you sent was stored",
    ),
]


@pytest.mark.parametrize(("error", "wait", "said"), FAILURES)
def test_every_failure_of_store_pool_and_index_is_a_503(
    client: FlaskClient,
    app: APIFlask,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    wait: str,
    said: str,
) -> None:
    app.config["PROPAGATE_EXCEPTIONS"] = False
    monkeypatch.setattr(organisations, "create", failing(error))
    answer = client.post("/api/v1/organisations", json=NEW)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, wait)
    assert answer.content_type == "application/problem+json"
    assert said in answer.json["detail"]
    monkeypatch.setattr(app.extensions["schakel"].recommender, "recommend", failing(error))
    page = get(client, "/matches?text=biosensor&lang=en")
    assert (page.status_code, page.headers["Retry-After"]) == (503, wait)
    assert "<html" in page.text


def test_a_value_that_should_have_been_refused_is_a_fault_of_ours(
    client: FlaskClient, app: APIFlask, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.config["PROPAGATE_EXCEPTIONS"] = False
    error: DBAPIError = DataError("INSERT", {}, Exception("value too long"))
    monkeypatch.setattr(organisations, "create", failing(error))
    assert client.post("/api/v1/organisations", json=NEW).status_code == 500


def test_the_document_of_the_api_says_so_for_each_address(client: FlaskClient) -> None:
    spec = client.get("/api/v1/openapi.json").json
    for path, operations in spec["paths"].items():
        for operation in operations.values():
            documented = operation["responses"]["503"]
            assert "application/problem+json" in documented["content"], path
            assert "Retry-After" in documented["headers"], path


def test_what_was_acknowledged_is_on_the_disk(app: APIFlask) -> None:
    with app.extensions["schakel"].store.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2  # FULL
