"""A company's own profile: made, confirmed, changed, exported and deleted without an account."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from apiflask import APIBlueprint, abort
from flask import Response, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from matcher.domain import FacetKind, Stage
from matcher.initiatives.actions import get_initiative
from matcher.initiatives.advice import IsMember
from matcher.matching.validation import QuestionError
from matcher.profiles import links as profile_links
from matcher.profiles import profiles
from matcher.profiles.export import export as exported
from matcher.profiles.matches import found_by
from matcher.profiles.profiles import ContactFor, Profile, ProfileError
from matcher.web import profile_mails as mails
from matcher.web.access import services
from matcher.web.initiative_forms import Row, meanwhile, seen
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
    for_keeper,
    open_profile,
    open_until,
)

blueprint = APIBlueprint("profiles", __name__, enable_openapi=False)
Rows = dict[FacetKind, list[Row]]


@blueprint.after_request
def _keep_nothing(response: Response) -> Response:
    """Let no browser or proxy keep these pages, which hold what only the keeper may see."""
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.get("/profile")
def start() -> ResponseReturnValue:
    """Say what this is; or show where an open profile stands."""
    profile = current_profile()
    if profile is None:
        return render_template("profiles/start.html")
    return render_template(
        "profiles/own.html",
        profile=profile,
        until=datetime.fromtimestamp(open_until(), UTC),
        form=ButtonForm(),
        address=AddressForm(formdata=None),
    )


@blueprint.get("/profile/new")
def new() -> ResponseReturnValue:
    """Show an empty form."""
    return _form_page("profiles/new.html", NewProfileForm(), shown_rows(None))


@blueprint.post("/profile/new")
def new_sent() -> ResponseReturnValue:
    """Keep a draft and send the link that publishes it."""
    form, rows = NewProfileForm(), sent_rows(request.form)
    if "add" in request.form:
        return _form_page("profiles/new.html", form, rows)
    corpus = services().corpus_provider.snapshot().corpus
    organisation = form.organisation(rows, corpus, None)
    if organisation is None:
        return _form_page("profiles/new.html", form, rows), 422
    try:
        made, token = profiles.create(
            services().store, organisation, form.email.data, ContactFor(form.contact_for.data)
        )
    except ProfileError:
        form.email.errors = [
            _("Several profiles wait for this address to be confirmed. Confirm one of them first.")
        ]
        return _form_page("profiles/new.html", form, rows), 422
    if mails.send(made.email, *mails.confirmation(token)):
        flash(_("Nearly done: confirm your profile with the link that we sent you."))
    else:
        flash(_("Your profile is kept, but the mail could not be sent. Ask for a link later."))
    if profiles.namesakes(corpus, made.organisation.name):
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


@blueprint.get("/profile/confirm/<token>")
def confirm(token: str) -> ResponseReturnValue:
    """Show what is to be published, with a button: programs that follow links publish nothing."""
    draft = profiles.waiting(services().store, token)
    if draft is None:
        return _useless()
    return render_template("profiles/confirm.html", form=ButtonForm(), draft=draft)


@blueprint.post("/profile/confirm/<token>")
def confirm_sent(token: str) -> ResponseReturnValue:
    """Publish the draft, or delete it where somebody else made it."""
    if "discard" in request.form:
        if not profiles.discard(services().store, token):
            return _useless()
        flash(_("The profile is deleted."))
        return redirect(url_for("profiles.start"), 303)
    profile = profiles.publish(services().store, token)
    if profile is None:
        return _useless()
    open_profile(profile)
    flash(_("Your profile is published. You can be found from now on."))
    return redirect(url_for("profiles.start"), 303)


@blueprint.get("/profile/link")
def link() -> ResponseReturnValue:
    """Ask for the address."""
    return render_template("profiles/link.html", form=AddressForm(), sent=False)


@blueprint.post("/profile/link")
def link_sent() -> ResponseReturnValue:
    """Send links, and say the same whether there is a profile or not."""
    form = AddressForm()
    if not form.validate():
        return render_template("profiles/link.html", form=form, sent=False), 422
    address, several = profile_links.links(services().store, form.email.data)
    if several:
        mails.send(address, *mails.opening(several))
    return render_template("profiles/link.html", form=form, sent=True)


@blueprint.get("/profile/open/<token>")
def open_link(token: str) -> ResponseReturnValue:
    """Show a button: programs that follow links don't use this one up."""
    profile = profiles.openable(services().store, token)
    if profile is None:
        return _useless()
    return render_template("profiles/open.html", form=ButtonForm(), profile=profile)


@blueprint.post("/profile/open/<token>")
def open_sent(token: str) -> ResponseReturnValue:
    """Open the profile for editing."""
    profile = profiles.open_for_editing(services().store, token)
    if profile is None:
        return _useless()
    open_profile(profile)
    return redirect(url_for("profiles.start"), 303)


@blueprint.get("/profile/edit")
@for_keeper
def edit(profile: Profile) -> ResponseReturnValue:
    """Show the form with what is stored."""
    corpus = services().corpus_provider.snapshot().corpus
    form = ProfileForm.showing(profile.organisation, profile.contact_for, corpus)
    form.seen.data = _mark(profile)
    return _form_page("profiles/edit.html", form, shown_rows(profile.organisation))


@blueprint.post("/profile/edit")
@for_keeper
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
    if profiles.change(services().store, profile.id, changed, contact_for) is None:
        abort(404)
    flash(_("Stored."))
    return redirect(url_for("profiles.start"), 303)


def _mark(profile: Profile) -> str:
    return seen((profile.organisation, profile.contact_for))


@blueprint.post("/profile/address")
@for_keeper
def address_asked(profile: Profile) -> ResponseReturnValue:
    """Send a link to a new address, which it is to confirm."""
    form = AddressForm()
    try:
        if not form.validate():
            raise ProfileError("email", "")
        new_one, token = profile_links.ask_new_address(
            services().store, profile.id, form.email.data
        )
    except ProfileError as error:
        often = _("Too many links were asked for. Try again in an hour.")
        said = often if error.code == "often" else _("That is not an e-mail address.")
        form.email.errors = [said]
        page = {"until": datetime.fromtimestamp(open_until(), UTC), "form": ButtonForm()}
        return render_template("profiles/own.html", profile=profile, address=form, **page), 422
    if mails.send(new_one, *mails.new_address(token)):
        flash(_("We sent a link to the new address. It counts once that is confirmed."))
    else:
        flash(_("The mail could not be sent. Try again later."))
    return redirect(url_for("profiles.start"), 303)


@blueprint.get("/profile/address/<token>")
def address(token: str) -> ResponseReturnValue:
    """Show a button to confirm a new address."""
    email = profile_links.new_address(services().store, token)
    if email is None:
        return _useless()
    return render_template("profiles/address.html", form=ButtonForm(), email=email)


@blueprint.post("/profile/address/<token>")
def address_sent(token: str) -> ResponseReturnValue:
    """Make the address the keeper's and tell the former one."""
    found = profile_links.set_new_address(services().store, token)
    if found is None:
        return _useless()
    profile, former = found
    mails.send(former, *mails.address_changed())
    open_profile(profile)
    flash(_("Your profile is kept with the new address from now on."))
    return redirect(url_for("profiles.start"), 303)


@blueprint.get("/profile/found")
@for_keeper
def found(profile: Profile) -> ResponseReturnValue:
    """Show by which initiatives the company is found, and what would bring it further."""
    current, chosen = services(), request.args.get("initiative", "")[:200]
    several = found_by(current.recommender, current.cache, profile.id)
    advice, said = _advice(profile, chosen) if chosen and several else (None, "")
    return render_template(
        "profiles/found.html",
        profile=profile,
        several=several,
        choices=[one for one in several if not one["member"]],
        chosen=chosen,
        advice=advice,
        said=said,
    )


def _advice(profile: Profile, initiative_id: str) -> tuple[Mapping[str, Any] | None, str]:
    """Return the advice of an open initiative, or what to say in its stead."""
    initiative = get_initiative(services().store, initiative_id)
    if initiative is None or not initiative.open:
        abort(404, _("There is no such initiative."))
    try:
        return services().answers.advice(initiative_id, profile.id), ""
    except IsMember:
        return None, _("You are in this initiative already.")
    except QuestionError:
        return None, _("Your profile isn't published at the moment.")


@blueprint.get("/profile/export.json")
@for_keeper
def export(profile: Profile) -> ResponseReturnValue:
    """Give all that is stored as a file."""
    answer = jsonify(exported(services().store, profile))
    answer.headers["Content-Disposition"] = "attachment; filename=schakel-profile.json"
    return answer


@blueprint.get("/profile/delete")
@for_keeper
def delete(profile: Profile) -> ResponseReturnValue:
    """Ask whether they are sure."""
    return render_template("profiles/delete.html", form=DeleteForm(), profile=profile)


@blueprint.post("/profile/delete")
@for_keeper
def delete_sent(profile: Profile) -> ResponseReturnValue:
    """Delete the profile and all that is stored with it, and confirm that by mail."""
    form = DeleteForm()
    if not form.validate():
        form.sure.errors = [_("Tick the box if you are sure.")]
        return render_template("profiles/delete.html", form=form, profile=profile), 422
    gone = profiles.remove(services().store, services().cache, profile.id)
    close_profile()
    if gone is not None:
        mails.send(gone.email, *mails.deleted(gone.organisation.name))
    flash(_("Your profile and all that was stored with it is deleted."))
    return redirect(url_for("profiles.start"), 303)


@blueprint.post("/profile/close")
def close() -> ResponseReturnValue:
    """End the editing session."""
    close_profile()
    flash(_("Your profile is closed on this device."))
    return redirect(url_for("profiles.start"), 303)


def _form_page(template: str, form: ProfileForm, rows: Rows) -> str:
    faults = bool(form.errors) or any(row.errors for several in rows.values() for row in several)
    spare = with_spare(rows, request.form.get("add", ""))
    return render_template(template, form=form, rows=spare, faults=faults, stages=list(Stage))


def _useless() -> ResponseReturnValue:
    page = render_template(
        "error.html",
        title=_("This link can't be used any more"),
        advice=_("Links work once and for a limited time. Ask for a new one."),
        status=410,
        further=(url_for("profiles.link"), _("Ask for a new link")),
    )
    return page, 410
