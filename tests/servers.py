"""Real servers for tests, private to one test session: their own port, folder and process.

    with redis_server() as server:
        cache = make_cache(server.url)

or as a fixture:

    @pytest.fixture(scope="session")
    def redis_url():
        with redis_server() as server:
            yield server.url
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest
import redis
import requests

HOST = "127.0.0.1"
ROOT = Path(__file__).parent.parent


def program(name: str) -> str:
    """Path of a server program; without it the test is skipped, or fails when CI is set."""
    path = shutil.which(name)
    if path is not None:
        return path
    reason = f"{name} is not installed on this machine"
    if os.environ.get("CI"):
        pytest.fail(f"{reason}, and in CI nothing may be skipped", pytrace=False)
    pytest.skip(reason)


def free_port() -> int:
    """A loopback port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


class RedisServer:
    """A redis-server on a port of its own that keeps nothing on disk.

    `kill` and `start` may follow each other on the same port; `freeze` makes it hang without
    refusing connections, `thaw` undoes that.
    """

    def __init__(self, folder: Path, password: str = "", options: tuple[str, ...] = ()) -> None:
        self._program = program("redis-server")
        self._folder = folder
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None
        self.password = password
        self.port = free_port()

    @property
    def url(self) -> str:
        user = f":{quote(self.password, safe='')}@" if self.password else ""
        return f"redis://{user}{HOST}:{self.port}/0"

    def client(self) -> redis.Redis:
        """A client for the test's own questions; close it, or use it in a with statement."""
        return redis.Redis.from_url(self.url)

    def start(self, wait: float = 10.0) -> None:
        """Start it and return when it answers; takes another port when somebody has this one."""
        for _ in range(5):
            self._process = subprocess.Popen(self._command(), stdin=subprocess.DEVNULL)
            if self._answers(time.monotonic() + wait):
                return
            self.kill()
            self.port = free_port()
        raise RuntimeError(f"redis-server doesn't start; see {self._log}")

    def kill(self) -> None:
        """Kill it as a crash would (SIGKILL)."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        """Stop it (SIGSTOP): connections are still accepted, by the kernel, but not answered."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on (SIGCONT)."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    @property
    def _log(self) -> Path:
        return self._folder / "redis.log"

    def _command(self) -> list[str]:
        secret = ["--requirepass", self.password] if self.password else []
        return [
            self._program,
            *("--port", str(self.port), "--bind", HOST, "--dir", str(self._folder)),
            *("--save", "", "--appendonly", "no", "--logfile", str(self._log)),
            *secret,
            *self._options,
        ]

    def _answers(self, until: float) -> bool:
        assert self._process is not None
        with self.client() as client:
            while time.monotonic() < until and self._process.poll() is None:
                try:
                    # The process id, so that nobody else's server is taken for ours.
                    return bool(client.info("server")["process_id"] == self._process.pid)
                except redis.ConnectionError:
                    time.sleep(0.02)
        return False


@contextmanager
def redis_server(password: str = "", options: tuple[str, ...] = ()) -> Iterator[RedisServer]:
    """A running redis-server; `options` are further arguments, such as ("--maxmemory", "2mb").

    Skips (fails when CI is set) when redis-server isn't installed.
    """
    with tempfile.TemporaryDirectory(prefix="schakel-redis-") as folder:
        server = RedisServer(Path(folder), password, options)
        try:
            server.start()
            yield server
        finally:
            server.kill()


@contextmanager
def postgres_server() -> Iterator[str]:
    """Give the SQLAlchemy URL of a private PostgreSQL with an empty database."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    initdb = str(found[-1]) if found else program("initdb")
    binaries = Path(initdb).parent
    folder = Path(tempfile.mkdtemp(prefix="schakel-postgres-"))
    run: list[str] = []
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        shutil.chown(folder, "postgres")
        run = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
    port, data = free_port(), folder / "data"
    quiet = {"check": True, "stdout": subprocess.DEVNULL, "cwd": folder}
    options = f"-c listen_addresses={HOST} -p {port} -k {folder} -c fsync=off"
    subprocess.run([*run, initdb, "-D", data, "-U", "schakel", "-A", "trust"], **quiet)  # type: ignore[call-overload]
    control = [*run, str(binaries / "pg_ctl"), "-D", str(data), "-w", "-l", str(folder / "log")]
    subprocess.run([*control, "-o", options, "start"], **quiet)  # type: ignore[call-overload]
    try:
        yield f"postgresql+psycopg://schakel@{HOST}:{port}/postgres"
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], **quiet)  # type: ignore[call-overload]
        shutil.rmtree(folder, ignore_errors=True)


class Service:
    """gunicorn with real workers over a home of its own; `log` is a file for what it says."""

    def __init__(
        self, home: Path, workers: int = 2, log: Path | None = None, **environ: str
    ) -> None:
        self.home = home
        self.log = log
        self.port = free_port()
        self.address = f"http://{HOST}:{self.port}"
        self.environ = {
            **os.environ,
            "SCHAKEL_HOME": str(home),
            "SCHAKEL_BIND": f"{HOST}:{self.port}",
            "SCHAKEL_WORKERS": str(workers),
            "SCHAKEL_RATE_LIMITS": "off",
            **environ,
        }
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Service:
        # Not `-m gunicorn`, which can't start itself anew on SIGUSR2.
        command = [str(Path(sys.executable).with_name("gunicorn")), "app:app"]
        with ExitStack() as stack:
            output = stack.enter_context(self.log.open("wb")) if self.log else None
            self._process = subprocess.Popen(command, env=self.environ, cwd=ROOT, stderr=output)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                if requests.get(f"{self.address}/health/ready", timeout=5).ok:
                    return self
                time.sleep(0.1)
            except (requests.ConnectionError, requests.Timeout):  # busy with its first index
                time.sleep(0.1)
        raise RuntimeError("gunicorn did not become ready")

    def __exit__(self, *_: object) -> None:
        assert self._process is not None
        self._process.terminate()
        self._process.wait(30)

    @property
    def pid(self) -> int:
        """The process id of gunicorn's master."""
        assert self._process is not None
        return self._process.pid

    def wait(self, seconds: float) -> int:
        """Wait until the master ends; its exit code."""
        assert self._process is not None
        return self._process.wait(seconds)

    def workers(self) -> list[int]:
        """Process ids of the workers."""
        assert self._process is not None
        listed = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text()
        return [int(one) for one in listed.split()]
