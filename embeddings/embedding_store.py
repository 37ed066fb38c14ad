"""What networks made of texts, kept in a file: no build reads a text twice.

A network takes some 20 ms for a long text, and a text's vector depends on nothing but the text and
the network. So a build after the first one, and each fold of the training, reads only what is new;
one that was stopped goes on where it was.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from pathlib import Path

import numpy as np

from embeddings.whitening import Floats

Read = Callable[[Sequence[str]], Floats]

_BATCH = 256
"""So many texts are read before they are written."""
_PATIENCE = 10.0
"""Seconds to wait for another process that writes."""
_TABLE = "CREATE TABLE IF NOT EXISTS reading (text BLOB PRIMARY KEY, row BLOB)"


class EmbeddingStore:
    """Rows (dim,) by text and reader, in a SQLite file; without a file nothing is kept.

    A file that can't be read or written costs time, nothing else. No connection is held between
    calls, so a fork harms nothing.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self._used: set[bytes] = set()

    def rows(self, reader: str, texts: Sequence[str], dim: int, read: Read) -> Floats:
        """Return rows (n, dim): those kept, and of all other texts what `read` makes of them.

        `reader` names all that the rows depend on besides the text.
        """
        if self.path is None:
            return read(texts)
        keys = [_key(reader, text) for text in texts]
        self._used.update(keys)
        rows = np.zeros((len(texts), dim), dtype=np.float32)
        for start in range(0, len(texts), _BATCH):
            batch = range(start, min(start + _BATCH, len(texts)))
            kept = self._kept([keys[place] for place in batch], dim)
            new = [place for place in batch if keys[place] not in kept]
            if new:
                found = read([texts[place] for place in new])
                made = {keys[place]: row for place, row in zip(new, found, strict=True)}
                self._keep(made)
                kept |= made
            for place in batch:
                rows[place] = kept[keys[place]]
        return rows

    def forget_others(self) -> None:
        """Remove all that wasn't asked for since this was made, such as texts that were deleted."""

        def forget(connection: sqlite3.Connection) -> None:
            connection.execute("PRAGMA secure_delete = ON")
            connection.execute("CREATE TEMP TABLE used (text BLOB PRIMARY KEY) WITHOUT ROWID")
            connection.executemany("INSERT INTO used VALUES (?)", ((key,) for key in self._used))
            connection.execute("DELETE FROM reading WHERE text NOT IN (SELECT text FROM used)")

        self._do(forget)

    def _kept(self, keys: Sequence[bytes], dim: int) -> dict[bytes, Floats]:
        found: dict[bytes, Floats] = {}

        def look(connection: sqlite3.Connection) -> None:
            marks = ",".join("?" * len(keys))
            asked = f"SELECT text, row FROM reading WHERE text IN ({marks})"
            for key, row in connection.execute(asked, keys):
                if len(row) == 4 * dim:
                    found[key] = np.frombuffer(row, dtype="<f4")

        self._do(look)
        return found

    def _keep(self, rows: dict[bytes, Floats]) -> None:
        several = [(key, row.astype("<f4").tobytes()) for key, row in rows.items()]
        asked = "INSERT OR REPLACE INTO reading VALUES (?, ?)"
        self._do(lambda connection: connection.executemany(asked, several))

    def _do(self, work: Callable[[sqlite3.Connection], object]) -> None:
        """Do something in one transaction, or leave it; a file that is damaged is begun anew."""
        if self.path is None:
            return
        try:
            with closing(sqlite3.connect(self.path, timeout=_PATIENCE)) as connection, connection:
                connection.execute(_TABLE)
                work(connection)
        except sqlite3.OperationalError:  # no room, no right to write, or too long a wait
            return
        except sqlite3.DatabaseError:
            with suppress(OSError):
                self.path.unlink()


NONE_KEPT = EmbeddingStore()
"""Keeps nothing: every text is read."""


def _key(reader: str, text: str) -> bytes:
    whole = f"{reader}\0{text}".encode("utf-8", "surrogatepass")
    return hashlib.blake2b(whole, digest_size=16).digest()
