"""The public map of what a region is strong in, and who makes it so."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint, abort
from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_decimal
from flask_babel import gettext as _

from matcher.insights.strengths import behind, quotients
from matcher.web.access import services
from matcher.web.plots import HeatMap, Label, Value, heat_map
from matcher.web.scopes import (
    asked_for,
    choices,
    counts_of,
    language,
    page_asked,
    region_name,
)

blueprint = APIBlueprint("strengths", __name__, enable_openapi=False)
HOME_REGION = "BE2"
PAGE = 25
MAX_LISTED = 8
MIN_ORGANISATIONS = 2
"""A region isn't called strong in what a single organisation does."""
DARKEST = 2.0
"""The location quotient from which the colour of a cell is as full as can be."""
Body = dict[str, Any]


@blueprint.app_template_filter("decimal")
def decimal(value: float) -> str:
    """Return a number with one decimal, as the language of the page writes it."""
    return str(format_decimal(value, format="0.0"))


@blueprint.get("/strengths")
def regions() -> ResponseReturnValue:
    """Show what a region is strong in, by domain and challenge."""
    chosen = choices()
    counts = counts_of(chosen)
    asked = request.args.get("region", "").upper()
    region = asked if asked in counts else _home(counts)
    domain, challenge = (asked_for(name, chosen[f"{name}s"]) for name in ("domain", "challenge"))
    shade = "strength" if request.args.get("shade") == "strength" else "quotient"
    table = services().answers.strengths(region) if region else None
    rows = table["domains"] if table else []
    return render_template(
        "strengths/map.html",
        table=table,
        region=region,
        region_name=region_name(region),
        domain=domain,
        challenge=challenge,
        shade=shade,
        plot=_plot(table, region, domain, challenge, shade) if table else None,
        strong=_strong(rows),
        near=_near(rows),
        language=language,
        legend=_legend(shade),
        **chosen,
    )


@blueprint.get("/strengths/<domain>")
@blueprint.get("/strengths/<domain>/<challenge>")
def organisations(domain: str, challenge: str = "") -> ResponseReturnValue:
    """Show who makes a region strong in a domain, or where a domain meets a challenge."""
    current, page = services(), page_asked()
    asked = request.args.get("region", "").upper()
    region = asked if asked in counts_of(choices()) else ""
    try:
        found = behind(
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
    subjects = current.answers.subjects()
    labels = {one.id: one.labels[language()] for one in subjects.domains}
    aims = {one.id: one.labels[language()] for one in subjects.challenges}
    return render_template(
        "strengths/organisations.html",
        found=found,
        region=region,
        region_name=region_name(region),
        domain=domain,
        domain_name=labels[domain],
        challenge=challenge,
        challenge_name=aims.get(challenge),
        page=page,
        pages=max(1, -(-found["total"] // PAGE)),
        first=(page - 1) * PAGE + 1,
    )


def _home(counts: dict[str, int]) -> str:
    if HOME_REGION in counts:
        return HOME_REGION
    return max(counts, key=lambda one: counts[one], default="")


def _strong(rows: list[Body]) -> list[Body]:
    """Return the domains of which the region has more than elsewhere, the most so first."""
    found = [
        row
        for row in rows
        if row["location_quotient"] > 1 and row["organisations"] >= MIN_ORGANISATIONS
    ]
    return sorted(found, key=lambda row: -float(row["location_quotient"]))[:MAX_LISTED]


def _near(rows: list[Body]) -> list[Body]:
    """Return the domains of which it has less, but much of what is akin to them."""
    found = [row for row in rows if row["location_quotient"] < 1 and row["relatedness_density"]]
    return sorted(found, key=lambda row: -float(row["relatedness_density"]))[:MAX_LISTED]


def _plot(table: Body, region: str, domain: str, challenge: str, shade: str) -> HeatMap:
    spoken = language()
    rows = [
        row
        for row in table["domains"]
        if (row["organisations"] and not domain) or row["domain"]["id"] == domain
    ]
    columns = [one for one in table["challenges"] if challenge in ("", one["id"])]
    cells = quotients(table, services().answers.strengths(""))
    strongest = max(
        (cell["strength"] for row in rows for cell in row["challenges"].values()), default=0.0
    )

    def value(row: Body, column: Body) -> Value:
        cell = row["challenges"][column["id"]]
        if not cell["organisations"]:
            return Value(None)
        quotient = cells[row["domain"]["id"], column["id"]]
        dark = quotient / DARKEST if shade == "quotient" else cell["strength"] / strongest
        return Value(
            dark,
            decimal(quotient) if shade == "quotient" else _count(cell),
            _(
                "%(domain)s, %(challenge)s: %(count)s organisation(s), location quotient "
                "%(quotient)s, strength %(strength)s",
                domain=row["domain"]["labels"][spoken],
                challenge=column["labels"][spoken],
                count=_count(cell),
                quotient=decimal(quotient),
                strength=decimal(cell["strength"]),
            ),
            url_for(
                "strengths.organisations",
                domain=row["domain"]["id"],
                challenge=column["id"],
                region=region,
            ),
        )

    return heat_map(
        [
            Label(
                row["domain"]["labels"][spoken],
                url_for("strengths.organisations", domain=row["domain"]["id"], region=region),
            )
            for row in rows
        ],
        [Label(one["labels"][spoken]) for one in columns],
        [[value(row, column) for column in columns] for row in rows],
    )


def _count(cell: Body) -> str:
    return str(format_decimal(cell["organisations"]))


def _legend(shade: str) -> list[tuple[int, str]]:
    if shade == "strength":
        return [(0, _("weak")), (4, ""), (7, ""), (10, _("strong"))]
    marks = ((0, 0.0), (2, 0.4), (4, 0.8), (5, 1.0), (7, 1.4), (10, DARKEST))
    return [(level, decimal(mark)) for level, mark in marks]
