from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from flask.testing import FlaskClient


def lines(home: Path) -> list[dict[str, object]]:
    text = (home / "logs" / "schakel.log").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def test_each_request_is_a_line_with_its_number(client: FlaskClient, home: Path) -> None:
    answer = client.get("/health/live")
    line = lines(home)[-1]
    assert (line["event"], line["path"], line["status"]) == ("request", "/health/live", 200)
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
    assert [line["path"] for line in lines(home)] == ["/health/live"]
