"""Answers of the recommender that tests make by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from matcher.domain import FacetKind, OrganisationType, Stage
from matcher.matching.answer import Answer, CoverageBrief, FitLabel, Match, Reason, ReasonKind
from matcher.presenters import FacetBrief, OrganisationBrief

FACET = FacetBrief(1, FacetKind.OFFER, "Spuitgieten", "nl", None, Stage.PILOT)
BY_NEED = Reason(kind=ReasonKind.OFFER, need="Gieten", probability=0.5, facet=FACET, similarity=0.7)
BY_NAME = Reason(kind=ReasonKind.MENTION, mentioned=("Firma", "A"))


def organisation(organisation_id: str, **changed: Any) -> OrganisationBrief:
    """A company in Gent."""
    name = organisation_id.partition(":")[2].upper()
    brief = OrganisationBrief(
        organisation_id,
        name,
        OrganisationType.COMPANY,
        "Gent",
        "BE",
        None,
        None,
        None,
        None,
        (),
    )
    return replace(brief, **changed)


def match_of(organisation_id: str, rank: int = 1, **changed: Any) -> Match:
    """A match with a reason by need and one by name."""
    match = Match(
        rank=rank,
        organisation=organisation(organisation_id),
        fit=FitLabel.STRONG,
        fit_probability=0.75,
        score=1.25,
        variants=(),
        probability=0.5,
        parts={},
        coverage=CoverageBrief(0.3, 0.25, 0.8),
        similar_members=(),
        affiliation=(),
        reciprocity=(),
        long_tail=False,
        company_place=False,
        reasons=(BY_NEED, BY_NAME),
    )
    return replace(match, **changed)


def answer_of(*matches: Match, corpus_version: int = 7) -> Answer:
    """An answer with these matches."""
    return Answer(corpus_version, "model", len(matches), (), results=matches)
