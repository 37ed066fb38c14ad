"""The pieces of a brief are labelled by two stages, whose sums are those of their definitions."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from matcher.needs.extraction import data_files
from matcher.needs.extraction.chain import Chain, best_path
from matcher.needs.extraction.labels import Label, label_pieces, vectors_of
from matcher.needs.extraction.piece_context import context_of, group_means, shifted
from matcher.needs.extraction.pieces import lines_of, pieces_of

LISTS = "What we have also:\n- a dairy\n- a van\nWhat we still need:\n- a cheese laboratory\n"


def test_probabilities_are_those_of_all_sequences() -> None:
    drawn = np.random.default_rng(3)
    points = drawn.normal(size=(4, 2)).astype(np.float32)
    transitions = drawn.normal(size=(2, 2)).astype(np.float32)
    expected, total, best = np.zeros((4, 2)), 0.0, (-np.inf, ())
    for labels in product(range(2), repeat=4):
        sum_of_points = sum(points[place, label] for place, label in enumerate(labels))
        sum_of_points += sum(transitions[a, b] for a, b in zip(labels, labels[1:], strict=False))
        best = max(best, (sum_of_points, labels))
        total += np.exp(sum_of_points)
        for place, label in enumerate(labels):
            expected[place, label] += np.exp(sum_of_points)
    chain = Chain(("a", "b"), {}, np.zeros((0, 2), dtype=np.float32), transitions)
    np.testing.assert_allclose(chain.probabilities(points), expected / total, atol=1e-5)
    assert tuple(best_path(points, transitions)) == best[1]


def test_rows_are_shifted_and_groups_have_means() -> None:
    rows = np.array([[1.0], [2.0], [6.0]], dtype=np.float32)
    assert shifted(rows, 1).ravel().tolist() == [2, 6, 0]
    assert shifted(rows, -2).ravel().tolist() == [0, 0, 1]
    assert shifted(rows, 5).ravel().tolist() == shifted(rows, -5).ravel().tolist() == [0, 0, 0]
    assert group_means(rows, [0, 1, 1]).ravel().tolist() == [1, 4]


def test_items_are_labelled_by_the_heading_above() -> None:
    pieces = pieces_of(LISTS)
    labels, items = label_pieces(LISTS, pieces)
    found = {piece.text: label for piece, label in zip(pieces, labels, strict=True)}
    assert len(items) == len(pieces)
    assert found["- a cheese laboratory"] is Label.ASKED
    assert Label.ASKED not in {found["- a dairy"], found["- a van"]}


def test_the_label_of_a_line_goes_up_to_its_colon() -> None:
    pieces = pieces_of("We need: a laboratory\nWe are not looking for: banks")
    first, second = lines_of("", pieces)
    assert [piece.text for piece in first.label] == ["We need:"]
    assert " ".join(piece.text for piece in second.label) == "We are not looking for:"


def test_context_is_as_wide_for_one_piece_as_for_many() -> None:
    widths = set()
    for text in ("coating", LISTS):
        pieces = pieces_of(text)
        points = np.zeros((len(pieces), 6), dtype=np.float32)
        rows = context_of(pieces, lines_of(text, pieces), (points,))
        assert np.isfinite(rows).all()
        widths.add(rows.shape[1])
    assert len(widths) == 1


def test_a_text_without_pieces_has_no_labels() -> None:
    assert label_pieces("", []) == ([], [])
    assert len(vectors_of(pieces_of("coating, " * 500))) == 500


def test_damaged_arrays_are_refused(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(data_files, "_FOLDER", tmp_path)
    data_files.write_arrays("one", {"weights": np.arange(3.0)})
    assert data_files.read_arrays("one")["weights"].tolist() == [0, 1, 2]
    with np.load(tmp_path / "one.npz") as arrays:
        parts = {name: arrays[name] for name in arrays.files}
    np.savez(tmp_path / "one.npz", **{**parts, "weights": np.arange(1.0, 4.0)})
    with pytest.raises(ValueError, match="damaged"):
        data_files.read_arrays("one")
