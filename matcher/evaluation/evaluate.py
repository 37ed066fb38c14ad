"""How well partners of real projects are found: the recommender itself, beside baselines.

Profiles come from the train files only. Every test project is a question (title and objective)
whose partners known from train are to be found; it counts when there are at least two, and in the
mode where half of the members are given, at least four. The ranking is trained on the train files
alone, as `flask --app app train` does it.
"""

from __future__ import annotations

import csv
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from embeddings.language import LANGUAGES
from embeddings.port import EncoderError
from matcher.cache import MemoryCache
from matcher.corpus.columns import Corpus
from matcher.corpus.snapshot import CorpusProvider, Snapshot
from matcher.domain import COMPLEMENT_DIAL, FacetKind, OrganisationType, Project, Question
from matcher.evaluation.fitting import NotEnoughHistory, Training, install, train
from matcher.evaluation.metrics import ndcg, recall, reciprocal_rank
from matcher.evaluation.queries import HALF_GIVEN, MODES, RARE_UP_TO, TEXT_ONLY, Case, cases_of
from matcher.imports.cordis import read_cordis
from matcher.imports.storage import store_batch
from matcher.indexing.build import build_index
from matcher.matching.scoring import Weights
from matcher.matching.service import Recommender
from matcher.progress import Progress
from matcher.settings import Settings
from matcher.store import Store

DEPTH = 100
CHANCES = (0.0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.45, 0.65, 1.0)
"""The limits of the groups in the reliability table."""
EXPERIENCE = ((1, 1), (2, 2), (3, 5), (6, 1_000_000))
"""Groups of organisations by how many projects they have in train."""
TRADED = {"popularity": (0.0, 0.1, 0.2, 0.4, 0.8), "less_known": (0.0, 0.25, 0.5, 0.75, 1.0)}
"""The settings that the trade-off shows, and at which values."""
DRAWS = 5
DIALS = (0.0, 0.1, 0.2, 0.3, 0.5, 0.8)

Results = list[dict[str, Any]]
Rank = Callable[[Case], Results]


class TranslationsRefused(ValueError):
    """A file of translations can't be used; the message says why."""


class NothingAsked(ValueError):
    """The test projects make no question; the message says what it takes."""


def evaluate(
    train_on: Path,
    test: Path,
    settings: Settings,
    *,
    seed: int = 1,
    translations: Path | None = None,
    trade_off: bool = False,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Return the counts and, by mode and method, the figures.

    With `translations`, also how well the same questions do in other languages; with `trade_off`,
    what the settings do that say how much the usual partners count. Raises ImportRefused,
    TranslationsRefused, NothingAsked and EncoderError, the first three before anything is built.
    """
    words = read_translations(translations) if translations else {}
    projects = read_cordis(test).projects
    past = read_cordis(train_on)
    known = {one.id for one in past.organisations}
    if not cases_of(projects, known, TEXT_ONLY, seed):
        raise NothingAsked(
            "There is nothing to ask: a test project counts when two of its organisations, by "
            "their ids, took part in projects of the train folder."
        )
    if translations and not cases_of(projects, known, TEXT_ONLY, seed, titles_of(projects, words)):
        raise TranslationsRefused(
            f"{translations.name}: translates none of the questions; it takes a title in each "
            f"language for ids of test projects, such as {projects[0].facet.source}"
        )
    with tempfile.TemporaryDirectory(prefix="schakel-evaluate-") as folder:
        home = Path(folder)
        settings = settings.model_copy(
            update={
                "home": home,
                "database_url": f"sqlite:///{home / 'train.sqlite3'}",
                "redis_url": "",
            }
        )
        store = Store(settings.database_url)
        store.upgrade()
        store_batch(store, past, progress)
        build_index(store, settings, progress)
        corpus_provider = CorpusProvider(store, settings)
        trained = _train(corpus_provider, settings, seed, progress)
        trial = _Trial(corpus_provider, projects, seed, settings, progress)
        report = trial.report(trained)
        if words:
            report["translations"] = trial.translated(words)
        if trade_off:
            report |= {name: trial.traded(name) for name in TRADED}
            report["complement"] = trial.complement()
        store.dispose()
    return report


def read_translations(path: Path) -> dict[str, dict[str, str]]:
    """Read questions in other words: by language, by project id. Raises TranslationsRefused."""
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
        str(one.facet.source): one.facet.title or one.facet.text
        for one in projects
        if str(one.facet.source) in chosen
    }


def _train(
    corpus_provider: CorpusProvider, settings: Settings, seed: int, progress: Progress | None
) -> dict[str, Any] | None:
    """Train and install as the command does; None where there isn't enough history."""
    try:
        training: Training = train(corpus_provider, settings, seed=seed, progress=progress)
    except NotEnoughHistory:
        return None
    if training.gained:
        install(settings, training, corpus_provider.snapshot().version)
    return {"installed": training.gained, **training.ranking(corpus_provider.snapshot().version)}


class _Trial:
    """The questions of the test projects, put to the corpus that train made."""

    def __init__(
        self,
        corpus_provider: CorpusProvider,
        projects: Sequence[Project],
        seed: int,
        settings: Settings,
        progress: Progress | None,
    ) -> None:
        self.corpus_provider = corpus_provider
        self.settings = settings
        self.recommender = Recommender.by(settings, corpus_provider, MemoryCache())
        self.snapshot = corpus_provider.snapshot()
        self.projects = projects
        self.seed = seed
        self.progress = progress or (lambda stage, done, total: None)

    def report(self, trained: dict[str, Any] | None) -> dict[str, Any]:
        """Return all methods in both modes, the reliability of chances, and newcomers."""
        corpus = self.snapshot.corpus
        shipped = Recommender.by(
            self.settings, self.corpus_provider, MemoryCache(), weights=Weights()
        )
        one_each = shown_under(corpus)
        methods: dict[str, Rank] = {
            "schakel": self._asks(self.recommender),
            "shipped weights": self._asks(shipped),
            "popularity": _popularity(self.snapshot),
            "mean vector": _mean_vector(self.snapshot),
        }
        report: dict[str, Any] = {
            "organisations": len(corpus),
            "projects": len(corpus.facets),
            "model": self.snapshot.generation.model,
            "seed": self.seed,
            "training": trained,
            "modes": {},
        }
        for mode in MODES:
            pairs = as_one(cases_of(self.projects, corpus.row_of_id, mode, self.seed), one_each)
            cases = [case for _, case in pairs]
            lists = {name: self._ask(f"{mode}, {name}", m, cases) for name, m in methods.items()}
            figures = {name: measure(cases, found, corpus) for name, found in lists.items()}
            records = [record for record, _ in pairs]
            figures["by record"] = measure(records, lists["schakel"], corpus)
            report["modes"][mode] = {
                "questions": len(cases),
                "methods": figures,
                "reliability": reliability(cases, lists["schakel"]),
                "by experience": by_experience(cases, lists["schakel"], corpus),
            }
        return report

    def translated(self, words: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
        """Return the figures of the translated questions, and of the same ones by their titles."""
        titles = titles_of(self.projects, words)
        figures: dict[str, Any] = {}
        corpus = self.snapshot.corpus
        one_each = shown_under(corpus)
        rank = self._asks(self.recommender)
        for name, texts in {"title": titles, **words}.items():
            asked = {source: text for source, text in texts.items() if source in titles}
            records = cases_of(self.projects, corpus.row_of_id, TEXT_ONLY, self.seed, asked)
            cases = [case for _, case in as_one(records, one_each)]
            found = self._ask(f"translations, {name}", rank, cases)
            figures[name] = {"questions": len(cases), **measure(cases, found, corpus)}
        return figures

    def traded(self, name: str) -> list[dict[str, Any]]:
        """Return what a setting buys and what it costs, at each of its values."""
        corpus = self.snapshot.corpus
        records = cases_of(self.projects, corpus.row_of_id, TEXT_ONLY, self.seed)
        cases = [case for _, case in as_one(records, shown_under(corpus))]
        curve = []
        for value in TRADED[name]:
            changed: dict[str, Any] = {name: value}
            one = Recommender.by(
                self.settings.model_copy(update=changed), self.corpus_provider, MemoryCache()
            )
            found = self._ask(f"{name} {value}", self._asks(one), cases)
            curve.append({name: value, **measure(cases, found, corpus)})
        return curve

    def complement(self) -> list[dict[str, Any]]:
        """Return what the complement dial does where half of the members are given.

        Asked are the projects with topics; they are few, so the members given are drawn DRAWS
        times. Beside the usual figures stands which share of the topics of the partners, known
        from their earlier projects, the first ten bring.
        """
        corpus = self.snapshot.corpus
        with_topics = [one for one in self.projects if one.facet.topics]
        records = [
            case
            for seed in range(self.seed, self.seed + DRAWS)
            for case in cases_of(with_topics, corpus.row_of_id, HALF_GIVEN, seed)
        ]
        cases = [case for _, case in as_one(records, shown_under(corpus))]
        topics = topics_of(corpus)
        curve = []
        for dial in DIALS if cases else ():
            found = self._ask(f"complement {dial}", self._asks(self.recommender, dial), cases)
            shares = [
                covered_topics(topics, case.partners, _ids(results)[:10])
                for case, results in zip(cases, found, strict=True)
            ]
            brought = _mean([share for share in shares if share is not None])
            figures = measure(cases, found, corpus)
            questions = len(cases)
            curve.append(
                {"complement": dial, "questions": questions, "topics@10": brought, **figures}
            )
        return curve

    def _asks(self, recommender: Recommender, dial: float = COMPLEMENT_DIAL) -> Rank:
        def ranked(case: Case) -> Results:
            question = Question(text=case.text, members=case.given, limit=DEPTH, complement=dial)
            return recommender.ranked(self.snapshot, question)

        return ranked

    def _ask(self, stage: str, rank: Rank, cases: Sequence[Case]) -> list[Results]:
        lists = []
        for number, case in enumerate(cases, start=1):
            lists.append(rank(case))
            self.progress(stage, number, len(cases))
        if self.snapshot.lacks(0):
            raise EncoderError(f"figures without the model would mislead: {self.snapshot.fault}")
        return lists


def shown_under(corpus: Corpus) -> dict[str, str]:
    """Return for each id the id that its organisation is shown under."""
    pairs = zip(corpus.organisations, corpus.shown, strict=True)
    return {one.id: corpus.organisations[row].id for one, row in pairs}


def figures_of(
    recommender: Recommender, snapshot: Snapshot, projects: Sequence[Project], mode: str, seed: int
) -> dict[str, float]:
    """Return the figures of a recommender in one mode, name variants counted as one."""
    corpus = snapshot.corpus
    records = cases_of(projects, corpus.row_of_id, mode, seed)
    cases = [case for _, case in as_one(records, shown_under(corpus))]
    questions = [Question(text=one.text, members=one.given, limit=DEPTH) for one in cases]
    return measure(cases, [recommender.ranked(snapshot, one) for one in questions], corpus)


def as_one(cases: Sequence[Case], one_each: Mapping[str, str]) -> list[tuple[Case, Case]]:
    """Return each question as recorded, and with name variants of one organisation as one.

    Variants of a member given aren't looked for; a question of which nothing is left falls away.
    """
    counted = []
    for case in cases:
        given = {one_each[one] for one in case.given}
        partners = frozenset(one_each[one] for one in case.partners) - given
        if partners:
            counted.append((case, replace(case, partners=partners)))
    return counted


def measure(cases: Sequence[Case], lists: Sequence[Results], corpus: Corpus) -> dict[str, float]:
    """Return the mean figures of ranked lists, one a case."""
    projects = _projects_of(corpus)
    companies = {o.id for o in corpus.organisations if o.type is OrganisationType.COMPANY}
    ranked = [_ids(found) for found in lists]
    rare = []
    for case, ids in zip(cases, ranked, strict=True):
        few = {one for one in case.partners if projects[one] <= RARE_UP_TO}
        if few:
            rare.append(recall(ids, few, 100))
    pairs = list(zip(ranked, (case.partners for case in cases), strict=True))
    tops = [one for ids in ranked for one in ids[:10]]
    return {
        "ndcg@10": _mean([ndcg(ids, partners, 10) for ids, partners in pairs]),
        "recall@50": _mean([recall(ids, partners, 50) for ids, partners in pairs]),
        "recall@100": _mean([recall(ids, partners, 100) for ids, partners in pairs]),
        "mrr": _mean([reciprocal_rank(ids, partners) for ids, partners in pairs]),
        "rare recall@100": _mean(rare),
        "coverage@10": round(len(set(tops)) / max(len(corpus), 1), 4),
        "companies@10": _mean([1.0 if one in companies else 0.0 for one in tops]),
    }


def reliability(cases: Sequence[Case], lists: Sequence[Results]) -> list[dict[str, Any]]:
    """Return for groups of chances how many pairs there were and how many did work together."""
    groups: defaultdict[int, list[tuple[float, float]]] = defaultdict(list)
    for case, found in zip(cases, lists, strict=True):
        for result in found:
            if result["probability"] is not None:
                group = int(np.searchsorted(CHANCES[1:-1], result["probability"], side="right"))
                hit = float(result["organisation"]["id"] in case.partners)
                groups[group].append((result["probability"], hit))
    return [
        {
            "from": CHANCES[group],
            "to": CHANCES[group + 1],
            "pairs": len(pairs),
            "said": _mean([said for said, _ in pairs]),
            "were": _mean([hit for _, hit in pairs]),
        }
        for group, pairs in sorted(groups.items())
    ]


def by_experience(
    cases: Sequence[Case], lists: Sequence[Results], corpus: Corpus
) -> list[dict[str, Any]]:
    """Return recall@100 of partners by how many projects they have in train."""
    projects = _projects_of(corpus)
    table = []
    for least, most in EXPERIENCE:
        shares, partners = [], 0
        for case, found in zip(cases, lists, strict=True):
            some = {one for one in case.partners if least <= projects[one] <= most}
            if some:
                partners += len(some)
                shares.append(recall(_ids(found), some, 100))
        table.append(
            {"least": least, "most": most, "partners": partners, "recall@100": _mean(shares)}
        )
    return table


def topics_of(corpus: Corpus) -> dict[str, set[str]]:
    """Return the topics of the past projects of each organisation, by the id it is shown under."""
    topics: defaultdict[str, set[str]] = defaultdict(set)
    for row, facet in zip(corpus.owner_rows.tolist(), corpus.owner_facets.tolist(), strict=True):
        topics[corpus.organisations[corpus.shown[row]].id].update(corpus.facets[facet].topics)
    return topics


def covered_topics(
    topics: Mapping[str, set[str]], partners: Iterable[str], listed: Iterable[str]
) -> float | None:
    """Return which share of the topics of partners those listed have; None without any topic."""
    wanted = set().union(*(topics.get(one, set()) for one in partners))
    brought = set().union(*(topics.get(one, set()) for one in listed))
    return len(wanted & brought) / len(wanted) if wanted else None


def _projects_of(corpus: Corpus) -> dict[str, int]:
    counts = corpus.shared(corpus.experience)
    return {one.id: int(counts[row]) for row, one in enumerate(corpus.organisations)}


def _shown_ids(corpus: Corpus) -> list[str]:
    return [one.id for row, one in enumerate(corpus.organisations) if corpus.shown[row] == row]


def _ids(found: Results) -> list[str]:
    return [result["organisation"]["id"] for result in found]


def _bare(ids: Sequence[str]) -> Results:
    return [{"organisation": {"id": one}, "probability": None} for one in ids]


def _mean(values: Sequence[float]) -> float:
    return round(fmean(values), 4) if values else 0.0


def _popularity(snapshot: Snapshot) -> Rank:
    counts, shown = _projects_of(snapshot.corpus), _shown_ids(snapshot.corpus)
    order = sorted(shown, key=lambda one: -counts[one])
    return lambda case: _bare([one for one in order if one not in case.given][:DEPTH])


def _mean_vector(snapshot: Snapshot) -> Rank:
    """One mean vector an organisation, cosine: what a good engineer would try first."""
    corpus, encoder = snapshot.corpus, snapshot.generation.encoder
    evidence = corpus.facet_ids[corpus.of_kind(FacetKind.EVIDENCE)]
    vectors = np.zeros((len(corpus.facets), encoder.dim), dtype=np.float32)
    rows = corpus.facet_rows(evidence)
    vectors[rows] = snapshot.index.rows(evidence)
    means = np.zeros((len(corpus), encoder.dim), dtype=np.float32)
    np.add.at(means, corpus.shown[corpus.owner_rows], vectors[corpus.owner_facets])
    shown = set(_shown_ids(corpus))
    means /= np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-9)

    def ranked(case: Case) -> Results:
        scores = means @ encoder.encode([case.text])[0]
        order = (corpus.organisations[row].id for row in np.argsort(-scores, kind="stable"))
        return _bare([one for one in order if one in shown and one not in case.given][:DEPTH])

    return ranked
