"""Pages for signing in and out, passwords, and the visitor's own account."""

from __future__ import annotations

from functools import wraps
from typing import Any

import structlog
from apiflask import abort
from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from matcher.accounts import accounts, passwords, sessions
from matcher.accounts import sign_in as signing_in
from matcher.accounts.accounts import AccountRole
from matcher.accounts.errors import AccountError
from matcher.current import services
from matcher.match_lists import shares
from matcher.web import known_devices
from matcher.web.access import (
    View,
    end_session,
    for_role,
    me,
    safe_next,
    session_token,
    start_session,
    who,
)
from matcher.web.account_forms import (
    ERROR_MESSAGES,
    AccountForm,
    ForgottenForm,
    NewPasswordForm,
    PasswordForm,
    SignInForm,
)
from matcher.web.accounts_blueprint import blueprint
from matcher.web.loading import unusable_link
from matcher.web.second_factor import enter

log = structlog.get_logger()


def needs_passwords(view: View) -> View:
    """Let a page be there only where people sign in with passwords."""

    @wraps(view)
    def answered(*args: Any, **values: Any) -> ResponseReturnValue:
        if not services().settings.passwords:
            abort(404)
        return view(*args, **values)

    return answered


@blueprint.get("/sign-in")
def sign_in() -> ResponseReturnValue:
    """Show the form to sign in."""
    if who() is not None:
        return redirect(safe_next(request.args.get("next")))
    form = SignInForm(next=request.args.get("next", "")[:2000])
    return render_template("accounts/sign_in.html", form=form)


@blueprint.post("/sign-in")
@needs_passwords
def sign_in_sent() -> ResponseReturnValue:
    """Sign in, or answer with the same message whatever was wrong."""
    form = SignInForm()
    account = None
    if form.validate():
        account = signing_in.sign_in(
            services().store,
            email=form.email.data,
            password=form.password.data,
            source=known_devices.source(),
        )
    if account is None:
        form.password.errors = [
            _(
                "This address and password don't belong together, or the account is locked for "
                "a while after too many attempts."
            )
        ]
        return render_template("accounts/sign_in.html", form=form), 422
    return enter(account, safe_next(form.next.data))


@blueprint.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    """Sign out."""
    end_session()
    return redirect(url_for("pages.home"))


@blueprint.get("/password/forgotten")
@needs_passwords
def forgotten() -> ResponseReturnValue:
    """Ask for the address."""
    return render_template("accounts/forgotten.html", form=ForgottenForm(), sent=False)


@blueprint.post("/password/forgotten")
@needs_passwords
def forgotten_sent() -> ResponseReturnValue:
    """Send a link; the answer doesn't tell whether there is such an account."""
    form = ForgottenForm()
    if not form.validate():
        return render_template("accounts/forgotten.html", form=form, sent=False), 422
    current = services()
    issued = passwords.issue_reset_token(current.store, form.email.data, asked_by_anybody=True)
    if issued is not None:
        account, token = issued
        current.mailer.send(account.email, _("A new password for Schakel"), _reset_mail(token))
    else:
        current.mailer.send_nothing()
    return render_template("accounts/forgotten.html", form=form, sent=True)


def _reset_mail(token: str) -> str:
    address = services().settings.public_url + url_for("accounts.new_password", token=token)
    text: str = _(
        "Somebody, probably you, asked for a new password for Schakel.\n\n"
        "Choose one here, within an hour:\n%(address)s\n\n"
        "If it wasn't you, do nothing: your password stays as it is.",
        address=address,
    )
    return text


@blueprint.get("/password/<token>")
@needs_passwords
def new_password(token: str) -> ResponseReturnValue:
    """Ask for a new password."""
    if not passwords.reset_token_is_valid(services().store, token):
        return _unusable_link()
    return render_template("accounts/new_password.html", form=NewPasswordForm(), token=token)


@blueprint.post("/password/<token>")
@needs_passwords
def new_password_sent(token: str) -> ResponseReturnValue:
    """Set the new password and sign in."""
    form = NewPasswordForm()
    try:
        if not form.validate():
            raise AccountError("short", "")
        account = passwords.reset_password(
            services().store, token=token, password=form.password.data
        )
    except AccountError as error:
        form.password.errors = [ERROR_MESSAGES[error.code]]
        return render_template("accounts/new_password.html", form=form, token=token), 422
    if account is None:
        return _unusable_link()
    answer = enter(account, url_for("accounts.own"))
    flash(_("Your new password is set."))
    return answer


def _unusable_link() -> ResponseReturnValue:
    return unusable_link(
        _("This link can't be used any more"),
        _("Links work once and for a limited time. Ask for a new one."),
        (url_for("accounts.forgotten"), _("Ask for a new link")),
    )


@blueprint.get("/account")
@for_role(AccountRole.MEMBER)
def own() -> ResponseReturnValue:
    """Show the visitor's own account."""
    return _own_page(AccountForm(name=me().name), PasswordForm())


@blueprint.post("/account")
@for_role(AccountRole.MEMBER)
def own_sent() -> ResponseReturnValue:
    """Change the visitor's own name."""
    form = AccountForm()
    if not form.validate():
        return _own_page(form, PasswordForm(formdata=None)), 422
    accounts.change(services().store, me().id, actor=me().actor, name=form.name.data)
    flash(_("Stored."))
    return redirect(url_for("accounts.own"))


@blueprint.post("/account/password")
@needs_passwords
@for_role(AccountRole.MEMBER)
def own_password_sent() -> ResponseReturnValue:
    """Change the visitor's own password; other sessions end."""
    form = PasswordForm()
    if not form.validate():
        return _own_page(AccountForm(formdata=None, name=me().name), form), 422
    try:
        changed = passwords.change_password(
            services().store, me().id, present=form.present.data, new=form.password.data
        )
    except AccountError as error:
        field = form.present if error.code == "wrong" else form.password
        field.errors = [ERROR_MESSAGES[error.code]]
        return _own_page(AccountForm(formdata=None, name=me().name), form), 422
    start_session(changed)
    flash(_("Your new password is set. Other devices are signed out."))
    return redirect(url_for("accounts.own"))


@blueprint.post("/account/sessions")
@for_role(AccountRole.MEMBER)
def end_sessions() -> ResponseReturnValue:
    """End one session of the visitor's, or all but this one."""
    store, mark = services().store, request.form.get("mark", "")
    if mark == sessions.mark_of(session_token()):
        return sign_out()
    if "others" in request.form:
        sessions.end_others(store, me().id, but=session_token())
    else:
        sessions.end_marked(store, me().id, mark)
    flash(_("Signed out there."))
    return redirect(url_for("accounts.own"))


@blueprint.post("/account/links")
@for_role(AccountRole.MEMBER)
def end_links() -> ResponseReturnValue:
    """Make links useless that were mailed to the visitor to set a password."""
    passwords.end_links(services().store, me().id)
    flash(_("The links don't work any more."))
    return redirect(url_for("accounts.own"))


def _own_page(form: AccountForm, password: PasswordForm) -> str:
    store, account = services().store, me()
    return render_template(
        "accounts/own.html",
        form=form,
        password=password,
        account=account,
        sessions=sessions.list_for_account(store, account.id),
        this_session=sessions.mark_of(session_token()),
        password_links=passwords.pending_links(store, account.id),
        shared=shares.shares_by(store, account.id),
    )
