"""The servers that the measurements of speed ask: gunicorn on loopback, with homes of their own.

Blocks of questions alternate between servers, so that whatever else the machine does meets all of
them.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.asking import ANSWER_TIMEOUT, HOST, Answer, Asker, Request
from benchmarks.plain_app import FOLDER_VARIABLE

ROOT = Path(__file__).parent.parent
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
_CLOCK = os.sysconf("SC_CLK_TCK")


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

    def ask(self, request: Request, timeout: float = ANSWER_TIMEOUT) -> Answer:
        """Ask over a connection of its own."""
        return Asker(self.port, timeout).ask(request)

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
            answers = list(pool.map(lambda part: Asker(self.port).ask_all(part), parts))
        seconds = time.perf_counter() - start
        flat = [answer for part in answers for answer in part]
        for answer in flat:
            assert answer.status == 200, (self.name, answer.status, answer.body[:500])
            if b'"cached":true' in answer.body:
                raise RuntimeError("Answers come from a cache: empty the Redis, and ask again.")
        latencies = tuple(answer.seconds for answer in flat)
        return Block(seconds, self.cpu_seconds() - cpu, latencies)


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
