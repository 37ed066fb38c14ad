"""Provides snapshots of the corpus that are up to date with the store."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

import numpy as np
import structlog

from embeddings.composite import incomplete_count, model_failure
from embeddings.lexicon import lexicon_of
from embeddings.port import View
from matcher.arrays import Rows
from matcher.corpus.corpus import Corpus, CorpusChange
from matcher.corpus.damage import damage_of, damaged_names, set_aside, verifying
from matcher.corpus.generation import (
    Generation,
    GenerationError,
    GenerationFormatError,
    current_name,
    open_generation,
)
from matcher.corpus.profile_vectors import profiles_of
from matcher.corpus.records import facet_record, organisation_record
from matcher.corpus.snapshot import Snapshot
from matcher.corpus.subjects import read_subjects
from matcher.index.layered import LayeredIndex
from matcher.settings import Settings
from matcher.store import Revision, Store
from matcher.store.changes import Changes, changes_since, count_changes

MAX_CHANGES_IN_REQUEST = 600
"""So many changed rows are taken over within a question, in less than half a second: those of 100
organisations that were written one by one. More are taken over in a thread."""
_BATCH = 128
"""Texts that are encoded at a time in the thread, so that questions get their turn between."""
_RETRY_SECONDS = 5.0
_WAIT_SECONDS = 1.0
_RESTORE_SECONDS = 3.0
"""A question waits for a snapshot of a store that was restored."""
Build = Callable[[Store, Settings], str]
"""Builds an index, unless there is one that fits the store; returns its name."""
log = structlog.get_logger()


class CorpusProvider:
    """Provides snapshots that are up to date with the store. Threads may share it.

    Until `serve` is called, each snapshot has every write. From then on nobody waits for a bulk
    write or a new generation: a thread catches up, and until it is ready the snapshot before it is
    given.
    """

    def __init__(
        self,
        store: Store,
        settings: Settings,
        build: Build,
    ) -> None:
        """`build` is called where there is no index that fits the store."""
        self.store = store
        self.settings = settings
        self._build = build
        self._lock = threading.Lock()
        self._snapshot: Snapshot | None = None
        self._rebuild: Callable[[], None] | None = None
        self._thread: threading.Thread | None = None
        self._retry_at = 0.0

    @property
    def current(self) -> Snapshot | None:
        """The newest snapshot that is ready; None before the first. Costs nothing."""
        return self._snapshot

    def serve(self, rebuild: Callable[[], None]) -> Snapshot:
        """Return the first snapshot, and let nobody wait for a later one.

        `rebuild` starts a build in the background, unless one is under way; it is called when more
        than `settings.rebuild_after` rows changed since the generation, and when one is damaged.
        """
        self._rebuild = rebuild
        snapshot = self.snapshot()
        if damaged_names(self.settings.index_folder):  # found by a process that has ended
            rebuild()
        return snapshot

    def verify(self) -> None:
        """Read the files of the current generation; where they are damaged, set it aside.

        Does nothing while another process does so.
        """
        folder = self.settings.index_folder
        with verifying(folder) as allowed:
            name = current_name(folder)
            reason = damage_of(folder, name) if allowed and name else ""
            if name and reason and current_name(folder) == name:
                self._set_aside(name, reason)

    def snapshot(self) -> Snapshot:
        """Return a snapshot at the store's present revision and the current generation.

        In a process that serves, the newest that is ready. Builds a generation where there is none,
        and where the present one is of another store, or of a version that this store lost when a
        backup was restored. In place of a damaged one the former is used, until a new one is built.
        Raises GenerationError where none can be read.
        """
        known, revision = self._snapshot, self.store.revision()
        if known is not None and self._is_current(known, revision):
            return known
        if known is None or self._rebuild is None:
            with self._lock:
                return self._catch_up()
        if not self.store.has_revision(*known.revision):
            return self._after_restore()
        if self._thread is not None or time.monotonic() < self._retry_at:
            return known
        if self._is_small(known):
            with self._lock:
                if self._thread is None:
                    return self._catch_up()
        self._start_thread()
        return self._snapshot or known

    def _after_restore(self) -> Snapshot:
        """Return a snapshot of a store to which a backup was restored.

        What is known holds writes that are lost, so there is no answer until a thread has caught
        up, or built an index. Raises GenerationError where that takes long.
        """
        self._start_thread()
        thread = self._thread
        if thread is not None:
            thread.join(_RESTORE_SECONDS)
        snapshot = self._snapshot
        if snapshot is None or not self.store.has_revision(*snapshot.revision):
            raise GenerationError("a backup was restored, and its index isn't built yet")
        return snapshot

    def _is_current(self, known: Snapshot, revision: Revision) -> bool:
        same = known.generation.name == current_name(self.settings.index_folder)
        up_to_date = same and known.revision == revision
        return up_to_date and (not known.incomplete or bool(known.model_failure))

    def _is_small(self, known: Snapshot) -> bool:
        """Return whether what changed can be taken over within a question."""
        if known.generation.name != current_name(self.settings.index_folder) or known.incomplete:
            return False
        with self.store.reading() as session:
            limit = min(MAX_CHANGES_IN_REQUEST, self.settings.rebuild_after)
            return count_changes(session, known.version) <= limit

    def _start_thread(self) -> None:
        with self._lock:
            if self._thread is None and time.monotonic() >= self._retry_at:
                self._thread = threading.Thread(
                    target=self._catch_up_in_thread, name="catch-up", daemon=True
                )
                self._thread.start()

    def _catch_up_in_thread(self) -> None:
        before = self._snapshot
        try:
            if self._catch_up() is before:  # a bulk write that waits for a build
                self._retry_at = time.monotonic() + _WAIT_SECONDS
        except Exception as error:
            # Questions go on being answered from the snapshot that is there.
            log.error("not caught up with the store", exc_info=error)
            self._retry_at = time.monotonic() + _RETRY_SECONDS
        finally:
            self._thread = None

    def _catch_up(self) -> Snapshot:
        """Make the present snapshot the current one, and return it."""
        known = self._snapshot
        generation = self._current_generation(known)
        if not self.store.has_revision(generation.corpus_version, generation.mark):
            self._build(self.store, self.settings)
            generation = self._current_generation(known)
        if known and known.incomplete and not model_failure(generation.encoder):
            known = None  # the model is back: encode again what was encoded without it
        if known and not self.store.has_revision(*known.revision):
            known = None  # a backup was restored: the snapshot holds writes that are lost
        if known is None or known.generation is not generation:
            known = _fresh(generation)
        if known.revision != self.store.revision():
            known = self._with_changes(known)
        self._snapshot = known
        return known

    def _current_generation(self, known: Snapshot | None) -> Generation:
        """Open the current generation, or one that can stand in for it."""
        folder = self.settings.index_folder
        name = current_name(folder)
        while True:
            if name is None and known and self._rebuild:
                self._rebuild()
                return known.generation
            name = name or self._build(self.store, self.settings)
            if known and known.generation.name == name:
                return known.generation
            try:
                return open_generation(folder, name, self.store.embeddings)
            except GenerationFormatError:
                if known:  # a newer version of the service built it
                    raise
                name = self._build(self.store, self.settings)
            except GenerationError:
                if current_name(folder) == name:
                    reason = damage_of(folder, name)
                    if not reason:
                        raise
                    self._set_aside(name, reason)
                name = current_name(folder)

    def _set_aside(self, name: str, reason: str) -> None:
        """Use another generation than one that is damaged, and ask for a new one."""
        try:
            former = set_aside(self.settings.index_folder, name, reason)
        except OSError as error:
            raise GenerationError(f"{reason}; run: schakel index build") from error
        log.error("index damaged", generation=name, reason=reason, used_instead=former)
        if self._rebuild:
            self._rebuild()

    def _with_changes(self, known: Snapshot) -> Snapshot:
        """Return the snapshot with what was written since; of a bulk write, after the next build.

        What more than `settings.rebuild_after` rows cost would be paid in every process; a build
        pays it once.
        """
        with self.store.reading() as session:
            pending = count_changes(session, known.version)
            if self._rebuild and known.changes + pending > self.settings.rebuild_after:
                self._rebuild()
                if pending > self.settings.rebuild_after:
                    return known
            changes = changes_since(session, known.version)
        return with_changes(known, changes, pending)


def _fresh(generation: Generation) -> Snapshot:
    """Return the snapshot of a generation, as it was built."""
    return Snapshot(
        generation,
        LayeredIndex(generation.index),
        LayeredIndex(generation.profiles),
        Corpus(generation.corpus_version, generation.tables),
        mark=generation.mark or "",
    )


def with_changes(known: Snapshot, changes: Changes, count: int) -> Snapshot:
    """Return a snapshot with `count` rows that were written since."""
    generation = known.generation
    encoder, classifier = generation.encoder, read_subjects(lexicon_of(generation.encoder))
    change = CorpusChange(
        [organisation_record(row) for row in changes.organisations],
        [facet_record(row, changes.owner_keys(row.id), classifier) for row in changes.facets],
        changes.deleted_organisations,
        changes.deleted_facets,
    )
    failures = incomplete_count(encoder)
    index = known.index.copy()
    if changes.deleted_facets:
        index.remove(np.array(sorted(changes.deleted_facets), dtype=np.int64))
    for start in range(0, len(changes.facets), _BATCH):
        rows = changes.facets[start : start + _BATCH]
        ids = np.array([row.id for row in rows], dtype=np.int64)
        index.add(ids, encoder.encode_stored([row.embedded_text for row in rows]))
        if start:
            time.sleep(0)  # lets a question that waits for the interpreter have its turn
    corpus = known.corpus.changed(changes.version, change)
    profiles = known.profiles.copy()
    deleted = np.array(sorted(changes.deleted_organisations), dtype=np.int64)
    if len(deleted):
        profiles.remove(deleted)
    stale = _whose_profiles_change(known.corpus, corpus, change)
    if len(stale):
        _refresh_profiles(profiles, index, corpus, stale, encoder.views)
    return Snapshot(
        generation,
        index,
        profiles,
        corpus,
        incomplete=known.incomplete or incomplete_count(encoder) != failures,
        mark=changes.mark,
        changes=known.changes + count,
    )


def _whose_profiles_change(before: Corpus, after: Corpus, change: CorpusChange) -> Rows:
    """Return the organisations that are new, or own or owned a facet that changed."""
    ids = np.array([*(facet.id for facet in change.facets), *change.deleted_facets], dtype=np.int64)
    old = before.find_facets(ids)
    owners = [
        before.owners_of(old[old >= 0])[0],
        after.owners_of(after.facet_rows(np.array([f.id for f in change.facets], np.int64)))[0],
        after.rows_of_keys(record.key for record in change.organisations),
    ]
    rows = np.unique(np.concatenate(owners))
    return rows[after.alive[rows]]


def _refresh_profiles(
    profiles: LayeredIndex, index: LayeredIndex, corpus: Corpus, rows: Rows, views: Sequence[View]
) -> None:
    """Compute the profile vectors of organisations (k,) again."""
    facets = corpus.facets_owned(rows)
    vectors = index.rows(corpus.facet_ids[facets])
    profiles.add(corpus.keys[rows], profiles_of(corpus, rows, vectors, facets, views))
