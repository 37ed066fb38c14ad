"""Fits the linear map from the vectors of the multilingual encoder to those of the English one.

    python -m embeddings.tools.align

Both encoders encode generated titles, which combine English labels of the lexicon's concepts, and a
ridge regression maps one to the other. Since the multilingual encoder puts translations near each
other, the map holds for other languages too (after Reimers & Gurevych, 2020, Making Monolingual
Sentence Embeddings Multilingual using Knowledge Distillation).
"""

from __future__ import annotations

import random

import numpy as np
from sklearn.linear_model import Ridge

from embeddings.lexicon import shipped_lexicon
from embeddings.sentence_encoders import ALIGNMENT, align, encode_english, encode_native
from embeddings.whitening import Floats

TITLES = 30_000
_RIDGE = 1e-3
"""Regularisation, as a share of the mean variance of a column."""
_PATTERNS = (
    "{0} for {1}",
    "{0} in {1}",
    "{0} and {1}",
    "{0}-based {1}",
    "Towards {0} for {1}",
    "Integrated {0} and {1} for {2}",
    "Development of {0} using {1}",
    "The role of {0} in {1}",
    "Novel {0} for {1}",
    "Understanding {0}: from {1} to {2}",
    "Improving {0} through {1}",
    "A European network on {0} and {1}",
    "New approaches to {0} by {1}",
    "{0}: {1} and {2}",
    "Sustainable {0} from {1}",
    "Design and control of {0} with {1}",
    "Advanced {0} for {1} and {2}",
    "Monitoring {0} with {1} in {2}",
    "From {0} to {1}",
    "{0} as a tool for {1}",
)


def generate_titles(count: int, seed: int) -> list[str]:
    """Return `count` English titles with random concepts, followed by every English label."""
    draw = random.Random(seed)
    labels_of = [concept.labels.get("en") for concept in shipped_lexicon().concepts]
    concepts = [names for names in labels_of if names]
    titles = []
    for _ in range(count):
        labels = [draw.choice(names) for names in draw.sample(concepts, 3)]
        title = draw.choice(_PATTERNS).format(*labels)
        titles.append(title[0].upper() + title[1:])
    return [*titles, *(label for names in concepts for label in names)]


def fit_alignment(rows: Floats, targets: Floats) -> Floats:
    """Return weights (dim + 1, target dim) that map rows (n, dim) to targets (n, target dim).

    The last row is the intercept.
    """
    inputs, outputs = rows.astype(np.float64), targets.astype(np.float64)
    variance = inputs.var(axis=0).mean()
    ridge = Ridge(alpha=_RIDGE * variance * len(inputs)).fit(inputs, outputs)
    return np.vstack([ridge.coef_.T, ridge.intercept_]).astype(np.float32)


def main() -> None:
    """Write the weights into `embeddings/data`."""
    titles = generate_titles(TITLES, seed=1)
    rows, targets = encode_native(titles), encode_english(titles)
    weights = fit_alignment(rows, targets).astype(np.float16)
    np.save(ALIGNMENT, weights, allow_pickle=False)
    cosines = (align(rows, weights.astype(np.float32)) * targets).sum(axis=1)
    print(f"{len(titles)} titles; mean cosine {cosines.mean():.3f}")


if __name__ == "__main__":
    main()
