"""A request that arrives bit by bit: whether all of it is there."""

from __future__ import annotations

import re
from enum import Enum

MAX_HEAD = 64 * 1024
"""Bytes of the longest head. Browsers and proxies send at most some 32 kB of cookies."""
MAX_BODY = 2 * 1024 * 1024
"""Bytes of the longest body that is awaited. Flask takes no more, but from who may import."""

_FIELD = rb"\r\n%s:[ \t]*([^\r\n]*)"
_LENGTH = re.compile(_FIELD % b"content-length", re.IGNORECASE)
_ENCODING = re.compile(_FIELD % b"transfer-encoding", re.IGNORECASE)
_EXPECT = re.compile(_FIELD % b"expect", re.IGNORECASE)
_DIGITS = re.compile(rb"[0-9]{1,18}")
_CHUNK = re.compile(rb"([0-9a-fA-F]{1,16})[ \t]*(?:;[^\r\n]{,200})?\r\n")
_MAX_CHUNK_LINE = 256


class Stage(Enum):
    """What a request still waits for."""

    NOTHING_CAME = "its first byte"
    HEAD = "the rest of its head"
    BODY = "the rest of its body"
    WHOLE = "nothing: all of it is there"
    LONG = "nothing: its head is there, and the body is longer than what is awaited"
    REFUSED = "nothing: its head is too long, or its framing can't be understood"


class Arrival:
    """The bytes of a request, and of what its client sent after it.

    Only the framing is looked at (RFC 9112): everything else is for gunicorn's parser.
    """

    def __init__(self, data: bytes = b"") -> None:
        self.data = bytearray(data)
        self._body: int | None = None
        self._end: int | None = None
        self._chunk = 0
        self._searched = 0

    def add(self, data: bytes) -> None:
        """Take what came."""
        self.data += data

    @property
    def target(self) -> bytes:
        """Method and path of the request, such as `GET /health/live`; empty before they came."""
        return bytes(self.data[: self.data.find(b"\r\n")].rpartition(b" ")[0])

    def take_expectation(self) -> bool:
        """Return whether the client waits for "100 Continue"; it is taken out of the head."""
        head = bytes(self.data[: self._body])
        found = _EXPECT.search(head)
        if self._body is None or found is None or found[1].lower() != b"100-continue":
            return False
        del self.data[found.start() : found.end()]
        self._restart()
        return True

    def stage(self) -> Stage:
        """Return what the request waits for."""
        if self._body is None:
            stage = self._read_head()
            if self._body is None:
                return stage
        if self._end is None and not self._read_chunks():
            return Stage.REFUSED
        if self._end is not None and len(self.data) >= self._end:
            return Stage.WHOLE
        length = (self._end or len(self.data)) - self._body
        return Stage.LONG if length > MAX_BODY else Stage.BODY

    def _restart(self) -> None:
        self._body = self._end = None
        self._chunk = self._searched = 0

    def _read_head(self) -> Stage:
        """Find the end of the head, and how the body is framed."""
        while self.data.startswith(b"\r\n"):  # empty lines before a request are allowed
            del self.data[:2]
            self._searched = 0
        if not self.data:
            return Stage.NOTHING_CAME
        found = self.data.find(b"\r\n\r\n", max(self._searched - 3, 0), MAX_HEAD)
        self._searched = len(self.data)
        if found < 0:
            return Stage.REFUSED if len(self.data) > MAX_HEAD else Stage.HEAD
        body = found + 4
        head = bytes(self.data[:body])
        if _ENCODING.search(head) is None:
            lengths = [length.strip() for length in _LENGTH.findall(head)] or [b"0"]
            if len(lengths) > 1 or not _DIGITS.fullmatch(lengths[0]):
                return Stage.REFUSED
            self._end = body + int(lengths[0])
        self._body = self._chunk = body
        return Stage.BODY

    def _read_chunks(self) -> bool:
        """Go on from chunk to chunk up to the last; returns whether all are well formed."""
        while self._chunk < len(self.data):
            line = _CHUNK.match(self.data, self._chunk)
            if line is None:
                part = self.data[self._chunk : self._chunk + _MAX_CHUNK_LINE]
                return b"\n" not in part and len(part) < _MAX_CHUNK_LINE
            size = int(line[1], 16)
            if size == 0:
                found = self.data.find(b"\r\n\r\n", line.end() - 2)
                self._end = found + 4 if found >= 0 else None
                return True
            self._chunk = line.end() + size + 2
        return True
