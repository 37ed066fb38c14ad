"""The public map of what a region is strong in, and who makes it so."""

from __future__ import annotations

from collections.abc import Sequence

from apiflask import APIBlueprint, abort
from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_decimal
from flask_babel import gettext as _

from embeddings.subjects import Subject
from matcher.current import services
from matcher.insights.strengths import DomainStrength, StrengthCell, Strengths, quotients
from matcher.insights.strong_organisations import strong_organisations
from matcher.web.paging import count_pages, page_asked
from matcher.web.places import place_name
from matcher.web.plots import HeatMap, Label, Value, heat_map
from matcher.web.scopes import (
    ScopeChoices,
    language,
    scope_choices,
    subject_asked,
)

blueprint = APIBlueprint("strengths", __name__, enable_openapi=False)
HOME_REGION = "BE2"
PAGE = 25
MAX_LISTED = 8
MIN_ORGANISATIONS = 2
"""A region isn't called strong in what a single organisation does."""
DARKEST = 2.0
"""The location quotient from which the colour of a cell is as full as can be."""


@blueprint.app_template_filter("decimal")
def decimal(value: float) -> str:
    """Return a number with one decimal, as the language of the page writes it."""
    return str(format_decimal(value, format="0.0"))


@blueprint.app_template_filter("hundredths")
def hundredths(value: float) -> str:
    """Return a number with two decimals, as the language of the page writes it."""
    return str(format_decimal(value, format="0.00"))


@blueprint.app_template_filter("domain_name")
def domain_name(domain: str) -> str:
    """Return what a domain is called in the language of the page, or its id."""
    return _labels(services().insights.subjects().domains).get(domain, domain)


@blueprint.get("/strengths")
def regions() -> ResponseReturnValue:
    """Show what a region is strong in, by domain and challenge."""
    choices = scope_choices()
    asked = request.args.get("region", "").upper()
    region = asked if asked in choices.region_codes else _home(choices)
    domain = subject_asked("domain", choices.domains)
    challenge = subject_asked("challenge", choices.challenges)
    shade = "strength" if request.args.get("shade") == "strength" else "quotient"
    table = services().insights.strengths(region) if region else None
    return render_template(
        "strengths/map.html",
        table=table,
        region=region,
        region_name=place_name(region),
        domain=domain,
        challenge=challenge,
        shade=shade,
        plot=_plot(table, domain, challenge, shade) if table else None,
        strong=_strong(table.domains) if table else [],
        near=_near(table.domains) if table else [],
        language=language,
        legend=_legend(shade),
        choices=choices,
    )


@blueprint.get("/strengths/<domain>")
@blueprint.get("/strengths/<domain>/<challenge>")
def organisations(domain: str, challenge: str = "") -> ResponseReturnValue:
    """Show who makes a region strong in a domain, or where a domain meets a challenge."""
    current, page = services(), page_asked()
    asked = request.args.get("region", "").upper()
    region = asked if asked in scope_choices().region_codes else ""
    try:
        found = strong_organisations(
            current.corpus_provider.snapshot(),
            current.store,
            region,
            domain,
            challenge,
            PAGE,
            (page - 1) * PAGE,
        )
    except KeyError:
        abort(404, _("There is no such domain."), extra_data={"page": True})
    subjects = current.insights.subjects()
    return render_template(
        "strengths/organisations.html",
        found=found,
        region=region,
        region_name=place_name(region),
        domain=domain,
        domain_name=_labels(subjects.domains)[domain],
        challenge=challenge,
        challenge_name=_labels(subjects.challenges).get(challenge),
        page=page,
        pages=count_pages(found.total, PAGE),
        first=(page - 1) * PAGE + 1,
    )


def _labels(subjects: Sequence[Subject]) -> dict[str, str]:
    return {subject.id: subject.labels[language()] for subject in subjects}


def _home(choices: ScopeChoices) -> str:
    """Return the region that is shown first: the home region, or the largest."""
    if HOME_REGION in choices.region_codes:
        return HOME_REGION
    counts = {code: count for _, inside in choices.countries for code, _, count in inside}
    return max(counts, key=lambda code: counts[code], default="")


def _strong(rows: Sequence[DomainStrength]) -> list[DomainStrength]:
    """Return the domains of which the region has more than elsewhere, the most so first."""
    found = [
        row for row in rows if row.location_quotient > 1 and row.organisations >= MIN_ORGANISATIONS
    ]
    return sorted(found, key=lambda row: -row.location_quotient)[:MAX_LISTED]


def _near(rows: Sequence[DomainStrength]) -> list[DomainStrength]:
    """Return the domains of which it has less, but much of what is related to them."""
    found = [row for row in rows if row.location_quotient < 1 and row.relatedness_density]
    return sorted(found, key=lambda row: -row.relatedness_density)[:MAX_LISTED]


def _plot(table: Strengths, domain: str, challenge: str, shade: str) -> HeatMap:
    """Return the map of a region, or the part of it for one domain or challenge."""
    rows = [
        row
        for row in table.domains
        if (row.organisations and not domain) or row.domain.id == domain
    ]
    columns = [subject for subject in table.challenges if challenge in ("", subject.id)]
    cell_quotients = quotients(table, services().insights.strengths(""))
    strongest = max((cell.strength for row in rows for cell in row.challenges.values()), default=0)

    def value(row: DomainStrength, column: Subject) -> Value:
        cell = row.challenges[column.id]
        if not cell.organisations:
            return Value(None)
        quotient = cell_quotients[row.domain.id, column.id]
        by_quotient = shade == "quotient"
        return Value(
            quotient / DARKEST if by_quotient else cell.strength / strongest,
            decimal(quotient) if by_quotient else _count(cell),
            _title(row.domain, column, cell, quotient),
            _address(table, row, column.id),
        )

    return heat_map(
        [Label(row.domain.labels[language()], _address(table, row)) for row in rows],
        [Label(subject.labels[language()]) for subject in columns],
        [[value(row, column) for column in columns] for row in rows],
    )


def _title(domain: Subject, challenge: Subject, cell: StrengthCell, quotient: float) -> str:
    """Return what a cell says in full."""
    return str(
        _(
            "%(domain)s, %(challenge)s: %(count)s organisation(s), location quotient "
            "%(quotient)s, strength %(strength)s",
            domain=domain.labels[language()],
            challenge=challenge.labels[language()],
            count=_count(cell),
            quotient=decimal(quotient),
            strength=decimal(cell.strength),
        )
    )


def _address(table: Strengths, row: DomainStrength, challenge: str | None = None) -> str:
    """Return the address of the organisations behind a row or a cell."""
    return url_for(
        "strengths.organisations",
        domain=row.domain.id,
        challenge=challenge,
        region=table.region,
    )


def _count(cell: StrengthCell) -> str:
    return str(format_decimal(cell.organisations))


def _legend(shade: str) -> list[tuple[int, str]]:
    if shade == "strength":
        return [(0, _("weak")), (4, ""), (7, ""), (10, _("strong"))]
    marks = ((0, 0.0), (2, 0.4), (4, 0.8), (5, 1.0), (7, 1.4), (10, DARKEST))
    return [(level, decimal(mark)) for level, mark in marks]
