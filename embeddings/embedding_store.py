"""Embeddings of texts, stored in a file so that no build runs a network on the same text twice.

A network takes some 20 ms for a long text, and the embedding depends only on the text and the
network. So the second build, and each fold of the training, encodes only new texts, and a build
that was interrupted continues where it stopped.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from pathlib import Path

import numpy as np

from embeddings.whitening import Floats

Encode = Callable[[Sequence[str]], Floats]
"""From n texts to rows (n, dim)."""

_BATCH_SIZE = 256
"""How many texts are encoded before their embeddings are written."""
_BUSY_TIMEOUT = 10.0
"""Seconds to wait while another process writes."""
_CREATE_TABLE = "CREATE TABLE IF NOT EXISTS embedding (key BLOB PRIMARY KEY, row BLOB)"


class EmbeddingStore:
    """Embeddings (dim,) float32 by text and encoder, in a SQLite file.

    Without a path nothing is stored. A file that can't be read or written costs time, nothing else.
    No connection stays open between calls, so a process with a store may fork.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self._used: set[bytes] = set()

    def rows(self, encoder_id: str, texts: Sequence[str], dim: int, encode: Encode) -> Floats:
        """Return rows (n, dim): stored ones, and for all other texts the results of `encode`.

        `encoder_id` must change with anything that the rows depend on besides the text.
        """
        if self.path is None:
            return encode(texts)
        keys = [_key(encoder_id, text) for text in texts]
        self._used.update(keys)
        rows = np.zeros((len(texts), dim), dtype=np.float32)
        for start in range(0, len(texts), _BATCH_SIZE):
            batch = range(start, min(start + _BATCH_SIZE, len(texts)))
            stored = self._load([keys[place] for place in batch], dim)
            new = [place for place in batch if keys[place] not in stored]
            if new:
                encoded = encode([texts[place] for place in new])
                added = {keys[place]: row for place, row in zip(new, encoded, strict=True)}
                self._save(added)
                stored |= added
            for place in batch:
                rows[place] = stored[keys[place]]
        return rows

    def delete_unused(self) -> None:
        """Delete all embeddings that this object never returned, such as those of deleted texts."""

        def delete(connection: sqlite3.Connection) -> None:
            connection.execute("PRAGMA secure_delete = ON")
            connection.execute("CREATE TEMP TABLE used (key BLOB PRIMARY KEY) WITHOUT ROWID")
            connection.executemany("INSERT INTO used VALUES (?)", ((key,) for key in self._used))
            connection.execute("DELETE FROM embedding WHERE key NOT IN (SELECT key FROM used)")

        self._in_transaction(delete)

    def _load(self, keys: Sequence[bytes], dim: int) -> dict[bytes, Floats]:
        stored: dict[bytes, Floats] = {}

        def select(connection: sqlite3.Connection) -> None:
            marks = ",".join("?" * len(keys))
            query = f"SELECT key, row FROM embedding WHERE key IN ({marks})"
            for key, row in connection.execute(query, keys):
                if len(row) == 4 * dim:
                    stored[key] = np.frombuffer(row, dtype="<f4")

        self._in_transaction(select)
        return stored

    def _save(self, rows: dict[bytes, Floats]) -> None:
        values = [(key, row.astype("<f4").tobytes()) for key, row in rows.items()]
        statement = "INSERT OR REPLACE INTO embedding VALUES (?, ?)"
        self._in_transaction(lambda connection: connection.executemany(statement, values))

    def _in_transaction(self, work: Callable[[sqlite3.Connection], object]) -> None:
        """Do `work` in one transaction. Failures are ignored; a damaged file is deleted."""
        if self.path is None:
            return
        try:
            with closing(sqlite3.connect(self.path, timeout=_BUSY_TIMEOUT)) as connection:
                with connection:
                    connection.execute(_CREATE_TABLE)
                    work(connection)
        except sqlite3.OperationalError:  # full disk, no permission to write, or a long-held lock
            return
        except sqlite3.DatabaseError:
            with suppress(OSError):
                self.path.unlink()


NO_STORE = EmbeddingStore()
"""Stores nothing: every text is encoded."""


def _key(encoder_id: str, text: str) -> bytes:
    whole = f"{encoder_id}\0{text}".encode("utf-8", "surrogatepass")
    return hashlib.blake2b(whole, digest_size=16).digest()
