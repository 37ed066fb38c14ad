"""Raw embeddings of texts in the store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import numpy as np
import structlog
from sqlalchemy import Connection, Engine, delete, select, text, tuple_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from embeddings.bulk import embed_many
from embeddings.circuit_breaker import CircuitBreaker
from embeddings.embedding_store import Row, encode_raw, missing_texts, text_key
from embeddings.port import EncoderError, RawEncoder
from matcher.domain import embedded_text
from matcher.progress import Progress
from matcher.store.tables import EmbeddingRow, FacetRow

RawEncoders = Callable[[], Sequence[RawEncoder]]
"""Returns the networks of the encoder in use; raises EncoderError where it can't be loaded."""
NewEmbeddings = list[tuple[str, dict[bytes, Row]]]
"""Embeddings to be stored: the fingerprint of a network, and its rows by the key of the text."""
STEP = "embeddings"
RETRY_AFTER = 30.0
"""Seconds after a failure before a network is called again."""

UNUSED_FOR = timedelta(days=1)
"""Embeddings that are younger stay at a purge: an import adds them before it writes its facets, and
may have been interrupted."""
_MAX_WAIT = 1_000
"""Milliseconds to wait for another writer; what can't be written is computed again later."""
_CHUNK = 500
"""Keys in one IN list."""
log = structlog.get_logger()


class SqlEmbeddingStore:
    """The table `embedding`; see `embeddings.embedding_store.EmbeddingStore`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def get(self, encoder: str, keys: Sequence[bytes]) -> dict[bytes, Row]:
        """Return the embeddings that are stored under some of `keys`."""
        found: dict[bytes, Row] = {}
        if not keys:
            return found
        with self._engine.connect() as connection:
            for start in range(0, len(keys), _CHUNK):
                part = keys[start : start + _CHUNK]
                query = select(EmbeddingRow.text_key, EmbeddingRow.vector).where(
                    EmbeddingRow.text_key.in_(part), EmbeddingRow.encoder == encoder
                )
                for key, vector in connection.execute(query):
                    found[bytes(key)] = np.frombuffer(vector, dtype="<f2")
        return found

    def put(self, encoder: str, rows: Mapping[bytes, Row]) -> None:
        """Store embeddings in a transaction of their own; where that fails, none."""
        try:
            with self._engine.connect() as connection, _waiting_little(connection):
                put_embeddings(connection, encoder, rows)
                connection.commit()
        except OperationalError as error:  # a full disk, or a long write transaction
            log.warning("embeddings not stored", count=len(rows), reason=str(error.orig))


def put_embeddings(
    connection: Connection | Session, encoder: str, rows: Mapping[bytes, Row]
) -> None:
    """Store embeddings in the transaction of `connection`; those already there stay."""
    if not rows:
        return
    dialect = (
        connection.get_bind().dialect.name
        if isinstance(connection, Session)
        else (connection.dialect.name)
    )
    insert = (sqlite if dialect == "sqlite" else postgresql).insert
    now = datetime.now(UTC)
    values = [
        {"text_key": key, "encoder": encoder, "vector": row.astype("<f2").tobytes(), "added": now}
        for key, row in sorted(rows.items())  # in one order, so that two writers can't deadlock
    ]
    connection.execute(insert(EmbeddingRow).on_conflict_do_nothing(), values)


class UsedEmbeddings(SqlEmbeddingStore):
    """Remembers which embeddings an index build asked for, to delete the others."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self._used: set[bytes] = set()

    def get(self, encoder: str, keys: Sequence[bytes]) -> dict[bytes, Row]:
        """Return the embeddings that are stored under some of `keys`."""
        self._used.update(keys)
        return super().get(encoder, keys)

    def purge(self, encoders: Iterable[RawEncoder]) -> int:
        """Delete the embeddings that nothing uses, in small transactions; return how many.

        Used are those of `encoders` that were asked for, or that a facet has the text of. What was
        added within UNUSED_FOR stays.
        """
        fingerprints = {encoder.fingerprint for encoder in encoders}
        facets = select(FacetRow.title, FacetRow.text)
        old = select(EmbeddingRow.text_key, EmbeddingRow.encoder).where(
            EmbeddingRow.added < datetime.now(UTC) - UNUSED_FOR
        )
        with self._engine.connect() as connection:
            used = {text_key(embedded_text(*facet)) for facet in connection.execute(facets)}
            used |= self._used
            unused = [
                (key, encoder)
                for key, encoder in connection.execute(old)
                if encoder not in fingerprints or bytes(key) not in used
            ]
        here = tuple_(EmbeddingRow.text_key, EmbeddingRow.encoder)
        for start in range(0, len(unused), _CHUNK):
            with self._engine.begin() as connection:
                part = unused[start : start + _CHUNK]
                connection.execute(delete(EmbeddingRow).where(here.in_(part)))
        return len(unused)


class TextEmbedder:
    """Runs the networks on texts that are about to be stored.

    Where one fails, such as a service on another machine, the texts are stored nevertheless, and
    whoever needs their embeddings computes them later.
    """

    def __init__(self, embeddings: SqlEmbeddingStore, raw_encoders: RawEncoders) -> None:
        self._embeddings = embeddings
        self._raw_encoders = raw_encoders
        self._breaker = CircuitBreaker(RETRY_AFTER)

    def new_embeddings(self, texts: Sequence[str]) -> NewEmbeddings:
        """Return the embeddings of texts that aren't stored yet, computed in one batch."""
        found: NewEmbeddings = []
        if texts and self._breaker.allows():
            try:
                for raw in self._raw_encoders():
                    missing = missing_texts(raw, texts, self._embeddings)
                    if missing:
                        found.append((raw.fingerprint, encode_raw(raw, missing)))
                self._breaker.record_success()
            except EncoderError as error:
                self._record_failure(error)
        return found

    def embed_many(self, texts: Sequence[str], progress: Progress) -> None:
        """Store the embeddings of many texts, in processes and in small transactions."""
        try:
            embed_many(
                self._raw_encoders(),
                texts,
                self._embeddings,
                lambda done, total: progress(STEP, done, total),
            )
        except EncoderError as error:
            self._record_failure(error)

    def _record_failure(self, error: EncoderError) -> None:
        self._breaker.record_failure()
        log.warning("texts are stored without embeddings", reason=str(error))


@contextmanager
def _waiting_little(connection: Connection) -> Iterator[None]:
    """Let a transaction wait for other writers for a second at most."""
    if connection.dialect.name != "sqlite":
        connection.execute(text(f"SET LOCAL lock_timeout = {_MAX_WAIT}"))
        yield
        return
    usual = connection.execute(text("PRAGMA busy_timeout")).scalar_one()
    connection.execute(text(f"PRAGMA busy_timeout = {_MAX_WAIT}"))
    try:
        yield
    finally:
        connection.rollback()
        connection.execute(text(f"PRAGMA busy_timeout = {int(usual)}"))
