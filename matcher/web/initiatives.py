"""The pages on which managers shape an initiative: brief, needs, members, matches, line-up."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from apiflask import APIBlueprint
from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from matcher.accounts.accounts import AccountRole
from matcher.domain import Initiative, NeedLevel, Stage
from matcher.identifiers import random_id
from matcher.initiatives import actions as initiatives
from matcher.initiatives.actions import question_of
from matcher.initiatives.team import Of, TeamRequest, Wanted
from matcher.initiatives.team_solver import MEMBERS, POOL, RIVALS, SIZE, Infeasible
from matcher.insights.scope import Scope
from matcher.matching.serialise import serialise
from matcher.web.access import for_role, me, services
from matcher.web.forms import length_asked, longer_than
from matcher.web.initiative_forms import (
    MORE_ROWS,
    SPARE_ROWS,
    InitiativeForm,
    MemberForm,
    Row,
    TeamForm,
    day,
    meanwhile,
    number,
    organisation_named,
    rows_of_needs,
    seen,
    sent_needs,
)
from matcher.web.labels import LABELS
from matcher.web.loading import loads

blueprint = APIBlueprint("initiatives", __name__, enable_openapi=False)
LENGTHS = (30, 50, 100)
"""So many matches of an initiative can be shown on a page."""
MAX_OVERLAPS = 200
CONDITIONS = {
    SIZE: _l("the size of the team"),
    MEMBERS: _l("the members who stay"),
    RIVALS: _l("competing firms are not together"),
    POOL: _l("who may be chosen"),
}
"""What the conditions of a line-up that aren't quotas are called."""


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
    initiatives.create(services().store, made, actor=me().actor)
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
def settings(one: Initiative) -> ResponseReturnValue:
    """Show name, brief and how it looks for partners."""
    form = InitiativeForm(obj=one)
    form.seen.data = _mark(one)
    return render_template("initiatives/settings.html", one=one, form=form)


@blueprint.post("/initiatives/<initiative_id>/settings")
@for_role(AccountRole.MANAGER)
@about_initiative
def settings_sent(one: Initiative) -> ResponseReturnValue:
    """Change them."""
    form = InitiativeForm()
    valid = form.validate()
    if valid and form.seen.data != _mark(one):
        form.brief.errors = [meanwhile()]
        form.seen.data = form.seen.raw_data = _mark(one)
        valid = False
    if not valid:
        return render_template("initiatives/settings.html", one=one, form=form), 422
    changed = initiatives.change(
        services().store, one.id, lambda old: _shaped(old, form), actor=me().actor
    )
    flash(_("Stored."))
    return redirect(url_for("pages.initiative", initiative_id=changed.id))


def _mark(one: Initiative) -> str:
    return seen((one.name, one.brief, one.exploratory, one.open))


@blueprint.post("/initiatives/<initiative_id>/delete")
@for_role(AccountRole.MANAGER)
@about_initiative
def delete(one: Initiative) -> ResponseReturnValue:
    """Delete an initiative whose name was typed."""
    if " ".join(request.form.get("name", "").split()) != one.name:
        flash(_("Nothing was deleted: type the name exactly as it stands."))
        return redirect(url_for("initiatives.settings", initiative_id=one.id))
    initiatives.remove(services().store, one.id, actor=me().actor)
    flash(_("“%(name)s” is deleted.", name=one.name))
    return redirect(url_for("pages.initiatives"))


@blueprint.get("/initiatives/<initiative_id>/needs")
@for_role(AccountRole.MANAGER)
@about_initiative
def needs(one: Initiative) -> ResponseReturnValue:
    """Show the needs to be edited; those read from the brief where none are stated."""
    read = request.args.get("read") == "brief" or not one.needs
    known = {need.text for need in one.needs}
    found = services().answers.needs(one.brief) if read and one.brief.strip() else []
    rows = rows_of_needs([*one.needs, *(need for need in found if need.text not in known)])
    return _needs(one, rows, seen(one.needs))


@blueprint.post("/initiatives/<initiative_id>/needs")
@for_role(AccountRole.MANAGER)
@about_initiative
def needs_sent(one: Initiative) -> ResponseReturnValue:
    """Store the needs, or add rows to fill."""
    rows, found = sent_needs(request.form)
    if "add" in request.form:
        return _needs(one, rows, request.form.get("seen", ""), spare=MORE_ROWS)
    if any(row.errors for row in rows):
        return _needs(one, rows, request.form.get("seen", "")), 422
    if request.form.get("seen") != seen(one.needs):
        return _needs(one, rows, seen(one.needs), said=meanwhile()), 422
    kept = tuple(found)
    initiatives.change(
        services().store, one.id, lambda old: replace(old, needs=kept), actor=me().actor
    )
    flash(ngettext("%(num)s need is stored.", "%(num)s needs are stored.", len(kept)))
    return redirect(url_for("pages.initiative", initiative_id=one.id))


def _needs(
    one: Initiative, rows: list[Row], mark: str, said: str = "", spare: int = SPARE_ROWS
) -> str:
    empty = [Row({"text": "", "level": "must", "weight": "1", "stage": "", "due": ""})] * spare
    return render_template(
        "initiatives/needs.html",
        one=one,
        rows=[*rows, *empty],
        seen=mark,
        said=said,
        levels=list(NeedLevel),
        stages=list(Stage),
    )


@blueprint.get("/initiatives/<initiative_id>/members")
@for_role(AccountRole.MANAGER)
@about_initiative
def members(one: Initiative) -> ResponseReturnValue:
    """Show the members."""
    return _members(one, MemberForm())


@blueprint.post("/initiatives/<initiative_id>/members")
@for_role(AccountRole.MANAGER)
@about_initiative
def members_sent(one: Initiative) -> ResponseReturnValue:
    """Make somebody a member."""
    form = MemberForm()
    if not form.validate():
        return _members(one, form), 422
    corpus = services().corpus_provider.snapshot().corpus
    found, said = organisation_named(corpus, form.organisation.data)
    since = day(form.since.data or "")
    if found is None:
        form.organisation.errors = [said]
    if since is None and (form.since.data or "").strip():
        form.since.errors = [_("A day is written as 2027-01-31.")]
    if found is None or form.errors:
        return _members(one, form), 422
    try:
        initiatives.join(services().store, one.id, found, since, actor=me().actor)
    except initiatives.UnknownMembers:
        form.organisation.errors = [_("This organisation was deleted just now.")]
        return _members(one, form), 422
    name = corpus.organisations[corpus.row_of_id[found]].name
    if found not in one.member_ids:
        flash(_("%(name)s is a member now.", name=name))
    else:
        flash(_("Stored.") if since else _("%(name)s is a member already.", name=name))
    back = request.form.get("back") == "matches"
    page = "initiatives.matches" if back else "initiatives.members"
    return redirect(url_for(page, initiative_id=one.id))


@blueprint.post("/initiatives/<initiative_id>/members/remove")
@for_role(AccountRole.MANAGER)
@about_initiative
def members_remove(one: Initiative) -> ResponseReturnValue:
    """Let a member go."""
    gone = request.form.get("organisation", "")[:200]
    initiatives.leave(services().store, one.id, gone, actor=me().actor)
    flash(_("Stored."))
    return redirect(url_for("initiatives.members", initiative_id=one.id))


def _members(one: Initiative, form: MemberForm) -> str:
    corpus = services().corpus_provider.snapshot().corpus
    known = [
        (corpus.organisations[corpus.row_of_id[member.organisation_id]], member.since)
        for member in one.members
        if member.organisation_id in corpus.row_of_id
    ]
    return render_template("initiatives/members.html", one=one, form=form, members=known)


@blueprint.get("/initiatives/<initiative_id>/matches")
@for_role(AccountRole.MEMBER)
@about_initiative
def matches(one: Initiative) -> ResponseReturnValue:
    """Show who fits and what each adds."""
    asked = request.args
    complement = number(asked.get("complement", "20"), 0, 100)
    alike = number(asked.get("alike", "30"), 0, 100)
    question = replace(
        question_of(one),
        complement=(20.0 if complement is None else complement) / 100,
        alike=(30.0 if alike is None else alike) / 100,
        limit=length_asked(asked, LENGTHS),
    )
    if not (question.text or question.needs or question.members):
        return render_template("initiatives/matches.html", one=one, question=question, answer=None)
    answer = services().recommender.recommend(question)
    dials = {name: round(100 * getattr(question, name)) for name in ("complement", "alike")}
    return render_template(
        "initiatives/matches.html",
        one=one,
        question=question,
        answer=answer,
        longer=[
            (length, url_for(".matches", initiative_id=one.id, show=length, **dials))
            for length in longer_than(question.limit, answer["total"], LENGTHS)
        ],
        keep_question=json.dumps(serialise(question)),
        keep_initiative=one.id,
        keep_name=one.name,
    )


@blueprint.get("/initiatives/<initiative_id>/gaps")
@for_role(AccountRole.MEMBER)
@about_initiative
def gaps(one: Initiative) -> ResponseReturnValue:
    """Show need by partner as a heat map."""
    return render_template(
        "initiatives/gaps.html", one=one, coverage_matrix=services().answers.coverage_matrix(one.id)
    )


@blueprint.get("/initiatives/<initiative_id>/roadmap")
@for_role(AccountRole.MEMBER)
@about_initiative
def roadmap(one: Initiative) -> ResponseReturnValue:
    """Show the needs in time order from idea to market."""
    found = services().answers.roadmap(one.id)
    by_stage: dict[str | None, list[dict[str, Any]]] = {}
    for step in found["steps"]:
        by_stage.setdefault(step["stage"], []).append(step)
    return render_template("initiatives/roadmap.html", one=one, roadmap=found, by_stage=by_stage)


@blueprint.get("/initiatives/<initiative_id>/overlaps")
@for_role(AccountRole.MEMBER)
@about_initiative
def overlaps(one: Initiative) -> ResponseReturnValue:
    """Show other initiatives that want the same with other members."""
    found = services().insights.overlaps(Scope(), MAX_OVERLAPS).results
    mine = [pair for pair in found if pair.one.id == one.id]
    mine += [pair.reversed() for pair in found if pair.other.id == one.id]
    mine.sort(key=lambda pair: (-pair.score, pair.other.id))
    return render_template("initiatives/overlaps.html", one=one, overlaps=mine)


@blueprint.get("/initiatives/<initiative_id>/line-up")
@for_role(AccountRole.MEMBER)
@about_initiative
def form_team(one: Initiative) -> ResponseReturnValue:
    """Show the builder: quotas on the left, the team and what it covers on the right."""
    corpus = services().corpus_provider.snapshot().corpus
    form = TeamForm.sent(request.args, corpus)
    wanted = form.wanted()
    found, conflict = None, []
    if wanted is not None:
        try:
            found = services().answers.form_team(one.id, wanted)
        except Infeasible as error:
            labels = {quota.label: said(quota) for quota in wanted.quotas}
            conflict = [
                labels.get(name, str(CONDITIONS.get(name, name))) for name in error.conflict
            ]
    page = render_template(
        "initiatives/line_up.html",
        one=one,
        form=form,
        rows=[*form.rows, *[Row({"of": "", "value": "", "least": "", "most": ""})] * 2],
        kinds=list(Of),
        found=found,
        conflict=conflict,
        quotas=_said_quotas(wanted, found),
        excluded=[(key, corpus.organisations[corpus.row_of_id[key]].name) for key in form.exclude],
    )
    return page, 200 if wanted is not None else 422


def said(quota: Wanted) -> str:
    """Return what a quota is called on pages."""
    known: Any = LABELS
    what = f"{LABELS[f'of_{quota.of.value}']} {known.get(quota.value, quota.value)}".strip()
    limits = [_("at least %(count)s", count=quota.at_least)] if quota.at_least else []
    if quota.at_most is not None:
        limits.append(_("at most %(count)s", count=quota.at_most))
    return f"{what}: " + ", ".join(limits)


def _said_quotas(wanted: TeamRequest | None, found: dict[str, Any] | None) -> list[dict[str, Any]]:
    if wanted is None or found is None:
        return []
    labels = {quota.label: said(quota) for quota in wanted.quotas}
    return [{**quota, "said": labels[quota["label"]]} for quota in found["quotas"]]
