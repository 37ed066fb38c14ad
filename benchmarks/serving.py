"""What the measurements of speed share: servers of their own, askers, statistics, a table.

Each server is gunicorn on loopback with a home of its own. Askers are threads that keep their
connection open; all requests are made before the clock starts. Blocks of questions alternate
between servers, so that whatever else the machine does meets all of them.
"""

from __future__ import annotations

import json
import os
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse
from pathlib import Path
from urllib.parse import quote

from benchmarks.generated import GeneratedQuestion
from benchmarks.plain_app import FOLDER_VARIABLE

ROOT = Path(__file__).parent.parent
HOST = "127.0.0.1"
PLAIN_WORKERS, PLAIN_THREADS = 2, 1
_THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_SERVICE_VARIABLES = (
    "SCHAKEL_",
    "DATABASE_URL",
    "REDIS_URL",
    "GUNICORN_CMD_ARGS",
    "WEB_CONCURRENCY",
)
_START_TIMEOUT = 1_800.0
"""Seconds until a server must be ready: it may have to build an index first."""
_ANSWER_TIMEOUT = 600.0
_PROBE_TIMEOUT = 120.0
_CLOCK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Request:
    """One request, ready to be sent."""

    path: str
    body: bytes | None = None
    method: str = ""

    @property
    def verb(self) -> str:
        """The method: POST where there is a body, unless stated."""
        return self.method or ("GET" if self.body is None else "POST")


LIVE = Request("/health/live")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; status 0 where nothing did."""

    status: int
    seconds: float
    body: bytes


@dataclass(frozen=True, slots=True)
class Block:
    """The answers to a block of requests."""

    seconds: float
    """From the first request to the last answer."""
    cpu_seconds: float
    """What the server's processes used meanwhile."""
    latencies: tuple[float, ...]

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.latencies) / self.seconds


@dataclass(frozen=True, slots=True)
class Memory:
    """Memory of one process in MB."""

    resident: float
    proportional: float
    """Pages shared by n processes count 1/n."""
    private: float


class Server:
    """A gunicorn that runs."""

    def __init__(self, name: str, port: int, process: subprocess.Popen[bytes]) -> None:
        self.name = name
        self.port = port
        self.process = process

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"http://{HOST}:{self.port}"

    def workers(self) -> list[int]:
        """Return the process ids of the workers."""
        task = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(child) for child in task.read_text().split()]

    def cpu_seconds(self) -> float:
        """Return what its processes have used since they started."""
        return sum(_cpu_seconds(pid) for pid in (self.process.pid, *self.workers()))

    def memory(self) -> list[Memory]:
        """Return the memory of each worker."""
        return [_memory(pid) for pid in self.workers()]

    def ask(self, request: Request, timeout: float = _ANSWER_TIMEOUT) -> Answer:
        """Ask over a connection of its own."""
        return Asker(self, timeout).ask(request)

    def json(self, path: str) -> dict[str, object]:
        """Return what a path answers."""
        answer = self.ask(Request(path))
        assert answer.status == 200, (path, answer.status, answer.body[:500])
        found: dict[str, object] = json.loads(answer.body)
        return found

    def block(self, requests: Sequence[Request], askers: int) -> Block:
        """Return the answers to requests, shared out to askers that ask at the same time."""
        cpu, start = self.cpu_seconds(), time.perf_counter()
        with ThreadPoolExecutor(askers) as pool:
            parts = [requests[number::askers] for number in range(askers)]
            answers = list(pool.map(lambda part: Asker(self).ask_all(part), parts))
        seconds = time.perf_counter() - start
        flat = [answer for part in answers for answer in part]
        for answer in flat:
            assert answer.status == 200, (self.name, answer.status, answer.body[:500])
        latencies = tuple(answer.seconds for answer in flat)
        return Block(seconds, self.cpu_seconds() - cpu, latencies)


class Asker:
    """Asks one request after the other over one connection."""

    def __init__(self, server: Server, timeout: float = _ANSWER_TIMEOUT) -> None:
        self._connection = HTTPConnection(HOST, server.port, timeout=timeout)

    def ask_all(self, requests: Sequence[Request]) -> list[Answer]:
        """Return the answers, and close the connection."""
        answers = [self._ask(request) for request in requests]
        self._connection.close()
        return answers

    def ask(self, request: Request) -> Answer:
        """Return one answer, and close the connection."""
        return self.ask_all([request])[0]

    def _ask(self, request: Request) -> Answer:
        headers = {} if request.body is None else {"Content-Type": "application/json"}
        start = time.perf_counter()
        try:
            response = self._send(request, headers)
            body = response.read()
        except (OSError, HTTPException) as error:
            self._connection.close()
            return Answer(0, time.perf_counter() - start, repr(error).encode())
        return Answer(response.status, time.perf_counter() - start, body)

    def _send(self, request: Request, headers: Mapping[str, str]) -> HTTPResponse:
        """Send a request; once more where the server closed a connection that was idle."""
        for attempt in range(2):
            reused = self._connection.sock is not None
            try:
                self._connection.request(request.verb, request.path, request.body, dict(headers))
                return self._connection.getresponse()
            except (ConnectionError, HTTPException):
                self._connection.close()
                if attempt or not reused:
                    raise
        raise AssertionError


def ask_in_turns(
    runs: Sequence[tuple[str, Server, Sequence[Request]]], size: int, askers: int
) -> list[tuple[str, list[Block]]]:
    """Return blocks of `size` answers by run, asked in turns; a first block of each isn't counted.

    All runs have equally many requests.
    """
    found: list[tuple[str, list[Block]]] = [(name, []) for name, _, _ in runs]
    for start in range(0, len(runs[0][2]), size):
        for (_, server, requests), (_, blocks) in zip(runs, found, strict=True):
            block = server.block(requests[start : start + size], askers)
            if start:
                blocks.append(block)
    return found


def to_service(question: GeneratedQuestion) -> Request:
    """Return a question as the service takes it."""
    return Request("/api/v1/recommendations", json.dumps(question.body()).encode())


def to_plain_app(question: GeneratedQuestion) -> Request:
    """Return a question as the plain app takes it."""
    return Request(f"/match?text={quote(question.text)}")


class Probes:
    """Requests that are sent every so often while something else goes on, whatever they take."""

    def __init__(self, server: Server, every: float, requests: Mapping[str, Iterator[Request]]):
        self.answers: dict[str, list[Answer]] = {name: [] for name in requests}
        self._server = server
        self._every = every
        self._requests = requests
        self._ended = threading.Event()
        self._threads: list[threading.Thread] = []
        self._clock = threading.Thread(target=self._run)

    def __enter__(self) -> Probes:
        self._clock.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._clock.join()
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        while True:
            for name, requests in self._requests.items():
                probe = threading.Thread(target=self._ask, args=(name, next(requests)))
                probe.start()
                self._threads.append(probe)
            if self._ended.wait(self._every):
                return

    def _ask(self, name: str, request: Request) -> None:
        self.answers[name].append(self._server.ask(request, _PROBE_TIMEOUT))

    def rows(self) -> list[tuple[str, str, str, str, str]]:
        """Return lines for a table: count, those that failed, median and slowest in seconds."""
        found = []
        for name, answers in self.answers.items():
            seconds = [answer.seconds for answer in answers]
            failed = sum(answer.status != 200 for answer in answers)
            figures = (f"{statistics.median(seconds):.3f}", f"{max(seconds):.3f}")
            found.append((name, str(len(answers)), str(failed), *figures))
        return found


PROBE_HEADS = ("", "asked", "not 200", "median s", "slowest s")


@contextmanager
def service(home: Path, name: str = "service", **environ: str) -> Iterator[Server]:
    """Run the service over a home with its defaults, but for rate limits, which are off."""
    port = _free_port()
    environment = service_environment(home, SCHAKEL_BIND=f"{HOST}:{port}", **environ)
    with _running(name, port, ["app:app"], environment, home, ROOT, "/health/ready") as server:
        yield server


@contextmanager
def plain_app(folder: Path, name: str = "plain app") -> Iterator[Server]:
    """Run the plain app over its folder, with one thread of linear algebra in each worker."""
    port = _free_port()
    arguments = [
        "benchmarks.plain_app:app",
        "--bind",
        f"{HOST}:{port}",
        "--worker-class",
        "gthread",
    ]
    arguments += ["--workers", str(PLAIN_WORKERS), "--threads", str(PLAIN_THREADS)]
    environment = clean_environment()
    environment |= dict.fromkeys(_THREAD_VARIABLES, "1")
    environment |= {FOLDER_VARIABLE: str(folder), "PYTHONPATH": str(ROOT)}
    # From its own folder: gunicorn would read the service's gunicorn.conf.py in ROOT.
    with _running(name, port, arguments, environment, folder, folder, "/health") as server:
        yield server


def clean_environment() -> dict[str, str]:
    """Return the environment without settings of the service, and of threads."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(_SERVICE_VARIABLES) and name not in _THREAD_VARIABLES
    }


def service_environment(home: Path, **environ: str) -> dict[str, str]:
    """Return the environment of a service that lives in `home`; empty values aren't set."""
    own = {"SCHAKEL_HOME": str(home), "SCHAKEL_RATE_LIMITS": "off", **environ}
    return {**clean_environment(), **{name: value for name, value in own.items() if value}}


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows in columns; all but the first are aligned to the right."""
    widths = [max(len(row[column]) for row in (heads, *rows)) for column in range(len(heads))]
    for row in (heads, *rows):
        first, *cells = (
            cell.ljust(width) if not column else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        print("  ".join([first, *cells]).rstrip(), flush=True)


def spread(values: Sequence[float], digits: int = 1) -> str:
    """Return the median of several blocks, with the lowest and the highest."""
    low, high = min(values), max(values)
    return f"{statistics.median(values):.{digits}f} ({low:.{digits}f}–{high:.{digits}f})"


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that this share of the values doesn't exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


@contextmanager
def _running(
    name: str,
    port: int,
    arguments: Sequence[str],
    environment: Mapping[str, str],
    folder: Path,
    working_folder: Path,
    ready: str,
) -> Iterator[Server]:
    log = folder / "gunicorn.log"
    command = [sys.executable, "-m", "gunicorn", *arguments]
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, env=environment, cwd=working_folder, stdout=output, stderr=output
        )
    server = Server(name, port, process)
    try:
        _wait_until_ready(server, ready, log)
        yield server
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_ready(server: Server, path: str, log: Path) -> None:
    deadline = time.monotonic() + _START_TIMEOUT
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            break
        if server.ask(Request(path), timeout=10).status == 200:
            return
        time.sleep(0.05)
    raise RuntimeError(f"{server.name} doesn't start:\n{log.read_text(errors='replace')[-2000:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _cpu_seconds(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _CLOCK


def _memory(pid: int) -> Memory:
    amounts: dict[str, int] = {}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]:
        name, amount, *_ = line.split()
        amounts[name.rstrip(":")] = int(amount)
    private = amounts["Private_Clean"] + amounts["Private_Dirty"]
    return Memory(amounts["Rss"] / 1024, amounts["Pss"] / 1024, private / 1024)
