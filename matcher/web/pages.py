"""The pages anybody can see: the form, the matches, organisations."""

from __future__ import annotations

from apiflask import APIBlueprint, abort
from flask import current_app, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from matcher.domain import OrganisationType
from matcher.services import organisations
from matcher.services.container import Services
from matcher.store.initiatives import get_initiative, list_initiatives
from matcher.web.forms import MatchForm

blueprint = APIBlueprint("pages", __name__, enable_openapi=False)
PAGE = 30


def services() -> Services:
    """Return the services of this application."""
    found: Services = current_app.extensions["schakel"]
    return found


@blueprint.get("/")
def home() -> ResponseReturnValue:
    """Show the form."""
    corpus = services().live.snapshot().corpus
    return render_template(
        "home.html",
        form=MatchForm(),
        organisations=len(corpus),
        facets=len(corpus.facets),
        initiatives=list_initiatives(services().store),
    )


@blueprint.get("/matches")
def no_matches() -> ResponseReturnValue:
    """Show the form to somebody who came to the results without a question."""
    return home()


@blueprint.post("/matches")
def matches() -> ResponseReturnValue:
    """Answer the form."""
    form = MatchForm()
    corpus = services().live.snapshot().corpus
    question = form.question(corpus) if form.validate() else None
    if question is None:
        page = render_template(
            "home.html",
            form=form,
            organisations=len(corpus),
            facets=len(corpus.facets),
            initiatives=[],
        )
        return page, 422
    answer = services().recommender.recommend(question)
    named = {one: corpus.organisations[corpus.row_of_id[one]].name for one in question.members}
    return render_template(
        "matches.html", form=form, question=question, answer=answer, members=named
    )


@blueprint.get("/initiatives")
def initiatives() -> ResponseReturnValue:
    """List the initiatives by name."""
    found = list_initiatives(services().store)
    return render_template("initiatives.html", initiatives=found)


@blueprint.get("/initiatives/<initiative_id>")
def initiative(initiative_id: str) -> ResponseReturnValue:
    """Show an initiative: its members, what they cover, and the missing link."""
    found = get_initiative(services().store, initiative_id)
    if found is None:
        abort(404, _("There is no such initiative."))
    corpus = services().live.snapshot().corpus
    members = [
        (corpus.organisations[corpus.row_of_id[one.organisation_id]], one.since)
        for one in found.members
        if one.organisation_id in corpus.row_of_id
    ]
    report = services().answers.gaps(initiative_id)
    return render_template("initiative.html", one=found, members=members, report=report)


@blueprint.get("/organisations")
def browse() -> ResponseReturnValue:
    """List organisations by name, with text search."""
    text = request.args.get("q", "").replace("\x00", "")[:200]
    asked = request.args.get("type", "")
    kind = OrganisationType(asked) if asked in list(OrganisationType) else None
    page = max(1, min(request.args.get("page", 1, int), 100_000))
    total, found = organisations.search(services().store, text, kind, None, PAGE, (page - 1) * PAGE)
    return render_template(
        "organisations.html",
        q=text,
        kind=kind,
        kinds=list(OrganisationType),
        page=page,
        pages=max(1, -(-total // PAGE)),
        total=total,
        found=found,
    )


@blueprint.get("/organisations/<organisation_id>")
def organisation(organisation_id: str) -> ResponseReturnValue:
    """Show an organisation with offers, needs, past projects and partners."""
    found = organisations.get(services().store, organisation_id)
    if found is None:
        abort(404, _("There is no such organisation."))
    projects = organisations.evidence(services().store, organisation_id)
    corpus = services().live.snapshot().corpus
    together: dict[str, int] = {}
    for _facet, owners in projects:
        for owner in owners:
            if owner.organisation_id != organisation_id:
                together[owner.organisation_id] = together.get(owner.organisation_id, 0) + 1
    ordered = sorted(together.items(), key=lambda one: (-one[1], one[0]))[:24]
    partners = [
        (corpus.organisations[corpus.row_of_id[who]], count)
        for who, count in ordered
        if who in corpus.row_of_id
    ]
    return render_template(
        "organisation.html", one=found, projects=projects, partners=partners, more=len(together)
    )
