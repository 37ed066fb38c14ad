"""One shape for every error of the API: problem details (RFC 9457)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

import structlog
from flask import Response, current_app, jsonify

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
    """Return what to do about an error of this status; None where there is nothing to be said."""
    allowed = ", ".join(sorted(headers.get("Allow", "").split(", ")))
    most = current_app.config["MAX_CONTENT_LENGTH"]
    said = _ADVICE.get(status)
    return said and said.format(allowed=allowed, most=most)


def field_errors(detail: Any) -> list[dict[str, str]]:
    """Turn APIFlask's {location: {field: [messages]}} into a flat list."""
    found = []
    for fields in (detail or {}).values() if isinstance(detail, Mapping) else ():
        for field, messages in fields.items() if isinstance(fields, Mapping) else ():
            for message in messages:
                name = "" if field == "_schema" else re.sub(r"\.(\d+)", r"[\1]", str(field))
                text = str(message).removeprefix("Value error, ")
                found.append({"field": name, "message": text})
    return found
