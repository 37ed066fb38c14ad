"""The parts that belong together in one process, made when first needed (so after a fork)."""

from __future__ import annotations

import threading
from functools import cached_property
from typing import Any

import structlog
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from embeddings.port import EncoderError
from matcher.cache import Cache, make_cache
from matcher.corpus.answer_cache import AnswerCache
from matcher.corpus.snapshot import CorpusProvider
from matcher.domain import Question
from matcher.imports import jobs as import_jobs
from matcher.initiatives.service import InitiativeService
from matcher.insights.service import InsightService
from matcher.jobs import rebuild
from matcher.jobs.job import JobContext
from matcher.jobs.runner import JobRunner
from matcher.mail import Mailer
from matcher.matching.service import Recommender, Stopwatch
from matcher.settings import Settings, SettingsError
from matcher.store import Store

JOB_KINDS = {**rebuild.KINDS, **import_jobs.KINDS}
FIRST_QUESTION = (
    "A pilot line for packaging biosensor chips, and a partner who makes them in series."
)
log = structlog.get_logger()


class Services:
    """Store, cache, live corpus and recommender of one process."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._lock = threading.RLock()

    @cached_property
    def store(self) -> Store:
        """The store, its schema up to date. Raises SettingsError where it can't be opened."""
        with self._lock:
            made: Store = self.__dict__.get("store") or self._opened()
            return made

    def _opened(self) -> Store:
        url = make_url(self.settings.database_url)
        try:
            self.settings.home.mkdir(parents=True, exist_ok=True)
            store = Store(self.settings.database_url)
            store.upgrade()
        except (OSError, DBAPIError) as error:
            told = getattr(error, "orig", None) or error
            said = (str(told).splitlines() or [type(told).__name__])[0]
            if url.password and url.password in said:
                said = type(told).__name__
            raise SettingsError(f"DATABASE_URL: the store can't be opened: {said}") from error
        return store

    @cached_property
    def mailer(self) -> Mailer:
        """Sends mails."""
        return Mailer(self.settings)

    @cached_property
    def cache(self) -> Cache:
        """The cache; Redis when REDIS_URL names one."""
        return make_cache(self.settings.redis_url)

    @cached_property
    def corpus_provider(self) -> CorpusProvider:
        """The live corpus."""
        with self._lock:
            made: CorpusProvider = self.__dict__.get("corpus_provider") or CorpusProvider(
                self.store, self.settings
            )
            return made

    @cached_property
    def recommender(self) -> Recommender:
        """The recommender."""
        with self._lock:
            made = self.__dict__.get("recommender")
            fresh = made or Recommender.by(self.settings, self.corpus_provider, self.cache)
            recommender: Recommender = fresh
            return recommender

    @cached_property
    def initiatives(self) -> InitiativeService:
        """Answers about initiatives."""
        cache = AnswerCache(self.cache, self.settings.cache_ttl)
        return InitiativeService(self.corpus_provider, cache, self.recommender)

    @cached_property
    def insights(self) -> InsightService:
        """Insights over the whole corpus."""
        return InsightService(
            self.corpus_provider, AnswerCache(self.cache, self.settings.cache_ttl)
        )

    @cached_property
    def jobs(self) -> JobRunner:
        """Starts, shows and runs background jobs."""
        with self._lock:
            made = self.__dict__.get("jobs")
            runner: JobRunner = made or JobRunner(JobContext(self.store, self.settings), JOB_KINDS)
            return runner

    def warm_up(self) -> None:
        """Open the index, load the corpus and ask once, so that the first visitor needn't wait.

        To be called in a process that serves, after the fork; jobs run in it from then on, where
        the settings say so.
        """
        snapshot = self.corpus_provider.snapshot()
        try:
            needs = tuple(self.initiatives.read_needs(FIRST_QUESTION))
            self.recommender.compute(snapshot, Question(FIRST_QUESTION, needs=needs), Stopwatch())
        except EncoderError as error:
            log.error("no answer at the start", reason=str(error))
        if snapshot.fault:
            log.error("the model doesn't answer at the start", reason=snapshot.fault)
        if self.settings.jobs == "inside":
            self.jobs.start_thread()

    def end(self) -> None:
        """Give the job at hand back, before the process ends."""
        if "jobs" in self.__dict__:
            self.jobs.stop()

    def readiness(self) -> tuple[bool, dict[str, Any]]:
        """Return whether questions can be answered, and the state of the parts."""
        snapshot = self.corpus_provider.snapshot()
        state = {
            "corpus_version": snapshot.version,
            "organisations": len(snapshot.corpus),
            "facets": len(snapshot.corpus.facets),
            "generation": snapshot.generation.name,
            "model": snapshot.generation.model,
            "model_answers": not snapshot.fault,
            "written_since_generation": snapshot.index.written,
            "cache": self.cache.state(),
        }
        return True, state
