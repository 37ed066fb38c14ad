"""Who has a profile open in this session: a company, without an account, for four hours."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import flash, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from matcher.accounts import sessions
from matcher.current import services
from matcher.profiles import profiles
from matcher.profiles.profiles import Profile, State
from matcher.web.access import profile_of_session
from matcher.web.devices import device_name

View = Callable[..., ResponseReturnValue]


def open_profile(profile: Profile) -> None:
    """Let this session edit a profile."""
    close_profile()
    device = device_name(request.user_agent.string)
    token = sessions.start_for_profile(services().store, profile.id, device)
    until = int(time.time() + sessions.PROFILE_LIFETIME.total_seconds())
    session["profile"] = {"token": token, "until": until}
    g.pop("opened_profile", None)


def close_profile() -> None:
    """End the editing session: a copy of its cookie is of no use either."""
    opened = session.pop("profile", None)
    if isinstance(opened, dict) and isinstance(opened.get("token"), str):
        sessions.end(services().store, opened["token"])
    g.pop("opened_profile", None)


def open_until() -> int:
    """Return when the editing session ends, in seconds since 1970; 0 without one."""
    found = session.get("profile")
    return int(found.get("until", 0)) if isinstance(found, dict) else 0


def current_profile() -> Profile | None:
    """Return the profile that is open in this session.

    None when the time is up, it was closed, or another address owns it since.
    """
    if "opened_profile" not in g:
        g.opened_profile = _profile_of_session()
    opened: Profile | None = g.opened_profile
    return opened


def _profile_of_session() -> Profile | None:
    opened = profile_of_session()
    profile = profiles.get(services().store, opened) if opened else None
    return profile if profile is not None and profile.state is not State.DRAFT else None


def for_owner(view: View) -> View:
    """Give a view the profile that is open; without one, lead to the page that asks for a link."""

    @wraps(view)
    def answered(*args: Any, **values: Any) -> ResponseReturnValue:
        profile = current_profile()
        if profile is None:
            flash(_("Open your profile first, with a link that we send you."))
            return redirect(url_for("profiles.link"))
        return view(profile, *args, **values)

    return answered
