"""Figures of ranked lists: means over queries whose answers are known."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean, stdev

import numpy as np

from matcher.corpus.corpus import Corpus
from matcher.corpus.tables import TYPES
from matcher.domain import OrganisationType
from matcher.evaluation.metrics import ndcg, recall, reciprocal_rank
from matcher.evaluation.queries import RARE_UP_TO, Query

PROBABILITIES = (0.0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.45, 0.65, 1.0)
"""The limits of the groups in the reliability table."""
EXPERIENCE = ((1, 1), (2, 2), (3, 5), (6, 1_000_000))
"""Groups of organisations by how many projects they have in train."""


@dataclass(frozen=True, slots=True)
class RankedList:
    """The organisations on a list, best first, with the probability of each where it is known."""

    ids: tuple[str, ...]
    probabilities: tuple[float, ...] | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """Means over the lists of several queries."""

    ndcg_10: float
    recall_50: float
    recall_100: float
    mrr: float
    rare_recall_100: float
    """Of partners with at most two projects in train."""
    catalogue_coverage_10: float
    """The share of all organisations that are among the first ten of some list."""
    companies_10: float
    """The share of companies among the first ten."""
    ndcg_10_error: float = 0.0
    recall_50_error: float = 0.0
    """Standard errors of the means."""


@dataclass(frozen=True, slots=True)
class ReliabilityGroup:
    """Pairs whose stated probability lies within limits, and how many did work together."""

    start: float
    end: float
    pairs: int
    stated: float
    observed: float


@dataclass(frozen=True, slots=True)
class ExperienceGroup:
    """Recall of the partners with so many projects in train."""

    least: int
    most: int
    partners: int
    recall_100: float


def measure(queries: Sequence[Query], lists: Sequence[RankedList], corpus: Corpus) -> Figures:
    """Return the mean figures of ranked lists, one a query."""
    projects = projects_of(corpus)
    companies = _companies(corpus)
    rare = []
    for query, ranked in zip(queries, lists, strict=True):
        few = {partner for partner in query.partners if projects[partner] <= RARE_UP_TO}
        if few:
            rare.append(recall(ranked.ids, few, 100))
    pairs = [(one.ids, query.partners) for one, query in zip(lists, queries, strict=True)]
    tops = [organisation_id for ranked in lists for organisation_id in ranked.ids[:10]]
    ndcgs = [ndcg(ids, partners, 10) for ids, partners in pairs]
    recalls = [recall(ids, partners, 50) for ids, partners in pairs]
    return Figures(
        ndcg_10=mean(ndcgs),
        recall_50=mean(recalls),
        recall_100=mean([recall(ids, partners, 100) for ids, partners in pairs]),
        mrr=mean([reciprocal_rank(ids, partners) for ids, partners in pairs]),
        rare_recall_100=mean(rare),
        catalogue_coverage_10=round(len(set(tops)) / max(corpus.organisation_count, 1), 4),
        companies_10=mean([float(organisation_id in companies) for organisation_id in tops]),
        ndcg_10_error=standard_error(ndcgs),
        recall_50_error=standard_error(recalls),
    )


def companies_among_partners(queries: Sequence[Query], corpus: Corpus) -> float:
    """Return the share of companies among the partners to be found."""
    companies = _companies(corpus)
    return mean([float(one in companies) for query in queries for one in query.partners])


def _companies(corpus: Corpus) -> set[str]:
    are_companies = corpus.type_numbers.whole() == TYPES.index(OrganisationType.COMPANY)
    return {corpus.ids[row] for row in np.flatnonzero(are_companies).tolist()}


def reliability(
    queries: Sequence[Query], lists: Sequence[RankedList]
) -> tuple[ReliabilityGroup, ...]:
    """Return for groups of probabilities how many pairs there were, and did work together."""
    groups: defaultdict[int, list[tuple[float, float]]] = defaultdict(list)
    for query, ranked in zip(queries, lists, strict=True):
        for organisation_id, probability in zip(
            ranked.ids, ranked.probabilities or (), strict=False
        ):
            group = int(np.searchsorted(PROBABILITIES[1:-1], probability, side="right"))
            groups[group].append((probability, float(organisation_id in query.partners)))
    return tuple(
        ReliabilityGroup(
            PROBABILITIES[group],
            PROBABILITIES[group + 1],
            len(pairs),
            mean([stated for stated, _ in pairs]),
            mean([observed for _, observed in pairs]),
        )
        for group, pairs in sorted(groups.items())
    )


def by_experience(
    queries: Sequence[Query], lists: Sequence[RankedList], corpus: Corpus
) -> tuple[ExperienceGroup, ...]:
    """Return recall@100 of partners by how many projects they have in train."""
    projects = projects_of(corpus)
    table = []
    for least, most in EXPERIENCE:
        shares, partners = [], 0
        for query, ranked in zip(queries, lists, strict=True):
            some = {one for one in query.partners if least <= projects[one] <= most}
            if some:
                partners += len(some)
                shares.append(recall(ranked.ids, some, 100))
        table.append(ExperienceGroup(least, most, partners, mean(shares)))
    return tuple(table)


def as_one_organisation(
    queries: Sequence[Query], shown_id: Mapping[str, str]
) -> list[tuple[Query, Query]]:
    """Return each query as recorded, and with name variants of one organisation as one.

    `shown_id` says for each id under which id its organisation is shown. Variants of a member given
    aren't looked for; a query of which nothing is left falls away.
    """
    counted = []
    for query in queries:
        given = {shown_id[member] for member in query.given}
        partners = frozenset(shown_id[partner] for partner in query.partners) - given
        if partners:
            counted.append((query, replace(query, partners=partners)))
    return counted


def topics_of(corpus: Corpus) -> dict[str, set[str]]:
    """Return the topics of the past projects of each organisation, by the id it is shown under."""
    topics: defaultdict[str, set[str]] = defaultdict(set)
    owners, facets = corpus.owners.whole()
    for row, facet in zip(corpus.representative[owners].tolist(), facets.tolist(), strict=True):
        topics[corpus.ids[row]].update(corpus.text_of(number) for number in corpus.topics.at(facet))
    return topics


def covered_topics(
    topics: Mapping[str, set[str]], partners: Iterable[str], listed: Iterable[str]
) -> float | None:
    """Return which share of the topics of partners those listed have; None without any topic."""
    wanted = set().union(*(topics.get(partner, set()) for partner in partners))
    brought = set().union(*(topics.get(one, set()) for one in listed))
    return len(wanted & brought) / len(wanted) if wanted else None


def shown_ids(corpus: Corpus) -> dict[str, str]:
    """Return for each id the id that its organisation is shown under."""
    rows = corpus.all_rows
    shown = corpus.representative[rows]
    return {
        corpus.ids[row]: corpus.ids[as_row]
        for row, as_row in zip(rows.tolist(), shown.tolist(), strict=True)
    }


def projects_of(corpus: Corpus) -> dict[str, int]:
    """Return how many past projects each organisation has, by id, name variants as one."""
    rows = corpus.all_rows
    counts = corpus.experience_of(rows)
    return {
        corpus.ids[row]: int(count)
        for row, count in zip(rows.tolist(), counts.tolist(), strict=True)
    }


def mean(values: Sequence[float]) -> float:
    """Return the mean to four decimals; 0 of nothing."""
    return round(fmean(values), 4) if values else 0.0


def standard_error(values: Sequence[float]) -> float:
    """Return the standard error of the mean to four decimals; 0 of fewer than two values."""
    return round(stdev(values) / len(values) ** 0.5, 4) if len(values) > 1 else 0.0
