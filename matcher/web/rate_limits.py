"""How often one address may ask: an application-wide limit, and a stricter one on some forms."""

from __future__ import annotations

from typing import Any

from apiflask import APIFlask
from flask import request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

from matcher.settings import Settings

STRICT = {
    "accounts.sign_in_sent": "10 per minute; 100 per hour",
    "accounts.code_sent": "10 per minute",
    "accounts.factor_sent": "10 per minute",
    "accounts.forgotten_sent": "5 per minute; 20 per hour",
    "accounts.new_password_sent": "10 per minute",
    "introductions.new_sent": "10 per minute; 60 per hour",
    "introductions.answer_sent": "20 per minute",
    "accounts.own_password_sent": "10 per minute",
    "profiles.new_sent": "10 per minute; 30 per hour",
    "profiles.confirm_sent": "10 per minute",
    "profiles.link_sent": "5 per minute; 20 per hour",
    "profiles.open_sent": "10 per minute",
    "profiles.address_asked": "5 per minute; 20 per hour",
    "profiles.address_sent": "10 per minute",
    "profiles.found": "30 per minute",
    "profiles.delete_sent": "10 per minute",
    "imports.upload": "20 per hour",
}
"""Forms that somebody could use to guess, to send mail or to fill the disk, by endpoint."""


def init_app(app: APIFlask, settings: Settings) -> None:
    """Set the limits; to be called when all pages are registered."""
    storage = settings.redis_url or "memory://"
    if storage.startswith("unix://"):
        storage = f"redis+{storage}"  # as the library of the limits calls it
    options = {"socket_connect_timeout": 0.25, "socket_timeout": 0.25}
    limiter = Limiter(
        get_remote_address,
        app=app,
        enabled=settings.rate_limits != "off",
        application_limits=[settings.rate_limits] if settings.rate_limits != "off" else [],
        storage_uri=storage,
        storage_options=options if settings.redis_url else {},  # type: ignore[arg-type]
        in_memory_fallback_enabled=bool(settings.redis_url),
        swallow_errors=True,
        headers_enabled=True,
    )
    limiter.request_filter(lambda: request.path.startswith(("/health/", "/static/", "/metrics")))
    app.extensions["schakel-limiter"] = limiter  # else only weakly referred to
    for endpoint, allowed in STRICT.items():
        view: Any = limiter.limit(allowed)(app.view_functions[endpoint])
        app.view_functions[endpoint] = view
