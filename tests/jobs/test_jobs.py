from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, text, update

from embeddings.default import DefaultEncoder
from matcher import container
from matcher.container import Services
from matcher.jobs import rebuild
from matcher.jobs.job import (
    UNEXPECTED,
    Cancelled,
    Job,
    JobContext,
    JobFailed,
    JobFunction,
    JobKind,
    JobState,
    UnfinishedHook,
)
from matcher.jobs.signals import JobSignals, Signal
from matcher.progress import Progress
from matcher.store.account_tables import AuditRow, JobRow
from tests.conftest import settings_for
from tests.servers import ROOT, postgres_server


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    with postgres_server() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def services(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Services]:
    """Services over a store of each kind; the one in PostgreSQL keeps its rows between tests."""
    if request.param == "sqlite":
        yield from made(tmp_path)
    else:
        url = request.getfixturevalue("postgres")
        for found in made(tmp_path, DATABASE_URL=url):
            with found.store.keeping() as session:
                session.execute(delete(JobRow))
                session.execute(delete(AuditRow))
            yield found


def made(home: Path, **environ: str) -> Iterator[Services]:
    found = Services(settings_for(home, **environ))
    yield found
    found.end()
    found.store.dispose()


Kind = Callable[..., str]


@pytest.fixture
def kind(monkeypatch: pytest.MonkeyPatch) -> Kind:
    """Let a function be the job of the kind `test`, for one test."""

    def know(function: JobFunction, unfinished: UnfinishedHook | None = None) -> str:
        monkeypatch.setitem(container.JOB_KINDS, "test", JobKind(function, unfinished))
        return "test"

    return know


def job_of(services: Services, job_id: str) -> Job:
    job = services.jobs.get(job_id)
    assert job is not None
    return job


def test_a_job_runs_once_however_often_workers_are_woken(services: Services, kind: Kind) -> None:
    ran = []

    def work(_context: JobContext, arguments: dict[str, Any], progress: Progress) -> Any:
        ran.append(arguments["number"])
        progress("read", 1, 2)
        return {"double": arguments["number"] * 2}

    job_id = services.jobs.start(kind(work), {"number": 21}, None)
    waiting = job_of(services, job_id)
    assert waiting.state is JobState.WAITING and waiting.started is None
    services.jobs.wake()
    assert services.jobs.waiting() == [job_id]
    assert services.jobs.run_waiting() == 1
    assert services.jobs.run(job_id) is False
    assert ran == [21]
    done = job_of(services, job_id)
    assert (done.state, done.result, done.error) == (JobState.DONE, {"double": 42}, None)
    assert (done.step, done.done, done.total) == ("read", 1, 2)
    assert done.finished is not None and done.started is not None
    assert [one.id for one in services.jobs.recent()] == [job_id]


def test_of_two_workers_one_runs_it(services: Services, kind: Kind) -> None:
    ran: list[int] = []
    together = threading.Barrier(2)

    def work(*_: Any) -> dict[str, Any]:
        ran.append(1)
        time.sleep(0.2)
        return {}

    def run() -> None:
        together.wait()
        services.jobs.run(job_id)

    job_id = services.jobs.start(kind(work), {}, None)
    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ran == [1]


def test_a_waiting_job_that_is_cancelled_never_begins(services: Services, kind: Kind) -> None:
    left = []

    def work(*_: Any) -> dict[str, Any]:
        raise AssertionError("it began")

    def unfinished(_session: Any, arguments: dict[str, Any], state: JobState) -> None:
        left.append((arguments["x"], state))

    job_id = services.jobs.start(kind(work, unfinished), {"x": 1}, None)
    assert services.jobs.cancel(job_id, "account:a@example.org") is True
    assert services.jobs.cancel(job_id, "account:a@example.org") is False
    services.jobs.run_waiting()
    job = job_of(services, job_id)
    assert job.state is JobState.CANCELLED and job.error is None
    assert left == [(1, JobState.CANCELLED)]
    with services.store.reading() as session:
        lines = [(row.actor, row.action, row.detail) for row in session.query(AuditRow)]
    assert lines == [
        ("command", "job.started", {"kind": "test"}),
        ("account:a@example.org", "job.cancelled", {"kind": "test"}),
    ]


def test_a_running_job_that_is_cancelled_leaves_nothing(services: Services, kind: Kind) -> None:
    def work(context: JobContext, _arguments: Any, progress: Progress) -> dict[str, Any]:
        with context.store.writing() as write:  # SQLite takes no other writer now
            write.session.execute(text("UPDATE corpus_state SET version = version + 100"))
            progress("first", 0, 2)
            assert services.jobs.cancel(job_id, "account:a@example.org") is True
            seen = job_of(services, job_id)
            assert seen.cancelling and seen.step == "first"
            progress("second", 1, 2)
        raise AssertionError("it went on")

    job_id = services.jobs.start(kind(work), {}, None)
    before = services.store.corpus_version()
    begun = time.monotonic()
    services.jobs.run_waiting()
    assert time.monotonic() - begun < 10  # nobody waited for SQLite's lock
    job = job_of(services, job_id)
    assert job.state is JobState.CANCELLED
    assert services.store.corpus_version() == before
    with services.store.reading() as session:
        actions = [row.action for row in session.query(AuditRow)]
    assert actions == ["job.started", "job.cancelled"]


def test_progress_is_seen_while_the_job_holds_the_store(services: Services, kind: Kind) -> None:
    seen = []

    def work(context: JobContext, _arguments: Any, progress: Progress) -> dict[str, Any]:
        with context.store.writing() as write:
            progress("organisations", 500, 2000)
            job = job_of(services, job_id)
            assert job.alive is not None
            seen.append((job.step, job.done, job.total))
            assert datetime.now(UTC) - job.alive < timedelta(seconds=5)
            write.nothing_changed()
        return {}

    job_id = services.jobs.start(kind(work), {}, None)
    services.jobs.run_waiting()
    assert seen == [("organisations", 500, 2000)]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (JobFailed("The file is empty."), "The file is empty."),
        (ZeroDivisionError("secret detail"), UNEXPECTED),
    ],
)
def test_a_failure_says_what_people_understand(
    services: Services, kind: Kind, error: Exception, said: str
) -> None:
    def work(*_: Any) -> dict[str, Any]:
        raise error

    job_id = services.jobs.start(kind(work), {}, None)
    services.jobs.run_waiting()
    job = job_of(services, job_id)
    assert (job.state, job.error, job.result) == (JobState.FAILED, said, None)


def test_an_unknown_kind_is_refused(services: Services) -> None:
    with pytest.raises(KeyError):
        services.jobs.start("never-heard-of", {}, None)
    assert services.jobs.recent() == []


def test_what_a_dead_worker_had_begun_is_taken_up_again(services: Services, kind: Kind) -> None:
    ran = []

    def work(*_: Any) -> dict[str, Any]:
        ran.append(1)
        return {"done": True}

    job_id = services.jobs.start(kind(work), {}, None)
    assert services.jobs.run_next() and ran == [1]
    for seconds, again in ((30, 0), (61, 1)):
        then = datetime.now(UTC) - timedelta(seconds=seconds)
        with services.store.keeping() as session:
            dead = {"state": "running", "started": then, "finished": None}
            session.execute(update(JobRow).where(JobRow.id == job_id).values(**dead))
        assert services.jobs.recover() == again
        assert services.jobs.run_waiting() == again
    assert ran == [1, 1]
    job = job_of(services, job_id)
    assert (job.state, job.result) == (JobState.DONE, {"done": True})


def test_a_worker_that_reports_is_not_taken_for_dead(services: Services, kind: Kind) -> None:
    job_id = services.jobs.start(kind(lambda *_: {}), {}, None)
    now = datetime.now(UTC)
    hour_ago = now - timedelta(hours=1)
    with services.store.keeping() as session:
        running = {"state": "running", "started": hour_ago}
        session.execute(update(JobRow).where(JobRow.id == job_id).values(**running))
    signals = JobSignals(services.jobs.context)
    signals.report(Signal(job_id, hour_ago, now - timedelta(seconds=50), "read", 1, 2))
    assert services.jobs.recover() == 0
    assert job_of(services, job_id).step == "read"
    signals.report(Signal(job_id, hour_ago - timedelta(hours=1), now, "read", 1, 2))  # another run
    assert services.jobs.recover() == 1


def test_jobs_run_in_the_order_in_which_they_were_started(services: Services, kind: Kind) -> None:
    ran: list[int] = []

    def work(_context: JobContext, arguments: dict[str, Any], _progress: Progress) -> Any:
        ran.append(arguments["number"])
        return {}

    job_ids = [services.jobs.start(kind(work), {"number": n}, None) for n in range(3)]
    assert services.jobs.waiting() == job_ids
    assert services.jobs.run_waiting() == 3
    assert (ran, services.jobs.waiting()) == ([0, 1, 2], [])


def test_a_run_that_was_overtaken_writes_no_end(services: Services, kind: Kind) -> None:
    def work(context: JobContext, _arguments: Any, progress: Progress) -> dict[str, Any]:
        with context.store.keeping() as session:
            later = datetime.now(UTC) + timedelta(seconds=1)
            session.execute(update(JobRow).where(JobRow.id == job_id).values(started=later))
        progress("read", 1, 2)
        raise AssertionError("it went on")

    job_id = services.jobs.start(kind(work), {}, None)
    services.jobs.run_waiting()
    job = job_of(services, job_id)
    assert job.state is JobState.RUNNING and job.finished is None


def test_a_process_that_ends_gives_its_job_back(services: Services, kind: Kind) -> None:
    began, ran = threading.Event(), []

    def work(_context: JobContext, _arguments: Any, progress: Progress) -> dict[str, Any]:
        ran.append(1)
        if len(ran) > 1:
            return {"again": True}
        began.set()
        for number in range(1000):
            progress(f"step {number}", number, 1000)
            time.sleep(0.02)
        raise AssertionError("it was never told to end")

    job_id = services.jobs.start(kind(work), {}, None)
    services.jobs.start_thread()
    services.jobs.start_thread()  # does nothing
    assert began.wait(20)
    services.end()
    job = job_of(services, job_id)
    assert job.state is JobState.WAITING and job.started is None
    assert job_id in services.jobs.waiting()  # beside the daily one
    other = Services(services.settings)
    other.jobs.run_waiting()
    job = other.jobs.get(job_id)
    other.end()
    other.store.dispose()
    assert job.result == {"again": True}


def test_a_job_that_waits_is_run_by_the_thread_of_another_process(
    services: Services, kind: Kind
) -> None:
    ran = threading.Event()
    other = Services(services.settings)
    kind(lambda *_: ran.set() or {})
    other.jobs.start_thread()
    services.jobs.start("test", {}, None)
    assert ran.wait(10)
    other.end()
    other.store.dispose()


def test_while_another_writer_holds_sqlite_the_job_waits(tmp_path: Path, kind: Kind) -> None:
    for services in made(tmp_path):
        job_id = services.jobs.start(kind(lambda *_: {}), {}, None)
        with services.store.writing() as write:
            begun = time.monotonic()
            assert services.jobs.run_next() is False
            assert time.monotonic() - begun < 5
            assert services.jobs.cancel(job_id, "account:a@example.org") is True
            write.nothing_changed()
        assert job_of(services, job_id).state is JobState.WAITING
        assert services.jobs.run_waiting() == 1  # who takes it up sees that it was cancelled
        assert job_of(services, job_id).state is JobState.CANCELLED


def test_signals_that_can_not_be_written_stop_no_job(
    tmp_path: Path, kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    def work(_context: JobContext, _arguments: Any, progress: Progress) -> dict[str, Any]:
        progress("read", 1, 2)
        return {"ran": 1}

    (tmp_path / "jobs.sqlite3").mkdir()
    for services in made(tmp_path):
        job_id = services.jobs.start(kind(work), {}, None)
        assert services.jobs.run_waiting() == 1
        done = job_of(services, job_id)
        assert (done.state, done.result, done.step) == (JobState.DONE, {"ran": 1}, "read")


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_reports_too(tmp_path: Path) -> None:
    for services in made(tmp_path):
        signals = JobSignals(services.jobs.context)
        signals.report(Signal("1" * 32, step="parent"))
        child = os.fork()
        if child == 0:
            signals.report(Signal("2" * 32, step="child"))
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        found = signals.read(["1" * 32, "2" * 32])
        assert sorted(signal.step for signal in found.values()) == ["child", "parent"]


def test_the_index_is_built_as_a_job(home: Path) -> None:
    services = Services(settings_for(home))
    job_id = services.jobs.start("rebuild", {}, None)
    services.jobs.run_waiting()
    job = job_of(services, job_id)
    assert job.state is JobState.DONE and job.result is not None
    assert job.result["index"] == services.corpus_provider.snapshot().generation.name
    # The demo has too little history to fit weights on: the last stage is the first fold.
    assert job.step == "latest held out, text only" and job.done == job.total > 0
    services.end()
    services.store.dispose()


def test_an_index_that_cannot_be_written_leaves_the_former_one(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError("Not enough free space to write 34238400 bytes after offset 128")

    monkeypatch.setattr(DefaultEncoder, "save", full)
    services = Services(settings_for(home))
    before = services.corpus_provider.snapshot().generation.name
    job_id = services.jobs.start("rebuild", {}, None)
    services.jobs.run_waiting()
    job = job_of(services, job_id)
    assert (job.state, job.error) == (JobState.FAILED, rebuild.NO_ROOM)
    assert services.corpus_provider.snapshot().generation.name == before
    services.end()
    services.store.dispose()


def test_the_worker_command_runs_jobs_and_ends_when_told(home: Path) -> None:
    services = Services(settings_for(home))
    job_id = services.jobs.start("rebuild", {}, None)
    environ = {**os.environ, "SCHAKEL_HOME": str(home), "SCHAKEL_JOBS": "worker"}
    command = [sys.executable, "-m", "flask", "--app", "app", "worker"]
    worker = subprocess.Popen(command, cwd=ROOT, env=environ, stderr=subprocess.PIPE)
    try:
        deadline = time.monotonic() + 240
        while time.monotonic() < deadline:
            job = job_of(services, job_id)
            if not job.state.open:
                break
            time.sleep(0.2)
        assert job.state is JobState.DONE
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(20) == 0
    finally:
        worker.kill()
        worker.communicate()
        services.end()
        services.store.dispose()


def test_cancelled_is_not_swallowed_as_a_damaged_file() -> None:
    assert not issubclass(Cancelled, RuntimeError | OSError | ValueError)
