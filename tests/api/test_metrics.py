"""/metrics: who may read it, and what it says."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from apiflask import APIFlask
from flask.testing import FlaskClient

from matcher import metrics
from matcher.store.account_tables import JobRow
from tests.homes import ROOT

MakeApp = Callable[..., APIFlask]
TOKEN = "5f0d1c7e9b3a4862a7c95d1e0f3b8d64"


@pytest.fixture
def app(hash_home: Path, make_app: MakeApp) -> APIFlask:
    return make_app(hash_home, SCHAKEL_METRICS_TOKEN=TOKEN)


@pytest.fixture(autouse=True)
def _counting(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(metrics, "_made", None)
    metrics.enable()
    yield


def figures(client: FlaskClient) -> dict[str, float]:
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.content_type.startswith("text/plain; version=")
    rows = [line.rpartition(" ") for line in answer.text.splitlines() if line[0] != "#"]
    return {name: float(value) for name, _, value in rows}


def test_requests_stages_and_answers_are_counted(client: FlaskClient) -> None:
    for _ in range(2):
        client.post("/api/v1/recommendations", json={"text": "koelbox"})
    client.get("/nowhere/at/all")
    found = figures(client)
    asked = 'schakel_requests_total{method="POST",route="/api/v1/recommendations",status="200"}'
    assert found[asked] == 2
    assert found['schakel_requests_total{method="GET",route="none",status="404"}'] == 1
    route = 'route="/api/v1/recommendations"'
    assert found[f"schakel_request_seconds_count{{{route}}}"] == 2
    for stage in ("understand", "retrieve", "score", "rerank", "explain"):
        assert found[f'schakel_stage_seconds_count{{stage="{stage}"}}'] == 1
        assert found[f'schakel_stage_seconds_sum{{stage="{stage}"}}'] > 0
    assert found['schakel_answers_total{cached="no"}'] == 1
    assert found['schakel_answers_total{cached="yes"}'] == 1


def test_corpus_index_and_queues_are_told(client: FlaskClient, app: APIFlask) -> None:
    services = app.extensions["schakel"]
    snapshot = services.corpus_provider.snapshot()
    new = {"name": "Klaar nv", "type": "company", "offers": [{"text": "koelen"}]}
    assert client.post("/api/v1/organisations", json=new).status_code == 201
    hour_ago = datetime.now(UTC) - timedelta(hours=1)
    built = {"started": hour_ago, "finished": hour_ago + timedelta(seconds=90)}
    with services.store.keeping() as session:
        row = {"kind": "rebuild", "arguments": {}, "created": hour_ago}
        session.add_all(
            [JobRow(id="a", state="waiting", **row), JobRow(id="b", state="done", **row, **built)]
        )
    found = figures(client)
    assert found["schakel_store_revision"] == snapshot.version + 1
    assert found["schakel_answer_revision"] == snapshot.version
    assert found["schakel_writes_waiting"] == 1
    assert found["schakel_overlay_facets"] == 0
    assert found['schakel_jobs{state="waiting"}'] == 1
    assert 3600 <= found["schakel_jobs_oldest_waiting_seconds"] < 3700
    assert found["schakel_index_build_seconds"] == 90
    assert found["schakel_mails_waiting"] == 0
    assert found["schakel_model_answers"] == found["schakel_cache_reachable"] == 1
    assert found['schakel_corpus_size{kind="organisations"}'] == 185
    assert found["schakel_index_damaged"] == 0


def test_errors_are_counted_though_they_are_written_once(
    client: FlaskClient, app: APIFlask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise RuntimeError("broken")

    monkeypatch.setitem(app.view_functions, "accounts.forgotten", fail)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    for _ in range(3):
        client.get("/password/forgotten")
    assert figures(client)['schakel_errors_total{event="request failed"}'] == 3


def test_who_got_no_place_is_counted(client: FlaskClient, app: APIFlask) -> None:
    metrics.refused("heavy")
    metrics.waited("heavy", 0.2)
    metrics.waited("", 0.2)
    found = figures(client)
    assert found['schakel_gate_refused_total{gate="heavy"}'] == 1
    assert found['schakel_gate_wait_seconds_bucket{gate="heavy",le="0.25"}'] == 1
    assert not any('gate=""' in name for name in found)


@pytest.mark.parametrize(
    ("environ", "headers", "status"),
    [
        ({}, {}, 200),
        ({}, {"Host": "localhost:8000"}, 200),
        ({}, {"Host": "schakel.example.org"}, 401),
        ({}, {"X-Forwarded-For": "192.0.2.1"}, 401),
        ({}, {"X-Forwarded-For": "127.0.0.1"}, 401),
        ({"REMOTE_ADDR": "192.0.2.1"}, {}, 401),
        ({"REMOTE_ADDR": "192.0.2.1"}, {"Authorization": f"Bearer {TOKEN}"}, 200),
        ({"REMOTE_ADDR": "192.0.2.1"}, {"Authorization": f"bearer {TOKEN}"}, 200),
        ({"REMOTE_ADDR": "192.0.2.1"}, {"Authorization": f"Bearer {TOKEN}x"}, 401),
        ({"REMOTE_ADDR": "192.0.2.1"}, {"Authorization": "Bearer "}, 401),
        ({"REMOTE_ADDR": "::1"}, {}, 200),
    ],
)
def test_it_is_for_this_machine_or_with_a_token(
    client: FlaskClient, environ: dict[str, str], headers: dict[str, str], status: int
) -> None:
    answer = client.get("/metrics", environ_overrides=environ, headers=headers)
    assert answer.status_code in (status, 400 if "Host" in headers and status == 401 else status)
    if answer.status_code == 401:
        assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_without_a_token_none_is_good(hash_home: Path, make_app: MakeApp) -> None:
    client = make_app(hash_home).test_client()
    far = {"REMOTE_ADDR": "192.0.2.1"}
    headers = {"Authorization": "Bearer "}
    assert client.get("/metrics", environ_overrides=far, headers=headers).status_code == 401


def test_alerts_and_dashboard_name_figures_that_there_are(
    client: FlaskClient, app: APIFlask
) -> None:
    client.post("/api/v1/recommendations", json={"text": "koelbox"})
    there = {re.split(r"[{]", name)[0] for name in figures(client)} | {
        *("schakel_errors_total", "schakel_gate_refused_total", "schakel_index_build_seconds"),
        *("schakel_gate_wait_seconds_bucket", "schakel_gate_wait_seconds_count"),
    }
    alerts = (ROOT / "docs" / "alerts.yml").read_text(encoding="utf-8")
    for group in yaml.safe_load(alerts)["groups"]:
        for rule in group["rules"]:
            assert rule["alert"] and rule["annotations"]["summary"] and rule["labels"]["severity"]
    named = set(re.findall(r"schakel_\w+", alerts))
    dashboard = (ROOT / "docs" / "dashboard.json").read_text(encoding="utf-8")
    named |= set(re.findall(r"schakel_\w+", dashboard))
    assert len(named) > 15 and named <= there, named - there
