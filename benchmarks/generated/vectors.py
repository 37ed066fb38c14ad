"""Embeddings of generated texts without networks, for corpora that would take them hours.

A sample of generated texts is embedded for real. From it come, for each language, the mean of each
topic (ridge regression on the mixtures) and what is left over. An invented embedding is the mean of
its text's topics plus the leftovers of two texts of the sample in its language, mixed at random:
so invented embeddings have the means, the covariance and the lengths of real ones, and no two are
alike.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from benchmarks.generated.corpus import SEED, GeneratedCorpus
from benchmarks.generated.texts import FIRST_TOPIC, Text
from benchmarks.generated.vocabulary import LANGUAGES, topics
from embeddings.sentence import SENTENCE_NETWORKS

Floats = NDArray[np.float32]
SAMPLE = 6_000
_RIDGE = 1.0
_BATCH = 256


class InventedEmbeddings:
    """Raw embeddings (n, 384) of the sentence networks, made up."""

    def __init__(self, sample: Sequence[Text], embedded: Floats, seed: int = SEED) -> None:
        """Fit on texts, at least two in each language, and their real embeddings (n, 384)."""
        self._random = np.random.default_rng(seed)
        self._topics: dict[str, Floats] = {}
        self._leftovers: dict[str, Floats] = {}
        self._lengths: dict[str, Floats] = {}
        for language in LANGUAGES:
            rows = [row for row, text in enumerate(sample) if text.language == language]
            shares, real = _shares([sample[row] for row in rows]), embedded[rows]
            square = shares.T @ shares + _RIDGE * np.eye(shares.shape[1], dtype=np.float32)
            self._topics[language] = np.linalg.solve(square, shares.T @ real)
            self._leftovers[language] = real - shares @ self._topics[language]
            self._lengths[language] = np.linalg.norm(real, axis=1)

    @classmethod
    def fit(cls, size: int = SAMPLE) -> InventedEmbeddings:
        """Embed a sample of texts, which takes a minute, and fit on it."""
        corpus = GeneratedCorpus(size, prefix="sample")
        organisations = (text for _, texts in corpus.organisations() for text in texts)
        sample = list(islice(organisations, size * 9 // 10))
        sample += [text for _, text in islice(corpus.projects(), size - len(sample))]
        texts = [text.text for text in sample]
        rows = [
            SENTENCE_NETWORKS.encode_raw(texts[start : start + _BATCH])
            for start in range(0, len(texts), _BATCH)
        ]
        return cls(sample, np.concatenate(rows))

    def rows(self, texts: Sequence[Text]) -> Floats:
        """Return embeddings (n, 384); other ones at each call."""
        found = np.empty((len(texts), SENTENCE_NETWORKS.dim), dtype=np.float32)
        for language in LANGUAGES:
            rows = [row for row, text in enumerate(texts) if text.language == language]
            left = self._leftovers[language]
            one, other = self._random.integers(len(left), size=(2, len(rows)))
            angle = self._random.uniform(0, math.pi / 2, size=(len(rows), 1))
            leftover = np.cos(angle) * left[one] + np.sin(angle) * left[other]
            mean = _shares([texts[row] for row in rows]) @ self._topics[language]
            invented = mean + leftover
            lengths = np.linalg.norm(invented, axis=1)
            found[rows] = invented * (self._lengths[language][one] / lengths)[:, None]
        return found


def _shares(texts: Sequence[Text]) -> Floats:
    """Return the shares (n, topics) of the topics in texts, each row of sum 1."""
    shares = np.zeros((len(texts), len(topics())), dtype=np.float32)
    for row, text in enumerate(texts):
        first, *others = text.mixture
        shares[row, first] = FIRST_TOPIC if others else 1.0
        for topic in others:
            shares[row, topic] = (1 - FIRST_TOPIC) / len(others)
    return shares
