"""What somebody picked while browsing organisations: from an address, and back to an address."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from typing import Any

from flask import url_for
from flask_babel import get_locale
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict

from embeddings.subjects import Subject
from matcher.domain import OrganisationType, Stage
from matcher.insights.browse import BrowseFilters
from matcher.web.labels import LABELS
from matcher.web.places import country_name, region_name

MAX_TEXT_LENGTH = 200
MAX_WORDS = 10
COUNTRY = re.compile("[A-Z]{2}")
REGION = re.compile("[A-Z]{2}[A-Z0-9]{1,3}")
TITLES = {
    "type": _l("Kind of organisation"),
    "country": _l("Country"),
    "region": _l("Region"),
    "stage": _l("Stage from idea to market"),
    "domain": _l("Domain"),
}
"""What is picked from, in the order of the page."""


def filters_from(values: MultiDict[str, str], domains: Sequence[Subject]) -> BrowseFilters:
    """Read what was picked from an address; values that can't be are left aside."""
    text = values.get("q", "").replace("\x00", "")[:MAX_TEXT_LENGTH]
    accepts: dict[str, Callable[[str], object]] = {
        "type": list(OrganisationType).__contains__,
        "country": COUNTRY.fullmatch,
        "region": REGION.fullmatch,
        "stage": list(Stage).__contains__,
        "domain": {domain.id for domain in domains}.__contains__,
    }
    picked = {name: values.get(name, "") for name in accepts}
    usable = {name: value for name, value in picked.items() if accepts[name](value)}
    return BrowseFilters(" ".join(text.split()[:MAX_WORDS]), **usable)


def address_of(filters: BrowseFilters, page: int = 1, **changed: str) -> str:
    """Return the address of a page of what was picked, with some of it changed.

    A region goes with its country: another country, or none, takes the region away.
    """
    if "country" in changed and "region" not in changed:
        changed["region"] = ""
    picked = asdict(replace(filters, **changed))
    parts: dict[str, Any] = {name: value for name, value in picked.items() if value}
    if "text" in parts:
        parts["q"] = parts.pop("text")
    if page > 1:
        parts["page"] = page
    return url_for("pages.browse", **parts)


def names_of(domains: Sequence[Subject]) -> dict[str, Callable[[str], str]]:
    """Return for each dimension how its values are called."""
    language = str(get_locale())
    labels = {domain.id: domain.labels[language] for domain in domains}
    return {
        "type": lambda value: str(LABELS[OrganisationType(value)]),
        "country": country_name,
        "region": region_name,
        "stage": lambda value: str(LABELS[Stage(value)]),
        "domain": labels.__getitem__,
    }
