"""The doctor finds what is wrong, and says what to do."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest

from matcher.corpus.generation import current_name
from matcher.operations import doctor
from matcher.operations.doctor import Finding, State, examine
from matcher.store import Store
from matcher.store.account_tables import AuditRow, JobRow
from tests.conftest import settings_for
from tests.corpus.test_damage import flip
from tests.servers import free_port, redis_server

PARTS = [
    *("settings", "store", "migrations", "index", "models", "redis", "mail", "jobs"),
    *("disk", "permissions", "clock"),
]


class Patient(NamedTuple):
    home: Path
    store: Store

    def examined(self, **environ: str) -> dict[str, Finding]:
        self.home.chmod(0o700)
        found = examine(settings_for(self.home, **environ), self.store)
        return {finding.part: finding for finding in found}


@pytest.fixture
def patient(hash_home: Path) -> Iterator[Patient]:
    for path in hash_home.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)
    store = Store(f"sqlite:///{hash_home}/schakel.sqlite3")
    yield Patient(hash_home, store)
    store.dispose()


def test_a_sound_service_needs_nothing(patient: Patient) -> None:
    found = patient.examined()
    assert list(found) == PARTS
    assert [part for part, one in found.items() if one.state is State.ACT] == []
    for finding in found.values():
        assert finding.sentence[0].isupper() or finding.sentence[0] in "0123456789gs/"
        assert finding.sentence.endswith(".")


def test_a_damaged_index_is_found(patient: Patient) -> None:
    root = patient.home / "index"
    name = str(current_name(root))
    flip(root / name / "columns" / "keys.npy")
    found = patient.examined()["index"]
    assert found.state is State.ACT
    assert f"{name}/columns/keys.npy isn't what was written" in found.sentence
    shutil.rmtree(root)
    assert patient.examined()["index"].sentence == "There is none. Run `schakel index build`."


def test_a_store_of_another_version_is_found(patient: Patient) -> None:
    patient.store.migrate("0009")
    found = patient.examined()["migrations"]
    assert found.state is State.ACT and "`schakel db upgrade`" in found.sentence
    with patient.store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    found = patient.examined()["migrations"]
    assert found.state is State.ACT and "a newer version of the service" in found.sentence


def test_what_others_may_read_is_found(patient: Patient) -> None:
    (patient.home / "schakel.sqlite3").chmod(0o644)
    found = patient.examined()["permissions"]
    assert found.state is State.ACT
    assert found.sentence.startswith(f"Others may read {patient.home}/schakel.sqlite3.")


def test_a_redis_or_mail_server_that_is_away_is_found(patient: Patient) -> None:
    found = patient.examined(
        REDIS_URL=f"redis://127.0.0.1:{free_port()}/0",
        SCHAKEL_SMTP_URL=f"smtp://127.0.0.1:{free_port()}",
    )
    assert found["redis"].state is found["mail"].state is State.ACT
    assert "REDIS_URL" in found["redis"].sentence
    assert "SCHAKEL_SMTP_URL" in found["mail"].sentence


def test_a_redis_that_takes_nothing_is_found(patient: Patient) -> None:
    with redis_server() as server:
        assert patient.examined(REDIS_URL=server.url)["redis"].state is State.FINE
        with server.client() as client:
            client.config_set("maxmemory", "1")
        found = patient.examined(REDIS_URL=server.url)["redis"]
    assert found.state is State.ACT and "takes nothing" in found.sentence


def test_a_full_disk_is_found(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(9, 9, 9))
    found = patient.examined()["disk"]
    assert found.state is State.ACT and found.sentence.endswith("Make room.")


def test_a_clock_that_is_behind_what_was_written_is_found(patient: Patient) -> None:
    later = datetime.now(UTC) + timedelta(days=2)
    with patient.store.keeping() as session:
        session.add(AuditRow(at=later, actor="a", action="a.b", subject="s", detail={}))
    found = patient.examined()["clock"]
    assert found.state is State.ACT and f"{later:%Y-%m-%d %H:%M:%S}" in found.sentence


def test_a_job_that_nobody_runs_is_found(patient: Patient) -> None:
    created = datetime.now(UTC) - timedelta(hours=2)
    with patient.store.keeping() as session:
        session.add(JobRow(id="a", kind="k", arguments={}, state="waiting", created=created))
    found = patient.examined()["jobs"]
    assert found.state is State.ACT and "`schakel worker`" in found.sentence


def test_a_store_that_is_garbage_stops_no_other_check(patient: Patient) -> None:
    patient.store.dispose()
    for path in patient.home.glob("schakel.sqlite3*"):
        path.write_bytes(b"garbage" * 1000)
    found = patient.examined()
    assert list(found) == PARTS
    assert found["store"].state is State.ACT and "file is not a database" in found["store"].sentence
    assert found["models"].state is State.FINE


def test_production_needs_an_address_and_a_mail_server(patient: Patient) -> None:
    production = {
        "SCHAKEL_ENV": "production",
        "SCHAKEL_SECRET_KEY": "5f0d1c7e9b3a4862a7c95d1e0f3b8d6473920b1cfeadc584",
        "SCHAKEL_PUBLIC_URL": "http://schakel.example.org",
    }
    found = patient.examined(**production)
    assert found["settings"].state is found["mail"].state is State.ACT
    production["SCHAKEL_PUBLIC_URL"] = "https://schakel.example.org"
    assert patient.examined(**production)["settings"].state is not State.ACT
