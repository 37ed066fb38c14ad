"""/health/live and /health/ready tell the truth, and neither builds nor waits for anything."""

from __future__ import annotations

import fcntl
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from apiflask import APIFlask
from sqlalchemy.exc import OperationalError

from matcher.corpus.generation import current_name

MakeApp = Callable[..., APIFlask]
NEW = {"name": "Klaar nv", "type": "company", "offers": [{"text": "koelen"}]}


def test_a_process_lives_from_the_first_moment(app: APIFlask) -> None:
    answer = app.test_client().get("/health/live")
    assert (answer.status_code, answer.json) == (200, {"status": "ok"})
    assert app.extensions["schakel"].__dict__.keys().isdisjoint({"store", "corpus_provider"})


def test_it_is_ready_once_it_has_a_snapshot(hash_home: Path, make_app: MakeApp) -> None:
    app = make_app(hash_home)
    client, services = app.test_client(), app.extensions["schakel"]
    first = client.get("/health/ready")
    assert (first.status_code, first.headers["Retry-After"]) == (503, "5")
    assert first.json["detail"] == "The service is starting."
    services._start.join(60)
    ready = client.get("/health/ready")
    assert ready.status_code == 200
    expected = {"status": "ready", "catching_up": False, "writes_waiting": 0, "building": False}
    assert ready.json.items() >= expected.items()
    assert ready.json["corpus_version"] == services.store.corpus_version()
    assert ready.json["generation"] == current_name(hash_home / "index")


def test_it_says_what_it_hasnt_taken_over_yet(hash_home: Path, make_app: MakeApp) -> None:
    app = make_app(hash_home)
    client, services = app.test_client(), app.extensions["schakel"]
    snapshot = services.corpus_provider.snapshot()
    assert client.post("/api/v1/organisations", json=NEW).status_code == 201
    assert client.post("/api/v1/organisations", json={**NEW, "name": "Af nv"}).status_code == 201
    for _ in range(2):
        ready = client.get("/health/ready").json
        assert ready["catching_up"] is True
        assert ready["writes_waiting"] == 2
        assert ready["corpus_version"] == snapshot.version
    assert services.corpus_provider.current is snapshot
    services.corpus_provider.snapshot()
    assert client.get("/health/ready").json["catching_up"] is False


def test_it_says_whether_an_index_is_built(hash_home: Path, make_app: MakeApp) -> None:
    app = make_app(hash_home)
    app.extensions["schakel"].corpus_provider.snapshot()
    with open(hash_home / "index" / "build-lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert app.test_client().get("/health/ready").json["building"] is True
    assert app.test_client().get("/health/ready").json["building"] is False


def test_a_store_that_is_away_is_said(
    hash_home: Path,
    make_app: MakeApp,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = make_app(hash_home)
    services = app.extensions["schakel"]
    services.corpus_provider.snapshot()

    def away() -> None:
        raise OperationalError("SELECT", {}, Exception("connection refused"))

    monkeypatch.setattr(services.store, "revision", away)
    answer = app.test_client().get("/health/ready")
    assert answer.status_code == 503
    assert answer.json["detail"] == "The store can't be reached."


def test_nobody_waits_for_a_start_that_takes_long(
    hash_home: Path,
    make_app: MakeApp,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = make_app(hash_home)
    client, services = app.test_client(), app.extensions["schakel"]
    begun, go_on = threading.Event(), threading.Event()
    snapshot = services.corpus_provider.snapshot

    def slow() -> object:
        begun.set()
        assert go_on.wait(60)
        return snapshot()

    monkeypatch.setattr(services.corpus_provider, "snapshot", slow)
    assert client.get("/health/ready").status_code == 503
    assert begun.wait(60)
    for path, said in (("/?lang=nl", "Schakel start op"), ("/api/v1/organisations", "is starting")):
        answer = client.get(path)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "60")
        assert said in answer.text
    with client.get("/static/schakel.css") as style:
        assert style.status_code == 200
    assert client.get("/health/live").status_code == 200
    assert client.get("/health/ready").json["detail"] == "The service is starting."
    go_on.set()
    services._start.join(60)
    assert client.get("/?lang=nl").status_code == 200
    assert client.get("/health/ready").status_code == 200
