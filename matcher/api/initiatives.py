"""/api/v1/initiatives: storing, changing and deleting them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import Any

from flask import jsonify, url_for
from flask.typing import ResponseReturnValue

from matcher.api.blueprint import actor, blueprint, trusted
from matcher.api.errors import problem
from matcher.api.initiative_schemas import (
    InitiativePage,
    NeedsIn,
    PageIn,
    SinceIn,
)
from matcher.api.responses import answer, schema_of
from matcher.current import services
from matcher.domain import Initiative
from matcher.identifiers import random_id
from matcher.initiatives import actions as initiatives
from matcher.initiatives.schema import (
    InitiativeDocument,
    InitiativeIn,
    document_of,
    initiative_from,
    needs_from,
)
from matcher.validation import ID_PATTERN

View = Callable[..., ResponseReturnValue]
MISSING = {404: "There is no such initiative."}


def with_problems(view: View) -> View:
    """Turn what the services raise into problem details; hide initiatives that aren't open."""

    @wraps(view)
    def answered(*args: Any, **values: Any) -> ResponseReturnValue:
        hidden = values.get("initiative_id")
        try:
            if hidden is not None and not trusted():
                known = initiatives.get_initiative(services().store, hidden)
                if known is not None and not known.open:
                    raise initiatives.NoSuchInitiative(hidden)
            return view(*args, **values)
        except initiatives.NoSuchInitiative as error:
            return problem(404, f"There is no initiative {error}.")
        except initiatives.InitiativeExists as error:
            detail = f"There is an initiative {error} already; PUT replaces it."
            return problem(409, detail, [{"field": "id", "message": "taken"}])
        except initiatives.UnknownMembers as error:
            errors = [{"field": "members", "message": f"unknown: {key}"} for key in error.ids]
            return problem(422, "Store an organisation before it becomes a member.", errors)

    return answered


@blueprint.get("/initiatives")
@blueprint.input(PageIn, location="query")
@blueprint.output(InitiativePage)
@blueprint.doc(
    summary="List initiatives",
    description="By name; those that aren't open are listed with an API key only.",
)
def list_initiatives(query_data: PageIn) -> ResponseReturnValue:
    """List one page."""
    store, asked = services().store, query_data
    open_only = not trusted()
    page = initiatives.list_initiatives(store, asked.limit, asked.offset, open_only=open_only)
    return jsonify(
        total=initiatives.count_initiatives(store, open_only=open_only),
        limit=asked.limit,
        offset=asked.offset,
        results=[
            {
                "id": initiative.id,
                "name": initiative.name,
                "needs": len(initiative.needs),
                "members": len(initiative.members),
            }
            for initiative in page
        ],
    )


@blueprint.post("/initiatives")
@blueprint.input(InitiativeIn)
@blueprint.output(schema_of(InitiativeDocument), status_code=201)
@blueprint.doc(
    summary="Store a new initiative", security="ApiKey", responses={409: "The id is taken."}
)
@with_problems
def create_initiative(json_data: InitiativeIn) -> ResponseReturnValue:
    """Store a new initiative."""
    given = json_data.id or random_id("init", json_data.name)
    made = initiative_from(json_data, given)
    return _created(
        initiatives.create(services().store, made, actor=actor(), limits=services().limits)
    )


@blueprint.get("/initiatives/<initiative_id>")
@blueprint.output(schema_of(InitiativeDocument))
@blueprint.doc(summary="Show an initiative", responses=MISSING)
@with_problems
def show_initiative(initiative_id: str) -> ResponseReturnValue:
    """Show an initiative."""
    return answer(document_of(initiatives.required(services().store, initiative_id)))


@blueprint.put("/initiatives/<initiative_id>")
@blueprint.input(InitiativeIn)
@blueprint.output(schema_of(InitiativeDocument))
@blueprint.doc(
    summary="Replace an initiative",
    security="ApiKey",
    description="Or store it, where there is none with that id.",
)
@with_problems
def put_initiative(initiative_id: str, json_data: InitiativeIn) -> ResponseReturnValue:
    """Replace an initiative, or store it."""
    if not re.fullmatch(ID_PATTERN, initiative_id) or json_data.id not in (None, initiative_id):
        fault = {"field": "id", "message": "lower-case letters, a colon, a name; as in the address"}
        return problem(422, "Which initiative is meant isn't clear.", [fault])
    stored, fresh = initiatives.replace_initiative(
        services().store,
        initiative_from(json_data, initiative_id),
        actor=actor(),
        limits=services().limits,
    )
    return _created(stored) if fresh else answer(document_of(stored))


@blueprint.delete("/initiatives/<initiative_id>")
@blueprint.output({}, status_code=204)
@blueprint.doc(summary="Delete an initiative", security="ApiKey", responses=MISSING)
def delete_initiative(initiative_id: str) -> ResponseReturnValue:
    """Delete an initiative."""
    if not initiatives.remove(services().store, initiative_id, actor=actor()):
        return problem(404, f"There is no initiative {initiative_id}.")
    return "", 204


@blueprint.put("/initiatives/<initiative_id>/needs")
@blueprint.input(NeedsIn)
@blueprint.output(schema_of(InitiativeDocument))
@blueprint.doc(summary="Replace the needs of an initiative", security="ApiKey", responses=MISSING)
@with_problems
def put_initiative_needs(initiative_id: str, json_data: NeedsIn) -> ResponseReturnValue:
    """Replace its needs."""
    needs = needs_from(json_data.needs)
    store = services().store
    changed = initiatives.change(
        store,
        initiative_id,
        lambda old: replace(old, needs=needs),
        actor=actor(),
        limits=services().limits,
    )
    return answer(document_of(changed))


@blueprint.put("/initiatives/<initiative_id>/members/<organisation_id>")
@blueprint.input(SinceIn)
@blueprint.output(schema_of(InitiativeDocument))
@blueprint.doc(summary="Make an organisation a member", security="ApiKey", responses=MISSING)
@with_problems
def put_member(initiative_id: str, organisation_id: str, json_data: SinceIn) -> ResponseReturnValue:
    """Let an organisation join, or change since when it is a member."""
    joined = initiatives.join(
        services().store,
        initiative_id,
        organisation_id,
        json_data.since,
        keep_since=False,
        actor=actor(),
        limits=services().limits,
    )
    return answer(document_of(joined))


@blueprint.delete("/initiatives/<initiative_id>/members/<organisation_id>")
@blueprint.output({}, status_code=204)
@blueprint.doc(summary="Let a member go", security="ApiKey", responses=MISSING)
@with_problems
def delete_member(initiative_id: str, organisation_id: str) -> ResponseReturnValue:
    """Let a member go."""
    initiatives.leave(services().store, initiative_id, organisation_id, actor=actor())
    return "", 204


def _created(stored: Initiative) -> ResponseReturnValue:
    response = answer(document_of(stored))
    response.status_code = 201
    response.headers["Location"] = url_for("api.show_initiative", initiative_id=stored.id)
    return response
