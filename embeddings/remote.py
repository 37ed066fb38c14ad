"""Vectors from a service that speaks OpenAI's embeddings protocol: `POST {url}/v1/embeddings`.

Many services do: hosted ones, and vLLM, Ollama, llama.cpp or text-embeddings-inference on a
machine of one's own. Texts leave this machine, so the address must be https, or on this machine,
or allowed explicitly. The key is sent as bearer and never written, logged or shown.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import urllib3
from numpy.typing import NDArray
from urllib3.exceptions import HTTPError, InvalidHeader, MaxRetryError, SSLError

from embeddings.port import EncoderError, View

KEY_VARIABLE = "SCHAKEL_REMOTE_KEY"
_MANIFEST = "encoder.json"
_PROBE = "The number of columns of this text's vector is what is asked for."
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504, 529})
_MAX_ANSWER_SIZE = 32 * 1024 * 1024
_READ = 1 << 16
_RETRIES_WHILE_PEOPLE_WAIT = 1


@dataclass(frozen=True, slots=True)
class RemoteConfig:
    """Where and how to ask. Vectors depend on `url`, `model` and `longest_text` only."""

    url: str
    """Address of the service without `/v1/embeddings`, such as `https://api.example.org`."""
    model: str
    timeout: float = 10.0
    """Seconds that one try may take; up to twice as long where the service halts in its answer."""
    retries: int = 4
    """How often a request is sent again after 429, 5xx or a broken connection."""
    backoff: float = 0.5
    """Seconds before the first repetition; doubles each time, less up to half by chance."""
    longest_wait: float = 20.0
    """Most seconds before a repetition, also where the service asks for more by Retry-After."""
    batch_texts: int = 64
    batch_characters: int = 60_000
    longest_text: int = 8_000
    """Texts are cut to so many characters, which any model with 8192 tokens takes."""
    allow_http: bool = False
    """Whether texts and key may go to another machine unencrypted."""


class RemoteEncoder:
    """An encoder on another machine; see `embeddings.port.Encoder` for what it promises.

    Equal texts in a batch are asked for once. That a text has the same vector in every batch is
    up to the service; those seen differ in the last digits at most. Rows are zeros, and nothing
    is asked, for texts without a letter. Proxies set by environment variables are not used.
    """

    name = "remote"

    def __init__(self, config: RemoteConfig, dim: int, key: str = "") -> None:
        """Take what `fit` or `load` found. Raises EncoderError for an unusable address or key."""
        self.config = config
        self.dim = dim
        self._endpoint = _endpoint(config)
        self._headers = {"Content-Type": "application/json", "User-Agent": "schakel"}
        if key:
            if not (key.isascii() and key.isprintable()) or " " in key:
                raise EncoderError(f"the key in {KEY_VARIABLE} has characters that no key has")
            self._headers["Authorization"] = f"Bearer {key}"
        self._key = key
        self._pool: tuple[int, urllib3.PoolManager] | None = None
        self.fingerprint = self._fingerprint()

    @classmethod
    def fit(cls, config: RemoteConfig, key: str = "") -> RemoteEncoder:
        """Ask the service for one vector to learn the dimension. Raises EncoderError."""
        rows = cls(config, dim=0, key=key)._ask([_PROBE])
        return cls(config, dim=rows.shape[1], key=key)

    @property
    def views(self) -> tuple[View, ...]:
        """One view: all columns."""
        return (View(self.name, 0, self.dim),)

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return rows (n, dim) float32 of length 1, zeros where there is no word.

        Raises EncoderError where the service doesn't answer in time or answers wrongly.
        """
        vectors = np.zeros((len(texts), self.dim), dtype=np.float32)
        places: dict[str, list[int]] = {}
        for place, text in enumerate(texts):
            cut = text[: self.config.longest_text]
            if any(map(str.isalpha, cut)):
                places.setdefault(cut, []).append(place)
        for batch in self._batches(list(places)):
            for text, row in zip(batch, self._ask(batch), strict=True):
                vectors[places[text]] = row
        return vectors

    def save(self, folder: Path) -> None:
        """Write address, model and dimension into `folder`; the key is not written."""
        folder.mkdir(parents=True, exist_ok=True)
        manifest = {
            "kind": self.name,
            "config": asdict(self.config),
            "dim": self.dim,
            "fingerprint": self.fingerprint,
        }
        (folder / _MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, key: str | None = None) -> RemoteEncoder:
        """Read what `save` wrote; `key` None: the one in SCHAKEL_REMOTE_KEY, if it is set.

        Asks nothing of the service, and later repeats a request once at most: people wait.
        Raises EncoderError where the folder can't be read.
        """
        found = os.environ.get(KEY_VARIABLE, "").strip() if key is None else key
        try:
            manifest = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
            config = RemoteConfig(**manifest["config"])
            config = replace(config, retries=min(config.retries, _RETRIES_WHILE_PEOPLE_WAIT))
            encoder = cls(config, int(manifest["dim"]), found)
            kept = manifest["fingerprint"]
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise EncoderError(f"{folder.name}: the encoder there can't be read") from error
        if encoder.fingerprint != kept:
            raise EncoderError(f"{folder.name}: the encoder there is damaged")
        return encoder

    def _batches(self, texts: list[str]) -> list[list[str]]:
        """Split into batches that keep to both limits; a longer text is a batch of its own."""
        batches: list[list[str]] = []
        size = 0
        for text in texts:
            full = not batches or len(batches[-1]) >= self.config.batch_texts
            if full or size + len(text) > self.config.batch_characters:
                batches.append([])
                size = 0
            batches[-1].append(text)
            size += len(text)
        return batches

    def _ask(self, texts: list[str]) -> NDArray[np.float32]:
        """Return unit rows (n, dim) float32 for one batch; any dimension where `dim` is 0."""
        answer = self._post({"model": self.config.model, "input": texts})
        try:
            entries = sorted(json.loads(answer)["data"], key=lambda entry: int(entry["index"]))
            complete = [entry["index"] for entry in entries] == list(range(len(texts)))
            rows = np.array([entry["embedding"] for entry in entries], dtype=np.float64)
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
            raise EncoderError(f"{self._place} answers with something else than vectors") from error
        if not complete or rows.ndim != 2:
            raise EncoderError(
                f"{self._place} answers with {len(entries)} vectors to {len(texts)} texts, or "
                "numbers them wrongly"
            )
        if not rows.shape[1] or rows.shape[1] != (self.dim or rows.shape[1]):
            raise EncoderError(
                f"{self._place} answers with vectors of {rows.shape[1]} columns instead of "
                f"{self.dim}; if its model was changed, run: flask --app app index build"
            )
        largest = np.abs(rows).max(axis=1, keepdims=True)
        if not np.isfinite(largest).all():
            raise EncoderError(f"{self._place} answers with vectors that are not numbers")
        rows /= np.where(largest > 0, largest, 1.0)  # so that no square overflows
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        return (rows / np.where(lengths > 0, lengths, 1.0)).astype(np.float32)

    def _post(self, question: dict[str, Any]) -> bytes:
        """Send a question until it is answered; raises EncoderError where that is given up."""
        body = json.dumps(question).encode()
        retries: urllib3.Retry = _Retry(
            total=self.config.retries,
            allowed_methods=None,
            backoff_factor=self.config.backoff,
            backoff_max=self.config.longest_wait,
            retry_after_max=int(self.config.longest_wait),
        )
        while True:
            response: urllib3.BaseHTTPResponse | None = None
            failure: HTTPError | None = None
            try:
                response, answer = self._send(body)
                if response.status == 200:
                    return answer
                if response.status not in _PASSING:
                    raise EncoderError(self._refusal(response.status))
            except SSLError as error:
                raise EncoderError(f"{self._place} has no certificate to be trusted") from error
            except HTTPError as error:
                response, failure = None, error
            try:
                retries = retries.increment("POST", self._endpoint, response, failure)
            except MaxRetryError as error:
                what = f"answers {response.status}" if response else "doesn't answer"
                raise EncoderError(
                    f"{self._place} {what}, {self.config.retries + 1} times over; try again later"
                ) from error
            retries.sleep(response)

    def _send(self, body: bytes) -> tuple[urllib3.BaseHTTPResponse, bytes]:
        """Send once; redirects are not followed, the answer's size and its time are bounded."""
        until = time.monotonic() + self.config.timeout
        response = self._connections().request(
            "POST",
            self._endpoint,
            body=body,
            headers=self._headers,
            retries=False,
            redirect=False,
            preload_content=False,
        )
        try:
            answer = bytearray()
            while part := response.read1(_READ):  # what has come: none of it is waited for
                answer += part
                if time.monotonic() > until:
                    response.close()
                    raise HTTPError("the answer is too slow")
                if len(answer) > _MAX_ANSWER_SIZE:
                    response.close()
                    raise EncoderError(f"{self._place} answers with more than fits any vectors")
            return response, bytes(answer)
        finally:
            response.release_conn()

    def _refusal(self, status: int) -> str:
        """Say what a status means, without the body: services repeat the key in theirs."""
        advice = "see its documentation or log"
        if status in (401, 403):
            advice = f"set {KEY_VARIABLE} to a key that it knows"
        elif status == 404:
            advice = f"check the address and the model {self.config.model!r}"
        elif 300 <= status < 400:
            advice = "it redirects, which is not followed; give the address that it redirects to"
        elif status in (400, 413, 422):
            advice = f"check the model {self.config.model!r} and how long texts it takes"
        return f"{self._place} answers {status}: {advice}"

    def _connections(self) -> urllib3.PoolManager:
        """Return this process's connections; those of the parent of a fork are its own."""
        pool = self._pool
        if pool is None or pool[0] != os.getpid():
            with _opening:
                pool = self._pool
                if pool is None or pool[0] != os.getpid():
                    timeout = urllib3.Timeout(total=self.config.timeout)
                    manager = urllib3.PoolManager(maxsize=4, timeout=timeout)
                    self._pool = pool = (os.getpid(), manager)
        return pool[1]

    @property
    def _place(self) -> str:
        return f"the encoder at {urlsplit(self._endpoint).netloc}"

    def _fingerprint(self) -> str:
        seen = [self._endpoint, self.config.model, self.config.longest_text, self.dim]
        return f"remote-{hashlib.sha256(json.dumps(seen).encode()).hexdigest()[:16]}"


class _Retry(urllib3.Retry):
    """Retries that wait from the first repetition on, each time for a different while."""

    def get_backoff_time(self) -> float:
        wait = self.backoff_factor * 2.0 ** (len(self.history) - 1)
        return min(self.backoff_max, wait) * random.uniform(0.5, 1.0)

    def parse_retry_after(self, retry_after: str) -> float:
        try:
            return super().parse_retry_after(retry_after)
        except InvalidHeader:
            return 0.0


def _endpoint(config: RemoteConfig) -> str:
    """Return the full address. Raises EncoderError for one that texts must not be sent to."""
    try:
        parts = urlsplit(config.url.strip())
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        parts, host = urlsplit(""), ""
    if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment:
        raise EncoderError(
            f"{config.url!r} is no address of a service; it must be like https://host/path"
        )
    if parts.username is not None or parts.password is not None:
        raise EncoderError(f"the address must not hold a password; give the key in {KEY_VARIABLE}")
    if parts.scheme == "http" and host not in _LOOPBACK and not config.allow_http:
        raise EncoderError(f"{host} would get texts and key unencrypted; give an https address")
    if not config.model:
        raise EncoderError("the remote encoder needs the name of a model")
    path = parts.path.rstrip("/").removesuffix("/v1")
    return f"{parts.scheme}://{parts.netloc.lower()}{path}/v1/embeddings"


_opening = threading.Lock()


def _unlock_after_fork() -> None:
    """Replace the lock: a thread of the parent may have held it when it forked."""
    global _opening
    _opening = threading.Lock()


os.register_at_fork(after_in_child=_unlock_after_fork)
