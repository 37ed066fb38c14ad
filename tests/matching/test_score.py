"""The formula: features, weighted and added up."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.arrays import Floats
from matcher.matching.features.text import mix_views
from matcher.matching.score import LIKELY, QUALIFYING, combine, qualifies, total_of
from matcher.models.weights import Weights

FEATURES = ("fit", "coverage", "collaboration", "affiliation", "mention", "reciprocity")
VIEWS = {"word_vectors": 1.0, "sentence": 1.0}
Shares = st.floats(0.0, 10.0)
Values = st.lists(st.floats(0, 1), min_size=3, max_size=3)
AnyWeights = st.builds(
    Weights,
    **{name: Shares for name in ("text", *FEATURES, "words", "sentence")},
    likely_partners=st.floats(0, 1),
)


def combined(features: dict[str, Any], weights: Weights | None = None, **more: Any) -> Any:
    """Combine features; `text` stands for both views alike."""
    given_features = {name: np.array(values, dtype=float) for name, values in features.items()}
    text = given_features.pop("text", None)
    views = {} if text is None else {name: text for name in VIEWS}
    parts = combine(
        views, VIEWS, given_features, weights or Weights(), **{"with_members": True, **more}
    )
    return {name: part.tolist() for name, part in parts.items()}


@given(
    st.dictionaries(st.sampled_from(("text", *FEATURES)), Values),
    AnyWeights,
    st.booleans(),
)
def test_scores_are_from_nought_to_one(
    features: dict[str, list[float]], weights: Weights, with_members: bool
) -> None:
    parts = combined(features, weights, with_members=with_members)
    assert all(value >= 0 for values in parts.values() for value in values)
    assert all(sum(values[place] for values in parts.values()) <= 1 + 1e-9 for place in range(3))
    likely = {} if with_members else dict.fromkeys(LIKELY, weights.likely_partners)
    assert parts.keys() == {
        name for name in features if getattr(weights, name) * likely.get(name, 1.0) > 0
    }


@given(
    st.lists(st.sampled_from(("text", *FEATURES)), min_size=1, unique=True),
    AnyWeights,
    st.floats(0, 1),
    st.floats(0, 1),
)
def test_more_of_a_feature_is_never_less_of_a_score(
    names: list[str], weights: Weights, one: float, other: float
) -> None:
    features: dict[str, list[float]] = {name: [0.5, 0.5] for name in names}
    features[names[0]] = sorted((one, other))
    parts = combined(features, weights)
    low, high = (sum(values[place] for values in parts.values()) for place in (0, 1))
    assert low <= high


def test_full_marks_in_every_feature_are_a_score_of_one() -> None:
    names = ("text", "coverage", "collaboration", "mention")
    parts = combined({name: [1.0, 1.0] for name in names})
    assert sum(values[0] for values in parts.values()) == pytest.approx(1.0)
    assert parts["coverage"][0] == pytest.approx(2 * parts["text"][0])
    assert parts["text"][0] == pytest.approx(1 / (1 + 2 + 1.5 + 0.15))


def test_the_shares_of_features_not_asked_for_go_to_the_others() -> None:
    text = [1.0, 0.25]
    assert combined({"text": text}) == {"text": text}
    both = combined({"text": text, "coverage": text}, Weights(text=1.0, coverage=3.0))
    assert both == {"text": [0.25, 0.0625], "coverage": [0.75, 0.1875]}


def test_a_feature_without_weight_is_no_part() -> None:
    weights = Weights(text=0.0, mention=2.0)
    assert combined({"text": [1.0], "mention": [0.5]}, weights) == {"mention": [0.5]}
    assert combined({"text": [1.0]}, weights) == {}
    assert combined({}, weights) == {}


def test_likely_partners_count_less_than_members() -> None:
    features = {name: [1.0] for name in ("text", "collaboration", "affiliation", "mention")}
    weights = Weights(
        text=1.0, collaboration=2.0, affiliation=4.0, mention=1.0, likely_partners=0.25
    )
    order = ("text", "collaboration", "affiliation", "mention")
    parts = combined(features, weights)
    assert [parts[name] for name in order] == [[0.125], [0.25], [0.5], [0.125]]
    parts = combined(features, weights, with_members=False)
    assert [parts[name] for name in order] == [[1 / 3.5], [0.5 / 3.5], [1 / 3.5], [1 / 3.5]]


def test_views_are_mixed_by_weight_and_by_what_they_understand() -> None:
    views: dict[str, Floats] = {
        "word_vectors": np.array([1.0, 0.0]),
        "sentence": np.array([0.0, 1.0]),
    }
    weights = Weights(words=1.0, sentence=0.5)
    even = mix_views(views, {"word_vectors": 0.5, "sentence": 1.0}, weights)
    assert even.tolist() == [0.5, 0.5]
    more = mix_views(views, {"word_vectors": 1.0, "sentence": 1.0}, weights)
    assert more.tolist() == pytest.approx([2 / 3, 1 / 3])
    # A view that did not vote takes no share; another view counts 1.
    alone = mix_views({"sentence": views["sentence"]}, {"sentence": 0.1}, weights)
    assert alone.tolist() == [0.0, 1.0]
    other = mix_views({**views, "remote": np.ones(2)}, {name: 1.0 for name in (*views, "remote")},
                      weights)  # fmt: skip
    assert other.tolist() == pytest.approx([2 / 2.5, 1.5 / 2.5])
    assert mix_views(views, {name: 0.0 for name in views}, weights).tolist() == [0.0, 0.0]


def test_only_evidence_puts_an_organisation_on_the_list() -> None:
    assert QUALIFYING == {"text", "coverage", "collaboration", "mention"}
    for name in ("text", *FEATURES):
        parts = {name: np.array([0.0, 0.1])}
        assert qualifies(parts, 2).tolist() == [False, name in QUALIFYING]
    both = {"affiliation": np.array([0.5, 0.5]), "mention": np.array([0.0, 0.01])}
    assert qualifies(both, 2).tolist() == [False, True]
    assert qualifies({}, 2).tolist() == [False, False]


def test_parts_add_up() -> None:
    assert total_of({"a": np.array([0.25, 0.5]), "b": np.array([0.5, -0.5])}, 2).tolist() == [
        0.75,
        0.0,
    ]
    assert total_of({}, 3).tolist() == [0.0, 0.0, 0.0]
