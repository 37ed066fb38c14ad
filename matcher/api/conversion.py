"""Between the shapes of the API and the nouns of the domain."""

from __future__ import annotations

from typing import Any

from matcher.api.initiative_schemas import LineUpIn
from matcher.api.schemas import FiltersIn, QuestionIn
from matcher.domain import (
    Facet,
    Filters,
    Near,
    Organisation,
    Question,
)
from matcher.initiatives.schema import needs_from
from matcher.initiatives.team_request import TeamRequest
from matcher.initiatives.team_schema import quota_from
from matcher.presenters import organisation_brief, to_json


def question_from(body: QuestionIn) -> Question:
    """Turn a request into a question; order and doubles in filters and ids don't matter."""
    return Question(
        text=body.text.strip(),
        needs=needs_from(body.needs),
        members=tuple(sorted(set(body.members))),
        exclude=tuple(sorted(set(body.exclude))),
        unlike=tuple(sorted(set(body.unlike))),
        filters=filters_from(body.filters),
        text_filters=body.text_filters,
        complement=body.complement,
        similarity_penalty=body.similarity_penalty,
        across_fields=body.across_fields,
        limit=body.limit,
        offset=body.offset,
    )


def filters_from(body: FiltersIn) -> Filters:
    """Turn filters of a request into filters; order and doubles don't matter."""
    near = body.near
    return Filters(
        types=tuple(sorted(set(body.types))),
        countries=tuple(sorted(set(body.countries))),
        regions=tuple(sorted(set(body.regions))),
        not_countries=tuple(sorted(set(body.not_countries))),
        not_regions=tuple(sorted(set(body.not_regions))),
        sectors=tuple(sorted({sector.casefold() for sector in body.sectors})),
        stages=tuple(sorted(set(body.stages))),
        sme_only=body.sme_only,
        near=Near(near.latitude, near.longitude, near.radius_km) if near else None,
    )


def team_from(body: LineUpIn) -> TeamRequest:
    """Turn a request into the team that is wanted."""
    return TeamRequest(
        size=body.size,
        quotas=tuple(quota_from(quota) for quota in body.quotas),
        exclude=tuple(sorted(set(body.exclude))),
        filters=filters_from(body.filters),
        competing=body.competing,
        teams=body.teams,
        cap=body.cap,
        exact=body.exact,
    )


def organisation_out(organisation: Organisation) -> dict[str, Any]:
    """Show an organisation with offers and needs; never its contact."""
    return {
        **to_json(organisation_brief(organisation)),
        "short_name": organisation.short_name,
        "size": organisation.size,
        "languages": list(organisation.languages),
        "website": organisation.website,
        "description": organisation.description,
        "offers": [_statement(facet) for facet in organisation.offers],
        "needs": [_statement(facet) for facet in organisation.needs],
    }


def _statement(facet: Facet) -> dict[str, Any]:
    return {
        "id": facet.id,
        "kind": facet.kind,
        "text": facet.text,
        "language": facet.language,
        "stage": facet.stage,
        "trl_min": facet.trl_min,
        "trl_max": facet.trl_max,
        "certifications": list(facet.certifications),
        "valid_until": facet.valid_until and facet.valid_until.isoformat(),
    }
