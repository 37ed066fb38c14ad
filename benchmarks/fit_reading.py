"""Fits the models that read needs from briefs: python -m benchmarks.fit_reading.

They are fitted on the labelled briefs of the authors that aren't held out, with python-crfsuite
(Okazaki, 2007; MIT), which only this command needs: pip install python-crfsuite==0.9.12
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from unittest.mock import patch

from benchmarks.fit_chain import Sequences, fit_chain
from benchmarks.fit_labels import LabelledPieces, fit_labels
from benchmarks.labelled_briefs import LabelledBrief, read_briefs
from benchmarks.reading import content_words
from embeddings.words import fold
from matcher.needs.extraction import labels, reading
from matcher.needs.extraction.chain import Chain, save_chain
from matcher.needs.extraction.labels import Label, LabelModel, save_label_model, vectors_of
from matcher.needs.extraction.piece_features import features_of
from matcher.needs.extraction.pieces import Piece, lines_of, pieces_of
from matcher.needs.extraction.reading import Passage


def piece_labels(brief: LabelledBrief, pieces: Sequence[Piece]) -> tuple[list[str], list[int]]:
    """Return the label of each piece, and the number of the segment that it is mostly in."""
    bounds, start = [], 0
    for label, text in brief.segments:
        bounds.append((start, start + len(text), label))
        start += len(text)
    owners = [
        max(
            range(len(bounds)),
            key=lambda n: min(piece.end, bounds[n][1]) - max(piece.start, bounds[n][0]),
        )
        for piece in pieces
    ]
    found_labels = [bounds[owner][2] for owner in owners]
    for number, (_, _, label) in enumerate(bounds):
        own = [place for place, owner in enumerate(owners) if owner == number]
        if label != Label.ASKED or not own:
            continue
        # What ends with a colon is a label: `we need: sensors`.
        rest = [place for place in own if not pieces[place].text.endswith(":")] or own
        for place in own:
            first, after = place == rest[0], place > rest[0]
            found_labels[place] = (
                Label.ASKED if first else Label.ASKED_ON if after else Label.CONTEXT
            ).value
    return found_labels, owners


def asked_passages(brief: LabelledBrief) -> list[tuple[Passage, int]]:
    """Return the passages that ask for something, with the number of their need."""
    pieces = pieces_of(brief.text)
    items = features_of(brief.text, pieces, lines_of(brief.text, pieces))
    found_labels, owners = piece_labels(brief, pieces)
    asked = [number for number, (label, _) in enumerate(brief.segments) if label == Label.ASKED]
    found = []
    for place, passage in enumerate(asked):
        own = [
            n
            for n, owner in enumerate(owners)
            if owner == passage and found_labels[n] in {Label.ASKED, Label.ASKED_ON}
        ]
        if own:
            chosen = tuple(pieces[n] for n in own)
            features = tuple(tuple(items[n]) for n in own)
            found.append(
                (Passage(Label.ASKED, chosen[0].start, chosen[-1].end, chosen, features), place)
            )
    return found


@dataclass(frozen=True, slots=True)
class Fitted:
    """All models that read a brief."""

    chains: dict[str, Chain]
    labels: LabelModel


def fit(briefs: Sequence[LabelledBrief]) -> Fitted:
    """Fit the models on briefs."""
    trim: Sequences = []
    level: Sequences = []
    stage: Sequences = []
    for brief in briefs:
        for passage, number in asked_passages(brief):
            need = brief.needs[number]
            asked = brief.text[passage.start : passage.end]
            trim.append((reading.word_features(asked), _kept(asked, need.text)))
            level.append(([reading.level_features(passage)], [need.level.value]))
        for need in brief.needs:
            label = need.stage.value if need.stage else reading.NO_STAGE
            stage.append(([reading.stage_features(need.text)], [label]))
    parts = [part for brief in briefs for part in (brief, *parts_of(brief))]
    labelled = map(labelled_pieces, parts)
    pieces, model = fit_labels([each for each in labelled if each.pieces])
    chains = {"pieces": pieces, "trim": fit_chain(trim), "level": fit_chain(level)}
    return Fitted({**chains, "stage": fit_chain(stage)}, model)


def parts_of(brief: LabelledBrief) -> list[LabelledBrief]:
    """Return what is asked with little around it, and any part: people also write short texts."""
    asked = [place for place, (label, _) in enumerate(brief.segments) if label == Label.ASKED]
    drawn = random.Random(brief.id)
    bounds = [sorted(drawn.sample(range(len(brief.segments) + 1), 2))] * (len(brief.segments) > 1)
    if asked:
        bounds += [[max(asked[0] - 1, 0), asked[-1] + 1], [asked[0], asked[0] + 1]]
    parts = (brief.segments[first:last] for first, last in bounds)
    found = [replace(brief, segments=part, needs=()) for part in parts if part != brief.segments]
    return [part for part in found if part.text.strip()]


def labelled_pieces(brief: LabelledBrief) -> LabelledPieces:
    """Return the pieces of a brief with all that labelling them takes."""
    pieces = pieces_of(brief.text)
    lines = lines_of(brief.text, pieces)
    items = features_of(brief.text, pieces, lines)
    right, _ = piece_labels(brief, pieces)
    return LabelledPieces(brief.persona, pieces, lines, items, vectors_of(pieces), right)


@contextmanager
def using(fitted: Fitted) -> Iterator[None]:
    """Read with models that aren't shipped."""
    with (
        patch.object(reading, "load_chain", fitted.chains.__getitem__),
        patch.object(labels, "load_chain", fitted.chains.__getitem__),
        patch.object(labels, "load_label_model", lambda: fitted.labels),
    ):
        reading.passages_of.cache_clear()
        yield
    reading.passages_of.cache_clear()


def _kept(asked: str, need: str) -> list[str]:
    """Return `keep` for each word from the first to the last word of the need."""
    words = [fold(match.group().casefold()) for match in reading._WORD.finditer(asked)]
    own = content_words(need)
    places = [place for place, word in enumerate(words) if word[:5] in own]
    first, last = (places[0], places[-1]) if places else (0, len(words) - 1)
    return ["keep" if first <= place <= last else "drop" for place in range(len(words))]


def main() -> None:
    fitted = fit([brief for brief in read_briefs() if not brief.is_held_out])
    for name, chain in fitted.chains.items():
        save_chain(chain, name)
        print(f"{name}: {len(chain.row_of)} features")
    save_label_model(fitted.labels)


if __name__ == "__main__":
    main()
