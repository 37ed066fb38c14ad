"""Regions and domains to choose from, and what was chosen in an address."""

from __future__ import annotations

from typing import Any

from flask import request
from flask_babel import get_locale

from matcher.insights.scope import Scope, regions
from matcher.web.access import services
from matcher.web.places import place_name

MAX_PAGES = 10_000


def language() -> str:
    """Return the language of the page: the key of labels of domains and challenges."""
    return str(get_locale())


def choices() -> dict[str, Any]:
    """Return regions by country (code, name, count), and domains and challenges (id, name)."""
    subjects, labels_in = services().insights.subjects(), language()
    countries: dict[str, list[tuple[str, str, int]]] = {}
    for code, count in regions(services().corpus_provider.snapshot().corpus):
        countries.setdefault(code[:2], []).append((code, place_name(code), count))
    domains, challenges = (
        sorted(
            ((subject.id, subject.labels[labels_in]) for subject in several),
            key=lambda choice: choice[1],
        )
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
