from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from embeddings.default import DefaultEncoder
from embeddings.language import detect_language
from embeddings.lexicon import Lexicon, shipped_lexicon
from embeddings.port import EncoderError
from embeddings.registry import fit_encoder, load_encoder

CORPUS = [
    "Biodegradable polymers from starch and lactic acid",
    "Compounding and extrusion of biodegradable polymer films",
    "Clinical validation of wound dressings with hospital patients",
    "Waterzuivering met membranen voor hergebruik van proceswater",
    "Hydrogen electrolysis stacks for wind farms",
] * 4


@pytest.fixture(scope="module")
def encoder() -> DefaultEncoder:
    return DefaultEncoder.fit(CORPUS)


def similarity_to(encoder: DefaultEncoder, one: str, other: str) -> float:
    rows = encoder.encode([one, other])
    return float(rows[0] @ rows[1] / np.prod(np.linalg.norm(rows, axis=1)))


def test_like_things_are_near_and_others_far(encoder: DefaultEncoder) -> None:
    polymer = "films of biodegradable polymer"
    assert similarity_to(encoder, polymer, CORPUS[1]) > 0.4
    assert (
        similarity_to(encoder, polymer, CORPUS[1])
        > similarity_to(encoder, polymer, CORPUS[2]) + 0.3
    )
    compound = "waterzuiveringsinstallatie"
    assert (
        similarity_to(encoder, compound, CORPUS[3])
        > similarity_to(encoder, compound, CORPUS[4]) + 0.2
    )


def test_rows_have_length_one_or_none(encoder: DefaultEncoder) -> None:
    texts = [
        "polymers",
        "",
        "???",
        "12345",
        "partner gezocht",
        "😀 \x00\x07",
        "x" * 100_000,
        "films",
    ]
    rows = encoder.encode(texts)
    assert rows.shape == (len(texts), encoder.dim)
    assert rows.dtype == np.float32
    assert np.isfinite(rows).all()
    lengths = np.linalg.norm(rows, axis=1)
    assert [round(float(one), 5) for one in lengths[:6]] == [1, 0, 0, 0, 0, 0]
    assert lengths[7] == pytest.approx(1, abs=1e-5)


def test_new_compounds_are_near_their_parts(encoder: DefaultEncoder) -> None:
    for compound, about in (("zuiveringsmembranen", 3), ("windparkelektrolyse", 4)):
        near = [similarity_to(encoder, compound, text) for text in CORPUS[:5]]
        assert near[about] == max(near) > sorted(near)[-2] + 0.1
    assert similarity_to(encoder, "zuiveringsmembraan", "membranen om te zuiveren") > 0.45


def test_of_nonsense_no_network_makes_anything(encoder: DefaultEncoder) -> None:
    rows = encoder.encode(["blorptangle qwertzuiop", "blorptangle membranen"])
    words, sentence = encoder.views
    assert not rows[0].any()
    assert rows[1, sentence.start : sentence.end].any()
    assert [(view.name, view.end - view.start) for view in (words, sentence)] == [
        ("word_vectors", 192),
        ("sentence", 256),
    ]


def test_a_batch_equals_single_texts(encoder: DefaultEncoder) -> None:
    together = encoder.encode(CORPUS)
    alone = np.concatenate([encoder.encode([text]) for text in CORPUS])
    assert together == pytest.approx(alone, abs=1e-3)


@pytest.mark.parametrize("count", [0, 1, 20, 700])
def test_any_number_of_texts_will_do(count: int) -> None:
    texts = [f"{CORPUS[n % 5]} variant {n % 97}" for n in range(count)]
    encoder = fit_encoder("default", texts)
    rows = encoder.encode(["polymers and membranes"])
    assert np.linalg.norm(rows) == pytest.approx(1, abs=1e-5)


def test_fits_are_repeatable_and_fingerprints_follow_the_vectors(encoder: DefaultEncoder) -> None:
    again = DefaultEncoder.fit(CORPUS)
    assert again.fingerprint == encoder.fingerprint
    assert again.encode(CORPUS) == pytest.approx(encoder.encode(CORPUS), abs=1e-3)
    assert DefaultEncoder.fit(CORPUS[:-1] + ["Steel"]).fingerprint != encoder.fingerprint
    fewer = Lexicon(shipped_lexicon().concepts[:-1])
    assert DefaultEncoder.fit(CORPUS, lexicon=fewer).fingerprint != encoder.fingerprint


def test_saved_and_loaded_it_is_the_same(encoder: DefaultEncoder, tmp_path: Path) -> None:
    encoder.save(tmp_path)
    loaded = load_encoder(tmp_path)
    assert loaded.fingerprint == encoder.fingerprint
    assert loaded.encode(CORPUS) == pytest.approx(encoder.encode(CORPUS), abs=1e-3)
    (tmp_path / "vocabulary.json").write_text("[]")
    with pytest.raises(EncoderError):
        load_encoder(tmp_path)


def test_unknown_encoders_are_named() -> None:
    with pytest.raises(EncoderError, match="'word2vec'.*default"):
        fit_encoder("word2vec", [])


def test_the_background_has_no_doubles() -> None:
    path = Path(__file__).parent.parent.parent / "embeddings" / "background.txt"
    lines = path.read_text(encoding="utf-8").splitlines()
    assert all(lines) and len(set(lines)) == len(lines) > 70


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Wij maken bioplastics uit aardappelschillen", "nl"),
        ("Nous produisons des bioplastiques à partir de pelures", "fr"),
        ("Wir stellen Biokunststoffe aus Kartoffelschalen her", "de"),
        ("We make bioplastics from the peels of potatoes", "en"),
        ("bio", None),
    ],
)
def test_languages(text: str, language: str | None) -> None:
    assert detect_language(text) == language
