"""Figures of the service as of this moment: corpus, index, jobs, mails, what answers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from matcher.cache import Cache
from matcher.corpus.damage import damaged_names
from matcher.corpus.generation import GenerationError, is_building, read_manifest
from matcher.corpus.provider import CorpusProvider
from matcher.jobs.job import JobState
from matcher.metrics import Gauge
from matcher.store import Store
from matcher.store.account_tables import JobRow, MailRow


def gauges(provider: CorpusProvider, store: Store, cache: Cache) -> Iterator[Gauge]:
    """Give what this process sees. Raises SQLAlchemyError where the store can't be reached."""
    revision = store.revision().version
    yield Gauge("schakel_store_revision", "Writes to the store so far.", revision)
    with store.reading() as session:
        yield from _jobs(session)
        yield from _mails(session)
    yield from _corpus(provider, revision)
    reachable = cache.state()["reachable"]
    yield Gauge("schakel_cache_reachable", "Whether the cache answers.", reachable)


def _corpus(provider: CorpusProvider, revision: int) -> Iterator[Gauge]:
    snapshot, root = provider.current, provider.settings.index_folder
    yield Gauge("schakel_index_building", "Whether an index is built.", is_building(root))
    yield Gauge("schakel_index_damaged", "Damaged indexes set aside.", len(damaged_names(root)))
    if snapshot is None:
        return
    yield Gauge(
        "schakel_answer_revision",
        "The writes that answers of the worker asked have.",
        snapshot.version,
    )
    lag = max(revision - snapshot.version, 0)
    yield Gauge("schakel_writes_waiting", "Writes not yet in its answers.", lag)
    overlay = snapshot.index.delta_size
    yield Gauge("schakel_overlay_facets", "Facets written since the index was built.", overlay)
    answers = not snapshot.model_failure
    yield Gauge("schakel_model_answers", "Whether the model that reads texts answers.", answers)
    for kind, count in (
        ("organisations", snapshot.corpus.organisation_count),
        ("facets", snapshot.corpus.facet_count),
    ):
        yield Gauge("schakel_corpus_size", "What the corpus holds.", count, {"kind": kind})
    try:
        created = str(read_manifest(root, snapshot.generation.name)["created"])
    except GenerationError:
        return
    age = (datetime.now(UTC) - datetime.fromisoformat(created)).total_seconds()
    yield Gauge("schakel_index_age_seconds", "Since the index was built.", age)


def _jobs(session: Session) -> Iterator[Gauge]:
    query = select(JobRow.state, func.count(), func.min(JobRow.created)).group_by(JobRow.state)
    found = {state: (count, oldest) for state, count, oldest in session.execute(query)}
    for state in JobState:
        count = found.get(state.value, (0, None))[0]
        labels = {"state": state.value}
        yield Gauge("schakel_jobs", "Background jobs in the store.", count, labels)
    oldest = found.get(JobState.WAITING.value, (0, None))[1]
    age = (datetime.now(UTC) - oldest).total_seconds() if oldest else 0.0
    yield Gauge("schakel_jobs_oldest_waiting_seconds", "Age of the job that waits longest.", age)
    done = (JobRow.kind == "rebuild") & (JobRow.state == JobState.DONE.value)
    build = session.scalar(select(JobRow).where(done).order_by(JobRow.finished.desc()).limit(1))
    if build is not None and build.started and build.finished:
        took = (build.finished - build.started).total_seconds()
        yield Gauge("schakel_index_build_seconds", "Time of the last build by a job.", took)


def _mails(session: Session) -> Iterator[Gauge]:
    count, oldest = session.execute(select(func.count(), func.min(MailRow.created))).one()
    age = (datetime.now(UTC) - oldest).total_seconds() if oldest else 0.0
    yield Gauge("schakel_mails_waiting", "Mails that wait to be handed over.", count)
    yield Gauge("schakel_mails_oldest_waiting_seconds", "Age of the oldest of them.", age)
