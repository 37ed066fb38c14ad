"""Reads from a text where partners should be, and of what kind: filters to be offered.

Only what is said of the partner counts: `a firm in Germany`, `un partenaire flamand`, `een kmo`.
Where the sender is (`nous sommes une PME wallonne`) doesn't, nor what the partner works for
(`software for Flemish hospitals`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain
from typing import Literal

from embeddings.stopwords import STOP_WORDS
from matcher.corpus.spellings import TextWord, text_words
from matcher.domain import Filters, OrganisationType
from matcher.needs.extraction.exclusions import denied_passages
from matcher.needs.extraction.labels import Label
from matcher.needs.extraction.reading import passages_of
from matcher.needs.partner_words import (
    FROM,
    IN,
    IS_ITSELF,
    KINDS,
    LEAD,
    NOUNS,
    OF,
    OR,
    PARTNERS_ALONE,
    PREFERABLY,
    PREPOSITIONS,
    SEEKING,
    SEEKS,
)
from matcher.needs.place_names import (
    longest_name,
    place_names,
    place_of_adjective,
    place_of_capitals,
)

FilterField = Literal["country", "region", "type", "size"]
_MAX_DESCRIBING = 3
"""So many words may describe a partner before it is called: `an experienced small Belgian firm`."""
_MAX_GAP_FROM, _MAX_GAP_IN = 8, 2
"""Words between a partner and `from` or `in` a place; further away `in` tells of something else."""
_MAX_LISTED = 8
"""Words of a passage that are looked at for whether it begins with another place."""


_DENYING = (STOP_WORDS | LEAD | {"without", "zonder", "sans", "ohne"}) - PREPOSITIONS
"""Words beside the types that a passage rules out; `not for companies` tells of a product."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A filter that a text speaks of."""

    field: FilterField
    value: str
    """ISO 3166 code of a country, NUTS code, type of organisation, or `sme`."""
    text: str
    """The words of the text."""
    excludes: bool = False
    """Whether it is said that partners shall not be so."""


@lru_cache(maxsize=64)
def wishes_of(text: str) -> tuple[Wish, ...]:
    """Return the filters that a text speaks of, each once, in order.

    What is excluded are places and types of organisations.
    """
    found: dict[tuple[FilterField, str, bool], Wish] = {}
    denied = denied_passages(text)
    for clause in (each for exclusion in denied for each in exclusion.clauses):
        excluded = (_excluded_places, _excluded_types)
        for wish in (one for each in excluded for one in each(text, clause.start, clause.end)):
            found.setdefault((wish.field, wish.value, True), wish)
    for start, end, asked in _passages(text):
        if any(one.start < end and start < one.end for one in denied):
            continue
        for wish in _wished(text, start, end, asked=asked):
            if (wish.field, wish.value, True) not in found:
                found.setdefault((wish.field, wish.value, False), wish)
    return tuple(found.values())


def _passages(text: str) -> list[tuple[int, int, bool]]:
    """Return where passages begin and end, and whether partners are asked for there.

    One that only goes on with another place, `of Nederland`, is joined to the one before.
    """
    passages = passages_of(text)
    asks = any(passage.label == Label.ASKED for passage in passages)
    labels = {Label.ASKED} if asks else {Label.ASKED, Label.CONTEXT, Label.COURTESY}
    found: list[tuple[int, int, bool]] = []
    for passage in passages:
        asked = passage.label in labels
        first = text_words(text, passage.start, passage.end)
        if found and first and first[0].folded in OR and 1 in _places(text, first[:_MAX_LISTED]):
            start, _, asked = found.pop()
            found.append((start, passage.end, asked))
        else:
            found.append((passage.start, passage.end, asked))
    return found


def is_filter(text: str) -> bool:
    """Return whether a clause of what isn't wanted only says where, or what, partners shan't be."""
    found = chain(_excluded_places(text, 0, len(text)), _excluded_types(text, 0, len(text)))
    return next(found, None) is not None


def excluding(filters: Filters, wishes: Sequence[Wish]) -> Filters:
    """Return filters with what a text excludes, but for what is asked for by a filter.

    Where no types are asked for, those that are left are.
    """
    not_wanted = {wish.value for wish in wishes if wish.excludes and wish.field == "type"}
    types = filters.types
    if not_wanted and not types:
        types = tuple(one for one in OrganisationType if one not in not_wanted)
    return replace(
        filters,
        types=types,
        not_countries=_more(filters.not_countries, filters.countries, "country", wishes),
        not_regions=_more(filters.not_regions, filters.regions, "region", wishes),
    )


def _more(
    given: tuple[str, ...], asked: tuple[str, ...], field: FilterField, wishes: Sequence[Wish]
) -> tuple[str, ...]:
    values = {wish.value for wish in wishes if wish.excludes and wish.field == field}
    return tuple(sorted({*given, *(values - set(asked))})) if values else given


def _places(text: str, tokens: Sequence[TextWord]) -> dict[int, tuple[str, int]]:
    """Return the code of each place and where its name ends, by the token where it begins."""
    names, found = place_names(), dict[int, tuple[str, int]]()
    at = 0
    while at < len(tokens):
        code, after = None, at + 1
        for length in range(min(longest_name(), len(tokens) - at), 0, -1):
            code = names.get(tuple(token.folded for token in tokens[at : at + length]))
            if code is not None:
                after = at + length
                break
        if code is None:
            code = place_of_capitals(text[tokens[at].start : tokens[at].end])
        if code is not None:
            found[at] = (code, after)
        at = after
    return found


def _excluded_places(text: str, start: int, end: int) -> Iterator[Wish]:
    """Yield the places of a passage that says nothing but where partners shan't be."""
    tokens = text_words(text, start, end)
    places = _places(text, tokens)
    of_place = {place for at, (_, after) in places.items() for place in range(at, after)}
    adjectives = {
        at: code
        for at, token in enumerate(tokens)
        if at not in of_place and (code := place_of_adjective(token.folded))
    }
    for at, token in enumerate(tokens):
        known = at in of_place or at in adjectives or token.folded in STOP_WORDS | LEAD
        if not (known or FROM.fullmatch(token.folded) or PARTNERS_ALONE.fullmatch(token.folded)):
            return
    for at, (code, after) in places.items():
        yield _place_wish(code, text[tokens[at].start : tokens[after - 1].end], excludes=True)
    for at, code in adjectives.items():
        yield _place_wish(code, text[tokens[at].start : tokens[at].end], excludes=True)


def _excluded_types(text: str, start: int, end: int) -> Iterator[Wish]:
    """Yield the types of organisations of a passage that denies nothing but these."""
    tokens = text_words(text, start, end)
    types = {
        at: value
        for at, token in enumerate(tokens)
        for field, value, pattern in KINDS
        if field == "type" and re.fullmatch(pattern, token.folded)
    }
    if all(at in types or token.folded in _DENYING for at, token in enumerate(tokens)):
        for at, value in types.items():
            yield Wish("type", value, tokens[at].written, excludes=True)


def _place_wish(code: str, words: str, *, excludes: bool = False) -> Wish:
    return Wish("country" if len(code) == 2 else "region", code, " ".join(words.split()), excludes)


def _wished(text: str, start: int, end: int, *, asked: bool) -> Iterator[Wish]:
    """Yield what a passage says of the kind of partner, and of where it should be.

    In one that the model doesn't take as `asked`, only behind words like `we look for`.
    """
    tokens = text_words(text, start, end)
    line = " ".join(token.folded for token in tokens)
    offsets, length = [], 0
    for token in tokens:
        offsets.append(length)
        length += len(token.folded) + 1
    places = _places(text, tokens)
    yield from _preferred_places(text, tokens, line, offsets)
    for match in NOUNS.finditer(line):
        at = offsets.index(match.start())
        after = at + match.group().count(" ") + 1
        before = line[: match.start()]
        if not _is_sought(before) or not (asked or SEEKS.search(before)):
            continue
        for field, value, pattern in KINDS:
            if re.fullmatch(pattern, match.group()):
                yield Wish(field, value, text[tokens[at].start : tokens[after - 1].end])
        for near in (at - 2, at - 1, after):
            if 0 <= near < len(tokens) and (code := place_of_adjective(tokens[near].folded)):
                first, last = min(near, at), max(near + 1, after) - 1
                yield _place_wish(code, text[tokens[first].start : tokens[last].end])
        last = -1
        for place, (code, behind) in places.items():
            between = " ".join(token.folded for token in tokens[after:place])
            listed = place == last + 1 and tokens[last].folded in OR
            if place >= after and (listed or _leads_to_place(between)):
                last = behind
                first = place if listed else at
                yield _place_wish(code, text[tokens[first].start : tokens[behind - 1].end])


def _is_sought(before: str) -> bool:
    """Return whether what comes before a noun makes it what is looked for.

    What the sender says of itself before `we look for` doesn't matter.
    """
    for seeking in SEEKS.finditer(before):
        if IS_ITSELF.search(before, 0, seeking.start()):
            return _is_sought(before[seeking.end() :])
    if IS_ITSELF.search(before):
        return False
    words = SEEKING.sub(" ", before).split()
    if PREPOSITIONS.intersection(words):
        return False
    nouns = set(NOUNS.findall(before))
    describing = [
        word
        for word in words
        if word not in LEAD and word not in nouns and not place_of_adjective(word)
    ]
    return len(describing) <= _MAX_DESCRIBING


def _preferred_places(
    text: str, tokens: Sequence[TextWord], line: str, offsets: Sequence[int]
) -> Iterator[Wish]:
    """Yield the places of a passage from which partners are preferred."""
    last = -1
    for place, (code, behind) in _places(text, tokens).items():
        listed = place == last + 1 and tokens[last].folded in OR
        if listed or _is_preferred(line[: offsets[place]]):
            last = behind
            yield _place_wish(code, text[tokens[place].start : tokens[behind - 1].end])


def _is_preferred(before: str) -> bool:
    """Return whether what comes before a place says that partners from there are preferred."""
    found = PREFERABLY.search(before)
    words = before[found.end() :].strip() if found else ""
    return bool(FROM.fullmatch(words) or IN.fullmatch(words))


def _leads_to_place(between: str) -> bool:
    """Return whether words between a partner and a place say that it is there."""
    for pattern, most in ((FROM, _MAX_GAP_FROM), (IN, _MAX_GAP_IN), (OF, 0)):
        found = re.search(rf"(?:^| ){pattern.pattern}$", between)
        if found and len(between[: found.start()].split()) <= most:
            return True
    return False
