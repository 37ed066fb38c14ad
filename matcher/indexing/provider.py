"""The corpus provider, wired with what builds an index where there is none to open."""

from __future__ import annotations

from matcher.corpus.provider import CorpusProvider
from matcher.indexing.build import build_index
from matcher.progress import ProgressLines, Say, silent
from matcher.settings import Settings
from matcher.store import Store


def provide_corpus(store: Store, settings: Settings, announce: Say = silent) -> CorpusProvider:
    """Return a provider of the corpus in `store`, which builds an index where it has to.

    `announce` is told how far a build is.
    """

    def build(store: Store, settings: Settings) -> str:
        announce("Building the index: there is none that fits the store")
        return build_index(store, settings, ProgressLines(announce), only_if_missing=True)

    return CorpusProvider(store, settings, build)
