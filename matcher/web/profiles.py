"""A company's own profile: made, changed, exported and deleted without an account."""

from __future__ import annotations

from datetime import UTC, date, datetime

from apiflask import APIBlueprint, abort
from flask import Response, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from matcher.corpus.answer_cache import AnswerCache
from matcher.current import services
from matcher.domain import FacetKind, Need, Stage
from matcher.initiatives.actions import get_initiative
from matcher.initiatives.advice import Advice, IsMember
from matcher.matching.question import QuestionError, QuestionTooLarge
from matcher.presenters import shortened
from matcher.profiles import actions, drafts, links
from matcher.profiles import export as exports
from matcher.profiles.matches import initiative_ranks
from matcher.profiles.profiles import ContactFor, Profile, ProfileError, State, namesakes
from matcher.validation import MAX_NEED_LENGTH
from matcher.web import profile_mails as mails
from matcher.web.forms import needs_in_address, rows_of
from matcher.web.initiative_forms import Row, meanwhile, seen
from matcher.web.matching import question_address
from matcher.web.messages import translated
from matcher.web.profile_forms import (
    AddressForm,
    ButtonForm,
    DeleteForm,
    NewProfileForm,
    ProfileForm,
    sent_rows,
    shown_rows,
    with_spare,
)
from matcher.web.profile_session import (
    close_profile,
    current_profile,
    for_owner,
    open_until,
)

blueprint = APIBlueprint("profiles", __name__, enable_openapi=False)
Rows = dict[FacetKind, list[Row]]
LENGTHS_OF_NEEDS = (MAX_NEED_LENGTH - 2, 500, 150)
"""Characters of the needs of a profile in an address: the first with which it isn't too long."""


@blueprint.after_request
def _keep_nothing(response: Response) -> Response:
    """Let no browser or proxy keep these pages, which hold what only the owner may see."""
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.get("/profile")
def start() -> ResponseReturnValue:
    """Explain profiles; or show the state of the one that is open."""
    profile = current_profile()
    if profile is None:
        return render_template("profiles/start.html")
    return _own_page(profile, AddressForm(formdata=None))


def _own_page(profile: Profile, address: AddressForm) -> str:
    return render_template(
        "profiles/own.html",
        profile=profile,
        until=datetime.fromtimestamp(open_until(), UTC),
        partners=_partners_address(profile),
        form=ButtonForm(),
        address=address,
    )


def _partners_address(profile: Profile) -> str | None:
    """Return the address that asks who meets what the company needs; None where it needs nothing.

    It asks for nobody like the company, which leaves itself out, too. The company isn't a member:
    what it says it needs, none of its own offers covers.
    """
    needs = [
        facet
        for facet in profile.organisation.needs
        if facet.valid_until is None or facet.valid_until >= date.today()
    ][: services().limits.needs]
    if profile.state is not State.PUBLISHED or not needs:
        return None
    for length in LENGTHS_OF_NEEDS:
        texts = [shortened(" ".join(facet.text.split()), length) for facet in needs]
        stated = [Need(text, stage=facet.stage) for text, facet in zip(texts, needs, strict=True)]
        address = question_address([*needs_in_address(rows_of(stated)), ("unlike", profile.id)])
        if address is not None:
            return address
    # So many needs don't fit into an address; as a member's they are read from the profile.
    return question_address([("members", profile.id)])


@blueprint.get("/profile/new")
def new() -> ResponseReturnValue:
    """Show an empty form."""
    return _form_page("profiles/new.html", NewProfileForm(), shown_rows(None))


@blueprint.post("/profile/new")
def new_sent() -> ResponseReturnValue:
    """Store a draft and send the link that publishes it."""
    form, rows = NewProfileForm(), sent_rows(request.form)
    if "add" in request.form:
        return _form_page("profiles/new.html", form, rows)
    corpus = services().corpus_provider.snapshot().corpus
    organisation = form.organisation(rows, corpus, None)
    if organisation is None:
        return _form_page("profiles/new.html", form, rows), 422
    try:
        draft, token = drafts.create(
            services().store,
            organisation,
            email=form.email.data,
            contact_for=ContactFor(form.contact_for.data),
        )
    except ProfileError:
        form.email.errors = [
            _("Several profiles wait for this address to be confirmed. Confirm one of them first.")
        ]
        return _form_page("profiles/new.html", form, rows), 422
    mails.send(draft.email, *mails.confirmation(token))
    flash(_("Nearly done: confirm your profile with the link that we sent you."))
    if namesakes(corpus, draft.organisation.name):
        flash(
            _(
                "There is an organisation of this name already. Yours is kept beside it; an "
                "administrator can join the two when they are the same."
            )
        )
    return redirect(url_for("profiles.start"), 303)


def again() -> str:
    """Show the form as it was sent."""
    return _form_page("profiles/new.html", NewProfileForm(), sent_rows(request.form))


@blueprint.get("/profile/edit")
@for_owner
def edit(profile: Profile) -> ResponseReturnValue:
    """Show the form with what is stored."""
    corpus = services().corpus_provider.snapshot().corpus
    form = ProfileForm.showing(profile.organisation, profile.contact_for, corpus)
    form.seen.data = _mark(profile)
    return _form_page("profiles/edit.html", form, shown_rows(profile.organisation))


@blueprint.post("/profile/edit")
@for_owner
def edit_sent(profile: Profile) -> ResponseReturnValue:
    """Store what was changed."""
    form, rows = ProfileForm(), sent_rows(request.form)
    if "add" in request.form:
        return _form_page("profiles/edit.html", form, rows)
    corpus = services().corpus_provider.snapshot().corpus
    changed = form.organisation(rows, corpus, profile.organisation)
    if changed is not None and form.seen.data != _mark(profile):
        form.description.errors = [meanwhile()]
        form.seen.data = _mark(profile)
        changed = None
    if changed is None:
        return _form_page("profiles/edit.html", form, rows), 422
    contact_for = ContactFor(form.contact_for.data)
    if actions.change(services().store, profile.id, changed, contact_for=contact_for) is None:
        abort(404)
    flash(_("Stored."))
    return redirect(url_for("profiles.start"), 303)


def _mark(profile: Profile) -> str:
    return seen((profile.organisation, profile.contact_for))


@blueprint.post("/profile/address")
@for_owner
def address_asked(profile: Profile) -> ResponseReturnValue:
    """Send a link to a new address, which it is to confirm."""
    form = AddressForm()
    try:
        if not form.validate():
            raise ProfileError("email", "")
        new_address, token = links.request_new_address(
            services().store, profile.id, email=form.email.data
        )
    except ProfileError as error:
        message = _("That is not an e-mail address.")
        if error.code == "often":
            message = _("Too many links were asked for. Try again in an hour.")
        form.email.errors = [message]
        return _own_page(profile, form), 422
    mails.send(new_address, *mails.new_address(token))
    flash(_("We sent a link to the new address. It counts once that is confirmed."))
    return redirect(url_for("profiles.start"), 303)


@blueprint.get("/profile/found")
@for_owner
def found(profile: Profile) -> ResponseReturnValue:
    """Show by which initiatives the company is found, and what would bring it further."""
    current, chosen = services(), request.args.get("initiative", "")[:200]
    cache = AnswerCache(current.cache, current.settings.cache_ttl)
    ranks = initiative_ranks(current.recommender, cache, profile.id)
    advice, message = _advice(profile, chosen) if chosen and ranks else (None, "")
    return render_template(
        "profiles/found.html",
        profile=profile,
        partners=_partners_address(profile),
        ranks=ranks,
        choices=[rank for rank in ranks if not rank.member],
        chosen=chosen,
        advice=advice,
        message=message,
    )


def _advice(profile: Profile, initiative_id: str) -> tuple[Advice | None, str]:
    """Return the advice about an open initiative, or a message why there is none."""
    initiative = get_initiative(services().store, initiative_id)
    if initiative is None or not initiative.open:
        abort(404, _("There is no such initiative."))
    try:
        return services().initiatives.advice(initiative_id, profile.id), ""
    except IsMember:
        return None, _("You are in this initiative already.")
    except QuestionTooLarge as error:
        return None, translated(error.message)
    except QuestionError:
        return None, _("Your profile isn't published at the moment.")


@blueprint.get("/profile/export.json")
@for_owner
def export(profile: Profile) -> ResponseReturnValue:
    """Give all that is stored, as a file."""
    answer = jsonify(exports.export_to_json(exports.export(services().store, profile)))
    answer.headers["Content-Disposition"] = "attachment; filename=schakel-profile.json"
    return answer


@blueprint.get("/profile/delete")
@for_owner
def delete(profile: Profile) -> ResponseReturnValue:
    """Ask whether they are sure."""
    return render_template("profiles/delete.html", form=DeleteForm(), profile=profile)


@blueprint.post("/profile/delete")
@for_owner
def delete_sent(profile: Profile) -> ResponseReturnValue:
    """Delete the profile and all that is stored with it, and confirm that by mail."""
    form = DeleteForm()
    if not form.validate():
        form.sure.errors = [_("Tick the box if you are sure.")]
        return render_template("profiles/delete.html", form=form, profile=profile), 422
    deleted = actions.delete(services().store, services().cache, profile.id)
    close_profile()
    if deleted is not None:
        mails.send(deleted.email, *mails.deleted(deleted.organisation.name))
    flash(_("Your profile and all that was stored with it is deleted."))
    return redirect(url_for("profiles.start"), 303)


@blueprint.post("/profile/close")
def close() -> ResponseReturnValue:
    """End the editing session."""
    close_profile()
    flash(_("Your profile is closed on this device."))
    return redirect(url_for("profiles.start"), 303)


def _form_page(template: str, form: ProfileForm, rows: Rows) -> str:
    errors = bool(form.errors) or any(row.errors for group in rows.values() for row in group)
    spare = with_spare(rows, request.form.get("add", ""))
    return render_template(template, form=form, rows=spare, has_errors=errors, stages=list(Stage))
