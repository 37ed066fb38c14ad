"""Finds whether what a clause names is lacking, present or not needed.

`We lack A, B and C` is a list: the state of its first clause holds for the others too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from matcher.needs.extraction.parsed_sentence import ParsedSentence, Segment
from matcher.needs.extraction.vocabulary import Cue, CueKind

_STATE_WITHIN = 6
"""Among how many first words a cue counts as standing at the start."""
_NEGATION = re.compile(
    r"\b(?:not|no|geen|niet|nicht|kein\w*|aucune?|pas|jamais|never|nooit)\b", re.IGNORECASE
)
_MAX_WORDS_AFTER_NEGATION, _MAX_WORDS_BEFORE_NEGATION = 3, 1
"""How many words may stand between a negation and the cue that follows or precedes it."""
_NO_NEGATION_AFTER = frozenset("nog noch encore yet".split())
_NO_NEGATION_BEFORE = frozenset(
    "only just merely later less alleen enkel slechts nur bloss seulement uniquement yet".split()
)
"""A negation next to these words doesn't count: `not yet` means lacking, `not only` asks for
more."""
_NOT_NECESSITY_AFTER = frozenset(
    "the user users their future research our such specific these meet les des".split()
)
"""After these words `needs` is a noun that doesn't state a need, as in `the needs of`."""
_PREDICATES = frozenset(
    "essential crucial indispensable cruciaal cruciale onmisbaar noodzakelijk vereist necessaire "
    "necessaires indispensables entscheidend unverzichtbar notwendig erforderlich".split()
)
"""These state a need only where a clause begins or ends with them, as `a dryer is crucial`; not in
`crucial steps`."""


class State(NamedTuple):
    """The state of what a segment names, and whether a cue at the start says so."""

    kind: CueKind | None = None
    """LACKING, PRESENT, NOT_NEEDED, or None where nothing is said."""
    at_start: bool = False


def states_of(parsed: ParsedSentence, segments: Sequence[Segment]) -> list[CueKind | None]:
    """Return the state of each clause, its own or that of the list that it is an item of.

    The state of `we lack A` holds for the following clauses `B and C`, and that of `C are missing`
    for the preceding ones `A, B`, up to a clause with a state or an intention of its own.
    """
    own = [state_of(parsed, segment) for segment in segments]
    intended = [CueKind.INTENTION in parsed.cue_kinds(segment) for segment in segments]
    inherited = (CueKind.LACKING, CueKind.PRESENT)
    of_heading = next((kind for kind in inherited if kind in parsed.sentence.context), None)
    states: list[CueKind | None] = []
    carried: CueKind | None = None
    for (kind, at_start), segment, is_intended in zip(own, segments, intended, strict=True):
        if kind is not None:
            carried = kind if at_start else None
        elif segment.separator == "colon":
            carried = states[-1] if states else None
        elif segment.separator == "but" or is_intended:
            carried = None
        states.append(kind or carried or of_heading)
    for place in range(len(segments) - 1, 0, -1):
        kind, at_start = own[place]
        before = place - 1
        while kind and not at_start and before >= 0 and own[before].kind is None:
            if intended[before] or segments[before + 1].separator in ("but", "semicolon"):
                break
            states[before] = kind
            before -= 1
    return states


def state_of(parsed: ParsedSentence, segment: Segment) -> State:
    """Return the state that the cues of a segment itself express.

    The first of these counts: an explicit need (`we lack`), a negated need (`we need no`), negated
    presence (`not available`), presence (`we have`). Presence doesn't count next to an intention:
    `we want to have`. A cue is at the start only if content words follow it.
    """
    kinds = parsed.cue_kinds(segment)
    found: dict[tuple[CueKind, bool], bool] = {}
    is_statement = bool(kinds & {CueKind.STATEMENT, CueKind.BACKGROUND})
    is_absent = CueKind.PRESENT in kinds and bool(_NEGATION.search(parsed.text(segment)))
    for cue in parsed.cues_in_segment(segment):
        if cue.kind == CueKind.PRESENT:  # `not available` and `no line exists` mean lacking
            kind: CueKind | None = CueKind.LACKING if is_absent else CueKind.PRESENT
        else:
            kind = _state_of_cue(parsed, segment, cue, is_statement)
        if kind is not None:
            starts = cue.start < segment.first + _STATE_WITHIN
            followed = parsed.content_word_count(replace(segment, first=cue.end)) > 0
            key = kind, cue.kind != CueKind.PRESENT
            found[key] = found.get(key, False) or (starts and followed)
    for explicit, kind in (
        (True, CueKind.LACKING),
        (True, CueKind.NOT_NEEDED),
        (False, CueKind.LACKING),
        (False, CueKind.PRESENT),
    ):
        if (kind, explicit) in found and not (
            kind == CueKind.PRESENT and CueKind.INTENTION in kinds
        ):
            return State(kind, found[kind, explicit])
    return State()


def _state_of_cue(
    parsed: ParsedSentence, segment: Segment, cue: Cue, is_statement: bool
) -> CueKind | None:
    """Return the state that a cue of a lack or a necessity expresses.

    `is_statement`: the segment states facts. `seeks to` has no meaning here.
    """
    is_lacking = cue.kind == CueKind.LACKING
    if cue.kind == CueKind.NECESSITY and not is_statement:
        before = parsed.words[cue.start - 1].folded if cue.start else ""
        inside = segment.first < cue.start and cue.end < segment.last
        is_attribute = inside and parsed.words[cue.start].folded in _PREDICATES
        is_lacking = before not in _NOT_NECESSITY_AFTER and not is_attribute
    followed_by_to = cue.end < segment.last and parsed.words[cue.end].folded == "to"
    if not is_lacking or followed_by_to:
        return None
    return CueKind.NOT_NEEDED if _is_negated(parsed, segment, cue) else CueKind.LACKING


def _is_negated(parsed: ParsedSentence, segment: Segment, cue: Cue) -> bool:
    """Return whether a negation applies to a cue: `we need no`, `keine Software nötig`."""
    first = max(segment.first, cue.start - _MAX_WORDS_AFTER_NEGATION - 1)
    last = min(segment.last, cue.end + _MAX_WORDS_BEFORE_NEGATION + 1)
    for place in (*range(first, cue.start), *range(cue.end, last)):
        word = parsed.words[place]
        if not _NEGATION.fullmatch(word.folded):
            continue
        before = parsed.words[place - 1].folded if place else ""
        after = parsed.words[place + 1].folded if place + 1 < len(parsed.words) else ""
        if before in _NO_NEGATION_AFTER or after in _NO_NEGATION_BEFORE:
            continue
        if parsed.sentence.text[word.end : word.end + 1] == "-":  # as in `no-waste packaging`
            continue
        nearest = parsed.words[cue.start if place < cue.start else cue.end - 1]
        start, end = sorted((word.start, nearest.start))
        if not re.search(r"[,;:.()]", parsed.sentence.text[start:end]):
            return True
    return False
