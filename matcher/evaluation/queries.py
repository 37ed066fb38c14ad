"""Questions whose answers are known: past projects whose partners are to be found."""

from __future__ import annotations

import random
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass

from matcher.domain import Project
from matcher.matching.service import HALF_GIVEN, MAX_TEXT_LENGTH, TEXT_ONLY

__all__ = ["HALF_GIVEN", "MODES", "RARE_UP_TO", "TEXT_ONLY", "Case", "cases_of"]

MODES = (TEXT_ONLY, HALF_GIVEN)
RARE_UP_TO = 2
"""A partner with at most so many earlier projects is rare."""


@dataclass(frozen=True, slots=True)
class Case:
    """One question: the text, the members given, the partners to be found."""

    text: str
    given: tuple[str, ...]
    partners: frozenset[str]


def cases_of(
    projects: Sequence[Project],
    known: Container[str],
    mode: str,
    seed: int,
    texts: Mapping[str, str] | None = None,
) -> list[Case]:
    """Return the questions of a mode; the members given are drawn by `seed` and project.

    A project counts with at least two partners that are known, with members given at least four.
    With `texts`, only the projects with a source among them count, and are asked in those words.
    """
    cases = []
    for project in sorted(projects, key=lambda one: str(one.facet.source)):
        source = str(project.facet.source)
        if texts is not None and source not in texts:
            continue
        partners = sorted(
            {one.organisation_id for one in project.participations if one.organisation_id in known}
        )
        text = (project.facet.embedded_text if texts is None else texts[source])[:MAX_TEXT_LENGTH]
        if mode == TEXT_ONLY and len(partners) >= 2:
            cases.append(Case(text, (), frozenset(partners)))
        elif mode == HALF_GIVEN and len(partners) >= 4:
            draw = random.Random(f"{seed} {source}")
            given = tuple(sorted(draw.sample(partners, len(partners) // 2)))
            cases.append(Case(text, given, frozenset(partners) - set(given)))
    return cases
