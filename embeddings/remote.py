"""Embeddings from a service with OpenAI's embeddings API: `POST {url}/v1/embeddings`.

Many services have it: hosted ones, and vLLM, Ollama, llama.cpp or text-embeddings-inference on
your own machine. Texts leave this machine, so the address must be https, or on this machine,
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

from embeddings.embedding_store import NO_STORE, EmbeddingStore, embed, recent_store
from embeddings.port import EncoderError, RawEncoder, View
from embeddings.whitening import unit

KEY_VARIABLE = "SCHAKEL_REMOTE_KEY"
_MANIFEST = "encoder.json"
_PROBE = "This text is encoded to learn the number of columns."
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504, 529})
_MAX_ANSWER_SIZE = 32 * 1024 * 1024
_CHUNK_SIZE = 1 << 16
MAX_RETRIES_ONLINE = 1
"""How often a request is repeated while somebody waits for it."""


@dataclass(frozen=True, slots=True)
class RemoteConfig:
    """Where the service is and how to call it.

    Vectors depend on `url`, `model` and `longest_text` only.
    """

    url: str
    """Address of the service without `/v1/embeddings`, such as `https://api.example.org`."""
    model: str
    timeout: float = 10.0
    """Seconds for one request; up to twice as long where the response stalls."""
    retries: int = 4
    """How often a request is repeated after 429, 5xx or a broken connection."""
    backoff: float = 0.5
    """Seconds before the first repetition; doubles each time, with random jitter down to half."""
    longest_wait: float = 20.0
    """Maximum seconds before a repetition, also where Retry-After says more."""
    batch_texts: int = 64
    batch_characters: int = 60_000
    longest_text: int = 8_000
    """Texts are cut to so many characters, which fits any model with 8192 tokens."""
    allow_http: bool = False
    """Whether texts and key may go to another machine unencrypted."""


class RemoteEncoder:
    """An encoder on another machine; see the invariants of `embeddings.port.Encoder`.

    Equal texts in a batch are sent once. How much a vector differs with its batch is up to the
    service; those tried differ in the last digits at most. Texts without a letter aren't
    sent: their rows are zeros. Proxies set by environment variables aren't used.
    """

    name = "remote"

    def __init__(
        self,
        config: RemoteConfig,
        dim: int,
        key: str = "",
        embedding_store: EmbeddingStore = NO_STORE,
    ) -> None:
        """Use `fit` or `load` instead. Raises EncoderError for an unusable address or key."""
        self.config = config
        self.dim = dim
        self._embedding_store = embedding_store
        self._recent = recent_store()
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
    def fit(
        cls, config: RemoteConfig, key: str = "", embedding_store: EmbeddingStore = NO_STORE
    ) -> RemoteEncoder:
        """Request one vector to learn the dimension. Raises EncoderError where that fails."""
        rows = cls(config, dim=0, key=key)._request([_PROBE])
        return cls(config, rows.shape[1], key, embedding_store)

    @property
    def views(self) -> tuple[View, ...]:
        """One view: all columns."""
        return (View(self.name, 0, self.dim),)

    @property
    def raw_encoders(self) -> Sequence[RawEncoder]:
        """Itself: nothing is fitted on a corpus."""
        return (self,)

    is_local = False

    def encode_raw(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return rows (n, dim) float32 of length 1, or zeros for a text without a letter.

        Raises EncoderError where the service doesn't answer in time or answers wrongly.
        """
        vectors = np.zeros((len(texts), self.dim), dtype=np.float32)
        places: dict[str, list[int]] = {}
        for place, text in enumerate(texts):
            cut = text[: self.config.longest_text]
            if any(map(str.isalpha, cut)):
                places.setdefault(cut, []).append(place)
        for batch in self._batches(list(places)):
            for text, row in zip(batch, self._request(batch), strict=True):
                vectors[places[text]] = row
        return vectors

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return what `encode_raw` returns, but for rounding."""
        return unit(embed(self, texts, self._recent))

    def encode_stored(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return what `encode` returns; see the port."""
        return unit(embed(self, texts, self._embedding_store))

    def save(self, folder: Path) -> None:
        """Write address, model and dimension into `folder`, but not the key."""
        folder.mkdir(parents=True, exist_ok=True)
        manifest = {
            "kind": self.name,
            "config": asdict(self.config),
            "dim": self.dim,
            "fingerprint": self.fingerprint,
        }
        (folder / _MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")

    @classmethod
    def load(
        cls, folder: Path, key: str | None = None, embedding_store: EmbeddingStore = NO_STORE
    ) -> RemoteEncoder:
        """Load what `save` wrote; with `key` None, that in SCHAKEL_REMOTE_KEY is used, if set.

        The service isn't called. The loaded encoder repeats a request once at most, since people
        wait for its answers. Raises EncoderError where the folder can't be read.
        """
        found = os.environ.get(KEY_VARIABLE, "").strip() if key is None else key
        try:
            manifest = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
            config = RemoteConfig(**manifest["config"])
            config = replace(config, retries=min(config.retries, MAX_RETRIES_ONLINE))
            encoder = cls(config, int(manifest["dim"]), found, embedding_store)
            expected = manifest["fingerprint"]
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise EncoderError(f"{folder.name}: the encoder there can't be read") from error
        if encoder.fingerprint != expected:
            raise EncoderError(f"{folder.name}: the encoder there is damaged")
        return encoder

    def _batches(self, texts: list[str]) -> list[list[str]]:
        """Split into batches within both limits; a text over the limit is a batch of its own."""
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

    def _request(self, texts: list[str]) -> NDArray[np.float32]:
        """Return unit rows (n, dim) float32 of one batch, of any dimension where `dim` is 0.

        Raises EncoderError where the request fails or the response is wrong.
        """
        answer = self._post({"model": self.config.model, "input": texts})
        try:
            entries = sorted(json.loads(answer)["data"], key=lambda entry: int(entry["index"]))
            complete = [entry["index"] for entry in entries] == list(range(len(texts)))
            rows = np.array([entry["embedding"] for entry in entries], dtype=np.float64)
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
            raise EncoderError(
                f"{self._service} answers with something else than vectors"
            ) from error
        if not complete or rows.ndim != 2:
            raise EncoderError(
                f"{self._service} answers with {len(entries)} vectors to {len(texts)} texts, or "
                "numbers them wrongly"
            )
        if not rows.shape[1] or rows.shape[1] != (self.dim or rows.shape[1]):
            raise EncoderError(
                f"{self._service} answers with vectors of {rows.shape[1]} columns instead of "
                f"{self.dim}; if its model was changed, run: schakel index build"
            )
        largest = np.abs(rows).max(axis=1, keepdims=True)
        if not np.isfinite(largest).all():
            raise EncoderError(f"{self._service} answers with vectors that are not numbers")
        rows /= np.where(largest > 0, largest, 1.0)  # or squares could overflow
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        return (rows / np.where(lengths > 0, lengths, 1.0)).astype(np.float32)

    def _post(self, payload: dict[str, Any]) -> bytes:
        """Send a request, repeated as configured. Raises EncoderError after the last failure."""
        body = json.dumps(payload).encode()
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
                if response.status not in _TRANSIENT:
                    raise EncoderError(self._explain_status(response.status))
            except SSLError as error:
                raise EncoderError(f"{self._service} has no certificate to be trusted") from error
            except HTTPError as error:
                response, failure = None, error
            try:
                retries = retries.increment("POST", self._endpoint, response, failure)
            except MaxRetryError as error:
                what = f"answers {response.status}" if response else "doesn't answer"
                raise EncoderError(
                    f"{self._service} {what}, {self.config.retries + 1} times over; try again later"
                ) from error
            retries.sleep(response)

    def _send(self, body: bytes) -> tuple[urllib3.BaseHTTPResponse, bytes]:
        """Send once, without following redirects; size and time of the response are limited."""
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
            while part := response.read1(
                _CHUNK_SIZE
            ):  # returns what has arrived, without waiting for more
                answer += part
                if time.monotonic() > until:
                    response.close()
                    raise HTTPError("the answer is too slow")
                if len(answer) > _MAX_ANSWER_SIZE:
                    response.close()
                    raise EncoderError(f"{self._service} answers with more than fits any vectors")
            return response, bytes(answer)
        finally:
            response.release_conn()

    def _explain_status(self, status: int) -> str:
        """Explain a status, without quoting the response: services repeat the key there."""
        advice = "see its documentation or log"
        if status in (401, 403):
            advice = f"set {KEY_VARIABLE} to a key that it knows"
        elif status == 404:
            advice = f"check the address and the model {self.config.model!r}"
        elif 300 <= status < 400:
            advice = "it redirects, which is not followed; give the address that it redirects to"
        elif status in (400, 413, 422):
            advice = f"check the model {self.config.model!r} and how long texts it takes"
        return f"{self._service} answers {status}: {advice}"

    def _connections(self) -> urllib3.PoolManager:
        """Return the connection pool of this process; a forked child makes its own."""
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
    def _service(self) -> str:
        return f"the encoder at {urlsplit(self._endpoint).netloc}"

    def _fingerprint(self) -> str:
        parts = [self._endpoint, self.config.model, self.config.longest_text, self.dim]
        return f"remote-{hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]}"


class _Retry(urllib3.Retry):
    """Retries that wait before the first repetition too, with random jitter."""

    def get_backoff_time(self) -> float:
        wait = self.backoff_factor * 2.0 ** (len(self.history) - 1)
        return min(self.backoff_max, wait) * random.uniform(0.5, 1.0)

    def parse_retry_after(self, retry_after: str) -> float:
        try:
            return super().parse_retry_after(retry_after)
        except InvalidHeader:
            return 0.0


def _endpoint(config: RemoteConfig) -> str:
    """Return the full address. Raises EncoderError where it is malformed or not encrypted."""
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
