"""Who is signed in, and what that lets them see."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from apiflask import APIFlask, abort
from flask import g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user

from matcher.accounts import accounts, sessions
from matcher.accounts.accounts import Account, AccountRole
from matcher.current import services
from matcher.profiles import profiles
from matcher.web import known_devices
from matcher.web.devices import device_name

View = Callable[..., ResponseReturnValue]


class Visitor(UserMixin):  # type: ignore[misc]
    """Somebody who signed in, in a session that the server knows by its token."""

    def __init__(self, account: Account, token: str) -> None:
        self.account = account
        self.token = token

    def get_id(self) -> str:
        """Return what the cookie keeps."""
        return self.token


def init_app(app: APIFlask) -> None:
    """Tell Flask-Login how a session becomes an account."""
    manager = LoginManager(app, add_context_processor=False)
    manager.session_protection = "basic"

    @manager.user_loader  # type: ignore[untyped-decorator]
    def load(token: str) -> Visitor | None:
        account = accounts.get_by_session(services().store, token)
        return Visitor(account, token) if account else None

    app.context_processor(lambda: {"me": who(), "may": may, "company": company})


def who() -> Account | None:
    """Return the account of whoever asks; None for somebody who isn't signed in."""
    if "account" not in g:
        g.account = current_user.account if current_user.is_authenticated else None
    found: Account | None = g.account
    return found


def me() -> Account:
    """Return the account of whoever asks, on a page that needs one."""
    account = who()
    assert account is not None
    return account


def company() -> str | None:
    """Return the id of the organisation whose profile is open in this session, or None.

    A profile that is hidden, gone or kept by another address since then is none.
    """
    if "company" not in g:
        g.company = _company()
    opened: str | None = g.company
    return opened


def _company() -> str | None:
    opened = profile_of_session()
    profile = profiles.get(services().store, opened) if opened else None
    return profile.id if profile is not None and profile.published else None


def profile_of_session() -> str | None:
    """Return the organisation whose profile is open in this session, in whatever state it is."""
    found = session.get("profile")
    if not isinstance(found, dict) or float(found.get("until", 0)) < time.time():
        return None  # the store knows that too, and needn't be asked
    return sessions.profile_of(services().store, str(found.get("token")))


def may(role: str) -> bool:
    """Whether whoever asks has at least this role."""
    account = who()
    return account is not None and account.role.reaches(AccountRole(role))


def start_session(account: Account) -> None:
    """Sign somebody in with a session of its own: nothing of the former one stays."""
    leave_session()
    session.permanent = True
    device = device_name(request.user_agent.string)
    token = sessions.start_for_account(services().store, account.id, device)
    login_user(Visitor(account, token))
    known_devices.remember(account.id)
    g.account = account


def end_session() -> None:
    """Sign out, and close a profile that is open: a copy of the cookie is of no use either."""
    leave_session()
    logout_user()
    g.account = None


def session_token() -> str:
    """Return the token of the session of whoever is signed in."""
    return str(current_user.token)


def leave_session() -> None:
    """End what the browser's cookie opens, on the server, and empty it."""
    profile = session.get("profile")
    opened = profile.get("token") if isinstance(profile, dict) else None
    found = [token for token in (session.get("_user_id"), opened) if isinstance(token, str)]
    if found:
        sessions.end(services().store, *found)
    session.clear()


def for_role(minimum: AccountRole) -> Callable[[View], View]:
    """Let only those with at least a role see a page; others are asked to sign in, or refused."""

    def guarded(view: View) -> View:
        @wraps(view)
        def answered(*args: Any, **values: Any) -> ResponseReturnValue:
            account = who()
            if account is None:
                back = request.full_path if request.method == "GET" else ""
                return redirect(url_for("accounts.sign_in", next=back.rstrip("?") or None))
            if not account.role.reaches(minimum):
                abort(403)
            return view(*args, **values)

        return answered

    return guarded


def safe_next(address: str | None) -> str:
    """Return where to go after signing in: a page of this service, never another host."""
    parts = urlsplit(address or "")
    plain = bool(address) and not parts.scheme and not parts.netloc
    plain = plain and all(char.isprintable() for char in address or "")
    if plain and address and address.startswith("/") and not address.startswith(("//", "/\\")):
        return address
    return url_for("pages.home")
