"""One shape for every error of the API: problem details (RFC 9457)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

import structlog
from flask import Response, current_app, jsonify
from pydantic import ValidationError

from matcher.validation_errors import field_errors

log = structlog.get_logger()
_ADVICE = {
    400: "The body can't be read as JSON. Send one JSON object in UTF-8; /api/docs shows which.",
    404: "There is nothing at this address. /api/docs lists the addresses.",
    405: "This address can't be used in this way. Use one of: {allowed}.",
    413: "The body is too large. Send at most {most} bytes at once.",
    429: "Too many requests from here. Ask again after the seconds that Retry-After says.",
}
"""What to do about an error of which nothing but its name is known, by status."""


def problem(
    status: int, detail: str, errors: Iterable[Mapping[str, str]] = (), **headers: str
) -> Response:
    """Make a problem-details response; `errors` name the fields at fault."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    listed = [dict(error) for error in errors]
    if listed:
        body["errors"] = listed
    response = jsonify(body)
    response.status_code = status
    response.content_type = "application/problem+json"
    for name, value in headers.items():
        response.headers[name.replace("_", "-")] = value
    return response


def advice_on(status: int, headers: Mapping[str, Any]) -> str | None:
    """Return what to do about an error of this status; None where there is none."""
    allowed = ", ".join(sorted(headers.get("Allow", "").split(", ")))
    most = current_app.config["MAX_CONTENT_LENGTH"]
    advice = _ADVICE.get(status)
    return advice and advice.format(allowed=allowed, most=most)


def input_errors(error: Exception) -> list[dict[str, str]]:
    """Return what is wrong with a body or a query: the fields at fault, and what to put right."""
    invalid = error.__cause__  # APIFlask keeps only pydantic's sentences in the error itself
    if not isinstance(invalid, ValidationError):
        return []
    return [{"field": one.path, "message": str(one)} for one in field_errors(invalid)]
