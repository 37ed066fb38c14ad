"""The dials after the score: complement, across fields, similarity, and the order of the list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest

from embeddings.subjects import Subjects
from matcher.corpus.snapshot import Snapshot
from matcher.domain import Need, NeedLevel, Question
from matcher.matching.rerank import RankedCandidates, rerank
from matcher.matching.retrieve import retrieve
from matcher.matching.score import ScoredCandidates, score
from matcher.matching.understand import understand
from matcher.parameters import LONG_TAIL_FROM, MIN_GAIN, POSSIBLE_FIT, SIMILAR
from matcher.store import Store
from tests.matching.corpora import EVIDENCE, OFFER, Stated, id_of, snapshot_of


def scored_for(snapshot: Snapshot, **asked: Any) -> ScoredCandidates:
    question = Question(**{"similarity_penalty": 0.0, "complement": 0.0, **asked})
    candidates = retrieve(understand(snapshot, cast(Store, None), question))
    return score(candidates, snapshot.models)


def ranked_for(snapshot: Snapshot, **asked: Any) -> RankedCandidates:
    return rerank(scored_for(snapshot, **asked), 0.0)


def with_parts(scored: ScoredCandidates, parts: Mapping[str, Sequence[float]]) -> ScoredCandidates:
    return replace(scored, parts={name: np.array(part) for name, part in parts.items()})


def part(ranked: RankedCandidates, name: str) -> dict[int, float]:
    rows = ranked.scored.candidates.rows.tolist()
    return dict(zip(rows, ranked.parts[name].tolist(), strict=True))


@pytest.fixture(scope="module")
def kelp() -> Snapshot:
    """Eight alike."""
    return snapshot_of([Stated(OFFER, (row,), "kelp") for row in range(8)], 8)


def test_ties_go_by_row_and_scores_count_to_six_decimals(kelp: Snapshot) -> None:
    scored = scored_for(kelp, text="kelp")
    texts = [0.2, 0.5, 0.0, 0.5000001, 0.2, 0.9, 4e-7, 0.3]
    ranked = rerank(with_parts(scored, {"text": texts}), 0.0)
    assert ranked.order.tolist() == [5, 1, 3, 7, 0, 4]
    assert ranked.rows.tolist() == [5, 1, 3, 7, 0, 4]
    assert ranked.parts["text"].tolist() == [0.2, 0.5, 0.0, 0.5, 0.2, 0.9, 0.0, 0.3]
    assert [ranked.score_of(place) for place in (5, 3, 6)] == [0.9, 0.5, 0.0]
    assert ranked.long_tail == frozenset()


def test_only_what_has_evidence_is_on_the_list(kelp: Snapshot) -> None:
    scored = scored_for(kelp, text="kelp")
    parts = {
        "affiliation": [0.9, 0.9, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        "reciprocity": [0.0, 0.0, 0.9, 0.0, 0.0, 0.0, 0.0, 0.0],
        "mention": [0.0, 0.1, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        "collaboration": [0.0, 0.0, 0.0, 0.2, 0.0, 0.0, 0.0, 0.0],
        "coverage": [0.0, 0.0, 0.0, 0.0, 0.3, 0.0, 0.0, 0.0],
        "complement": [0.0, 0.0, 0.0, 0.0, 0.0, 0.4, 0.0, 0.0],
    }
    ranked = rerank(with_parts(scored, parts), 0.0)
    assert ranked.order.tolist() == [1, 5, 4, 3]


def test_complement_is_relative_to_the_most_that_one_adds() -> None:
    """The member covers the need of kelp; 2 covers rope, 3 half as surely, 1 only kelp."""
    facets = [
        Stated(OFFER, (0,), "kelp"),
        Stated(OFFER, (1,), "kelp"),
        Stated(OFFER, (2,), "brick"),
        Stated(OFFER, (3,), "brick solar"),
    ]
    snapshot = snapshot_of(facets, 4)
    needs = (Need("kelp"), Need("brick", NeedLevel.NICE))
    plain = ranked_for(snapshot, needs=needs, members=(id_of(0),))
    assert plain.scored.candidates.rows.tolist() == [1, 2, 3]
    coverage = plain.scored.features.coverage
    assert coverage is not None
    by_need = coverage.meets[:, coverage.places_of(np.arange(4))]
    # A nice-to-have counts half: a third of all that is needed.
    gains = {row: float(by_need[1, row] - by_need[1, 0]) / 3 for row in (1, 2, 3)}
    assert gains[1] == 0.0 < gains[3] < gains[2] and gains[2] > MIN_GAIN
    ranked = ranked_for(snapshot, needs=needs, members=(id_of(0),), complement=0.4)
    expected = {row: 0.4 * gain / gains[2] for row, gain in gains.items()}
    assert part(ranked, "complement") == pytest.approx(expected, abs=1e-6)
    for name, values in plain.parts.items():
        if name != "complement":
            assert ranked.parts[name] == pytest.approx(0.6 * values, abs=1e-6)
    assert part(plain, "complement") == {1: 0.0, 2: 0.0, 3: 0.0}
    whole = ranked_for(snapshot, needs=needs, members=(id_of(0),), complement=1.0)
    assert whole.rows.tolist() == [2, 3]
    assert [whole.score_of(int(place)) for place in whole.order][0] == 1.0


def test_little_gain_stays_little() -> None:
    """The best that anybody adds is less than MIN_GAIN."""
    snapshot = snapshot_of([Stated(OFFER, (0,), "kelp"), Stated(OFFER, (1,), "rope")], 2)
    needs = (Need("kelp"), Need("kiln", weight=100.0))
    ranked = ranked_for(snapshot, needs=needs, complement=0.5)
    coverage = ranked.scored.features.coverage
    assert coverage is not None
    gain = float(coverage.gains(np.empty(0, np.int64))[coverage.places_of(np.array([0]))][0])
    assert 0 < gain < MIN_GAIN, gain
    assert part(ranked, "complement")[0] == pytest.approx(0.5 * gain / MIN_GAIN, abs=1e-6)


def test_where_nobody_adds_anything_the_nearest_are_listed() -> None:
    facets = [
        Stated(OFFER, (0,), "kelp"),
        Stated(OFFER, (1,), "solar cell solar brick kelp yarn loom rope"),
    ]
    snapshot = snapshot_of(facets, 2)
    ranked = ranked_for(snapshot, needs=(Need("kiln"),), complement=0.5)
    coverage = ranked.scored.features.coverage
    assert coverage is not None
    gain = float(coverage.single()[coverage.places_of(np.array([1]))][0])
    assert 0 < gain < POSSIBLE_FIT and coverage.total(np.array([1])) == 0
    assert part(ranked, "complement") == {1: pytest.approx(0.5 * gain, abs=1e-6)}


def test_guessed_needs_count_by_the_square_of_the_dial_and_one_need_not_at_all() -> None:
    facets = [
        Stated(OFFER, (0,), "kelp"),
        Stated(OFFER, (1,), "brick"),
        Stated(OFFER, (2,), "yarn"),
    ]
    snapshot = snapshot_of(facets, 3)
    text = "We need somebody for kelp. We also need a partner for brick."
    asked: dict[str, Any] = {"text": text, "members": (id_of(2),), "complement": 0.5}
    ranked = ranked_for(snapshot, **asked)
    needs = ranked.scored.candidates.understood.needs
    assert needs is not None and needs.guessed and len(needs.needs) == 2
    assert max(part(ranked, "complement").values()) == pytest.approx(0.25 / 2, abs=1e-6)
    ranked = ranked_for(snapshot, **{**asked, "text": "kelp"})
    assert set(part(ranked, "complement").values()) == {0.0}


def test_partners_from_other_fields_come_up_as_far_as_they_fit() -> None:
    """The member is in field 1; 1 is in it, too, 2 half of it, 3 in another, and 4 in none."""
    texts = ["kelp", "kelp", "kelp", "kelp", "kelp solar"]
    facets = [Stated(OFFER, (row,), text) for row, text in enumerate(texts)]
    snapshot = snapshot_of(facets, 5, domains={0: (1,), 1: (1,), 2: (1, 2), 3: (3,)})
    asked: dict[str, Any] = {"text": "kelp", "members": (id_of(0),)}
    plain = ranked_for(snapshot, **asked)
    assert plain.rows.tolist() == [1, 2, 3, 4] and "across_fields" not in plain.parts
    ranked = ranked_for(snapshot, **asked, across_fields=0.4)
    assert part(ranked, "across_fields") == pytest.approx({1: 0.0, 2: 0.2, 3: 0.4, 4: 0.0})
    assert ranked.parts["text"] == pytest.approx(0.6 * plain.parts["text"], abs=1e-6)
    assert ranked.rows.tolist() == [3, 2, 1, 4]


def test_across_fields_does_not_bring_up_who_does_not_fit() -> None:
    facets = [
        Stated(OFFER, (0,), "kelp"),
        Stated(OFFER, (1,), "kelp"),
        Stated(OFFER, (2,), "kelp solar brick"),
    ]
    snapshot = snapshot_of(facets, 3, domains={0: (1,), 1: (1,), 2: (2,)})
    asked: dict[str, Any] = {"text": "kelp", "members": (id_of(0),)}
    plain = ranked_for(snapshot, **asked)
    total = {row: plain.score_of(place) for place, row in enumerate((1, 2))}
    ranked = ranked_for(snapshot, **asked, across_fields=0.3)
    assert part(ranked, "across_fields")[2] == pytest.approx(0.3 * total[2] / total[1], abs=1e-5)
    assert ranked.rows.tolist() == [1, 2]
    assert ranked_for(snapshot, **asked, across_fields=1.0).rows.tolist() == [2]


def test_without_members_the_fields_are_those_of_the_text(monkeypatch: pytest.MonkeyPatch) -> None:
    facets = [Stated(OFFER, (0,), "kelp"), Stated(OFFER, (1,), "kelp")]
    snapshot = snapshot_of(facets, 2, domains={0: (1,), 1: (2,)})

    def fields(_: Subjects, text: str, topics: Sequence[str]) -> Any:
        assert (text, topics) == ("kelp", ())
        return (1,), ()

    monkeypatch.setattr(Subjects, "of", fields)
    ranked = ranked_for(snapshot, text="kelp", across_fields=0.5)
    assert part(ranked, "across_fields") == pytest.approx({0: 0.0, 1: 0.5})


@pytest.fixture(scope="module")
def looms() -> Snapshot:
    """1 is just like the member 0; 2 is half so, 3 is not, 4 only worked with 0."""
    facets = [
        Stated(OFFER, (0,), "yarn"),
        Stated(OFFER, (1,), "yarn"),
        Stated(OFFER, (2,), "yarn solar"),
        Stated(OFFER, (3,), "solar"),
        Stated(EVIDENCE, (0, 4), "yarn"),
    ]
    return snapshot_of(facets, 5)


def test_look_alikes_of_members_go_down(looms: Snapshot) -> None:
    asked: dict[str, Any] = {"text": "yarn solar", "members": (id_of(0),)}
    plain = ranked_for(looms, **asked)
    assert plain.scored.candidates.rows.tolist() == [1, 2, 3, 4]
    assert plain.similarity.tolist() == pytest.approx([1.0, np.sqrt(0.5), 0.0, 0.0], abs=5e-4)
    assert "similarity" not in plain.parts
    ranked = ranked_for(looms, **asked, similarity_penalty=0.4)
    total = {row: plain.score_of(place) for place, row in enumerate((1, 2, 3, 4))}
    ramp = (np.sqrt(0.5) - SIMILAR) / (1 - SIMILAR)
    expected = {1: -0.4 * total[1], 2: -0.4 * ramp * total[2], 3: 0.0, 4: 0.0}
    assert part(ranked, "similarity") == pytest.approx(expected, abs=5e-4)
    assert ranked.score_of(0) == pytest.approx(0.6 * total[1], abs=5e-4)
    gone = ranked_for(looms, **asked, similarity_penalty=1.0)
    assert gone.rows.tolist()[0] != 1 and gone.score_of(0) == pytest.approx(0.0, abs=5e-4)


def test_organisations_like_those_turned_down_go_down_whatever_the_dial(looms: Snapshot) -> None:
    plain = ranked_for(looms, text="yarn solar")
    ranked = ranked_for(looms, text="yarn solar", unlike=(id_of(1),))
    total = {row: plain.score_of(place) for place, row in enumerate((0, 1, 2, 3, 4))}
    ramp = (np.sqrt(0.5) - SIMILAR) / (1 - SIMILAR)
    # 0 and 4 are as near to yarn as 1 is; nobody is left but whoever is something else, too.
    expected = {0: -total[0], 2: -ramp * total[2], 3: 0.0, 4: -total[4]}
    assert part(ranked, "similarity") == pytest.approx(expected, abs=5e-4)
    places = {int(ranked.scored.candidates.rows[place]): place for place in ranked.order}
    left = {row for row, place in places.items() if ranked.score_of(place) > 5e-4}
    assert left == {2, 3}
    assert ranked.similarity.tolist() == [0.0] * 4


def test_both_penalties_leave_the_product(looms: Snapshot) -> None:
    """2 is half like the member 0 and half like 3, which was turned down."""
    asked: dict[str, Any] = {"text": "yarn solar", "members": (id_of(0),)}
    plain = ranked_for(looms, **asked)
    ranked = ranked_for(looms, **asked, unlike=(id_of(3),), similarity_penalty=0.5)
    ramp = (np.sqrt(0.5) - SIMILAR) / (1 - SIMILAR)
    assert ranked.scored.candidates.rows.tolist() == [1, 2, 4]
    expected = plain.score_of(1) * (1 - 0.5 * ramp) * (1 - ramp)
    assert ranked.score_of(1) == pytest.approx(expected, abs=5e-4)


def test_the_long_tail_comes_earlier_after_the_first_places() -> None:
    """All with three projects but the last two: one has two, one has none."""
    count = LONG_TAIL_FROM + 4
    usual = tuple(range(count - 2))
    facets = [Stated(EVIDENCE, usual, "kelp"), Stated(EVIDENCE, usual, "kelp")]
    facets += [Stated(EVIDENCE, (*usual, count - 2), "kelp")]
    facets += [Stated(OFFER, (count - 1,), "kelp solar brick rope")]
    facets += [Stated(EVIDENCE, (count - 2,), "solar")]
    snapshot = snapshot_of(facets, count)
    scored = scored_for(snapshot, text="kelp")
    plain, half = rerank(scored, 0.0), rerank(scored, 0.5)
    assert plain.order.tolist() == list(range(count)) and plain.long_tail == frozenset()
    assert half.order.tolist()[:LONG_TAIL_FROM] == list(range(LONG_TAIL_FROM))
    first, second = count - 4, count - 3
    assert half.order.tolist()[LONG_TAIL_FROM:] == [first, count - 2, second, count - 1]
    assert half.long_tail == {count - 2}


def test_another_page_of_a_list_is_the_same_list(kelp: Snapshot) -> None:
    ranked = ranked_for(kelp, text="kelp", limit=3)
    question = ranked.scored.candidates.understood.question
    page = ranked.for_page(replace(question, offset=3))
    assert page.scored.candidates.understood.question.offset == 3
    assert page.scored.features.candidates.understood.question.offset == 3
    assert page.rows.tolist() == ranked.rows.tolist() == list(range(8))


def test_whoever_is_written_out_comes_first_in_the_order_of_the_text() -> None:
    """2 is a member, 3 is left out, and 4 isn't wanted: none of them is on the list."""
    names = ["Vliegwiel", "Watermolen", "Zeilboot", "Tegelzetter", "Roeispaan", "Kachelsmid"]
    snapshot = snapshot_of([Stated(OFFER, (row,), "kelp") for row in (2, 4, 5)], names)
    text = "Kelp for Watermolen, Zeilboot, Tegelzetter and Vliegwiel, not Roeispaan."
    asked: dict[str, Any] = {"text": text, "members": (id_of(2),), "exclude": (id_of(3),)}
    ranked = ranked_for(snapshot, **asked)
    assert ranked.rows.tolist() == [1, 0, 5]
    assert ranked.score_of(int(ranked.order[0])) == pytest.approx(
        sum(part[ranked.order[0]] for part in ranked.parts.values()), abs=1e-6
    )
    assert ranked_for(snapshot, text=text).rows.tolist()[:4] == [1, 2, 3, 0]
