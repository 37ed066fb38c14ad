"""Building an index: encoder, vectors, profiles and findings of a corpus, published at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import structlog
from numpy.typing import NDArray

from embeddings.lexicon import lexicon_of
from embeddings.port import Encoder
from embeddings.subjects import Subjects
from matcher.corpus.columns import Corpus
from matcher.corpus.profile_vectors import profiles_of
from matcher.corpus.provider import CorpusProvider
from matcher.corpus.records import SubjectsOf, apply_changes, subjects_of
from matcher.corpus.snapshot import Snapshot
from matcher.evaluation.fitting import fit_models, fit_weights
from matcher.index.exact import ExactIndex
from matcher.index.generation import (
    Findings,
    Generation,
    GenerationFormatError,
    build_generation,
    build_lock,
    current_name,
    prune,
    publish_with_models,
    read_manifest,
)
from matcher.index.layered import LayeredIndex
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
from matcher.store.tables import FacetRow

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
        vectors, subjects = _embed(encoder, changes.facets, report)
        ids = np.array([row.id for row in changes.facets], dtype=np.int64)
        corpus = corpus_from(changes, variants)
        profiles = profile_index(corpus, encoder, vectors)
        findings = Findings(tuple(map(tuple, variants)), subjects)
        with store.reading() as session:
            outcomes = introduction_outcomes(session, changes, encoder, vectors)
        need_offer = fit_need_offer_model(encoder, outcomes)
        snapshot = _unpublished(changes, corpus, encoder, ids, vectors, findings, need_offer)
        with store.reading() as session:
            projects = load_projects(session)
        models = fit_models(snapshot, projects, need_offer, report)
        name = build_generation(
            root,
            encoder,
            ids,
            vectors,
            changes.version,
            settings.index,
            models,
            profiles,
            findings,
            changes.mark,
        )
        prune(root)
        embedding_store.purge(encoder.raw_encoders)
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


def _embed(
    encoder: Encoder, facets: Sequence[FacetRow], report: Progress
) -> tuple[NDArray[np.float32], dict[int, SubjectsOf]]:
    """Return the vectors (m, dim) of facets, and what subjects each speaks of."""
    vectors = np.zeros((len(facets), encoder.dim), dtype=np.float32)
    lexicon = Subjects(lexicon_of(encoder))
    subjects: dict[int, SubjectsOf] = {}
    for start in range(0, len(facets), _BATCH):
        rows = facets[start : start + _BATCH]
        vectors[start : start + _BATCH] = encoder.encode_stored([row.embedded_text for row in rows])
        subjects.update((row.id, subjects_of(lexicon, row)) for row in rows)
        report("vectors", min(start + _BATCH, len(facets)), len(facets))
    return vectors, subjects


def _unpublished(
    changes: Changes,
    corpus: Corpus,
    encoder: Encoder,
    ids: NDArray[np.int64],
    vectors: NDArray[np.float32],
    findings: Findings,
    need_offer: NeedOfferModel,
) -> Snapshot:
    """Return the corpus that is being built as a snapshot, to fit models on."""
    index = ExactIndex(encoder.dim, ids, vectors)
    models = FittedModels(need_offer)
    generation = Generation(
        "unpublished", changes.version, encoder.fingerprint, encoder, index, models, None, findings
    )
    organisations = {record.key: record for record in corpus.organisations}
    facets = {record.id: record for record in corpus.facets}
    layers = LayeredIndex(index), LayeredIndex(ExactIndex(encoder.dim))
    return Snapshot(generation, *layers, corpus, organisations, facets)


def profile_index(corpus: Corpus, encoder: Encoder, vectors: NDArray[np.float32]) -> ExactIndex:
    """Return the profiles of all organisations under their keys; `vectors` (m, dim) by facet."""
    index = ExactIndex(encoder.dim)
    if len(corpus):
        rows, facets = range(len(corpus)), np.arange(len(corpus.facets))
        keys = np.array([record.key for record in corpus.organisations], dtype=np.int64)
        index.add(keys, profiles_of(corpus, rows, vectors, facets, encoder.views))
    return index


def corpus_from(changes: Changes, variants: Sequence[Sequence[str]]) -> Corpus:
    """Return the corpus that all changes since the beginning make."""
    organisations, facets = apply_changes(changes, {}, {})
    return Corpus(changes.version, organisations, facets, None, variants)


def _unfit(store: Store, root: Path, name: str) -> str:
    """Return why a generation can't be used over this store; empty where it can."""
    try:
        manifest = read_manifest(root, name)
    except GenerationFormatError:
        return "another version of the service built it"
    if not store.has_revision(manifest["corpus_version"], manifest.get("mark")):
        return "it doesn't come from the history of this store"
    return ""
