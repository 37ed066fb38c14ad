"""Strips courtesies from a question: greetings, `we are looking for`, thanks, signatures.

Retrieval uses the whole text. `Dear all, we are a small company and look for` is in few profiles,
so its words would get high weights, and profiles with similar phrases would be found.
"""

from __future__ import annotations

import re
from itertools import zip_longest

from matcher.needs.extraction.exclusions import without_exclusions
from matcher.needs.extraction.lead_ins import folded_words, strip_lead_in
from matcher.needs.extraction.reading import Label, passages_of

_ENDS = re.compile(r"((?<=[.!?;:])\s+|\n\s*)")
_CLOSING = re.compile(
    r"(?:met )?(?:vriendelijke|hartelijke|beste) groet|mvg\b|groetjes|met dank"
    r"|alvast (?:hartelijk )?(?:be)?dank|(?:tres )?cordialement|bien a vous|merci d|d avance"
    r"|(?:sinceres |meilleures )?salutations"
    r"|(?:mit )?(?:freundlichen|besten|vielen) grussen|(?:viele|beste|liebe) grusse|mfg\b"
    r"|vielen dank|besten dank|(?:with )?(?:kind|best|warm) regards|regards\b|sincerely"
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
    text = without_exclusions(text)
    if len(text.split()) <= _MAX_WHOLE_WORDS or not _ENDS.search(text.strip()):
        return text
    passages = list(passages_of(text))
    while passages and passages[0].label == Label.COURTESY:
        passages.pop(0)
    while passages and passages[-1].label == Label.COURTESY:
        passages.pop()
    parts = []
    for passage, following in zip_longest(passages, passages[1:]):
        end = passage.end if following is None else following.start
        between = text[passage.end : end]
        parts += [text[passage.start : passage.end], between if between.isspace() else " "]
    left = "".join(parts).strip().rstrip(",;")
    return left if len(left) * _MIN_LEFT >= len(text) else text


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
