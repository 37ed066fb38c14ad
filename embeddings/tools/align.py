"""Makes the map from the multilingual reader's vectors to those of the English one.

    python -m embeddings.tools.align

Titles are made up of the English labels of the lexicon's concepts; both readers read them, and a
ridge regression takes one's vectors to the other's. Since translations lie near each other in the
multilingual reader, the map holds for other languages, too (after Reimers & Gurevych, 2020, Making
Monolingual Sentence Embeddings Multilingual using Knowledge Distillation).
"""

from __future__ import annotations

import random

import numpy as np
from sklearn.linear_model import Ridge

from embeddings.lexicon import shipped_lexicon
from embeddings.sentence_encoders import ALIGNMENT, english, mapped, native
from embeddings.whitening import Floats

TITLES = 30_000
_RIDGE = 1e-3
"""What is added to the spread in each direction, over the mean spread."""
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


def made_up_titles(count: int, seed: int) -> list[str]:
    """Return English titles of concepts drawn from the lexicon, and then each label by itself."""
    draw = random.Random(seed)
    concepts = [one.labels["en"] for one in shipped_lexicon().concepts if one.labels.get("en")]
    titles = []
    for _ in range(count):
        labels = [draw.choice(names) for names in draw.sample(concepts, 3)]
        title = draw.choice(_PATTERNS).format(*labels)
        titles.append(title[0].upper() + title[1:])
    return [*titles, *(label for names in concepts for label in names)]


def aligned(rows: Floats, targets: Floats) -> Floats:
    """Return the map (dim + 1, target dim) of rows (n, dim) to targets (n, target dim).

    The last row is what is added to `row @ map[:-1]`.
    """
    inputs, outputs = rows.astype(np.float64), targets.astype(np.float64)
    spread = inputs.var(axis=0).mean()
    ridge = Ridge(alpha=_RIDGE * spread * len(inputs)).fit(inputs, outputs)
    return np.vstack([ridge.coef_.T, ridge.intercept_]).astype(np.float32)


def main() -> None:
    """Write the map into `embeddings/data`."""
    titles = made_up_titles(TITLES, seed=1)
    rows, targets = native(titles), english(titles)
    weights = aligned(rows, targets).astype(np.float16)
    np.save(ALIGNMENT, weights, allow_pickle=False)
    similarity_to = mapped(rows, weights.astype(np.float32)) * targets
    print(f"{len(titles)} titles; mean cosine {similarity_to.sum(axis=1).mean():.3f}")


if __name__ == "__main__":
    main()
