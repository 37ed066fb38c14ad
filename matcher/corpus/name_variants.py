"""Name variants: records whose names are ways to write the name of one organisation."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from rapidfuzz.distance import Indel

from embeddings.words import fold
from matcher.corpus.weighted_words import name_words

SURE = 0.95
"""From here on votes are merged without asking; below, a human is asked."""
_MAX_BLOCK_SIZE = 60
_MIN_LETTERS = 10
_LONG_NAME = 3, 20
"""A name of at least so many words and letters says enough to be known by its beginning."""

_LEGAL = frozenset(
    "ab ag aps as asa asbl aisbl bv bvba cv cvba doo eeig eg ehf ev eingetragener verein gbr ggmbh "
    "gie gmbh hf inc ivzw jsc kft kg kgaa limited llc llp ltd ltda mbh nv oao oe ou oy oyj plc pte "
    "pty sa sae sarl sas sasu scop scpa scrl sci se sia sl slne slu snc spa spj spol sro sp srl "
    "srls stichting uab vof vzw zoo zrt zoe ong aktiebolag aktiengesellschaft aktieselskab "
    "corporation corp epic incorporated oeg og osakeyhtio unipersonal".split()
)
_LEGAL_PHRASES = re.compile(
    r"\b(societa (consortile )?(per azioni|a responsabilita limitata)|societe anonyme"
    r"|sociedad (anonima|limitada)|gesellschaft mit beschraenkter haftung|agencia estatal"
    r"|(?<=fundacio )privada|(?<=fundacion )privada|(stiftung )?oe?ffentlichen rechts"
    r"|besloten vennootschap|naamloze vennootschap|public limited company"
    r"|limited liability company|higher education corporation)\b"
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
    "saint": "st sankt sint",
    "organisation": "organization organizacion organizzazione organizacao organisatie",
}
_UNITS = frozenset(
    "academia academie academy agency akademia akademie branch campus centre clinic college "
    "delegation department departement departamento dipartimento direction directorate division "
    "ecole escuela escola fachbereich faculty faculdade facultad facolta fakultat fakultet "
    "fachhochschule foundation hochschule hogeschool hopital hospital institute laboratory "
    "ministry ministere museum school scuola section service services society university unit "
    "unite".split()
)
"""Where a name goes on with one of these, it is that of a part or of another organisation."""
_SCHOOLS = frozenset("college ecole fachhochschule hochschule school university".split())
"""Names that begin alike are common among these."""
_ROMAN = frozenset("ii iii iv vi vii viii ix xi xii xiii".split())
_POSSESSIVE = re.compile(r"(?<=\w)['’][sS]\b")
_APART = re.compile(r"['’&\s]+")
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
    """Words that count, in their order, without acronyms of the others."""
    acronyms: frozenset[str]
    numbers: frozenset[str]
    """What numbers entities apart: digits and Roman numerals."""
    country: str | None
    city: frozenset[str]


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
    name = fold(_APART.sub(" ", _POSSESSIVE.sub("s", record.name)))
    name = _LEGAL_PHRASES.sub(" ", name)
    written = name_words(name)
    counting = [word for word in written if word not in _LEGAL and word not in _JOINING]
    acronyms = {word for word in counting if _is_acronym(word, written, counting)}
    words = dict.fromkeys(
        _folded(_SAME.get(word, word)) for word in counting if word not in acronyms
    )
    city = (word for word in name_words(record.city or "") if word != "cedex")
    return _Key(
        tuple(words),
        frozenset(acronyms),
        _numbers(words, record.name),
        record.country,
        frozenset(_folded(word) for word in city if not word.isdigit()),
    )


def _folded(word: str) -> str:
    return word.replace("ue", "u").replace("oe", "o").replace("ae", "a")


def _is_acronym(word: str, written: Sequence[str], counting: Sequence[str]) -> bool:
    """Whether a word is made of initials of the others, in order: of most of those that count."""
    others = [one for one in counting if one != word]
    if not 2 < len(word) <= 8 or len(others) < 2 or len(word) < 0.6 * len(others):
        return False
    initials = iter("".join(one[0] for one in written if one != word))
    return all(letter in initials for letter in word)


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
        if 1 < len(block) <= _MAX_BLOCK_SIZE:
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
    similarity_to = Indel.normalized_similarity(*joined)
    if letters >= _MIN_LETTERS and similarity_to >= 0.96 and _only_misspelt(first, second):
        return (0.96 if known and (letters >= 16 or same_city) else 0.85), "spelling"
    return _within(*sorted((one, other), key=lambda key: len(key.words))) if same_city else None


def _within(small: _Key, large: _Key) -> tuple[float, str] | None:
    """Judge two of one city where one name may be within the other.

    A long name that goes on is the same, unless it goes on to a part of it.
    """
    few, many = set(small.words), set(large.words)
    if not few < many or len(few) < 2:
        return None
    rest = many - few
    goes_on = large.words[: len(small.words)] == small.words and not rest & _UNITS
    says_enough = len(few) >= _LONG_NAME[0] and len("".join(small.words)) >= _LONG_NAME[1]
    says_enough = says_enough and bool(small.country and large.country)
    if says_enough and not few & _SCHOOLS and (goes_on or rest <= large.city):
        return 0.95, "one name goes on, the same city"
    university = "university" in few and not any(len(word) <= 5 for word in rest)
    if rest <= large.city or goes_on or (len(rest) == 1 and not university):
        return 0.7, "one name within the other, the same city"
    return None


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


def _numbers(words: Iterable[str], name: str) -> frozenset[str]:
    """Return what tells numbered entities apart; a single letter does it as a number does."""
    numbers = {word for word in words if word in _ROMAN} | set(_DIGITS.findall(name))
    letters = {letter.lower() for letter in _LETTER.findall(name)} - _LETTERS_THAT_JOIN
    last = _LAST_LETTER.search(name)
    return frozenset(numbers | letters | ({last[1].lower()} if last else set()))
