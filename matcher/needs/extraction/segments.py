"""Cuts a sentence into segments that can be clauses.

A sentence is cut at separators such as commas and `and`. Most separators stand within a phrase, so
segments are joined again unless both sides could be needs of their own: `research and development`
and `a dryer, which is small` stay together.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace

from matcher.needs.extraction.parsed_sentence import ParsedSentence, Segment
from matcher.needs.extraction.vocabulary import CueKind

_MIN_CONTENT_WORDS = 3
"""How many content words both sides of a separator need to be clauses of their own."""
_CLEAR_STAGE = 2.0
"""Stage score from which on a segment clearly belongs to a stage."""
_PRONOUN_WITHIN = 6
"""Among how many first words a pronoun counts as standing at the start."""

_SEPARATOR = re.compile(
    r"(?P<item>(?:(?<=\s)|(?<=^))\(?(?:[ivx]{1,4}|\d{1,2}|[a-h])\)\s+)"
    r"|(?P<colon>:\s+)"
    r"|(?P<semicolon>;\s*)"
    r"|(?P<but>,?\s+(?:[-–—]\s+)?"
    r"(?:but|maar|mais|aber|doch|however|whereas|terwijl|tandis que|while)\s+)"
    r"|(?P<comma>,\s+(?:(?:and|en|et|und)\s+)?|\s+[–—]\s+|\s+-\s+)"
    r"|(?P<and>\s+(?:and|en|et|und|sowie|alsook|ainsi que|as well as)\s+)",
    re.IGNORECASE,
)
_STRONG_SEPARATORS = ("item", "colon", "semicolon")
"""Separators that always stand between clauses, if both sides have a content word."""
_BRACKETS = re.compile(r"\([^()]{4,}\)|\[[^\[\]]*\]")
_PARTICIPLES: dict[str, tuple[str, ...]] = {"en": ("ing",), "fr": ("ant",)}
_ADJECTIVES: dict[str, tuple[str, ...]] = {
    "en": ("ical", "onal", "ntal", "ular", "cial", "ic", "ive", "ous"),
    "nl": ("ische", "ele", "lijke", "ieve"),
    "de": ("ische", "ischen", "elle", "ellen", "liche", "lichen", "ive", "iven"),
}
"""Endings of participles and adjectives, by language."""
_PAIRED_NOUNS = frozenset(
    "research development innovation demonstration onderzoek ontwikkeling innovatie recherche "
    "developpement forschung entwicklung".split()
)
"""Words that form a phrase when joined, as in `research and development`."""
_ARTICLES = frozenset("a an een un une ein eine einen einem".split())
_GERMAN_RELATIVES = frozenset("der die das den".split())
_POSSESSIVES = frozenset("their its his her hun leur leurs ihre ihr deren dessen".split())
_PRONOUNS = frozenset(
    "it them ze deze ervan hiervan daarvan es sie ihn diese davon these those this".split()
)


def _split(parsed: ParsedSentence) -> list[Segment]:
    """Return the segments between separators; text in brackets isn't cut.

    Of two adjacent separators the first one counts, unless the second is a strong one.
    """
    text = _BRACKETS.sub(lambda match: "x" * len(match.group()), parsed.sentence.text)
    separators = [(*match.span(), match.lastgroup or "") for match in _SEPARATOR.finditer(text)]
    starts = [word.start for word in parsed.words]
    found = []
    start, separator = 0, "start"
    for end, following, next_separator in [*separators, (len(text), len(text), "")]:
        first, last = bisect_left(starts, start), bisect_left(starts, end)
        if first < last:
            found.append(Segment(first, last, separator))
        if first < last or next_separator in _STRONG_SEPARATORS:
            separator = next_separator
        start = following
    return found


def segments_of(parsed: ParsedSentence) -> list[Segment]:
    """Return the segments of a sentence that can be clauses."""
    clauses: list[Segment] = []
    run_on = False
    for segment in _join_single_words(parsed, _split(parsed)):
        run_on = bool(clauses) and not _is_clause(parsed, clauses[-1], segment, run_on)
        if run_on:
            clauses[-1] = replace(clauses[-1], last=segment.last)
        else:
            clauses.append(segment)
    return clauses


def _join_single_words(parsed: ParsedSentence, segments: Sequence[Segment]) -> list[Segment]:
    """Join single words with what follows them: `moulds and fills it`, `a firm, which`."""
    joined: list[Segment] = []
    for segment in segments:
        is_single = (
            joined
            and parsed.content_word_count(joined[-1]) < 2
            and segment.separator not in _STRONG_SEPARATORS
        )
        if is_single and (segment.separator == "and" or _is_dependent(parsed, segment)):
            joined[-1] = replace(joined[-1], last=segment.last)
        else:
            joined.append(segment)
    return joined


def _is_clause(parsed: ParsedSentence, before: Segment, segment: Segment, run_on: bool) -> bool:
    """Return whether a segment is a clause separate from the one before it.

    `run_on` tells whether the one before was joined from several, so that this may end its list.
    """
    content_words = min(parsed.content_word_count(before), parsed.content_word_count(segment))
    if segment.separator in _STRONG_SEPARATORS:
        return content_words >= 1
    if _is_dependent(parsed, segment) or _has_pronoun(parsed, segment):
        return False
    if segment.separator == "but":
        return content_words >= 2
    if not run_on and before.separator == "start" and _is_dependent(parsed, before):
        return False
    if _within_phrase(parsed, before, segment):
        return False
    difference = _stage_difference(parsed, before, segment)
    if content_words >= 2 and difference >= (1.0 if segment.separator == "comma" else _CLEAR_STAGE):
        return True
    if run_on or content_words < _MIN_CONTENT_WORDS:
        return False
    if segment.separator != "and" or parsed.leading_cue_length(CueKind.VERB, segment):
        return True
    ends_list = before.separator in ("comma", "colon") or difference > 0
    return ends_list and _are_parallel(parsed, before, segment)


def _is_dependent(parsed: ParsedSentence, segment: Segment) -> bool:
    """Return whether a segment depends on what precedes it: `which ...`, `leading to ...`."""
    word = parsed.words[segment.first].folded
    if word in _POSSESSIVES or parsed.leading_cue_length(CueKind.SUBORDINATOR, segment):
        return True
    if parsed.language == "de" and _is_relative(parsed, segment):
        return True
    participle = word.endswith(_PARTICIPLES.get(parsed.language, ()))
    return participle and parsed.stage(segment).strength < _CLEAR_STAGE


def _is_relative(parsed: ParsedSentence, segment: Segment) -> bool:
    """Return whether a German segment is a relative clause, verb last: `der es liefert`."""
    last = parsed.words[segment.last - 1]
    verb = last.folded.endswith(("t", "n")) and parsed.sentence.text[last.start].islower()
    return verb and parsed.words[segment.first].folded in _GERMAN_RELATIVES


def _has_pronoun(parsed: ParsedSentence, segment: Segment) -> bool:
    """Return whether a segment starts with a pronoun for something before it: `tests them`."""
    last = min(segment.last, segment.first + _PRONOUN_WITHIN)
    return any(word.folded in _PRONOUNS for word in parsed.words[segment.first : last])


def _within_phrase(parsed: ParsedSentence, before: Segment, segment: Segment) -> bool:
    """Return whether the separator before a segment stands within a phrase.

    Examples: `biological and chemical tests`, `research and development`, `finding and testing`.
    """
    last = replace(before, first=before.last - 1)
    word = parsed.words[last.first].folded
    if word in _PAIRED_NOUNS and parsed.words[segment.first].folded in _PAIRED_NOUNS:
        return True
    if word.endswith(_ADJECTIVES.get(parsed.language, ())):
        return True
    if segment.separator != "and" or parsed.language not in _PARTICIPLES:
        return False
    participle = word.endswith(_PARTICIPLES[parsed.language])
    verbal = participle or parsed.leading_cue_length(CueKind.VERB, last) > 0
    return verbal and parsed.stage(last).strength < _CLEAR_STAGE


def _stage_difference(parsed: ParsedSentence, before: Segment, segment: Segment) -> float:
    """Return the lower stage score of two segments of different stages, 0 for the same stage."""
    stages = parsed.stage(before), parsed.stage(segment)
    return 0.0 if stages[0].stage == stages[1].stage else min(score.strength for score in stages)


def _are_parallel(parsed: ParsedSentence, before: Segment, segment: Segment) -> bool:
    """Return whether both begin with an article, like the items of `a dryer and a mill`."""
    first = parsed.words[parsed.trim(before).first].folded
    return first in _ARTICLES and parsed.words[segment.first].folded in _ARTICLES
