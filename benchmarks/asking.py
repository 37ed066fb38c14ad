"""How the measurements of speed ask: requests, askers, probes, and figures in a table.

Askers keep their connection open, and all requests are made before the clock starts.
"""

from __future__ import annotations

import json
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse
from urllib.parse import quote

from benchmarks.generated import GeneratedQuestion

HOST = "127.0.0.1"
ANSWER_TIMEOUT = 600.0
_PROBE_TIMEOUT = 120.0


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


class Asker:
    """Asks one request after the other over one connection."""

    def __init__(self, port: int, timeout: float = ANSWER_TIMEOUT) -> None:
        self._connection = HTTPConnection(HOST, port, timeout=timeout)

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


class Probes:
    """Requests that are sent every so often while something else goes on, whatever they take."""

    def __init__(
        self,
        ask: Callable[[Request, float], Answer],
        every: float,
        requests: Mapping[str, Iterator[Request]],
    ) -> None:
        """Take what asks with a time limit, seconds between requests, and requests by name."""
        self.answers: dict[str, list[Answer]] = {name: [] for name in requests}
        self._send = ask
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
        self.answers[name].append(self._send(request, _PROBE_TIMEOUT))

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


def to_service(question: GeneratedQuestion) -> Request:
    """Return a question as the service takes it."""
    return Request("/api/v1/recommendations", json.dumps(question.body()).encode())


def to_plain_app(question: GeneratedQuestion) -> Request:
    """Return a question as the plain app takes it."""
    return Request(f"/match?text={quote(question.text)}")


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
