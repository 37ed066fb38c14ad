from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from embeddings.composite import CompositeEncoder
from embeddings.default import DefaultEncoder
from embeddings.port import EncoderError
from embeddings.registry import EncoderOptions, fit_encoder, load_encoder
from embeddings.tools.convert import convert
from embeddings.transformer import TransformerEncoder
from tests.embeddings.test_transformer import write_source

TEXTS = ["starch films", "membranes for water", "wound dressings", "wind farms", "films of starch"]


@pytest.fixture(scope="module")
def converted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("composite")
    convert(write_source(folder / "source"), folder / "converted")
    return folder / "converted"


@pytest.fixture(scope="module")
def encoder(converted: Path) -> CompositeEncoder:
    made = fit_encoder("transformer", TEXTS, options=EncoderOptions(folder=converted))
    assert isinstance(made, CompositeEncoder)
    return made


def test_the_default_encoders_views_are_as_they_would_be_alone(encoder: CompositeEncoder) -> None:
    assert [view.name for view in encoder.views] == [
        "word_vectors",
        "sentence",
        "model",
    ]
    alone = DefaultEncoder.fit(TEXTS).encode(TEXTS)
    composite = encoder.encode(TEXTS)[:, : alone.shape[1]]
    assert composite == pytest.approx(alone * np.sqrt(2 / 3), abs=1e-6)


def test_what_all_texts_share_in_the_model_counts_less(
    encoder: CompositeEncoder, converted: Path
) -> None:
    model = TransformerEncoder.load(converted).encode(TEXTS)
    view = encoder.views[-1]
    whitened = encoder.encode(TEXTS)[:, view.start : view.end] * np.sqrt(3)
    apart = ~np.eye(len(TEXTS), dtype=bool)
    assert (whitened @ whitened.T)[apart].mean() < (model @ model.T)[apart].mean()


def test_any_damaged_part_is_noticed(encoder: CompositeEncoder, tmp_path: Path) -> None:
    for name in ("words/encoder.json", "model/encoder.json", "model-mean.npy"):
        encoder.save(tmp_path / "saved")
        (tmp_path / "saved" / name).write_bytes(b"")
        with pytest.raises(EncoderError):
            load_encoder(tmp_path / "saved")
    encoder.save(tmp_path / "saved")
    np.save(tmp_path / "saved" / "model-mean.npy", encoder.whitening.mean + 1)
    with pytest.raises(EncoderError, match="damaged"):
        load_encoder(tmp_path / "saved")
