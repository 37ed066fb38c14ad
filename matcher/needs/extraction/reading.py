"""Reads a brief with the fitted chains: which pieces ask for something, and for what.

The chain `pieces` labels the pieces of a brief, by their words, cues, headings and neighbours. The
chain `trim` finds the words of the need in what is asked, `stage` and `level` the rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import numpy as np

from embeddings.stopwords import STOP_WORDS
from embeddings.words import fold
from matcher.domain import Need, NeedLevel, Stage
from matcher.needs.extraction.chain import Floats, load_chain
from matcher.needs.extraction.lead_ins import strip_lead_in
from matcher.needs.extraction.pieces import Piece, cues_of, features_of, pieces_of
from matcher.needs.extraction.stage_scores import stage_of
from matcher.needs.extraction.vocabulary import CueKind, cues_in, words_in

NO_STAGE = "none"
_MAX_NEED_LENGTH = 500
_MIN_NEED_LENGTH = 3
_CACHED = 64
ASKED_POINTS = 0.3
"""Added to the points of what is asked: the chain alone overlooks more needs than it makes up.
Origin: 0 to 1 compared by cross-validation over authors, by the F1 of the needs."""
_WEAK, _LIKELY, _UNLIKELY, _IMPOSSIBLE = 1.0, 2.0, 2.5, 6.0
_ENUMERATOR = re.compile(r"\(?(?:\d{1,2}|[ivx]{1,4}|[a-z])\)\s")
_INDEFINITE = frozenset("a an een un une ein eine einen einem einer".split())
_FINAL_NEGATIONS = frozenset("niet nicht".split())
_ALSO = frozenset("and et en und".split())
_SELF = frozenset("we wij nous wir ik ich je j i on notre onze unser unsere our".split())
_STATES = re.compile(
    r"(?:nous sommes|je suis|wij zijn|we zijn|ik ben|wir sind|ich bin|we are|i am|nous avons"
    r"|nous col|wij maken|we maken|wij hebben|we hebben|we have|we make|wir haben|ich habe"
    r"|wir entw)"
)
"""What a sender says of itself, folded."""
_WORD = re.compile(r"[^\W_]+(?:[-'’.][^\W_]+)*")


class Label(StrEnum):
    """What a piece is."""

    ASKED = "asked"
    """The first piece of something that is looked for."""
    ASKED_ON = "asked_on"
    """Goes on with what the piece before asks for."""
    HAS = "has"
    CONTEXT = "context"
    NOT_WANTED = "not_wanted"
    COURTESY = "courtesy"


@dataclass(frozen=True, slots=True)
class Passage:
    """A run of pieces with one label, or all of what one need is asked with."""

    label: Label
    start: int
    end: int
    pieces: tuple[Piece, ...]
    features: tuple[tuple[str, ...], ...]


@lru_cache(maxsize=_CACHED)
def passages_of(text: str) -> tuple[Passage, ...]:
    """Return the labelled passages of a text, in order."""
    pieces = pieces_of(text)
    chain = load_chain("pieces")
    items = features_of(text, pieces)
    points = chain.points(items)
    points += prior_points(chain.labels, pieces)
    labels = [Label(label) for label in chain.decode(points)]
    return tuple(_joined(pieces, items, labels))


def prior_points(labels: Sequence[str], pieces: Sequence[Piece]) -> Floats:
    """Return points (n, k) for what hardly can be, or nearly must be, however the words look."""
    asked, asked_on, unwanted = (
        labels.index(label) for label in (Label.ASKED, Label.ASKED_ON, Label.NOT_WANTED)
    )
    points = np.zeros((len(pieces), len(labels)), dtype=np.float32)
    declined = _declined(pieces)
    points[:, asked] += ASKED_POINTS
    points[:, asked_on] += ASKED_POINTS / 2
    for place, piece in enumerate(pieces):
        begins = not place or piece.sentence > pieces[place - 1].sentence
        points[place, asked] += _asked_points(piece)
        if _SELF.intersection(piece.words[:2]) and not piece.kinds & {"seek", "question"}:
            following = pieces[place + 1] if place + 1 < len(pieces) else None
            points[place, asked] -= _UNLIKELY * (following is not None and _asks_anew(following))
        points[place, asked_on] += _asked_on_points(piece, begins)
        seeks = bool(piece.kinds & {"seek", "question", "optional"})
        if declined[place]:
            points[place, [asked, asked_on]] -= _IMPOSSIBLE
            points[place, unwanted] += _LIKELY
        elif "not" not in piece.around or (seeks and "not" not in piece.kinds):
            points[place, unwanted] -= 2 * _UNLIKELY
    return points


def _asked_points(piece: Piece) -> float:
    """Return points for what begins a need.

    Headings ask for nothing themselves, nor does what the sender says of itself without a cue of
    seeking, or lists under `what we have`; items below `what we need` mostly do.
    """
    if piece.is_heading:
        return -_IMPOSSIBLE
    seeks = bool(piece.kinds & {"seek", "question", "optional"})
    points = _LIKELY if _asks_anew(piece) and "not" not in piece.kinds else 0.0
    if _SELF.intersection(piece.words[:1]) and "not" not in piece.around:
        seeks_first = any("seek" in kinds for kinds in piece.cues[1:3])
        points += _WEAK * seeks_first
    if _SELF.intersection(piece.words[:2]) and not piece.around & {"seek", "question"}:
        points -= _UNLIKELY
    if _STATES.match(" ".join(piece.words[:3])) and not seeks:
        points -= _UNLIKELY
    if piece.begins_item and "not" not in piece.kinds | piece.over:
        if piece.over & {"seek", "optional"} and piece.over & {"have", "optional"} != {"have"}:
            points += _LIKELY
        elif "have" in piece.over and not seeks:
            points -= _UNLIKELY
    return points


def _asked_on_points(piece: Piece, begins: bool) -> float:
    """Return points for what goes on with a need: not in a new sentence, or with a new request."""
    if piece.is_heading or begins or piece.separator == "p;" or _ENUMERATOR.match(piece.text):
        return -_IMPOSSIBLE
    if _asks_anew(piece):
        return -2 * _UNLIKELY
    first = piece.words[1:2] if piece.words[:1] and piece.words[0] in _ALSO else piece.words[:1]
    listed = piece.separator == "p," or len(first) and first != piece.words[:1]
    return -_WEAK if listed and _INDEFINITE.intersection(first) else 0.0


def _declined(pieces: Sequence[Piece]) -> list[bool]:
    """Return which pieces are in a clause that ends in a negation: `Händler suchen wir nicht`."""
    declined = [False] * len(pieces)
    for place in range(len(pieces) - 1, -1, -1):
        piece = pieces[place]
        last = place + 1 == len(pieces) or pieces[place + 1].sentence > piece.sentence
        if last or piece.text[-1] in ",;:.":
            declined[place] = bool(piece.words) and piece.words[-1] in _FINAL_NEGATIONS
        else:
            declined[place] = declined[place + 1]
    return declined


def _asks_anew(piece: Piece) -> bool:
    """Return whether it begins like `and look for`, `and who`."""
    opens = frozenset[str]().union(*piece.cues[:2])
    return bool(opens & {"seek", "question", "optional"} and _ALSO.intersection(piece.words[:1]))


def _joined(
    pieces: Sequence[Piece], items: Sequence[Sequence[str]], labels: Sequence[Label]
) -> Iterator[Passage]:
    start = 0
    for place in range(1, len(pieces) + 1):
        goes_on = place < len(pieces) and (
            labels[place] == Label.ASKED_ON
            if labels[start] in {Label.ASKED, Label.ASKED_ON}
            else labels[place] == labels[start]
        )
        if not goes_on:
            label = Label.ASKED if labels[start] == Label.ASKED_ON else labels[start]
            features = tuple(tuple(item) for item in items[start:place])
            first, last = pieces[start], pieces[place - 1]
            yield Passage(label, first.start, last.end, tuple(pieces[start:place]), features)
            start = place


def need_of(text: str, passage: Passage) -> Need | None:
    """Return the need that a passage asks for; None where nothing is left of it."""
    asked = text[passage.start : passage.end]
    if len(asked) > _MAX_NEED_LENGTH:
        asked = asked[: _MAX_NEED_LENGTH + 1].rpartition(" ")[0]
    words = list(_WORD.finditer(asked))
    chain = load_chain("trim")
    kept = chain.decode(chain.points(word_features(asked)))
    places = [place for place, label in enumerate(kept) if label == "keep"]
    if not any(fold(words[place].group().casefold()) not in STOP_WORDS for place in places):
        places = list(range(len(words)))
    if not places:
        return None
    first, last = places[0], places[-1]
    folded = [fold(word.group().casefold()) for word in words]
    while last > first and folded[last] in STOP_WORDS:
        last -= 1
    while first < last and folded[first] in _ALSO:
        first += 1
    end = _closed(asked, words[first].start(), words[last].end())
    need = strip_lead_in(" ".join(asked[words[first].start() : end].split()))
    if len(need) < _MIN_NEED_LENGTH:
        return None
    return Need(need, level_of(passage), stage=stage_of_need(need))


def _closed(asked: str, start: int, end: int) -> int:
    """Return the end of `asked[start:end]` with a bracket that is open there closed."""
    if asked.count("(", start, end) <= asked.count(")", start, end):
        return end + (asked[end : end + 1] == "%")
    closing = asked.find(")", end)
    return closing + 1 if closing > 0 else end


def word_features(asked: str) -> list[list[str]]:
    """Return the features of each word of what is asked, for the chain `trim`."""
    matches = list(_WORD.finditer(asked))
    words = [fold(match.group().casefold()) for match in matches]
    cues = cues_of(words)
    items = []
    for place, word in enumerate(words):
        after = asked[matches[place].end() :][:2].strip()[:1]
        found = ["b", f"w={word}", f"s3={word[-3:]}", f"p5={word[:5]}", f"i={min(place, 8)}"]
        found += [f"e={min(len(words) - place, 4)}", f"a={after}"]
        found += [f"c={kind}" for kind in cues[place]]
        found += [f"stop{word in STOP_WORDS}"]
        for step in (-2, -1, 1, 2):
            near = words[place + step] if 0 <= place + step < len(words) else ""
            found += [f"{step}={near}"]
            found += [f"{step}c={kind}" for kind in (cues[place + step] if near else ())]
        items.append(found)
    return items


def level_of(passage: Passage) -> NeedLevel:
    """Return how much a passage wants what it asks for."""
    words = [word for piece in passage.pieces for word in words_in(piece.text)]
    opens = frozenset[str]().union(*passage.pieces[0].cues[:2])
    if "optional" in opens or any(cue.kind == CueKind.OPTIONAL for cue in cues_in(words, None)):
        return NeedLevel.NICE
    chain = load_chain("level")
    (label,) = chain.decode(chain.points([level_features(passage)]))
    return NeedLevel(label)


def level_features(passage: Passage) -> list[str]:
    """Return the features for the chain `level`."""
    taken = ("w=", "c=", "h=", "hw=", "lab", "sc=", "Pc=", "bg=")
    return sorted({f for item in passage.features for f in item if f.startswith(taken)} | {"b"})


def stage_of_need(need: str) -> Stage | None:
    """Return the value-chain stage of a need, by its clear words or else by the chain.

    On the labelled needs the words are right more often where they tell anything (61 % and 57 %).
    """
    if (clear := stage_of(need)) is not None:
        return clear
    chain = load_chain("stage")
    (label,) = chain.decode(chain.points([stage_features(need)]))
    return None if label == NO_STAGE else Stage(label)


def stage_features(need: str) -> list[str]:
    """Return the features for the chain `stage`."""
    words = [fold(match.group().casefold()) for match in _WORD.finditer(need)]
    rule = stage_of(need) or NO_STAGE
    found = {"b", f"r={rule}", f"f={words[0]}" if words else "b"}
    for word in words:
        found |= {f"w={word}", f"p5={word[:5]}", f"p4={word[:4]}", f"s5={word[-5:]}"}
    return sorted(found)
