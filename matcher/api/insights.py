"""/api/v1/insights: over all initiatives and organisations."""

from __future__ import annotations

from flask import jsonify
from flask.typing import ResponseReturnValue

from matcher.api.blueprint import blueprint, services, trusted
from matcher.api.errors import problem
from matcher.api.initiative_schemas import (
    MissedChances,
    Overlaps,
    RegionIn,
    ScopeIn,
    Strengths,
)
from matcher.insights.pairs import Scope


@blueprint.get("/insights/overlaps")
@blueprint.input(ScopeIn, location="query")
@blueprint.output(Overlaps)
@blueprint.doc(
    summary="Initiatives that want the same with other members",
    description="A region or domain keeps the pairs with a member in it.",
)
def insights_overlaps(query_data: ScopeIn) -> ResponseReturnValue:
    """Return overlaps."""
    scope = _scope(query_data)
    if scope is None:
        return _no_domain(query_data.domain)
    return jsonify(services().answers.overlaps(scope, query_data.limit, open_only=not trusted()))


@blueprint.get("/insights/missed-chances")
@blueprint.input(ScopeIn, location="query")
@blueprint.output(MissedChances)
@blueprint.doc(
    summary="Organisations whose needs and offers fit and who never worked together",
    description="A region or domain keeps the pairs with one of the two in it.",
)
def insights_missed_chances(query_data: ScopeIn) -> ResponseReturnValue:
    """Return missed chances."""
    scope = _scope(query_data)
    if scope is None:
        return _no_domain(query_data.domain)
    return jsonify(services().answers.unrealised_matches(scope, query_data.limit))


@blueprint.get("/insights/strengths")
@blueprint.input(RegionIn, location="query")
@blueprint.output(Strengths)
@blueprint.doc(
    summary="Strengths of a region by domain and challenge, against the rest",
    description="With location quotients, and relatedness density after Balland et al. (2019).",
)
def insights_strengths(query_data: RegionIn) -> ResponseReturnValue:
    """Return the strengths map."""
    return jsonify(services().answers.strengths(query_data.region))


def _scope(asked: ScopeIn) -> Scope | None:
    """Return the scope; None where the domain isn't known."""
    known = {one.id for one in services().answers.subjects().domains} if asked.domain else {""}
    return Scope(asked.region, asked.domain) if asked.domain in known else None


def _no_domain(domain: str) -> ResponseReturnValue:
    known = ", ".join(one.id for one in services().answers.subjects().domains)
    fault = {"field": "domain", "message": f"{domain} isn't one of {known}"}
    return problem(422, "There is no such domain.", [fault])
