"""What places are called in Dutch, French, German and English, as countries and NUTS regions."""

from __future__ import annotations

import re
from functools import cache

from babel import Locale

from embeddings.words import fold
from matcher.validation import country_codes

LANGUAGES = ("nl", "fr", "de", "en")
_WORD = re.compile(r"[^\W_]+")
_CALLED = {
    "NL": "holland",
    "CZ": "czech republic|tsjechische republiek|republique tcheque|tschechische republik",
    "GB": "england|engeland|angleterre|great britain|groot brittannie|grande bretagne"
    "|grossbritannien|uk|vk",
    "US": "usa|america|amerika|amerique|vs",
    "BE1": "brussels|brussel|bruxelles",
    "BE2": "flanders|vlaanderen|flandre|flandres|flandern",
    "BE3": "wallonia|wallonie|wallonien",
    "BE21": "provincie antwerpen|province d anvers|provinz antwerpen|province of antwerp",
    "BE23": "oost vlaanderen|east flanders|flandre orientale|ostflandern",
    "BE24": "vlaams brabant|flemish brabant|brabant flamand|flamisch brabant",
    "BE25": "west vlaanderen|west flanders|flandre occidentale|westflandern",
    "BE31": "waals brabant|walloon brabant|brabant wallon|wallonisch brabant",
    "BE32": "henegouwen|hainaut|hennegau",
    "NL34": "zeeland",
    "NL41": "noord brabant|north brabant|brabant septentrional|nordbrabant",
    "FR1": "ile de france",
    "FRE": "hauts de france|nord pas de calais",
    "FRF": "grand est",
    "DE1": "baden wurttemberg",
    "DE2": "bayern|bavaria|baviere|beieren",
    "DE7": "hessen|hesse",
    "DE9": "niedersachsen|nedersaksen|lower saxony|basse saxe",
    "DEA": "nrw|nordrhein westfalen|noordrijn westfalen|north rhine westphalia"
    "|rhenanie du nord westphalie",
    "DEB": "rheinland pfalz|rijnland palts|rhineland palatinate|rhenanie palatinat",
    "DEC": "saarland|sarre",
}
"""Further names, folded: of countries beside those of CLDR, and of NUTS regions in Belgium and
beside it."""
_ADJECTIVES = {
    "BE1": r"bruxellois(?:e?s?)|brusselse|brusseler",
    "BE2": r"vlaamse?|flemish|flamande?s?|flamische?[nrsm]?",
    "BE3": r"waalse?|walloon|wallon(?:ne)?s?|wallonische?[nrsm]?",
    "BE": r"belgische?[nrsm]?|belges?|belgian",
    "NL": r"nederlandse?|dutch|neerlandaise?s?|hollandaise?s?|hollandse?|niederlandische?[nrsm]?"
    r"|hollandische?[nrsm]?",
    "FR": r"franse?|french|francaise?s?|franzosische?[nrsm]?",
    "DE": r"duitse?|german|allemande?s?|deutsche?[nrsm]?",
    "LU": r"luxemburgse?|luxembourgish|luxembourgeoise?s?|luxemburgische?[nrsm]?",
    "GB": r"britse?|british|britanniques?|britische?[nrsm]?|engelse|english|anglaise?s?",
    "US": r"amerikaanse?|american|americaine?s?|amerikanische?[nrsm]?",
    "CH": r"zwitserse?|swiss|suisses?|schweizer",
    "AT": r"oostenrijkse?|austrian|autrichien(?:ne)?s?|osterreichische?[nrsm]?",
    "IT": r"italiaanse?|italian|italien(?:ne)?s?|italienische?[nrsm]?",
    "ES": r"spaanse?|spanish|espagnole?s?|spanische?[nrsm]?",
    "CN": r"chinese|chinees|chinoise?s?|chinesische?[nrsm]?",
}
"""Adjectives of Belgium, its regions and the countries that its firms deal with most, folded."""
_CAPITALS = {"US": "US", "UK": "GB", "VS": "US", "VK": "GB", "NL": "NL", "BE": "BE"}
"""Abbreviations that are words, or parts of them, unless they stand in capitals."""


@cache
def place_names() -> dict[tuple[str, ...], str]:
    """Return country and NUTS codes by the folded words of a name."""
    names = {
        _words(str(name)): code
        for language in LANGUAGES
        for code, name in Locale(language).territories.items()
        if code in country_codes()
    }
    further = {_words(name): code for code, all_ in _CALLED.items() for name in all_.split("|")}
    return {words: code for words, code in (names | further).items() if words not in _AMBIGUOUS}


def _words(name: str) -> tuple[str, ...]:
    return tuple(fold(word.casefold()) for word in _WORD.findall(name))


_AMBIGUOUS = {("man",), ("us",), ("vs",), ("vk",), ("ile", "de", "man")}


@cache
def longest_name() -> int:
    """Return how many words the longest name has."""
    return max(len(words) for words in place_names())


def place_of_adjective(word: str) -> str | None:
    """Return the code of a place by a folded adjective, such as `wallonne`; else None."""
    return next((code for code, form in _adjectives() if form.fullmatch(word)), None)


def place_of_capitals(word: str) -> str | None:
    """Return the code of a place by an abbreviation in capitals, such as `US`; else None."""
    return _CAPITALS.get(word)


@cache
def _adjectives() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((code, re.compile(form)) for code, form in _ADJECTIVES.items())
