"""A build in a process of its own, so that whoever asks meanwhile has the interpreter."""

from __future__ import annotations

import multiprocessing
import os
from contextlib import suppress
from multiprocessing.connection import Connection

from embeddings.port import EncoderError
from matcher.corpus.generation import GenerationWriteError
from matcher.indexing.build import build_index
from matcher.indexing.encoders import RawEncoders
from matcher.progress import Progress, unreported
from matcher.settings import Settings
from matcher.store import Store

_NICENESS = 10
"""Questions go first where both want a core."""
_POLL_SECONDS = 1.0
_STOP_SECONDS = 5.0
_EXPECTED = {error.__name__: error for error in (EncoderError, GenerationWriteError)}


class BuildFailed(Exception):
    """The process that built ended without a word, or with an error that nobody expects."""


def build_in_child(store: Store, settings: Settings, progress: Progress | None = None) -> str:
    """Build an index as `build_index` does, in a process of its own; returns its name.

    Raises what `build_index` raises, and BuildFailed. What `progress` raises ends the process.
    """
    report = progress or unreported
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    # No daemon: it has processes of its own, to embed on all cores.
    child = context.Process(target=_build, args=(settings, there))
    child.start()
    there.close()
    try:
        while True:
            if not here.poll(_POLL_SECONDS):
                report("", 0, 0)
                continue
            kind, *content = here.recv()
            if kind == "progress":
                report(*content)
            elif kind == "built":
                child.join()
                return str(content[0])
            else:
                raise _EXPECTED.get(kind, BuildFailed)(content[0])
    except EOFError as error:
        raise BuildFailed("the process that built the index was killed") from error
    finally:
        _end(child)


def _build(settings: Settings, answers: Connection) -> None:
    os.nice(_NICENESS)
    last = ("", -1)

    def report(stage: str, done: int, total: int) -> None:
        nonlocal last
        # One message for each hundredth: a pipe that nobody reads would hold the build.
        part = stage, done * 100 // total if total else 0
        if part != last:
            last = part
            answers.send(("progress", stage, done, total))

    store = Store(settings.database_url, RawEncoders(settings))
    try:
        name = build_index(store, settings, report)
    except Exception as error:
        with suppress(OSError):
            answers.send((type(error).__name__, str(error)))
        raise
    finally:
        store.dispose()
    answers.send(("built", name))


def _end(child: multiprocessing.process.BaseProcess) -> None:
    if child.is_alive():
        child.terminate()
        child.join(_STOP_SECONDS)
        if child.is_alive():
            child.kill()
    child.join()
