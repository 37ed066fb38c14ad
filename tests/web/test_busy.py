"""Too much is asked at once: who is one too many is told so soon, and the others are answered."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from matcher import container
from matcher.container import Services
from matcher.domain import Need, Question
from matcher.matching.question import LIGHT_CHARACTERS, LIGHT_NEEDS, is_light
from tests.test_gate import hold

HEAVY = "koelbox " * (LIGHT_CHARACTERS // 8 + 1)
NEW = {"name": "Vol nv", "type": "company", "offers": [{"text": "koelen"}]}


@pytest.fixture
def app(
    hash_home: Path, make_app: Callable[..., APIFlask], monkeypatch: pytest.MonkeyPatch
) -> APIFlask:
    """A service that waits for next to nothing, with two threads."""
    monkeypatch.setattr(container, "HEAVY_TURN_SECONDS", 0.01)
    monkeypatch.setattr(container, "WRITE_TURN_SECONDS", 0.01)
    monkeypatch.setattr(container, "LOCK_SECONDS", 0.01)
    monkeypatch.setattr(container, "CONNECTION_SECONDS", 0.01)
    app = make_app(hash_home, SCHAKEL_THREADS="2", SCHAKEL_HEAVY_AT_ONCE="1")
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.extensions["schakel"].serve()
    return app


@pytest.fixture
def services(app: APIFlask) -> Services:
    found: Services = app.extensions["schakel"]
    return found


@pytest.fixture
def busy(services: Services) -> Iterator[None]:
    """Somebody asks what is heavy, for as long as the test takes."""
    thread, leave = hold(services.answer_cache._gate)
    yield
    leave.set()
    thread.join(30)


def ask(client: FlaskClient, text: str) -> Any:
    return client.post("/api/v1/recommendations", json={"text": text})


def refused(answer: Any, said: str) -> bool:
    return (
        answer.status_code == 503
        and answer.headers["Retry-After"] == "5"
        and said in answer.get_data(as_text=True)
    )


def test_what_is_light_is_a_short_question() -> None:
    need = Need("x" * 100)
    assert is_light(Question("x" * LIGHT_CHARACTERS))
    assert not is_light(Question("x" * (LIGHT_CHARACTERS + 1)))
    assert not is_light(Question("x" * LIGHT_CHARACTERS, needs=(need,)))
    assert is_light(Question("", needs=(need,) * LIGHT_NEEDS))
    assert not is_light(Question("", needs=(need,) * (LIGHT_NEEDS + 1)))


def test_a_heavy_question_that_is_one_too_many_is_refused(client: FlaskClient, busy: None) -> None:
    answer = ask(client, HEAVY)
    assert refused(answer, "Too much is asked at the moment.")
    assert answer.content_type == "application/problem+json"
    for path in (
        "/api/v1/initiatives/demo:nano-for-health/gaps",
        "/api/v1/insights/strengths?region=BE2",
    ):
        assert refused(client.get(path), "Too much is asked"), path
    page = client.get("/matches", query_string={"text": HEAVY, "lang": "nl"})
    assert refused(page, "Er wordt op dit moment te veel van ons gevraagd.")


def test_others_are_answered(client: FlaskClient, busy: None) -> None:
    assert ask(client, "koelbox").status_code == 200
    for path in ("/health/live", "/api/v1/organisations?q=imec", "/?lang=nl", "/sign-in"):
        assert client.get(path).status_code == 200, path


def test_a_kept_answer_waits_for_nobody(client: FlaskClient, services: Services) -> None:
    first = ask(client, HEAVY)
    assert (first.status_code, first.json["cached"]) == (200, False)
    thread, leave = hold(services.answer_cache._gate)
    again = ask(client, HEAVY)
    assert (again.status_code, again.json["cached"]) == (200, True)
    leave.set()
    thread.join(30)


def test_while_somebody_else_writes_a_write_is_refused_and_reading_goes_on(
    client: FlaskClient, hash_home: Path
) -> None:
    assert ask(client, "koelbox").status_code == 200
    with sqlite3.connect(hash_home / "schakel.sqlite3") as other:
        other.execute("BEGIN IMMEDIATE")
        answer = client.post("/api/v1/organisations", json=NEW)
        assert refused(answer, "Others are writing. Nothing was stored.")
        assert ask(client, "vrachtfiets").status_code == 200
        assert client.get("/api/v1/organisations?q=imec").status_code == 200
        other.rollback()
    other.close()
    assert client.post("/api/v1/organisations", json=NEW).status_code == 201


def test_where_enough_write_already_others_arent_let_in(
    client: FlaskClient, services: Services
) -> None:
    thread, leave = hold(services.store._write_gate)
    assert refused(client.post("/api/v1/organisations", json=NEW), "Too much is asked")
    assert ask(client, "koelbox").status_code == 200
    leave.set()
    thread.join(30)
    assert client.post("/api/v1/organisations", json=NEW).status_code == 201


def test_without_a_free_connection_the_store_is_away(
    client: FlaskClient, services: Services
) -> None:
    ask(client, "koelbox")
    with ExitStack() as stack:
        for _ in range(2 + container.BACKGROUND_THREADS + 10):
            stack.enter_context(services.store.engine.connect())
        answer = client.get("/api/v1/organisations?q=imec")
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "60")
        assert "The store can't be reached" in answer.json["detail"]
    assert client.get("/api/v1/organisations?q=imec").status_code == 200


def test_commands_wait_for_nobody_and_for_writers_longer(
    hash_home: Path, make_app: Callable[..., APIFlask]
) -> None:
    services = make_app(hash_home).extensions["schakel"]
    with services.store.engine.connect() as connection:
        wait = connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one()
    assert wait == 60_000
    assert services.answer_cache._gate is services.store._write_gate is container.OPEN
