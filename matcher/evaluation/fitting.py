"""Ranking learned from the corpus's own history: past projects are held out and asked for.

Quarters are held out, one after the other: the latest projects, and four fair draws over all years.
The latest alone mislead where one kind of record came last; draws alone would not show what time
changes. What is left tells of the partners of those held out, and so how much each score part
counts and what chance a score stands for.

Each question is asked twice: of all past projects, and without its siblings, those with half of its
partners. Draws leave more of them than a later initiative finds, from the same call or year, and
they give the answer away.

A third of the questions is kept apart to check that weights learned from the others gain; where
they lose, nothing is installed. Those installed are learned from all questions. Chances come from
the fair draws alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from embeddings.port import Encoder
from matcher.arrays import Floats, Rows
from matcher.corpus.columns import Corpus
from matcher.corpus.snapshot import CorpusProvider, Snapshot
from matcher.domain import FacetKind, Project
from matcher.evaluation.queries import HALF_GIVEN, MODES, RARE_UP_TO, TEXT_ONLY, Case, cases_of
from matcher.evaluation.weight_search import GRID, Asked, Quality, learn_weights, quality
from matcher.index.exact import ExactIndex
from matcher.index.generation import Generation, build_lock, with_ranking
from matcher.index.layered import LayeredIndex
from matcher.indexing.build import embedding_store_of, fitted_encoder, profile_index
from matcher.indexing.vote_history import vote_calibration_json
from matcher.matching.retrieve import RetrievalResult, listen, vector_of
from matcher.matching.score import fit_parts, network_of, standing_in
from matcher.matching.scoring import Weights, gather
from matcher.matching.service import searchable_facets, trained_weights
from matcher.models.score_calibration import calibration
from matcher.progress import Progress
from matcher.settings import Settings
from matcher.store import Store
from matcher.store.facets import embedded_texts
from matcher.store.projects import load_projects

QUARTERS = 4
MIN_QUESTIONS = 40
ENOUGH_QUESTIONS = 1_000
"""Once there are so many questions by text, no more quarters are held out."""
MAX_CELLS = 1_600_000
"""At most so many scores (questions times organisations) of each fold are kept in memory."""
DRAWS = 2
"""How often the members given are drawn for each project held out: one draw is luck."""
SIBLINGS_SHARE = 0.5
"""A past project with this share of the partners of a question, two at least, is its sibling."""
APART = 3
"""One of so many questions is kept apart from learning; by it the gain is measured."""


@dataclass(frozen=True, slots=True)
class Held:
    """A question that a project held out makes."""

    apart: bool
    """Whether it is kept apart from learning; a text always is, or never."""
    of_all: Asked
    alone: Asked
    """The same without its siblings."""


Fold = dict[str, list[Held]]
"""The questions by mode."""


class NotEnoughHistory(Exception):
    """There are too few past projects to learn from; the message says how many it takes."""


@dataclass(frozen=True, slots=True)
class Gain:
    """What the learned weights did to one mode on the questions kept apart."""

    mode: str
    questions: int
    before: Quality
    after: Quality


@dataclass(frozen=True, slots=True)
class Training:
    """What was learned and whether it was good enough to install."""

    weights: Weights
    """Learned from all questions: these are installed."""
    trial: Weights
    """Learned without those kept apart, from which the gains were measured."""
    gains: tuple[Gain, ...]
    calibration: Mapping[str, Mapping[str, Any]]
    learned_on: int
    held_out: int

    @property
    def gained(self) -> bool:
        """Whether the learned weights are no worse than those before, all modes together."""
        after = sum(gain.after.worth for gain in self.gains)
        return after >= sum(gain.before.worth for gain in self.gains)

    def ranking(self, corpus_version: int) -> dict[str, Any]:
        """Return what is kept with the generation."""
        learned, trial = (
            {name: getattr(weights, name) for name in GRID}
            for weights in (self.weights, self.trial)
        )
        return {
            "weights": learned,
            "trial": trial,
            "calibration": dict(self.calibration),
            "corpus_version": corpus_version,
            "questions": self.learned_on,
            "gains": [asdict(gain) for gain in self.gains],
        }


def train(
    corpus_provider: CorpusProvider,
    settings: Settings,
    *,
    seed: int = 1,
    progress: Progress | None = None,
) -> Training:
    """Learn from the past projects of the store. Raises NotEnoughHistory."""
    report = progress or (lambda stage, done, total: None)
    snapshot = corpus_provider.snapshot()
    with corpus_provider.store.reading() as session:
        projects = load_projects(session)
    folds: list[Fold] = []
    for name, held in (("latest", latest(projects)), *quarters(projects)):
        earlier = past_of(corpus_provider.store, settings, snapshot, held, report)
        folds.append(_questions(earlier, held, seed, settings.field_distance, name, report))
        if len(folds) > 1 and sum(len(fold[TEXT_ONLY]) for fold in folds) >= ENOUGH_QUESTIONS:
            break
    fewest = min(len(fold[TEXT_ONLY]) for fold in folds)
    if fewest < MIN_QUESTIONS:
        raise NotEnoughHistory(
            f"{fewest} of the projects held out have two partners known from the others; "
            f"it takes {MIN_QUESTIONS} to learn from. The shipped weights stay."
        )
    current = trained_weights(snapshot.generation.ranking, "trial") or Weights()
    lists = [fold[mode] for fold in folds for mode in MODES]
    learning = [_both(one for one in held if not one.apart) for held in lists]
    report("weights", 0, 2)
    trial = learn_weights(learning, Weights())
    report("weights", 1, 2)
    weights = learn_weights([_both(held) for held in lists], Weights())
    report("weights", 2, 2)
    fair = {mode: _both(one for fold in folds[1:] for one in fold[mode]) for mode in MODES}
    kept = {mode: [one for fold in folds for one in fold[mode] if one.apart] for mode in MODES}
    gains = tuple(
        Gain(mode, len(several), quality(both, current), quality(both, trial))
        for mode, several in kept.items()
        if (both := _both(several))
    )
    return Training(
        weights=weights,
        trial=trial,
        gains=gains,
        calibration={mode: calibration(several, weights) for mode, several in fair.items()},
        learned_on=sum(len(several) for several in lists),
        held_out=len(latest(projects)),
    )


def _both(held: Iterable[Held]) -> list[Asked]:
    """Return questions of all past projects, and without their siblings."""
    return [asked for one in held for asked in (one.of_all, one.alone)]


def _questions(
    earlier: Snapshot,
    held: Sequence[Project],
    seed: int,
    optimum: float,
    name: str,
    report: Progress,
) -> Fold:
    """Return by mode the questions that the projects held out make, asked of the others."""
    questions: Fold = {}
    known, ask = _active(earlier.corpus), Asking(earlier, optimum)
    for mode in MODES:
        draws = range(seed, seed + (DRAWS if mode == HALF_GIVEN else 1))
        cases = [case for draw in draws for case in cases_of(held, known, mode, draw)]
        cases = _few_enough(cases, earlier.corpus)
        questions[mode] = []
        for number, case in enumerate(cases, start=1):
            apart = int(_lot(case.text)[:8], 16) % APART == 0
            questions[mode].append(Held(apart, *ask(case)))
            report(f"{name} held out, {mode}", number, len(cases))
    return questions


def install(settings: Settings, training: Training, corpus_version: int) -> str:
    """Publish a generation that ranks by what was learned; returns its name."""
    with build_lock(settings.index_folder):
        return with_ranking(settings.index_folder, training.ranking(corpus_version))


def latest(projects: Sequence[Project]) -> list[Project]:
    """Return the latest quarter; within a year by a hash of the source, which is a fair draw."""
    ordered = sorted(projects, key=lambda one: (one.facet.year or 0, _lot(one.facet.source)))
    return ordered[len(ordered) - len(ordered) // QUARTERS :]


def quarters(projects: Sequence[Project]) -> list[tuple[str, list[Project]]]:
    """Return four fair draws of the projects by a hash of the source, the same every time."""
    ordered = sorted(projects, key=lambda one: _lot(one.facet.source))
    return [(f"quarter {n + 1}", ordered[n::QUARTERS]) for n in range(QUARTERS)]


def _lot(text: object) -> str:
    return hashlib.sha256(str(text).encode()).hexdigest()


def past_of(
    store: Store, settings: Settings, snapshot: Snapshot, held: Sequence[Project], report: Progress
) -> Snapshot:
    """Return the corpus without the projects held out, under an encoder fitted without them."""
    gone = {one.facet.id for one in held}
    with store.reading() as session:
        ids, texts = embedded_texts(session)
    kept = [place for place, number in enumerate(ids) if number not in gone]
    texts = [texts[place] for place in kept]
    encoder: Encoder = fitted_encoder(settings, texts, report, embedding_store_of(settings))
    index = ExactIndex(encoder.dim)
    if kept:
        numbers = np.array([ids[place] for place in kept], dtype=np.int64)
        index.add(numbers, encoder.encode(texts))
    facets = {key: one for key, one in snapshot.facets.items() if key not in gone}
    variants = snapshot.generation.findings.get("variants", ())
    corpus = Corpus(snapshot.version, snapshot.organisations, facets, snapshot.corpus, variants)
    profiles = profile_index(corpus, encoder, index.rows(corpus.facet_ids))
    findings = {"credence": vote_calibration_json(corpus, encoder, index)}
    generation = Generation(
        "past", snapshot.version, encoder.fingerprint, encoder, index, findings=findings
    )
    layers = LayeredIndex(index), LayeredIndex(profiles)
    return Snapshot(generation, *layers, corpus, snapshot.organisations, facets)


class Asking:
    """Asks a snapshot questions with the shipped constants and keeps their parts."""

    def __init__(self, snapshot: Snapshot, optimum: float) -> None:
        self._snapshot, self._optimum = snapshot, optimum
        everyone = np.ones(len(snapshot.corpus), dtype=np.bool_)
        self._searchable = searchable_facets(snapshot.corpus, everyone)
        self._projects = snapshot.corpus.shared(snapshot.corpus.experience)
        self._heard: dict[tuple[str, bytes], tuple[RetrievalResult, RetrievalResult]] = {}

    def __call__(self, case: Case) -> tuple[Asked, Asked]:
        """Return a question asked of all past projects, and without its siblings.

        Where it has none, the two are one.
        """
        corpus = self._snapshot.corpus
        siblings = siblings_of(corpus, case)
        heard, alone = self._listen(case.text, siblings)
        members = corpus.with_variants(corpus.rows(case.given))
        parts, *_ = fit_parts(self._snapshot, heard, members, Weights(), self._optimum)
        of_all = self._asked(case, members, parts, heard)
        if not len(siblings):
            return of_all, of_all
        return of_all, self._asked(case, members, parts, alone, siblings)

    def _listen(self, text: str, siblings: Rows) -> tuple[RetrievalResult, RetrievalResult]:
        """Return what is heard of a text, and of the same among all but its siblings."""
        key = text, siblings.tobytes()
        if key not in self._heard:
            vector = vector_of(self._snapshot, text)
            heard = alone = listen(self._snapshot, text, vector, self._searchable, Weights())
            if len(siblings):
                gone = self._snapshot.corpus.facet_ids[siblings]
                others = np.setdiff1d(self._searchable, gone)
                alone = listen(self._snapshot, text, vector, others, Weights())
            self._heard[key] = heard, alone
        return self._heard[key]

    def _asked(
        self,
        case: Case,
        members: Rows,
        parts: Mapping[str, Floats],
        heard: RetrievalResult,
        aside: Rows | None = None,
    ) -> Asked:
        """Return the parts of all who can be an answer; the votes and the network are new."""
        corpus = self._snapshot.corpus
        by_view = {n: gather(corpus, votes, heard.worth) for n, votes in heard.by_view.items()}
        flat, near = (
            network_of(corpus, heard, members, replace(Weights(), on_topic=share), aside)
            for share in (0.0, 1.0)
        )
        others = {n: own for n, own in parts.items() if n not in {"text", flat.part}}
        if not len(members):
            others["akin"] = corpus.affiliation.to(*standing_in(corpus, heard))
        can_answer = np.any([*by_view.values(), parts["named"], flat.strength], axis=0)
        can_answer &= corpus.shown == np.arange(len(corpus))
        can_answer[members] = False
        worked = (flat.strength[can_answer], (near.strength - flat.strength)[can_answer])
        found = corpus.shown[corpus.rows(tuple(sorted(case.partners)))].tolist()
        partners = frozenset(found) - set(corpus.shown[members].tolist())
        return Asked(
            about=case.text,
            rows=np.flatnonzero(can_answer),
            by_view={name: own[can_answer] for name, own in by_view.items()},
            vocabulary_coverage=heard.vocabulary_coverage,
            surest=heard.surest or 0.0,
            parts={n: own[can_answer] for n, own in others.items()},
            partners=partners,
            rare=frozenset(row for row in partners if self._projects[row] <= RARE_UP_TO),
            worked={flat.part: worked} if flat.part in parts else {},
        )


def siblings_of(corpus: Corpus, case: Case) -> Rows:
    """Return the rows of past projects that have SIBLINGS_SHARE of the partners of a question.

    Partners are those given and those to be found; name variants of one are one.
    """
    partners = np.unique(corpus.group[corpus.rows((*case.given, *case.partners))])
    owners = corpus.group[corpus.owner_rows]
    is_one = np.isin(owners, partners) & corpus.of_kind(FacetKind.EVIDENCE)[corpus.owner_facets]
    together = np.unique(np.stack([corpus.owner_facets[is_one], owners[is_one]]), axis=1)[0]
    counts = np.bincount(together, minlength=len(corpus.facets))
    rows: Rows = np.flatnonzero(counts >= max(2.0, SIBLINGS_SHARE * len(partners)))
    return rows


def _active(corpus: Corpus) -> dict[str, None]:
    """Return the ids of organisations that took part in something that is left."""
    evidence = corpus.of_kind(FacetKind.EVIDENCE)[corpus.owner_facets]
    return {corpus.organisations[row].id: None for row in corpus.owner_rows[evidence]}


def _few_enough(cases: list[Case], corpus: Corpus) -> list[Case]:
    most = max(MAX_CELLS // max(len(corpus), 1), MIN_QUESTIONS)
    return cases if len(cases) <= most else cases[:: -(-len(cases) // most)]
