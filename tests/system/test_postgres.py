from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from apiflask import APIFlask
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from matcher import container
from matcher.demo import load as demo
from matcher.domain import Question
from matcher.matching.question import serialise
from matcher.store import Store
from tests.servers import postgres_server
from tests.web.users import get, post, signed_in

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    with postgres_server() as url:
        yield url


def test_many_processes_may_upgrade_at_once(database: str) -> None:
    def upgrade(_number: int) -> int:
        store = Store(database)
        store.upgrade()
        version = store.corpus_version()
        store.dispose()
        return version

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(upgrade, range(6))) == [0] * 6


def test_the_service_runs_on_postgresql(
    database: str, tmp_path: Path, make_app: Callable[..., APIFlask]
) -> None:
    app = make_app(tmp_path, DATABASE_URL=database)
    store = app.extensions["schakel"].store
    result = demo.load(store)
    assert (result.changed_organisations, result.changed_projects) == (185, 31)
    assert demo.load(store).changed is False
    client = app.test_client()
    question = {"text": "vrachtfietsen met koelbox"}
    answer = client.post("/api/v1/recommendations", json=question).get_json()
    assert answer["results"][0]["organisation"]["id"] == "demo:trapkar"
    assert client.delete("/api/v1/organisations/demo:trapkar").status_code == 204
    answer = client.post("/api/v1/recommendations", json=question).get_json()
    assert "demo:trapkar" not in [one["organisation"]["id"] for one in answer["results"]]


@pytest.mark.parametrize(
    "address",
    [
        "/api/v1/organisations/a%00b",
        "/api/v1/initiatives/a%00b",
        "/api/v1/initiatives/a%00b/gaps",
        "/organisations/a%00b",
        "/initiatives/a%00b",
    ],
)
def test_nothing_is_at_an_address_with_nul(
    database: str, tmp_path: Path, make_app: Callable[..., APIFlask], address: str
) -> None:
    response = make_app(tmp_path, DATABASE_URL=database).test_client().get(address)
    assert response.status_code == 404


def test_accounts_lists_and_introductions_run_on_postgresql(
    database: str, tmp_path: Path, make_app: Callable[..., APIFlask]
) -> None:
    app = make_app(tmp_path, DATABASE_URL=database)
    store = app.extensions["schakel"].store
    demo.load(store)
    manager = signed_in(app, "manager")
    question = json.dumps(serialise(Question(text="vrachtfietsen met koelbox", limit=5)))
    kept = post(manager, "/lists", {"name": "L", "question": question}).headers["Location"]
    wish = {
        "organisation": "demo:trapkar",
        "list": kept.removeprefix("/lists/"),
        "message": "Wij willen graag kennismaken.",
        "name": "Mia",
        "email": "mia@example.org",
    }
    sent = post(manager, "/introductions/new", wish)
    assert sent.status_code in (200, 302)
    page = get(manager, kept).text
    assert 'value="approached" selected' in page and 'value="demo:trapkar"' in page
    assert get(manager, "/overview").status_code == 200
    assert app.test_client().delete("/api/v1/organisations/demo:trapkar").status_code == 204
    assert 'value="demo:trapkar"' not in get(manager, kept).text
    administrator = signed_in(app, "administrator")
    assert "organisation.deleted" in get(administrator, "/administration/audit").text
    assert get(administrator, "/administration/profiles?q=x").status_code == 200
    started = post(administrator, "/administration/rebuild").headers["Location"]
    assert app.extensions["schakel"].jobs.run_waiting() == 1
    assert get(administrator, started).status_code == 200


def test_marks_tell_histories_apart_on_postgresql(database: str) -> None:
    store = Store(database)
    with store.writing():
        pass
    first = store.revision()
    with store.writing() as write:
        write.nothing_changed()
    assert store.revision() == first and store.has_revision(*first)
    with store.writing():
        pass
    assert store.revision().version == first.version + 1 and store.has_revision(*first)
    assert not store.has_revision(first.version, "of another history")
    assert not store.has_revision(first.version + 2, "") and not store.has_revision(
        first.version, None
    )
    store.dispose()


def test_a_write_waits_for_another_writer_for_some_seconds_and_a_reader_never(
    database: str,
    tmp_path: Path,
    make_app: Callable[..., APIFlask],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(container, "LOCK_SECONDS", 0.1)
    app = make_app(tmp_path, DATABASE_URL=database)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    services = app.extensions["schakel"]
    services.serve()
    client = app.test_client()
    new = {"name": "Vol nv", "type": "company", "offers": [{"text": "koelen"}]}
    with services.store.engine.connect() as other:
        assert other.execute(text("SHOW lock_timeout")).scalar_one() == "100ms"
        assert other.execute(text("SHOW statement_timeout")).scalar_one() == "1min"
        other.execute(text("UPDATE corpus_state SET version = version"))
        answer = client.post("/api/v1/organisations", json=new)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
        assert "Others are writing" in answer.json["detail"]
        assert client.get("/api/v1/organisations?q=vol").status_code == 200
        assert client.get("/health/live").status_code == 200
    assert client.post("/api/v1/organisations", json=new).status_code == 201


def test_a_password_of_any_characters_is_taken_from_its_variable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As compose.yaml and the manifests give it: in PGPASSWORD, not in DATABASE_URL."""
    password = "p@ss/w:rd%#? 'x"
    quoted = password.replace("'", "''")
    with postgres_server() as url:
        first = create_engine(url)
        with first.begin() as connection:
            connection.exec_driver_sql(f"alter role schakel password '{quoted}'".replace("%", "%%"))
            file = connection.exec_driver_sql("show hba_file").scalar_one()
            line = "host all all all scram-sha-256"
            connection.exec_driver_sql(f"copy (select '{line}') to '{file}'")
            connection.exec_driver_sql("select pg_reload_conf()")
        first.dispose()
        monkeypatch.setenv("PGPASSWORD", "another")
        with pytest.raises(OperationalError, match="password authentication failed"):
            for _ in range(100):  # until the server has read the line
                create_engine(url, poolclass=NullPool).connect().close()
                time.sleep(0.1)
        monkeypatch.setenv("PGPASSWORD", password)
        store = Store(url)
        store.upgrade()
        assert store.corpus_version() == 0
        store.dispose()
