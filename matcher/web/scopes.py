"""Regions and domains to choose from, and what was chosen in an address."""

from __future__ import annotations

from typing import Any

from flask import request
from flask_babel import get_locale
from flask_babel import lazy_gettext as _l

from matcher.insights.pairs import Scope
from matcher.insights.strengths import regions
from matcher.web.access import services

REGIONS = {
    "BE1": _l("Brussels-Capital Region"),
    "BE2": _l("Flemish Region"),
    "BE3": _l("Walloon Region"),
}
"""What regions are called, of those that have a name here; countries have theirs from CLDR."""
MAX_PAGES = 10_000


def language() -> str:
    """Return the language of the page: the key of labels of domains and challenges."""
    return str(get_locale())


def region_name(code: str) -> str:
    """Return what a region or country is called, else its code."""
    locale = get_locale()
    country = locale.territories.get(code) if locale and len(code) == 2 else None
    return str(REGIONS.get(code) or country or code)


def choices() -> dict[str, Any]:
    """Return regions by country (code, name, count), and domains and challenges (id, name)."""
    subjects, spoken = services().answers.subjects(), language()
    countries: dict[str, list[tuple[str, str, int]]] = {}
    for code, count in regions(services().corpus_provider.snapshot()):
        countries.setdefault(code[:2], []).append((code, region_name(code), count))
    domains, challenges = (
        sorted(((one.id, one.labels[spoken]) for one in several), key=lambda one: one[1])
        for several in (subjects.domains, subjects.challenges)
    )
    return {
        "countries": sorted(countries.items()),
        "domains": domains,
        "challenges": challenges,
    }


def counts_of(chosen: dict[str, Any]) -> dict[str, int]:
    """Return how many organisations are in each region that can be chosen."""
    return {code: count for _country, few in chosen["countries"] for code, _name, count in few}


def asked_for(name: str, known: list[tuple[str, str]]) -> str:
    """Return the domain or challenge that the address names, or nothing."""
    given = request.args.get(name, "")
    return given if given in dict(known) else ""


def scope_asked(chosen: dict[str, Any]) -> Scope:
    """Return the scope of the address; what isn't known counts as nothing."""
    region = request.args.get("region", "").upper()
    return Scope(
        region if region in counts_of(chosen) else "", asked_for("domain", chosen["domains"])
    )


def page_asked() -> int:
    """Return the number of the page, from 1."""
    return max(1, min(request.args.get("page", 1, int), MAX_PAGES))
