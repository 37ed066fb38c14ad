from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from embeddings.default import DefaultEncoder
from embeddings.embedding_store import MemoryStore
from embeddings.port import Encoder, View
from embeddings.word_match import TextWords, WordMatches
from matcher.domain import Stage
from matcher.models.fitted import FittedModels, models_from
from matcher.models.judged import COLLECTIONS, Judged, judged_pairs
from matcher.models.need_offer import (
    NEXT,
    OTHER,
    SAME,
    UNKNOWN,
    Comparison,
    Curve,
    NeedOfferModel,
    Statements,
    compare,
    fit_need_offer_model,
    statements_of,
)

WITHIN = Curve(-4.0, (8.0,), 0.0, 0.0, 0.0)
CURVE = NeedOfferModel(WITHIN, replace(WITHIN, intercept=-3.0), (1.5, -2.0, -5.0))
STORE = MemoryStore()


class TwoViews:
    """An encoder of two views of two columns each; stands in for a real one."""

    views = (View("word_vectors", 0, 2), View("sentence", 2, 4))


def comparison(
    similar: list[float], relation: int = UNKNOWN, *, across: bool = False
) -> Comparison:
    one = np.array([similar])
    return Comparison(
        one[None],
        WordMatches(*np.zeros((3, *one.shape))),
        np.full(one.shape, across),
        np.full(one.shape, relation, np.int8),
    )


def without_words(vectors: np.ndarray, languages: list[int]) -> Statements:
    count = len(vectors)
    words = TextWords(np.zeros((0, 64), np.float32), np.zeros(count + 1, np.int64))
    unstaged = np.full(count, len(Stage), np.int64)
    return Statements(vectors, words, np.array(languages, np.int8), unstaged)


def relations_of(asked: list[Stage | None], offered: list[Stage | None]) -> np.ndarray:
    """How the stages of needs and offers stand to each other, as they are compared."""
    needs, offers = (
        statements_of([""] * len(stages), np.zeros((len(stages), 4), np.float32), stages)
        for stages in (asked, offered)
    )
    return compare(TwoViews(), needs, offers).relations  # type: ignore[arg-type]


def test_how_stages_stand_to_each_other() -> None:
    asked = [Stage.PILOT, Stage.TRAINING, None]
    offered = [Stage.PILOT, Stage.PRODUCTION, Stage.RESEARCH, Stage.TRAINING, None]
    assert relations_of(asked, offered).tolist() == [
        [SAME, NEXT, OTHER, OTHER, UNKNOWN],
        [OTHER, OTHER, OTHER, SAME, UNKNOWN],
        [UNKNOWN] * 5,
    ]
    assert relations_of([Stage.MARKET], [Stage.REGULATION]).tolist() == [[OTHER]]


def test_the_curve_rises_and_stages_shift_it() -> None:
    similar = [0.0, 0.5, 1.0]
    (probabilities,) = CURVE.probabilities(comparison(similar))
    assert probabilities.tolist() == pytest.approx([1 / (1 + np.exp(x)) for x in (4.0, 0.0, -4.0)])
    same, near, other = (
        CURVE.probabilities(comparison(similar, relation))[0] for relation in (SAME, NEXT, OTHER)
    )
    assert (same > probabilities).all() and (probabilities > near).all() and (near > other).all()


def test_across_languages_another_curve_holds() -> None:
    assert CURVE.probabilities(comparison([0.5], across=True)) == pytest.approx(
        1 / (1 + np.exp(-1))
    )


def test_a_guessed_stage_speaks_half_as_much_against_an_offer() -> None:
    guessed = CURVE.probabilities(comparison([0.5], OTHER), guessed=True)
    assert guessed == pytest.approx(1 / (1 + np.exp(2.5)))
    for sure in (True, False):
        same = CURVE.probabilities(comparison([0.5], SAME), guessed=sure)
        assert same == pytest.approx(1 / (1 + np.exp(-1.5)))


def test_the_curve_is_stored_as_json() -> None:
    stored = json.loads(json.dumps(FittedModels(CURVE).as_json()))
    assert models_from(stored) == FittedModels(CURVE)


def test_what_a_view_does_not_understand_the_other_tells() -> None:
    half = np.sqrt(0.5)
    queries = np.array([[half, 0, half, 0], [half, 0, 0, 0], [0, 0, 0, 0]], dtype=np.float32)
    stored = np.array([[half, 0, 0, half], [0, half, half, 0]], np.float32)
    found = compare(
        TwoViews(),  # type: ignore[arg-type]
        without_words(queries, [0, 1, -1]),
        without_words(stored, [0, -1]),
    )
    assert found.by_view[:, 0] == pytest.approx(np.array([[1.0, 0.0], [0.0, 1.0]]), abs=1e-6)
    # The second query says nothing to the view of sentences, the third nothing to either.
    assert found.by_view[:, 1] == pytest.approx(np.array([[1.0, 0.0], [1.0, 0.0]]), abs=1e-6)
    assert not found.by_view[:, 2].any()
    assert found.across.tolist() == [[False, False], [True, False], [False, False]]


def test_the_judged_pairs() -> None:
    pairs = judged_pairs()
    by_collection = {name: [p for p in pairs if p.collection == name] for name in COLLECTIONS}
    assert {name: len(some) for name, some in by_collection.items()} == {
        "judged": 674,
        "judged_across": 1260,
        "judged_questions": len(by_collection["judged_questions"]),
    }
    assert len({(pair.need, pair.offer) for pair in by_collection["judged"]}) == 674
    directions = {
        (pair.need_language, pair.offer_language) for pair in by_collection["judged_across"]
    }
    assert len(directions) == 16


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    pairs = judged_pairs()
    return DefaultEncoder.fit(
        [pair.offer for pair in pairs] + [pair.need for pair in pairs], embedding_store=STORE
    )


def probabilities_of(encoder: Encoder, model: NeedOfferModel, pairs: list[Judged]) -> np.ndarray:
    asked = _statements(encoder, [(pair.need, pair.need_stage) for pair in pairs])
    offered = _statements(encoder, [(pair.offer, pair.offer_stage) for pair in pairs])
    found = [
        model.probabilities(compare(encoder, asked.at(place), offered.at(place)))[0, 0]
        for place in np.arange(len(pairs))[:, None]
    ]
    return np.array(found)


def _statements(encoder: Encoder, texts: list[tuple[str, Stage | None]]) -> Statements:
    vectors = encoder.encode_stored([text for text, _ in texts])
    return statements_of([t for t, _ in texts], vectors, [stage for _, stage in texts], STORE)


@pytest.mark.slow
def test_needs_left_out_are_told_apart(encoder: Encoder) -> None:
    """Fitted on every second topic, the curves tell who meets the others, across languages too."""
    pairs = judged_pairs()
    topics = {topic: place for place, topic in enumerate(dict.fromkeys(p.topic for p in pairs))}
    learned = [pair for pair in pairs if topics[pair.topic] % 2]
    model = fit_need_offer_model(encoder, pairs=learned, embedding_store=STORE)
    same, near, other = model.stages
    assert same > 0 > near > other
    left = [pair for pair in pairs if not topics[pair.topic] % 2]
    found = probabilities_of(encoder, model, left)
    meets = np.array([pair.meets for pair in left])
    across = np.array([pair.across for pair in left])
    four = np.array([pair.collection == "judged_across" for pair in left])
    for kind in (across, ~across):
        assert roc_auc_score(meets[kind], found[kind]) > 0.7
    fitting = four & meets
    assert found[fitting & across].mean() > 0.85 * found[fitting & ~across].mean()
    missing = four & ~meets
    assert found[missing & across].mean() < found[missing & ~across].mean()


def test_what_is_offered_counts_more_than_the_stage_it_is_at(encoder: Encoder) -> None:
    offers = {
        "Spuitgieten van kunststofdelen in series vanaf 500 stuks": Stage.PRODUCTION,
        "Proefveld voor aardappelen met metingen per perceel": Stage.PILOT,
    }
    asked = "Spuitgieten van kunststofdelen voor een eerste proef"
    model = fit_need_offer_model(encoder, embedding_store=STORE)
    able, same_stage = probabilities_of(
        encoder,
        model,
        [Judged(asked, Stage.PILOT, offer, stage, True) for offer, stage in offers.items()],
    )
    assert able > 0.5 > 0.2 > same_stage


def test_an_offer_in_another_language_meets_a_need(encoder: Encoder) -> None:
    """The same offer and need, in one language and in three others."""
    offer = "Panneaux isolants de chanvre et de lin pour ossature bois"
    model = fit_need_offer_model(encoder, embedding_store=STORE)
    needs = (
        "panneaux isolants en lin",
        "Isolatie uit vlas voor houtskeletbouw",
        "Insulation panels of flax for timber frame",
        "Dämmplatten aus Flachs für den Holzrahmenbau",
    )
    found = probabilities_of(
        encoder, model, [Judged(need, None, offer, None, True) for need in needs]
    )
    assert found.min() > 0.5
