"""Accounts: inviting people, their roles, blocking and deleting."""

from __future__ import annotations

import structlog
from apiflask import abort
from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import EmailField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length

from matcher.accounts import accounts, passwords
from matcher.accounts.accounts import AccountRole
from matcher.accounts.errors import AccountError
from matcher.current import services
from matcher.web.access import me
from matcher.web.account_forms import ERROR_MESSAGES
from matcher.web.administration.blueprint import blueprint, only_administrators
from matcher.web.labels import LABELS

log = structlog.get_logger()
MAX_ID = 2**31 - 1
"""The largest account id: PostgreSQL can be asked for no larger number."""


class InviteForm(FlaskForm):  # type: ignore[misc]
    """Somebody to invite."""

    email = EmailField(_l("E-mail address"), [DataRequired(), Length(max=320)])
    name = StringField(_l("Name"), [Length(max=200)])
    role = SelectField(
        _l("Role"),
        choices=[SelectChoice(role.value, LABELS[role]) for role in AccountRole],
        default="manager",
    )


@blueprint.get("/users")
@only_administrators
def users() -> ResponseReturnValue:
    """List the accounts."""
    return _users(InviteForm())


def _users(form: InviteForm) -> str:
    people = accounts.list_accounts(services().store)
    return render_template(
        "administration/users.html", people=people, form=form, roles=list(AccountRole)
    )


@blueprint.post("/users")
@only_administrators
def invite() -> ResponseReturnValue:
    """Make an account and send a link to choose a password."""
    form = InviteForm()
    if not form.validate():
        return _users(form), 422
    role = AccountRole(form.role.data)
    try:
        made = accounts.create(
            services().store,
            email=form.email.data,
            name=form.name.data or "",
            role=role,
            password=None,
            actor=me().actor,
        )
    except AccountError as error:
        form.email.errors = [ERROR_MESSAGES[error.code]]
        return _users(form), 422
    _send_link(made.email)
    return redirect(url_for("administration.users"))


@blueprint.post("/users/<int:account_id>/link")
@only_administrators
def send_link(account_id: int) -> ResponseReturnValue:
    """Send a link to choose a password."""
    _send_link(_account(account_id).email)
    return redirect(url_for("administration.users"))


def _send_link(email: str) -> None:
    current = services()
    if not current.settings.passwords:
        _send_invitation(email)
        return
    issued = passwords.issue_reset_token(
        current.store, email, lifetime=passwords.INVITATION_LIFETIME
    )
    if issued is None:
        flash(_("This account is blocked; it gets no link."))
        return
    account, token = issued
    address = current.settings.public_url + url_for("accounts.new_password", token=token)
    text = _(
        "You have an account for Schakel, the service that finds partners for clusters.\n\n"
        "Choose a password within seven days:\n%(address)s",
        address=address,
    )
    current.mailer.send(account.email, _("Your account for Schakel"), text)
    flash(_("A link to choose a password is on its way to %(email)s.", email=account.email))


def _send_invitation(email: str) -> None:
    """Tell somebody where to sign in, where there are no passwords."""
    current = services()
    address = current.settings.public_url + url_for("accounts.sign_in")
    text = _(
        "You have an account for Schakel, the service that finds partners for clusters.\n\n"
        "Sign in with your organisation:\n%(address)s",
        address=address,
    )
    current.mailer.send(email, _("Your account for Schakel"), text)
    flash(_("A link to sign in is on its way to %(email)s.", email=email))


def _account(account_id: int) -> accounts.Account:
    account = accounts.get(services().store, account_id) if account_id <= MAX_ID else None
    if account is None:
        abort(404, _("There is no such account."), extra_data={"page": True})
    return account


@blueprint.post("/users/<int:account_id>")
@only_administrators
def change_user(account_id: int) -> ResponseReturnValue:
    """Change role and whether somebody may sign in."""
    account = _account(account_id)
    role = request.form.get("role", "")
    active = {"yes": True, "no": False}.get(request.form.get("active", ""))
    if account.id == me().id and (active is False or role not in ("", account.role.value)):
        flash(_("You can't block yourself or change your own role."))
        return redirect(url_for("administration.users"))
    try:
        accounts.change(
            services().store,
            account.id,
            actor=me().actor,
            role=AccountRole(role) if role in list(AccountRole) else None,
            active=active,
        )
    except AccountError as error:
        flash(str(ERROR_MESSAGES[error.code]))
    else:
        flash(_("Stored."))
    return redirect(url_for("administration.users"))


@blueprint.post("/users/<int:account_id>/delete")
@only_administrators
def delete_user(account_id: int) -> ResponseReturnValue:
    """Delete an account, when the box is ticked."""
    account = _account(account_id)
    if "sure" not in request.form or account.id == me().id:
        flash(_("Nothing was deleted: tick the box; and nobody can delete himself."))
        return redirect(url_for("administration.users"))
    try:
        accounts.delete(services().store, account.id, actor=me().actor)
    except AccountError as error:
        flash(str(ERROR_MESSAGES[error.code]))
    else:
        flash(_("“%(name)s” is deleted.", name=account.email))
    return redirect(url_for("administration.users"))
