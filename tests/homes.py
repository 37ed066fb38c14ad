"""What takes seconds to make is made once, for all test processes and for later runs.

It is kept in pytest's cache folder (`make clean` removes it), under a key of all that it depends
on: after a change of the code it is made anew.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from embeddings import sentence
from embeddings.embedding_store import embed
from embeddings.port import Encoder
from embeddings.sentence import SentenceNetworks
from embeddings.whitening import Floats
from matcher.store import Store

ROOT = Path(__file__).parent.parent
FACES = {ROOT / "matcher" / name for name in ("web", "api", "cli")}
"""They read an index and take no part in building it."""
NETWORKS = sentence._encode
"""Reads each text with the networks."""
HOUR = 60 * 60.0
MAX_STORE_SIZE = 300_000_000
"""In bytes. A whole run reads a few thousand texts, of 1.5 kB each."""


def key_of(*places: Path) -> str:
    """A key of the files in and below `places`, the pinned packages and the Python version."""
    digest = hashlib.sha256(sys.version.encode())
    for path in sorted(_files([*places, ROOT / "requirements.txt", Path(__file__)])):
        digest.update(f"{path.relative_to(ROOT)}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _files(places: Iterable[Path]) -> Iterable[Path]:
    for place in places:
        if place.is_dir() and place.name != "__pycache__" and place not in FACES:
            yield from _files(place.iterdir())
        elif place.is_file():
            yield place


def built_once(cache: Path, name: str, key: str, build: Callable[[Path], None]) -> Path:
    """The folder that `build` fills, made by the first process that asks; not to be written.

    What was kept under other keys goes after an hour: each is some 40 MB, and a run reads it once.
    """
    done = cache / f"{name}-{key}"
    with (cache / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for other in cache.glob(f"{name}-*"):
            if other != done and other.stat().st_mtime < time.time() - HOUR:
                shutil.rmtree(other)
        if not done.exists():
            building = cache / f"building-{name}"
            shutil.rmtree(building, ignore_errors=True)  # of a run that was killed
            build(building)
            building.rename(done)
        os.utime(done)
    return done


def copied(home: Path, copy: Path) -> Path:
    """Copy a home; of its largest file, which nobody changes, a link does."""

    def copy_or_link(source: str, target: str) -> None:
        (os.link if source.endswith("components.npy") else shutil.copy2)(source, target)

    shutil.copytree(home, copy, copy_function=copy_or_link)
    return copy


def loading_once(load: Callable[..., Encoder], home: Path) -> Callable[..., Encoder]:
    """A way of loading encoders that loads the one in `home` once for all whole copies of it.

    An encoder doesn't change after it was made, so the applications of many tests may share it.
    """
    (folder,) = home.glob("index/gen-*/encoder")
    known, loaded = _state(folder), load(folder)
    return lambda asked, *rest: loaded if _state(asked) == known else load(asked, *rest)


def _state(folder: Path) -> list[tuple[str, int, int]]:
    files = [(path.name, path.stat()) for path in sorted(folder.glob("*"))]
    return [(name, found.st_size, found.st_mtime_ns) for name, found in files]


def encode_once(cache: Path) -> Callable[[list[str]], Floats]:
    """Return an `_encode` for `embeddings.sentence` that runs the networks once per text.

    The vectors are those of the networks, rounded as everywhere.
    """
    path = cache / f"embeddings-{key_of(ROOT / 'embeddings')}.sqlite3"
    for other in cache.glob("embeddings-*.sqlite3"):
        outdated = other != path and other.stat().st_mtime < time.time() - HOUR
        if outdated or other.stat().st_size > MAX_STORE_SIZE:
            other.unlink(missing_ok=True)
    store = Store(f"sqlite:///{path}")
    store.upgrade()
    networks = SentenceNetworks()
    networks.encode_raw = NETWORKS  # type: ignore[method-assign]
    return lambda texts: embed(networks, texts, store.embeddings)
