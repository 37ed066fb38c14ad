from __future__ import annotations

import json
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
from sqlalchemy import text, update

from embeddings.lsa import LsaEncoder
from matcher.container import Services
from matcher.jobs import registry as jobs
from matcher.jobs.registry import Cancelled, JobFailed, JobState
from matcher.store.account_tables import AuditRow, JobRow
from tests.conftest import settings_for
from tests.servers import ROOT, redis_server


@pytest.fixture(params=["sqlite", "redis"])
def services(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Services]:
    """Services over an empty store, once with each kind of queue."""
    if request.param == "redis":
        with redis_server() as server:
            yield from made(tmp_path, REDIS_URL=server.url)
    else:
        yield from made(tmp_path)


@pytest.fixture
def plain(tmp_path: Path) -> Iterator[Services]:
    yield from made(tmp_path)


def made(home: Path, **environ: str) -> Iterator[Services]:
    found = Services(settings_for(home, **environ))
    yield found
    found.end()
    found.store.dispose()


@pytest.fixture
def kind() -> Iterator[Callable[[jobs.Function], str]]:
    """Register a function as a job of the kind `test`, for one test."""

    def register(function: jobs.Function, unfinished: jobs.Unfinished | None = None) -> str:
        jobs.register("test", function, unfinished)
        return "test"

    yield register
    jobs._functions.pop("test", None)


def test_a_job_runs_once_however_often_it_is_queued(services: Services, kind: Any) -> None:
    ran = []

    def work(_services: Services, arguments: dict[str, Any], progress: jobs.Progress) -> Any:
        ran.append(arguments["number"])
        progress("read", 1, 2)
        return {"double": arguments["number"] * 2}

    job_id = jobs.start(services, kind(work), {"number": 21}, None)
    waiting = jobs.get(services, job_id)
    assert waiting is not None and waiting.state is JobState.WAITING and waiting.started is None
    jobs.send(services, job_id)
    assert services.queue.waiting() == [job_id, job_id]
    assert jobs.run_waiting(services) == 2
    assert ran == [21]
    done = jobs.get(services, job_id)
    assert done is not None
    assert (done.state, done.result, done.error) == (JobState.DONE, {"double": 42}, None)
    assert (done.step, done.done, done.total) == ("read", 1, 2)
    assert done.finished is not None and done.started is not None
    assert [one.id for one in jobs.recent(services)] == [job_id]


def test_of_two_workers_one_runs_it(services: Services, kind: Any) -> None:
    ran: list[int] = []
    together = threading.Barrier(2)

    def work(*_: Any) -> dict[str, Any]:
        ran.append(1)
        time.sleep(0.2)
        return {}

    def run() -> None:
        together.wait()
        jobs.run(services, job_id)

    job_id = jobs.start(services, kind(work), {}, None)
    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ran == [1]


def test_a_waiting_job_that_is_cancelled_never_begins(services: Services, kind: Any) -> None:
    left = []

    def work(*_: Any) -> dict[str, Any]:
        raise AssertionError("it began")

    def unfinished(_session: Any, arguments: dict[str, Any], state: JobState) -> None:
        left.append((arguments["x"], state))

    job_id = jobs.start(services, kind(work, unfinished), {"x": 1}, None)
    assert jobs.cancel(services, job_id, "account:a@example.org") is True
    assert jobs.cancel(services, job_id, "account:a@example.org") is False
    jobs.run_waiting(services)
    job = jobs.get(services, job_id)
    assert job is not None and job.state is JobState.CANCELLED and job.error is None
    assert left == [(1, JobState.CANCELLED)]
    with services.store.reading() as session:
        lines = [(row.actor, row.action, row.detail) for row in session.query(AuditRow)]
    assert lines == [
        ("command", "job.started", {"kind": "test"}),
        ("account:a@example.org", "job.cancelled", {"kind": "test"}),
    ]


def test_a_running_job_that_is_cancelled_leaves_nothing(services: Services, kind: Any) -> None:
    def work(these: Services, _arguments: Any, progress: jobs.Progress) -> dict[str, Any]:
        with these.store.writing() as write:  # SQLite takes no other writer now
            write.session.execute(text("UPDATE corpus_state SET version = version + 100"))
            progress("first", 0, 2)
            assert jobs.cancel(these, job_id, "account:a@example.org") is True
            seen = jobs.get(these, job_id)
            assert seen is not None and seen.cancelling and seen.step == "first"
            progress("second", 1, 2)
        raise AssertionError("it went on")

    job_id = jobs.start(services, kind(work), {}, None)
    before = services.store.corpus_version()
    begun = time.monotonic()
    jobs.run_waiting(services)
    assert time.monotonic() - begun < 10  # nobody waited for SQLite's lock
    job = jobs.get(services, job_id)
    assert job is not None and job.state is JobState.CANCELLED
    assert services.store.corpus_version() == before
    with services.store.reading() as session:
        actions = [row.action for row in session.query(AuditRow)]
    assert actions == ["job.started", "job.cancelled"]


def test_progress_is_seen_while_the_job_holds_the_store(plain: Services, kind: Any) -> None:
    seen = []

    def work(these: Services, _arguments: Any, progress: jobs.Progress) -> dict[str, Any]:
        with these.store.writing() as write:
            progress("organisations", 500, 2000)
            job = jobs.get(these, job_id)
            assert job is not None and job.alive is not None
            seen.append((job.step, job.done, job.total))
            assert datetime.now(UTC) - job.alive < timedelta(seconds=5)
            write.nothing_changed()
        return {}

    job_id = jobs.start(plain, kind(work), {}, None)
    jobs.run_waiting(plain)
    assert seen == [("organisations", 500, 2000)]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (JobFailed("The file is empty."), "The file is empty."),
        (ZeroDivisionError("secret detail"), jobs.FAULT),
    ],
)
def test_a_failure_says_what_people_understand(
    plain: Services, kind: Any, error: Exception, said: str
) -> None:
    def work(*_: Any) -> dict[str, Any]:
        raise error

    job_id = jobs.start(plain, kind(work), {}, None)
    jobs.run_waiting(plain)
    job = jobs.get(plain, job_id)
    assert job is not None and (job.state, job.error, job.result) == (JobState.FAILED, said, None)


def test_an_unknown_kind_is_refused(plain: Services) -> None:
    with pytest.raises(KeyError):
        jobs.start(plain, "never-heard-of", {}, None)
    assert jobs.recent(plain) == []


def test_what_a_dead_worker_had_begun_is_taken_up_again(services: Services, kind: Any) -> None:
    ran = []

    def work(*_: Any) -> dict[str, Any]:
        ran.append(1)
        return {"done": True}

    job_id = jobs.start(services, kind(work), {}, None)
    assert services.queue.run_next() and ran == [1]
    for seconds, again in ((30, 0), (61, 1)):
        then = datetime.now(UTC) - timedelta(seconds=seconds)
        with services.store.keeping() as session:
            dead = {"state": "running", "started": then, "alive": then, "finished": None}
            session.execute(update(JobRow).where(JobRow.id == job_id).values(**dead))
        assert jobs.recover(services) == again
        assert jobs.run_waiting(services) == again
    assert ran == [1, 1]
    job = jobs.get(services, job_id)
    assert job is not None and (job.state, job.result) == (JobState.DONE, {"done": True})


def test_what_the_queue_lost_is_queued_again(services: Services, kind: Any) -> None:
    job_id = jobs.start(services, kind(lambda *_: {}), {}, None)
    assert jobs.recover(services) == 0  # it is queued
    assert services.queue.run_next() is True
    other = jobs.start(services, "test", {}, None)
    services.queue._opened().storage.flush_queue()
    assert jobs.recover(services) == 1
    assert services.queue.waiting() == [other] != [job_id]


def test_a_run_that_was_overtaken_writes_no_end(plain: Services, kind: Any) -> None:
    def work(these: Services, _arguments: Any, progress: jobs.Progress) -> dict[str, Any]:
        with these.store.keeping() as session:
            later = datetime.now(UTC) + timedelta(seconds=1)
            session.execute(update(JobRow).where(JobRow.id == job_id).values(started=later))
        progress("read", 1, 2)
        raise AssertionError("it went on")

    job_id = jobs.start(plain, kind(work), {}, None)
    jobs.run_waiting(plain)
    job = jobs.get(plain, job_id)
    assert job is not None and job.state is JobState.RUNNING and job.finished is None


def test_a_process_that_ends_gives_its_job_back(services: Services, kind: Any) -> None:
    began, ran = threading.Event(), []

    def work(_services: Services, _arguments: Any, progress: jobs.Progress) -> dict[str, Any]:
        ran.append(1)
        if len(ran) > 1:
            return {"again": True}
        began.set()
        for number in range(1000):
            progress(f"step {number}", number, 1000)
            time.sleep(0.02)
        raise AssertionError("it was never told to end")

    job_id = jobs.start(services, kind(work), {}, None)
    services.queue.start_inside()
    services.queue.start_inside()  # does nothing
    assert began.wait(20)
    services.end()
    job = jobs.get(services, job_id)
    assert job is not None and job.state is JobState.WAITING and job.started is None
    assert set(services.queue.waiting()) == {job_id}
    other = Services(services.settings)
    jobs.run_waiting(other)
    job = jobs.get(other, job_id)
    other.end()
    other.store.dispose()
    assert job is not None and job.result == {"again": True}


def test_messages_that_are_not_ours_do_no_harm(services: Services, kind: Any) -> None:
    ran = []
    storage = services.queue._opened().storage
    storage.enqueue(b"cos\nsystem\n(S'false'\ntR.")  # a pickle
    job_id = jobs.start(services, kind(lambda *_: ran.append(1) or {}), {}, None)
    with pytest.raises(json.JSONDecodeError):
        services.queue.run_next()
    assert jobs.run_waiting(services) == 1 and ran == [1]
    job = jobs.get(services, job_id)
    assert job is not None and job.state is JobState.DONE


def test_jobs_of_another_store_stay_with_it(tmp_path: Path) -> None:
    with redis_server() as server:
        both = [Services(settings_for(tmp_path / n, REDIS_URL=server.url)) for n in ("a", "b")]
        job_id = jobs.start(both[0], "rebuild", {}, None)
        assert both[0].queue.waiting() == [job_id] and both[1].queue.waiting() == []
        for one in both:
            one.end()
            one.store.dispose()


def test_a_queue_that_is_away_loses_no_job(tmp_path: Path, kind: Any) -> None:
    with redis_server() as server:
        here = Services(settings_for(tmp_path, REDIS_URL=server.url))
        assert here.queue.waiting() == []
        server.kill()
        job_id = jobs.start(here, kind(lambda *_: {"ran": 1}), {}, None)
        server.start()
        assert jobs.recover(here) == 1
        jobs.run_waiting(here)
        job = jobs.get(here, job_id)
        here.end()
        here.store.dispose()
    assert job is not None and job.result == {"ran": 1}


def test_a_forked_process_opens_its_own_queue(plain: Services, kind: Any) -> None:
    parent = plain.queue._opened()
    child = os.fork()
    if child == 0:
        os._exit(0 if plain.queue._opened() is not parent else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert plain.queue._opened() is parent


def test_the_index_is_built_as_a_job(home: Path) -> None:
    services = Services(settings_for(home))
    job_id = jobs.start(services, "rebuild", {}, None)
    jobs.run_waiting(services)
    job = jobs.get(services, job_id)
    assert job is not None and job.state is JobState.DONE and job.result is not None
    assert job.result["index"] == services.corpus_provider.snapshot().generation.name
    assert job.step == "vectors" and job.done == job.total > 0
    services.end()
    services.store.dispose()


def test_an_index_that_cannot_be_written_leaves_the_former_one(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError("Not enough free space to write 34238400 bytes after offset 128")

    monkeypatch.setattr(LsaEncoder, "save", full)
    services = Services(settings_for(home))
    before = services.corpus_provider.snapshot().generation.name
    job_id = jobs.start(services, "rebuild", {}, None)
    jobs.run_waiting(services)
    job = jobs.get(services, job_id)
    assert job is not None and (job.state, job.error) == (JobState.FAILED, jobs.NO_ROOM)
    assert services.corpus_provider.snapshot().generation.name == before
    services.end()
    services.store.dispose()


def test_the_worker_command_runs_jobs_and_ends_when_told(home: Path) -> None:
    services = Services(settings_for(home))
    job_id = jobs.start(services, "rebuild", {}, None)
    environ = {**os.environ, "SCHAKEL_HOME": str(home), "SCHAKEL_JOBS": "worker"}
    command = [sys.executable, "-m", "flask", "--app", "app", "worker"]
    worker = subprocess.Popen(command, cwd=ROOT, env=environ, stderr=subprocess.PIPE)
    try:
        deadline = time.monotonic() + 240
        while time.monotonic() < deadline:
            job = jobs.get(services, job_id)
            if job is not None and not job.state.open:
                break
            time.sleep(0.2)
        assert job is not None and job.state is JobState.DONE
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(20) == 0
    finally:
        worker.kill()
        worker.communicate()
        services.end()
        services.store.dispose()


def test_cancelled_is_not_swallowed_as_a_damaged_file() -> None:
    assert not issubclass(Cancelled, RuntimeError | OSError | ValueError)
