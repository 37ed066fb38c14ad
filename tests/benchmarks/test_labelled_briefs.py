"""The labelled briefs keep to their format."""

from __future__ import annotations

from collections import Counter

import pytest

from benchmarks.labelled_briefs import LABELS, LabelledBrief, read_briefs
from benchmarks.reading import content_words, match, measure
from embeddings.lexicon import shipped_lexicon
from matcher.domain import Need
from matcher.needs.extraction import extract_needs

BRIEFS = read_briefs()


def test_there_are_170_of_each_language_by_sixteen_authors() -> None:
    assert Counter(brief.language for brief in BRIEFS) == dict.fromkeys(
        ("nl", "fr", "de", "en"), 170
    )
    by_author = Counter(brief.author for brief in BRIEFS)
    assert Counter(by_author.values()) == {11: 40, 10: 24}
    assert len({brief.id for brief in BRIEFS}) == len({brief.text for brief in BRIEFS}) == 680


def test_every_third_author_is_held_out() -> None:
    held_out = {brief.author for brief in BRIEFS if brief.is_held_out}
    assert held_out == {
        *("nl-a03", "nl-a06", "nl-a09", "fr-a02", "fr-a05", "fr-a08"),
        *("de-a01", "de-a04", "de-a07", "de-a10", "en-a03", "en-a06", "en-a09"),
    }


@pytest.mark.parametrize("brief", BRIEFS, ids=lambda brief: brief.id)
def test_each_asked_segment_has_a_need(brief: LabelledBrief) -> None:
    assert {label for label, _ in brief.segments} <= set(LABELS)
    assert all(text for _, text in brief.segments)
    asked = sum(label == "asked" for label, _ in brief.segments)
    assert len(brief.needs) == asked
    assert all(need.text == need.text.strip() != "" for need in brief.needs)
    assert bool(asked) or brief.style == "nothing"


def test_a_need_is_found_once_by_most_of_its_words() -> None:
    labelled = [Need("biocompatible coating"), Need("clinical trial in a hospital")]
    read = [Need("a coating that is biocompatible"), Need("hospital"), Need("coating")]
    assert match(labelled, read) == [(labelled[0], read[0])]
    assert content_words("a trial in the hospital") == {"trial", "hospi"}


def test_needs_of_authors_that_are_held_out_are_found() -> None:
    """The bounds are a little under what docs/complement.md tells."""
    lexicon = shipped_lexicon()
    held_out = [brief for brief in BRIEFS if brief.is_held_out]
    tally = measure(held_out, lambda brief: extract_needs(brief.text, lexicon))["all"]
    assert tally.briefs == 143
    assert 2 * tally.matched / (tally.read + tally.labelled) > 0.73
    assert tally.wholly_right / tally.briefs > 0.36
