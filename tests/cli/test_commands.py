from __future__ import annotations

import errno
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from apiflask import APIFlask
from sqlalchemy import event

from matcher import cli
from matcher.cli.administration import settings_table
from matcher.corpus import generation
from matcher.corpus.generation import GenerationWriteError
from matcher.domain import OrganisationType, Project
from matcher.evaluation.metrics import ndcg, recall, reciprocal_rank
from matcher.organisations.actions import get
from matcher.settings import SettingsError, read_settings, settings_help
from matcher.store import Store
from matcher.store.projects import projects_by_source
from tests.cli.commands import run
from tests.people import PRODUCTION
from tests.servers import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


def write_cordis(folder: Path, title: str = "Algae for feed") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "project.csv").write_text(
        '"title";"id";"startDate";"objective";"extra"\n'
        f'"{title}";"1";"2011-05-01";"Growing algae ""at sea"";\nfor fish feed";"x"\n'
        '"Steel bridges";"2";"01/02/2012";"";""\n',
        encoding="utf-8-sig",
    )
    (folder / "organization.csv").write_text(
        '"projectID";"organisationID";"name";"activityType";"SME";"country";"city";"geolocation";'
        '"role"\n'
        '"1";"a";"Alga BV";"PRC";"true";"NL";"DELFT";"52,01,4,36";"coordinator"\n'
        '"1";"b";"Sea University";"HES";"";"UK";"";"";"participant"\n'
        '"2";"b";"Sea University";"HES";"";"UK";"Hull";"(53.7, -0.3)";"participant"\n',
        encoding="utf-8",
    )
    return folder


def projects_by_source_of(store: Store) -> list[Project]:
    with store.reading() as session:
        return list(projects_by_source(session, ["cordis:1", "cordis:2"]).values())


def test_cordis_is_imported_once_and_changes_are_taken_over(app: APIFlask, tmp_path: Path) -> None:
    store = app.extensions["schakel"].store
    folder = write_cordis(tmp_path / "cordis")
    first = run(app, "import", "cordis", str(folder))
    assert "2 organisations (2 new or changed), 2 projects (2 new or changed)" in first
    version = store.corpus_version()
    again = run(app, "import", "cordis", str(folder))
    assert "2 organisations (0 new or changed), 2 projects (0 new or changed)" in again
    assert store.corpus_version() == version
    one, other = get(store, "cordis:a"), get(store, "cordis:b")
    assert one is not None and other is not None
    assert (one.name, one.type, one.sme) == ("Alga BV", OrganisationType.COMPANY, True)
    assert (one.place.city, one.place.latitude, one.place.longitude) == ("Delft", 52.01, 4.36)
    assert (other.place.country, other.place.city) == ("GB", "Hull")
    printed = run(app, "match", "algae at sea for fish feed", "--limit", "2")
    assert "Alga BV" in printed and "” (2011)" in printed
    write_cordis(folder, title="Seaweed for feed")
    assert "2 projects (1 new or changed)" in run(app, "import", "cordis", str(folder))


def test_faults_refuse_the_whole_file(app: APIFlask, tmp_path: Path) -> None:
    store = app.extensions["schakel"].store
    version = store.corpus_version()
    folder = write_cordis(tmp_path / "cordis")
    with (folder / "organization.csv").open("a", encoding="utf-8") as file:
        file.write('"9";"c";"Nobody";"PRC";"";"";"";"";""\n')
    refused = run(app, "import", "cordis", str(folder), fails=True)
    assert "organization.csv" in refused and "projectID" in refused and "no project '9'" in refused
    assert "nothing was imported" in refused
    assert store.corpus_version() == version
    assert "1 rows left out" in run(app, "import", "cordis", str(folder), "--skip-invalid")


def test_an_empty_file_takes_nobodys_participations_away(app: APIFlask, tmp_path: Path) -> None:
    store = app.extensions["schakel"].store
    folder = write_cordis(tmp_path / "cordis")
    run(app, "import", "cordis", str(folder), "--no-index")
    kept = projects_by_source_of(store)
    assert [len(one.participations) for one in kept] == [2, 1]
    for text in ("", "projectID;organisationID;name\n"):
        (folder / "organization.csv").write_text(text)
        for options in ((), ("--skip-invalid",)):
            said = run(app, "import", "cordis", str(folder), *options, fails=True)
            assert "nothing was imported" in said and "organization.csv" in said
    assert projects_by_source_of(store) == kept
    empty = tmp_path / "empty.csv"
    empty.write_text("")
    assert "no organisation in it" in run(app, "import", "organisations", str(empty), fails=True)


def test_the_template_can_be_filled_in_and_imported(app: APIFlask, tmp_path: Path) -> None:
    for suffix in ("csv", "xlsx", "ndjson"):
        path = tmp_path / f"firms.{suffix}"
        run(app, "import", "template", str(path))
        assert "is there already" in run(app, "import", "template", str(path), fails=True)
        assert "3 organisations" in run(app, "import", "organisations", str(path))


def test_match_prints_json_for_machines(app: APIFlask) -> None:
    answer = json.loads(run(app, "match", "vrachtfietsen met koelbox", "--json", "--limit", "1"))
    assert answer["results"][0]["organisation"]["id"] == "demo:trapkar"
    assert "members" in run(app, "match", "--member", "org:nobody", fails=True)


def test_types_are_written_as_everywhere_else(app: APIFlask) -> None:
    for kind in ("higher_education", "HIGHER_EDUCATION"):
        answer = json.loads(run(app, "match", "biosensor", "--type", kind, "--json"))
        assert {one["organisation"]["type"] for one in answer["results"]} == {"higher_education"}
    assert "'company', 'research_institute'" in run(app, "match", "x", "--type", "firm", fails=True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--complement", "nan"), "'nan' isn't a number from 0 to 1"),
        (("--similarity-penalty", "nan"), "'nan' isn't a number from 0 to 1"),
        (("--country", "Belgium"), "'Belgium' isn't a country: give two letters, such as BE."),
        (("--country", ""), "'' isn't a country: give two letters, such as BE."),
        (("--need", "caf\udce9"), "'--need': its bytes aren't UTF-8"),
        (("--member", "caf\udce9"), "'--member': its bytes aren't UTF-8"),
    ],
)
def test_options_that_can_not_be_meant(
    app: APIFlask, arguments: tuple[str, ...], said: str
) -> None:
    assert said in run(app, "match", "biosensor", *arguments, fails=True)
    assert "aren't UTF-8" in run(app, "match", "caf\udce9", fails=True)


def test_small_letters_name_a_country(app: APIFlask) -> None:
    answer = json.loads(run(app, "match", "biosensor", "--country", "be", "--json"))
    assert {one["organisation"]["country"] for one in answer["results"]} == {"BE"}


def test_in_place_of_a_damaged_index_another_answers(app: APIFlask, home: Path) -> None:
    for path in (home / "index").glob("gen-*/manifest.json"):
        path.unlink()
    assert "biosensor" in run(app, "match", "biosensor")


def test_an_index_that_cant_be_read_is_told_in_a_sentence(
    app: APIFlask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_many(*_: object) -> None:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(generation, "load_encoder", too_many)
    for asked in (("match", "biosensor"), ("initiative", "gaps", "demo:fisch"), ("train",)):
        said = run(app, *asked, fails=True)
        assert said.startswith("Error: gen-")
        assert said.endswith(" can't be read; run: schakel index build\n")


def test_a_read_only_store_is_told_in_a_sentence(app: APIFlask, tmp_path: Path) -> None:
    store = app.extensions["schakel"].store
    store.dispose()
    event.listen(store.engine, "connect", lambda one, _: one.execute("PRAGMA query_only = ON"))
    folder = write_cordis(tmp_path / "cordis")
    said = run(app, "import", "cordis", str(folder), fails=True)
    assert "Error: The store can't be used: attempt to write a readonly database. See " in said


@pytest.mark.parametrize(
    "failure", [GenerationWriteError("no room"), OSError(errno.ENOSPC, "no room")]
)
def test_a_full_disk_is_told_in_a_sentence(
    app: APIFlask, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    def full(*_: object) -> str:
        raise failure

    monkeypatch.setattr("matcher.cli.imports.build_index", full)
    said = run(app, "index", "build", fails=True)
    assert said.startswith("Error: ") and "no room" in said


def test_a_home_that_can_not_be_used_is_told_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    environ = {**os.environ, "SCHAKEL_HOME": str(tmp_path / "file" / "home")}
    command = [sys.executable, "-m", "flask", "--app", "app", "settings"]
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True)
    assert done.returncode == 1 and done.stderr.startswith("Schakel can't start: ")
    assert "Traceback" not in done.stderr


def test_demo_data_is_loaded_once(app: APIFlask) -> None:
    assert "not loaded again" in run(app, "demo", "load", "--once")
    assert "185 organisations, 31 past projects" in run(app, "demo", "load")


def test_evaluate_knows_the_answer(app: APIFlask, tmp_path: Path) -> None:
    """Four fields, each with its own eight partners: whoever reads finds them all."""
    fields = ["hydrogen electrolysis", "wool spinning", "cancer imaging", "potato breeding"]
    for name, numbers in (("train", range(40)), ("test", range(40, 48))):
        folder = tmp_path / name
        folder.mkdir()
        projects, rows = ['"id";"title";"startDate"'], ['"projectID";"organisationID";"name"']
        for n in numbers:
            field = n % 4
            projects.append(f'"{n}";"{fields[field]} number {n}";"20{10 + n // 10}-01-01"')
            rows += [f'"{n}";"o{field}{o}";"Org {field}{o}"' for o in range(8)]
        (folder / "project.csv").write_text("\n".join(projects))
        (folder / "organization.csv").write_text("\n".join(rows))
    arguments = ["evaluate", "--train", str(tmp_path / "train"), "--test", str(tmp_path / "test")]
    printed = run(app, *arguments, "--json")
    found = json.loads(printed[printed.index("{\n") :])
    for mode in found["modes"].values():
        assert mode["queries"] == 8
        assert mode["methods"]["schakel"]["ndcg_10"] == 1.0
        assert mode["methods"]["schakel"]["recall_50"] == 1.0
        assert mode["methods"]["popularity"]["ndcg_10"] < 0.6
    assert "half of the members given: 8 questions" in run(app, *arguments)


def test_metrics_have_their_textbook_values() -> None:
    assert ndcg(["a", "x", "b"], {"a", "b"}, 10) == pytest.approx(1.5 / (1 + 1 / 1.5849625), 1e-6)
    assert recall(["a", "x", "b"], {"a", "b", "c"}, 2) == pytest.approx(1 / 3)
    assert reciprocal_rank(["x", "y", "a"], {"a"}) == pytest.approx(1 / 3)
    assert (ndcg([], {"a"}, 10), recall([], set(), 5), reciprocal_rank([], {"a"})) == (0, 0, 0)


def test_the_readme_holds_every_setting_and_command(app: APIFlask) -> None:
    assert settings_table() in README
    for name, listed in app.cli.commands.items():
        if not isinstance(listed, cli.LazyCommand):
            continue
        for sub in getattr(listed.load(), "commands", {"": None}):
            assert f"{name} {sub}".strip() in README
    for row in settings_help():
        assert f"`{row.variable}`" in README


def test_the_readmes_commands_run(app: APIFlask) -> None:
    for line in README.replace("\\\n", " ").splitlines():
        if line.startswith(".venv/bin/schakel match"):
            assert "score" in run(app, *shlex.split(line)[1:])
            return
    raise AssertionError("no command found")


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"SCHAKEL_ENV": "production"}, "SCHAKEL_SECRET_KEY is not set"),
        (
            {"SCHAKEL_ENV": "production", "SCHAKEL_SECRET_KEY": "geheim"},
            "SCHAKEL_SECRET_KEY can be guessed",
        ),
        ({**PRODUCTION, "SCHAKEL_PUBLIC_URL": ""}, "SCHAKEL_PUBLIC_URL is not set"),
        (
            {**PRODUCTION, "SCHAKEL_OIDC_ISSUER": "http://x.example", "SCHAKEL_OIDC_CLIENT": "x"},
            "SCHAKEL_OIDC_ISSUER begins with http://",
        ),
        ({"SCHAKEL_PASSWORDS": "off"}, "nobody could sign in"),
        ({"SCHAKEL_BIND": "0.0.0.0:8000"}, "SCHAKEL_API_WRITES is not set"),
        ({"SCHAKEL_BIND": "[::]:8000"}, "SCHAKEL_API_WRITES is not set"),
        ({"SCHAKEL_BIND": "schakel.example.org:80"}, "SCHAKEL_API_WRITES is not set"),
        ({"SCHAKEL_TRUSTED_HOSTS": "a.example, https://b"}, "SCHAKEL_TRUSTED_HOSTS"),
        ({"SCHAKEL_TRUSTED_HOSTS": "a.example:80"}, "SCHAKEL_TRUSTED_HOSTS"),
        ({"SCHAKEL_BIND": "nowhere"}, "SCHAKEL_BIND"),
        ({"SCHAKEL_WORKERS": "0"}, "SCHAKEL_WORKERS"),
        ({"SCHAKEL_ENCODER": "magic"}, "default, transformer, remote"),
        ({"SCHAKEL_ENV": "test"}, "development, production"),
        ({"SCHAKEL_BIND": "::1:8000"}, r"SCHAKEL_BIND .* \[::1\]:8000"),
        ({"SCHAKEL_BIND": "a@b:80"}, "SCHAKEL_BIND"),
        ({"SCHAKEL_BIND": "localhost:0"}, "SCHAKEL_BIND"),
        ({"SCHAKEL_RATE_LIMITS": "foo"}, "SCHAKEL_RATE_LIMITS is 'foo'"),
        ({"SCHAKEL_RATE_LIMITS": "10 per fortnight"}, "`120 per minute; 2000 per hour`, or `off`"),
        ({"SCHAKEL_PUBLIC_URL": "http://[::1"}, "SCHAKEL_PUBLIC_URL"),
        ({"SCHAKEL_PUBLIC_URL": "http://x:abc"}, "SCHAKEL_PUBLIC_URL"),
        ({"SCHAKEL_SMTP_URL": "smtp://u:geheim@h:abc"}, "SCHAKEL_SMTP_URL"),
        ({"SCHAKEL_OIDC_ISSUER": "https://x.example"}, "SCHAKEL_OIDC_CLIENT is needed"),
        ({"REDIS_URL": "geheim"}, "REDIS_URL can't be used"),
        ({"REDIS_URL": "http://u:geheim@127.0.0.1/"}, "REDIS_URL can't be used"),
        ({"REDIS_URL": "redis://:geheim@127.0.0.1:abc/0"}, "REDIS_URL can't be used"),
        ({"DATABASE_URL": "geheim"}, "DATABASE_URL can't be used"),
        ({"DATABASE_URL": "mysql://u:geheim@h/d"}, "DATABASE_URL can't be used"),
        ({"DATABASE_URL": "postgresql+psycopg://u:geheim@h:abc/d"}, "DATABASE_URL can't be used"),
        ({"DATABASE_URL": "sqlite://"}, "the path of a file"),
        ({"DATABASE_URL": "sqlite:///:memory:"}, "the path of a file"),
    ],
)
def test_settings_that_can_not_be_used(
    environ: dict[str, str], message: str, tmp_path: Path
) -> None:
    with pytest.raises(SettingsError, match=message) as refused:
        read_settings({"SCHAKEL_HOME": str(tmp_path), **environ})
    assert "geheim" not in str(refused.value)


def test_settings_that_can_be_used(tmp_path: Path) -> None:
    given = {
        "SCHAKEL_BIND": "[::1]:8000",
        "SCHAKEL_RATE_LIMITS": "120 per minute; 2000 per hour",
        "SCHAKEL_SMTP_URL": "smtp+starttls://u:geheim%40@mail.example:587",
        "REDIS_URL": "unix:///run/redis.sock",
        "DATABASE_URL": "postgresql://u:geheim@/name?host=/run/postgresql",
    }
    read = read_settings({"SCHAKEL_HOME": str(tmp_path), **given})
    assert (read.bind, read.public_url) == ("[::1]:8000", "http://[::1]:8000")
    assert (read.rate_limits, read.smtp_url) == (
        given["SCHAKEL_RATE_LIMITS"],
        given["SCHAKEL_SMTP_URL"],
    )
    assert (read.redis_url, read.database_url) == (given["REDIS_URL"], given["DATABASE_URL"])


def test_an_open_service_can_be_meant(tmp_path: Path) -> None:
    here = {"SCHAKEL_HOME": str(tmp_path)}
    bound = {**here, "SCHAKEL_BIND": "0.0.0.0:8000"}
    assert read_settings({**bound, "SCHAKEL_API_WRITES": "open"}).writes_said_open
    assert read_settings({**bound, "SCHAKEL_API_WRITES": "key"}).api_writes == "key"
    assert read_settings({**PRODUCTION, **bound}).api_writes == "key"
    mine = read_settings({**here, "SCHAKEL_BIND": "127.0.0.2:8000"})
    assert mine.api_writes == "open" and not mine.writes_said_open


@pytest.mark.parametrize(
    ("environ", "warned"),
    [
        ({}, ["SCHAKEL_API_WRITES"]),
        ({"SCHAKEL_API_WRITES": "key"}, []),
        (PRODUCTION, ["SCHAKEL_CONTROLLER", "SCHAKEL_SMTP_URL"]),
        ({**PRODUCTION, "SCHAKEL_SMTP_URL": "smtps://mail.example"}, ["SCHAKEL_CONTROLLER"]),
        (
            {**PRODUCTION, "SCHAKEL_PUBLIC_URL": "http://x.example", "SCHAKEL_API_WRITES": "open"},
            ["SCHAKEL_API_WRITES", "SCHAKEL_CONTROLLER", "SCHAKEL_SMTP_URL", "SCHAKEL_PUBLIC_URL"],
        ),
    ],
)
def test_what_whoever_runs_the_service_should_know(
    environ: dict[str, str], warned: list[str], tmp_path: Path
) -> None:
    warnings = read_settings({"SCHAKEL_HOME": str(tmp_path), **environ}).warnings
    assert [name for name in warned if name in " ".join(warnings)] == warned
    assert len(warnings) == len(warned)


UNREACHED = (
    "postgresql+psycopg://u:geheim@127.0.0.1:1/d",
    "postgresql+psycopg://u:geheim@127.0.0.1/d?geheim=1",
    "sqlite:////proc/nope/x.sqlite3",
    "sqlite:////proc",
)


@pytest.mark.parametrize("url", UNREACHED)
def test_a_store_that_can_not_be_opened_is_told_in_a_sentence(
    url: str, tmp_path: Path, make_app: Callable[..., APIFlask]
) -> None:
    app = make_app(tmp_path, DATABASE_URL=url, REDIS_URL="unix:///run/nowhere.sock")
    with pytest.raises(SettingsError, match="DATABASE_URL: the store can't be opened: ") as refused:
        app.extensions["schakel"].store  # noqa: B018
    assert "geheim" not in str(refused.value) and "\n" not in str(refused.value)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    answer = app.test_client().get("/api/v1/organisations")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "60")


def test_a_command_says_what_is_wrong_with_the_store_without_a_trace(tmp_path: Path) -> None:
    environ = {**os.environ, "SCHAKEL_HOME": str(tmp_path), "DATABASE_URL": "sqlite:////proc"}
    command = [sys.executable, "-m", "flask", "--app", "app", "user", "list"]
    told = subprocess.run(command, env=environ, cwd=ROOT, capture_output=True, text=True)
    assert told.returncode == 1 and "Traceback" not in told.stderr
    assert told.stderr.startswith("Error: DATABASE_URL: the store can't be opened: ")
