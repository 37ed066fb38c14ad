"""What words mean, from a table that comes with the service: vectors of words and concepts.

The table holds vectors of English words and of the concepts' English labels, distilled from a
sentence transformer (see `embeddings.tools.distil`) and rounded to bytes. A text is the sum of its
words' and concepts' vectors, weighted by how rare each is in the corpus (Arora et al., 2017, A
Simple but Tough-to-Beat Baseline for Sentence Embeddings), then whitened on the corpus. Words of
other languages come in through the lexicon.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from embeddings.lexicon import Lexicon
from embeddings.stopwords import STOP_WORDS
from embeddings.whitening import (
    Floats,
    Whitening,
    fit_whitening,
    load_whitening,
    save_whitening,
)
from embeddings.words import plain, words_of

_DATA = Path(__file__).parent / "data"
_MIN_WORD_LENGTH = 3
_SOFTNESS = 2.0
"""How softly the sums are whitened, see `embeddings.whitening`. Origin: 1, 2, 4 and 8 compared on
two families."""


class Table:
    """Vectors (entries, dim) of plain words and phrases; a phrase's words have a space between."""

    def __init__(self, entries: Sequence[str], codes: NDArray[np.int8], scales: Floats) -> None:
        self.number = {entry: number for number, entry in enumerate(entries)}
        self.codes = codes
        self.scales = scales
        digest = hashlib.sha256("\n".join(entries).encode())
        digest.update(np.ascontiguousarray(codes).tobytes())
        self.fingerprint = digest.hexdigest()[:16]

    @property
    def dim(self) -> int:
        """The number of columns."""
        return int(self.codes.shape[1])

    def row(self, number: int) -> Floats:
        """Return one vector (dim,) float32."""
        vector: Floats = self.codes[number].astype(np.float32) * self.scales[number]
        return vector

    def phrase(self, label: str) -> Floats | None:
        """Return the vector of a label, or the mean of its words'; None where none is known."""
        words = [plain(word) for word in words_of(label)]
        number = self.number.get(" ".join(words))
        if number is not None:
            return self.row(number)
        known = [self.row(self.number[word]) for word in words if word in self.number]
        return np.mean(known, axis=0, dtype=np.float32) if known else None


@cache
def shipped_table() -> Table:
    """Return the table that comes with the service, read once."""
    entries = (_DATA / "meaning-entries.txt").read_text(encoding="utf-8").split("\n")
    codes = np.load(_DATA / "meaning-codes.npy", mmap_mode="r", allow_pickle=False)
    scales = np.load(_DATA / "meaning-scales.npy", allow_pickle=False).astype(np.float32)
    return Table(entries, codes, scales)


class WordVectors:
    """Text to the sum of its words' vectors; fitted on a corpus are rarity and whitening."""

    def __init__(
        self, lexicon: Lexicon, rarity: dict[str, float], unseen: float, whitening: Whitening
    ) -> None:
        self.lexicon = lexicon
        self.rarity = rarity
        self.unseen = unseen
        self.whitening = whitening
        self._table = shipped_table()

    @classmethod
    def fit(cls, texts: Sequence[str], lexicon: Lexicon) -> WordVectors:
        """Learn from `texts` how rare entries are, and the whitening of their sums."""
        seen: Counter[str] = Counter()
        blank = cls(lexicon, {}, 1.0, Whitening(np.zeros(0, np.float32), np.zeros((0, 0), "f4")))
        bags = [blank.bag(text) for text in texts]
        for bag in bags:
            seen.update(set(bag))
        rarity = {key: float(np.log(len(texts) / n) + 0.1) for key, n in seen.items()}
        unseen = float(np.log(max(len(texts), 2)) + 0.1)
        made = cls(lexicon, rarity, unseen, blank.whitening)
        sums = np.array([made.sum_of(bag) for bag in bags], dtype=np.float32)
        made.whitening = fit_whitening(sums.reshape(len(bags), made.dim), _SOFTNESS)
        return made

    @property
    def dim(self) -> int:
        """The number of columns of the vectors."""
        return self._table.dim

    def bag(self, text: str) -> Counter[str]:
        """Return how often each entry is in a text: `#name` for a concept, else the word.

        Words that the table doesn't hold are entries too: they tell how much of a text is unknown.
        """
        found = self.lexicon.find(text)
        bag = Counter(f"#{self.lexicon.concepts[number].name}" for number in found.concepts)
        bag.update(
            word
            for word in found.rest
            if len(word) >= _MIN_WORD_LENGTH and word not in STOP_WORDS and not word.isdigit()
        )
        return bag

    def sum_of(self, bag: Counter[str]) -> Floats:
        """Return the weighted sum (dim,) of the entries' vectors."""
        total = np.zeros(self.dim, dtype=np.float32)
        for entry, count in sorted(bag.items()):
            vector = self._vector(entry)
            if vector is not None:
                weight = self.rarity.get(entry, self.unseen) * (1.0 + np.log(count))
                total += np.float32(weight) * vector
        return total

    def understood(self, bag: Counter[str]) -> float:
        """Return the share of a text, weighted by rarity, that the table holds: 0 to 1."""
        weights = {entry: self.rarity.get(entry, self.unseen) for entry in bag}
        known = sum(weight for entry, weight in weights.items() if self._vector(entry) is not None)
        return known / sum(weights.values()) if known else 0.0

    def encode(self, texts: Sequence[str]) -> Floats:
        """Return rows (n, dim) whose squared length is the share of the text that is understood."""
        bags = [self.bag(text) for text in texts]
        sums = np.array([self.sum_of(bag) for bag in bags], dtype=np.float32)
        rows = self.whitening.apply(sums.reshape(len(texts), self.dim))
        shares = np.array([self.understood(bag) for bag in bags], dtype=np.float32)
        scaled: Floats = rows * np.sqrt(shares)[:, None]
        return scaled

    def update(self, digest: Any) -> None:
        """Add everything that the vectors depend on to a digest."""
        digest.update(self.lexicon.fingerprint.encode())
        digest.update(self._table.fingerprint.encode())
        digest.update(json.dumps([self.unseen, sorted(self.rarity.items())]).encode())
        self.whitening.update(digest)

    def save(self, folder: Path) -> None:
        """Write what was learned into `folder`; the table stays where it is."""
        learned = {"unseen": self.unseen, "rarity": self.rarity}
        (folder / "word-vectors.json").write_text(json.dumps(learned), encoding="utf-8")
        save_whitening(self.whitening, folder, "word-vectors")

    @classmethod
    def load(cls, folder: Path, lexicon: Lexicon) -> WordVectors:
        """Read what `save` wrote; raises OSError, ValueError or KeyError for what is damaged."""
        learned = json.loads((folder / "word-vectors.json").read_text(encoding="utf-8"))
        whitening = load_whitening(folder, "word-vectors")
        return cls(lexicon, learned["rarity"], learned["unseen"], whitening)

    def _vector(self, entry: str) -> Floats | None:
        if entry.startswith("#"):
            return self._table.phrase(entry[1:])
        number = self._table.number.get(entry)
        return None if number is None else self._table.row(number)
