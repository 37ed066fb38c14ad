"""The cookie of a device on which somebody signed in before: strangers don't lock it out."""

from __future__ import annotations

import secrets

from flask import Response, after_this_request, request
from itsdangerous import BadSignature, URLSafeTimedSerializer

from matcher.accounts.attempts import Source, network_key
from matcher.current import services

LIFETIME_SECONDS = 365 * 24 * 3600
MAX_ACCOUNTS = 8
"""Of one device; the oldest is forgotten."""


def source() -> Source:
    """Return where this request comes from."""
    device, account_ids = _read()
    network = network_key(services().settings.secret_key, request.remote_addr or "")
    return Source(network, device, frozenset(account_ids))


def remember(account_id: int) -> None:
    """Make this device known to an account, with the answer to this request."""
    device, account_ids = _read()
    known = [*(one for one in account_ids if one != account_id), account_id][-MAX_ACCOUNTS:]
    value = _serializer().dumps([device or secrets.token_hex(16), known])

    @after_this_request
    def set_cookie(response: Response) -> Response:
        response.set_cookie(
            cookie_name(),
            value,
            max_age=LIFETIME_SECONDS,
            secure=not services().settings.development,
            httponly=True,
            samesite="Lax",
        )
        return response


def cookie_name() -> str:
    """Return the name; browsers take one that begins so from this host alone, over TLS."""
    return "device" if services().settings.development else "__Host-device"


def _read() -> tuple[str, list[int]]:
    try:
        found = _serializer().loads(request.cookies.get(cookie_name(), ""), LIFETIME_SECONDS)
        device, account_ids = found
        return str(device), [int(one) for one in account_ids]
    except (BadSignature, TypeError, ValueError):
        return "", []


def _serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(services().settings.secret_key, salt="device")
