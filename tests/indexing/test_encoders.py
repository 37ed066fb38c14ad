from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from embeddings.port import EncoderError
from embeddings.tools.convert import convert
from matcher.cache import MemoryCache
from matcher.corpus.answer_cache import AnswerCache
from matcher.domain import Facet, FacetKind, Organisation, OrganisationType, Question
from matcher.indexing.build import build_index
from matcher.indexing.provider import provide_corpus
from matcher.matching.service import Recommender
from matcher.settings import read_settings
from matcher.store import Store
from matcher.store.organisations import save_organisations
from tests.embeddings.test_transformer import write_source


def offer_facets(name: str, text: str) -> Organisation:
    offers = (Facet(FacetKind.OFFER, text),)
    return Organisation(f"x:{name}", name, OrganisationType.COMPANY, offers=offers)


def test_a_new_encoder_is_built_beside_the_one_that_serves(tmp_path: Path) -> None:
    settings = read_settings({"SCHAKEL_HOME": str(tmp_path / "home")})
    store = Store(settings.database_url)
    store.upgrade()
    with store.writing() as write:
        offers = {"Zilver": "films of polymer", "Goud": "wind turbines", "Koper": "water pumps"}
        save_organisations(write, [offer_facets(*one) for one in offers.items()], with_facets=True)
    build_index(store, settings)
    corpus_provider = provide_corpus(store, settings)
    before = corpus_provider.snapshot()
    answers = Recommender(corpus_provider, AnswerCache(MemoryCache(), 60))
    assert before.generation.encoder.name == "default"

    missing = settings.model_copy(
        update={"encoder": "transformer", "model_folder": str(tmp_path / "nowhere")}
    )
    with pytest.raises(EncoderError):
        build_index(store, missing)
    assert corpus_provider.snapshot() is before

    convert(write_source(tmp_path / "source"), tmp_path / "converted")
    converted = {"model_folder": str(tmp_path / "converted")}
    build_index(store, missing.model_copy(update=converted))
    after = corpus_provider.snapshot()
    assert after.generation.encoder.name == "transformer"
    assert after.version == before.version
    assert len(after.index) == len(before.index) == 3
    vectors = after.generation.encoder.encode(["films of polymer"])
    _, found = after.index.search(vectors, 1)
    assert after.corpus.of_kind(FacetKind.OFFER, after.corpus.facet_rows(found[0][:1])).all()
    assert np.allclose(after.index.rows(found[0]), vectors, atol=1e-3)
    first = answers.recommend(Question("films of polymer")).results[0]
    assert first.organisation.id == "x:Zilver"
    kept = before.index.search(before.generation.encoder.encode(["wind turbines"]), 1)[1]
    assert before.corpus.find_facets(kept[0][:1])[0] >= 0
