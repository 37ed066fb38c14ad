"""Describes each piece of a brief by features: its words and cues, and what is around it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from matcher.needs.extraction.pieces import MAX_HEADING_WORDS, Line, Piece

_WORD = re.compile(r"[^\W_]+")
_SUBJECTS = frozenset("we wij nous wir ik ich je i on notre onze unser unsere our".split())
_TELLING = frozenset(("seek", "question", "not", "optional", "have"))
"""The kinds of cues that tell what is said of the sender."""
_MAX_CONTEXT = 40
"""Of a longer sentence, so many pieces count as context: the time stays linear."""


def features_of(text: str, pieces: Sequence[Piece], lines: Sequence[Line]) -> list[list[str]]:
    """Return the features of each piece, and tell it what its `over` and `around` are."""
    sentences: list[list[Piece]] = []
    for piece in pieces:
        if piece.sentence == len(sentences):
            sentences.append([])
        sentences[-1].append(piece)
    asks = any(piece.kinds & {"seek", "question"} for piece in pieces)
    items = []
    for place, piece in enumerate(pieces):
        line, sentence = lines[piece.line], sentences[piece.sentence]
        _relate(piece, line, sentence)
        found = ["b", *_own(piece, text.isupper()), *_in_line(piece, line, len(lines))]
        found += _in_sentence(piece, sentence)
        found += _around(place, pieces)
        found += [f"pos={4 * place // len(pieces)}"]
        found += [f"short{len(pieces)}"] if len(pieces) <= 3 else []
        found += [] if asks else ["noseek"]
        items.append(found)
    return items


def _relate(piece: Piece, line: Line, sentence: Sequence[Piece]) -> None:
    """Tell a piece about its sentence, its line and the heading above."""
    piece.is_heading = line.is_heading
    piece.around = line.heading.union(*(each.kinds for each in sentence[:_MAX_CONTEXT]))
    label = line.label if line.label and line.label[-1].start < piece.start else ()
    own = frozenset[str]().union(*(each.kinds for each in label))
    piece.over = own or line.heading
    piece.around |= piece.over
    only_signs = piece.start - label[-1].end <= 2 if label else piece.start == line.pieces[0].start
    piece.begins_item = only_signs and (line.bullet or bool(label))


def _own(piece: Piece, all_capitals: bool) -> Iterator[str]:
    words, text = piece.words, piece.text
    for word in set(words):
        yield f"w={word}"
        if len(word) > 5:
            yield f"p5={word[:5]}"
    yield from (f"s3={word[-3:]}" for word in words[:3] if len(word) > 4)
    yield from (f"bg={word}_{following}" for word, following in pairwise(words))
    if words:
        yield from (f"f={words[0]}", f"l={words[-1]}", f"f2={'_'.join(words[:2])}")
        yield f"f3={'_'.join(words[:3])}"
    for place, kinds in enumerate(piece.cues[:3]):
        yield from (f"fc{place}={kind}" for kind in kinds)
    yield from (f"c={kind}" for kind in piece.kinds)
    yield from (f"lc={kind}" for kind in (piece.cues[-1] if piece.cues else ()))
    ordered = sorted(piece.kinds)
    yield from (f"cc={a}{b}" for place, a in enumerate(ordered) for b in ordered[place + 1 :])
    yield f"call={'|'.join(ordered)}"
    for word in words[:3]:
        if word in _SUBJECTS:
            yield f"subject={'|'.join(kind for kind in ordered if kind in _TELLING)}"
    yield f"sep={piece.separator}"
    yield f"end={text[-1] if not text[-1].isalnum() else 'a'}"
    yield f"n={min(len(words), 8)}"
    if any(map(str.isdigit, text)):
        yield "digit"
    if text.isupper() and not all_capitals and len(text) > 4:
        yield "caps"
    if text[0].isupper():
        yield f"Cap{piece.separator}"
    if all(word[0].isupper() for word in _WORD.findall(text)):
        yield "title"
    if "@" in text or "http" in text or "www" in text:
        yield "mail"


def _in_line(piece: Piece, line: Line, lines: int) -> Iterator[str]:
    bullet = "B" if line.bullet else ""
    place = piece.start - line.pieces[0].start
    if bullet:
        yield "bullet"
    yield "lfirst" if place == 0 else "lrest"
    yield f"llen={min(len(line.pieces), 4)}"
    if line.pieces[-1].text.endswith(":"):
        yield "lcolon"
    if line.label and line.label[-1].start < piece.start:
        words = [word for each in line.label for word in each.words]
        kinds = frozenset[str]().union(*(each.kinds for each in line.label))
        yield from (f"lab={word}" for word in words[-MAX_HEADING_WORDS:])
        yield from (f"labc={kind}" for kind in (*kinds, bullet))
        yield f"laball={'|'.join(sorted(kinds))}"
    elif line.label:
        yield "inlabel"
    if place:
        yield from (f"labf={word}" for word in line.pieces[0].words[:2])
    yield from (f"h={kind}" for kind in line.heading)
    yield from (f"hw={word}" for word in line.heading_words)
    yield f"hall={'|'.join(sorted(line.heading))}{bullet}"
    yield f"li={min(piece.line, 3)}"
    yield f"le={min(lines - 1 - piece.line, 4)}"


def _in_sentence(piece: Piece, sentence: Sequence[Piece]) -> Iterator[str]:
    number = next(place for place, each in enumerate(sentence[:5]) if each is piece or place == 4)
    everything = frozenset[str]().union(*(each.kinds for each in sentence[:_MAX_CONTEXT]))
    yield f"spos={number}"
    if number:
        yield from (f"sf={word}" for word in sentence[0].words[:2])
        yield from (f"sbf={kind}" for kind in sentence[0].kinds)
    yield from (f"sc={kind}" for kind in everything)
    yield f"scall={'|'.join(sorted(everything))}"
    if sentence[-1].text.endswith("?"):
        yield "q"
        yield from (f"q&{kind}" for kind in piece.kinds)


def _around(place: int, pieces: Sequence[Piece]) -> Iterator[str]:
    for step, name in ((-1, "P"), (1, "N"), (-2, "PP"), (2, "NN")):
        if not 0 <= place + step < len(pieces):
            yield f"{name}none"
            continue
        near = pieces[place + step]
        yield from (f"{name}c={kind}" for kind in near.kinds)
        if step in {-1, 1}:
            yield from (f"{name}w={word}" for word in (*near.words[:1], *near.words[-1:]))
            yield f"{name}call={'|'.join(sorted(near.kinds))}"
            yield f"{name}sep={near.separator}"
