"""The blueprint of /api/v1, and who may write through it."""

from __future__ import annotations

import structlog
from apiflask import APIBlueprint
from flask import Response, g, request

from matcher.accounts.api_keys import find_key
from matcher.api.errors import problem
from matcher.current import services
from matcher.setting_types import is_loopback

blueprint = APIBlueprint("api", __name__, url_prefix="/api/v1", tag="Schakel")
log = structlog.get_logger()
READING = {
    "recommendations",
    "read_needs",
    "initiative_matches_changed",
    "initiative_line_up",
}
"""Endpoints that take POST and write nothing."""


@blueprint.before_request
def _only_json() -> Response | None:
    """Refuse bodies that a foreign page could make a browser send without asking first."""
    if request.method in {"POST", "PUT"} and not request.is_json:
        return problem(415, "Send the body as JSON, with Content-Type: application/json.")
    return None


@blueprint.before_request
def _only_with_key() -> Response | None:
    """Refuse to write without an API key, unless the settings leave writing open."""
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    g.key = find_key(services().store, key.strip()) if scheme.casefold() == "bearer" else None
    endpoint = (request.endpoint or "").removeprefix("api.")
    if request.method in {"GET", "HEAD", "OPTIONS"} or endpoint in READING:
        return None
    if g.key is not None and not g.key.may_write(_record_id()):
        log.warning("refused", route=str(request.url_rule), method=request.method, key=True)
        return problem(403, "This key may not write that: see what it was made for.")
    if trusted():
        return None
    log.warning("refused", route=str(request.url_rule), method=request.method, key=bool(key))
    detail = "Writing needs an API key: send it as 'Authorization: Bearer <key>'."
    return problem(401, detail, WWW_Authenticate="Bearer")


def _record_id() -> str:
    """Return the id of the organisation or initiative that a request would write."""
    given = request.view_args or {}
    body = request.get_json(silent=True)
    stated = body.get("id") if isinstance(body, dict) else None
    return str(given.get("initiative_id") or given.get("organisation_id") or stated or "")


def actor() -> str:
    """Return who writes, for the audit log."""
    return f"key:{g.key.name}" if g.key is not None else "open"


def trusted() -> bool:
    """Whether the caller may also read what isn't open to everybody."""
    return g.key is not None or _open_to_anybody()


def _open_to_anybody() -> bool:
    """Whether writing is open; where nobody said so, to this machine alone.

    The settings make sure of that for SCHAKEL_BIND; this does for other ways to say where to serve.
    """
    settings = services().settings
    server: str = request.environ["SERVER_NAME"]
    here = is_loopback(f"[{server}]" if ":" in server else server)
    return settings.api_writes == "open" and (settings.writes_said_open or here)
