"""What is around a piece, as numbers, for the second stage of `labels`.

A list item is like its siblings, a sentence like the ones next to it: so each piece is told which
cues are where around it, and what the first stage made of its neighbours. Everything is computed in
time linear in the number of pieces.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence

import numpy as np

from matcher.needs.extraction.chain import Floats
from matcher.needs.extraction.pieces import Line, Piece

KINDS = ("seek", "question", "have", "not", "optional", "done", "courtesy", "context")
"""The kinds of cues, in the order of the columns."""
_REACH = 3
"""So many neighbours on each side count."""


def context_of(pieces: Sequence[Piece], lines: Sequence[Line], points: Sequence[Floats]) -> Floats:
    """Return rows (n, d): points (n, k) around each piece, and the cues and signs around it."""
    around = [_around(pieces, lines, each) for each in points]
    return np.concatenate([*around, _cues_around(pieces, lines), _signs(pieces, lines)], axis=1)


def shifted(rows: Floats, step: int) -> Floats:
    """Return rows moved so that row i is that of i + `step`; zeros beyond the ends."""
    moved = np.zeros_like(rows)
    if step >= 0:
        moved[: max(len(rows) - step, 0)] = rows[step:]
    else:
        moved[-step:] = rows[:step]
    return moved


def group_means(rows: Floats, groups: Sequence[int]) -> Floats:
    """Return the mean (g, k) of the rows (n, k) of each group, numbered from 0."""
    numbers = np.asarray(groups)
    sums = np.zeros((int(numbers.max()) + 1, rows.shape[1]), dtype=np.float32)
    np.add.at(sums, numbers, rows)
    counts = np.maximum(np.bincount(numbers, minlength=len(sums)), 1)
    return np.asarray(sums / counts[:, None], dtype=np.float32)


def _around(pieces: Sequence[Piece], lines: Sequence[Line], points: Floats) -> Floats:
    """Return the points of a piece and of what is around it, side by side."""
    steps = [0, *(step for far in range(1, _REACH + 1) for step in (-far, far))]
    found = [shifted(points, step) for step in steps]
    for groups in ([piece.sentence for piece in pieces], [piece.line for piece in pieces]):
        means = group_means(points, groups)
        found += [shifted(means, step)[groups] for step in (0, -1, 1)]
    found += _siblings(pieces, lines, points)
    whole = np.stack([points.max(axis=0), points.mean(axis=0)])
    found += [np.broadcast_to(row, points.shape) for row in whole]
    return np.concatenate(found, axis=1)


def _siblings(pieces: Sequence[Piece], lines: Sequence[Line], points: Floats) -> list[Floats]:
    """Return the mean points of all items under a heading, and of how the other items begin."""
    lists = _numbered(line.heading_words for line in lines)
    of_piece = [lists[piece.line] for piece in pieces]
    in_list = np.array([[lines[piece.line].bullet] for piece in pieces], dtype=np.float32)
    first = np.array([piece is lines[piece.line].pieces[0] for piece in pieces])
    starts = np.flatnonzero(first)  # one for each line, in order
    sums = np.zeros((max(lists) + 1, points.shape[1]), dtype=np.float32)
    counts = np.zeros(len(sums), dtype=np.float32)
    bulleted = [number for number, line in enumerate(lines) if line.bullet]
    np.add.at(sums, [lists[number] for number in bulleted], points[starts[bulleted]])
    np.add.at(counts, [lists[number] for number in bulleted], 1.0)
    own = points[starts][[piece.line for piece in pieces]]
    others = (sums[of_piece] - own) / np.maximum(counts[of_piece] - 1, 1)[:, None]
    others *= (counts[of_piece] > 1)[:, None]
    items = points * in_list
    shares = group_means(in_list, of_piece)[of_piece]
    means = group_means(items, of_piece)[of_piece] / np.maximum(shares, 1e-6)
    found = (means * in_list, others * in_list)
    return [each.astype(np.float32) for each in found]


def _numbered(keys: Iterable[Hashable]) -> list[int]:
    numbers: dict[Hashable, int] = {}
    return [numbers.setdefault(key, len(numbers)) for key in keys]


def _row(kinds: Iterable[str]) -> list[bool]:
    found = frozenset(kinds)
    return [kind in found for kind in KINDS]


def _cues_around(pieces: Sequence[Piece], lines: Sequence[Line]) -> Floats:
    """Return which kinds of cues are where around each piece, (n, 12 * kinds)."""
    own = np.array([_row(piece.kinds) for piece in pieces])
    first = np.array([_row(piece.cues[0] if piece.cues else ()) for piece in pieces])
    sentences = [piece.sentence for piece in pieces]
    of_sentence = np.zeros((sentences[-1] + 1, len(KINDS)), dtype=bool)
    np.logical_or.at(of_sentence, sentences, own)
    before, after = _before(own, sentences), _before(own[::-1], sentences[::-1])[::-1]
    told = np.logical_or.accumulate(of_sentence, axis=0)
    over = [
        [*_row(_tail(piece, line)), *_row(_label_kinds(piece, line)), *_row(line.heading)]
        for piece in pieces
        for line in (lines[piece.line],)
    ]
    parts = [own, first, before, after, _moved(of_sentence, -1)[sentences]]
    parts += [_moved(of_sentence, 1)[sentences], np.array(over)]
    parts += [np.array([_row(piece.over) for piece in pieces]), _moved(told, -1)[sentences]]
    parts += [np.broadcast_to(told[-1], own.shape)]
    return np.concatenate(parts, axis=1).astype(np.float32)


def _moved(rows: np.ndarray[tuple[int, int], np.dtype[np.bool_]], step: int) -> Floats:
    return shifted(rows.astype(np.float32), step)


def _before(
    own: np.ndarray[tuple[int, int], np.dtype[np.bool_]], sentences: Sequence[int]
) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    """Return the kinds of the pieces that come earlier in the sentence of each piece."""
    found = np.zeros_like(own)
    for place in range(1, len(own)):
        if sentences[place] == sentences[place - 1]:
            found[place] = found[place - 1] | own[place - 1]
    return found


def _tail(piece: Piece, line: Line) -> frozenset[str]:
    """Return the cues of the last piece of its line: `2.1 harbour dues – vacant`."""
    return frozenset() if piece is line.pieces[-1] else line.pieces[-1].kinds


def _label_kinds(piece: Piece, line: Line) -> frozenset[str]:
    if not line.label or line.label[-1].start >= piece.start:
        return frozenset()
    return frozenset[str]().union(*(each.kinds for each in line.label))


def _signs(pieces: Sequence[Piece], lines: Sequence[Line]) -> Floats:
    """Return how each piece is written, (n, 19); not where in the brief: that is mere habit."""
    last_of = {piece.sentence: piece for piece in pieces}
    rows = []
    for place, piece in enumerate(pieces):
        line, end = lines[piece.line], last_of[piece.sentence]
        begins = not place or pieces[place - 1].sentence != piece.sentence
        sign = piece.text[-1]
        rows.append(
            [
                *(begins, piece is end, piece is line.pieces[0], piece is line.pieces[-1]),
                *(line.bullet, piece.is_heading, piece.begins_item, bool(line.label)),
                *(len(piece.words) / 8, sign in ".!", sign == "?", sign == ",", sign == ":"),
                *(piece.separator == "w", piece.separator.startswith("NL")),
                *(piece.separator == "p,", end.text.endswith("?"), len(line.pieces) == 1),
                any(map(str.isdigit, piece.text)),
            ]
        )
    return np.array(rows, dtype=np.float32)
