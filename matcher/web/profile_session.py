"""Who has a profile open in this session: a company, without an account, for four hours."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import flash, g, redirect, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from matcher.profiles import profiles
from matcher.profiles.profiles import Profile, State
from matcher.web.access import services

OPEN_FOR = 4 * 60 * 60
"""Seconds."""
View = Callable[..., ResponseReturnValue]


def open_profile(profile: Profile) -> None:
    """Let this session edit a profile."""
    until = int(time.time()) + OPEN_FOR
    session["profile"] = {"id": profile.id, "until": until, "stamp": profile.stamp}
    g.pop("keeper", None)


def close_profile() -> None:
    """End the editing session."""
    session.pop("profile", None)
    g.pop("keeper", None)


def open_until() -> int:
    """Return when the editing session ends, in seconds since 1970; 0 without one."""
    found = session.get("profile")
    return int(found.get("until", 0)) if isinstance(found, dict) else 0


def current_profile() -> Profile | None:
    """Return the profile that is open in this session; None when time is up or it changed hands."""
    if "keeper" not in g:
        g.keeper = _opened()
    opened: Profile | None = g.keeper
    return opened


def _opened() -> Profile | None:
    found = session.get("profile")
    if not isinstance(found, dict) or open_until() < time.time():
        return None
    profile = profiles.get(services().store, str(found.get("id")))
    if profile is None or profile.state is State.DRAFT or found.get("stamp") != profile.stamp:
        return None
    return profile


def for_keeper(view: View) -> View:
    """Give a view the profile that is open; without one, ask for a link."""

    @wraps(view)
    def answered(*args: Any, **values: Any) -> ResponseReturnValue:
        profile = current_profile()
        if profile is None:
            flash(_("Open your profile first, with a link that we send you."))
            return redirect(url_for("profiles.link"))
        return view(profile, *args, **values)

    return answered
