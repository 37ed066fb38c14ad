"""The JSON API: /api/v1, its documentation, and the health of the service."""

from __future__ import annotations

from typing import Any

from apiflask import APIFlask
from flask import render_template

from matcher.api import (
    health,
    initiative_answers,
    initiatives,
    insights,
    matching,
    metrics,
    organisations,
)
from matcher.api.blueprint import blueprint
from matcher.api.bodies import Json
from matcher.current import services
from matcher.matching.question import QuestionLimits

ROUTES = (matching, organisations, initiatives, initiative_answers, insights)
"""The modules whose routes are on the blueprint of /api/v1."""


def init_app(app: APIFlask) -> None:
    """Register the API, its documentation page and the health checks."""
    app.json = Json(app)
    app.config["OPENAPI_VERSION"] = "3.1.0"
    app.config["VALIDATION_ERROR_STATUS_CODE"] = 422
    app.config["DESCRIPTION"] = "Finds complementary partners for new cluster initiatives."
    app.config["HTTP_ERROR_SCHEMA"] = app.config["VALIDATION_ERROR_SCHEMA"] = PROBLEM
    app.security_schemes = {"ApiKey": {"type": "http", "scheme": "bearer"}}
    app.spec_processor(_completed)  # type: ignore[arg-type]
    app.register_blueprint(blueprint)
    app.register_blueprint(health.blueprint)
    app.register_blueprint(metrics.blueprint)
    app.add_url_rule("/api/docs", "docs", app.doc(hide=True)(_docs))


def _docs() -> str:
    return render_template("docs.html")


def _completed(spec: dict[str, Any]) -> dict[str, Any]:
    """Say what holds for this service, and what any address may answer."""
    _document_limits(spec)
    for path in spec["paths"].values():
        for operation in path.values():
            operation["responses"].setdefault("503", UNAVAILABLE)
            if "security" in operation:
                operation["responses"].setdefault("403", NOT_BY_THIS_KEY)
    return spec


def _document_limits(spec: dict[str, Any]) -> None:
    """Say in the schemas how large a question or an initiative may be by the settings."""
    limits = services().limits
    for name, text in (("QuestionIn", "text"), ("InitiativeIn", "brief"), ("BriefIn", "text")):
        schema = spec["components"]["schemas"][name]
        _lower(schema["properties"], text, "maxLength", limits.characters)
        _lower(schema["properties"], "needs", "maxItems", limits.needs)
        _lower(schema["properties"], "members", "maxItems", limits.members)
        if "needs" in schema["properties"]:
            schema["description"] = f"{schema['description']} {_together(text, limits)}"
    needs = spec["components"]["schemas"]["NeedsIn"]
    _lower(needs["properties"], "needs", "maxItems", limits.needs)


def _lower(properties: dict[str, Any], name: str, bound: str, limit: int) -> None:
    if name in properties:
        properties[name][bound] = min(properties[name][bound], limit)


def _together(text: str, limits: QuestionLimits) -> str:
    return f"At most {limits.characters} characters, `{text}` and all needs together."


PROBLEM: dict[str, Any] = {
    "type": "object",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
            },
        },
    },
}
NOT_BY_THIS_KEY: dict[str, Any] = {
    "description": "The key may only read, or only write the records of another source.",
    "content": {"application/problem+json": {"schema": PROBLEM}},
}
"""What any address that writes may answer."""
UNAVAILABLE: dict[str, Any] = {
    "description": "Not at the moment: too much is asked, there wasn't time to answer, or store, "
    "index or model can't be used. `detail` says which; ask again after `Retry-After` seconds.",
    "headers": {"Retry-After": {"schema": {"type": "integer"}}},
    "content": {"application/problem+json": {"schema": PROBLEM}},
}
"""What any address may answer."""
