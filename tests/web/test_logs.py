from __future__ import annotations

import json
import os
import re
import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import structlog
from apiflask import APIFlask
from flask.testing import FlaskClient
from sqlalchemy import select

from matcher import logs
from matcher.accounts import api_keys
from matcher.store.account_tables import AccountRow
from tests.conftest import settings_for
from tests.web.users import signed_in

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def lines(home: Path) -> list[dict[str, object]]:
    text = (home / "schakel.log").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def app(hash_home: Path, make_app: Callable[..., APIFlask]) -> APIFlask:
    return make_app(hash_home, SCHAKEL_LOG_FILE=str(hash_home / "schakel.log"))


@pytest.fixture
def home(hash_home: Path) -> Path:
    return hash_home


def test_each_request_is_a_line_with_its_number(client: FlaskClient, home: Path) -> None:
    answer = client.get("/api/v1/organisations?q=imec")
    line = lines(home)[-1]
    assert (line["event"], line["route"], line["status"]) == (
        "request",
        "/api/v1/organisations",
        200,
    )
    assert line["request_id"] == answer.headers["X-Request-ID"]
    assert line["worker"] == os.getpid()


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"X-Request-ID": "proxy-1.a_B"}, "proxy-1.a_B"),
        ({"traceparent": f"00-{'ab' * 16}-{'1' * 16}-01"}, "ab" * 16),
        ({"X-Request-ID": "a b"}, None),
        ({"X-Request-ID": "x" * 40}, None),
        ({"X-Request-ID": '"},{"event":"forged'}, None),
        ({"traceparent": f"00-{'0' * 32}-{'1' * 16}-01"}, None),
        ({"traceparent": "nonsense"}, None),
    ],
)
def test_the_number_that_a_proxy_gives_is_kept_where_it_is_one(
    client: FlaskClient, home: Path, headers: dict[str, str], expected: str | None
) -> None:
    number = client.get("/", headers=headers).headers["X-Request-ID"]
    assert lines(home)[-1]["request_id"] == number
    assert number == expected if expected else re.fullmatch("[0-9a-f]{32}", number)


def test_a_line_says_whose_request_it_is(app: APIFlask, home: Path) -> None:
    signed_in(app, "manager").get("/organisations")
    with app.extensions["schakel"].store.reading() as session:
        (account,) = session.scalars(select(AccountRow.id))
    assert lines(home)[-1]["account"] == account
    key = api_keys.create_key(app.extensions["schakel"].store, "robot", actor="command")
    app.test_client().get("/api/v1/organisations", headers={"Authorization": f"Bearer {key}"})
    assert lines(home)[-1]["key"] == "robot" and "account" not in lines(home)[-1]


def test_probes_that_find_all_well_write_nothing(client: FlaskClient, home: Path) -> None:
    client.get("/")
    before = len(lines(home))
    assert client.get("/health/live").status_code == 200
    assert len(lines(home)) == before


def test_an_error_has_the_number_of_its_request_and_is_written_once_a_minute(
    app: APIFlask, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise RuntimeError("broken")

    monkeypatch.setitem(app.view_functions, "accounts.forgotten", fail)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    client = app.test_client()
    first = client.get("/password/forgotten")
    for _ in range(4):
        assert client.get("/password/forgotten").status_code == 500
    errors = [line for line in lines(home) if line["level"] == "error"]
    assert [line["request_id"] for line in errors] == [first.headers["X-Request-ID"]]
    minute_later = time.monotonic() + 61
    monkeypatch.setattr(logs.time, "monotonic", lambda: minute_later)
    client.get("/")
    repeated = [line for line in lines(home) if "repeated" in line]
    assert [(line["event"], line["repeated"]) for line in repeated] == [("request failed", 4)]
    client.get("/password/forgotten")
    assert len([line for line in lines(home) if "exception" in line]) == 2


def test_a_full_file_is_put_aside_and_five_are_kept(
    client: FlaskClient, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "MAX_FILE_BYTES", 10)
    for _ in range(8):
        client.get("/")
    kept = sorted(path.name for path in home.glob("schakel.log*"))
    assert kept == [f"schakel.log.{number}" for number in range(1, 6)] + ["schakel.log.lock"]
    client.get("/sign-in")
    assert "/sign-in" in (home / "schakel.log.1").read_text()


def test_a_process_that_serves_writes_to_standard_output_and_a_command_doesnt(
    hash_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = settings_for(hash_home)
    logs.configure(settings, serving=True)
    structlog.get_logger().info("told", number=1)
    written = capsys.readouterr()
    assert json.loads(written.out)["event"] == "told" and written.err == ""
    logs.configure(settings)
    structlog.get_logger().info("told")
    structlog.get_logger().error("failed")
    written = capsys.readouterr()
    assert written.out == "" and json.loads(written.err)["event"] == "failed"


def test_a_log_that_cannot_be_written_costs_no_answer(
    client: FlaskClient, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "schakel.log").mkdir()
    assert client.get("/sign-in").status_code == 200
    assert "IsADirectoryError" in capsys.readouterr().err
    (home / "schakel.log").rmdir()
    assert client.get("/sign-in").status_code == 200
    assert [line["route"] for line in lines(home)] == ["/sign-in"]


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
    written = (home / "schakel.log").read_text(encoding="utf-8")
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
    assert app.test_client().get("/password/forgotten").status_code == 503
    (line,) = [line for line in lines(home) if line["event"] == "write refused by the store"]
    assert line["route"] == "/password/forgotten"
    assert "UNIQUE constraint failed: account.email" in str(line["exception"])
    assert "jan" not in json.dumps(line).lower()
