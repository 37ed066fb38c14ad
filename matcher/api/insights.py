"""/api/v1/insights: over all initiatives and organisations."""

from __future__ import annotations

from flask.typing import ResponseReturnValue

from matcher.api.blueprint import blueprint, trusted
from matcher.api.errors import problem
from matcher.api.insight_schemas import RegionIn, ScopeIn
from matcher.api.responses import answer, schema_of
from matcher.current import services
from matcher.insights.overlaps import Overlaps
from matcher.insights.scope import Scope
from matcher.insights.strengths import Strengths
from matcher.insights.unrealised_matches import UnrealisedMatches


@blueprint.get("/insights/overlaps")
@blueprint.input(ScopeIn, location="query")
@blueprint.output(schema_of(Overlaps))
@blueprint.doc(
    summary="Initiatives that want the same with other members",
    description="A region or domain keeps the pairs with a member in it.",
)
def insights_overlaps(query_data: ScopeIn) -> ResponseReturnValue:
    """Return overlaps."""
    scope = _scope(query_data)
    if scope is None:
        return _no_domain(query_data.domain)
    return answer(services().insights.overlaps(scope, query_data.limit, open_only=not trusted()))


@blueprint.get("/insights/missed-chances")
@blueprint.input(ScopeIn, location="query")
@blueprint.output(schema_of(UnrealisedMatches))
@blueprint.doc(
    summary="Organisations whose needs and offers fit and who never worked together",
    description="A region or domain keeps the pairs with one of the two in it.",
)
def insights_unrealised_matches(query_data: ScopeIn) -> ResponseReturnValue:
    """Return unrealised matches."""
    scope = _scope(query_data)
    if scope is None:
        return _no_domain(query_data.domain)
    return answer(services().insights.unrealised_matches(scope, query_data.limit))


@blueprint.get("/insights/strengths")
@blueprint.input(RegionIn, location="query")
@blueprint.output(schema_of(Strengths))
@blueprint.doc(
    summary="Strengths of a region by domain and challenge, against the rest",
    description="With location quotients, and relatedness density after Balland et al. (2019).",
)
def insights_strengths(query_data: RegionIn) -> ResponseReturnValue:
    """Return the strengths map."""
    return answer(services().insights.strengths(query_data.region))


def _scope(asked: ScopeIn) -> Scope | None:
    """Return the scope; None where the domain isn't known."""
    if asked.domain and asked.domain not in _domain_ids():
        return None
    return Scope(asked.region, asked.domain)


def _no_domain(domain: str) -> ResponseReturnValue:
    fault = {"field": "domain", "message": f"{domain} isn't one of {', '.join(_domain_ids())}"}
    return problem(422, "There is no such domain.", [fault])


def _domain_ids() -> list[str]:
    return [domain.id for domain in services().insights.subjects().domains]
