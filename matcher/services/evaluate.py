"""How well partners of real projects are found: the recommender itself, beside two baselines.

Profiles come from the train files only. Every test project is a question (title and objective)
whose partners known from train are to be found; it counts when there are at least two, and in the
mode where half of the members are given, at least four.
"""

from __future__ import annotations

import random
import tempfile
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from matcher.cache import MemoryCache
from matcher.domain import FacetKind, OrganisationType, Project, Question
from matcher.ranking.metrics import ndcg, recall, reciprocal_rank
from matcher.ranking.scoring import Weights
from matcher.services.importing.cordis import read_cordis
from matcher.services.imports import store_batch
from matcher.services.live import Live, Snapshot, build_index
from matcher.services.recommend import LONGEST_TEXT, Recommender, Stopwatch
from matcher.settings import Settings
from matcher.store import Store

DEPTH = 100
RARE_UP_TO = 2
MODES = ("text only", "half of the members given")
Progress = Callable[[str, int, int], None]
Rank = Callable[[str, tuple[str, ...]], list[str]]


@dataclass(frozen=True, slots=True)
class Case:
    """One question: the text, the members given, the partners to be found."""

    text: str
    given: tuple[str, ...]
    partners: frozenset[str]


def evaluate(
    train: Path,
    test: Path,
    settings: Settings,
    *,
    seed: int = 1,
    weights: Weights | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Return the counts and, by mode and method, the figures. Raises ImportRefused."""
    with tempfile.TemporaryDirectory(prefix="schakel-evaluate-") as folder:
        home = Path(folder)
        settings = replace(
            settings, home=home, database_url=f"sqlite:///{home / 'train.sqlite3'}", redis_url=""
        )
        store = Store(settings.database_url)
        store.upgrade()
        store_batch(store, read_cordis(train), progress)
        build_index(store, settings, progress)
        recommender = Recommender(Live(store, settings), MemoryCache(), weights=weights)
        projects = read_cordis(test).projects
        report = _evaluated(recommender, projects, seed, progress)
        store.dispose()
    return report


def cases_of(
    projects: Sequence[Project], known: Mapping[str, object], mode: str, seed: int
) -> list[Case]:
    """Return the questions of a mode; the members given are drawn by `seed` and project."""
    cases = []
    for project in sorted(projects, key=lambda one: str(one.facet.source)):
        partners = sorted(
            {one.organisation_id for one in project.participations if one.organisation_id in known}
        )
        text = project.facet.embedded_text[:LONGEST_TEXT]
        if mode == MODES[0] and len(partners) >= 2:
            cases.append(Case(text, (), frozenset(partners)))
        elif mode == MODES[1] and len(partners) >= 4:
            draw = random.Random(f"{seed} {project.facet.source}")
            given = tuple(sorted(draw.sample(partners, len(partners) // 2)))
            cases.append(Case(text, given, frozenset(partners) - set(given)))
    return cases


def _evaluated(
    recommender: Recommender, projects: Sequence[Project], seed: int, progress: Progress | None
) -> dict[str, Any]:
    snapshot = recommender.live.snapshot()
    corpus = snapshot.corpus
    methods: dict[str, Rank] = {
        "schakel": _schakel(recommender, snapshot),
        "popularity": _popularity(snapshot),
        "mean vector": _mean_vector(snapshot),
    }
    report: dict[str, Any] = {
        "organisations": len(corpus),
        "projects": len(corpus.facets),
        "model": snapshot.generation.model,
        "seed": seed,
        "modes": {},
    }
    for mode in MODES:
        cases = cases_of(projects, corpus.row_of_id, mode, seed)
        figures: dict[str, Any] = {}
        for name, method in methods.items():
            lists = []
            for number, case in enumerate(cases, start=1):
                lists.append(method(case.text, case.given))
                if progress:
                    progress(f"{mode}, {name}", number, len(cases))
            figures[name] = measure(cases, lists, snapshot)
        report["modes"][mode] = {"questions": len(cases), "methods": figures}
    return report


def measure(
    cases: Sequence[Case], lists: Sequence[Sequence[str]], snapshot: Snapshot
) -> dict[str, float]:
    """Return the mean figures of ranked lists, one a case."""
    corpus = snapshot.corpus
    projects: defaultdict[str, int] = defaultdict(int)
    for row in corpus.owner_rows:
        projects[corpus.organisations[row].id] += 1
    companies = {o.id for o in corpus.organisations if o.type is OrganisationType.COMPANY}
    rare = []
    for case, ranked in zip(cases, lists, strict=True):
        few = {one for one in case.partners if projects[one] <= RARE_UP_TO}
        if few:
            rare.append(recall(ranked, few, 100))
    pairs = list(zip(lists, (case.partners for case in cases), strict=True))
    tops = [one for ranked in lists for one in ranked[:10]]
    return {
        "ndcg@10": _mean([ndcg(ranked, partners, 10) for ranked, partners in pairs]),
        "recall@50": _mean([recall(ranked, partners, 50) for ranked, partners in pairs]),
        "recall@100": _mean([recall(ranked, partners, 100) for ranked, partners in pairs]),
        "mrr": _mean([reciprocal_rank(ranked, partners) for ranked, partners in pairs]),
        "rare recall@100": _mean(rare),
        "coverage@10": round(len(set(tops)) / max(len(corpus), 1), 4),
        "companies@10": _mean([1.0 if one in companies else 0.0 for one in tops]),
    }


def _mean(values: Sequence[float]) -> float:
    return round(fmean(values), 4) if values else 0.0


def _schakel(recommender: Recommender, snapshot: Snapshot) -> Rank:
    def ranked(text: str, given: tuple[str, ...]) -> list[str]:
        question = Question(text=text, members=given, limit=DEPTH)
        answer = recommender.compute(snapshot, question, Stopwatch())
        return [result["organisation"]["id"] for result in answer["results"]]

    return ranked


def _popularity(snapshot: Snapshot) -> Rank:
    corpus = snapshot.corpus
    counts = np.bincount(corpus.owner_rows, minlength=len(corpus))
    order = [corpus.organisations[row].id for row in np.argsort(-counts, kind="stable")]
    return lambda text, given: [one for one in order if one not in given][:DEPTH]


def _mean_vector(snapshot: Snapshot) -> Rank:
    """One mean vector an organisation, cosine: what a good engineer would try first."""
    corpus, encoder = snapshot.corpus, snapshot.generation.encoder
    evidence = corpus.facet_ids[corpus.of_kind(FacetKind.EVIDENCE)]
    vectors = np.zeros((len(corpus.facets), encoder.dim), dtype=np.float32)
    rows = corpus.facet_rows(evidence)
    vectors[rows] = snapshot.index.rows(evidence)
    means = np.zeros((len(corpus), encoder.dim), dtype=np.float32)
    np.add.at(means, corpus.owner_rows, vectors[corpus.owner_facets])
    means /= np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-9)

    def ranked(text: str, given: tuple[str, ...]) -> list[str]:
        scores = means @ encoder.encode([text])[0]
        order = (corpus.organisations[row].id for row in np.argsort(-scores, kind="stable"))
        return [one for one in order if one not in given][:DEPTH]

    return ranked
