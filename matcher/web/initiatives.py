"""The pages on which managers shape an initiative: name, brief, needs and members."""

from __future__ import annotations

from dataclasses import replace

from apiflask import APIBlueprint
from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from matcher.accounts.accounts import AccountRole
from matcher.current import services
from matcher.domain import Initiative, NeedLevel, Stage
from matcher.identifiers import random_id
from matcher.initiatives import actions as initiatives
from matcher.matching.question import QuestionTooLarge
from matcher.web.access import for_role, me
from matcher.web.initiative_forms import (
    MORE_ROWS,
    SPARE_ROWS,
    InitiativeForm,
    MemberForm,
    Row,
    day,
    meanwhile,
    organisation_named,
    rows_of_needs,
    seen,
    sent_needs,
)
from matcher.web.loading import loads
from matcher.web.messages import translated

blueprint = APIBlueprint("initiatives", __name__, enable_openapi=False)

about_initiative = loads(
    "initiative_id",
    lambda initiative_id: initiatives.get_initiative(services().store, initiative_id),
    lambda: _("There is no such initiative."),
    deleted_meanwhile=(initiatives.NoSuchInitiative,),
)


@blueprint.get("/initiatives/new")
@for_role(AccountRole.MANAGER)
def new() -> ResponseReturnValue:
    """Ask for name and brief."""
    return render_template("initiatives/new.html", form=InitiativeForm())


@blueprint.post("/initiatives/new")
@for_role(AccountRole.MANAGER)
def new_sent() -> ResponseReturnValue:
    """Store a new initiative, and go on to its needs."""
    form = InitiativeForm()
    if not form.validate():
        return render_template("initiatives/new.html", form=form), 422
    made = _shaped(Initiative(random_id("init", form.name.data), "", ""), form)
    try:
        initiatives.create(services().store, made, actor=me().actor, limits=services().limits)
    except QuestionTooLarge as error:
        form.brief.errors = [translated(error.message)]
        return render_template("initiatives/new.html", form=form), 422
    flash(_("The initiative is stored. These needs were read from its brief: put them right."))
    return redirect(url_for("initiatives.needs", initiative_id=made.id))


def _shaped(old: Initiative, form: InitiativeForm) -> Initiative:
    return replace(
        old,
        name=" ".join(form.name.data.split()),
        brief=(form.brief.data or "").strip(),
        exploratory=bool(form.exploratory.data),
        open=bool(form.open.data),
    )


@blueprint.get("/initiatives/<initiative_id>/settings")
@for_role(AccountRole.MANAGER)
@about_initiative
def settings(initiative: Initiative) -> ResponseReturnValue:
    """Show name, brief and how it looks for partners."""
    form = InitiativeForm(obj=initiative)
    form.seen.data = _seen_mark(initiative)
    return render_template("initiatives/settings.html", initiative=initiative, form=form)


@blueprint.post("/initiatives/<initiative_id>/settings")
@for_role(AccountRole.MANAGER)
@about_initiative
def settings_sent(initiative: Initiative) -> ResponseReturnValue:
    """Change them."""
    form = InitiativeForm()
    valid = form.validate()
    if valid and form.seen.data != _seen_mark(initiative):
        form.brief.errors = [meanwhile()]
        form.seen.data = form.seen.raw_data = _seen_mark(initiative)
        valid = False
    if not valid:
        return render_template("initiatives/settings.html", initiative=initiative, form=form), 422
    try:
        changed = initiatives.change(
            services().store,
            initiative.id,
            lambda old: _shaped(old, form),
            actor=me().actor,
            limits=services().limits,
        )
    except QuestionTooLarge as error:
        form.brief.errors = [translated(error.message)]
        return render_template("initiatives/settings.html", initiative=initiative, form=form), 422
    flash(_("Stored."))
    return redirect(url_for("pages.initiative", initiative_id=changed.id))


def _seen_mark(initiative: Initiative) -> str:
    return seen((initiative.name, initiative.brief, initiative.exploratory, initiative.open))


@blueprint.post("/initiatives/<initiative_id>/delete")
@for_role(AccountRole.MANAGER)
@about_initiative
def delete(initiative: Initiative) -> ResponseReturnValue:
    """Delete an initiative whose name was typed."""
    if " ".join(request.form.get("name", "").split()) != initiative.name:
        flash(_("Nothing was deleted: type the name exactly as it stands."))
        return redirect(url_for("initiatives.settings", initiative_id=initiative.id))
    initiatives.remove(services().store, initiative.id, actor=me().actor)
    flash(_("“%(name)s” is deleted.", name=initiative.name))
    return redirect(url_for("pages.initiatives"))


@blueprint.get("/initiatives/<initiative_id>/needs")
@for_role(AccountRole.MANAGER)
@about_initiative
def needs(initiative: Initiative) -> ResponseReturnValue:
    """Show the needs to be edited; those read from the brief where none are stated."""
    read = request.args.get("read") == "brief" or not initiative.needs
    known = {need.text for need in initiative.needs}
    found = (
        services().initiatives.read_needs(initiative.brief)
        if read and initiative.brief.strip()
        else []
    )
    rows = rows_of_needs([*initiative.needs, *(need for need in found if need.text not in known)])
    return _needs(initiative, rows, seen(initiative.needs))


@blueprint.post("/initiatives/<initiative_id>/needs")
@for_role(AccountRole.MANAGER)
@about_initiative
def needs_sent(initiative: Initiative) -> ResponseReturnValue:
    """Store the needs, or add rows to fill."""
    rows, stated = sent_needs(request.form)
    if "add" in request.form:
        return _needs(initiative, rows, request.form.get("seen", ""), spare=MORE_ROWS)
    if any(row.errors for row in rows):
        return _needs(initiative, rows, request.form.get("seen", "")), 422
    if request.form.get("seen") != seen(initiative.needs):
        return _needs(initiative, rows, seen(initiative.needs), message=meanwhile()), 422
    try:
        initiatives.change(
            services().store,
            initiative.id,
            lambda old: replace(old, needs=tuple(stated)),
            actor=me().actor,
            limits=services().limits,
        )
    except QuestionTooLarge as error:
        message = translated(error.message)
        return _needs(initiative, rows, request.form.get("seen", ""), message=message), 422
    flash(ngettext("%(num)s need is stored.", "%(num)s needs are stored.", len(stated)))
    return redirect(url_for("pages.initiative", initiative_id=initiative.id))


def _needs(
    initiative: Initiative,
    rows: list[Row],
    seen_mark: str,
    message: str = "",
    spare: int = SPARE_ROWS,
) -> str:
    empty = [Row({"text": "", "level": "must", "weight": "1", "stage": "", "due": ""})] * spare
    return render_template(
        "initiatives/needs.html",
        initiative=initiative,
        rows=[*rows, *empty],
        seen=seen_mark,
        message=message,
        levels=list(NeedLevel),
        stages=list(Stage),
    )


@blueprint.get("/initiatives/<initiative_id>/members")
@for_role(AccountRole.MANAGER)
@about_initiative
def members(initiative: Initiative) -> ResponseReturnValue:
    """Show the members."""
    return _members(initiative, MemberForm())


@blueprint.post("/initiatives/<initiative_id>/members")
@for_role(AccountRole.MANAGER)
@about_initiative
def members_sent(initiative: Initiative) -> ResponseReturnValue:
    """Make somebody a member."""
    form = MemberForm()
    if not form.validate():
        return _members(initiative, form), 422
    corpus = services().corpus_provider.snapshot().corpus
    found, message = organisation_named(corpus, form.organisation.data)
    since = day(form.since.data or "")
    if found is None:
        form.organisation.errors = [message]
    if since is None and (form.since.data or "").strip():
        form.since.errors = [_("A day is written as 2027-01-31.")]
    if found is None or form.errors:
        return _members(initiative, form), 422
    try:
        initiatives.join(
            services().store,
            initiative.id,
            found,
            since,
            actor=me().actor,
            limits=services().limits,
        )
    except initiatives.UnknownMembers:
        form.organisation.errors = [_("This organisation was deleted just now.")]
        return _members(initiative, form), 422
    except QuestionTooLarge as error:
        form.organisation.errors = [translated(error.message)]
        return _members(initiative, form), 422
    name = corpus.names[corpus.row_of_id[found]]
    if found not in initiative.member_ids:
        flash(_("%(name)s is a member now.", name=name))
    else:
        flash(_("Stored.") if since else _("%(name)s is a member already.", name=name))
    back = request.form.get("back") == "matches"
    page = "initiatives.matches" if back else "initiatives.members"
    return redirect(url_for(page, initiative_id=initiative.id))


@blueprint.post("/initiatives/<initiative_id>/members/remove")
@for_role(AccountRole.MANAGER)
@about_initiative
def members_remove(initiative: Initiative) -> ResponseReturnValue:
    """Let a member go."""
    gone = request.form.get("organisation", "")[:200]
    initiatives.leave(services().store, initiative.id, gone, actor=me().actor)
    flash(_("Stored."))
    return redirect(url_for("initiatives.members", initiative_id=initiative.id))


def _members(initiative: Initiative, form: MemberForm) -> str:
    corpus = services().corpus_provider.snapshot().corpus
    known = [
        (corpus.organisation(corpus.row_of_id[member.organisation_id]), member.since)
        for member in initiative.members
        if member.organisation_id in corpus.row_of_id
    ]
    return render_template(
        "initiatives/members.html", initiative=initiative, form=form, members=known
    )
