"""What `embeddings.port.Encoder` promises, asked of every encoder."""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from embeddings import registry
from embeddings.port import Encoder, EncoderError, understood, vocabulary_coverage
from embeddings.registry import NAMES, EncoderOptions, fit_encoder
from embeddings.remote import RemoteConfig, RemoteEncoder
from embeddings.tools.convert import convert
from embeddings.transformer import TransformerEncoder
from tests.embeddings.test_remote import EmbeddingServer
from tests.embeddings.test_transformer import write_source
from tests.hash_encoder import KIND, HashEncoder

TEXTS = [
    "Biodegradable polymers from starch and lactic acid",
    "Compounding and extrusion of biodegradable polymer films",
    "Clinical validation of wound dressings",
    "Waterzuivering met membranen voor hergebruik van proceswater",
    "films",
    "Hydrogen electrolysis stacks for wind farms " * 40,
    "Compounding and extrusion of biodegradable polymer films",
]
WORDLESS = ["", "   \n", "???", "12345", "😀 \x00\x07"]


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddingServer]:
    with EmbeddingServer() as started:
        yield started


@pytest.fixture(
    scope="module", params=[*NAMES, "transformer int8", "remote alone", "transformer alone", KIND]
)
def encoder(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    server: EmbeddingServer,
) -> Encoder:
    name, _, variant = str(request.param).partition(" ")
    if name == KIND:
        return HashEncoder()
    options = EncoderOptions(url=server.url, model="tiny")
    if name == "transformer":
        folder = tmp_path_factory.mktemp("transformer")
        convert(write_source(folder / "source"), folder / "converted", int8=variant == "int8")
        options = EncoderOptions(folder=folder / "converted")
        if variant == "alone":
            return TransformerEncoder.load(folder / "converted")
    if str(request.param) == "remote alone":
        return RemoteEncoder.fit(RemoteConfig(server.url, "tiny"))
    return fit_encoder(name, TEXTS * 4, options=options)


def load_encoder(folder: Path) -> Encoder:
    """Load what was saved; the encoder of the tests isn't one that a setting can name."""
    path = folder / "encoder.json"
    saved = path.is_file() and f'"kind": "{KIND}"' in path.read_text(encoding="utf-8")
    return HashEncoder.load(folder) if saved else registry.load_encoder(folder)


def test_rows_are_float32_and_each_view_has_its_length(encoder: Encoder) -> None:
    rows = encoder.encode(TEXTS)
    assert rows.shape == (len(TEXTS), encoder.dim)
    assert rows.dtype == np.float32
    assert np.isfinite(rows).all()
    most = 1 / len(encoder.views)
    for view in encoder.views:
        squared = (rows[:, view.start : view.end] ** 2).sum(axis=1)
        assert (squared <= most + 1e-5).all()
    first = encoder.views[0]
    squared = (rows[:, first.start : first.end] ** 2).sum(axis=1)
    assert squared == pytest.approx(most, abs=1e-5)
    assert vocabulary_coverage(encoder, rows, first) == pytest.approx(1, abs=1e-4)


def test_what_says_nothing_is_zeros(encoder: Encoder) -> None:
    rows = encoder.encode([*WORDLESS, TEXTS[0]])
    assert not rows[:-1].any()
    assert understood(rows).tolist() == [False] * len(WORDLESS) + [True]
    assert encoder.encode([]).shape == (0, encoder.dim)
    assert encoder.encode(WORDLESS).dtype == np.float32


def test_odd_texts_do_no_harm(encoder: Encoder) -> None:
    rows = encoder.encode(["films \ud800 films", "x" * 100_000, "\x00films", "é" * 30])
    lengths = np.linalg.norm(rows, axis=1)
    assert np.isfinite(rows).all()
    assert (lengths <= 1 + 1e-5).all()


def test_a_batch_equals_single_texts(encoder: Encoder) -> None:
    mixed = [*TEXTS, *WORDLESS, *reversed(TEXTS)]
    together = encoder.encode(mixed)
    alone = np.concatenate([encoder.encode([text]) for text in mixed])
    assert together == pytest.approx(alone, abs=1e-3)
    assert together[1] == pytest.approx(together[6], abs=1e-6)
    assert encoder.encode_stored(mixed) == pytest.approx(together, abs=1e-3)


def test_raw_embeddings_depend_on_the_text_alone(encoder: Encoder) -> None:
    for raw in encoder.raw_encoders:
        rows = raw.encode_raw([*TEXTS, *WORDLESS])
        assert rows.shape == (len(TEXTS) + len(WORDLESS), raw.dim) and rows.dtype == np.float32
        assert np.isfinite(rows.astype(np.float16)).all()
        assert raw.encode_raw([TEXTS[2]])[0] == pytest.approx(rows[2], abs=1e-5)
        assert raw.encode_raw([]).shape == (0, raw.dim)
        assert 0 < len(raw.fingerprint) <= 64
        if raw.is_local:
            elsewhere = pickle.loads(pickle.dumps(raw))
            assert elsewhere.fingerprint == raw.fingerprint
            assert elsewhere.encode_raw(TEXTS) == pytest.approx(rows[: len(TEXTS)], abs=1e-5)


def test_different_texts_have_different_vectors(encoder: Encoder) -> None:
    rows = encoder.encode(TEXTS[:6])
    similarity_to = rows @ rows.T
    assert (similarity_to[~np.eye(6, dtype=bool)] < 0.999).all()


def test_views_cover_the_columns(encoder: Encoder) -> None:
    views = encoder.views
    assert [views[0].start, *(view.end for view in views)] == [
        *(view.start for view in views),
        encoder.dim,
    ]


def test_saved_and_loaded_it_is_the_same(encoder: Encoder, tmp_path: Path) -> None:
    encoder.save(tmp_path / "one")
    loaded = load_encoder(tmp_path / "one")
    loaded.save(tmp_path / "two")
    for one in (loaded, load_encoder(tmp_path / "two")):
        assert (one.name, one.dim, one.fingerprint, one.views) == (
            encoder.name,
            encoder.dim,
            encoder.fingerprint,
            encoder.views,
        )
        assert one.encode(TEXTS) == pytest.approx(encoder.encode(TEXTS), abs=1e-3)


def test_a_changed_manifest_is_noticed(encoder: Encoder, tmp_path: Path) -> None:
    encoder.save(tmp_path)
    path = tmp_path / "encoder.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    for fault in ({"fingerprint": "other"}, {"config": None}, {"kind": "word2vec"}):
        if not fault.keys() <= manifest.keys():
            continue
        path.write_text(json.dumps({**manifest, **fault}))
        with pytest.raises(EncoderError):
            load_encoder(tmp_path)
    path.write_text("{")
    with pytest.raises(EncoderError):
        load_encoder(tmp_path)


def test_threads_may_share_it(encoder: Encoder, tmp_path: Path) -> None:
    expected = encoder.encode(TEXTS)
    encoder.save(tmp_path)
    fresh = load_encoder(tmp_path)  # so that the threads also open it at once
    with ThreadPoolExecutor(8) as pool:
        for rows in pool.map(lambda _: fresh.encode(TEXTS), range(24)):
            assert rows == pytest.approx(expected, abs=1e-3)
