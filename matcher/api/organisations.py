"""/api/v1/organisations: listing, reading, storing and deleting them."""

from __future__ import annotations

import re
from typing import Any

from flask import Response, jsonify, url_for
from flask.typing import ResponseReturnValue

from matcher.api.blueprint import actor, blueprint
from matcher.api.conversion import organisation_out
from matcher.api.errors import problem
from matcher.api.responses import answer
from matcher.api.schemas import OrganisationOut, OrganisationPage, SearchIn
from matcher.current import services
from matcher.organisations import actions as organisations
from matcher.organisations.schema import OrganisationIn, organisation_from
from matcher.presenters import organisation_brief
from matcher.store.organisation_updates import PRIVATE
from matcher.validation import ID_PATTERN


@blueprint.get("/organisations")
@blueprint.input(SearchIn, location="query")
@blueprint.output(OrganisationPage)
@blueprint.doc(summary="List organisations", description="By name, with text search.")
def list_organisations(query_data: SearchIn) -> ResponseReturnValue:
    """List one page."""
    asked = query_data
    total, page = organisations.search(
        services().store, asked.q, asked.type, asked.country, asked.limit, asked.offset
    )
    results = [organisation_brief(one) for one in page]
    return answer(
        {"total": total, "limit": asked.limit, "offset": asked.offset, "results": results}
    )


@blueprint.get("/organisations/<organisation_id>")
@blueprint.output(OrganisationOut)
@blueprint.doc(summary="Show an organisation", responses={404: "There is no such organisation."})
def show_organisation(organisation_id: str) -> ResponseReturnValue:
    """Show one, with offers and needs."""
    found = organisations.get(services().store, organisation_id)
    return jsonify(organisation_out(found)) if found else _missing(organisation_id)


@blueprint.post("/organisations")
@blueprint.input(OrganisationIn)
@blueprint.output(OrganisationOut, status_code=201)
@blueprint.doc(
    summary="Store a new organisation", security="ApiKey", responses={409: "The id is taken."}
)
def create_organisation(json_data: OrganisationIn) -> ResponseReturnValue:
    """Store a new one."""
    try:
        stored = organisations.create(services().store, organisation_from(json_data), actor=actor())
    except organisations.Exists as error:
        detail = f"There is an organisation {error} already; PUT replaces it."
        return problem(409, detail, [{"field": "id", "message": "taken"}])
    return _created(stored)


@blueprint.put("/organisations/<organisation_id>")
@blueprint.input(OrganisationIn)
@blueprint.output(OrganisationOut)
@blueprint.doc(
    summary="Replace an organisation",
    security="ApiKey",
    description="Or store it, where there is none with that id. A contact or competitors that are "
    "left out stay; null and an empty list remove them.",
)
def put_organisation(organisation_id: str, json_data: OrganisationIn) -> ResponseReturnValue:
    """Replace one, or store it."""
    if not re.fullmatch(ID_PATTERN, organisation_id):
        fault = {"field": "id", "message": "an id is lower-case letters, a colon, a name"}
        return problem(422, "The id in the address can't be used.", [fault])
    if json_data.id not in (None, organisation_id):
        fault = {"field": "id", "message": "differs from the id in the address"}
        return problem(422, "Which organisation is meant isn't clear.", [fault])
    keep = set(PRIVATE) - json_data.model_fields_set
    stored, fresh = organisations.replace_organisation(
        services().store, organisation_from(json_data, organisation_id), keep=keep, actor=actor()
    )
    return _created(stored) if fresh else organisation_out(stored)


@blueprint.delete("/organisations/<organisation_id>")
@blueprint.output({}, status_code=204)
@blueprint.doc(
    summary="Delete an organisation",
    security="ApiKey",
    responses={404: "There is no such organisation."},
)
def delete_organisation(organisation_id: str) -> ResponseReturnValue:
    """Delete one with all its offers and needs."""
    if not organisations.remove(services().store, organisation_id, actor=actor()):
        return _missing(organisation_id)
    return "", 204


def _created(stored: Any) -> ResponseReturnValue:
    where = url_for("api.show_organisation", organisation_id=stored.id)
    return organisation_out(stored), 201, {"Location": where}


def _missing(organisation_id: str) -> Response:
    return problem(404, f"There is no organisation {organisation_id!r}.")
