"""Building an index: encoder, vectors, profiles and findings of a corpus, published at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import structlog
from numpy.typing import NDArray

from embeddings.embedding_store import EmbeddingStore
from embeddings.lexicon import lexicon_of
from embeddings.port import Encoder
from embeddings.registry import EncoderOptions, fit_encoder
from embeddings.subjects import Subjects
from matcher.corpus.columns import Corpus
from matcher.corpus.profile_vectors import profiles_of
from matcher.corpus.records import (
    SubjectsOf,
    facet_record,
    organisation_record,
    subjects_of,
)
from matcher.index.exact import ExactIndex
from matcher.index.generation import (
    GenerationError,
    OldFormat,
    build_generation,
    build_lock,
    current_name,
    newest_name,
    prune,
    read_learned,
    read_manifest,
)
from matcher.indexing.vote_history import vote_calibration_json
from matcher.introductions.outcomes import introduction_outcomes
from matcher.models.need_offer import fit_need_offer_model
from matcher.organisations.duplicates import sure_variants
from matcher.progress import Progress
from matcher.settings import Settings
from matcher.store import Store
from matcher.store.changes import Changes, changes_since

"""Called as `progress(stage, done, total)`."""

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
    report = progress or (lambda stage, done, total: None)
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
        embedding_store = embedding_store_of(settings)
        encoder = fitted_encoder(settings, texts, report, embedding_store)
        vectors = np.zeros((len(texts), encoder.dim), dtype=np.float32)
        telling = Subjects(lexicon_of(encoder))
        subjects: dict[str, SubjectsOf] = {}
        for start in range(0, len(texts), _BATCH):
            vectors[start : start + _BATCH] = encoder.encode(texts[start : start + _BATCH])
            rows = changes.facets[start : start + _BATCH]  # just encoded, so concepts are at hand
            subjects.update((str(row.id), subjects_of(telling, row)) for row in rows)
            report("vectors", min(start + _BATCH, len(texts)), len(texts))
        with store.reading() as session:
            outcomes = introduction_outcomes(session, changes, encoder, vectors)
        ids = np.array([row.id for row in changes.facets], dtype=np.int64)
        corpus = corpus_from(changes, variants)
        name = build_generation(
            root,
            encoder,
            ids,
            vectors,
            changes.version,
            settings.index,
            _learned(root, name, encoder),
            profile_index(corpus, encoder, vectors),
            {
                "variants": variants,
                "meeting": fit_need_offer_model(encoder, outcomes).as_json(),
                "subjects": subjects,
                "credence": vote_calibration_json(
                    corpus, encoder, ExactIndex(encoder.dim, ids, vectors)
                ),
            },
            changes.mark,
        )
        prune(root)
        embedding_store.forget_others()
    log.info("index built", generation=name, facets=len(texts), corpus_version=changes.version)
    return name


def embedding_store_of(settings: Settings) -> EmbeddingStore:
    """Return what networks made of texts before; it is kept beside the generations."""
    return EmbeddingStore(settings.index_folder / "readings.sqlite3")


def fitted_encoder(
    settings: Settings, texts: Sequence[str], report: Progress, embedding_store: EmbeddingStore
) -> Encoder:
    """Return the encoder that the settings name, fitted on `texts`. Raises EncoderError."""
    options = EncoderOptions(
        lexicon=Path(settings.lexicon) if settings.lexicon else None,
        folder=Path(settings.model_folder) if settings.model_folder else None,
        threads=settings.model_threads,
        url=settings.remote_url,
        model=settings.remote_model,
        key=settings.remote_key,
        timeout=float(settings.remote_timeout),
        allow_http=settings.remote_http,
        embedding_store=embedding_store,
    )
    return fit_encoder(
        settings.encoder, texts, lambda stage, part: report(stage, int(part * 100), 100), options
    )


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
    organisations = {row.key: organisation_record(row) for row in changes.organisations}
    facets = {row.id: facet_record(row, changes.owner_keys(row.id)) for row in changes.facets}
    return Corpus(changes.version, organisations, facets, None, variants)


def outdated(root: Path, name: str) -> bool:
    """Return whether a generation was written in a format that isn't read any more."""
    try:
        read_manifest(root, name)
    except OldFormat:
        return True
    return False


def _unfit(store: Store, root: Path, name: str) -> str:
    """Return why a generation can't be used over this store; empty where it can."""
    try:
        manifest = read_manifest(root, name)
    except OldFormat:
        return "another version of the service built it"
    if not store.has_revision(manifest["corpus_version"], manifest.get("mark")):
        return "it doesn't come from the history of this store"
    return ""


def _learned(root: Path, name: str | None, encoder: Encoder) -> Mapping[str, Any]:
    """Return what was learned about ranking, to go on with under an encoder of the same kind.

    Where it isn't told which generation is current, the newest one's.
    """
    former = name if name and (root / name).is_dir() else newest_name(root)
    if former is None:
        return {}
    try:
        ranking, learned_under = read_learned(root, former)
    except GenerationError as error:
        log.error("what was learned is lost, train again", generation=former, reason=str(error))
        return {}
    if ranking and learned_under != encoder.name:
        reason = f"the encoder was {learned_under} and is {encoder.name}"
        log.warning("what was learned is not taken over, train again", reason=reason)
        return {}
    return ranking
