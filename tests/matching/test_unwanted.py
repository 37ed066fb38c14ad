"""What isn't wanted adds nothing, and counts against those who do only that."""

from __future__ import annotations

import pytest

from matcher.corpus.snapshot import Snapshot
from matcher.domain import Need
from tests.matching.corpora import OFFER, Stated, snapshot_of
from tests.matching.test_rerank import part, ranked_for


@pytest.fixture(scope="module")
def mills() -> Snapshot:
    """0 makes rope, 1 solar cells, 2 both."""
    facets = [
        Stated(OFFER, (0,), "kelp rope"),
        Stated(OFFER, (1,), "solar cell kelp"),
        Stated(OFFER, (2,), "kelp rope"),
        Stated(OFFER, (2,), "solar cell"),
    ]
    return snapshot_of(facets, 3)


def test_whoever_does_only_what_isnt_wanted_goes_down(mills: Snapshot) -> None:
    ranked = ranked_for(mills, text="kelp rope, but no solar cell")
    understood = ranked.scored.candidates.understood
    assert understood.left_out == ("but no solar cell",)
    assert understood.text == "kelp rope"
    taken = part(ranked, "unwanted")
    total = {
        row: sum(float(values[at]) for name, values in ranked.parts.items() if name != "unwanted")
        for at, row in enumerate(ranked.scored.candidates.rows.tolist())
    }
    assert taken[0] == 0.0
    assert taken[2] == 0.0
    assert -0.95 * total[1] < taken[1] < -0.5 * total[1]
    assert ranked.score_of(1) == pytest.approx(total[1] + taken[1], abs=1e-6)
    assert ranked.rows.tolist() == [0, 2, 1]


def test_it_adds_nothing_to_the_question(mills: Snapshot) -> None:
    plain = ranked_for(mills, text="kelp rope")
    excluding = ranked_for(mills, text="kelp rope, but no solar cell")
    assert "unwanted" not in plain.parts
    assert (
        excluding.scored.candidates.understood.vector.tolist()
        == plain.scored.candidates.understood.vector.tolist()
    )


def test_a_property_and_stated_needs_are_never_left_out(mills: Snapshot) -> None:
    ranked = ranked_for(
        mills, text="kelp rope without solar cell", needs=(Need("yarn, but no solar cell"),)
    )
    understood = ranked.scored.candidates.understood
    assert (understood.left_out, understood.unwanted) == ((), None)
    assert understood.text == "kelp rope without solar cell"
    assert understood.needs is not None
    assert [need.text for need in understood.needs.needs] == ["yarn, but no solar cell"]
