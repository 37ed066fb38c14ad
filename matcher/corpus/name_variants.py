"""Finds name variants: records whose names are ways to write the name of one organisation."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from rapidfuzz.distance import Indel

from matcher.corpus.name_keys import NameKey, NameRecord, name_key

MIN_SURE_SCORE = 0.95
"""From this score on votes are merged automatically; below it, a person decides."""
_MAX_BLOCK_SIZE = 60
_MIN_LETTERS = 10
_MIN_LONG_NAME_WORDS, _MIN_LONG_NAME_LETTERS = 3, 20
"""A name of at least so large_words words and letters is identified by its beginning."""

_UNITS = frozenset(
    "academia academie academy agency akademia akademie branch campus centre clinic college "
    "delegation department departement departamento dipartimento direction directorate division "
    "ecole escuela escola fachbereich faculty faculdade facultad facolta fakultat fakultet "
    "fachhochschule foundation hochschule hogeschool hopital hospital institute laboratory "
    "ministry ministere museum school scuola section service services society university unit "
    "unite".split()
)
"""A longer name with one of these words is that of a part, or of another organisation."""
_SCHOOLS = frozenset("college ecole fachhochschule hochschule school university".split())
"""Kinds of organisations that often have names with the same beginning."""


@dataclass(frozen=True, slots=True)
class VariantPair:
    """Two records, by their index in the list given, that may be one organisation."""

    first: int
    second: int
    score: float
    """From 0 to 1; see `MIN_SURE_SCORE`."""
    reason: str


def variant_pairs(records: Sequence[NameRecord]) -> list[VariantPair]:
    """Return likely pairs by descending score; each pair once, `first` before `second`.

    Organisations of different countries are never a pair: branches are separate partners.
    """
    keys = [name_key(record) for record in records]
    found = []
    for first, second in _candidates(keys):
        judgement = _judge(keys[first], keys[second])
        if judgement is not None:
            found.append(VariantPair(first, second, *judgement))
    return sorted(found, key=lambda pair: (-pair.score, pair.first, pair.second))


def variant_groups(pairs: Sequence[VariantPair]) -> list[tuple[int, ...]]:
    """Return groups of two or more records that are connected by sure pairs, ascending."""
    leader: dict[int, int] = {}

    def leader_of(number: int) -> int:
        while leader.setdefault(number, number) != number:
            number = leader[number]
        return number

    for pair in pairs:
        if pair.score >= MIN_SURE_SCORE:
            low, high = sorted((leader_of(pair.first), leader_of(pair.second)))
            leader[high] = low
    groups: defaultdict[int, list[int]] = defaultdict(list)
    for number in leader:
        groups[leader_of(number)].append(number)
    return sorted(tuple(sorted(group)) for group in groups.values() if len(group) > 1)


def _candidates(keys: Sequence[NameKey]) -> Iterator[tuple[int, int]]:
    """Yield pairs that share a word, unless more than 60 names have it.

    The words of a name in any order (`=`) and its first 10 letters (`^`) count as words too.
    """
    seen: set[tuple[int, int]] = set()
    holders: defaultdict[str, list[int]] = defaultdict(list)
    for number, key in enumerate(keys):
        for word in set(key.words):
            holders[word].append(number)
        joined = "".join(sorted(key.words))
        if joined:
            holders["=" + joined].append(number)
            holders["^" + "".join(key.words)[:10]].append(number)
    for block in holders.values():
        if 1 < len(block) <= _MAX_BLOCK_SIZE:
            for pair in combinations(block, 2):
                if pair not in seen:
                    seen.add(pair)
                    yield pair


def _judge(one: NameKey, other: NameKey) -> tuple[float, str] | None:
    """Return score and reason of a pair, None where it isn't one."""
    if one.country and other.country and one.country != other.country:
        return None
    first, second = set(one.words), set(other.words)
    if not first or not second or one.numbers != other.numbers:
        return None
    known = bool(one.country and other.country)
    same_city = bool(one.city and other.city)
    same_city = same_city and (one.city <= other.city or other.city <= one.city)
    letters = min(len("".join(one.words)), len("".join(other.words)))
    if first == second and one.acronyms == other.acronyms:
        enough = known and (len(first) > 1 or letters >= 6 or same_city)
        return (1.0 if enough else 0.9), "the same words"
    if first == second:
        return (0.97 if known and letters >= _MIN_LETTERS else 0.85), "an acronym added"
    joined = "".join(one.words), "".join(other.words)
    if joined[0] == joined[1] and letters >= 6:
        return (0.98 if known else 0.85), "other spaces"
    similarity = Indel.normalized_similarity(*joined)
    if letters >= _MIN_LETTERS and similarity >= 0.96 and _differ_by_spelling(first, second):
        return (0.96 if known and (letters >= 16 or same_city) else 0.85), "spelling"
    if not same_city:
        return None
    small, large = sorted((one, other), key=lambda key: len(key.words))
    return _judge_contained(small, large)


def _judge_contained(small: NameKey, large: NameKey) -> tuple[float, str] | None:
    """Judge two names of one city where the words of one may be contained in the other.

    If a long name is the beginning of the other, they are the same organisation, unless the rest
    names a part of it, such as `department`.
    """
    small_words, large_words = set(small.words), set(large.words)
    if not small_words < large_words or len(small_words) < 2:
        return None
    rest = large_words - small_words
    continues = large.words[: len(small.words)] == small.words and not rest & _UNITS
    is_long = (
        len(small_words) >= _MIN_LONG_NAME_WORDS
        and len("".join(small.words)) >= _MIN_LONG_NAME_LETTERS
    )
    is_long = is_long and bool(small.country and large.country)
    if is_long and not small_words & _SCHOOLS and (continues or rest <= large.city):
        return 0.95, "one name goes on, the same city"
    university = "university" in small_words and not any(len(word) <= 5 for word in rest)
    if rest <= large.city or continues or (len(rest) == 1 and not university):
        return 0.7, "one name within the other, the same city"
    return None


def _differ_by_spelling(first: set[str], second: set[str]) -> bool:
    """Whether the words that differ are, pairwise, misspellings of each other."""
    left, right = sorted(first - second), sorted(second - first)
    return len(left) == len(right) and all(
        min(len(a), len(b)) >= 5
        and a[0] == b[0]
        and Indel.normalized_similarity(a, b) >= 0.8
        and not {a[-1], b[-1]} <= set("0123456789")
        for a, b in zip(left, right, strict=True)
    )
