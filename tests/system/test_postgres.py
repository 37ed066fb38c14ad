from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from apiflask import APIFlask

from matcher.services import demo
from matcher.store import Store
from tests.servers import postgres_server


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
