"""Pages of the second factor: its code when signing in, and turning it on and off."""

from __future__ import annotations

import time

from apiflask import abort
from flask import flash, redirect, render_template, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import StringField
from wtforms.validators import DataRequired, Length

from matcher.accounts import accounts, second_factor
from matcher.accounts.accounts import Account, AccountRole
from matcher.current import services
from matcher.web import known_devices
from matcher.web.access import for_role, leave_session, me, safe_next, start_session
from matcher.web.accounts_blueprint import blueprint

SECONDS_FOR_CODE = 300


class CodeForm(FlaskForm):  # type: ignore[misc]
    """A code of the app."""

    code = StringField(
        _l("Code"),
        [DataRequired(), Length(max=20)],
        render_kw={"autocomplete": "one-time-code", "inputmode": "numeric"},
    )


def enter(account: Account, destination: str) -> ResponseReturnValue:
    """Let somebody in whose password or link was right, or ask for the code first."""
    if not account.has_second_factor:
        start_session(account)
        return redirect(destination)
    leave_session()
    until = int(time.time()) + SECONDS_FOR_CODE
    session["half"] = {"id": account.id, "until": until, "next": destination}
    return redirect(url_for("accounts.code"))


@blueprint.get("/sign-in/code")
def code() -> ResponseReturnValue:
    """Ask for the code."""
    if _half() is None:
        return redirect(url_for("accounts.sign_in"))
    return render_template("accounts/code.html", form=CodeForm())


@blueprint.post("/sign-in/code")
def code_sent() -> ResponseReturnValue:
    """Sign in with the code."""
    account, form = _half(), CodeForm()
    if account is None:
        return redirect(url_for("accounts.sign_in"))
    if not form.validate() or not _is_right(account, form):
        return render_template("accounts/code.html", form=form), 422
    destination = session["half"]["next"]
    start_session(account)
    return redirect(safe_next(destination))


@blueprint.get("/account/second-factor")
@for_role(AccountRole.MANAGER)
def factor() -> ResponseReturnValue:
    """Show the secret for an app, or how to turn the codes off."""
    if not me().has_second_factor:
        session["new_factor"] = second_factor.new_secret()
    return _factor_page(CodeForm())


@blueprint.post("/account/second-factor")
@for_role(AccountRole.MANAGER)
def factor_sent() -> ResponseReturnValue:
    """Turn the codes on, or off, with one that is right."""
    form, store, account = CodeForm(), services().store, me()
    if account.has_second_factor:
        if not form.validate() or not _is_right(account, form):
            return _factor_page(form), 422
        second_factor.turn_off(store, account.id, actor=account.actor)
        flash(_("You sign in without codes from now on."))
        return redirect(url_for("accounts.own"))
    secret = session.get("new_factor")
    if not isinstance(secret, str):
        abort(400)
    if not form.validate() or not second_factor.turn_on(
        store,
        account.id,
        secret=secret,
        code=form.code.data,
        key=services().settings.secret_key,
        actor=account.actor,
    ):
        form.code.errors = [_("That is not the present code.")]
        return _factor_page(form), 422
    session.pop("new_factor")
    flash(_("You sign in with codes from now on."))
    return redirect(url_for("accounts.own"))


def _factor_page(form: CodeForm) -> str:
    account, secret = me(), session.get("new_factor", "")
    address = second_factor.app_address(secret, account.email)
    return render_template(
        "accounts/second_factor.html", form=form, account=account, secret=secret, address=address
    )


def _is_right(account: Account, form: CodeForm) -> bool:
    right = second_factor.verify(
        services().store,
        account.id,
        form.code.data,
        key=services().settings.secret_key,
        source=known_devices.source(),
    )
    if not right:
        form.code.errors = [_("That is not the present code.")]
    return right


def _half() -> Account | None:
    """Return the account that gave the right password and has to give a code, or None."""
    found = session.get("half")
    if not isinstance(found, dict) or float(found.get("until", 0)) < time.time():
        return None
    account = accounts.get(services().store, int(found["id"]))
    return account if account and account.active and account.has_second_factor else None
