"""What a manager opens on Monday, and the strengths map."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint, abort
from flask import render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _

from matcher.services.insights import Scope
from matcher.services.people import activity, lists
from matcher.services.people.accounts import AccountRole
from matcher.services.strengths import behind, regions
from matcher.store.initiatives import list_initiatives
from matcher.web.guard import for_role, me, services
from matcher.web.plots import bars

blueprint = APIBlueprint("dashboard", __name__, enable_openapi=False)
HOME_REGION = "BE2"
MOST_INITIATIVES = 12
MOST_PAIRS = 200
PAGE = 25
SMALL = 1_000
"""On a corpus with fewer organisations missed chances are worked out while somebody waits."""


@blueprint.get("/overview")
@for_role(AccountRole.MEMBER)
def overview() -> ResponseReturnValue:
    """Show initiatives, lists, introductions, overlaps, missed chances and activity."""
    current = services()
    store = current.store
    known = list_initiatives(store, MOST_INITIATIVES)
    small = len(current.live.snapshot().corpus) < SMALL
    weeks = activity.weekly(store)
    return render_template(
        "dashboard/overview.html",
        initiatives=[(one, current.answers.gaps(one.id)) for one in known],
        lists=lists.overview(store, me())[:5],
        waiting=activity.waiting(store, me()),
        introductions=activity.counted(store, me()),
        overlaps=current.answers.overlaps(Scope(), 5)["results"],
        missed=current.answers.missed_chances(Scope(), MOST_PAIRS)["results"][:5]
        if small
        else None,
        weeks=weeks,
        plot=bars([sum(counts.values()) for _start, counts in weeks]),
        lately=activity.lately(store),
    )


@blueprint.get("/overview/missed-chances")
@for_role(AccountRole.MEMBER)
def missed_chances() -> ResponseReturnValue:
    """Show pairs that fit and never worked together."""
    scope = _scope()
    found = services().answers.missed_chances(scope, MOST_PAIRS)
    page = max(1, min(request.args.get("page", 1, int), MOST_PAIRS))
    return render_template(
        "dashboard/missed_chances.html",
        results=found["results"][(page - 1) * PAGE : page * PAGE],
        total=found["total"],
        page=page,
        pages=max(1, -(-len(found["results"]) // PAGE)),
        scope=scope,
        **_choices(),
    )


@blueprint.get("/overview/overlaps")
@for_role(AccountRole.MEMBER)
def overlaps() -> ResponseReturnValue:
    """Show initiatives that want the same with other members."""
    scope = _scope()
    found = services().answers.overlaps(scope, MOST_PAIRS)
    return render_template(
        "dashboard/overlaps.html", results=found["results"], scope=scope, **_choices()
    )


@blueprint.get("/strengths")
def strengths() -> ResponseReturnValue:
    """Show what a region is strong in, by domain and challenge."""
    choices = _choices()
    asked = request.args.get("region", "").upper()
    region = asked if asked in dict(choices["regions"]) else _home(choices["regions"])
    table = services().answers.strengths(region) if region else None
    shown = table["domains"] if table else []
    strongest = max((cell["strength"] for row in shown for cell in _cells(row)), default=0.0)
    return render_template(
        "dashboard/strengths.html",
        table=table,
        region=region,
        strongest=strongest,
        strong=sorted(
            (row for row in shown if row["location_quotient"] > 1 and row["organisations"] > 1),
            key=lambda row: -row["location_quotient"],
        ),
        near=sorted(
            (row for row in shown if row["location_quotient"] <= 1),
            key=lambda row: -row["relatedness_density"],
        )[:6],
        locale=str(get_locale()),
        **choices,
    )


@blueprint.get("/strengths/<domain>")
def strength(domain: str) -> ResponseReturnValue:
    """Show who makes a region strong in a domain, or where a domain meets a challenge."""
    snapshot, subjects = services().live.snapshot(), services().answers.subjects()
    region = request.args.get("region", "")[:5].upper()
    challenge = request.args.get("challenge", "")
    labels = {one.id: one.labels for one in [*subjects.domains, *subjects.challenges]}
    try:
        found = behind(snapshot, region, domain, challenge)
    except KeyError:
        abort(404, _("There is no such domain."), extra_data={"page": True})
    return render_template(
        "dashboard/strength.html",
        found=found,
        region=region,
        domain=labels[domain],
        challenge=labels.get(challenge),
        locale=str(get_locale()),
    )


def _scope() -> Scope:
    choices = _choices()
    region, domain = request.args.get("region", "").upper(), request.args.get("domain", "")
    return Scope(
        region if region in dict(choices["regions"]) else "",
        domain if domain in dict(choices["domains"]) else "",
    )


def _choices() -> dict[str, Any]:
    language = str(get_locale())
    subjects = services().answers.subjects()
    domains = [(one.id, one.labels[language]) for one in subjects.domains]
    return {
        "regions": regions(services().live.snapshot()),
        "domains": sorted(domains, key=lambda one: one[1]),
    }


def _home(known: list[tuple[str, int]]) -> str:
    counts = dict(known)
    if HOME_REGION in counts:
        return HOME_REGION
    return max(counts, key=lambda one: counts[one], default="")


def _cells(row: dict[str, Any]) -> list[dict[str, Any]]:
    cells: list[dict[str, Any]] = list(row["challenges"].values())
    return cells
