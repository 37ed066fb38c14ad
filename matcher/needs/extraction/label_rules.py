"""Rules for what hardly can be asked for, or nearly must be, however the words look.

The second stage of `labels` weighs them: they count most in short texts, which tell models little.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from matcher.needs.extraction.chain import Floats
from matcher.needs.extraction.pieces import Piece

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


def rule_points(pieces: Sequence[Piece]) -> Floats:
    """Return points (n, 3) for asked, asked on and not wanted, as rules see the pieces."""
    asked, asked_on, unwanted = range(3)
    points = np.zeros((len(pieces), 3), dtype=np.float32)
    declined = _declined(pieces)
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
