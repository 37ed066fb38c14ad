"""Finding organisations by a name that a person typed."""

from __future__ import annotations

from functools import lru_cache

from matcher.corpus.corpus import Corpus
from matcher.corpus.tables import CorpusTables


def find_by_name(corpus: Corpus, name: str) -> tuple[list[int], list[int]]:
    """Return the rows of organisations with a name, and of those whose name contains it.

    Case doesn't count. The first are among the second; both ascend.
    """
    wanted = name.casefold()
    if not wanted:
        return [], []
    rows = set(_containing(corpus.tables, wanted)) - corpus.names.changes.keys()
    rows.update(row for row, text in corpus.names.changes.items() if wanted in text.casefold())
    similar = sorted(row for row in rows if corpus.alive[row])
    return [row for row in similar if corpus.names[row].casefold() == wanted], similar


def _containing(tables: CorpusTables, wanted: str) -> list[int]:
    """Return the rows of the generation whose name contains a text in lower case."""
    return [row for row, name in enumerate(_folded_names(tables)) if wanted in name]


@lru_cache(maxsize=2)
def _folded_names(tables: CorpusTables) -> list[str]:
    """Return all names in lower case: some 10 MB at 100,000 organisations, once somebody asks."""
    return [name.casefold() for name in tables.organisations.names]
