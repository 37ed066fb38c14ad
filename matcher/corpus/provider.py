"""Provides snapshots of the corpus that are up to date with the store."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from embeddings.composite import incomplete_count, model_failure
from embeddings.lexicon import lexicon_of
from embeddings.port import View
from embeddings.subjects import Subjects
from matcher.corpus.columns import Corpus, FacetRecord
from matcher.corpus.profile_vectors import profiles_of
from matcher.corpus.records import apply_changes, subjects_of
from matcher.corpus.snapshot import Snapshot
from matcher.index.exact import ExactIndex
from matcher.index.generation import (
    Generation,
    GenerationError,
    current_name,
    is_outdated,
    open_generation,
)
from matcher.index.layered import LayeredIndex
from matcher.settings import Settings
from matcher.store import Store
from matcher.store.changes import Changes, changes_since

Build = Callable[[Store, Settings], str]
"""Builds an index, unless there is one that fits the store; returns its name."""


class CorpusProvider:
    """Provides snapshots that are up to date with the store. Threads may share it."""

    def __init__(self, store: Store, settings: Settings, build: Build) -> None:
        """`build` is called where there is no index that fits the store."""
        self.store = store
        self.settings = settings
        self._build = build
        self._lock = threading.Lock()
        self._snapshot: Snapshot | None = None

    @property
    def current(self) -> Snapshot | None:
        """The newest snapshot that is ready; None before the first. Costs nothing."""
        return self._snapshot

    def snapshot(self) -> Snapshot:
        """Return a snapshot at the store's present version and the current generation.

        Builds a generation where there is none, and where the present one is of another store, or
        of a version that this store lost when a backup was restored. Raises GenerationError for a
        damaged one.
        """
        known = self._snapshot
        name = current_name(self.settings.index_folder)
        revision = self.store.revision()
        current = known and known.generation.name == name and known.revision == revision
        if known and current and (not known.incomplete or known.model_failure):
            return known
        with self._lock:
            known = self._snapshot
            if name is None or (not known and is_outdated(self.settings.index_folder, name)):
                name = self._build(self.store, self.settings)
            generation = self._generation(known, name)
            if not self.store.has_revision(generation.corpus_version, generation.mark):
                name = self._build(self.store, self.settings)
                generation = self._generation(known, name)
            if known and known.incomplete and not model_failure(generation.encoder):
                known = None  # the model is back: encode again what was encoded without it
            if known and not self.store.has_revision(*known.revision):
                known = None  # a backup was restored: the snapshot holds writes that are lost
            if known is None or known.generation is not generation or known.revision != revision:
                self._snapshot = known = self._refresh(known, generation)
            return known

    def _generation(self, known: Snapshot | None, name: str) -> Generation:
        if known and known.generation.name == name:
            return known.generation
        try:
            return open_generation(self.settings.index_folder, name, self.store.embeddings)
        except GenerationError:
            newer = current_name(self.settings.index_folder)
            if newer is None or newer == name:
                raise
            return open_generation(self.settings.index_folder, newer, self.store.embeddings)

    def _refresh(self, known: Snapshot | None, generation: Generation) -> Snapshot:
        same_base = known is not None and known.generation is generation
        with self.store.reading() as session:
            changes = changes_since(session, known.version if known else -1)
            written = changes
            if not same_base:
                written = changes_since(session, generation.corpus_version)
        index = known.index.copy() if known and same_base else LayeredIndex(generation.index)
        count = incomplete_count(generation.encoder)
        _apply_to_index(index, written, generation)
        incomplete = incomplete_count(generation.encoder) != count
        incomplete = incomplete or bool(known and same_base and known.incomplete)
        organisations, facets = apply_changes(
            changes, known.organisations if known else {}, known.facets if known else {}
        )
        same_names = known and not changes.deleted_organisations and not changes.organisations
        same = known.corpus if known and same_names else None
        variants = generation.findings.variants
        corpus = Corpus(changes.version, organisations, facets, same, variants)
        if known and same_base:
            profiles = known.profiles.copy()
        else:
            profiles = LayeredIndex(generation.profiles or ExactIndex(index.dim))
        stale = _touched(written, known.facets if known else facets)
        _refresh_profiles(profiles, index, corpus, stale, generation.encoder.views)
        subjects = dict(known.written_subjects) if known and same_base else {}
        if written.facets:
            classifier = Subjects(lexicon_of(generation.encoder))
            subjects.update((row.id, subjects_of(classifier, row)) for row in written.facets)
        return Snapshot(
            generation,
            index,
            profiles,
            corpus,
            organisations,
            facets,
            subjects,
            incomplete,
            changes.mark,
        )


def _touched(changes: Changes, before: Mapping[int, FacetRecord]) -> set[int]:
    """Return the keys of organisations that changed, or own or owned a facet that changed."""
    keys = {row.key for row in changes.organisations}
    for number in [*(row.id for row in changes.facets), *changes.deleted_facets]:
        keys.update(changes.owner_keys(number))
        keys.update(before[number].owners if number in before else ())
    return keys


def _refresh_profiles(
    profiles: LayeredIndex,
    index: LayeredIndex,
    corpus: Corpus,
    keys: set[int],
    views: Sequence[View],
) -> None:
    """Compute the profile vectors of these organisations again, and remove deleted ones."""
    known = {record.key for record in corpus.organisations}
    deleted = np.setdiff1d(profiles.ids(), np.array(sorted(known), dtype=np.int64))
    if len(deleted):
        profiles.remove(deleted)
    rows = [row for row, record in enumerate(corpus.organisations) if record.key in keys]
    if rows:
        facets = corpus.facets_owned(rows)
        vectors = index.rows(corpus.facet_ids[facets])
        numbers = np.array([corpus.organisations[row].key for row in rows], dtype=np.int64)
        profiles.add(numbers, profiles_of(corpus, rows, vectors, facets, views))


def _apply_to_index(index: LayeredIndex, changes: Changes, generation: Generation) -> None:
    """Remove deleted facets from the index, and encode new and changed ones."""
    if changes.deleted_facets:
        index.remove(np.array(sorted(changes.deleted_facets), dtype=np.int64))
    if changes.facets:
        texts = [row.embedded_text for row in changes.facets]
        ids = np.array([row.id for row in changes.facets], dtype=np.int64)
        index.add(ids, generation.encoder.encode_stored(texts))
