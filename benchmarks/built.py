"""A corpus in a home of its own, with its index, for one run of a benchmark."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from matcher.corpus.provider import CorpusProvider
from matcher.demo import load as demo
from matcher.imports.cordis import read_cordis
from matcher.imports.storage import store_batch
from matcher.indexing.build import build_index
from matcher.indexing.provider import provide_corpus
from matcher.settings import read_settings
from matcher.store import Store


@contextmanager
def built_corpus(cordis: str = "") -> Iterator[CorpusProvider]:
    """Yield the demo data, or the records of a folder in the layout of the CORDIS bulk files."""
    with tempfile.TemporaryDirectory(prefix="schakel-bench-") as home:
        settings = read_settings({"SCHAKEL_HOME": home})
        store = Store(settings.database_url)
        store.upgrade()
        if cordis:
            store_batch(store, read_cordis(Path(cordis)))
        else:
            demo.load(store)
        build_index(store, settings)
        yield provide_corpus(store, settings)
        store.dispose()
