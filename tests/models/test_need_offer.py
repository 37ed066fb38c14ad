from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from embeddings.default import DefaultEncoder
from embeddings.port import View
from matcher.domain import Stage
from matcher.models.fitted import FittedModels, models_from
from matcher.models.need_offer import (
    NEXT,
    OTHER,
    SAME,
    UNKNOWN,
    NeedOfferModel,
    fit_need_offer_model,
    judged_pairs,
    mixed_queries,
    relations_of,
    similarities,
)

CURVE = NeedOfferModel(-4.0, 8.0, (1.5, -2.0, -5.0))


class TwoViews:
    """An encoder of two views of two columns each; stands in for a real one."""

    views = (View("word_vectors", 0, 2), View("sentence", 2, 4))


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
    similar = np.array([0.0, 0.5, 1.0])
    known = np.full(3, UNKNOWN, dtype=np.int8)
    probabilities = CURVE.probabilities(similar, known)
    assert probabilities.tolist() == pytest.approx([1 / (1 + np.exp(x)) for x in (4.0, 0.0, -4.0)])
    same, near, other = (
        CURVE.probabilities(similar, np.full(3, one, dtype=np.int8)) for one in (SAME, NEXT, OTHER)
    )
    assert (same > probabilities).all() and (probabilities > near).all() and (near > other).all()


def test_a_guessed_stage_speaks_half_as_much_against_an_offer() -> None:
    at = np.array([0.5, 0.5])
    sure = CURVE.probabilities(at, np.array([OTHER, SAME], dtype=np.int8))
    guessed = CURVE.probabilities(at, np.array([OTHER, SAME], dtype=np.int8), guessed=True)
    assert guessed[0] == pytest.approx(1 / (1 + np.exp(2.5)))
    assert guessed[1] == sure[1] == pytest.approx(1 / (1 + np.exp(-1.5)))


def test_the_curve_is_stored_as_json() -> None:
    stored = json.loads(json.dumps(FittedModels(CURVE).as_json()))
    assert models_from(stored) == FittedModels(CURVE)


def test_views_are_mixed_by_their_shares_and_by_what_they_understand() -> None:
    half = np.sqrt(0.5)
    queries = np.array([[half, 0, half, 0], [half, 0, 0, 0]], dtype=np.float32)
    stored = np.array([[half, 0, 0, half], [0, half, half, 0], [half, 0, half, 0]], np.float32)
    found = similarities(TwoViews(), queries, stored)  # type: ignore[arg-type]
    # Words count 1 and the sentence 0.6; the second query says nothing to the view of sentences.
    assert found[0].tolist() == pytest.approx([1 / 1.4, 0.4 / 1.4, 1.0], abs=1e-6)
    assert found[1].tolist() == pytest.approx([1.0, 0.0, 1.0], abs=1e-6)
    nothing = similarities(TwoViews(), np.zeros((1, 4), np.float32), stored)  # type: ignore[arg-type]
    assert nothing.tolist() == [[0.0, 0.0, 0.0]]
    mixed = mixed_queries(TwoViews(), queries)  # type: ignore[arg-type]
    assert np.allclose(mixed @ stored.T, found, atol=1e-6)


def test_the_judged_pairs() -> None:
    pairs = judged_pairs()
    assert (len(pairs), len({one.need for one in pairs})) == (674, 95)
    assert sum(one.meets for one in pairs) == 256
    assert len({(one.need, one.offer) for one in pairs}) == 674
    assert {one.need_stage for one in pairs} == {*Stage, None}


def test_needs_left_out_are_told_apart() -> None:
    """Fitted on every second need, the curve tells who meets the others."""
    pairs = judged_pairs()
    encoder = DefaultEncoder.fit([one.offer for one in pairs] + [one.need for one in pairs])
    needs = list(dict.fromkeys(one.need for one in pairs))
    learned = tuple(one for one in pairs if needs.index(one.need) % 2)
    asked = [one for one in pairs if not needs.index(one.need) % 2]
    curve = fit_need_offer_model(encoder, pairs=learned)
    same, near, other = curve.stages
    assert curve.slope > 0 and same > 0 > near > other
    left = list({one.need: one.need_stage for one in asked}.items())
    compared = similarities(
        encoder,
        encoder.encode([text for text, _ in left]),
        encoder.encode([o.offer for o in asked]),
    )
    stages = relations_of([stage for _, stage in left], [one.offer_stage for one in asked])
    probabilities = curve.probabilities(compared, stages)
    meets = np.array([[one.meets and one.need == need for one in asked] for need, _ in left])
    assert roc_auc_score(meets.ravel(), probabilities.ravel()) > 0.93
    first = meets[np.arange(len(left)), probabilities.argmax(axis=1)]
    assert first.mean() > 0.8


def test_what_is_offered_counts_more_than_the_stage_it_is_at() -> None:
    offers = {
        "Spuitgieten van kunststofdelen in series vanaf 500 stuks": Stage.PRODUCTION,
        "Proefveld voor aardappelen met metingen per perceel": Stage.PILOT,
    }
    encoder = DefaultEncoder.fit([one.offer for one in judged_pairs()] + list(offers))
    compared = similarities(
        encoder,
        encoder.encode(["Spuitgieten van kunststofdelen voor een eerste proef"]),
        encoder.encode(list(offers)),
    )
    relations = relations_of([Stage.PILOT], list(offers.values()))
    ((able, same_stage),) = fit_need_offer_model(encoder).probabilities(compared, relations)
    assert able > 0.15 > same_stage
