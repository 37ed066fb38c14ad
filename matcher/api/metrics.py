"""/metrics for Prometheus: for this machine, or with a token of its own."""

from __future__ import annotations

import hmac
from ipaddress import ip_address

from apiflask import APIBlueprint
from flask import Response, request
from werkzeug.sansio.utils import get_host

from matcher import metrics
from matcher.api.errors import problem
from matcher.current import services
from matcher.operations.gauges import gauges

blueprint = APIBlueprint("metrics", __name__, enable_openapi=False)
_LOCAL = ("localhost", "127.0.0.1", "[::1]")


@blueprint.get("/metrics")
def show() -> Response:
    """Give the figures of all workers."""
    if not (_has_token() or _is_local()):
        detail = (
            "The figures are for this machine, or for whoever sends SCHAKEL_METRICS_TOKEN as "
            "'Authorization: Bearer <token>'."
        )
        return problem(401, detail, WWW_Authenticate="Bearer")
    current = services()
    text, kind = metrics.exposition(gauges(current.corpus_provider, current.store, current.cache))
    return Response(text, content_type=kind, headers={"Cache-Control": "no-store"})


def _has_token() -> bool:
    token = services().settings.metrics_token
    scheme, _, sent = request.headers.get("Authorization", "").partition(" ")
    same = hmac.compare_digest(sent.strip().encode(), token.encode())
    return bool(token) and scheme.casefold() == "bearer" and same


def _is_local() -> bool:
    """Whether a program on this machine asks, and not somebody else by way of a proxy on it."""
    proxied = any(
        request.headers.get(name) for name in ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via")
    )
    host = get_host("http", request.headers.get("Host")).rpartition(":")
    named = (host[0] or host[2]) in _LOCAL or host[2] in _LOCAL
    try:
        return named and not proxied and ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return False
