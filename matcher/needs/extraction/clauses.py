"""From a sentence to its clauses, with the stage, the cues and the state of each.

A sentence is cut at its joints, such as commas and `and`, into pieces. Most joints stand within a
phrase, so pieces are put together again unless both sides could be needs of their own.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from embeddings.language import detect_language
from matcher.needs.extraction.sentences import ParsedSentence, Piece, Sentence
from matcher.needs.extraction.vocabulary import Cue, CueKind, StageScore

_MAX_TEXT_LENGTH = 500
_MIN_SUBSTANCE = 3
"""How many words of content both sides of a joint need to be clauses of their own."""
_CLEAR_STAGE = 2.0
"""From this strength on words surely speak of their stage."""
_HEDGE_WITHIN, _POINTING_WITHIN, _STATE_WITHIN = 3, 6, 6
"""Among how many first words a cue or a pronoun counts as standing at the start."""

_JOINT = re.compile(
    r"(?P<item>(?:(?<=\s)|(?<=^))\(?(?:[ivx]{1,4}|\d{1,2}|[a-h])\)\s+)"
    r"|(?P<colon>:\s+)"
    r"|(?P<semicolon>;\s*)"
    r"|(?P<but>,?\s+(?:[-–—]\s+)?"
    r"(?:but|maar|mais|aber|doch|however|whereas|terwijl|tandis que|while)\s+)"
    r"|(?P<comma>,\s+(?:(?:and|en|et|und)\s+)?|\s+[–—]\s+|\s+-\s+)"
    r"|(?P<and>\s+(?:and|en|et|und|sowie|alsook|ainsi que|as well as)\s+)",
    re.IGNORECASE,
)
_STRONG = ("item", "colon", "semicolon")
"""The joints that stand between clauses wherever there is a word on both sides."""
_BRACKETS = re.compile(r"\([^()]{4,}\)|\[[^\[\]]*\]")
_NEGATION = re.compile(
    r"\b(?:not|no|geen|niet|nicht|kein\w*|aucune?|pas|jamais|never|nooit)\b", re.IGNORECASE
)
_DECLINES_BEFORE, _DECLINES_AFTER = 3, 1
"""At most so many words stand between a negation and the cue that it turns round."""
_NOT_DECLINED_AFTER = frozenset("nog noch encore yet".split())
_NOT_DECLINED_BEFORE = frozenset(
    "only just merely later less alleen enkel slechts nur bloss seulement uniquement yet".split()
)
"""`not yet` is lacking, and `not only` asks for more."""
_PARTICIPLES: dict[str, tuple[str, ...]] = {"en": ("ing",), "fr": ("ant",)}
_ADJECTIVES: dict[str, tuple[str, ...]] = {
    "en": ("ical", "onal", "ntal", "ular", "cial", "ic", "ive", "ous"),
    "nl": ("ische", "ele", "lijke", "ieve"),
    "de": ("ische", "ischen", "elle", "ellen", "liche", "lichen", "ive", "iven"),
}
"""What participles and adjectives end in."""
_TWINS = frozenset(
    "research development innovation demonstration onderzoek ontwikkeling innovatie recherche "
    "developpement forschung entwicklung".split()
)
"""Words that belong together where one follows the other."""
_ARTICLES = frozenset("a an een un une ein eine einen einem".split())
_GERMAN_RELATIVES = frozenset("der die das den".split())
_POSSESSIVES = frozenset("their its his her hun leur leurs ihre ihr deren dessen".split())
_POINTING_BACK = frozenset(
    "it them ze deze ervan hiervan daarvan es sie ihn diese davon these those this".split()
)
_NOT_PRESSING_AFTER = frozenset(
    "the user users their future research our such specific these meet les des".split()
)
"""After these `needs` is a noun that does not say what is lacking, as in `the needs of`."""
_JUDGEMENTS = frozenset(
    "essential crucial indispensable cruciaal cruciale onmisbaar noodzakelijk vereist necessaire "
    "necessaires indispensables entscheidend unverzichtbar notwendig erforderlich".split()
)
"""Pressing where they begin or end a clause, as in `a dryer is crucial`, not in `crucial steps`."""


@dataclass(frozen=True, slots=True)
class Clause:
    """What may become a need: part of a sentence, and what its words tell."""

    text: str
    stage: StageScore
    cues: frozenset[CueKind]
    state: CueKind | None
    """Whether what it names is LACKING, PRESENT or DECLINED; None where nothing is said."""
    listed: bool = False
    """Whether it is an item of a list, or stands under a heading that says what it is."""


class _State(NamedTuple):
    """The state of what a piece names, and whether it says so at its start."""

    kind: CueKind | None = None
    opens: bool = False


def clauses_of(sentence: Sentence) -> list[Clause]:
    """Return the clauses of a sentence, trimmed to what they name.

    What a sentence wants holds for its clauses up to a `but`. That it is idle holds for all those
    that neither want nor lack anything; a question only tells.
    """
    parsed = ParsedSentence(sentence)
    pieces = _joined(parsed, _pieces(parsed))
    everywhere = sentence.context
    if any(cue.kind == CueKind.HEDGED and cue.start < _HEDGE_WITHIN for cue in parsed.cues):
        everywhere |= {CueKind.HEDGED}
    if sentence.text.endswith("?"):
        everywhere |= {CueKind.TELLING}
    idle = {CueKind.IDLE} & {cue.kind for cue in parsed.cues}
    listed = sentence.listed or bool(sentence.context - {CueKind.IDLE})
    wants = False
    clauses = []
    for piece, state in zip(pieces, _states(parsed, pieces), strict=True):
        cues = parsed.tells(piece)
        wants = CueKind.WANTED in cues or (wants and piece.joint != "but")
        cues |= everywhere
        if wants:
            cues |= {CueKind.WANTED}
        elif state != CueKind.LACKING:
            cues |= idle
        short = parsed.trimmed(piece)
        text = _clipped(parsed.text(short))
        if text:
            clauses.append(Clause(text, parsed.stage(short), cues, state, listed))
    return clauses


def whole(text: str) -> list[Clause]:
    """Return a text of a few words as one clause, as it is; none where it has no words.

    It is asked for, whatever it negates: `packaging without plastic, no glue needed`.
    """
    parsed = ParsedSentence(Sentence(_clipped(text), detect_language(text)))
    if not parsed.words:
        return []
    piece = Piece(0, len(parsed.words), "start")
    kind = _state(parsed, piece).kind
    state = None if kind == CueKind.DECLINED else kind
    return [Clause(parsed.sentence.text, parsed.stage(piece), parsed.tells(piece), state)]


def _clipped(text: str) -> str:
    """Return a text of at most the longest length, cut between words; empty where it can't be."""
    text = " ".join(text.split())
    if len(text) <= _MAX_TEXT_LENGTH:
        return text
    return text[: _MAX_TEXT_LENGTH + 1].rpartition(" ")[0].rstrip(" ,;:-")


# Where a sentence is cut


def _pieces(parsed: ParsedSentence) -> list[Piece]:
    """Return the smallest stretches between joints; brackets are kept whole.

    Where nothing stands between two joints the first one counts, unless the second is a strong one.
    """
    text = _BRACKETS.sub(lambda match: "x" * len(match.group()), parsed.sentence.text)
    joints = [(*match.span(), match.lastgroup or "") for match in _JOINT.finditer(text)]
    starts = [word.start for word in parsed.words]
    found = []
    start, joint = 0, "start"
    for end, following, next_joint in [*joints, (len(text), len(text), "")]:
        first, last = bisect_left(starts, start), bisect_left(starts, end)
        if first < last:
            found.append(Piece(first, last, joint))
        if first < last or next_joint in _STRONG:
            joint = next_joint
        start = following
    return found


def _joined(parsed: ParsedSentence, pieces: Sequence[Piece]) -> list[Piece]:
    """Return pieces put together to such as can be clauses."""
    clauses: list[Piece] = []
    run_on = False
    for piece in _coordinated(parsed, pieces):
        run_on = bool(clauses) and not _stands(parsed, clauses[-1], piece, run_on)
        if run_on:
            clauses[-1] = replace(clauses[-1], last=piece.last)
        else:
            clauses.append(piece)
    return clauses


def _coordinated(parsed: ParsedSentence, pieces: Sequence[Piece]) -> list[Piece]:
    """Put single words with what belongs to them: `moulds and fills it`, `a firm, which`."""
    joined: list[Piece] = []
    for piece in pieces:
        alone = joined and parsed.substance(joined[-1]) < 2 and piece.joint not in _STRONG
        if alone and (piece.joint == "and" or _leans(parsed, piece)):
            joined[-1] = replace(joined[-1], last=piece.last)
        else:
            joined.append(piece)
    return joined


def _stands(parsed: ParsedSentence, before: Piece, piece: Piece, run_on: bool) -> bool:
    """Return whether a piece is a clause apart from the one before it.

    `run_on`: whether that one has a joint already, so that this may be the end of its list.
    """
    least = min(parsed.substance(before), parsed.substance(piece))
    if piece.joint in _STRONG:
        return least >= 1
    if _leans(parsed, piece) or _points_back(parsed, piece):
        return False
    if piece.joint == "but":
        return least >= 2
    if not run_on and before.joint == "start" and _leans(parsed, before):
        return False
    if _within_phrase(parsed, before, piece):
        return False
    apart = _apart(parsed, before, piece)
    if least >= 2 and apart >= (1.0 if piece.joint == "comma" else _CLEAR_STAGE):
        return True
    if run_on or least < _MIN_SUBSTANCE:
        return False
    if piece.joint != "and" or parsed.starts_with(CueKind.VERB, piece):
        return True
    ends_list = before.joint in ("comma", "colon") or apart > 0
    return ends_list and _are_parallel(parsed, before, piece)


def _leans(parsed: ParsedSentence, piece: Piece) -> bool:
    """Return whether a piece hangs on what is before it: `which`, `with`, `leading to`."""
    word = parsed.words[piece.first].plain
    if word in _POSSESSIVES or parsed.starts_with(CueKind.LEANING, piece):
        return True
    if parsed.language == "de" and _is_relative(parsed, piece):
        return True
    participle = word.endswith(_PARTICIPLES.get(parsed.language, ()))
    return participle and parsed.stage(piece).strength < _CLEAR_STAGE


def _is_relative(parsed: ParsedSentence, piece: Piece) -> bool:
    """Return whether a German piece is like `der es liefert`: its verb comes last."""
    last = parsed.words[piece.last - 1]
    verb = last.plain.endswith(("t", "n")) and parsed.sentence.text[last.start].islower()
    return verb and parsed.words[piece.first].plain in _GERMAN_RELATIVES


def _points_back(parsed: ParsedSentence, piece: Piece) -> bool:
    """Return whether a piece holds a pronoun for what was named before it."""
    last = min(piece.last, piece.first + _POINTING_WITHIN)
    return any(word.plain in _POINTING_BACK for word in parsed.words[piece.first : last])


def _within_phrase(parsed: ParsedSentence, before: Piece, piece: Piece) -> bool:
    """Return whether the joint before a piece stands within a phrase.

    That is between adjectives, in `research and development` and in `find and test markers`.
    """
    last = replace(before, first=before.last - 1)
    word = parsed.words[last.first].plain
    if word in _TWINS and parsed.words[piece.first].plain in _TWINS:
        return True
    if word.endswith(_ADJECTIVES.get(parsed.language, ())):
        return True
    if piece.joint != "and" or parsed.language not in _PARTICIPLES:
        return False
    participle = word.endswith(_PARTICIPLES[parsed.language])
    verbal = participle or parsed.starts_with(CueKind.VERB, last) > 0
    return verbal and parsed.stage(last).strength < _CLEAR_STAGE


def _apart(parsed: ParsedSentence, one: Piece, other: Piece) -> float:
    """Return how strongly two pieces speak of different stages, 0 where of the same."""
    stages = parsed.stage(one), parsed.stage(other)
    return 0.0 if stages[0].stage == stages[1].stage else min(one.strength for one in stages)


def _are_parallel(parsed: ParsedSentence, one: Piece, other: Piece) -> bool:
    """Return whether both begin like items of a list: `a dryer, a mill and a packer`."""
    first = parsed.words[parsed.trimmed(one).first].plain
    return first in _ARTICLES and parsed.words[other.first].plain in _ARTICLES


# What is lacking and what is present


def _states(parsed: ParsedSentence, pieces: Sequence[Piece]) -> list[CueKind | None]:
    """Return the state of each clause, its own or that of the list that it is an item of.

    `we lack A, B and C` reaches on to what follows, `A, B and C are missing` back to what went
    before, up to a clause that has a state of its own or says what is wanted.
    """
    own = [_state(parsed, piece) for piece in pieces]
    wanted = [CueKind.WANTED in parsed.tells(piece) for piece in pieces]
    either = (CueKind.LACKING, CueKind.PRESENT)
    headed = next((kind for kind in either if kind in parsed.sentence.context), None)
    states: list[CueKind | None] = []
    reaching: CueKind | None = None
    for (kind, opens), piece, wants in zip(own, pieces, wanted, strict=True):
        if kind is not None:
            reaching = kind if opens else None
        elif piece.joint == "colon":
            reaching = states[-1] if states else None
        elif piece.joint == "but" or wants:
            reaching = None
        states.append(kind or reaching or headed)
    for place in range(len(pieces) - 1, 0, -1):
        kind, opens = own[place]
        before = place - 1
        while kind and not opens and before >= 0 and own[before].kind is None:
            if wanted[before] or pieces[before + 1].joint in ("but", "semicolon"):
                break
            states[before] = kind
            before -= 1
    return states


def _state(parsed: ParsedSentence, piece: Piece) -> _State:
    """Return the state that a piece itself speaks of.

    What says outright that something is lacking counts first, then that it isn't asked for, that
    it isn't there, that it is. What `we want to have` is not present. A cue at the start opens
    where it has words after it.
    """
    tells = parsed.tells(piece)
    opens: dict[tuple[CueKind, bool], bool] = {}
    for cue in parsed.cues_of(piece):
        kind = _state_by(parsed, piece, cue, told=bool(tells & {CueKind.TELLING, CueKind.IDLE}))
        if kind is not None:
            at_start = cue.start < piece.first + _STATE_WITHIN
            followed = parsed.substance(replace(piece, first=cue.end)) > 0
            key = kind, cue.kind != CueKind.PRESENT
            opens[key] = opens.get(key, False) or (at_start and followed)
    for outright, kind in (
        (True, CueKind.LACKING),
        (True, CueKind.DECLINED),
        (False, CueKind.LACKING),
        (False, CueKind.PRESENT),
    ):
        if (kind, outright) in opens and not (kind == CueKind.PRESENT and CueKind.WANTED in tells):
            return _State(kind, opens[kind, outright])
    return _State()


def _state_by(parsed: ParsedSentence, piece: Piece, cue: Cue, told: bool) -> CueKind | None:
    """Return the state that a cue in a piece speaks of; `told`: whether the piece only tells.

    `not available` and `no line exists` mean that it is lacking; `seeks to` means nothing.
    """
    if cue.kind == CueKind.PRESENT:
        return CueKind.LACKING if _NEGATION.search(parsed.text(piece)) else CueKind.PRESENT
    lacking = cue.kind == CueKind.LACKING
    if cue.kind == CueKind.PRESSING and not told:
        before = parsed.words[cue.start - 1].plain if cue.start else ""
        within = piece.first < cue.start and cue.end < piece.last
        judges = within and parsed.words[cue.start].plain in _JUDGEMENTS
        lacking = before not in _NOT_PRESSING_AFTER and not judges
    followed_by_to = cue.end < piece.last and parsed.words[cue.end].plain == "to"
    if not lacking or followed_by_to:
        return None
    return CueKind.DECLINED if _is_declined(parsed, piece, cue) else CueKind.LACKING


def _is_declined(parsed: ParsedSentence, piece: Piece, cue: Cue) -> bool:
    """Return whether a negation turns a cue round: `we need no`, `keine Software nötig`."""
    first = max(piece.first, cue.start - _DECLINES_BEFORE - 1)
    last = min(piece.last, cue.end + _DECLINES_AFTER + 1)
    for place in (*range(first, cue.start), *range(cue.end, last)):
        word = parsed.words[place]
        if not _NEGATION.fullmatch(word.plain):
            continue
        before = parsed.words[place - 1].plain if place else ""
        after = parsed.words[place + 1].plain if place + 1 < len(parsed.words) else ""
        if before in _NOT_DECLINED_AFTER or after in _NOT_DECLINED_BEFORE:
            continue
        if parsed.sentence.text[word.end : word.end + 1] == "-":  # as in `no-waste packaging`
            continue
        nearest = parsed.words[cue.start if place < cue.start else cue.end - 1]
        start, end = sorted((word.start, nearest.start))
        if not re.search(r"[,;:.()]", parsed.sentence.text[start:end]):
            return True
    return False
