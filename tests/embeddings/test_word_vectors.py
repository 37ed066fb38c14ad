from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from embeddings.default import DefaultEncoder
from embeddings.lexicon import shipped_lexicon
from embeddings.port import project_onto_view, vocabulary_coverage
from embeddings.whitening import fit_whitening, unit
from embeddings.word_vectors import WordVectors

TEXTS = [
    "Biodegradable packaging made of potato starch",
    "Clinical trials of a cancer vaccine",
    "Wind turbines at sea and their maintenance",
    "Wireless sensor networks for machine monitoring",
    "Soil health and crop yield under drought",
    "Recycling of lithium batteries from electric vehicles",
]
TRANSLATED = [
    "Biologisch afbreekbare verpakking uit aardappelzetmeel",
    "Essais cliniques d'un vaccin contre le cancer",
    "Windturbinen auf See und ihre Wartung",
    "Draadloze sensornetwerken voor de bewaking van machines",
    "Santé des sols et rendement des cultures en période de sécheresse",
    "Recycling von Lithiumbatterien aus Elektrofahrzeugen",
]


@pytest.fixture(scope="module")
def word_vectors() -> WordVectors:
    return WordVectors.fit(TEXTS * 3, shipped_lexicon())


def test_a_translation_is_nearest_to_its_original(word_vectors: WordVectors) -> None:
    similarity_to = unit(word_vectors.encode(TRANSLATED)) @ unit(word_vectors.encode(TEXTS)).T
    assert similarity_to.argmax(axis=1).tolist() == list(range(len(TEXTS)))


def test_the_whole_encoder_finds_across_languages() -> None:
    encoder = DefaultEncoder.fit(TEXTS)
    similarity_to = encoder.encode(TRANSLATED) @ encoder.encode(TEXTS).T
    assert similarity_to.argmax(axis=1).tolist() == list(range(len(TEXTS)))


def test_a_synonym_is_near_and_another_field_is_not(word_vectors: WordVectors) -> None:
    rows = unit(word_vectors.encode(["tumour therapy", TEXTS[1], TEXTS[2]]))
    assert rows[0] @ rows[1] > rows[0] @ rows[2]


def test_what_is_understood_in_part_is_shorter(word_vectors: WordVectors) -> None:
    rows = word_vectors.encode(["vaccine", "vaccine zylkograf", "zylkograf", ""])
    lengths = np.linalg.norm(rows, axis=1)
    assert lengths[0] == pytest.approx(1, abs=1e-5)
    assert 0.2 < lengths[1] < 0.9
    assert lengths[2:].tolist() == [0, 0]
    encoder = DefaultEncoder.fit(TEXTS)
    view = encoder.views[0]
    vectors = encoder.encode(["vaccine", "vaccine zylkograf"])
    shares = vocabulary_coverage(encoder, vectors, view)
    assert shares[0] == pytest.approx(1, abs=1e-4)
    assert 0.04 < shares[1] < 0.8
    assert np.linalg.norm(project_onto_view(vectors, view), axis=1) == pytest.approx(1, abs=1e-5)


def test_a_batch_equals_single_texts_and_saving_changes_nothing(
    word_vectors: WordVectors, tmp_path: Path
) -> None:
    together = word_vectors.encode(TEXTS)
    alone = np.concatenate([word_vectors.encode([text]) for text in TEXTS])
    assert together == pytest.approx(alone, abs=1e-5)
    word_vectors.save(tmp_path)
    again = WordVectors.load(tmp_path, shipped_lexicon())
    assert again.encode(TEXTS) == pytest.approx(together, abs=1e-6)


def test_whitening_evens_out_the_directions() -> None:
    angles = np.linspace(-0.3, 0.3, 101)
    rows = np.stack([np.cos(angles), np.sin(angles), np.zeros(101)], axis=1).astype(np.float32)
    hard = fit_whitening(rows, softness=1e-6)
    assert hard.mean[0] == pytest.approx(np.cos(angles).mean(), abs=1e-4)
    ends = hard.apply(rows[[0, 100]])
    assert float(ends[0] @ ends[1]) < 0.5 < float(rows[0] @ rows[100])
    soft = fit_whitening(rows, softness=1e6).apply(rows[[0, 100]])
    assert np.linalg.norm(soft, axis=1) == pytest.approx(1, abs=1e-5)
    assert not hard.apply(np.zeros((2, 3), np.float32)).any()
    alone = np.concatenate([hard.apply(rows[i : i + 1]) for i in range(5)])
    assert hard.apply(rows[:5]) == pytest.approx(alone, abs=1e-5)
