"""What was being imported by a process that is killed is imported once, by another."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from matcher.accounts import accounts
from matcher.accounts.accounts import AccountRole
from matcher.container import Services
from matcher.imports import runs as import_runs
from matcher.jobs import runner
from matcher.jobs.job import Job, JobState
from matcher.store.tables import OrganisationRow
from tests.conftest import settings_for
from tests.servers import ROOT

pytestmark = pytest.mark.slow

ROWS = 1_000
TABLE = "id,name,type,city,country,offer_1_text\n" + "".join(
    f"many:{n},Bedrijf {n} (voorbeeld),company,Aalst,BE,Kist {n} vlechten voor vracht {n % 40}\n"
    for n in range(ROWS)
)


@contextmanager
def worker(environ: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "flask", "--app", "app", "worker"]
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environ})
    try:
        yield process
    finally:
        process.kill()
        process.wait(20)


def job_of(services: Services, job_id: str) -> Job:
    found = services.jobs.get(job_id)
    assert found is not None
    return found


def imported(services: Services) -> int:
    query = select(func.count()).where(OrganisationRow.id.like("many:%"))
    with services.store.reading() as session:
        return session.scalar(query) or 0


def test_an_import_whose_worker_is_killed_is_done_once_by_another(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environ = {"SCHAKEL_HOME": str(home), "SCHAKEL_JOBS": "worker"}
    services = Services(settings_for(home))
    me = accounts.create(
        services.store,
        email="m@example.org",
        name="M",
        role=AccountRole.MANAGER,
        password="een lang wachtwoord",
        actor="test",
    )
    run_id = import_runs.upload(services.jobs, io.BytesIO(TABLE.encode()), "veel.csv", me)
    services.jobs.run_waiting()
    run = import_runs.get(services.store, run_id)
    assert run is not None and run.preview is not None
    assert run.preview["organisations"]["new"] == ROWS
    version = services.store.corpus_version()
    job_id = import_runs.confirm(services.jobs, run, me, skip_invalid=False)
    with worker(environ) as killed:
        deadline = time.monotonic() + 60
        while job_of(services, job_id).step != "organisations":
            assert time.monotonic() < deadline
            time.sleep(0.02)
        killed.send_signal(signal.SIGKILL)
        killed.wait(20)
    assert job_of(services, job_id).state is JobState.RUNNING
    assert (imported(services), services.store.corpus_version()) == (0, version)
    services.jobs.recover()
    assert job_of(services, job_id).state is JobState.RUNNING  # it may only be slow
    monkeypatch.setattr(runner, "DEAD_AFTER", timedelta(0))
    services.jobs.recover()
    assert job_of(services, job_id).state is JobState.WAITING
    assert job_id in services.jobs.waiting()
    monkeypatch.setattr(runner, "DEAD_AFTER", timedelta(minutes=1))
    with worker(environ), worker(environ):  # one of them does it
        deadline = time.monotonic() + 120
        while job_of(services, job_id).state.open:
            assert time.monotonic() < deadline
            time.sleep(0.2)
    done = job_of(services, job_id)
    assert done.state is JobState.DONE and done.result is not None
    assert done.result["organisations"] == {"new": ROWS, "changed": 0}
    assert (imported(services), services.store.corpus_version()) == (ROWS, version + 1)
    run = import_runs.get(services.store, run_id)
    assert run is not None and run.state is import_runs.ImportState.IMPORTED
    services.end()
    services.store.dispose()


def test_a_job_that_waits_is_cancelled_before_any_worker_comes(home: Path) -> None:
    services = Services(settings_for(home))
    job_id = services.jobs.start("rebuild", {}, None)
    assert services.jobs.cancel(job_id, "command")
    later = services.jobs.start("rebuild", {}, None)
    assert services.jobs.waiting() == [later]
    with worker({"SCHAKEL_HOME": str(home), "SCHAKEL_JOBS": "worker"}):
        deadline = time.monotonic() + 30
        while services.jobs.waiting():
            assert time.monotonic() < deadline
            time.sleep(0.1)
    assert job_of(services, job_id).state is JobState.CANCELLED
    services.end()
    services.store.dispose()
