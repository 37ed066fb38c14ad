"""Turns a sentence into clauses, with the stage, the cues and the state of each."""

from __future__ import annotations

from dataclasses import dataclass

from embeddings.language import detect_language
from matcher.needs.extraction.parsed_sentence import ParsedSentence, Segment
from matcher.needs.extraction.segments import segments_of
from matcher.needs.extraction.sentences import Sentence
from matcher.needs.extraction.stage_scores import StageScore
from matcher.needs.extraction.states import state_of, states_of
from matcher.needs.extraction.vocabulary import CueKind

_MAX_TEXT_LENGTH = 500
_HEDGE_WITHIN = 3
"""Among how many first words `ideally` and the like make the whole sentence optional."""


@dataclass(frozen=True, slots=True)
class Clause:
    """Part of a sentence that may become a need, with what its words express."""

    text: str
    stage: StageScore
    cues: frozenset[CueKind]
    state: CueKind | None
    """Whether what it names is LACKING, PRESENT or NOT_NEEDED; None where nothing is said."""
    listed: bool = False
    """Whether it is a list item, or stands under a heading with a cue, such as `What we need`."""


def clauses_of(sentence: Sentence) -> list[Clause]:
    """Return the clauses of a sentence, without lead-ins such as `there is a need for`.

    An intention (`we will`) holds for the following clauses up to a `but`. A background cue (`was
    founded`) holds for all clauses without an intention or a lack. A question is a statement.
    """
    parsed = ParsedSentence(sentence)
    segments = segments_of(parsed)
    shared = sentence.context
    if any(cue.kind == CueKind.OPTIONAL and cue.start < _HEDGE_WITHIN for cue in parsed.cues):
        shared |= {CueKind.OPTIONAL}
    if sentence.text.endswith("?"):
        shared |= {CueKind.STATEMENT}
    background = {CueKind.BACKGROUND} & {cue.kind for cue in parsed.cues}
    listed = sentence.listed or bool(sentence.context - {CueKind.BACKGROUND})
    is_intended = False
    clauses = []
    for segment, state in zip(segments, states_of(parsed, segments), strict=True):
        cues = parsed.cue_kinds(segment)
        is_intended = CueKind.INTENTION in cues or (is_intended and segment.separator != "but")
        cues |= shared
        if is_intended:
            cues |= {CueKind.INTENTION}
        elif state != CueKind.LACKING:
            cues |= background
        trimmed = parsed.trim(segment)
        text = _clip(parsed.text(trimmed))
        if text:
            clauses.append(Clause(text, parsed.stage(trimmed), cues, state, listed))
    return clauses


def single_clause(text: str) -> list[Clause]:
    """Return a text of a few words as one clause, unchanged; none where it has no words.

    It is a need even if it has a negation: `packaging without plastic, no glue needed`.
    """
    parsed = ParsedSentence(Sentence(_clip(text), detect_language(text)))
    if not parsed.words:
        return []
    segment = Segment(0, len(parsed.words), "start")
    kind = state_of(parsed, segment).kind
    state = None if kind == CueKind.NOT_NEEDED else kind
    return [Clause(parsed.sentence.text, parsed.stage(segment), parsed.cue_kinds(segment), state)]


def _clip(text: str) -> str:
    """Cut a text to 500 characters, between words; empty where the first word is longer."""
    text = " ".join(text.split())
    if len(text) <= _MAX_TEXT_LENGTH:
        return text
    return text[: _MAX_TEXT_LENGTH + 1].rpartition(" ")[0].rstrip(" ,;:-")
