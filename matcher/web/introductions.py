"""Pages of introductions: asking for one, answering by a link or signed in, closing one."""

from __future__ import annotations

from dataclasses import asdict

from apiflask import APIBlueprint, abort
from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from matcher.current import services
from matcher.domain import Contact
from matcher.initiatives import actions as initiatives
from matcher.introductions import answers, introductions
from matcher.introductions.access import AccessGrant, Party, is_recipient, waits_for
from matcher.introductions.introductions import (
    Introduction,
    IntroductionError,
    IntroductionState,
)
from matcher.introductions.requests import (
    IntroductionRequest,
    request_introduction,
)
from matcher.match_lists import lists
from matcher.organisations import actions as organisations
from matcher.store.initiatives import get_initiative
from matcher.validation import MAX_NEED_LENGTH
from matcher.web import introduction_mails as mails
from matcher.web.access import company, who
from matcher.web.introduction_forms import ERROR_MESSAGES, AnswerForm, RequestForm
from matcher.web.loading import unusable_link

blueprint = APIBlueprint("introductions", __name__, enable_openapi=False)
MAX_TOKEN_LENGTH = 100


def visiting_party() -> Party | None:
    """Return the account of the visitor, or the company whose profile is open; else None."""
    account, own = who(), company()
    if account is not None:
        return Party(account=account)
    return Party(organisation_id=own) if own else None


def visiting_parties() -> tuple[Party, ...]:
    """Return all that the visitor is at once: an account, and the company of an open profile."""
    account, own = who(), company()
    parties = (Party(account=account) if account else None, Party(organisation_id=own))
    return tuple(party for party in parties if party and (party.account or party.organisation_id))


def _required_party() -> Party:
    party = visiting_party()
    if party is None:
        abort(404)
    return party


@blueprint.get("/introductions")
def overview() -> ResponseReturnValue:
    """List the introductions."""
    party = visiting_party()
    if party is None:
        return redirect(url_for("accounts.sign_in", next="/introductions"))
    state, states = request.args.get("state", ""), list(IntroductionState)
    found = introductions.list_introductions(
        services().store, reader=party, state=state if state in states else ""
    )
    return render_template(
        "introductions/overview.html",
        introductions=found,
        state=state,
        states=states,
        waiting={each.id for each in found if waits_for(each, party)},
    )


@blueprint.get("/introductions/new")
def new() -> ResponseReturnValue:
    """Show the form of a request."""
    party = _required_party()
    given = RequestForm(request.args, meta={"csrf": False})
    form = RequestForm(
        formdata=None,
        organisation=given.organisation.data,
        initiative=given.initiative.data,
        list=given.list.data,
        need=(given.need.data or "")[:MAX_NEED_LENGTH],
        data=asdict(_own_contact()),
    )
    return _request_page(form, party)


def _own_contact() -> Contact:
    account, own = who(), company()
    if account is not None:
        return Contact(account.name, account.email)
    return introductions.recorded_contact(services().store, own) if own else Contact()


def _request_page(form: RequestForm, party: Party) -> str:
    store = services().store
    initiative = get_initiative(store, form.initiative.data) if form.initiative.data else None
    if party.account is None and form.organisation.data and form.initiative.data:
        abort(404)  # a company speaks for itself only, and learns no name of an initiative
    if form.organisation.data:
        organisation = organisations.get(store, form.organisation.data)
        if organisation is None:
            abort(404, ERROR_MESSAGES["unknown"], extra_data={"page": True})
        recipient = organisation.name
    elif initiative is not None and initiative.open and company() and who() is None:
        recipient = ""
    else:
        abort(404, _("There is no such initiative."), extra_data={"page": True})
    return render_template(
        "introductions/new.html",
        form=form,
        recipient=recipient,
        initiative=initiative,
        requester=mails.party_name(party),
    )


@blueprint.post("/introductions/new")
def new_sent() -> ResponseReturnValue:
    """Store a request, and mail the link to whoever answers it."""
    party, form, current = _required_party(), RequestForm(), services()
    if not form.validate():
        return _request_page(form, party), 422
    wanted = IntroductionRequest(
        to_organisation=form.organisation.data or "",
        message=form.message.data,
        contact=form.contact(),
        initiative_id=form.initiative.data or None,
        list_id=_visible_list(form.list.data),
        need=form.need.data or "",
    )
    if wanted.initiative_id and get_initiative(current.store, wanted.initiative_id) is None:
        abort(404)
    try:
        made = request_introduction(current.store, wanted, actor=party)
    except IntroductionError as error:
        form.message.errors = [ERROR_MESSAGES[error.code]]
        return _request_page(form, party), 422
    mails.send_request(made)
    flash(_("Asked. You hear of it when they answer."))
    return redirect(url_for("introductions.show", introduction_id=made))


def _visible_list(list_id: str | None) -> str | None:
    """Return the id of a list that the visitor may see; else None."""
    account = who()
    visible = list_id and account and lists.get(services().store, list_id, reader=account)
    return list_id if visible else None


@blueprint.get("/introductions/<introduction_id>")
def show(introduction_id: str) -> ResponseReturnValue:
    """Show an introduction to the requester or, to be answered, to its recipient."""
    party = _required_party()
    introduction = introductions.get(services().store, introduction_id, reader=party)
    if introduction is None:
        abort(404)
    if is_recipient(introduction, party):
        return _answer_page(introduction, AnswerForm(formdata=None, data=asdict(_own_contact())))
    return render_template("introductions/show.html", introduction=introduction)


@blueprint.post("/introductions/<introduction_id>")
def close(introduction_id: str) -> ResponseReturnValue:
    """Withdraw an introduction, or store what became of it."""
    party, store = _required_party(), services().store
    outcome, note = request.form.get("outcome", ""), request.form.get("note", "")
    try:
        answers.close(store, introduction_id, outcome=outcome, actor=party, note=note)
    except IntroductionError as error:
        if error.code == "unknown":
            abort(404)
        flash(str(ERROR_MESSAGES[error.code]))
        return redirect(url_for("introductions.show", introduction_id=introduction_id))
    introduction = introductions.get(store, introduction_id, reader=party)
    joins = outcome == IntroductionState.JOINED and party.manages and "member" in request.form
    if joins and introduction and introduction.initiative:
        joined = introduction.to_organisation or introduction.from_organisation or ""
        initiatives.join(
            store,
            introduction.initiative_id or "",
            joined,
            actor=party.actor,
            limits=services().limits,
        )
    flash(_("Stored."))
    return redirect(url_for("introductions.show", introduction_id=introduction_id))


@blueprint.get("/introductions/answer/<token>")
def answer(token: str) -> ResponseReturnValue:
    """Show the request to whoever has the link to answer it."""
    introduction = introductions.get_for_recipient(services().store, _mailed_grant(token))
    if introduction is None:
        return _unusable_link()
    # Whoever has a link may have it from anybody: what is on record is for the owner alone.
    by_owner = company() == introduction.to_organisation and who() is None
    contact = _own_contact() if by_owner else Contact()
    return _answer_page(introduction, AnswerForm(formdata=None, data=asdict(contact)))


def _mailed_grant(token: str) -> AccessGrant:
    return AccessGrant(token[:MAX_TOKEN_LENGTH], visitors=visiting_parties())


def _answer_page(
    introduction: Introduction, form: AnswerForm, status: int = 200
) -> ResponseReturnValue:
    token = (request.view_args or {}).get("token")
    action = url_for("introductions.answer_signed", introduction_id=introduction.id)
    if token:
        action = url_for("introductions.answer", token=token)
    page = render_template(
        "introductions/answer.html",
        introduction=introduction,
        form=form,
        closable=not introduction.to_organisation,
        action=action,
    )
    return page, status, {"X-Robots-Tag": "noindex", "Referrer-Policy": "no-referrer"}


@blueprint.post("/introductions/answer/<token>")
def answer_sent(token: str) -> ResponseReturnValue:
    """Accept, decline, or take an acceptance back, by the link."""
    return _store_answer(_mailed_grant(token))


@blueprint.post("/introductions/<introduction_id>/answer")
def answer_signed(introduction_id: str) -> ResponseReturnValue:
    """Accept, decline, or take an acceptance back, signed in."""
    return _store_answer(AccessGrant(introduction_id=introduction_id, party=_required_party()))


def _store_answer(grant: AccessGrant) -> ResponseReturnValue:
    form, store = AnswerForm(), services().store
    introduction = introductions.get_for_recipient(store, grant)
    if introduction is None:
        return _unusable_link()
    if not form.validate():
        return _answer_page(introduction, form, 422)
    note = form.note.data or ""
    try:
        if "back" in request.form:
            answers.withdraw_acceptance(store, grant)
            answered = None
        elif "accept" in request.form:
            answered = answers.accept(store, grant, contact=form.contact(), note=note)
        else:
            never_again = bool(form.never.data) and bool(introduction.to_organisation)
            answered = answers.decline(store, grant, note=note, never_again=never_again)
    except IntroductionError as error:
        form.email.errors = [ERROR_MESSAGES[error.code]]
        return _answer_page(introduction, form, 422)
    if answered is not None:
        mails.announce_answer(answered)
    if grant.party is None:
        return redirect(url_for("introductions.answer", token=grant.token))
    return redirect(url_for("introductions.show", introduction_id=grant.introduction_id))


def _unusable_link() -> ResponseReturnValue:
    return unusable_link(
        _("This link doesn't work any more"), _("It has expired, or the request is gone.")
    )
