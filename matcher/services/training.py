"""Ranking learned from the corpus's own history: past projects are held out and asked for.

Quarters are held out, one after the other: the latest projects, and four fair draws over all years.
The latest alone mislead where one kind of record came last; draws alone would not show what time
changes. What is left tells of the partners of those held out, and so how much each score part
counts and what chance a score stands for. A third of the questions is kept apart to check that
weights learned from the others gain; where they lose, nothing is installed. Those installed are
learned from all questions. Chances come from the fair draws alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from embeddings.port import Encoder
from matcher.domain import FacetKind, Project
from matcher.index.exact import ExactIndex
from matcher.index.generation import Generation, build_lock, with_ranking
from matcher.index.layered import LayeredIndex
from matcher.ranking.corpus import Corpus
from matcher.ranking.learning import GRID, Asked, Quality, calibration, learn_weights, quality
from matcher.ranking.scoring import Weights, gather
from matcher.services.building import fitted_encoder, profile_index, readings_of
from matcher.services.cases import MODES, RARE_UP_TO, TEXT_ONLY, Case, cases_of
from matcher.services.hearing import listen
from matcher.services.live import Live, Snapshot
from matcher.services.recommend import searchable_facets, trained_weights
from matcher.services.weighing import fit_parts, network_of
from matcher.settings import Settings
from matcher.store import Store
from matcher.store.evidence import load_projects
from matcher.store.facets import embedded_texts

Progress = Callable[[str, int, int], None]

QUARTERS = 4
FEWEST_QUESTIONS = 40
ENOUGH_QUESTIONS = 1_000
"""Once there are so many questions by text, no more quarters are held out."""
MOST_CELLS = 1_600_000
"""At most so many scores (questions times organisations) of each fold are kept in memory."""
APART = 3
"""One of so many questions is kept apart from learning; by it the gain is measured."""


Fold = dict[str, list[tuple[bool, Asked]]]
"""By mode the questions, each with whether it is kept apart; a text always is, or never."""


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
    calibration: Mapping[str, list[list[float]]]
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
    live: Live, settings: Settings, *, seed: int = 1, progress: Progress | None = None
) -> Training:
    """Learn from the past projects of the store. Raises NotEnoughHistory."""
    report = progress or (lambda stage, done, total: None)
    snapshot = live.snapshot()
    with live.store.reading() as session:
        projects = load_projects(session)
    folds: list[Fold] = []
    for name, held in (("latest", latest(projects)), *quarters(projects)):
        earlier = past_of(live.store, settings, snapshot, held, report)
        folds.append(_questions(earlier, held, seed, settings.field_distance, name, report))
        if len(folds) > 1 and sum(len(fold[TEXT_ONLY]) for fold in folds) >= ENOUGH_QUESTIONS:
            break
    fewest = min(len(fold[TEXT_ONLY]) for fold in folds)
    if fewest < FEWEST_QUESTIONS:
        raise NotEnoughHistory(
            f"{fewest} of the projects held out have two partners known from the others; "
            f"it takes {FEWEST_QUESTIONS} to learn from. The shipped weights stay."
        )
    current = trained_weights(snapshot.generation.ranking, "trial") or Weights()
    everything = [[one for _, one in fold[mode]] for fold in folds for mode in MODES]
    learning = [[one for apart, one in fold[mode] if not apart] for fold in folds for mode in MODES]
    report("weights", 0, 2)
    trial = learn_weights(learning, Weights())
    report("weights", 1, 2)
    weights = learn_weights(everything, Weights())
    report("weights", 2, 2)
    fair = {mode: [one for fold in folds[1:] for _, one in fold[mode]] for mode in MODES}
    kept = {mode: [one for fold in folds for apart, one in fold[mode] if apart] for mode in MODES}
    gains = tuple(
        Gain(mode, len(several), quality(several, current), quality(several, trial))
        for mode, several in kept.items()
        if several
    )
    return Training(
        weights=weights,
        trial=trial,
        gains=gains,
        calibration={mode: calibration(several, weights) for mode, several in fair.items()},
        learned_on=sum(len(several) for several in everything),
        held_out=len(latest(projects)),
    )


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
    for mode in MODES:
        cases = _few_enough(cases_of(held, _active(earlier.corpus), mode, seed), earlier.corpus)
        questions[mode] = []
        for number, case in enumerate(cases, start=1):
            apart = int(_lot(case.text)[:8], 16) % APART == 0
            questions[mode].append((apart, asked(earlier, case, optimum)))
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
    encoder: Encoder = fitted_encoder(settings, texts, report, readings_of(settings))
    index = ExactIndex(encoder.dim)
    if kept:
        numbers = np.array([ids[place] for place in kept], dtype=np.int64)
        index.add(numbers, encoder.encode(texts))
    facets = {key: one for key, one in snapshot.facets.items() if key not in gone}
    variants = snapshot.generation.findings.get("variants", ())
    corpus = Corpus(snapshot.version, snapshot.organisations, facets, snapshot.corpus, variants)
    profiles = profile_index(corpus, encoder, index.rows(corpus.facet_ids))
    generation = Generation("past", snapshot.version, encoder.fingerprint, encoder, index)
    layers = LayeredIndex(index), LayeredIndex(profiles)
    return Snapshot(generation, *layers, corpus, snapshot.organisations, facets)


def asked(snapshot: Snapshot, case: Case, optimum: float) -> Asked:
    """Ask one question with the shipped constants and keep its parts."""
    corpus, weights = snapshot.corpus, Weights()
    vector = snapshot.generation.encoder.encode([case.text])[0]
    everyone = np.ones(len(corpus), dtype=np.bool_)
    heard = listen(snapshot, case.text, vector, searchable_facets(corpus, everyone), weights)
    members = corpus.with_variants(corpus.rows(case.given))
    parts, _ = fit_parts(snapshot, heard, members, weights, optimum)
    flat, near = (
        network_of(corpus, heard, members, replace(weights, on_topic=share)) for share in (0.0, 1.0)
    )
    shown = corpus.shown
    found = frozenset(shown[corpus.rows(tuple(sorted(case.partners)))].tolist())
    partners = found - set(shown[members].tolist())
    projects = corpus.shared(corpus.experience)
    return Asked(
        by_view={name: gather(corpus, votes) for name, votes in heard.by_view.items()},
        trust=heard.trust,
        parts={name: values for name, values in parts.items() if name not in {"text", flat.part}},
        worked={
            name: (flat.strength, near.strength - flat.strength)
            for name in parts
            if name == flat.part
        },
        left_out=np.union1d(members, np.flatnonzero(shown != np.arange(len(corpus)))),
        partners=partners,
        rare=frozenset(row for row in partners if projects[row] <= RARE_UP_TO),
    )


def _active(corpus: Corpus) -> dict[str, None]:
    """Return the ids of organisations that took part in something that is left."""
    evidence = corpus.of_kind(FacetKind.EVIDENCE)[corpus.owner_facets]
    return {corpus.organisations[row].id: None for row in corpus.owner_rows[evidence]}


def _few_enough(cases: list[Case], corpus: Corpus) -> list[Case]:
    most = max(MOST_CELLS // max(len(corpus), 1), FEWEST_QUESTIONS)
    return cases if len(cases) <= most else cases[:: -(-len(cases) // most)]
