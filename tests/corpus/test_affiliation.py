from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.corpus.affiliation import SharedWords, affiliation_with
from matcher.corpus.corpus import Corpus
from tests.corpus.corpora import corpus_named

NAMES = ["Université de Nice", "CHU de Nice", "Hafen AG", "Observatoire", "Werft AG", "Zonder"]
CITIES = ["Nice", "", "Hamburg", "Nice (Alpes)", "Kiel", ""]
COUNTRIES = ["FR", "FR", "DE", "FR", "DE", ""]


def to(affiliation: Corpus, others: Sequence[int], count: int = 6) -> list[float]:
    """How close each of the first `count` organisations is to some others."""
    return affiliation_with(
        affiliation, np.arange(count), np.array(others, dtype=np.int64)
    ).tolist()


def shared(corpus: Corpus, row: int, other: int) -> list[str]:
    return SharedWords(corpus, np.array([other])).of(row).get(other, [])


@pytest.fixture(scope="module")
def affiliation() -> Corpus:
    return corpus_named(NAMES, CITIES, COUNTRIES)


def test_a_rare_word_brings_closer_than_a_frequent_one(affiliation: Corpus) -> None:
    close = to(affiliation, [0])
    assert close[0] == pytest.approx(1.0)
    assert close[1] > close[3] > 0 == close[2]
    assert close[5] == 0.0


def test_known_values() -> None:
    """Of three, two have a word: it weighs log(4 / 2.5), a word or country of one log(4 / 1.5)."""
    both, own = math.log(4 / 2.5), math.log(4 / 1.5)
    three = corpus_named(["Vis Oost", "Vis West", "Hout"], ["", "", ""], ["BE", "NL", ""])
    shared = both**2 / (both**2 + 2 * own**2)
    assert to(three, [0], 3) == pytest.approx([1.0, shared, 0.0])
    # Those asked about may be any, in any order, the same one twice, too.
    some = affiliation_with(three, np.array([2, 1, 0, 1]), np.array([0]))
    assert some.tolist() == pytest.approx([0.0, shared, 1.0, shared])


def test_of_several_it_is_the_mean(affiliation: Corpus) -> None:
    alone = [to(affiliation, [row]) for row in (0, 2)]
    assert to(affiliation, [0, 2]) == pytest.approx(np.mean(alone, axis=0))
    assert to(affiliation, []) == [0.0] * 6


def test_some_count_more(affiliation: Corpus) -> None:
    one, other = (np.array(to(affiliation, [row])) for row in (0, 2))
    found = affiliation_with(affiliation, np.arange(6), np.array([0, 2]), np.array([0.75, 0.25]))
    assert found == pytest.approx(0.75 * one + 0.25 * other)


def test_words_are_told_as_they_are_written_without_common_ones() -> None:
    towns = [f"Hospital of town {number}" for number in range(20)]
    several = corpus_named(
        ["Université de Liège", "Hospital of LIEGE", *towns], [""] * 22, ["BE"] * 22
    )
    assert shared(several, 0, 1) == ["Liège"]
    assert shared(several, 1, 0) == ["LIEGE"]
    assert shared(several, 1, 2) == []


@pytest.mark.parametrize(("bearers", "told"), [(2, ["Instituut"]), (3, [])])
def test_a_word_of_more_than_a_tenth_is_common(bearers: int, told: list[str]) -> None:
    """Of 20 organisations, 2 bear a word that tells something, and 3 a common one."""
    names = [f"Instituut {'abc'[row] * 5}" for row in range(bearers)]
    names += [f"Huis{row}" for row in range(20 - bearers)]
    affiliation = corpus_named(names, [""] * 20, [""] * 20)
    assert shared(affiliation, 0, 1) == told


def test_numbers_and_words_like_of_bring_nobody_closer() -> None:
    names = ["Institut des sciences", "Maison des arts", *(f"Huis {n}" for n in range(30))]
    cities = ["Paris Cedex 15", "Lyon Cedex 15", *("Gent" for _ in range(30))]
    affiliation = corpus_named(names, cities, ["", "", *("BE" for _ in range(30))])
    assert shared(affiliation, 0, 1) == ["Cedex"]


def test_without_names_nobody_is_close() -> None:
    assert to(corpus_named([], [], []), [], 0) == []
    assert to(corpus_named(["", "北京"], ["", ""], ["", ""]), [0, 1], 2) == [0.0, 0.0]


@given(st.lists(st.tuples(st.text(max_size=12), st.text(max_size=6)), min_size=1, max_size=8))
def test_it_goes_both_ways_and_stays_between_0_and_1(several: list[tuple[str, str]]) -> None:
    made = corpus_named(
        [name for name, _ in several], [city for _, city in several], [""] * len(several)
    )
    table = np.array([to(made, [row], len(several)) for row in range(len(several))])
    assert table == pytest.approx(table.T)
    assert (table >= 0).all() and (table <= 1).all()
