"""Who has a profile open in this session: a company, without an account, for four hours."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import flash, g, redirect, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from matcher.current import services
from matcher.profiles import profiles
from matcher.profiles.profiles import Profile, State

MAX_SECONDS_OPEN = 4 * 60 * 60
View = Callable[..., ResponseReturnValue]


def open_profile(profile: Profile) -> None:
    """Let this session edit a profile."""
    until = int(time.time()) + MAX_SECONDS_OPEN
    session["profile"] = {"id": profile.id, "until": until, "stamp": profile.stamp}
    g.pop("opened_profile", None)


def close_profile() -> None:
    """End the editing session."""
    session.pop("profile", None)
    g.pop("opened_profile", None)


def open_until() -> int:
    """Return when the editing session ends, in seconds since 1970; 0 without one."""
    found = session.get("profile")
    return int(found.get("until", 0)) if isinstance(found, dict) else 0


def current_profile() -> Profile | None:
    """Return the profile that is open in this session.

    None when the time is up, or another address owns it since.
    """
    if "opened_profile" not in g:
        g.opened_profile = _profile_of_session()
    opened: Profile | None = g.opened_profile
    return opened


def _profile_of_session() -> Profile | None:
    found = session.get("profile")
    if not isinstance(found, dict) or open_until() < time.time():
        return None
    profile = profiles.get(services().store, str(found.get("id")))
    if profile is None or profile.state is State.DRAFT or found.get("stamp") != profile.stamp:
        return None
    return profile


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
