"""Signing in through an identity provider (OpenID Connect)."""

from __future__ import annotations

from typing import Any

import requests
import structlog
from apiflask import APIFlask, abort
from authlib.integrations.base_client import OAuthError
from authlib.integrations.flask_client import OAuth
from flask import current_app, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from joserfc.errors import JoseError

from matcher.accounts.accounts import AccountRole
from matcher.accounts.sign_in import sign_in_by_provider
from matcher.current import services
from matcher.settings import Settings
from matcher.web.access import safe_next, start_session
from matcher.web.accounts import blueprint

log = structlog.get_logger()


def init_app(app: APIFlask, settings: Settings) -> None:
    """Register the identity provider where one is set."""
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
    account = None
    if claims.get("sub") and claims.get("email") and claims.get("email_verified") is True:
        settings = services().settings
        account = sign_in_by_provider(
            services().store,
            issuer=settings.oidc_issuer,
            subject=str(claims["sub"]),
            email=str(claims["email"]),
            name=str(claims.get("name") or claims["email"]),
            role=AccountRole(settings.oidc_role),
        )
    if account is None:
        refused = _("The identity provider doesn't vouch for a verified e-mail address.")
        abort(403, refused, extra_data={"page": True})
    destination = session.get("next")
    start_session(account)
    return redirect(safe_next(destination))


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
