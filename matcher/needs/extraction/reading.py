"""Reads a brief with fitted models: which pieces ask for something, and for what.

`labels` labels the pieces. The chain `trim` finds the words of the need in what is asked, `stage`
and `level` the rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from embeddings.stopwords import STOP_WORDS
from embeddings.words import fold
from matcher.domain import Need, NeedLevel, Stage
from matcher.needs.extraction.chain import load_chain
from matcher.needs.extraction.labels import Label, label_pieces
from matcher.needs.extraction.lead_ins import strip_lead_in
from matcher.needs.extraction.pieces import Piece, cues_of, pieces_of
from matcher.needs.extraction.stage_scores import stage_of
from matcher.needs.extraction.vocabulary import CueKind, cues_in, words_in

NO_STAGE = "none"
_MAX_NEED_LENGTH = 500
_MIN_NEED_LENGTH = 3
_CACHED = 64
_ALSO = frozenset("and et en und".split())
_INDEFINITE = frozenset("a an een un une ein eine einen einem einer".split())
_WORD = re.compile(r"[^\W_]+(?:[-'’.][^\W_]+)*")


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
    labels, items = label_pieces(text, pieces)
    return tuple(_joined(pieces, items, labels))


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
    while first < last and folded[first] in _ALSO | _INDEFINITE:
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
