from __future__ import annotations

import hashlib
import json
import multiprocessing
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from embeddings.port import EncoderError
from embeddings.registry import EncoderOptions, fit_encoder, load_encoder
from embeddings.remote import RemoteConfig, RemoteEncoder

DIM = 12
KEY = "sk-secret-0123456789"


def vector_of(text: str) -> list[float]:
    """Return the vector that the server below has for a text; its length is not 1."""
    seed = int.from_bytes(hashlib.sha256(text.encode("utf-8", "replace")).digest()[:8])
    return [float(one) for one in np.random.default_rng(seed).normal(size=DIM) * 3]


def data_of(texts: list[str]) -> list[dict[str, Any]]:
    return [{"index": n, "embedding": vector_of(text)} for n, text in enumerate(texts)]


@dataclass
class Reply:
    """What the server does with one request instead of answering it rightly."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: Callable[[list[str]], Any] = lambda texts: {"data": data_of(texts)}
    wait: float = 0.0
    break_off: bool = False
    pause: float = 0.0
    """Seconds before each ten bytes of the answer; 0: it is sent at once."""


@dataclass(frozen=True)
class Request:
    path: str
    headers: dict[str, str]
    model: str
    texts: list[str]
    time: float


class EmbeddingServer:
    """An embeddings service on this machine; `replies` are given first, one a request."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.replies: list[Reply] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                outer.answer(self)

            def handle_one_request(self) -> None:
                try:
                    super().handle_one_request()
                except ConnectionError:  # the client didn't wait; that is what is tested
                    self.close_connection = True

            def log_message(self, *_: Any) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    def __enter__(self) -> EmbeddingServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        question = json.loads(handler.rfile.read(int(handler.headers["Content-Length"])))
        texts, headers = question["input"], dict(handler.headers)
        self.requests.append(
            Request(handler.path, headers, question["model"], texts, time.monotonic())
        )
        reply = self.replies.pop(0) if self.replies else Reply()
        time.sleep(reply.wait)
        value = reply.body(texts)
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        handler.send_response(reply.status)
        for name, header in reply.headers.items():
            handler.send_header(name, header)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        body = body[: len(body) // 2] if reply.break_off else body
        step = 10 if reply.pause else max(len(body), 1)
        for start in range(0, len(body), step):
            time.sleep(reply.pause)
            handler.wfile.write(body[start : start + step])
        handler.close_connection = handler.close_connection or reply.break_off


@pytest.fixture
def server() -> Iterator[EmbeddingServer]:
    with EmbeddingServer() as started:
        yield started


def encoder_for(server: EmbeddingServer, key: str = KEY, **settings: Any) -> RemoteEncoder:
    """Return an encoder that waits no longer than a test should."""
    settings = {"timeout": 5.0, "backoff": 0.01, **settings}
    return RemoteEncoder(RemoteConfig(server.url, "tiny", **settings), DIM, key)


def unit(text: str) -> Any:
    vector = np.array(vector_of(text))
    return vector / np.linalg.norm(vector)


def test_vectors_are_those_of_the_service_at_length_one(server: EmbeddingServer) -> None:
    encoder = RemoteEncoder.fit(RemoteConfig(server.url, "tiny"))
    assert encoder.dim == DIM
    rows = encoder.encode_raw(["films", "starch"])
    assert rows[0] == pytest.approx(unit("films"), abs=1e-6)
    assert rows[1] == pytest.approx(unit("starch"), abs=1e-6)
    assert {(one.path, one.model) for one in server.requests} == {("/v1/embeddings", "tiny")}


@pytest.mark.parametrize("ending", ["", "/", "/v1", "/v1/"])
def test_addresses_are_taken_as_people_give_them(server: EmbeddingServer, ending: str) -> None:
    config = RemoteConfig(server.url + "/api" + ending, "tiny")
    encoder = RemoteEncoder.fit(config)
    assert server.requests[0].path == "/api/v1/embeddings"
    assert encoder.fingerprint == RemoteEncoder.fit(RemoteConfig(config.url, "tiny")).fingerprint


def test_nothing_is_asked_for_texts_without_words(server: EmbeddingServer) -> None:
    rows = encoder_for(server).encode_raw(["", "  ", "123", "?"])
    assert rows.shape == (4, DIM)
    assert not rows.any()
    assert server.requests == []


def test_equal_texts_are_asked_for_once(server: EmbeddingServer) -> None:
    rows = encoder_for(server).encode_raw(["films", "", "starch", "films"])
    assert [one.texts for one in server.requests] == [["films", "starch"]]
    assert rows == pytest.approx(
        np.array([unit("films"), [0] * DIM, unit("starch"), unit("films")]), abs=1e-6
    )


def test_requests_keep_to_the_limits(server: EmbeddingServer) -> None:
    encoder = encoder_for(server, batch_texts=3, batch_characters=100, longest_text=60)
    texts = [*(f"text {letter}" for letter in "abcdefg"), "x" * 60, "y" * 50, "z" * 1_000]
    rows = encoder.encode_raw(texts)
    assert [[len(text) for text in one.texts] for one in server.requests] == [
        [6, 6, 6],
        [6, 6, 6],
        [6, 60],
        [50],
        [60],
    ]
    assert rows == pytest.approx(np.array([unit(text[:60]) for text in texts]), abs=1e-6)


def test_a_text_beyond_the_limit_of_a_request_goes_alone(server: EmbeddingServer) -> None:
    encoder_for(server, batch_characters=10).encode_raw(["ab", "x" * 30, "cd"])
    assert [len(one.texts) for one in server.requests] == [1, 1, 1]


def test_the_key_is_sent_as_bearer(server: EmbeddingServer) -> None:
    encoder_for(server).encode_raw(["films"])
    encoder_for(server, key="").encode_raw(["films"])
    assert server.requests[0].headers["Authorization"] == f"Bearer {KEY}"
    assert "Authorization" not in server.requests[1].headers


def test_the_key_is_never_saved_or_shown(
    server: EmbeddingServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = encoder_for(server)
    encoder.save(tmp_path)
    assert [KEY in path.read_text(encoding="utf-8") for path in tmp_path.iterdir()] == [False]
    options = EncoderOptions(url=server.url, model="tiny", key=KEY)
    assert KEY not in repr(options) + repr(encoder) + repr(encoder.config)
    server.replies = [Reply(401, body=lambda _: {"error": {"message": f"Bad key: {KEY}"}})]
    with pytest.raises(EncoderError, match="401: set SCHAKEL_REMOTE_KEY") as caught:
        encoder.encode_raw(["films"])
    assert KEY not in str(caught.getrepr(showlocals=False))
    with pytest.raises(EncoderError) as caught:
        encoder_for(server, key=f"{KEY}\nX-Other: 1")
    assert KEY not in str(caught.value)
    monkeypatch.setenv("SCHAKEL_REMOTE_KEY", "another-key")
    load_encoder(tmp_path).encode_raw(["films"])
    assert server.requests[-1].headers["Authorization"] == "Bearer another-key"


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_passing_errors_are_tried_again(server: EmbeddingServer, status: int) -> None:
    server.replies = [Reply(status), Reply(status)]
    rows = encoder_for(server).encode_raw(["films"])
    assert rows[0] == pytest.approx(unit("films"), abs=1e-6)
    assert len(server.requests) == 3


def test_waits_become_longer(server: EmbeddingServer) -> None:
    server.replies = [Reply(503)] * 3
    encoder_for(server, backoff=0.1).encode_raw(["films"])
    times = [one.time for one in server.requests]
    waits = [later - earlier for earlier, later in zip(times, times[1:], strict=False)]
    assert [wait >= least for wait, least in zip(waits, (0.05, 0.1, 0.2), strict=True)] == [
        True
    ] * 3


@pytest.mark.parametrize(
    ("retry_after", "longest", "least", "most"),
    [("1", 20.0, 1.0, 3.0), ("3600", 1.0, 1.0, 3.0), ("soon", 20.0, 0.0, 0.9)],
)
def test_retry_after_is_honoured_within_bounds(
    server: EmbeddingServer, retry_after: str, longest: float, least: float, most: float
) -> None:
    server.replies = [Reply(429, {"Retry-After": retry_after})]
    rows = encoder_for(server, longest_wait=longest).encode_raw(["films"])
    first, second = (one.time for one in server.requests)
    assert least <= second - first < most
    assert rows[0] == pytest.approx(unit("films"), abs=1e-6)


def test_broken_connections_are_tried_again(server: EmbeddingServer) -> None:
    server.replies = [Reply(break_off=True), Reply(break_off=True)]
    rows = encoder_for(server).encode_raw(["films"])
    assert rows[0] == pytest.approx(unit("films"), abs=1e-6)
    assert len(server.requests) == 3


def test_it_gives_up_after_so_many_times(server: EmbeddingServer) -> None:
    server.replies = [Reply(503)] * 10
    with pytest.raises(EncoderError, match=r"127\.0\.0\.1.*answers 503, 3 times over"):
        encoder_for(server, retries=2).encode_raw(["films"])
    assert len(server.requests) == 3


def test_time_outs_end_in_an_error(server: EmbeddingServer) -> None:
    server.replies = [Reply(wait=0.6)] * 2
    start = time.monotonic()
    with pytest.raises(EncoderError, match="doesn't answer, 2 times over"):
        encoder_for(server, timeout=0.2, retries=1).encode_raw(["films"])
    assert time.monotonic() - start < 2


def test_the_time_is_that_of_the_whole_answer(server: EmbeddingServer) -> None:
    server.replies = [Reply(pause=0.1)] * 2
    start = time.monotonic()
    with pytest.raises(EncoderError, match="doesn't answer, 2 times over"):
        encoder_for(server, timeout=0.35, retries=1).encode_raw(["films"])
    assert time.monotonic() - start < 2
    rows = encoder_for(server).encode_raw(["films"])
    assert rows[0] == pytest.approx(unit("films"), abs=1e-6)


def test_nobody_there_is_an_error() -> None:
    with EmbeddingServer() as gone:
        encoder = encoder_for(gone, retries=1)
    with pytest.raises(EncoderError, match="doesn't answer, 2 times over"):
        encoder.encode_raw(["films"])


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422, 501])
def test_lasting_errors_are_not_tried_again(server: EmbeddingServer, status: int) -> None:
    server.replies = [Reply(status)]
    with pytest.raises(EncoderError, match=f"answers {status}: "):
        encoder_for(server).encode_raw(["films"])
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirects_are_not_followed(server: EmbeddingServer, status: int) -> None:
    with EmbeddingServer() as other:
        server.replies = [Reply(status, {"Location": f"{other.url}/v1/embeddings"})]
        with pytest.raises(EncoderError, match=f"answers {status}: it redirects"):
            encoder_for(server).encode_raw(["films"])
    assert other.requests == []
    assert len(server.requests) == 1


def test_answers_in_another_order_are_sorted(server: EmbeddingServer) -> None:
    server.replies = [Reply(body=lambda texts: {"data": data_of(texts)[::-1]})]
    texts = ["films", "starch", "membranes"]
    rows = encoder_for(server).encode_raw(texts)
    assert rows == pytest.approx(np.array([unit(text) for text in texts]), abs=1e-6)


def _with(first: dict[str, Any]) -> Callable[[list[str]], Any]:
    return lambda texts: {"data": [{**data_of(texts)[0], **first}, *data_of(texts)[1:]]}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (lambda texts: {"data": data_of(texts)[:1]}, "1 vectors to 2 texts"),
        (lambda texts: {"data": data_of([*texts, "more"])}, "3 vectors to 2 texts"),
        (lambda texts: {"data": []}, "0 vectors to 2 texts"),
        (_with({"index": 1}), "numbers them wrongly"),
        (_with({"index": None}), "something else"),
        (_with({"index": float("inf")}), "something else"),
        (_with({"embedding": [10**400] * DIM}), "something else"),
        (_with({"embedding": [1.0] * 3}), "something else"),
        (_with({"embedding": [float("nan")] * DIM}), "not numbers"),
        (_with({"embedding": [float("inf")] * DIM}), "not numbers"),
        (_with({"embedding": [None] * DIM}), "not numbers|something else"),
        (_with({"embedding": "0.1"}), "something else"),
        (
            lambda texts: {"data": [{**one, "embedding": [1.0] * 3} for one in data_of(texts)]},
            "3 columns instead of 12.*index build",
        ),
        (lambda texts: {"data": [{"index": n, "embedding": []} for n in (0, 1)]}, "0 columns"),
        (lambda texts: {"error": "no"}, "something else"),
        (lambda texts: b"<html>", "something else"),
        (lambda texts: b"[" * 100_000, "something else"),
        (lambda texts: b"\xff\xfe", "something else"),
        (lambda texts: b" " * (33 * 1024 * 1024), "more than fits"),
    ],
)
def test_wrong_answers_are_refused(server: EmbeddingServer, body: Any, message: str) -> None:
    server.replies = [Reply(body=body)]
    with pytest.raises(EncoderError, match=message):
        encoder_for(server).encode_raw(["films", "starch"])
    assert len(server.requests) == 1


def test_vectors_of_any_size_come_to_length_one_or_zeros(server: EmbeddingServer) -> None:
    values = {"big": 1e300, "small": 1e-300, "none": 0.0}
    server.replies = [
        Reply(
            body=lambda texts: {
                "data": [{"index": n, "embedding": [values[t]] * DIM} for n, t in enumerate(texts)]
            }
        )
    ]
    rows = encoder_for(server).encode_raw(list(values))
    assert np.linalg.norm(rows, axis=1) == pytest.approx([1, 1, 0], abs=1e-6)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://vectors.example.org", "unencrypted; give an https"),
        ("http://127.0.0.1.example.org", "unencrypted"),
        ("ftp://vectors.example.org", "no address"),
        ("vectors.example.org", "no address"),
        ("", "no address"),
        ("https://[", "no address"),
        ("https://host:port", "no address"),
        ("https://host/path?key=1", "no address"),
        ("https://user:word@vectors.example.org", "must not hold a password"),
    ],
)
def test_unsafe_addresses_are_refused(url: str, message: str) -> None:
    with pytest.raises(EncoderError, match=message):
        fit_encoder("remote", [], options=EncoderOptions(url=url, model="tiny"))


def test_addresses_that_are_allowed() -> None:
    for url in ("https://vectors.example.org", "http://localhost:8080/v1", "http://[::1]:1"):
        RemoteEncoder(RemoteConfig(url, "tiny"), DIM)
    RemoteEncoder(RemoteConfig("http://vectors", "tiny", allow_http=True), DIM)
    with pytest.raises(EncoderError, match="name of a model"):
        RemoteEncoder(RemoteConfig("https://vectors.example.org", ""), DIM)


def test_fingerprints_follow_what_the_vectors_depend_on() -> None:
    def fingerprint(url: str = "https://a.example", dim: int = DIM, **settings: Any) -> str:
        config = RemoteConfig(url, **{"model": "tiny", **settings})
        return RemoteEncoder(config, dim).fingerprint

    others = [
        fingerprint("https://b.example"),
        fingerprint(dim=DIM + 1),
        fingerprint(model="large"),
        fingerprint(longest_text=100),
    ]
    assert len({fingerprint(), *others}) == 5
    assert fingerprint(timeout=1.0, retries=0) == fingerprint()


def _encode_in_child(encoder: RemoteEncoder, results: Any) -> None:
    results.put(encoder.encode_raw(["films"]))


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_after_a_fork_connections_are_not_shared(server: EmbeddingServer) -> None:
    encoder = encoder_for(server)
    expected = encoder.encode_raw(["films"])
    context = multiprocessing.get_context("fork")
    results = context.Queue()
    child = context.Process(target=_encode_in_child, args=(encoder, results))
    child.start()
    rows = results.get(timeout=30)
    child.join(30)
    results.close()
    results.join_thread()
    assert (rows == expected).all()
    assert (encoder.encode_raw(["films"]) == expected).all()
