"""Queries whose answers are known: past projects whose partners are to be found."""

from __future__ import annotations

import random
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass

from matcher.domain import Project
from matcher.matching.question import MAX_TEXT_LENGTH
from matcher.models.fitted import QueryMode

RARE_UP_TO = 2
"""A partner with at most so many earlier projects is rare."""
MIN_PARTNERS = {QueryMode.TEXT_ONLY: 2, QueryMode.HALF_GIVEN: 4}
"""A project makes a query with so many known partners."""


@dataclass(frozen=True, slots=True)
class Query:
    """A query: the text, the members given, the partners to be found."""

    text: str
    given: tuple[str, ...]
    partners: frozenset[str]
    facet_id: int | None = None
    """Of the past project, where it is stored."""


def queries_of(
    projects: Sequence[Project],
    known: Container[str],
    mode: QueryMode,
    seed: int,
    texts: Mapping[str, str] | None = None,
) -> list[Query]:
    """Return the queries of a mode; the members given are drawn by `seed` and project.

    A project counts with enough partners that are known. With `texts`, only the projects with a
    source among them count, and are asked in those words.
    """
    queries = []
    for project in sorted(projects, key=lambda one: str(one.facet.source)):
        source = str(project.facet.source)
        if texts is not None and source not in texts:
            continue
        partners = sorted(
            {one.organisation_id for one in project.participations if one.organisation_id in known}
        )
        if len(partners) < MIN_PARTNERS[mode]:
            continue
        text = (project.facet.embedded_text if texts is None else texts[source])[:MAX_TEXT_LENGTH]
        given: tuple[str, ...] = ()
        if mode is QueryMode.HALF_GIVEN:
            draw = random.Random(f"{seed} {source}")
            given = tuple(sorted(draw.sample(partners, len(partners) // 2)))
        queries.append(Query(text, given, frozenset(partners) - set(given), project.facet.id))
    return queries
