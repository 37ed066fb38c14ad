"""What countries and regions are called on pages."""

from __future__ import annotations

from flask_babel import get_locale
from flask_babel import lazy_gettext as _l

REGIONS = {
    "BE1": _l("Brussels"),
    "BE2": _l("Flanders"),
    "BE3": _l("Wallonia"),
    "BE10": _l("Brussels-Capital"),
    "BE21": _l("Antwerp (province)"),
    "BE22": _l("Limburg"),
    "BE23": _l("East Flanders"),
    "BE24": _l("Flemish Brabant"),
    "BE25": _l("West Flanders"),
    "BE31": _l("Walloon Brabant"),
    "BE32": _l("Hainaut"),
    "BE33": _l("Liège (province)"),
    "BE34": _l("Luxembourg (Belgian province)"),
    "BE35": _l("Namur (province)"),
    "NL1": _l("Northern Netherlands"),
    "NL2": _l("Eastern Netherlands"),
    "NL3": _l("Western Netherlands"),
    "NL4": _l("Southern Netherlands"),
    "FRE": "Hauts-de-France",
    "FRF": "Grand Est",
    "DEA": _l("North Rhine-Westphalia"),
    "DEB": _l("Rhineland-Palatinate"),
    "DEC": _l("Saarland"),
}
"""Names of NUTS regions in Belgium and beside it; others are called by their code."""


def country_name(code: str) -> str:
    """Return what a country is called in the language of the page."""
    locale = get_locale()
    return str(locale.territories.get(code, code)) if locale else code


def region_name(code: str) -> str:
    """Return what a NUTS region is called, or its code."""
    return str(REGIONS.get(code, code))


def place_name(code: str) -> str:
    """Return what a country (two letters) or NUTS region (more) is called, or its code."""
    return country_name(code) if len(code) == 2 else region_name(code)
