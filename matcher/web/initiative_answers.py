"""The pages with answers about an initiative: matches, who meets what, roadmap, overlaps."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue

from matcher.accounts.accounts import AccountRole
from matcher.current import services
from matcher.domain import Initiative, Stage
from matcher.initiatives.actions import question_of
from matcher.initiatives.roadmap import RoadmapStep
from matcher.insights.scope import Scope
from matcher.matching.question import serialise
from matcher.matching.sentences import in_language
from matcher.parameters import COMPLEMENT_DIAL, SIMILARITY_DIAL
from matcher.web.access import for_role
from matcher.web.forms import length_asked, longer_than
from matcher.web.initiative_forms import number
from matcher.web.initiatives import about_initiative, blueprint
from matcher.web.messages import translated

__all__ = ["blueprint"]

LENGTHS = (30, 50, 100)
"""So many matches of an initiative can be shown on a page."""
MAX_OVERLAPS = 200


@blueprint.get("/initiatives/<initiative_id>/matches")
@for_role(AccountRole.MEMBER)
@about_initiative
def matches(initiative: Initiative) -> ResponseReturnValue:
    """Show who fits and what each adds."""
    stated = question_of(initiative)
    question = replace(
        stated,
        complement=_dial("complement", COMPLEMENT_DIAL),
        similarity_penalty=_dial("alike", SIMILARITY_DIAL),
        across_fields=_dial("across", stated.across_fields),
        limit=length_asked(request.args, LENGTHS),
    )
    if not (question.text or question.needs or question.members):
        return render_template(
            "initiatives/matches.html", initiative=initiative, question=question, answer=None
        )
    answer = in_language(services().recommender.recommend(question), translated)
    dials: dict[str, Any] = {
        "complement": round(100 * question.complement),
        "alike": round(100 * question.similarity_penalty),
        "across": round(100 * question.across_fields),
    }
    return render_template(
        "initiatives/matches.html",
        initiative=initiative,
        question=question,
        answer=answer,
        longer=[
            (length, url_for(".matches", initiative_id=initiative.id, show=length, **dials))
            for length in longer_than(question.limit, answer.total, LENGTHS)
        ],
        keep_question=json.dumps(serialise(question)),
        keep_initiative=initiative.id,
        keep_name=initiative.name,
    )


def _dial(name: str, default: float) -> float:
    """Return a dial of the address, which has it in percent, from 0 to 1."""
    percent = number(request.args.get(name, ""), 0, 100)
    return default if percent is None else percent / 100


@blueprint.get("/initiatives/<initiative_id>/gaps")
@for_role(AccountRole.MEMBER)
@about_initiative
def gaps(initiative: Initiative) -> ResponseReturnValue:
    """Show the coverage matrix: needs by partners."""
    return render_template(
        "initiatives/gaps.html",
        initiative=initiative,
        coverage_matrix=services().initiatives.coverage_matrix(initiative.id),
    )


@blueprint.get("/initiatives/<initiative_id>/roadmap")
@for_role(AccountRole.MEMBER)
@about_initiative
def roadmap(initiative: Initiative) -> ResponseReturnValue:
    """Show the needs in time order from idea to market."""
    found = services().initiatives.roadmap(initiative.id)
    by_stage: dict[Stage | None, list[RoadmapStep]] = {}
    for step in found.steps:
        by_stage.setdefault(step.stage, []).append(step)
    return render_template(
        "initiatives/roadmap.html", initiative=initiative, roadmap=found, by_stage=by_stage
    )


@blueprint.get("/initiatives/<initiative_id>/overlaps")
@for_role(AccountRole.MEMBER)
@about_initiative
def overlaps(initiative: Initiative) -> ResponseReturnValue:
    """Show other initiatives that want the same with other members."""
    found = services().insights.overlaps(Scope(), MAX_OVERLAPS).results
    mine = [pair for pair in found if pair.one.id == initiative.id]
    mine += [pair.reversed() for pair in found if pair.other.id == initiative.id]
    mine.sort(key=lambda pair: (-pair.score, pair.other.id))
    return render_template("initiatives/overlaps.html", initiative=initiative, overlaps=mine)
