"""A text goes through the networks once, when it is written; builds and restarts read the store."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from embeddings import sentence
from embeddings.embedding_store import text_key
from embeddings.port import EncoderError
from embeddings.whitening import Floats
from embeddings.word_match import WORD_NETWORK
from matcher.container import Services
from matcher.domain import Facet, FacetKind, Organisation, OrganisationType, Participation, Project
from matcher.imports.row_errors import Batch
from matcher.imports.storage import store_batch
from matcher.indexing.build import build_index
from matcher.organisations import actions
from matcher.store import embeddings
from matcher.store.tables import EmbeddingRow
from tests.conftest import settings_for


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that went through the networks."""
    texts: list[str] = []
    encode = sentence._encode

    def counted(batch: Sequence[str]) -> Floats:
        texts.extend(batch)
        return encode(batch)

    monkeypatch.setattr(sentence, "_encode", counted)
    return texts


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def offering(number: int, *offers: str) -> Organisation:
    facets = tuple(Facet(FacetKind.OFFER, text) for text in offers)
    return Organisation(f"x:{number}", f"X {number}", OrganisationType.COMPANY, offers=facets)


def batch_of(count: int) -> Batch:
    owners = (Participation("x:0"), Participation("x:1"))
    projects = [
        Project(Facet(FacetKind.EVIDENCE, f"Pumps {n}", "A title", f"p:{n}"), owners)
        for n in range(count)
    ]
    return Batch([offering(n, f"Films of polymer {n}") for n in range(count)], projects)


def started(home: Path) -> Services:
    return Services(settings_for(home))


def vectors_of(services: Services) -> Floats:
    snapshot = services.corpus_provider.snapshot()
    return snapshot.index.rows(snapshot.corpus.facet_ids.whole())


def test_after_an_import_build_restart_and_rebuild_embed_nothing(
    home: Path, read: list[str]
) -> None:
    services = started(home)
    batch = batch_of(6)
    store_batch(services.store, batch)
    assert sorted(read) == sorted(batch.embedded_texts)
    read.clear()
    build_index(services.store, services.settings)
    assert not set(read) & set(batch.embedded_texts)  # texts of the service itself are new to it
    read.clear()
    vectors = vectors_of(services)
    again = started(home)
    build_index(again.store, again.settings)
    assert vectors_of(again) == pytest.approx(vectors, abs=1e-5)
    assert store_batch(again.store, batch).changed is False
    assert read == []


def test_a_written_organisation_is_embedded_in_one_batch_with_its_transaction(
    home: Path, read: list[str]
) -> None:
    services = started(home)
    services.corpus_provider.snapshot()
    read.clear()
    stored = offering(1, "Films of polymer", "Wind turbines")
    actions.create(services.store, stored)
    assert read == ["Films of polymer", "Wind turbines"]
    changed = offering(1, "Films of polymer", "Water pumps")
    actions.replace_organisation(services.store, changed, keep=())
    assert read[2:] == ["Water pumps"]
    with pytest.raises(actions.Exists):
        actions.create(services.store, offering(1, "Hydrogen"))
    assert len(services.corpus_provider.snapshot().corpus.facet_ids) == 2
    with services.store.reading() as session:
        keys = set(session.scalars(select(EmbeddingRow.text_key)))
    assert {text_key(text) for text in ("Films of polymer", "Wind turbines", "Water pumps")} <= keys
    assert text_key("Hydrogen") not in keys  # its transaction was rolled back
    assert read[3:] == ["Hydrogen"]
    assert len(started(home).corpus_provider.snapshot().corpus.facet_ids) == 2
    assert read[4:] == []


def test_questions_leave_nothing_in_the_store(home: Path, read: list[str]) -> None:
    services = started(home)
    actions.create(services.store, offering(1, "Films of polymer"))
    snapshot = services.corpus_provider.snapshot()
    read.clear()
    for _ in range(2):
        assert snapshot.generation.encoder.encode(["Polymer packaging films", "Films"]).any()
    assert read == ["Polymer packaging films", "Films"]  # remembered in the process
    with services.store.reading() as session:
        keys = set(session.scalars(select(EmbeddingRow.text_key)))
    assert text_key("Polymer packaging films") not in keys


def test_where_networks_fail_writes_succeed_and_vectors_are_made_later(
    home: Path, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    services = started(home)
    services.corpus_provider.snapshot()
    read.clear()
    with monkeypatch.context() as patch:

        def fail(texts: Sequence[str]) -> Floats:
            raise EncoderError("away")

        patch.setattr(sentence, "_encode", fail)
        actions.create(services.store, offering(9, "Films of polymer"))
        store_batch(services.store, batch_of(2))
    assert read == []
    assert vectors_of(services).any(axis=1).all()
    assert {"Films of polymer", "Films of polymer 1", "A title\nPumps 1"} <= set(read)


def test_an_interrupted_import_goes_on_without_embedding_again(
    home: Path, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    services, batch = started(home), batch_of(300)

    def interrupt(stage: str, done: int, total: int) -> None:
        if stage == "embeddings":
            assert total == 600
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store_batch(services.store, batch, interrupt)
    first = len(read)
    assert 0 < first < 600 and services.store.corpus_version() == 0
    store_batch(services.store, batch)
    assert len(read) == len(set(read)) == 600


def test_a_build_deletes_what_nothing_uses_any_more(
    home: Path, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    services = started(home)

    def keys_after_build() -> set[bytes]:
        build_index(services.store, services.settings)
        with services.store.reading() as session:
            return set(session.scalars(select(EmbeddingRow.text_key).where(of_texts)))

    of_texts = EmbeddingRow.encoder != WORD_NETWORK.fingerprint
    actions.create(services.store, offering(1, "Films of polymer", "Wind turbines"))
    actions.replace_organisation(services.store, offering(1, "Films of polymer"), keep=())
    assert text_key("Wind turbines") in keys_after_build()  # not old enough
    monkeypatch.setattr(embeddings, "UNUSED_FOR", timedelta(0))
    kept = keys_after_build()
    assert text_key("Wind turbines") not in kept and text_key("Films of polymer") in kept
    read.clear()
    monkeypatch.setattr(sentence, "_fingerprint", lambda: "sentence-other")
    assert keys_after_build() == kept
    with services.store.reading() as session:
        encoders = set(session.scalars(select(EmbeddingRow.encoder).where(of_texts)))
    assert encoders == {"sentence-other"}
    assert len(set(read)) == len(kept)
