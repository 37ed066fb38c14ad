"""One shape for every error of the API: problem details (RFC 9457)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

import structlog
from flask import Response, jsonify

log = structlog.get_logger()


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
