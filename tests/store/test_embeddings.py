from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import func, select, text

from embeddings.embedding_store import text_key
from matcher.store import PATIENT, Store, embeddings
from matcher.store.embeddings import UsedEmbeddings, put_embeddings
from matcher.store.tables import EmbeddingRow, FacetRow


def rows_of(count: int, dim: int = 3) -> dict[bytes, np.ndarray]:
    values = np.arange(count * dim, dtype=np.float16).reshape(count, dim)
    return {text_key(f"text {number}"): values[number] for number in range(count)}


def test_what_is_put_is_got_by_encoder_and_key(store: Store) -> None:
    rows = rows_of(1_203)
    store.embeddings.put("one", rows)
    keys = list(rows)
    found = store.embeddings.get("one", [*keys[5:1_200], text_key("other")])
    assert list(found) != [] and set(found) == set(keys[5:1_200])
    assert all((found[key] == rows[key]).all() for key in found)
    assert found[keys[7]].dtype == np.float16
    assert store.embeddings.get("other", keys) == {}
    assert store.embeddings.get("one", []) == {}


def test_putting_again_changes_nothing(store: Store) -> None:
    first, second = rows_of(2), rows_of(3, dim=2)
    store.embeddings.put("one", first)
    store.embeddings.put("one", second)
    found = store.embeddings.get("one", list(second))
    assert [len(found[key]) for key in second] == [3, 3, 2]
    store.embeddings.put("one", {})


def test_rows_are_stored_with_the_transaction_or_not_at_all(store: Store) -> None:
    rows = rows_of(2)
    with pytest.raises(RuntimeError), store.writing() as write:
        put_embeddings(write.session, "one", rows)
        raise RuntimeError
    assert store.embeddings.get("one", list(rows)) == {}
    with store.writing() as write:
        put_embeddings(write.session, "one", rows)
    assert set(store.embeddings.get("one", list(rows))) == set(rows)


def test_while_another_process_writes_nothing_is_stored_and_nobody_waits_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(embeddings, "_MAX_WAIT", 20)
    store = Store(f"sqlite:///{tmp_path}/schakel.sqlite3")
    store.upgrade()
    with store.writing():
        store.embeddings.put("one", rows_of(1))
        with store.engine.connect() as connection:
            assert (
                connection.execute(text("PRAGMA busy_timeout")).scalar_one()
                == PATIENT.lock_seconds * 1000
            )
    assert store.embeddings.get("one", list(rows_of(1))) == {}
    store.dispose()


def test_a_purge_keeps_what_facets_and_builds_use(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = ["A title\nof a project", "an offer", "asked for", "gone"]
    for encoder in ("new", "old"):
        store.embeddings.put(encoder, {text_key(one): np.ones(2, np.float16) for one in texts})
    with store.writing() as write:
        for title, words in (("A title", "of a project"), (None, "an offer")):
            row = FacetRow(kind="offer", title=title, text=words, version=write.version)
            write.session.add(row)
    used = UsedEmbeddings(store.engine)
    used.get("new", [text_key("asked for")])

    class Network:
        fingerprint, dim, is_local = "new", 2, True

        def encode_raw(self, texts: object) -> np.ndarray:
            raise AssertionError

    assert used.purge([Network()]) == 0
    monkeypatch.setattr(embeddings, "UNUSED_FOR", timedelta(seconds=-1))
    assert used.purge([Network()]) == 5
    left = store.embeddings.get("new", [text_key(one) for one in texts])
    assert list(left) != [] and set(left) == {text_key(one) for one in texts[:3]}
    with store.reading() as session:
        assert session.scalar(select(func.count()).select_from(EmbeddingRow)) == 3
