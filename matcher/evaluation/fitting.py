"""Models fitted on the corpus's own history: past projects are held out and asked for.

A quarter of the projects is held out at a time: first the latest, then four quarters drawn at
random from all years. The latest alone mislead where one kind of record came last; random quarters
alone wouldn't show what time changes. The other projects are asked for the partners of those held
out, which shows how much each feature should count and what probability a score stands for.

Each query is asked twice: of all other projects, and without its siblings, those with half of its
partners. Random quarters leave more siblings, from the same call or year, than a later initiative
finds, and they give the answer away.

A third of the queries is held out from the search, to compare fitted and shipped weights; where the
shipped ones are better, they stay. The weights installed are fitted on all queries. Probabilities
come from the random quarters alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import structlog

from embeddings.default import sample
from matcher.arrays import Rows
from matcher.corpus.corpus import Corpus, CorpusChange
from matcher.corpus.mentions import mentions_in
from matcher.corpus.snapshot import Snapshot
from matcher.domain import FacetKind, Project, Question
from matcher.evaluation.queries import RARE_UP_TO, Query, queries_of
from matcher.evaluation.vote_history import fit_votes
from matcher.evaluation.weight_search import FitQuery, first_of, quality, search_weights, worth
from matcher.matching.retrieve import retrieve
from matcher.matching.score import compute_features
from matcher.matching.understand import TextMentions, UnderstoodQuestion, view_coverage_of
from matcher.models.fitted import Comparison, FitReport, FittedModels, QueryMode
from matcher.models.need_offer import NeedOfferModel
from matcher.models.score_calibration import ScoreCalibration, fit_score_calibration
from matcher.models.weights import Weights
from matcher.needs.comparison import facet_statements
from matcher.progress import Progress, unreported

QUARTERS = 4
MIN_QUERIES = 40
MAX_QUERIES = 250
"""Of more queries of a fold and mode so many are asked, evenly drawn: the search takes time."""
ENOUGH_QUERIES = 1_000
"""Once there are so many queries by text, no more quarters are held out."""
SIBLINGS_SHARE = 0.5
"""A past project with this share of the partners of a query, two at least, is its sibling."""
VALIDATION_SHARE = 3
"""One text in so many is held out from the search; on their queries weights are compared."""
_SEED = 1
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class HeldOut:
    """A query that a project held out makes."""

    for_validation: bool
    """Whether it is held out from the search; a text always is, or never."""
    with_siblings: FitQuery
    without_siblings: FitQuery
    """The same object where there are none."""


Fold = dict[QueryMode, list[HeldOut]]
"""The queries by mode."""


class NotEnoughHistory(Exception):
    """There are too few past projects to fit on; the message says how many it takes."""


def fit_models(
    snapshot: Snapshot,
    projects: Sequence[Project],
    need_offer: NeedOfferModel,
    progress: Progress | None = None,
) -> FittedModels:
    """Fit all models on a corpus; where there is too little history, those shipped stay."""
    report = progress or unreported
    models = FittedModels(need_offer, votes=fit_votes(snapshot))
    try:
        fitted = fit_weights(snapshot, projects, report)
    except NotEnoughHistory as reason:
        log.info("weights not fitted", reason=str(reason))
        return models
    log.info(
        "weights fitted",
        kept="fitted" if fitted.report.installed else "shipped",
        queries=fitted.report.queries,
    )
    return fitted.installed_in(models)


@dataclass(frozen=True, slots=True)
class FittedWeights:
    """What a fit found out."""

    report: FitReport
    random_quarters: dict[QueryMode, list[FitQuery]]
    """The queries of the quarters that were drawn at random."""

    def installed_in(self, models: FittedModels) -> FittedModels:
        """Return models that rank by the fitted weights, or the shipped ones where these do better.

        The probabilities go with the weights.
        """
        weights = self.report.fitted if self.report.installed else Weights()
        return replace(
            models, weights=weights, calibration=self.calibration(weights), report=self.report
        )

    def calibration(self, weights: Weights) -> dict[QueryMode, ScoreCalibration]:
        """Return the calibration from score to probability of each mode that has enough pairs."""
        found = {
            mode: _calibration(queries, weights) for mode, queries in self.random_quarters.items()
        }
        return {mode: curve for mode, curve in found.items() if curve is not None}


def fit_weights(snapshot: Snapshot, projects: Sequence[Project], report: Progress) -> FittedWeights:
    """Fit the weights on past projects held out. Raises NotEnoughHistory."""
    folds: list[Fold] = []
    for name, held in (("latest", latest(projects)), *quarters(projects)):
        earlier = snapshot_without(snapshot, held)
        folds.append(_fold(snapshot, earlier, held, name, report))
        fewest = len(folds[0][QueryMode.TEXT_ONLY])
        if fewest < MIN_QUERIES:
            raise NotEnoughHistory(
                f"{fewest} of the latest projects have two partners known from the others; it "
                f"takes {MIN_QUERIES} to fit weights. The shipped weights stay."
            )
        by_text = sum(len(fold[QueryMode.TEXT_ONLY]) for fold in folds)
        if len(folds) > 1 and by_text >= ENOUGH_QUERIES:
            break
    lists = [fold[mode] for fold in folds for mode in QueryMode]
    report("weights", 0, 2)
    trial = search_weights(
        [_both(held for held in queries if not held.for_validation) for queries in lists], Weights()
    )
    report("weights", 1, 2)
    fitted = search_weights([_both(queries) for queries in lists], Weights())
    report("weights", 2, 2)
    comparisons = []
    for mode in QueryMode:
        validation = _both(held for fold in folds for held in fold[mode] if held.for_validation)
        if validation:
            comparisons.append(
                Comparison(
                    mode,
                    len(validation),
                    quality(validation, Weights()),
                    quality(validation, trial),
                )
            )
    shipped = sum(worth(one.shipped) for one in comparisons)
    installed = sum(worth(one.fitted) for one in comparisons) >= shipped
    queries = sum(len(several) for several in lists)
    random_quarters = {
        mode: _both(held for fold in folds[1:] for held in fold[mode]) for mode in QueryMode
    }
    return FittedWeights(FitReport(queries, fitted, installed, tuple(comparisons)), random_quarters)


def _calibration(queries: Sequence[FitQuery], weights: Weights) -> ScoreCalibration | None:
    scores, surest, partners = [], [], []
    for query in queries:
        values = query.scores(weights)
        places = first_of(values)
        scores.append(values[places])
        surest.append(query.surest)
        partners.append(query.is_partner[places])
    return fit_score_calibration(scores, surest, partners)


def _both(held: Iterable[HeldOut]) -> list[FitQuery]:
    """Return the queries with their siblings and without."""
    return [query for one in held for query in (one.with_siblings, one.without_siblings)]


def _fold(
    whole: Snapshot, earlier: Snapshot, held: Sequence[Project], name: str, report: Progress
) -> Fold:
    """Return by mode the queries that the projects held out make, asked of the others."""
    known = _active(earlier.corpus)
    fold: Fold = {}
    for mode in QueryMode:
        queries = sample(queries_of(held, known, mode, _SEED), MAX_QUERIES)
        fold[mode] = []
        for number, query in enumerate(queries, start=1):
            for_validation = int(_hash(query.text)[:8], 16) % VALIDATION_SHARE == 0
            fold[mode].append(HeldOut(for_validation, *_ask(whole, earlier, query)))
            report(f"{name} held out, {mode.value}", number, len(queries))
    return fold


def _ask(whole: Snapshot, earlier: Snapshot, query: Query) -> tuple[FitQuery, FitQuery]:
    """Return a query asked of all past projects, and without its siblings."""
    siblings = siblings_of(earlier.corpus, query)
    understood = _understood(whole, earlier, query)
    with_siblings = _fit_query(understood, query, siblings[:0])
    if not len(siblings):
        return with_siblings, with_siblings
    return with_siblings, _fit_query(understood, query, siblings)


def _understood(whole: Snapshot, earlier: Snapshot, query: Query) -> UnderstoodQuestion:
    """Return a past project as a question: its stored vector is that of its text."""
    facet = np.array([query.facet_id], dtype=np.int64)
    vector, row = whole.index.rows(facet), whole.corpus.facet_rows(facet)
    mentions = TextMentions(None, mentions_in(earlier.corpus, query.text))
    return UnderstoodQuestion(
        snapshot=earlier,
        question=Question(text=query.text, members=query.given),
        text=query.text,
        vector=vector[0],
        view_coverage=view_coverage_of(whole.generation.encoder, vector),
        needs=None,
        scores_needs=False,
        members=earlier.corpus.with_variants(earlier.corpus.rows(query.given)),
        mentions=(mentions,),
        mentioned=mentions.found.rows,
        mention_confidence=mentions.found.confidence,
        asked=facet_statements(whole, row),
    )


def _fit_query(understood: UnderstoodQuestion, query: Query, hidden: Rows) -> FitQuery:
    """Return the features of the candidates of a query, while some facets are hidden."""
    candidates = retrieve(understood, hidden)
    features = compute_features(candidates)
    corpus = understood.snapshot.corpus
    partners = np.unique(corpus.group[corpus.rows(tuple(sorted(query.partners)))])
    partners = np.setdiff1d(partners, corpus.group[understood.members])
    rare = partners[corpus.experience_of(partners) <= RARE_UP_TO]
    return FitQuery(
        about=query.text,
        text_by_view=features.text_by_view,
        view_coverage=understood.view_coverage,
        features=features.values,
        with_members=features.with_members,
        is_partner=np.isin(candidates.groups, partners),
        is_rare=np.isin(candidates.groups, rare),
        partners=max(len(partners), 1),
        rare=len(rare),
        surest=candidates.voted.surest or 0.0,
    )


def snapshot_without(snapshot: Snapshot, held: Sequence[Project]) -> Snapshot:
    """Return the corpus as if the projects held out had never been; the encoder is the same."""
    gone = {project.facet.id for project in held if project.facet.id is not None}
    corpus = snapshot.corpus.changed(snapshot.version, CorpusChange(deleted_facets=sorted(gone)))
    earlier = replace(snapshot, corpus=corpus)
    models = replace(snapshot.models, votes=fit_votes(earlier))
    return replace(earlier, generation=replace(snapshot.generation, models=models))


def siblings_of(corpus: Corpus, query: Query) -> Rows:
    """Return the rows of past projects that have SIBLINGS_SHARE of the partners of a query.

    Partners are those given and those to be found; name variants count as one organisation.
    """
    partners = np.unique(corpus.group[corpus.rows((*query.given, *query.partners))])
    records = corpus.with_variants(partners)
    facets, places = corpus.facets_of(records)
    evidence = corpus.of_kind(FacetKind.EVIDENCE, facets)
    pairs = np.stack([facets[evidence], corpus.group[records[places[evidence]]]])
    rows, counts = np.unique(np.unique(pairs, axis=1)[0], return_counts=True)
    siblings: Rows = rows[counts >= max(2.0, SIBLINGS_SHARE * len(partners))]
    return siblings


def latest(projects: Sequence[Project]) -> list[Project]:
    """Return the latest quarter; within a year by a hash of the source, which is random."""
    ordered = sorted(projects, key=lambda one: (one.facet.year or 0, _hash(one.facet.source)))
    return ordered[len(ordered) - len(ordered) // QUARTERS :]


def quarters(projects: Sequence[Project]) -> list[tuple[str, list[Project]]]:
    """Return four random quarters of the projects, by a hash of the source: the same every time."""
    ordered = sorted(projects, key=lambda one: _hash(one.facet.source))
    return [(f"quarter {n + 1}", ordered[n::QUARTERS]) for n in range(QUARTERS)]


def _hash(text: object) -> str:
    return hashlib.sha256(str(text).encode()).hexdigest()


def _active(corpus: Corpus) -> frozenset[str]:
    """Return the ids of organisations that took part in a past project."""
    return frozenset(corpus.ids[row] for row in np.flatnonzero(corpus.experience).tolist())
