"""Building an index: encoder, vectors, profiles and findings of a corpus, published at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import structlog
from numpy.typing import NDArray

from embeddings.lexicon import lexicon_of
from embeddings.port import Encoder
from embeddings.subjects import Subjects
from embeddings.word_match import WORD_NETWORK
from matcher.corpus.corpus import Corpus
from matcher.corpus.damage import damage_of, forget_damaged
from matcher.corpus.generation import (
    Generation,
    GenerationError,
    GenerationFormatError,
    build_generation,
    build_lock,
    current_name,
    new_index,
    prune,
    publish_with_models,
    read_manifest,
)
from matcher.corpus.profile_vectors import profiles_of
from matcher.corpus.provider import CorpusProvider
from matcher.corpus.records import FacetRecord, facet_record, organisation_record
from matcher.corpus.snapshot import Snapshot
from matcher.corpus.tables import CorpusTables
from matcher.evaluation.fitting import fit_models, fit_weights
from matcher.index.exact import ExactIndex
from matcher.index.layered import LayeredIndex
from matcher.index.port import VectorIndex
from matcher.indexing.encoders import fitted_encoder
from matcher.introductions.outcomes import introduction_outcomes
from matcher.models.fitted import FitReport, FittedModels
from matcher.models.need_offer import NeedOfferModel, fit_need_offer_model
from matcher.organisations.duplicates import sure_variants
from matcher.progress import Progress, unreported
from matcher.settings import Settings
from matcher.store import Store
from matcher.store.changes import Changes, changes_since
from matcher.store.embeddings import UsedEmbeddings
from matcher.store.projects import load_projects

_BATCH = 512
log = structlog.get_logger()


def build_index(
    store: Store,
    settings: Settings,
    progress: Progress | None = None,
    *,
    only_if_missing: bool = False,
) -> str:
    """Fit the encoder, embed every facet, publish a new generation; returns its name.

    Runs beside workers that answer from the old generation; only one build runs at a time. With
    `only_if_missing` a generation that can be used over this store is left as it is.
    """
    report = progress or unreported
    root = settings.index_folder
    with build_lock(root):
        name = current_name(root)
        if only_if_missing and name is not None:
            reason = _unfit(store, root, name)
            if not reason:
                return name
            log.warning("index is built anew", generation=name, reason=reason)
        with store.reading() as session:
            changes = changes_since(session, -1)
            variants = sure_variants(session)
        texts = [row.embedded_text for row in changes.facets]
        embedding_store = UsedEmbeddings(store.engine)
        encoder = fitted_encoder(settings, texts, report, embedding_store)
        vectors = np.zeros((len(texts), encoder.dim), dtype=np.float32)
        tables = CorpusTables.build(
            map(organisation_record, changes.organisations),
            _records(changes, encoder, vectors, report),
            variants,
            embedding_store,
        )
        corpus = Corpus(changes.version, tables)
        profiles = profile_index(corpus, encoder, vectors)
        with store.reading() as session:
            outcomes = introduction_outcomes(session, changes, encoder, vectors)
        need_offer = fit_need_offer_model(encoder, outcomes, embedding_store=embedding_store)
        index = new_index(settings.index, encoder)
        if len(vectors):
            index.add(corpus.facet_ids.whole(), vectors)
        snapshot = _unpublished(corpus, encoder, index, profiles, need_offer)
        with store.reading() as session:
            projects = load_projects(session)
        models = fit_models(snapshot, projects, need_offer, report)
        name = build_generation(
            root,
            encoder,
            tables,
            index,
            profiles,
            models,
            corpus_version=changes.version,
            mark=changes.mark,
        )
        forget_damaged(root)
        prune(root)
        embedding_store.purge((*encoder.raw_encoders, WORD_NETWORK))
    log.info("index built", generation=name, facets=len(texts), corpus_version=changes.version)
    return name


@dataclass(frozen=True, slots=True)
class Refit:
    """What a refit found, and the name of the generation that ranks by it."""

    report: FitReport
    name: str


def refit(provider: CorpusProvider, *, install: bool, progress: Progress | None = None) -> Refit:
    """Fit the models on the present corpus anew, without embedding anything.

    With `install`, publish them. Raises NotEnoughHistory where there is too little to fit on.
    """
    report = progress or unreported
    snapshot = provider.snapshot()
    with provider.store.reading() as session:
        projects = load_projects(session)
    fitted = fit_weights(snapshot, projects, report)
    models = fitted.installed_in(snapshot.models)
    name = snapshot.generation.name
    if install:
        root = provider.settings.index_folder
        with build_lock(root):
            name = publish_with_models(root, models)
    return Refit(fitted.report, name)


def _records(
    changes: Changes, encoder: Encoder, vectors: NDArray[np.float32], report: Progress
) -> Iterator[FacetRecord]:
    """Yield the records of all facets, and fill in their vectors (m, dim).

    Vectors and subjects both look for the concepts of a text, which the lexicon remembers for the
    length of a batch.
    """
    subjects = Subjects(lexicon_of(encoder))
    for start in range(0, len(changes.facets), _BATCH):
        batch = changes.facets[start : start + _BATCH]
        texts = [row.embedded_text for row in batch]
        vectors[start : start + _BATCH] = encoder.encode_stored(texts)
        for row in batch:
            yield facet_record(row, changes.owner_keys(row.id), subjects)
        report("vectors", min(start + _BATCH, len(changes.facets)), len(changes.facets))


def _unpublished(
    corpus: Corpus,
    encoder: Encoder,
    index: VectorIndex,
    profiles: ExactIndex,
    need_offer: NeedOfferModel,
) -> Snapshot:
    """Return the corpus that is being built as a snapshot, to fit models on."""
    generation = Generation(
        "unpublished",
        corpus.version,
        encoder.fingerprint,
        encoder,
        index,
        FittedModels(need_offer),
        corpus.tables,
        profiles,
    )
    return Snapshot(generation, LayeredIndex(index), LayeredIndex(profiles), corpus)


def profile_index(corpus: Corpus, encoder: Encoder, vectors: NDArray[np.float32]) -> ExactIndex:
    """Return the profiles of all organisations under their keys; `vectors` (m, dim) by facet."""
    rows, facets = np.arange(len(corpus)), np.arange(corpus.facet_total)
    profiles = profiles_of(corpus, rows, vectors, facets, encoder.views)
    return ExactIndex(encoder.dim, corpus.keys.whole(), profiles)


def _unfit(store: Store, root: Path, name: str) -> str:
    """Return why a generation can't be used over this store; empty where it can."""
    try:
        manifest = read_manifest(root, name)
    except GenerationFormatError:
        return "another version of the service built it"
    except GenerationError as error:
        return str(error)
    if not store.has_revision(manifest["corpus_version"], manifest.get("mark")):
        return "it doesn't come from the history of this store"
    return damage_of(root, name)
