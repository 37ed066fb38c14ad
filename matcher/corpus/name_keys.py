"""Normalises names of organisations to keys, so that ways to write one name can be compared."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from embeddings.words import fold
from matcher.corpus.words import name_words

_LEGAL_FORMS = frozenset(
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
_JOINING_WORDS = frozenset(
    "a al an and at am auf d da das de degli dei del della delle den der des di do dos du e ed el "
    "en et f for fur fuer het i im in ja l la las le les lo los na of och og on op per pour s si t "
    "the u und v van voor vom von y z za zu zum zur".split()
)
_TRANSLATIONS = {
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
_ROMAN = frozenset("ii iii iv vi vii viii ix xi xii xiii".split())
_POSSESSIVE = re.compile(r"(?<=\w)['’][sS]\b")
_SEPARATORS = re.compile(r"['’&\s]+")
_DIGITS = re.compile(r"\b\d+\b")
_LETTER = re.compile(r"(?<![\w.'’])[A-Za-z](?![\w.'’])")
_LAST_LETTER = re.compile(r"\s([A-Z])(?=\s*(\(|-|$))")
_JOINING_LETTERS = frozenset("adefilnosuvwyz")
_ENGLISH = {
    variant: word for word, variants in _TRANSLATIONS.items() for variant in variants.split()
}


@dataclass(frozen=True, slots=True)
class NameRecord:
    """The name and place of an organisation."""

    name: str
    country: str | None = None
    city: str | None = None


@dataclass(frozen=True, slots=True)
class NameKey:
    """A name without what varies between spellings, and what tells organisations apart."""

    words: tuple[str, ...]
    """The distinctive words in order: no legal forms, joining words or acronyms of the others."""
    acronyms: frozenset[str]
    numbers: frozenset[str]
    """What tells numbered entities apart: digits, Roman numerals and single letters."""
    country: str | None
    city: frozenset[str]


def name_key(record: NameRecord) -> NameKey:
    """Normalise a name: translate common words, drop legal forms, split off acronyms."""
    name = fold(_SEPARATORS.sub(" ", _POSSESSIVE.sub("s", record.name)))
    name = _LEGAL_PHRASES.sub(" ", name)
    all_words = name_words(name)
    distinctive = [
        word for word in all_words if word not in _LEGAL_FORMS and word not in _JOINING_WORDS
    ]
    acronyms = {word for word in distinctive if _is_acronym(word, all_words, distinctive)}
    words = dict.fromkeys(
        _join_umlauts(_ENGLISH.get(word, word)) for word in distinctive if word not in acronyms
    )
    city = (word for word in name_words(record.city or "") if word != "cedex")
    return NameKey(
        tuple(words),
        frozenset(acronyms),
        _numbers(words, record.name),
        record.country,
        frozenset(_join_umlauts(word) for word in city if not word.isdigit()),
    )


def is_common_in_names(word: str) -> bool:
    """Return whether a folded word is a kind of organisation or a legal form."""
    return word in _ENGLISH or word in _TRANSLATIONS or word in _LEGAL_FORMS


def legal_forms_off(words: Sequence[str]) -> list[str]:
    """Return the folded words of a name without legal forms at its end; empty where all are."""
    end = len(words)
    while end and (words[end - 1] in _LEGAL_FORMS or len(words[end - 1]) == 1):
        end -= 1
    return list(words[:end])


def _join_umlauts(word: str) -> str:
    """Reduce `ue`, `oe` and `ae` to the folded umlaut: `koeln` becomes `koln`."""
    return word.replace("ue", "u").replace("oe", "o").replace("ae", "a")


def _is_acronym(word: str, all_words: Sequence[str], distinctive: Sequence[str]) -> bool:
    """Whether a word consists of initials of the others, in order, of at least 60 % of them."""
    others = [other for other in distinctive if other != word]
    if not 2 < len(word) <= 8 or len(others) < 2 or len(word) < 0.6 * len(others):
        return False
    initials = iter("".join(other[0] for other in all_words if other != word))
    return all(letter in initials for letter in word)


def _numbers(words: Iterable[str], name: str) -> frozenset[str]:
    """Return what tells numbered entities apart, such as `Paris 6` and `Gymnasium B`."""
    numbers = {word for word in words if word in _ROMAN} | set(_DIGITS.findall(name))
    letters = {letter.lower() for letter in _LETTER.findall(name)} - _JOINING_LETTERS
    last = _LAST_LETTER.search(name)
    return frozenset(numbers | letters | ({last[1].lower()} if last else set()))
