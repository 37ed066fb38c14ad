"""The main menu: what it leads to, and for whom."""

from __future__ import annotations

from flask import current_app, request, url_for
from flask_babel import lazy_gettext as _l

from matcher.web.access import company, may, who

ANONYMOUS = "anonymous"
ENTRIES = (
    ("pages.home", _l("Find partners"), None),
    ("pages.browse", _l("Organisations"), None),
    ("pages.initiatives", _l("Initiatives"), None),
    ("strengths.regions", _l("Strengths"), None),
    ("profiles.start", _l("Your company"), ANONYMOUS),
    ("dashboard.overview", _l("Overview"), "member"),
    ("lists.overview", _l("Match lists"), "member"),
    ("introductions.overview", _l("Introductions"), "member"),
    ("imports.overview", _l("Import"), "manager"),
    ("administration.overview", _l("Administration"), "administrator"),
)
"""Endpoint, label, and who sees it: anybody, those not signed in, or a role and those above it."""


def menu() -> list[tuple[str, str, bool]]:
    """Return address, label and whether one is there, of what the visitor may see."""
    here = (request.endpoint or "").partition(".")
    return [
        (url_for(endpoint), str(label), _is_here(endpoint, here))
        for endpoint, label, role in ENTRIES
        if endpoint in current_app.view_functions and _sees(role)
    ]


def _sees(role: str | None) -> bool:
    if role == ANONYMOUS:
        return who() is None or company() is not None
    return role is None or may(role)


def _is_here(endpoint: str, here: tuple[str, str, str]) -> bool:
    module, _dot, page = endpoint.partition(".")
    return module == here[0] and (module != "pages" or page == here[2])
