"""What a manager opens on Monday: initiatives, what waits, missed chances, overlaps, activity."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import date
from typing import Any

from apiflask import APIBlueprint
from babel.dates import format_skeleton
from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _

from matcher.accounts.accounts import AccountRole
from matcher.current import services
from matcher.domain import Initiative
from matcher.initiatives.actions import NoSuchInitiative
from matcher.initiatives.gaps import GapReport
from matcher.insights import activity, own_work
from matcher.insights.log_lines import recent_lines
from matcher.insights.overlaps import Overlaps
from matcher.insights.scope import Scope
from matcher.insights.unrealised_matches import UnrealisedMatches
from matcher.match_lists import lists
from matcher.store.initiatives import count_initiatives, list_initiatives
from matcher.web.access import for_role, me
from matcher.web.audit_log import ACTIONS, ACTORS, link_to
from matcher.web.labels import LABELS
from matcher.web.paging import page_of
from matcher.web.plots import Label, grouped_bars, horizontal_bars
from matcher.web.scopes import scope_asked, scope_choices

blueprint = APIBlueprint("dashboard", __name__, enable_openapi=False)
MAX_INITIATIVES = 12
MAX_LISTS = 5
MAX_PREVIEWED = 5
"""Overlaps and missed chances on the overview itself."""
MAX_PAIRS = 200
PAGE = 25
SMALL_CORPUS = 1_000
"""With fewer organisations unrealised matches are computed while somebody waits."""
FEW_INITIATIVES = 50
"""With fewer initiatives overlaps are, too: each is compared with each."""


@blueprint.app_template_filter("day")
def day(at: date) -> str:
    """Return a day as the language of the page writes it, such as 16 Nov 2026."""
    return _dated(at, "yMMMd")


def _dated(at: date, parts: str) -> str:
    """Return these parts of a date in the order and with the dots that its language wants."""
    language = str(get_locale())
    return format_skeleton(parts, at, locale="en_GB" if language == "en" else language)


@blueprint.get("/overview")
@for_role(AccountRole.MEMBER)
def overview() -> ResponseReturnValue:
    """Show initiatives, lists, introductions, overlaps, missed chances and activity."""
    store = services().store
    return render_template(
        "overview/overview.html",
        lists=lists.summaries(store, me())[:MAX_LISTS],
        waiting=own_work.waiting_for(store, me()),
        overlaps=_quick_overlaps(),
        missed=_quick_unrealised_matches(),
        previewed=MAX_PREVIEWED,
        recent_lines=recent_lines(store, me()),
        actions=ACTIONS,
        actors=ACTORS,
        link_to=link_to,
        scope=Scope(),
        choices=scope_choices(),
        **_initiatives(),
        **_counts(),
        **_weeks(),
    )


@blueprint.get("/overview/missed-chances")
@for_role(AccountRole.MEMBER)
def unrealised_matches() -> ResponseReturnValue:
    """Show pairs that fit and never worked together."""
    choices = scope_choices()
    scope = scope_asked(choices)
    found = services().insights.unrealised_matches(scope, MAX_PAIRS)
    return render_template(
        "overview/missed_chances.html", found=found, scope=scope, choices=choices, **_paged(found)
    )


@blueprint.get("/overview/overlaps")
@for_role(AccountRole.MEMBER)
def overlaps() -> ResponseReturnValue:
    """Show initiatives that want the same with other members."""
    choices = scope_choices()
    scope = scope_asked(choices)
    found = services().insights.overlaps(scope, MAX_PAIRS)
    return render_template(
        "overview/overlaps.html", found=found, scope=scope, choices=choices, **_paged(found)
    )


def _paged(found: Overlaps | UnrealisedMatches) -> dict[str, Any]:
    page = page_of(found.results, PAGE)
    return {
        "results": page.rows,
        "page": page.number,
        "pages": page.count,
        "first": page.first,
    }


def _quick_unrealised_matches() -> UnrealisedMatches | None:
    """Return unrealised matches where they are in the cache or the corpus is small."""
    insights = services().insights
    if services().corpus_provider.snapshot().corpus.organisation_count < SMALL_CORPUS:
        return insights.unrealised_matches(Scope(), MAX_PAIRS)
    return insights.cached_unrealised_matches(Scope(), MAX_PAIRS)


def _quick_overlaps() -> Overlaps | None:
    """Return overlaps where they are in the cache or there are few initiatives."""
    insights = services().insights
    if count_initiatives(services().store) < FEW_INITIATIVES:
        return insights.overlaps(Scope(), MAX_PAIRS)
    return insights.cached_overlaps(Scope(), MAX_PAIRS)


def _initiatives() -> dict[str, Any]:
    """Return one page of initiatives with their gaps: the account's own, or all of them."""
    everything = list_initiatives(services().store)
    own = own_work.own_initiatives(services().store, me())
    mine = [initiative for initiative in everything if initiative.id in own]
    asked = request.args.get("initiatives", "")
    whose = asked if asked in ("mine", "all") else "mine" if mine else "all"
    shown = mine if whose == "mine" else everything
    page = page_of(shown, MAX_INITIATIVES)
    return {
        "whose": whose,
        "mine": len(mine),
        "all": len(everything),
        "page": page.number,
        "pages": page.count,
        "initiatives": _with_gaps(page.rows),
    }


def _with_gaps(initiatives: Sequence[Initiative]) -> list[tuple[Initiative, GapReport]]:
    found = []
    for initiative in initiatives:
        with suppress(NoSuchInitiative):  # deleted meanwhile
            found.append((initiative, services().initiatives.gaps(initiative.id)))
    return found


def _counts() -> dict[str, Any]:
    store = services().store
    statuses = own_work.entry_counts(store, me())
    states = own_work.introduction_counts(store, me())
    entries = [(Label(str(LABELS[status])), float(count)) for status, count in statuses.items()]
    introductions = [
        (
            Label(str(LABELS[f"state_{state}"]), url_for("introductions.overview", state=state)),
            float(count),
        )
        for state, count in states.items()
    ]
    return {
        "entries": horizontal_bars(entries) if any(statuses.values()) else None,
        "introductions": horizontal_bars(introductions) if any(states.values()) else None,
    }


def _weeks() -> dict[str, Any]:
    weeks = activity.weekly(services().store)
    return {
        "weeks": weeks,
        "plot": grouped_bars(
            [_dated(week.start, "MMMd") for week in weeks],
            [[week.counts[name] for week in weeks] for name in activity.COUNTED],
        ),
        "series": [
            _("Organisations written"),
            _("Match lists made"),
            _("Introductions asked for"),
            _("Introductions accepted"),
        ],
    }
