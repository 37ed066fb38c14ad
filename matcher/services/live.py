"""What a worker knows of the corpus, brought up to date before every answer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import structlog

from embeddings.port import Encoder
from embeddings.registry import EncoderOptions, fit_encoder
from matcher.domain import FacetKind, OrganisationType, Place, Stage
from matcher.index.generation import (
    Generation,
    GenerationError,
    build_generation,
    build_lock,
    current_name,
    open_generation,
    prune,
)
from matcher.index.layered import LayeredIndex
from matcher.ranking.corpus import Corpus, FacetRecord, OrganisationRecord
from matcher.services.duplicates import sure_variants
from matcher.settings import Settings
from matcher.store import Store
from matcher.store.changes import Changes, changes_since
from matcher.store.models import FacetRow, OrganisationRow
from matcher.store.organisations import embedded_texts

Progress = Callable[[str, int, int], None]
"""Called as `progress(stage, done, total)`."""

_BATCH = 512
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The corpus at one version with an index that holds the same facets. Never changed."""

    generation: Generation
    index: LayeredIndex
    corpus: Corpus
    organisations: dict[int, OrganisationRecord]
    facets: dict[int, FacetRecord]

    @property
    def version(self) -> int:
        """The corpus version that every answer from this snapshot is true of."""
        return self.corpus.version


class Live:
    """Gives snapshots that are up to date with the store. Safe to share between threads."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self.store = store
        self.settings = settings
        self._lock = threading.Lock()
        self._snapshot: Snapshot | None = None

    def snapshot(self) -> Snapshot:
        """Return a snapshot at the store's present version and the current generation.

        Where no generation was ever built, builds one. Raises GenerationError for a damaged one.
        """
        known = self._snapshot
        name = current_name(self.settings.index_folder)
        version = self.store.corpus_version()
        if known and known.generation.name == name and known.version == version:
            return known
        with self._lock:
            known = self._snapshot
            if name is None:
                name = build_index(self.store, self.settings, only_if_missing=True)
            generation = self._generation(known, name)
            if known is None or known.generation is not generation or known.version != version:
                self._snapshot = known = self._refreshed(known, generation)
            return known

    def _generation(self, known: Snapshot | None, name: str) -> Generation:
        if known and known.generation.name == name:
            return known.generation
        try:
            return open_generation(self.settings.index_folder, name)
        except GenerationError:
            newer = current_name(self.settings.index_folder)
            if newer is None or newer == name:
                raise
            return open_generation(self.settings.index_folder, newer)

    def _refreshed(self, known: Snapshot | None, generation: Generation) -> Snapshot:
        same_base = known is not None and known.generation is generation
        with self.store.reading() as session:
            changes = changes_since(session, known.version if known else -1)
            written = changes
            if not same_base:
                written = changes_since(session, generation.corpus_version)
        index = known.index.copy() if known and same_base else LayeredIndex(generation.index)
        _apply_to_index(index, written, generation)
        organisations = dict(known.organisations) if known else {}
        facets = dict(known.facets) if known else {}
        for key in changes.gone_organisations:
            organisations.pop(key, None)
        for key in changes.gone_facets:
            facets.pop(key, None)
        organisations.update((row.key, _organisation_record(row)) for row in changes.organisations)
        for row in changes.facets:
            owners = tuple(owner.organisation_key for owner in changes.owners.get(row.id, []))
            facets[row.id] = _facet_record(row, owners)
        same_names = known and not changes.gone_organisations and not changes.organisations
        names = known.corpus.names if known and same_names else None
        corpus = Corpus(changes.version, organisations, facets, names, generation.variants)
        return Snapshot(generation, index, corpus, organisations, facets)


def build_index(
    store: Store,
    settings: Settings,
    progress: Progress | None = None,
    *,
    only_if_missing: bool = False,
) -> str:
    """Fit the encoder, embed every facet, publish a new generation; returns its name.

    Runs beside workers that answer from the old generation; only one build runs at a time.
    """
    report = progress or (lambda stage, done, total: None)
    root = settings.index_folder
    with build_lock(root):
        name = current_name(root)
        if only_if_missing and name is not None:
            return name
        with store.reading() as session:
            version = store.corpus_version()
            ids, texts = embedded_texts(session)
            variants = sure_variants(session)
        encoder = fitted_encoder(settings, texts, report)
        vectors = np.zeros((len(ids), encoder.dim), dtype=np.float32)
        for start in range(0, len(ids), _BATCH):
            vectors[start : start + _BATCH] = encoder.encode(texts[start : start + _BATCH])
            report("vectors", min(start + _BATCH, len(ids)), len(ids))
        numbers = np.array(ids, dtype=np.int64)
        learned = _learned(root, name, encoder)
        name = build_generation(
            root, encoder, numbers, vectors, version, settings.index, learned, variants
        )
        prune(root)
    log.info("index built", generation=name, facets=len(ids), corpus_version=version)
    return name


def fitted_encoder(settings: Settings, texts: Sequence[str], report: Progress) -> Encoder:
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
    )
    return fit_encoder(
        settings.encoder, texts, lambda stage, part: report(stage, int(part * 100), 100), options
    )


def _learned(root: Path, name: str | None, encoder: Encoder) -> Mapping[str, Any]:
    """Return what was learned about ranking, to go on with under an encoder of the same kind."""
    if name is None:
        return {}
    try:
        old = open_generation(root, name)
    except GenerationError:
        return {}
    return old.ranking if old.encoder.name == encoder.name else {}


def _apply_to_index(index: LayeredIndex, changes: Changes, generation: Generation) -> None:
    if changes.gone_facets:
        index.remove(np.array(sorted(changes.gone_facets), dtype=np.int64))
    if changes.facets:
        texts = [f"{row.title}\n{row.text}" if row.title else row.text for row in changes.facets]
        ids = np.array([row.id for row in changes.facets], dtype=np.int64)
        index.add(ids, generation.encoder.encode(texts))


def _organisation_record(row: OrganisationRow) -> OrganisationRecord:
    place = Place(row.city, row.country, row.region, row.latitude, row.longitude)
    kind = OrganisationType(row.type)
    return OrganisationRecord(row.key, row.id, row.name, kind, place, row.sme, tuple(row.sectors))


def _facet_record(row: FacetRow, owners: tuple[int, ...]) -> FacetRecord:
    return FacetRecord(
        id=row.id,
        kind=FacetKind(row.kind),
        year=row.year,
        stage=Stage(row.stage) if row.stage else None,
        valid_until=row.valid_until,
        topics=tuple(row.topics),
        owners=owners,
    )
