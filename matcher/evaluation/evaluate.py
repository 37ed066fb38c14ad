"""How well partners of real projects are found: the recommender itself, beside baselines.

Profiles come from the train files only. Every test project is a query (title and objective) whose
partners known from train are to be found; it counts when there are at least two, and in the mode
where half of the members are given, at least four. Models are fitted by the index build, on the
train files alone.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from embeddings.language import LANGUAGES
from embeddings.port import EncoderError
from matcher.cache import MemoryCache
from matcher.corpus.answer_cache import AnswerCache
from matcher.corpus.provider import CorpusProvider
from matcher.corpus.snapshot import Snapshot
from matcher.domain import Project
from matcher.evaluation.baselines import simple_rankers
from matcher.evaluation.figures import (
    ExperienceGroup,
    Figures,
    RankedList,
    ReliabilityGroup,
    as_one_organisation,
    by_experience,
    companies_among_partners,
    covered_topics,
    mean,
    measure,
    reliability,
    shown_ids,
    topics_of,
)
from matcher.evaluation.queries import Query, queries_of
from matcher.evaluation.rankers import Ranker, recommender_ranker
from matcher.matching.service import Recommender
from matcher.models.fitted import FitReport, QueryMode
from matcher.models.weights import Weights
from matcher.progress import Progress, unreported
from matcher.settings import Settings
from matcher.store.projects import load_projects

LONG_TAIL_SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
COMPLEMENT_DIALS = (0.0, 0.1, 0.2, 0.3, 0.5, 0.8)
DRAWS = 5
"""How often the members given are drawn for the complement dial: projects with topics are few."""


class TranslationsRefused(ValueError):
    """A file of translations can't be used; the message says why."""


class NothingAsked(ValueError):
    """The test projects make no query; the message says what it takes."""


@dataclass(frozen=True, slots=True)
class ModeReport:
    """The figures of one mode."""

    queries: int
    methods: Mapping[str, Figures]
    reliability: tuple[ReliabilityGroup, ...]
    by_experience: tuple[ExperienceGroup, ...]
    companies: float = 0.0
    """The share of companies among the partners to be found."""


@dataclass(frozen=True, slots=True)
class DialFigures:
    """What a setting or dial buys and costs at one value."""

    value: float
    queries: int
    figures: Figures
    topics_10: float | None = None
    """The share of the partners' topics, known from earlier projects, that the first ten bring."""


@dataclass(frozen=True, slots=True)
class EvaluationReport:
    """Everything that `evaluate` measures."""

    organisations: int
    projects: int
    model: str
    seed: int
    fit: FitReport | None
    modes: Mapping[QueryMode, ModeReport]
    translations: Mapping[str, tuple[int, Figures]]
    """By language, `title` for the original: how many queries, and their figures."""
    long_tail: tuple[DialFigures, ...] = ()
    complement: tuple[DialFigures, ...] = ()


@dataclass(frozen=True, slots=True)
class TestSet:
    """The projects to ask about, and their titles in other languages."""

    projects: Sequence[Project]
    translations: Mapping[str, Mapping[str, str]]


def check_test_set(tests: TestSet, known: frozenset[str], seed: int) -> None:
    """Refuse test projects that make no query. Raises NothingAsked and TranslationsRefused."""
    projects, words = tests.projects, tests.translations
    if not queries_of(projects, known, QueryMode.TEXT_ONLY, seed):
        raise NothingAsked(
            "There is nothing to ask: a test project counts when two of its organisations, by "
            "their ids, took part in projects of the train folder."
        )
    titles = titles_of(projects, words) if words else {}
    if words and not queries_of(projects, known, QueryMode.TEXT_ONLY, seed, titles):
        raise TranslationsRefused(
            "translates none of the questions; it takes a title in each language for ids of test "
            f"projects, such as {projects[0].facet.source}"
        )


def evaluate(
    provider: CorpusProvider,
    settings: Settings,
    tests: TestSet,
    *,
    seed: int = 1,
    trade_off: bool = False,
    progress: Progress | None = None,
) -> EvaluationReport:
    """Measure the recommender on test projects, over a corpus built from train alone.

    With `trade_off`, also what the long-tail quota and the complement dial buy and cost. Raises
    EncoderError where a part of the encoder was away.
    """
    trial = _Trial(provider, settings, tests, seed, progress or unreported)
    corpus = trial.snapshot.corpus
    return EvaluationReport(
        organisations=corpus.organisation_count,
        projects=corpus.facet_count,
        model=trial.snapshot.generation.model,
        seed=seed,
        fit=trial.snapshot.models.report,
        modes={mode: trial.mode(mode) for mode in QueryMode},
        translations=trial.translated(),
        long_tail=trial.long_tail() if trade_off else (),
        complement=trial.complement() if trade_off else (),
    )


def read_translations(path: Path) -> dict[str, dict[str, str]]:
    """Read titles in other languages: by language, by project id. Raises TranslationsRefused."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            columns = rows.fieldnames or []
            languages = [code for code in LANGUAGES if code in columns]
            if "id" not in columns or not languages:
                raise TranslationsRefused(
                    f"{path.name}: the first line must name the columns id and one or more of "
                    f"{', '.join(LANGUAGES)}"
                )
            found: dict[str, dict[str, str]] = {code: {} for code in languages}
            for row in rows:
                for code in languages:
                    if row.get("id") and row.get(code):
                        found[code][row["id"]] = row[code]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise TranslationsRefused(f"{path.name}: can't be read as CSV in UTF-8") from error
    return found


def titles_of(
    projects: Sequence[Project], words: Mapping[str, Mapping[str, str]]
) -> dict[str, str]:
    """Return the titles of the projects, by source, that all languages have words for."""
    chosen = set.intersection(*(set(by_id) for by_id in words.values()))
    return {
        str(project.facet.source): project.facet.title or project.facet.text
        for project in projects
        if str(project.facet.source) in chosen
    }


def figures_of(
    recommender: Recommender,
    snapshot: Snapshot,
    projects: Sequence[Project],
    mode: QueryMode,
    seed: int,
) -> Figures:
    """Return the figures of a recommender in one mode, name variants counted as one."""
    corpus = snapshot.corpus
    records = queries_of(projects, corpus.row_of_id, mode, seed)
    queries = [query for _, query in as_one_organisation(records, shown_ids(corpus))]
    rank = recommender_ranker(recommender, snapshot)
    return measure(queries, [rank(query) for query in queries], corpus)


def with_shipped_weights(snapshot: Snapshot) -> Snapshot:
    """Return a snapshot that scores by the weights that ship with the service."""
    models = replace(snapshot.models, weights=Weights())
    return replace(snapshot, generation=replace(snapshot.generation, models=models))


class _Trial:
    """The queries of the test projects, put to the corpus that train made."""

    def __init__(
        self,
        provider: CorpusProvider,
        settings: Settings,
        tests: TestSet,
        seed: int,
        progress: Progress,
    ) -> None:
        self.provider = provider
        self.settings = settings
        self.tests = tests
        self.seed = seed
        self.progress = progress
        self.snapshot = provider.snapshot()
        self.shown = shown_ids(self.snapshot.corpus)
        with provider.store.reading() as session:
            self.simple = simple_rankers(self.snapshot, load_projects(session))

    def _recommender(self, long_tail: float | None = None) -> Recommender:
        share = self.settings.long_tail if long_tail is None else long_tail
        answers = AnswerCache(MemoryCache(), self.settings.cache_ttl)
        return Recommender(self.provider, answers, share)

    def mode(self, mode: QueryMode) -> ModeReport:
        """Return all methods in one mode, the reliability of probabilities, and newcomers."""
        snapshot, corpus = self.snapshot, self.snapshot.corpus
        recommender = self._recommender()
        methods: dict[str, Ranker] = {
            "schakel": recommender_ranker(recommender, snapshot),
            "shipped weights": recommender_ranker(recommender, with_shipped_weights(snapshot)),
            **self.simple,
        }
        pairs = self._queries(self.tests.projects, mode, self.seed)
        queries = [query for _, query in pairs]
        lists = {
            name: self._ask(f"{mode.value}, {name}", rank, queries)
            for name, rank in methods.items()
        }
        figures = {name: measure(queries, found, corpus) for name, found in lists.items()}
        figures["by record"] = measure([record for record, _ in pairs], lists["schakel"], corpus)
        return ModeReport(
            len(queries),
            figures,
            reliability(queries, lists["schakel"]),
            by_experience(queries, lists["schakel"], corpus),
            companies_among_partners(queries, corpus),
        )

    def translated(self) -> dict[str, tuple[int, Figures]]:
        """Return the figures of the translated queries, and of the same ones by their titles."""
        words = self.tests.translations
        if not words:
            return {}
        titles = titles_of(self.tests.projects, words)
        rank = recommender_ranker(self._recommender(), self.snapshot)
        figures = {}
        for name, texts in {"title": titles, **words}.items():
            asked = {source: text for source, text in texts.items() if source in titles}
            pairs = self._queries(self.tests.projects, QueryMode.TEXT_ONLY, self.seed, asked)
            queries = [query for _, query in pairs]
            found = self._ask(f"translations, {name}", rank, queries)
            figures[name] = len(queries), measure(queries, found, self.snapshot.corpus)
        return figures

    def long_tail(self) -> tuple[DialFigures, ...]:
        """Return what the long-tail quota buys and costs, text only."""
        pairs = self._queries(self.tests.projects, QueryMode.TEXT_ONLY, self.seed)
        queries = [query for _, query in pairs]
        curve = []
        for share in LONG_TAIL_SHARES:
            rank = recommender_ranker(self._recommender(share), self.snapshot)
            found = self._ask(f"long tail {share}", rank, queries)
            figures = measure(queries, found, self.snapshot.corpus)
            curve.append(DialFigures(share, len(queries), figures))
        return tuple(curve)

    def complement(self) -> tuple[DialFigures, ...]:
        """Return what the complement dial does where half of the members are given.

        Asked are the projects with topics; the members given are drawn DRAWS times.
        """
        with_topics = [project for project in self.tests.projects if project.facet.topics]
        queries = [
            query
            for seed in range(self.seed, self.seed + DRAWS)
            for _, query in self._queries(with_topics, QueryMode.HALF_GIVEN, seed)
        ]
        topics = topics_of(self.snapshot.corpus)
        curve = []
        for dial in COMPLEMENT_DIALS if queries else ():
            rank = recommender_ranker(self._recommender(), self.snapshot, dial)
            found = self._ask(f"complement {dial}", rank, queries)
            shares = [
                covered_topics(topics, query.partners, ranked.ids[:10])
                for query, ranked in zip(queries, found, strict=True)
            ]
            brought = mean([share for share in shares if share is not None])
            figures = measure(queries, found, self.snapshot.corpus)
            curve.append(DialFigures(dial, len(queries), figures, brought))
        return tuple(curve)

    def _queries(
        self,
        projects: Sequence[Project],
        mode: QueryMode,
        seed: int,
        texts: Mapping[str, str] | None = None,
    ) -> list[tuple[Query, Query]]:
        known = self.snapshot.corpus.row_of_id
        return as_one_organisation(queries_of(projects, known, mode, seed, texts), self.shown)

    def _ask(self, stage: str, rank: Ranker, queries: Sequence[Query]) -> list[RankedList]:
        lists = []
        for number, query in enumerate(queries, start=1):
            lists.append(rank(query))
            self.progress(stage, number, len(queries))
        if self.snapshot.is_incomplete_since(0):
            raise EncoderError(
                f"figures without the model would mislead: {self.snapshot.model_failure}"
            )
        return lists


def temporary_settings(settings: Settings, folder: Path) -> Settings:
    """Return settings for a corpus of its own in a folder."""
    database = f"sqlite:///{folder / 'train.sqlite3'}"
    return settings.model_copy(update={"home": folder, "database_url": database, "redis_url": ""})
