"""What each step gains: python -m benchmarks.quality TRAIN TEST.

TRAIN and TEST are folders in the layout of the CORDIS bulk files. Each line leaves one step out or
changes it, with everything else as it ships; the weights are those learned on TRAIN. The first line
is the whole, `flask --app app evaluate` prints it beside the baselines.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from embeddings.lsa import LsaConfig, LsaEncoder
from matcher.cache import MemoryCache
from matcher.corpus.columns import Corpus
from matcher.corpus.snapshot import CorpusProvider, Snapshot, build_index
from matcher.domain import Project
from matcher.evaluation.evaluate import figures_of
from matcher.evaluation.fitting import NotEnoughHistory, train
from matcher.evaluation.queries import MODES
from matcher.imports.cordis import read_cordis
from matcher.imports.storage import store_batch
from matcher.index.exact import ExactIndex
from matcher.index.generation import Generation
from matcher.index.layered import LayeredIndex
from matcher.indexing.build import profile_index
from matcher.indexing.vote_history import vote_calibration_json
from matcher.matching.scoring import Weights
from matcher.matching.service import Recommender
from matcher.models.need_offer import fit_need_offer_model
from matcher.settings import read_settings
from matcher.store import Store
from matcher.store.facets import embedded_texts

SEED = 1
NO_WHITENING = 1e6
ALONE = 1e6
CONFIGS = {
    "no concepts among the features": LsaConfig(concept_share=0.0, character_share=0.5),
    "no character n-grams": LsaConfig(character_share=0.0),
    "no whitening": LsaConfig(
        wording_softness=NO_WHITENING,
        meaning_softness=NO_WHITENING,
        sentences_softness=NO_WHITENING,
    ),
    "200 latent directions": LsaConfig(dimensions=200),
}


def steps(learned: Weights) -> dict[str, Weights]:
    """Return the weights of each line."""
    return {
        "as it is": learned,
        "shipped weights": Weights(),
        "wording only": replace(learned, meaning=0.0, sentences=0.0),
        "meaning of words only": replace(learned, meaning=1.0, sentences=0.0),
        "sentences only": replace(learned, sentences=ALONE),
        "no sentences": replace(learned, sentences=0.0),
        "names don't count": replace(learned, named=0.0),
        "nobody stands in for members": replace(learned, acquainted=0.0),
        "kin of members don't count": replace(learned, kin=0.0),
        "kin of those likely don't count": replace(learned, akin=0.0),
        "the topic doesn't count in the network": replace(learned, on_topic=0.0),
        "similarity to the power of 1": replace(learned, sharpness=1.0),
        "similarity to the power of 4": replace(learned, sharpness=4.0),
        "50 neighbours": replace(learned, neighbours=50),
        "100 neighbours": replace(learned, neighbours=100),
        "popularity 0.2": replace(learned, prior=0.2),
        "popularity 0.8": replace(learned, prior=0.8),
    }


def with_encoder(store: Store, snapshot: Snapshot, config: LsaConfig) -> Snapshot:
    """Return the same corpus under an encoder of another configuration."""
    with store.reading() as session:
        ids, texts = embedded_texts(session)
    encoder = LsaEncoder.fit(texts, config)
    index = ExactIndex(encoder.dim)
    index.add(np.array(ids, dtype=np.int64), encoder.encode(texts))
    profiles = profile_index(snapshot.corpus, encoder, index.rows(snapshot.corpus.facet_ids))
    generation = Generation(
        "trial",
        snapshot.version,
        encoder.fingerprint,
        encoder,
        index,
        findings={
            **snapshot.generation.findings,
            "meeting": fit_need_offer_model(encoder).as_json(),
            "credence": vote_calibration_json(snapshot.corpus, encoder, index),
        },
    )
    layers = {"index": LayeredIndex(index), "profiles": LayeredIndex(profiles)}
    return replace(snapshot, generation=generation, kept={}, **layers)


def line(
    name: str,
    corpus_provider: CorpusProvider,
    snapshot: Snapshot,
    projects: Sequence[Project],
    weights: Weights,
    **settings: float,
) -> None:
    recommender = Recommender(corpus_provider, MemoryCache(), weights=weights, **settings)
    cells = []
    for mode in MODES:
        figures = figures_of(recommender, snapshot, projects, mode, SEED)
        cells += [figures[key] for key in ("ndcg@10", "recall@50", "rare recall@100")]
    print(f"| {name} | " + " | ".join(f"{cell:.3f}" for cell in cells) + " |", flush=True)


def main() -> None:
    train_on, test = Path(sys.argv[1]), Path(sys.argv[2])
    print("| | text only: nDCG@10 | R@50 | rare R@100 | half given: nDCG@10 | R@50 | rare R@100 |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as home:
        settings = read_settings({"SCHAKEL_HOME": home})
        store = Store(settings.database_url)
        store.upgrade()
        store_batch(store, read_cordis(train_on))
        build_index(store, settings)
        corpus_provider = CorpusProvider(store, settings)
        projects = read_cordis(test).projects
        try:
            learned = train(corpus_provider, settings, seed=SEED).weights
        except NotEnoughHistory:
            learned = Weights()
        snapshot = corpus_provider.snapshot()
        for name, weights in steps(learned).items():
            line(name, corpus_provider, snapshot, projects, weights)
        unkept = {"less_known_share": 0.0}
        line(
            "no places kept for the less known",
            corpus_provider,
            snapshot,
            projects,
            learned,
            **unkept,
        )
        findings = {**snapshot.generation.findings, "credence": None}
        generation = replace(snapshot.generation, findings=findings)
        trusting = replace(snapshot, generation=generation, kept={})
        line("votes are worth the same for everybody", corpus_provider, trusting, projects, learned)
        apart = Corpus(snapshot.version, snapshot.organisations, snapshot.facets)
        alone = replace(snapshot, corpus=apart, kept={})
        line("every record by itself", corpus_provider, alone, projects, learned)
        for name, config in CONFIGS.items():
            line(name, corpus_provider, with_encoder(store, snapshot, config), projects, learned)
        store.dispose()


if __name__ == "__main__":
    main()
