"""Embedding many texts, for imports and index builds: on all cores, in processes of one thread.

The processes are spawned, not forked, so a process with threads may start them. They die with the
process that started them. Few texts, and those of a service on another machine, are encoded in this
process: a new one takes some two seconds to load the networks.
"""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass

from threadpoolctl import threadpool_limits

from embeddings.embedding_store import EmbeddingStore, Row, encode_raw, missing_texts
from embeddings.port import RawEncoder

Report = Callable[[int, int], None]
"""Called as `report(done, total)`, in texts. It may raise, to stop the work."""
MIN_TEXTS = 400
"""So many texts are worth the start of processes, which takes as long as 200 to 400 of them."""
_CHUNK_CHARACTERS, _CHUNK_TEXTS = 40_000, 256
"""What a process encodes at a time, and a transaction stores: a second or three of work."""
_NICENESS = 10
"""Processes that answer people come first."""


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Texts by key, which one network has to read."""

    raw: RawEncoder
    texts: dict[bytes, str]


def embed_many(
    raw_encoders: Iterable[RawEncoder],
    texts: Sequence[str],
    store: EmbeddingStore,
    report: Report | None = None,
) -> int:
    """Put the raw embeddings of texts into `store`; return how many weren't there yet.

    They are stored chunk by chunk, so work that is interrupted goes on where it stopped. Raises
    EncoderError.
    """
    local: list[_Chunk] = []
    remote: list[_Chunk] = []
    for raw in raw_encoders:
        chunks = _chunks(raw, missing_texts(raw, texts, store))
        (local if raw.is_local else remote).extend(chunks)
    done, total = 0, sum(len(chunk.texts) for chunk in [*local, *remote])
    for encode, work in ((_encode_local, local), (_encode_here, remote)):
        for chunk, rows in encode(work):
            store.put(chunk.raw.fingerprint, rows)
            done += len(rows)
            if report:
                report(done, total)
    return total


def _chunks(raw: RawEncoder, texts: dict[bytes, str]) -> list[_Chunk]:
    """Split texts into chunks of similar lengths, the longest first."""
    chunks: list[_Chunk] = []
    size = 0
    for key, text in sorted(texts.items(), key=lambda one: -len(one[1])):
        full = not chunks or len(chunks[-1].texts) >= _CHUNK_TEXTS
        if full or size + len(text) > _CHUNK_CHARACTERS:
            chunks.append(_Chunk(raw, {}))
            size = 0
        chunks[-1].texts[key] = text
        size += len(text)
    return chunks


def _encode_here(chunks: Sequence[_Chunk]) -> Iterator[tuple[_Chunk, dict[bytes, Row]]]:
    for chunk in chunks:
        yield chunk, encode_raw(chunk.raw, chunk.texts)


def _encode_local(chunks: Sequence[_Chunk]) -> Iterator[tuple[_Chunk, dict[bytes, Row]]]:
    """Yield chunks with their rows, in processes where that is worth it."""
    workers = min(len(os.sched_getaffinity(0)), len(chunks))
    if workers < 2 or sum(len(chunk.texts) for chunk in chunks) < MIN_TEXTS:
        yield from _encode_here(chunks)
        return
    todo = dict(enumerate(chunks))
    try:
        for number, rows in _encode_in_processes(chunks, workers):
            yield todo.pop(number), rows
    except BrokenProcessPool:  # one was killed, for example for its memory
        yield from _encode_here(list(todo.values()))


def _encode_in_processes(
    chunks: Sequence[_Chunk], workers: int
) -> Iterator[tuple[int, dict[bytes, Row]]]:
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, context, _prepare_process)
    running: dict[Future[dict[bytes, Row]], int] = {}
    try:
        for number, chunk in enumerate(chunks):
            running[pool.submit(encode_raw, chunk.raw, chunk.texts)] = number
        while running:
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                yield running.pop(future), future.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _prepare_process() -> None:
    os.nice(_NICENESS)
    threadpool_limits(1)
    parent = multiprocessing.parent_process()
    assert parent is not None
    sentinel = parent.sentinel

    def end_with_parent() -> None:
        multiprocessing.connection.wait([sentinel])
        os._exit(1)

    threading.Thread(target=end_with_parent, daemon=True).start()
