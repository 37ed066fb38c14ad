"""What can be asked of the API about initiatives: needs, matches, gaps, teams, advice."""

from __future__ import annotations

from dataclasses import replace

from flask import Response
from flask.typing import ResponseReturnValue

from matcher.api.blueprint import blueprint
from matcher.api.conversion import filters_from, team_from
from matcher.api.errors import problem
from matcher.api.initiative_schemas import (
    AdviceIn,
    BriefIn,
    DialsInLanguage,
    LineUpIn,
    MatchesIn,
    NeedsOut,
)
from matcher.api.initiatives import MISSING, with_problems
from matcher.api.language import Language, LanguageIn, matches_answer
from matcher.api.responses import answer, schema_of
from matcher.current import services
from matcher.domain import Question
from matcher.initiatives.advice import Advice, IsMember
from matcher.initiatives.gaps import GapReport
from matcher.initiatives.roadmap import Roadmap
from matcher.initiatives.team_report import TeamAnswer
from matcher.initiatives.team_task import Infeasible
from matcher.matching.answer import Answer


@blueprint.post("/needs")
@blueprint.input(BriefIn)
@blueprint.output(NeedsOut)
@blueprint.doc(summary="Read needs from a brief", description="To be edited and asked for.")
def read_needs(json_data: BriefIn) -> ResponseReturnValue:
    """Split a brief into needs."""
    return answer({"needs": services().initiatives.read_needs(json_data.text)})


@blueprint.get("/initiatives/<initiative_id>/matches")
@blueprint.input(DialsInLanguage, location="query")
@blueprint.output(schema_of(Answer))
@blueprint.doc(summary="Match list of an initiative", responses=MISSING)
@with_problems
def initiative_matches(initiative_id: str, query_data: DialsInLanguage) -> ResponseReturnValue:
    """Return its match list."""
    asked = MatchesIn(**query_data.model_dump(exclude={"lang"}))
    return _matches(initiative_id, asked, query_data.lang)


@blueprint.post("/initiatives/<initiative_id>/matches")
@blueprint.input(MatchesIn)
@blueprint.input(LanguageIn, location="query")
@blueprint.output(schema_of(Answer))
@blueprint.doc(summary="Match list of an initiative, with filters and feedback", responses=MISSING)
@with_problems
def initiative_matches_changed(
    initiative_id: str, json_data: MatchesIn, query_data: LanguageIn
) -> ResponseReturnValue:
    """Return its match list, narrowed."""
    return _matches(initiative_id, json_data, query_data.lang)


def _matches(initiative_id: str, asked: MatchesIn, lang: Language | None) -> Response:
    def changed(question: Question) -> Question:
        across = asked.across_fields
        return replace(
            question,
            exclude=tuple(sorted(set(asked.exclude))),
            unlike=tuple(sorted(set(asked.unlike))),
            filters=filters_from(asked.filters),
            complement=asked.complement,
            similarity_penalty=asked.similarity_penalty,
            across_fields=question.across_fields if across is None else across,
            limit=asked.limit,
            offset=asked.offset,
        )

    return matches_answer(services().initiatives.matches(initiative_id, changed), lang)


@blueprint.get("/initiatives/<initiative_id>/gaps")
@blueprint.output(schema_of(GapReport))
@blueprint.doc(
    summary="Gap report of an initiative",
    description="Per need who covers it, who could, or that nobody does; per stage from idea to "
    "market; and the missing links.",
    responses=MISSING,
)
@with_problems
def initiative_gaps(initiative_id: str) -> ResponseReturnValue:
    """Return its gaps."""
    return answer(services().initiatives.gaps(initiative_id))


@blueprint.get("/initiatives/<initiative_id>/roadmap")
@blueprint.output(schema_of(Roadmap))
@blueprint.doc(summary="Roadmap of an initiative, from idea to market", responses=MISSING)
@with_problems
def initiative_roadmap(initiative_id: str) -> ResponseReturnValue:
    """Return its roadmap."""
    return answer(services().initiatives.roadmap(initiative_id))


@blueprint.post("/initiatives/<initiative_id>/line-up")
@blueprint.input(LineUpIn)
@blueprint.output(schema_of(TeamAnswer))
@blueprint.doc(
    summary="A whole team for an initiative, under quotas",
    description="Where no team meets the quotas, the answer names those that are in conflict.",
    responses=MISSING,
)
@with_problems
def initiative_line_up(initiative_id: str, json_data: LineUpIn) -> ResponseReturnValue:
    """Return teams."""
    team = team_from(json_data)
    try:
        return answer(services().initiatives.form_team(initiative_id, team))
    except Infeasible as error:
        fields = {quota.label: f"quotas[{index}]" for index, quota in enumerate(team.quotas)}
        errors = [{"field": fields.get(label, label), "message": label} for label in error.conflict]
        detail = "No team meets all of these at once; loosen or remove one of them."
        return problem(422, detail, errors)


@blueprint.get("/initiatives/<initiative_id>/advice")
@blueprint.input(AdviceIn, location="query")
@blueprint.output(schema_of(Advice))
@blueprint.doc(
    summary="What would bring an organisation among the first partners",
    description="Found by asking for the match list with the additions.",
    responses=MISSING,
)
@with_problems
def initiative_advice(initiative_id: str, query_data: AdviceIn) -> ResponseReturnValue:
    """Return advice to an organisation."""
    asked = query_data
    try:
        return answer(services().initiatives.advice(initiative_id, asked.organisation, asked.first))
    except IsMember:
        fault = {"field": "organisation", "message": "is a member of this initiative already"}
        return problem(422, "Members are in already.", [fault])
