from __future__ import annotations

import json
import re
import secrets
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from matcher.store.account_tables import AccountRow

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def lines(home: Path) -> list[dict[str, object]]:
    text = (home / "logs" / "schakel.log").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def test_each_request_is_a_line_with_its_number(client: FlaskClient, home: Path) -> None:
    answer = client.get("/health/live")
    line = lines(home)[-1]
    assert (line["event"], line["route"], line["status"]) == ("request", "/health/live", 200)
    assert line["request_id"] == answer.headers["X-Request-ID"]


def test_a_log_that_cannot_be_written_costs_no_answer(
    client: FlaskClient, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert client.get("/health/live").status_code == 200
    shutil.rmtree(home / "logs")
    assert client.get("/health/live").status_code == 200
    assert "FileNotFoundError" in capsys.readouterr().err
    (home / "logs").mkdir()
    assert client.get("/health/live").status_code == 200
    assert [line["route"] for line in lines(home)] == ["/health/live"]


def test_no_secret_link_no_question_and_no_name_stands_in_the_log(
    app: APIFlask, home: Path
) -> None:
    client = app.test_client()
    secret = secrets.token_urlsafe(32)
    rules = [rule for rule in app.url_map.iter_rules() if "token" in rule.arguments]
    assert len(rules) >= 6
    for rule in rules:
        client.get(re.sub(r"<[^>]+>", secret, rule.rule))
    client.get("/matches", query_string={"text": "Jan Peeters zoekt"})
    client.get(f"/nowhere/{secret}")
    client.get("/organisations/jan-peeters")
    written = (home / "logs" / "schakel.log").read_text(encoding="utf-8")
    assert secret not in written and "eeters" not in written
    assert {rule.rule for rule in rules} | {"none"} <= {line["route"] for line in lines(home)}


def test_what_fails_shows_no_values(
    app: APIFlask, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = app.extensions["schakel"].store
    account = {"email": "jan@example.org", "name": "Jan Peeters", "role": "member"}

    def fail() -> None:
        with store.keeping() as session:
            session.add(AccountRow(**account, active=True, created=NOW))
            session.flush()
            session.add(AccountRow(**account, active=True, created=NOW))

    monkeypatch.setitem(app.view_functions, "accounts.forgotten", fail)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    assert app.test_client().get("/password/forgotten").status_code == 500
    (line,) = [line for line in lines(home) if line["event"] == "request failed"]
    assert line["route"] == "/password/forgotten"
    assert "UNIQUE constraint failed: account.email" in str(line["exception"])
    assert "jan" not in json.dumps(line).lower()
