"""Signing in through an identity provider (OpenID Connect)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

import requests
import structlog
from apiflask import APIFlask, abort
from authlib.integrations.base_client import OAuthError
from authlib.integrations.flask_client import OAuth
from flask import current_app, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from joserfc.errors import JoseError

from matcher.accounts.accounts import Account, AccountRole
from matcher.accounts.errors import AccountError
from matcher.accounts.sign_in import sign_in_by_provider
from matcher.current import services
from matcher.setting_types import names
from matcher.settings import Settings
from matcher.web.access import safe_next, start_session
from matcher.web.accounts_blueprint import blueprint

log = structlog.get_logger()


def init_app(app: APIFlask, settings: Settings) -> None:
    """Register the identity provider where one is set."""
    app.config["PASSWORDS"] = settings.passwords
    app.config["OIDC"] = bool(settings.oidc_issuer and settings.oidc_client)
    if app.config["OIDC"]:
        OAuth(app).register(
            "oidc",
            client_id=settings.oidc_client,
            client_secret=settings.oidc_secret,
            server_metadata_url=f"{settings.oidc_issuer}/.well-known/openid-configuration",
            client_kwargs={"scope": "openid email profile", "code_challenge_method": "S256"},
        )


@blueprint.get("/sign-in/provider")
def provider() -> ResponseReturnValue:
    """Send the visitor to the identity provider."""
    destination = safe_next(request.args.get("next"))
    back = services().settings.public_url + url_for("accounts.provider_back")
    try:
        answer: ResponseReturnValue = _client().authorize_redirect(back)
    except requests.RequestException as error:
        return _provider_away(error)
    session["next"] = destination
    return answer


@blueprint.get("/sign-in/provider/back")
def provider_back() -> ResponseReturnValue:
    """Sign in the person whom the provider vouches for."""
    try:
        claims = _client().authorize_access_token().get("userinfo") or {}
    except (OAuthError, JoseError) as error:
        log.warning("identity provider refused", error=error.error)
        claims = {}
    except requests.RequestException as error:
        return _provider_away(error)
    account = _account_of(claims)
    destination = session.get("next")
    start_session(account)
    return redirect(safe_next(destination))


def _account_of(claims: Mapping[str, Any]) -> Account:
    """Return the account of whom the provider vouches for; others are refused."""
    settings = services().settings
    email = str(claims.get("email") or "")
    if not (claims.get("sub") and email and claims.get("email_verified") is True):
        _refuse("not verified", _("The identity provider doesn't vouch for a verified address."))
    if not _may_sign_in(email, claims.get("groups"), settings):
        _refuse(
            "domain or groups",
            _("The people of your organisation or group may not sign in here."),
        )
    try:
        account = sign_in_by_provider(
            services().store,
            issuer=settings.oidc_issuer,
            subject=str(claims["sub"]),
            email=email,
            name=str(claims.get("name") or email),
            role=AccountRole(settings.oidc_role),
        )
    except AccountError:
        _refuse("no address", _("What the identity provider gives as your address is none."))
    if account is None:
        _refuse("account", _("Your account is blocked, or belongs to somebody else there."))
    return account


def _may_sign_in(email: str, groups: object, settings: Settings) -> bool:
    """Return whether domain and groups are among those that may, where any are set."""
    domains, wanted = names(settings.oidc_domains), names(settings.oidc_groups)
    given = [groups] if isinstance(groups, str) else groups if isinstance(groups, list) else []
    member_of = {str(group).strip().casefold() for group in given}
    of_domain = not domains or email.rpartition("@")[2].strip().casefold() in domains
    return of_domain and (not wanted or bool(wanted & member_of))


def _refuse(reason: str, advice: str) -> NoReturn:
    log.warning("sign-in failed", reason=f"identity provider: {reason}")
    abort(403, advice + " " + _("Ask an administrator."), extra_data={"page": True})
    raise AssertionError  # abort has raised


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
