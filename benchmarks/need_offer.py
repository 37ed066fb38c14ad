"""Prints how well the need-offer model tells offers apart: python -m benchmarks.need_offer.

Judged pairs with topics left out in turn (5 folds), under the encoder that the demo data gets: the
area under the curve, and the mean probability of pairs that fit and of near misses, within one
language and across languages, and for each pair of languages.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold

from benchmarks.asking import table
from embeddings.embedding_store import MemoryStore
from embeddings.language import LANGUAGES
from embeddings.port import Encoder
from embeddings.registry import fit_encoder
from matcher.arrays import Floats
from matcher.demo import load as demo
from matcher.models.judged import COLLECTIONS, Judged, judged_pairs
from matcher.models.need_offer import compare, fit_need_offer_model, statements_of

FOLDS = 5
STORE = MemoryStore()
ACROSS = "judged_across"
"""The collection in which the same offers are judged in one language and across languages."""


def main() -> None:
    pairs = judged_pairs()
    batch, _initiatives = demo.read()
    stated = (facet for one in batch.organisations for facet in (*one.offers, *one.needs))
    past = (project.facet for project in batch.projects)
    encoder = fit_encoder("default", [facet.text for facet in (*stated, *past)])
    found = left_out(encoder, pairs)
    meets = np.array([pair.meets for pair in pairs])
    across = np.array([pair.across for pair in pairs])
    named = np.array([pair.collection for pair in pairs])
    rows = []
    for name in COLLECTIONS:
        for kind, of_kind in (("within", ~across), ("across", across)):
            some = (named == name) & of_kind
            rows.append((name, kind, str(some.sum()), *_figures(found[some], meets[some])))
    table(("collection", "languages", "pairs", "AUC", "that fit", "near misses"), rows)
    own = (named == ACROSS) & ~across & meets
    rows = []
    for asked in LANGUAGES:
        for offered in LANGUAGES:
            some = (named == ACROSS) & np.array(
                [(p.need_language, p.offer_language) == (asked, offered) for p in pairs]
            )
            _, fit, miss = _figures(found[some], meets[some])
            ratio = found[some & meets].mean() / found[own].mean()
            rows.append((asked, offered, fit, f"{ratio:.2f}", miss))
    table(("need", "offer", "that fit", "/ one language", "near misses"), rows)


def left_out(encoder: Encoder, pairs: Sequence[Judged]) -> Floats:
    """Return the probability of each pair (p,), by curves fitted without its topic."""
    probabilities = np.zeros(len(pairs))
    topics = [pair.topic for pair in pairs]
    asked, offered = (
        statements_of(texts, encoder.encode_stored(texts), stages, STORE)
        for texts, stages in (
            ([pair.need for pair in pairs], [pair.need_stage for pair in pairs]),
            ([pair.offer for pair in pairs], [pair.offer_stage for pair in pairs]),
        )
    )
    for learned, others in GroupKFold(FOLDS).split(topics, groups=topics):
        some = [pairs[place] for place in learned]
        model = fit_need_offer_model(encoder, pairs=some, embedding_store=STORE)
        for place in others[:, None]:
            compared = compare(encoder, asked.at(place), offered.at(place))
            probabilities[place] = model.probabilities(compared)[0, 0]
    return probabilities


def _figures(found: Floats, meets: NDArray[np.bool_]) -> tuple[str, str, str]:
    area = roc_auc_score(meets, found)
    return f"{area:.3f}", f"{found[meets].mean():.3f}", f"{found[~meets].mean():.3f}"


if __name__ == "__main__":
    main()
