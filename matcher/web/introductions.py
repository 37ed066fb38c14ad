"""Introductions: asking for one, answering by a link, seeing what became of it."""

from __future__ import annotations

import structlog
from apiflask import APIBlueprint, abort
from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, EmailField, HiddenField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length, Optional

from matcher.accounts.accounts import AccountRole
from matcher.initiatives import actions as initiatives
from matcher.introductions import requests as introductions
from matcher.introductions.requests import (
    AccessGrant,
    Introduction,
    IntroductionError,
    IntroductionRequest,
    Requester,
)
from matcher.mail import MailError
from matcher.match_lists import lists
from matcher.organisations import actions as organisations
from matcher.store.initiatives import get_initiative
from matcher.web.access import company, services, who
from matcher.web.profile_forms import email_address

blueprint = APIBlueprint("introductions", __name__, enable_openapi=False)
log = structlog.get_logger()
STATES = ("asked", "accepted", "declined", "withdrawn", "joined", "ended")
SAID = {
    "length": _l("Write from 20 to 3,000 characters."),
    "self": _l("This is your own organisation."),
    "member": _l("You are a member of this initiative already."),
    "many": _l("That is enough for one day. Ask again tomorrow."),
    "open": _l("This has been asked already, and that is still open."),
    "never": _l("This organisation doesn't want to be asked."),
    "unknown": _l("This organisation is gone."),
    "contact": _l("Give an e-mail address or a telephone number."),
    "answered": _l("This was answered or taken back already."),
}
"""What the codes of IntroductionError are called on pages."""


class AskForm(FlaskForm):  # type: ignore[misc]
    """What is asked, and who can be reached if the answer is yes."""

    organisation = HiddenField(validators=[Length(max=200)])
    initiative = HiddenField(validators=[Length(max=200)])
    list = HiddenField(validators=[Length(max=64)])
    need = StringField(_l("What need it is about"), [Length(max=2_000)])
    message = TextAreaField(_l("Your message"), [DataRequired(), Length(max=introductions.LONGEST)])
    name = StringField(_l("Your name"), [DataRequired(), Length(max=300)])
    email = EmailField(_l("E-mail address"), [DataRequired(), Length(max=320), email_address])
    phone = StringField(_l("Telephone"), [Length(max=64)])


class AnswerForm(FlaskForm):  # type: ignore[misc]
    """Yes or no, and who can be reached."""

    note = TextAreaField(_l("A word to the other side"), [Length(max=introductions.LONGEST)])
    name = StringField(_l("Name"), [Length(max=300)])
    email = EmailField(_l("E-mail address"), [Optional(), Length(max=320)])
    phone = StringField(_l("Telephone"), [Length(max=64)])
    never = BooleanField(_l("Don't ask us again"))

    def validate_email(self, field: EmailField) -> None:
        """Check the address where it is given: a no isn't held up by one on record."""
        if "accept" in request.form:
            email_address(self, field)


def asker(contact: dict[str, str] | None = None) -> Requester | None:
    """Return who asks: the account, or the company whose profile is open; None for anybody else."""
    account, own = who(), company()
    if account is not None:
        return Requester(contact or {}, account=account)
    return Requester(contact or {}, organisation_id=own) if own else None


def _required() -> Requester:
    found = asker()
    if found is None:
        abort(404)
    return found


@blueprint.get("/introductions")
def overview() -> ResponseReturnValue:
    """List the introductions."""
    mine = asker()
    if mine is None:
        return redirect(url_for("accounts.sign_in", next="/introductions"))
    state = request.args.get("state", "")
    found = introductions.overview(services().store, mine, state if state in STATES else "")
    return render_template(
        "introductions/overview.html",
        found=found,
        state=state,
        states=STATES,
        waiting={one.id for one in found if introductions.waits_for(one, mine)},
    )


@blueprint.get("/introductions/new")
def new() -> ResponseReturnValue:
    """Ask what to write."""
    _required()
    form = AskForm(request.args, meta={"csrf": False})
    form = AskForm(
        formdata=None,
        organisation=form.organisation.data,
        initiative=form.initiative.data,
        list=form.list.data,
        need=(form.need.data or "")[:2_000],
        data=_own_contact(),
    )
    return _new(form)


def _own_contact() -> introductions.Contact:
    account, own = who(), company()
    if account is not None:
        return {"name": account.name, "email": account.email}
    return introductions.contact_of(services().store, own) if own else {}


def _new(form: AskForm) -> str:
    store = services().store
    initiative = get_initiative(store, form.initiative.data) if form.initiative.data else None
    if form.organisation.data:
        found = organisations.get(store, form.organisation.data)
        if found is None:
            abort(404, SAID["unknown"], extra_data={"page": True})
        to = found.name
    elif initiative is not None and initiative.open and company() and who() is None:
        to = ""
    else:
        abort(404, _("There is no such initiative."), extra_data={"page": True})
    return render_template(
        "introductions/new.html", form=form, to=to, initiative=initiative, asks=_name(_required())
    )


@blueprint.post("/introductions/new")
def new_sent() -> ResponseReturnValue:
    """Ask, and send the link."""
    _required()
    form = AskForm()
    contact = {name: form[name].data or "" for name in ("name", "email", "phone")}
    mine = asker(contact)
    assert mine is not None
    if not form.validate():
        return _new(form), 422
    current = services()
    wish = IntroductionRequest(
        form.organisation.data or "",
        form.message.data,
        form.initiative.data or None,
        _own_list(form.list.data),
        form.need.data or "",
    )
    if wish.initiative_id and get_initiative(current.store, wish.initiative_id) is None:
        abort(404)
    try:
        made = introductions.ask(current.store, mine, wish)
    except IntroductionError as error:
        form.message.errors = [SAID[error.code]]
        return _new(form), 422
    page = url_for("introductions.show", introduction_id=made.id)
    if made.token:
        page = url_for("introductions.answer", token=made.token)
    link = current.settings.public_url + page
    told = [_mailed(email, mine, wish, link) for email in made.emails]
    if any(told) or not made.token:  # managers see it on their page, mail or not
        flash(_("Asked. You hear of it when they answer."))
        return redirect(url_for("introductions.show", introduction_id=made.id))
    found = introductions.get(current.store, made.id, mine)
    page = render_template("introductions/show.html", one=found, mine=mine, link=link)
    return page, 200, {"Cache-Control": "no-store"}


def _name(mine: Requester) -> str:
    """Return who asks, as the other side reads it at once."""
    own = (
        organisations.get(services().store, mine.organisation_id) if mine.organisation_id else None
    )
    return own.name if own else (mine.account.name if mine.account else "")


def _own_list(list_id: str | None) -> str | None:
    """Return the id of a list that the visitor may see; else None."""
    account = who()
    known = list_id and account and lists.get(services().store, list_id, reader=account)
    return list_id if known else None


def _mailed(email: str, mine: Requester, wish: IntroductionRequest, link: str) -> bool:
    store = services().store
    to = organisations.get(store, wish.to_organisation)
    initiative = get_initiative(store, wish.initiative_id) if wish.initiative_id else None
    name = _name(mine)
    who_asks = f"{name} ({initiative.name})" if initiative and to else name
    text = _(
        "%(who)s would like to get to know %(to)s:\n\n%(message)s\n\n"
        "Read it and accept or decline here. Contacts are only shared if you accept:\n%(link)s",
        who=who_asks,
        to=to.name if to else (initiative.name if initiative else ""),
        message=wish.message.strip(),
        link=link,
    )
    try:
        services().mailer.send(email, _("Somebody would like to work with you"), text)
    except (MailError, ValueError):
        log.error("no mail for an introduction")
        return False
    return True


@blueprint.get("/introductions/<introduction_id>")
def show(introduction_id: str) -> ResponseReturnValue:
    """Show one, to the side that asked or, to be answered, to the other."""
    mine = _required()
    found = introductions.get(services().store, introduction_id, mine)
    if found is None:
        abort(404)
    if introductions.is_asked(found, mine):
        return _answer(found, AnswerForm(formdata=None, data=_own_contact()))
    return render_template("introductions/show.html", one=found, mine=mine, link=None)


@blueprint.post("/introductions/<introduction_id>")
def close(introduction_id: str) -> ResponseReturnValue:
    """Take it back, or say what became of it."""
    mine = _required()
    outcome, store = request.form.get("outcome", ""), services().store
    try:
        introductions.close(store, introduction_id, mine, outcome, request.form.get("note", ""))
    except IntroductionError as error:
        if error.code == "unknown":
            abort(404)
        flash(str(SAID[error.code]))
        return redirect(url_for("introductions.show", introduction_id=introduction_id))
    found = introductions.get(store, introduction_id, mine)
    manager = mine.account is not None and mine.account.role.reaches(AccountRole.MANAGER)
    if outcome == "joined" and manager and found and found.initiative and "member" in request.form:
        joined = found.to_organisation or found.from_organisation or ""
        initiatives.join(store, found.initiative_id or "", joined, actor=mine.actor)
    flash(_("Stored."))
    return redirect(url_for("introductions.show", introduction_id=introduction_id))


@blueprint.get("/introductions/answer/<token>")
def answer(token: str) -> ResponseReturnValue:
    """Show the request to the asked side."""
    found = introductions.behind(services().store, AccessGrant(token[:100]))
    if found is None:
        return _useless()
    contact = introductions.contact_of(services().store, found.to_organisation)
    return _answer(found, AnswerForm(formdata=None, data=contact))


def _answer(found: Introduction, form: AnswerForm, status: int = 200) -> ResponseReturnValue:
    page = render_template(
        "introductions/answer.html",
        one=found,
        form=form,
        closing=not found.to_organisation,
        action=_answer_address(found),
    )
    return page, status, {"X-Robots-Tag": "noindex", "Referrer-Policy": "no-referrer"}


def _answer_address(found: Introduction) -> str:
    token = (request.view_args or {}).get("token")
    if token:
        return url_for("introductions.answer", token=token)
    return url_for("introductions.answer_signed", introduction_id=found.id)


@blueprint.post("/introductions/answer/<token>")
def answer_sent(token: str) -> ResponseReturnValue:
    """Accept, decline, or take an acceptance back, by the link."""
    return _answered(AccessGrant(token[:100]))


@blueprint.post("/introductions/<introduction_id>/answer")
def answer_signed(introduction_id: str) -> ResponseReturnValue:
    """Accept, decline, or take an acceptance back, signed in."""
    return _answered(AccessGrant(introduction_id=introduction_id, by=_required()))


def _answered(door: AccessGrant) -> ResponseReturnValue:
    form, store = AnswerForm(), services().store
    found = introductions.behind(store, door)
    if found is None:
        return _useless()
    if not form.validate():
        return _answer(found, form, 422)
    try:
        if "back" in request.form:
            introductions.take_back(store, door)
        else:
            changed = introductions.answer(
                store,
                door,
                accept="accept" in request.form,
                note=form.note.data or "",
                contact={name: form[name].data or "" for name in ("name", "email", "phone")},
                never=bool(form.never.data) and bool(found.to_organisation),
            )
            if changed is not None:
                _tell(changed)
    except IntroductionError as error:
        form.email.errors = [SAID[error.code]]
        return _answer(found, form, 422)
    if door.by is None:
        return redirect(url_for("introductions.answer", token=door.token))
    return redirect(url_for("introductions.show", introduction_id=door.introduction_id))


def _tell(one: Introduction) -> None:
    """Tell the asker that there is an answer; what it is stands on the page."""
    settings = services().settings
    address = introductions.asker_address(services().store, one.id)
    if not address:
        return
    link = settings.public_url + url_for("introductions.show", introduction_id=one.id)
    text = _("%(to)s has answered your request. Read it here:\n%(link)s", to=one.to_name, link=link)
    try:
        services().mailer.send(address, _("%(to)s has answered", to=one.to_name[:80]), text)
    except (MailError, ValueError):
        log.error("no mail about an answer")


def _useless() -> ResponseReturnValue:
    page = render_template(
        "error.html",
        title=_("This link doesn't work any more"),
        advice=_("It has expired, or the request is gone."),
    )
    return page, 410
