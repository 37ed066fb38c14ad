"""The parts that belong together in one process, made when first needed (so after a fork)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import structlog
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from embeddings.port import EncoderError
from matcher.cache import Cache, CacheState, make_cache
from matcher.corpus.answer_cache import AnswerCache
from matcher.corpus.damage import damaged_names
from matcher.corpus.generation import GenerationError, current_name, is_building
from matcher.corpus.provider import CorpusProvider
from matcher.corpus.snapshot import Snapshot
from matcher.domain import Question
from matcher.gate import OPEN, BusyError, Gate
from matcher.imports import jobs as import_jobs
from matcher.indexing.build import build_index
from matcher.indexing.child import build_in_child
from matcher.indexing.encoders import RawEncoders
from matcher.indexing.provider import provide_corpus
from matcher.initiatives.service import InitiativeService
from matcher.insights.service import InsightService
from matcher.jobs import rebuild
from matcher.jobs.job import JobContext
from matcher.jobs.runner import JobRunner
from matcher.mail import Mailer
from matcher.matching.question import QuestionLimits
from matcher.matching.service import Recommender
from matcher.memory import release_free_memory
from matcher.operations import retention
from matcher.progress import Say, silent
from matcher.settings import Settings, SettingsError
from matcher.store import PATIENT, SchemaError, Store, StoreLimits
from matcher.threads import limit_loaded_libraries

JOB_KINDS = {**rebuild.KINDS, **import_jobs.KINDS, **retention.KINDS}
FIRST_QUESTION = (
    "A pilot line for packaging biosensor chips, and a partner who makes them in series."
)
HEAVY_TURN_SECONDS = 8.0
"""To wait for heavy questions before one's own."""
WRITE_TURN_SECONDS = 0.5
"""To wait where a third of the threads write, or wait for another writer, already."""
LOCK_SECONDS = 3.0
"""A writer waits for another; enough for any write but an import."""
CONNECTION_SECONDS = 5.0
STATEMENT_SECONDS = 60.0
BACKGROUND_THREADS = 5
"""That use the store beside those of requests: start, jobs, mails, catching up, one to spare."""
REBUILD_PAUSE_SECONDS = 60.0
"""A build that is due is asked for no more often, whatever becomes of it."""
log = structlog.get_logger()


Part = TypeVar("Part")


@dataclass(frozen=True, slots=True)
class ServiceState:
    """How the parts of this process stand; it may hold no secret, for /health/ready shows it."""

    corpus_version: int
    """The version that questions are answered at."""
    catching_up: bool
    """Whether something was written, or an index built, since."""
    writes_waiting: int
    """How many writes are in the store and not yet in answers."""
    building: bool
    """Whether an index is being built, in whichever process."""
    damaged: tuple[str, ...]
    """Generations of the index that were found damaged; a former one answers instead."""
    organisations: int
    facets: int
    generation: str
    model: str
    model_answers: bool
    written_since_generation: int
    cache: CacheState


class Services:
    """Store, cache, corpus, recommender and what is built on them, of one process."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.serving = False
        """Whether requests share the process: then nothing waits for long."""
        self._rebuild_at = 0.0
        self.starting = False
        """Whether the process warms up at the moment."""
        self._lock = threading.RLock()
        self._start: threading.Thread | None = None
        self._announce: Say = silent
        self._builds_apart = False

    def serve(self) -> None:
        """Say that the calling thread answers requests; to be called before anything else."""
        limit_loaded_libraries()
        self.serving = True

    @cached_property
    def store(self) -> Store:
        """The store, its schema up to date. Raises SettingsError where it can't be opened."""
        return self._made_once(
            "store", lambda: _open_store(self.settings, self.serving, self._tell)
        )

    @cached_property
    def mailer(self) -> Mailer:
        """Sends mails."""
        return self._made_once("mailer", lambda: Mailer(self.settings, self.store))

    @cached_property
    def cache(self) -> Cache:
        """The cache; Redis when REDIS_URL names one."""
        return make_cache(self.settings.redis_url)

    @cached_property
    def corpus_provider(self) -> CorpusProvider:
        """Gives the corpus as of the last write."""
        return self._made_once(
            "corpus_provider", lambda: provide_corpus(self.store, self.settings, self._tell)
        )

    @cached_property
    def answer_cache(self) -> AnswerCache:
        """Keeps answers as dataclasses."""

        def make() -> AnswerCache:
            gate = _heavy_gate(self.settings) if self.serving else OPEN
            return AnswerCache(self.cache, self.settings.cache_ttl, gate)

        return self._made_once("answer_cache", make)

    @property
    def limits(self) -> QuestionLimits:
        """How large a question may be, and how long its answer may take."""
        return QuestionLimits(
            self.settings.question_characters,
            self.settings.question_needs,
            self.settings.question_members,
            self.settings.question_seconds,
        )

    @cached_property
    def recommender(self) -> Recommender:
        """The recommender."""
        return self._made_once(
            "recommender",
            lambda: Recommender(
                self.corpus_provider, self.answer_cache, self.settings.long_tail, self.limits
            ),
        )

    @cached_property
    def initiatives(self) -> InitiativeService:
        """Answers about initiatives."""
        return InitiativeService(self.corpus_provider, self.answer_cache, self.recommender)

    @cached_property
    def insights(self) -> InsightService:
        """Insights over the whole corpus."""
        return InsightService(self.corpus_provider, self.answer_cache)

    @cached_property
    def jobs(self) -> JobRunner:
        """Starts, shows and runs background jobs."""

        def make() -> JobRunner:
            # Jobs wait for other writers for longer than requests do.
            own = make_store(self.settings, PATIENT) if self.serving else self.store
            build = build_in_child if self._builds_apart else build_index
            return JobRunner(JobContext(own, self.settings, build), JOB_KINDS, self.store)

        return self._made_once("jobs", make)

    def warm_up(self, announce: Say = silent) -> None:
        """Open the index, load the corpus and ask once, so that the first visitor needn't wait.

        To be called in a process that serves, after the fork. Where the settings say so, jobs run
        in it from then on. `announce` is told what takes long.
        """
        begun = time.monotonic()
        self._announce = announce
        self._builds_apart = True  # whoever asks meanwhile needs the interpreter
        self.serve()
        self.starting = True
        try:
            snapshot = self.corpus_provider.serve(self._rebuild)
            self._ask_once(snapshot)
        finally:
            self.starting = False
        release_free_memory()
        state = self.state(snapshot)
        announce(
            f"Ready on http://{self.settings.bind}, after {time.monotonic() - begun:.1f} s: "
            f"{state.organisations:,} organisations, {state.facets:,} facets"
        )
        for warning in self.settings.warnings:
            log.warning("settings", warning=warning)
            announce(f"Warning: {warning}.")
        if snapshot.model_failure:
            log.error("the model doesn't answer at the start", reason=snapshot.model_failure)
        if self.settings.jobs == "inside":
            self.jobs.start_thread()
            self.mailer.start_thread()
        threading.Thread(target=self._verify_index, name="verify", daemon=True).start()

    def _verify_index(self) -> None:
        """Look for damage that didn't show when the index was opened."""
        try:
            self.corpus_provider.verify()
        except (GenerationError, OSError) as error:
            log.error("index not verified", reason=str(error))

    def _rebuild(self) -> None:
        """Build the index anew in the background, unless that waits or is under way."""
        now = time.monotonic()
        if now >= self._rebuild_at:
            self._rebuild_at = now + REBUILD_PAUSE_SECONDS
            # A job is a write, for which nobody who only asks should wait.
            threading.Thread(target=self._start_rebuild, name="rebuild", daemon=True).start()

    def _start_rebuild(self) -> None:
        try:
            if self.jobs.start_if_none("rebuild"):
                log.info("index is built anew", reason="much was written since")
        except (BusyError, SQLAlchemyError) as error:  # whoever asks in a minute tries again
            log.warning("no build started", reason=type(error).__name__)

    def start(self) -> None:
        """Begin to warm up in a thread, unless that was done or is under way."""
        with self._lock:
            idle = self._start is None or not self._start.is_alive()
            if idle and not self.starting and self.corpus_provider.current is None:
                self._start = threading.Thread(target=self._warm_up_logged, daemon=True)
                self._start.start()

    def _tell(self, line: str) -> None:
        self._announce(line)

    def _warm_up_logged(self) -> None:
        try:
            self.warm_up()
        except Exception as error:  # whoever asks next tries again, and is told why
            log.error("not started", exc_info=error)

    def _ask_once(self, snapshot: Snapshot) -> None:
        try:
            needs = tuple(self.initiatives.read_needs(FIRST_QUESTION))
            self.recommender.answer(snapshot, Question(FIRST_QUESTION, needs=needs))
        except EncoderError as error:
            log.error("no answer at the start", reason=str(error))

    def end(self) -> None:
        """Give the job at hand back, before the process ends."""
        if "jobs" in self.__dict__:
            self.jobs.stop()
            self.jobs.context.store.dispose()
        if "mailer" in self.__dict__:
            self.mailer.stop()

    def state(self, snapshot: Snapshot) -> ServiceState:
        """Return the state of the parts, where questions are answered from `snapshot`.

        Raises SQLAlchemyError where the store can't be reached.
        """
        revision = self.store.revision()
        folder = self.settings.index_folder
        newest = current_name(folder) or snapshot.generation.name
        return ServiceState(
            corpus_version=snapshot.version,
            catching_up=snapshot.revision != revision or snapshot.generation.name != newest,
            writes_waiting=max(revision.version - snapshot.version, 0),
            building=is_building(folder),
            damaged=damaged_names(folder),
            organisations=snapshot.corpus.organisation_count,
            facets=snapshot.corpus.facet_count,
            generation=snapshot.generation.name,
            model=snapshot.generation.model,
            model_answers=not snapshot.model_failure,
            written_since_generation=snapshot.index.delta_size,
            cache=self.cache.state(),
        )

    def _made_once(self, name: str, make: Callable[[], Part]) -> Part:
        """Return the part that another thread made meanwhile, or make it."""
        with self._lock:
            if name not in self.__dict__:
                self.__dict__[name] = make()
            part: Part = self.__dict__[name]
            return part


def _heavy_gate(settings: Settings) -> Gate:
    """Return the gate of heavy computations. However many wait, others can ask something light."""
    places = settings.heavy_at_once
    return Gate(places, max(settings.threads // 2 - places, 1), HEAVY_TURN_SECONDS, "heavy")


def make_store(settings: Settings, limits: StoreLimits = PATIENT, write_gate: Gate = OPEN) -> Store:
    """Return the store that the settings name, its schema as it is."""
    return Store(settings.database_url, RawEncoders(settings), limits, write_gate)


def _make_serving_store(settings: Settings) -> Store:
    """Return a store that keeps nobody waiting. However many write, others can read."""
    threads = settings.threads
    limits = StoreLimits(
        connections=threads + BACKGROUND_THREADS,
        connection_seconds=CONNECTION_SECONDS,
        lock_seconds=LOCK_SECONDS,
        statement_seconds=STATEMENT_SECONDS,
    )
    gate = Gate(max(threads // 3, 1), threads, WRITE_TURN_SECONDS, "write")
    return make_store(settings, limits, gate)


def _open_store(settings: Settings, serving: bool, announce: Say) -> Store:
    try:
        settings.home.mkdir(parents=True, exist_ok=True)
        store = _make_serving_store(settings) if serving else make_store(settings)
        if not store.is_upgraded():
            announce(f"Preparing the tables of the store: {store.url.render_as_string()}")
            store.upgrade()
    except (OSError, DBAPIError, SchemaError) as error:
        cause = getattr(error, "orig", None) or error
        reason = (str(cause).splitlines() or [type(cause).__name__])[0]
        password = make_url(settings.database_url).password
        if password and password in reason:
            reason = type(cause).__name__
        raise SettingsError(f"DATABASE_URL: the store can't be opened: {reason}") from error
    return store
