"""The page on which a team is lined up under quotas."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from matcher.accounts.accounts import AccountRole
from matcher.current import services
from matcher.domain import Initiative
from matcher.initiatives.team_report import QuotaReport, TeamAnswer
from matcher.initiatives.team_request import QuotaKind, QuotaRequest, TeamRequest
from matcher.initiatives.team_task import MEMBERS, POOL, RIVALS, SIZE, Infeasible
from matcher.web.access import for_role
from matcher.web.initiative_forms import Row
from matcher.web.initiatives import about_initiative, blueprint
from matcher.web.labels import LABELS
from matcher.web.team_form import TeamForm

__all__ = ["blueprint"]

CONDITIONS = {
    SIZE: _l("the size of the team"),
    MEMBERS: _l("the members who stay"),
    RIVALS: _l("competing firms are not together"),
    POOL: _l("who may be chosen"),
}
"""What the conditions of a line-up that aren't quotas are called."""
EMPTY_ROWS = 2
"""Empty rows for quotas at the end of the form."""


@dataclass(frozen=True, slots=True)
class NamedQuota:
    """A quota of a team, and what it is called on the page."""

    name: str
    report: QuotaReport


@blueprint.get("/initiatives/<initiative_id>/line-up")
@for_role(AccountRole.MEMBER)
@about_initiative
def form_team(initiative: Initiative) -> ResponseReturnValue:
    """Show the builder: quotas on the left, the team and what it covers on the right."""
    corpus = services().corpus_provider.snapshot().corpus
    form = TeamForm.sent(request.args, corpus)
    team_request = form.request()
    found, conflict = None, []
    if team_request is not None:
        try:
            found = services().initiatives.form_team(initiative.id, team_request)
        except Infeasible as error:
            conflict = _conflict(team_request, error)
    page = render_template(
        "initiatives/line_up.html",
        initiative=initiative,
        form=form,
        rows=[*form.rows, *[Row({"of": "", "value": "", "least": "", "most": ""})] * EMPTY_ROWS],
        kinds=list(QuotaKind),
        found=found,
        conflict=conflict,
        quotas=_named_quotas(team_request, found),
        excluded=[(key, corpus.names[corpus.row_of_id[key]]) for key in form.exclude],
    )
    return page, 200 if team_request is not None else 422


def _conflict(team_request: TeamRequest, error: Infeasible) -> list[str]:
    """Return the names of the conditions that are in each other's way."""
    names = {quota.label: quota_name(quota) for quota in team_request.quotas}
    return [names.get(label, str(CONDITIONS.get(label, label))) for label in error.conflict]


def quota_name(quota: QuotaRequest) -> str:
    """Return what a quota is called on pages."""
    known: Any = LABELS
    what = f"{LABELS[f'of_{quota.kind.value}']} {known.get(quota.value, quota.value)}".strip()
    limits = [_("at least %(count)s", count=quota.at_least)] if quota.at_least else []
    if quota.at_most is not None:
        limits.append(_("at most %(count)s", count=quota.at_most))
    return f"{what}: " + ", ".join(limits)


def _named_quotas(team_request: TeamRequest | None, found: TeamAnswer | None) -> list[NamedQuota]:
    if team_request is None or found is None:
        return []
    names = {quota.label: quota_name(quota) for quota in team_request.quotas}
    return [NamedQuota(names[quota.label], quota) for quota in found.quotas]
