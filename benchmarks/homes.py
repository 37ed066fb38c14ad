"""Homes of the service and folders of the plain app, filled with generated corpora.

They are kept in the folder that `--folder` names, for later runs; without it they are made for one
run. Up to REAL_EMBEDDINGS organisations all texts go through the networks; beyond, embeddings are
made up (`benchmarks.generated.vectors`).
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from benchmarks import generated
from benchmarks.generated import GeneratedCorpus, files
from benchmarks.generated.texts import Text
from benchmarks.generated.vectors import InventedEmbeddings
from benchmarks.plain_app import OFFERS, VECTORS
from benchmarks.serving import ROOT, clean_environment, service_environment
from embeddings.embedding_store import text_key
from embeddings.sentence import SENTENCE_NETWORKS
from matcher.imports.row_errors import Batch
from matcher.imports.storage import store_batch
from matcher.settings import read_settings
from matcher.store import Store

REAL_EMBEDDINGS = 10_000
_BATCH = 2_000
"""Organisations, and projects, that are stored in one transaction."""
START = "start"
"""Instead of an address: start a private server for this run."""
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Spent:
    """What a command used, its own processes included."""

    seconds: float
    cpu_seconds: float

    def __add__(self, other: Spent) -> Spent:
        return Spent(self.seconds + other.seconds, self.cpu_seconds + other.cpu_seconds)


class Homes:
    """Where homes are made; `environ` are settings of every service, such as DATABASE_URL."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self.folder = folder
        self.environ = dict(environ)

    def service(self, corpus: GeneratedCorpus) -> Path:
        """Return a home with a corpus and its index."""

        def make(home: Path) -> None:
            self.fill(home, corpus)
            self.flask(home, "index", "build")

        return self._made(f"service-{_name(corpus)}", make)

    def plain_app(self, corpus: GeneratedCorpus) -> Path:
        """Return a folder of the plain app with the offers of a corpus and its index."""

        def make(folder: Path) -> None:
            files.write_offers(corpus, folder / OFFERS)
            if corpus.size > REAL_EMBEDDINGS:
                np.save(folder / VECTORS, self._offer_vectors(corpus))
            encode_plain(folder)

        return self._made(f"plain-{_name(corpus)}", make)

    def demo(self) -> Path:
        """Return a home with the demo data."""
        return self._made("demo", lambda home: self.flask(home, "demo", "load"))

    def empty(self, name: str) -> Path:
        """Return a new folder, in place of what a former run left there."""
        folder = self.folder / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder

    def copy(self, home: Path, name: str) -> Path:
        """Return a copy of a home, to be written to."""
        copied = self.folder / name
        shutil.rmtree(copied, ignore_errors=True)
        return Path(shutil.copytree(home, copied))

    def fill(self, home: Path, corpus: GeneratedCorpus) -> None:
        """Store a corpus in the store of a home; builds no index."""
        store = Store(read_settings(service_environment(home, **self.environ)).database_url)
        store.upgrade()
        if store.corpus_version():
            sys.exit("The database isn't empty; a measurement needs one of its own.")
        for several in _parts(corpus.organisations()):
            self._embed(store, corpus, [text for _, texts in several for text in texts])
            store_batch(store, Batch(organisations=[organisation for organisation, _ in several]))
        for projects in _parts(corpus.projects()):
            self._embed(store, corpus, [text for _, text in projects])
            store_batch(store, Batch(projects=[project for project, _ in projects]))
        store.dispose()

    def flask(self, home: Path, *arguments: str) -> Spent:
        """Run a command of the service."""
        command = [sys.executable, "-m", "flask", "--app", "app", *arguments]
        return run(command, service_environment(home, **self.environ), home)

    def _embed(self, store: Store, corpus: GeneratedCorpus, texts: Sequence[Text]) -> None:
        """Store invented embeddings, or none, so that the index build computes them."""
        if corpus.size > REAL_EMBEDDINGS:
            keys = [text_key(text.text) for text in texts]
            rows = self._invented.rows(texts).astype(np.float16)
            store.embeddings.put(SENTENCE_NETWORKS.fingerprint, dict(zip(keys, rows, strict=True)))

    def _offer_vectors(self, corpus: GeneratedCorpus) -> NDArray[np.float32]:
        """Return invented vectors (n, 384) of length 1 for the offers."""
        rows = [
            self._invented.rows(texts[: len(organisation.offers)])
            for organisation, texts in corpus.organisations()
        ]
        vectors: NDArray[np.float32] = np.concatenate(rows)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors

    @cached_property
    def _invented(self) -> InventedEmbeddings:
        return InventedEmbeddings.fit()

    def _made(self, name: str, make: Callable[[Path], object]) -> Path:
        folder = self.folder / name
        complete = folder / "complete"
        if not complete.exists():
            make(self.empty(name))
            complete.touch()
        return folder


def encode_plain(folder: Path) -> Spent:
    """Encode the offers in a folder of the plain app with one thread, and write its index."""
    command = [sys.executable, "-m", "benchmarks.plain_app", str(folder)]
    return run(command, {**clean_environment(), "OMP_NUM_THREADS": "1"}, folder)


def run(command: Sequence[str], environment: Mapping[str, str], folder: Path) -> Spent:
    """Run a command to its end, its output in a file in `folder`."""
    log = folder / "commands.log"
    start = time.perf_counter()
    with log.open("ab") as output:
        process = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=output, stderr=output)
        _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    if status:
        tail = log.read_text(errors="replace")[-2000:]
        raise RuntimeError(f"{' '.join(command)} failed:\n{tail}")
    return Spent(seconds, used.ru_utime + used.ru_stime)


def options(description: str | None) -> argparse.ArgumentParser:
    """Return a parser with the options of all measurements."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--folder", type=Path, help="keep homes here, and take those that are there"
    )
    parser.add_argument("--redis", default="", help="REDIS_URL, or 'start' for a private server")
    parser.add_argument(
        "--database",
        default="",
        help="DATABASE_URL of an empty database, or 'start' for a private PostgreSQL server",
    )
    return parser


@contextmanager
def homes_for(asked: argparse.Namespace) -> Iterator[Homes]:
    """Yield where the homes of a run are made, with the servers that it asked for."""
    with ExitStack() as stack:
        environ = {"REDIS_URL": asked.redis, "DATABASE_URL": asked.database}
        if START in environ.values():
            from tests.servers import postgres_server, redis_server  # needs tests/requirements.txt

            if asked.redis == START:
                environ["REDIS_URL"] = stack.enter_context(redis_server()).url
            if asked.database == START:
                environ["DATABASE_URL"] = stack.enter_context(postgres_server())
        if asked.folder is None or asked.database:  # an index belongs to one database
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="schakel-bench-")))
        else:
            folder = asked.folder
            folder.mkdir(parents=True, exist_ok=True)
        yield Homes(folder, environ)


def _name(corpus: GeneratedCorpus) -> str:
    """Return the name of a corpus, which changes with the generator."""
    digest = hashlib.sha256()
    for path in sorted(Path(generated.__file__).parent.iterdir()):
        if path.is_file():
            digest.update(path.read_bytes())
    return f"{corpus.prefix}-{corpus.size}-{digest.hexdigest()[:8]}"


def _parts(items: Iterator[Item]) -> Iterator[list[Item]]:
    while part := list(islice(items, _BATCH)):
        yield part
