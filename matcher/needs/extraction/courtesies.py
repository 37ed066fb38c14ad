"""Strips courtesies from a question: greetings, `we are looking for`, thanks, signatures.

Retrieval uses the whole text. `Dear all, we are a small company and look for` is in few profiles,
so its words would get high weights, and profiles with similar phrases would be found.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import islice, zip_longest
from operator import attrgetter

from matcher.needs.extraction.exclusions import Exclusion, exclusions_of, without_exclusions
from matcher.needs.extraction.labels import Label
from matcher.needs.extraction.lead_ins import folded_words, strip_lead_in
from matcher.needs.extraction.reading import passages_of

_ENDS = re.compile(r"((?<=[.!?;:])\s+|\n\s*)")
_CLOSING = re.compile(
    r"(?:met )?(?:vriendelijke|hartelijke|beste) groet|mvg\b|groet(?:en|jes)|met dank"
    r"|alvast (?:hartelijk )?(?:be)?dank|(?:tres )?cordialement|bien a vous|merci d|d avance"
    r"|(?:sinceres |meilleures )?salutations"
    r"|(?:mit )?(?:freundlichen|besten|vielen) grussen|(?:viele|beste|liebe) grusse|mfg\b"
    r"|vielen dank|besten dank|(?:with )?(?:kind|best|warm) (?:regards|wishes)|regards\b"
    r"|(?:yours )?sincerely|cheers\b"
    r"|(?:many )?thanks|thank you"
)
"""The beginning of a closing sentence, folded; only a signature follows it."""
_MAX_SIGNATURE_LENGTH = 200
_MIN_LEFT = 6
"""Of a text at least one part in so many is what is asked."""
_MAX_WHOLE_WORDS = 6
"""So few words are never cut."""


def strip_courtesies(text: str) -> str:
    """Remove what is excluded, sentences without content, and lead-ins as `we are looking for`.

    A text that would be left empty is returned unchanged.
    """
    return _strip(_wanted(text)) or text


def _wanted(text: str) -> str:
    """Remove what is excluded, and what is before the first and after the last content.

    A few words and a single sentence stay whole, and so does a text of which hardly anything would
    be left: then the model read it wrongly.
    """
    whole = without_exclusions(text)
    if len(whole.split()) <= _MAX_WHOLE_WORDS or not _ENDS.search(whole.strip()):
        return whole
    excluded = exclusions_of(text)
    passages = [each for each in passages_of(text) if any(_without(each.start, each.end, excluded))]
    while passages and passages[0].label == Label.COURTESY:
        passages.pop(0)
    while passages and passages[-1].label == Label.COURTESY:
        passages.pop()
    spans = [span for each in passages for span in _without(each.start, each.end, excluded)]
    parts = []
    for span, following in zip_longest(spans, spans[1:]):
        between = text[span[1] : span[1] if following is None else following[0]]
        parts += [text[slice(*span)], between if between.isspace() else " "]
    left = "".join(parts).strip().rstrip(",;")
    return left if len(left) * _MIN_LEFT >= len(whole) else whole


def _without(start: int, end: int, excluded: Sequence[Exclusion]) -> Iterator[tuple[int, int]]:
    """Yield what is left of a passage without what is excluded."""
    first = bisect_right(excluded, start, key=attrgetter("end"))
    for one in islice(excluded, first, None):
        if one.start >= end:
            break
        if start < one.start:
            yield start, one.start
        start = min(one.end, end)
    if start < end:
        yield start, end


def without_closing(text: str) -> str:
    """Return a text without the closing sentence and the signature at its end.

    Whoever signs isn't asked for.
    """
    end = len(text.rstrip())
    for found in reversed([*_ENDS.finditer(text[:end])]):
        if end - found.end() > _MAX_SIGNATURE_LENGTH:
            break
        if _CLOSING.match(" ".join(folded_words(text[found.end() : end]))):
            return text[: found.start()]
    return text


def _strip(text: str) -> str:
    pieces = _ENDS.split(text.strip())
    parts: list[str] = []
    rest = sum(len(piece) for piece in pieces)
    for place in range(0, len(pieces), 2):
        sentence = pieces[place]
        if rest <= _MAX_SIGNATURE_LENGTH and _CLOSING.match(" ".join(folded_words(sentence))):
            break
        content = strip_lead_in(sentence)
        if content:
            parts += [content, *pieces[place + 1 : place + 2]]
        rest -= sum(len(piece) for piece in pieces[place : place + 2])
    result = "".join(parts).strip()
    # For the networks, a full stop after a few words would turn a phrase into a sentence.
    return result if _ENDS.search(result) else result.rstrip(" .?!")
