"""Fits the chains that read needs from briefs: python -m benchmarks.fit_reading.

They are fitted on the labelled briefs of the authors that aren't held out, with python-crfsuite
(Okazaki, 2007; MIT), which only this command needs: pip install python-crfsuite==0.9.12
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.labelled_briefs import LabelledBrief, read_briefs
from benchmarks.reading import content_words
from embeddings.words import fold
from matcher.needs.extraction import reading
from matcher.needs.extraction.chain import Chain, Floats, save_chain
from matcher.needs.extraction.pieces import Piece, features_of, pieces_of
from matcher.needs.extraction.reading import Label, Passage

_MIN_WEIGHT = 0.02
"""Smaller weights are left out."""

Items = Sequence[Sequence[str]]
Sequences = list[tuple[Items, list[str]]]


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
    labels = [bounds[owner][2] for owner in owners]
    for number, (_, _, label) in enumerate(bounds):
        own = [place for place, owner in enumerate(owners) if owner == number]
        if label != Label.ASKED or not own:
            continue
        # What ends with a colon is a label: `we need: sensors`.
        rest = [place for place in own if not pieces[place].text.endswith(":")] or own
        for place in own:
            first, after = place == rest[0], place > rest[0]
            labels[place] = (
                Label.ASKED if first else Label.ASKED_ON if after else Label.CONTEXT
            ).value
    return labels, owners


def asked_passages(brief: LabelledBrief) -> list[tuple[Passage, int]]:
    """Return the passages that ask for something, with the number of their need."""
    pieces = pieces_of(brief.text)
    items = features_of(brief.text, pieces)
    labels, owners = piece_labels(brief, pieces)
    asked = [number for number, (label, _) in enumerate(brief.segments) if label == Label.ASKED]
    found = []
    for place, passage in enumerate(asked):
        own = [
            n
            for n, owner in enumerate(owners)
            if owner == passage and labels[n] in {Label.ASKED, Label.ASKED_ON}
        ]
        if own:
            chosen = tuple(pieces[n] for n in own)
            features = tuple(tuple(items[n]) for n in own)
            found.append(
                (Passage(Label.ASKED, chosen[0].start, chosen[-1].end, chosen, features), place)
            )
    return found


def fit_chain(sequences: Sequences, l1: float = 0.1, l2: float = 1.0) -> Chain:
    """Fit a chain on sequences of (items, labels)."""
    import pycrfsuite

    trainer = pycrfsuite.Trainer(verbose=False)
    for items, labels in sequences:
        trainer.append(pycrfsuite.ItemSequence([list(item) for item in items]), labels)
    trainer.set_params({"c1": l1, "c2": l2, "max_iterations": 150, "feature.minfreq": 2})
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "model")
        trainer.train(path)
        tagger = pycrfsuite.Tagger()
        tagger.open(path)
        return _as_chain(tagger.info(), tuple(sorted(tagger.labels())))


def _as_chain(info: object, labels: tuple[str, ...]) -> Chain:
    """Turn what was fitted into arrays."""
    rows: dict[str, Floats] = {}
    for (feature, label), weight in info.state_features.items():  # type: ignore[attr-defined]
        row = rows.setdefault(feature, np.zeros(len(labels), dtype=np.float32))
        row[labels.index(label)] = weight
    transitions = np.zeros((len(labels), len(labels)), dtype=np.float32)
    for (label, following), weight in info.transitions.items():  # type: ignore[attr-defined]
        transitions[labels.index(label), labels.index(following)] = weight
    kept = {name: row for name, row in rows.items() if np.abs(row).max() >= _MIN_WEIGHT}
    weights = np.stack(list(kept.values())) if kept else np.zeros((0, len(labels)))
    return Chain(
        labels,
        {name: place for place, name in enumerate(kept)},
        weights.astype(np.float32),
        transitions,
    )


def fit_chains(briefs: Sequence[LabelledBrief]) -> dict[str, Chain]:
    """Fit the four chains on briefs."""
    whole: Sequences = []
    trim: Sequences = []
    level: Sequences = []
    stage: Sequences = []
    for brief in briefs:
        pieces = pieces_of(brief.text)
        labels, _ = piece_labels(brief, pieces)
        whole.append((features_of(brief.text, pieces), labels))
        for passage, number in asked_passages(brief):
            need = brief.needs[number]
            asked = brief.text[passage.start : passage.end]
            trim.append((reading.word_features(asked), _kept(asked, need.text)))
            level.append(([reading.level_features(passage)], [need.level.value]))
        for need in brief.needs:
            label = need.stage.value if need.stage else reading.NO_STAGE
            stage.append(([reading.stage_features(need.text)], [label]))
    return {
        "pieces": fit_chain(whole),
        "trim": fit_chain(trim),
        "level": fit_chain(level),
        "stage": fit_chain(stage),
    }


def _kept(asked: str, need: str) -> list[str]:
    """Return `keep` for each word from the first to the last word of the need."""
    words = [fold(match.group().casefold()) for match in reading._WORD.finditer(asked)]
    own = content_words(need)
    places = [place for place, word in enumerate(words) if word[:5] in own]
    first, last = (places[0], places[-1]) if places else (0, len(words) - 1)
    return ["keep" if first <= place <= last else "drop" for place in range(len(words))]


def main() -> None:
    briefs = [brief for brief in read_briefs() if not brief.is_held_out]
    for name, chain in fit_chains(briefs).items():
        save_chain(chain, name)
        print(f"{name}: {len(chain.row_of)} features")


if __name__ == "__main__":
    main()
