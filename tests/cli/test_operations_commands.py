"""The commands of whoever runs the service."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from apiflask import APIFlask
from flask.testing import FlaskClient

from tests.cli.commands import result_of, run

MakeApp = Callable[..., APIFlask]
NEW = {"name": "Terug nv", "type": "company", "offers": [{"text": "koelen"}]}


def test_the_schema_goes_back_and_up_again(tmp_path: Path, make_app: MakeApp) -> None:
    app = make_app(tmp_path / "home")
    assert result_of(app, "db", "current").exit_code == 1
    newest = run(app, "db", "upgrade").split()[-1].rstrip(".")
    assert run(app, "db", "current") == f"{newest} (the newest)\n"
    assert run(app, "db", "downgrade", "0008") == "The schema is 0008.\n"
    result = result_of(app, "db", "current")
    assert (result.exit_code, result.output) == (1, f"0008; the newest is {newest}\n")
    said = run(app, "db", "downgrade", "0010", fails=True)
    assert "0010 is newer than the present one" in said
    assert "there is no schema 4711" in run(app, "db", "downgrade", "4711", fails=True)
    assert run(app, "db", "upgrade") == f"The schema is {newest}.\n"


def test_a_store_of_a_newer_version_gets_a_sentence(hash_home: Path, make_app: MakeApp) -> None:
    app = make_app(hash_home)
    with app.extensions["schakel"].store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    other = make_app(hash_home)
    said = run(other, "user", "list", fails=True)
    assert "DATABASE_URL: the store can't be opened: it is of a newer version" in said
    for command in (("db", "upgrade"), ("db", "downgrade", "0009")):
        assert "a newer version of the service" in run(other, *command, fails=True)


def test_a_backup_is_restored_while_the_service_answers(
    hash_home: Path, make_app: MakeApp, tmp_path: Path
) -> None:
    app = make_app(hash_home)
    client: FlaskClient = app.test_client()
    services = app.extensions["schakel"]
    services.corpus_provider.serve(lambda: None)
    file = str(tmp_path / "copy")
    assert run(app, "backup", file).startswith(f"{file} holds the store, ")
    assert "there already" in run(app, "backup", file, fails=True)
    made = client.post("/api/v1/organisations", json=NEW)
    url = f"/api/v1/organisations/{made.json['id']}"
    asked = {"text": "koelen", "limit": 100}
    found = client.post("/api/v1/recommendations", json=asked).json["results"]
    assert made.json["id"] in [one["organisation"]["id"] for one in found]
    assert "Aborted" in result_of(app, "restore", file, typed="n\n").output
    assert client.get(url).status_code == 200
    run(app, "restore", file, "--yes")
    assert client.get(url).status_code == 404
    answer = client.post("/api/v1/recommendations", json=asked)
    assert answer.status_code == 200
    assert made.json["id"] not in [one["organisation"]["id"] for one in answer.json["results"]]
    (tmp_path / "none").write_text("nothing")
    assert "isn't a backup" in run(app, "restore", str(tmp_path / "none"), "--yes", fails=True)


def test_the_doctor_ends_with_1_where_something_must_be_done(
    hash_home: Path, make_app: MakeApp
) -> None:
    app = make_app(hash_home)
    result = result_of(app, "doctor")
    assert result.exit_code == 0, result.output
    assert [line.split()[1] for line in result.output.splitlines()][:2] == ["settings", "store"]
    manifest = next((hash_home / "index").glob("gen-*/manifest.json"))
    manifest.write_text(json.dumps({}))
    result = result_of(app, "doctor")
    assert result.exit_code == 1
    assert "ACT   index        " in result.output


def test_retention_says_what_it_deleted(empty_app: APIFlask) -> None:
    printed = run(empty_app, "retention", "run")
    assert printed == "audit\t0\njobs\t0\nimports\t0\nlinks\t0\ndrafts\t0\nintroductions\t0\n"
