from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from embeddings import sentence_encoders
from embeddings.sentence import DIMENSIONS, SentenceVectors, opening
from embeddings.sentence import _encode as encode
from embeddings.tools.align import fit_alignment, generate_titles

SAME = {
    "en": ["production of wind turbine blades", "recycling of drinking water", "heart surgery"],
    "nl": ["productie van windturbinebladen", "hergebruik van drinkwater", "hartchirurgie"],
    "fr": ["production de pales d’éoliennes", "recyclage de l’eau potable", "chirurgie du cœur"],
    "de": ["Herstellung von Rotorblättern", "Wiederaufbereitung von Trinkwasser", "Herzchirurgie"],
}
FOLDER = Path(__file__).parent.parent.parent / "embeddings"
TEXTS = [text for several in SAME.values() for text in several]


@pytest.fixture(scope="module")
def sentences() -> SentenceVectors:
    background = (FOLDER / "background.txt").read_text(encoding="utf-8")
    return SentenceVectors.fit([line for line in background.split("\n") if line])


@pytest.mark.parametrize("language", ["nl", "fr", "de"])
def test_translations_are_nearest(sentences: SentenceVectors, language: str) -> None:
    similarity_to = sentences.encode(SAME["en"]) @ sentences.encode(SAME[language]).T
    assert similarity_to.argmax(axis=1).tolist() == [0, 1, 2]
    assert similarity_to.argmax(axis=0).tolist() == [0, 1, 2]


def test_other_languages_are_left_to_the_multilingual_encoder() -> None:
    english, dutch = "recycling of drinking water", "hergebruik van drinkwater in de stad"
    assert (
        sentence_encoders.encode_english([english])
        @ sentence_encoders.encode_multilingual([english]).T
        > 0.4
    )
    read = encode([dutch, english])
    assert read[0] == pytest.approx(sentence_encoders.encode_multilingual([dutch])[0], abs=1e-6)
    both = (
        sentence_encoders.encode_english([english])[0]
        + sentence_encoders.encode_multilingual([english])[0]
    )
    assert read[1] == pytest.approx(both, abs=1e-6)


def test_rows_have_length_one_and_a_batch_equals_single_texts(sentences: SentenceVectors) -> None:
    rows = sentences.encode(TEXTS)
    assert rows.shape == (len(TEXTS), sentences.dim) == (len(TEXTS), DIMENSIONS)
    assert np.linalg.norm(rows, axis=1) == pytest.approx(1, abs=1e-5)
    alone = np.concatenate([sentences.encode([text]) for text in TEXTS])
    assert rows == pytest.approx(alone, abs=1e-3)
    assert sentences.encode([]).shape == (0, DIMENSIONS)


def test_fitted_on_nothing_it_still_tells_texts_apart(sentences: SentenceVectors) -> None:
    bare = SentenceVectors.fit([])
    assert bare.dim == DIMENSIONS
    similarity_to = bare.encode(TEXTS) @ bare.encode(TEXTS).T
    assert (similarity_to[~np.eye(len(TEXTS), dtype=bool)] < 0.999).all()


def test_saved_and_loaded_it_is_the_same(sentences: SentenceVectors, tmp_path: Path) -> None:
    sentences.save(tmp_path)
    loaded = SentenceVectors.load(tmp_path).encode(TEXTS)
    assert loaded == pytest.approx(sentences.encode(TEXTS), abs=1e-3)
    (tmp_path / "sentence-mean.npy").write_bytes(b"")
    with pytest.raises((OSError, ValueError, EOFError)):
        SentenceVectors.load(tmp_path)


@pytest.mark.parametrize(
    ("text", "opens"),
    [
        ("Pilot line for chips\nMany words. More.", "Pilot line for chips"),
        ("Assay development on glass: linkers, antibodies. More", "Assay development on glass:"),
        ("One sentence without an end", "One sentence without an end"),
        ("REACH: a dossier for new substances", "REACH: a dossier for new substances"),
        (
            "FISCH\nA platform for sustainable chemistry.",
            "FISCH\nA platform for sustainable chemistry.",
        ),
        (
            "Wij bouwen een\nproeflijn voor verf. En dan\nmeer",
            "Wij bouwen een proeflijn voor verf.",
        ),
        ("  \n ", ""),
        ("", ""),
    ],
)
def test_what_a_text_opens_with(text: str, opens: str) -> None:
    assert opening(text) == opens


def test_a_line_in_capitals_is_encoded_as_in_lower_case(sentences: SentenceVectors) -> None:
    text = "Sensoren voor de zorg in eigen huis"
    details = "\nEen tweede zin met ICT."
    assert (
        sentences.encode([text.upper() + details]) == sentences.encode([text.lower() + details])
    ).all()
    assert (sentences.encode(["ICT"]) != sentences.encode(["ict"])).any()


def test_the_end_of_a_very_long_text_is_ignored(sentences: SentenceVectors) -> None:
    long = "wind turbines at sea " * 400
    assert (sentences.encode([long + "x" * 100]) == sentences.encode([long + "heart"])).all()
    assert (sentences.encode(["heart " + long]) != sentences.encode([long])).any()


def test_a_known_alignment_is_recovered() -> None:
    draw = np.random.default_rng(1)
    rows = draw.normal(size=(200, 5)).astype(np.float32)
    matrix, shift = draw.normal(size=(5, 3)), draw.normal(size=3)
    found = fit_alignment(rows, (rows @ matrix + shift).astype(np.float32))
    assert found == pytest.approx(np.vstack([matrix, shift]), abs=0.02)


def test_generated_titles_depend_on_the_seed_only() -> None:
    titles = generate_titles(50, seed=1)
    assert titles == generate_titles(50, seed=1) != generate_titles(50, seed=2)
    assert all(title[0] == title[0].upper() and "{" not in title for title in titles[:50])
    assert "photovoltaics" in titles
