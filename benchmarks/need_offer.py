"""Prints how well the need-offer model tells offers apart: python -m benchmarks.need_offer.

Judged pairs with needs left out in turn (10 folds), under the encoder that the demo data gets, for
several shares of what the pairs say of stages. `written`: needs whose judged offers differ mostly
in stage; `crossing`: needs met by offers of other stages, too. Then what probabilities offers have
in the language of the need and in another one.
"""

from __future__ import annotations

from collections.abc import Sequence
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import KFold

from embeddings.language import detect_language
from embeddings.port import Encoder
from embeddings.registry import fit_encoder
from matcher.arrays import Floats
from matcher.demo import load as demo
from matcher.models import need_offer
from matcher.models.need_offer import (
    SAME,
    STAGES_COUNT,
    Judged,
    fit_need_offer_model,
    judged_pairs,
    relations_of,
    similarities,
)
from matcher.parameters import NEED_OFFER_SENTENCE

FOLDS = 10
LIKELY = 0.2


def main() -> None:
    pairs = judged_pairs()
    batch, _initiatives = demo.read()
    stated = (facet for one in batch.organisations for facet in (*one.offers, *one.needs))
    past = (project.facet for project in batch.projects)
    encoder = fit_encoder("default", [facet.text for facet in (*stated, *past)])
    needs = list({one.need: one.need_stage for one in pairs})
    offers = [one.offer for one in pairs]
    compared = similarities(encoder, encoder.encode(needs), encoder.encode(offers))
    stage_of = {one.need: one.need_stage for one in pairs}
    relations = relations_of(list(stage_of.values()), [one.offer_stage for one in pairs])
    own = np.array([[one.need == need for one in pairs] for need in needs])
    meets = own & np.array([one.meets for one in pairs])
    crossing = np.any(meets & (relations > SAME), axis=1)
    print(f"{len(pairs)} pairs, {len(needs)} needs, {crossing.sum()} of them crossing stages")
    print("stages  AUC, all  AUC, own offers     surest is right        mean reciprocal rank")
    print("                  written  crossing   written  crossing      written  crossing")
    for share in (1.0, 0.75, STAGES_COUNT, 0.25, 0.0):
        probabilities = _left_out(encoder, pairs, needs, compared, relations, share)
        figures = [roc_auc_score(meets.ravel(), probabilities.ravel())]
        for kind in (~crossing, crossing):
            inside = own & kind[:, None]
            figures.append(roc_auc_score(meets[inside], probabilities[inside]))
        best = np.where(meets, probabilities, 0.0).max(axis=1)
        ranks = 1 + (probabilities > best[:, None]).sum(axis=1)
        for measure in (ranks == 1, 1 / ranks):
            figures += [measure[~crossing].mean(), measure[crossing].mean()]
        all_, *rest = (f"{one:.3f}" for one in figures)
        print(f"{share:6}  {all_}     " + "    ".join(rest))
    languages = [np.array([detect_language(one) for one in several]) for several in (needs, offers)]
    same = languages[0][:, None] == languages[1]
    print(
        f"{'mean probability and share of .2 and more':26} one language, two languages, "
        "near misses (share), other offers (share)"
    )
    for name, sentence in (
        ("as it is", NEED_OFFER_SENTENCE),
        ("words alone", 0.0),
        ("sentence as much as words", 1.0),
    ):
        with patch.object(need_offer, "NEED_OFFER_SENTENCE", sentence):
            compared = similarities(encoder, encoder.encode(needs), encoder.encode(offers))
            probabilities = _left_out(encoder, pairs, needs, compared, relations, STAGES_COUNT)
        figures = [
            f(probabilities[meets & pair])
            for pair in (same, ~same)
            for f in (np.mean, _share_likely)
        ]
        figures.append(_share_likely(probabilities[own & ~meets]))
        line = "    ".join(f"{one:.3f}" for one in figures)
        print(f"{name:26} {line}         {_share_likely(probabilities[~own]):.4f}")


def _left_out(
    encoder: Encoder,
    pairs: Sequence[Judged],
    needs: Sequence[str],
    compared: Floats,
    relations: NDArray[np.int8],
    share: float,
) -> Floats:
    """Return the probabilities (needs, offers), each by a curve fitted without the need."""
    probabilities = np.zeros(compared.shape)
    for learned, asked in KFold(FOLDS, shuffle=True, random_state=1).split(needs):
        known = {needs[place] for place in learned}
        some = [one for one in pairs if one.need in known]
        curve = fit_need_offer_model(encoder, pairs=some, stages_count=share)
        probabilities[asked] = curve.probabilities(compared[asked], relations[asked])
    return probabilities


def _share_likely(probabilities: Floats) -> float:
    return float((probabilities >= LIKELY).mean())


if __name__ == "__main__":
    main()
