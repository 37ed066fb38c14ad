"""Name variants: records whose names are ways to write the name of one organisation."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from rapidfuzz.distance import Indel

from matcher.ranking.words import name_words

SURE = 0.95
"""From here on votes are merged without asking; below, a human is asked."""
_LARGEST_BLOCK = 60
_LEAST_LETTERS = 10

_LEGAL = frozenset(
    "ab ag aps as asa asbl aisbl bv bvba cv cvba doo eeig eg ehf ev eingetragener verein gbr ggmbh "
    "gie gmbh hf inc ivzw jsc kft kg kgaa limited llc llp ltd ltda mbh nv oao oe ou oy oyj plc pte "
    "pty sa sae sarl sas sasu scop scpa scrl sci se sia sl slne slu snc spa spj spol sro sp srl "
    "srls stichting uab vof vzw zoo zrt zoe ong".split()
)
_JOINING = frozenset(
    "a al an and at am auf d da das de degli dei del della delle den der des di do dos du e ed el "
    "en et f for fur fuer het i im in ja l la las le les lo los na of och og on op per pour s si t "
    "the u und v van voor vom von y z za zu zum zur".split()
)
_ONE_WORD = {
    "university": "universita universitaet universitat universite universiteit universidad "
    "universidade universitas universiteti uniwersytet univerzita univerza univerzitet "
    "universitatea universitet universitetet yliopisto univ universities universitats",
    "institute": "institut instituut instituto istituto instytut institutul institutt inst "
    "institutet",
    "technology": "technologie technologies tecnologia tecnologica technologii technologiczny",
    "technical": "technische technischen technique technisch tecnica tecnico technicka techniczny "
    "tekniska tekniske teknisk politechnika",
    "national": "nationale nationaal nazionale nacional nationales narodni narodowy natl",
    "research": "recherche recherches ricerca ricerche investigacion investigaciones onderzoek "
    "forschung badan forskning",
    "science": "sciences scientifique scientifiques scienze ciencia ciencias wissenschaft "
    "wissenschaften wetenschap wetenschappen scientifica",
    "hospital": "hopital hospitalier ziekenhuis krankenhaus klinikum ospedale szpital",
    "centre": "center centrum centro zentrum centar centra",
    "federation": "foederation federatie federazione federacion",
    "association": "associazione asociacion associacao vereniging verband",
    "foundation": "fondation fundacion fondazione fundacao stiftung",
    "company": "compagnie compania",
    "laboratory": "laboratories laboratoire laboratoires laboratorium laboratorio labs",
}
_ROMAN = frozenset("ii iii iv vi vii viii ix xi xii xiii".split())
_DIGITS = re.compile(r"\b\d+\b")
_LETTER = re.compile(r"(?<![\w.'’])[A-Za-z](?![\w.'’])")
_LAST_LETTER = re.compile(r"\s([A-Z])(?=\s*(\(|-|$))")
_LETTERS_THAT_JOIN = frozenset("adefilnosuvwyz")
_SAME = {variant: word for word, several in _ONE_WORD.items() for variant in several.split()}


@dataclass(frozen=True, slots=True)
class Named:
    """What tells variants apart: the name and where the organisation is."""

    name: str
    country: str | None = None
    city: str | None = None


@dataclass(frozen=True, slots=True)
class Pair:
    """Two records (their places in the list given) that may be one organisation."""

    one: int
    other: int
    score: float
    why: str


@dataclass(frozen=True, slots=True)
class _Key:
    words: tuple[str, ...]
    """Words that count, in their order."""
    numbers: frozenset[str]
    """What numbers entities apart: digits and Roman numerals."""
    country: str | None
    city: tuple[str, ...]


def variant_pairs(records: Sequence[Named]) -> list[Pair]:
    """Return the likely pairs, the surest first; each pair once, `one` before `other`.

    Organisations of different countries are never a pair: branches are partners of their own.
    """
    keys = [_key(record) for record in records]
    found = []
    for one, other in _candidates(keys):
        judged = _judged(keys[one], keys[other])
        if judged is not None:
            found.append(Pair(one, other, *judged))
    return sorted(found, key=lambda pair: (-pair.score, pair.one, pair.other))


def variant_groups(pairs: Sequence[Pair]) -> list[tuple[int, ...]]:
    """Return groups of two and more that are connected by sure pairs, ascending."""
    leader: dict[int, int] = {}

    def lead(number: int) -> int:
        while leader.setdefault(number, number) != number:
            number = leader[number]
        return number

    for pair in pairs:
        if pair.score >= SURE:
            low, high = sorted((lead(pair.one), lead(pair.other)))
            leader[high] = low
    groups: defaultdict[int, list[int]] = defaultdict(list)
    for number in leader:
        groups[lead(number)].append(number)
    return sorted(tuple(sorted(group)) for group in groups.values() if len(group) > 1)


def _key(record: Named) -> _Key:
    written = name_words(record.name.replace("'", " ").replace("&", " "))
    words = tuple(
        dict.fromkeys(
            _SAME.get(word, word).replace("ue", "u").replace("oe", "o").replace("ae", "a")
            for word in written
            if word not in _LEGAL and word not in _JOINING
        )
    )
    city = tuple(name_words(record.city or ""))
    return _Key(words, _numbers(words, record.name), record.country, city)


def _candidates(keys: Sequence[_Key]) -> Iterator[tuple[int, int]]:
    """Give pairs that share their rarest words; a word of many names brings nobody together."""
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
        if 1 < len(block) <= _LARGEST_BLOCK:
            for pair in combinations(block, 2):
                if pair not in seen:
                    seen.add(pair)
                    yield pair


def _judged(one: _Key, other: _Key) -> tuple[float, str] | None:
    if one.country and other.country and one.country != other.country:
        return None
    first, second = set(one.words), set(other.words)
    if not first or not second or one.numbers != other.numbers:
        return None
    known = bool(one.country and other.country)
    letters = min(len("".join(one.words)), len("".join(other.words)))
    if first == second:
        enough = known and (len(first) > 1 or letters >= 6)
        return (1.0 if enough else 0.9), "the same words"
    for whole, part, rest in ((one, other, first - second), (other, one, second - first)):
        if set(part.words) < set(whole.words) and _are_initials(rest, part.words):
            return (0.97 if known and letters >= _LEAST_LETTERS else 0.85), "an acronym added"
    joined = "".join(one.words), "".join(other.words)
    if joined[0] == joined[1] and letters >= 6:
        return (0.98 if known else 0.85), "other spaces"
    likeness = Indel.normalized_similarity(*joined)
    if letters >= _LEAST_LETTERS and likeness >= 0.96 and _only_misspelt(first, second):
        return (0.96 if known and letters >= 16 else 0.85), "spelling"
    return _perhaps(one, other, first, second)


def _perhaps(one: _Key, other: _Key, first: set[str], second: set[str]) -> tuple[float, str] | None:
    """Judge pairs that only a human can decide on: one name within the other, in one city."""
    same_city = bool(one.city) and one.city == other.city
    small, large = sorted((first, second), key=len)
    if small < large and len(small) >= 2 and same_city:
        rest = large - small
        university = "university" in small and not any(len(word) <= 5 for word in rest)
        if rest <= set(one.city) or (len(rest) == 1 and not university):
            return 0.7, "one name within the other, the same city"
    return None


def _are_initials(rest: set[str], words: Sequence[str]) -> bool:
    """Whether each of the words left over is made of initials of the name, in order."""
    initials = "".join(word[0] for word in words)
    return bool(rest) and all(2 < len(one) <= 8 and _within(one, initials) for one in rest)


def _within(short: str, long: str) -> bool:
    letters = iter(long)
    return len(short) >= 0.6 * len(long) and all(letter in letters for letter in short)


def _only_misspelt(first: set[str], second: set[str]) -> bool:
    """Whether the words that differ pair up as misspellings of each other."""
    left, right = sorted(first - second), sorted(second - first)
    return len(left) == len(right) and all(
        min(len(a), len(b)) >= 5
        and a[0] == b[0]
        and Indel.normalized_similarity(a, b) >= 0.8
        and not {a[-1], b[-1]} <= set("0123456789")
        for a, b in zip(left, right, strict=True)
    )


def _numbers(words: Sequence[str], name: str) -> frozenset[str]:
    """Return what tells numbered entities apart; a single letter does it as a number does."""
    numbers = {word for word in words if word in _ROMAN} | set(_DIGITS.findall(name))
    letters = {letter.lower() for letter in _LETTER.findall(name)} - _LETTERS_THAT_JOIN
    last = _LAST_LETTER.search(name)
    return frozenset(numbers | letters | ({last[1].lower()} if last else set()))
