"""Signing in and out, passwords, one's own account, and an identity provider."""

from __future__ import annotations

from typing import Any

import requests
import structlog
from apiflask import APIBlueprint, APIFlask, abort
from authlib.integrations.base_client import OAuthError
from authlib.integrations.flask_client import OAuth
from flask import current_app, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from joserfc.errors import JoseError
from wtforms import EmailField, HiddenField, PasswordField, StringField
from wtforms.validators import DataRequired, Length

from matcher.accounts import accounts
from matcher.accounts.accounts import AccountError, AccountRole
from matcher.mail import MailError
from matcher.settings import Settings
from matcher.web.access import end_session, for_role, me, safe_next, services, start_session, who

blueprint = APIBlueprint("accounts", __name__, enable_openapi=False)
log = structlog.get_logger()
NEW_PASSWORD = {"autocomplete": "new-password", "minlength": str(accounts.MIN_PASSWORD)}
SAID = {
    "short": _l("A password needs at least 12 characters."),
    "long": _l("A password has at most 200 characters."),
    "simple": _l("A password needs at least five different characters."),
    "wrong": _l("The present password is not right."),
    "email": _l("That is not an e-mail address."),
    "taken": _l("There is an account with this address already."),
    "last": _l("The last administrator has to stay one."),
    "unknown": _l("There is no such account."),
}
"""What the codes of AccountError are called on pages."""


class SignInForm(FlaskForm):  # type: ignore[misc]
    """Address and password."""

    email = EmailField(
        _l("E-mail address"), [DataRequired(), Length(max=320)], render_kw={"autocomplete": "email"}
    )
    password = PasswordField(
        _l("Password"),
        [DataRequired(), Length(max=1000)],
        render_kw={"autocomplete": "current-password"},
    )
    next = HiddenField()


class ForgottenForm(FlaskForm):  # type: ignore[misc]
    """The address to send a link to."""

    email = EmailField(
        _l("E-mail address"), [DataRequired(), Length(max=320)], render_kw={"autocomplete": "email"}
    )


class NewPasswordForm(FlaskForm):  # type: ignore[misc]
    """A new password."""

    password = PasswordField(
        _l("New password"), [DataRequired(), Length(max=1000)], render_kw=NEW_PASSWORD
    )


class AccountForm(FlaskForm):  # type: ignore[misc]
    """One's own name."""

    name = StringField(
        _l("Name"), [DataRequired(), Length(max=200)], render_kw={"autocomplete": "name"}
    )


class PasswordForm(FlaskForm):  # type: ignore[misc]
    """The present password and a new one."""

    present = PasswordField(
        _l("Present password"),
        [DataRequired(), Length(max=1000)],
        render_kw={"autocomplete": "current-password"},
    )
    password = PasswordField(
        _l("New password"), [DataRequired(), Length(max=1000)], render_kw=NEW_PASSWORD
    )


def init_app(app: APIFlask, settings: Settings) -> None:
    """Register the pages, and the identity provider where one is set."""
    app.register_blueprint(blueprint)
    app.config["OIDC"] = bool(settings.oidc_issuer and settings.oidc_client)
    if app.config["OIDC"]:
        OAuth(app).register(
            "oidc",
            client_id=settings.oidc_client,
            client_secret=settings.oidc_secret,
            server_metadata_url=f"{settings.oidc_issuer}/.well-known/openid-configuration",
            client_kwargs={"scope": "openid email profile", "code_challenge_method": "S256"},
        )


@blueprint.get("/sign-in")
def sign_in() -> ResponseReturnValue:
    """Show the form to sign in."""
    if who() is not None:
        return redirect(safe_next(request.args.get("next")))
    form = SignInForm(next=request.args.get("next", "")[:2000])
    return render_template("accounts/sign_in.html", form=form)


@blueprint.post("/sign-in")
def sign_in_sent() -> ResponseReturnValue:
    """Sign in, or say the same whatever was wrong."""
    form = SignInForm()
    account = None
    if form.validate():
        account = accounts.sign_in(services().store, form.email.data, form.password.data)
    if account is None:
        form.password.errors = [
            _(
                "This address and password don't belong together, or the account is locked for "
                "a while after too many attempts."
            )
        ]
        return render_template("accounts/sign_in.html", form=form), 422
    start_session(account)
    return redirect(safe_next(form.next.data))


@blueprint.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    """Sign out."""
    end_session()
    return redirect(url_for("pages.home"))


@blueprint.get("/password/forgotten")
def forgotten() -> ResponseReturnValue:
    """Ask for the address."""
    return render_template("accounts/forgotten.html", form=ForgottenForm(), sent=False)


@blueprint.post("/password/forgotten")
def forgotten_sent() -> ResponseReturnValue:
    """Send a link, and say the same whether there is such an account or not."""
    form = ForgottenForm()
    if not form.validate():
        return render_template("accounts/forgotten.html", form=form, sent=False), 422
    current = services()
    found = accounts.reset_token(current.store, form.email.data)
    if found is not None:
        account, token = found
        try:
            current.mailer.send(account.email, _("A new password for Schakel"), _mail_of(token))
        except MailError:
            log.error("no mail for a new password")
    return render_template("accounts/forgotten.html", form=form, sent=True)


def _mail_of(token: str) -> str:
    address = services().settings.public_url + url_for("accounts.new_password", token=token)
    text: str = _(
        "Somebody, probably you, asked for a new password for Schakel.\n\n"
        "Choose one here, within an hour:\n%(address)s\n\n"
        "If it wasn't you, do nothing: your password stays as it is.",
        address=address,
    )
    return text


@blueprint.get("/password/<token>")
def new_password(token: str) -> ResponseReturnValue:
    """Ask for a new password."""
    if not accounts.token_is_valid(services().store, token):
        return _useless()
    return render_template("accounts/new_password.html", form=NewPasswordForm(), token=token)


@blueprint.post("/password/<token>")
def new_password_sent(token: str) -> ResponseReturnValue:
    """Set the new password and sign in."""
    form = NewPasswordForm()
    try:
        if not form.validate():
            raise AccountError("short", "")
        account = accounts.set_password_by_token(services().store, token, form.password.data)
    except AccountError as error:
        form.password.errors = [SAID[error.code]]
        return render_template("accounts/new_password.html", form=form, token=token), 422
    if account is None:
        return _useless()
    start_session(account)
    flash(_("Your new password is set."))
    return redirect(url_for("accounts.own"))


def _useless() -> ResponseReturnValue:
    page = render_template(
        "error.html",
        title=_("This link can't be used any more"),
        advice=_("Links work once and for a limited time. Ask for a new one."),
        status=410,
        further=(url_for("accounts.forgotten"), _("Ask for a new link")),
    )
    return page, 410


@blueprint.get("/account")
@for_role(AccountRole.MEMBER)
def own() -> ResponseReturnValue:
    """Show one's own account."""
    return _own(AccountForm(name=me().name), PasswordForm())


@blueprint.post("/account")
@for_role(AccountRole.MEMBER)
def own_sent() -> ResponseReturnValue:
    """Change one's own name."""
    form = AccountForm()
    if not form.validate():
        return _own(form, PasswordForm(formdata=None)), 422
    accounts.change(services().store, me().id, me().actor, name=form.name.data)
    flash(_("Stored."))
    return redirect(url_for("accounts.own"))


@blueprint.post("/account/password")
@for_role(AccountRole.MEMBER)
def own_password_sent() -> ResponseReturnValue:
    """Change one's own password; other sessions end."""
    form = PasswordForm()
    if not form.validate():
        return _own(AccountForm(formdata=None, name=me().name), form), 422
    try:
        changed = accounts.change_password(
            services().store, me().id, form.present.data, form.password.data
        )
    except AccountError as error:
        field = form.present if error.code == "wrong" else form.password
        field.errors = [SAID[error.code]]
        return _own(AccountForm(formdata=None, name=me().name), form), 422
    start_session(changed)
    flash(_("Your new password is set. Other devices are signed out."))
    return redirect(url_for("accounts.own"))


def _own(form: AccountForm, password: PasswordForm) -> str:
    return render_template("accounts/own.html", form=form, password=password, account=me())


@blueprint.get("/sign-in/provider")
def provider() -> ResponseReturnValue:
    """Send the visitor to the identity provider."""
    wanted = safe_next(request.args.get("next"))
    back = services().settings.public_url + url_for("accounts.provider_back")
    try:
        answer: ResponseReturnValue = _client().authorize_redirect(back)
    except requests.RequestException as error:
        return _provider_away(error)
    session["next"] = wanted
    return answer


@blueprint.get("/sign-in/provider/back")
def provider_back() -> ResponseReturnValue:
    """Take the provider's word for who this is."""
    try:
        claims = _client().authorize_access_token().get("userinfo") or {}
    except (OAuthError, JoseError) as error:
        log.warning("identity provider refused", error=error.error)
        claims = {}
    except requests.RequestException as error:
        return _provider_away(error)
    account = None
    if claims.get("sub") and claims.get("email") and claims.get("email_verified") is True:
        settings = services().settings
        account = accounts.from_provider(
            services().store,
            settings.oidc_issuer,
            str(claims["sub"]),
            str(claims["email"]),
            str(claims.get("name") or claims["email"]),
            AccountRole(settings.oidc_role),
        )
    if account is None:
        refused = _("The identity provider doesn't vouch for a verified e-mail address.")
        abort(403, refused, extra_data={"page": True})
    wanted = session.get("next")
    start_session(account)
    return redirect(safe_next(wanted))


def _provider_away(error: Exception) -> ResponseReturnValue:
    log.error("identity provider away", kind=type(error).__name__)
    page = render_template(
        "error.html",
        title=_("A moment, please"),
        advice=_("The service to sign in with doesn't answer. Try again in a minute."),
        further=(url_for("accounts.sign_in"), _("Sign in")),
    )
    return page, 503


def _client() -> Any:
    if not current_app.config["OIDC"]:
        abort(404)
    return current_app.extensions["authlib.integrations.flask_client"].oidc
