"""The word view: the weighted sum of the vectors of a text's words and concepts.

A table that comes with the service holds vectors of English words and of the concepts' English
labels, distilled from a sentence transformer (see `embeddings.tools.distil`) and rounded to bytes.
The vector of a text is their sum, weighted by how rare each word or concept is in the corpus (Arora
et al., 2017, A Simple but Tough-to-Beat Baseline for Sentence Embeddings), then whitened on the
corpus. Words in other languages are covered by the lexicon, which maps them to concepts.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from embeddings.lexicon import Lexicon
from embeddings.shipped_files import DATA, checked
from embeddings.stopwords import STOP_WORDS
from embeddings.whitening import (
    Floats,
    Whitening,
    fit_whitening,
    load_whitening,
    save_whitening,
)
from embeddings.words import fold, words_of

_MIN_WORD_LENGTH = 3
_SOFTNESS = 2.0
"""How softly the sums are whitened; see `embeddings.whitening`. Origin: 1, 2, 4 and 8 compared on
two families."""


class WordTable:
    """Vectors (entries, dim) of folded words and of phrases, whose words are joined by spaces.

    A vector is its row of int8 `codes` times its `scales` entry.
    """

    def __init__(self, entries: Sequence[str], codes: NDArray[np.int8], scales: Floats) -> None:
        self.index_of = {entry: index for index, entry in enumerate(entries)}
        self.codes = codes
        self.scales = scales
        digest = hashlib.sha256("\n".join(entries).encode())
        digest.update(np.ascontiguousarray(codes).tobytes())
        self.fingerprint = digest.hexdigest()[:16]

    @property
    def dim(self) -> int:
        """The number of columns."""
        return int(self.codes.shape[1])

    def rows_of_label(self, label: str) -> tuple[int, ...]:
        """Return the row of a label, or the rows of its known words, whose mean is its vector."""
        words = [fold(word) for word in words_of(label)]
        whole = self.index_of.get(" ".join(words))
        if whole is not None:
            return (whole,)
        return tuple(self.index_of[word] for word in words if word in self.index_of)

    def weighted_sums(self, bags: Sequence[Sequence[tuple[int, float]]]) -> Floats:
        """Return for each bag of (row, weight) the weighted sum of the rows, (n, dim) float32."""
        sums = np.zeros((len(bags), self.dim), dtype=np.float32)
        for place, bag in enumerate(bags):
            if bag:
                rows = [row for row, _ in bag]
                weights = np.array([weight for _, weight in bag], dtype=np.float32)
                sums[place] = (weights * self.scales[rows]) @ self.codes[rows].astype(np.float32)
        return sums


@cache
def shipped_table() -> WordTable:
    """Return the table that comes with the service, loaded once."""
    entries = checked(DATA / "word-vector-entries.txt").read_text(encoding="utf-8").split("\n")
    codes_file = checked(DATA / "word-vector-codes.npy")
    codes = np.load(codes_file, mmap_mode="r", allow_pickle=False)
    scales_file = checked(DATA / "word-vector-scales.npy")
    scales = np.load(scales_file, allow_pickle=False).astype(np.float32)
    return WordTable(entries, codes, scales)


class WordVectors:
    """Weighted sums of word vectors. Weights (rarity) and whitening are fitted on a corpus."""

    def __init__(
        self, lexicon: Lexicon, rarity: dict[str, float], unseen: float, whitening: Whitening
    ) -> None:
        self.lexicon = lexicon
        self.rarity = rarity
        self.unseen = unseen
        self.whitening = whitening
        self._table = shipped_table()
        self._concept_rows: dict[str, tuple[int, ...]] = {}

    @classmethod
    def fit(cls, texts: Sequence[str], lexicon: Lexicon) -> WordVectors:
        """Fit on `texts`: an entry in n of N texts has rarity log(N / n) + 0.1."""
        frequency: Counter[str] = Counter()
        blank = cls(lexicon, {}, 1.0, Whitening(np.zeros(0, np.float32), np.zeros((0, 0), "f4")))
        bags = [blank.bag(text) for text in texts]
        for bag in bags:
            frequency.update(set(bag))
        rarity = {key: float(np.log(len(texts) / n) + 0.1) for key, n in frequency.items()}
        unseen = float(np.log(max(len(texts), 2)) + 0.1)
        fitted = cls(lexicon, rarity, unseen, blank.whitening)
        fitted.whitening = fit_whitening(fitted._weigh(bags)[0], _SOFTNESS)
        return fitted

    @property
    def dim(self) -> int:
        """The number of columns of the vectors."""
        return self._table.dim

    def bag(self, text: str) -> Counter[str]:
        """Count the entries of a text: `#name` for a concept, otherwise the word.

        Words that aren't in the table count too: they show how much of a text is unknown.
        """
        found = self.lexicon.find(text)
        bag = Counter(f"#{self.lexicon.concepts[number].name}" for number in found.concepts)
        bag.update(
            word
            for word in found.rest
            if len(word) >= _MIN_WORD_LENGTH and word not in STOP_WORDS and not word.isdigit()
        )
        return bag

    def encode(self, texts: Sequence[str]) -> Floats:
        """Return rows (n, dim) whose squared length is the known share of the text."""
        sums, shares = self._weigh([self.bag(text) for text in texts])
        scaled: Floats = self.whitening.apply(sums) * np.sqrt(shares)[:, None]
        return scaled

    def _weigh(self, bags: Sequence[Counter[str]]) -> tuple[Floats, Floats]:
        """Return the weighted sums (n, dim) of the entries' vectors, and the known shares (n,).

        The share of a text, weighted by rarity, that is in the table is from 0 to 1.
        """
        weighted: list[list[tuple[int, float]]] = []
        shares = np.zeros(len(bags), dtype=np.float32)
        for place, bag in enumerate(bags):
            terms: list[tuple[int, float]] = []
            known = total = 0.0
            for entry, count in bag.items():
                rarity = self.rarity.get(entry, self.unseen)
                rows = self._rows_of(entry)
                total += rarity
                if rows:
                    known += rarity
                    weight = rarity * (1.0 + math.log(count)) / len(rows)
                    terms.extend((row, weight) for row in rows)
            weighted.append(terms)
            shares[place] = known / total if known else 0.0
        return self._table.weighted_sums(weighted), shares

    def _rows_of(self, entry: str) -> tuple[int, ...]:
        """Return the rows of the table whose mean is the vector of an entry; none is unknown."""
        if not entry.startswith("#"):
            row = self._table.index_of.get(entry)
            return () if row is None else (row,)
        rows = self._concept_rows.get(entry)
        if rows is None:
            rows = self._concept_rows[entry] = self._table.rows_of_label(entry[1:])
        return rows

    def update(self, digest: Any) -> None:
        """Add everything that the vectors depend on to a hash."""
        digest.update(self.lexicon.fingerprint.encode())
        digest.update(self._table.fingerprint.encode())
        digest.update(json.dumps([self.unseen, sorted(self.rarity.items())]).encode())
        self.whitening.update(digest)

    def save(self, folder: Path) -> None:
        """Write rarity and whitening into `folder`; the table stays where it is."""
        fitted = {"unseen": self.unseen, "rarity": self.rarity}
        (folder / "word-vectors.json").write_text(json.dumps(fitted), encoding="utf-8")
        save_whitening(self.whitening, folder, "word-vectors")

    @classmethod
    def load(cls, folder: Path, lexicon: Lexicon) -> WordVectors:
        """Load what `save` wrote. Raises OSError, ValueError or KeyError where it is damaged."""
        fitted = json.loads((folder / "word-vectors.json").read_text(encoding="utf-8"))
        whitening = load_whitening(folder, "word-vectors")
        return cls(lexicon, fitted["rarity"], fitted["unseen"], whitening)
