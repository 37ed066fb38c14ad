"""Distils the table of word vectors that comes with the service from a sentence transformer.

    python -m embeddings.tools.distil MODEL WORDS

MODEL is a folder made by `schakel encoder convert`, WORDS a text file with one English word
per line, the most frequent first. Each word and each concept's English name is encoded separately;
the vectors are reduced to their principal components and rounded to bytes, with one scale per row.

The shipped table was distilled from all-MiniLM-L6-v2 (Apache License 2.0, Wang et al., 2020;
Reimers & Gurevych, 2019) for the 40,000 most frequent English words. Without WORDS, the words of
the present table are used again: this adds concepts that are new to the lexicon.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from embeddings.lexicon import shipped_lexicon
from embeddings.transformer import TransformerEncoder
from embeddings.word_vectors import shipped_table
from embeddings.words import fold, words_of

DIMENSIONS = 192
_DATA = Path(__file__).parent.parent / "data"


def distil(
    vectors: NDArray[np.float32], fitted_on: int
) -> tuple[NDArray[np.int8], NDArray[np.float16]]:
    """Return codes (n, dim) and scales (n,) of vectors (n, model dim).

    The components are fitted on the first `fitted_on` rows, the most frequent words.
    """
    mean = vectors[:fitted_on].mean(axis=0)
    components = np.linalg.svd(vectors[:fitted_on] - mean, full_matrices=False)[2][:DIMENSIONS]
    reduced = (vectors - mean) @ components.T
    scales = np.maximum(np.abs(reduced).max(axis=1) / 127, 1e-6).astype(np.float16)
    codes = np.clip(np.round(reduced / scales.astype(np.float32)[:, None]), -127, 127)
    return codes.astype(np.int8), scales


def main(arguments: list[str]) -> None:
    """Write the table into `embeddings/data`."""
    model = TransformerEncoder.load(Path(arguments[0]))
    if len(arguments) > 1:
        words = Path(arguments[1]).read_text(encoding="utf-8").split()
    else:
        words = [entry for entry in shipped_table().index_of if " " not in entry]
    words = list(dict.fromkeys(word for word in words if word.isascii() and len(word) > 2))
    names: dict[str, str] = {}
    for concept in shipped_lexicon().concepts:
        names.setdefault(" ".join(fold(word) for word in words_of(concept.name)), concept.name)
    phrases = {entry: name for entry, name in names.items() if entry not in set(words)}
    vectors = model.encode([*words, *phrases.values()])
    codes, scales = distil(vectors, min(len(words), 30_000))
    np.save(_DATA / "word-vector-codes.npy", codes, allow_pickle=False)
    np.save(_DATA / "word-vector-scales.npy", scales, allow_pickle=False)
    (_DATA / "word-vector-entries.txt").write_text("\n".join([*words, *phrases]), encoding="utf-8")
    print(f"{len(words)} words and {len(phrases)} concepts, {DIMENSIONS} columns")


if __name__ == "__main__":
    main(sys.argv[1:])
