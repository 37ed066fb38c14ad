"""Answers about initiatives as lines of text."""

from __future__ import annotations

from matcher.cli.matching import fit_text
from matcher.domain import Need
from matcher.initiatives.advice import Advice
from matcher.initiatives.context import Status
from matcher.initiatives.contributions import Contribution, NeedStatus
from matcher.initiatives.gaps import GapReport
from matcher.initiatives.roadmap import Roadmap
from matcher.initiatives.team_report import TeamAnswer, TeamReport
from matcher.presenters import percent

MARKS = {Status.COVERED: "+", Status.PERHAPS: "?", Status.MISSING: "-"}
MAX_QUOTE = 110


def need_text(need: Need) -> str:
    """Return a line for a need: stage, level, weight and text."""
    return f"{need.stage or '-':12} {need.level:5} {need.weight:4g}  {need.text}"


def gaps_text(report: GapReport) -> list[str]:
    """Return the lines of a gap report."""
    links = ", ".join(link.stage for link in report.missing_links)
    lacking, coverage = report.uncovered_musts, report.coverage
    otherwise = f"no member covers {lacking} must-have need(s)" if lacking else "no missing link"
    lines = [
        f"{report.initiative.name}: " + (f"missing link: {links}" if links else otherwise),
        f"members cover {coverage.members:.0%} of the needs ({report.source}), "
        f"{coverage.reachable:.0%} with all that could join",
        "",
    ]
    for need in report.needs:
        lines += _need_status(need)
    lines += ["", "stage        needs  covered  members with an offer in it"]
    for stage in report.stages:
        covered = "-" if stage.covered is None else f"{stage.covered:.0%}"
        names = ", ".join(member.name for member in stage.members) or "nobody"
        lines.append(f"{stage.stage:12} {stage.needs:5}  {covered:>7}  {names}")
    for link in report.missing_links:
        lines += ["", f"missing link {link.stage}: {'; '.join(link.needs) or 'nobody active'}"]
        lines += [f"  {_contribution(proposal)}" for proposal in link.proposals]
    missing = ", ".join(report.partner_mix.members.missing) or "nothing"
    return [
        *lines,
        "",
        f"missing in the mix of members: {missing}",
        f"fields of the members: {_fields(report)}",
    ]


def _fields(answer: GapReport | TeamReport) -> str:
    """Return the most frequent domains with the number of organisations in each."""
    counts = answer.field_mix.counts
    named = [f"{domain} {count}" for domain, count in list(counts.items())[:6]]
    balance = f"balance {answer.field_mix.balance:.2f}"
    return f"{', '.join(named)} (of {len(counts)}; {balance})" if named else "none known"


def _need_status(need: NeedStatus) -> list[str]:
    lines = [f"{MARKS[need.status]} {percent(need.probability):3}%  {need_text(need)}"]
    lines += [f"         in:    {_contribution(member)}" for member in need.covered_by[:1]]
    if need.status is not Status.COVERED:
        others = [f"         could: {_contribution(other)}" for other in need.could_be_covered_by]
        lines += others or ["         nobody known could"]
    return lines


def _contribution(contribution: Contribution) -> str:
    offer = contribution.offer.text[:MAX_QUOTE] if contribution.offer else ""
    likely = fit_text(contribution.fit, contribution.probability)
    return f"{contribution.organisation.name} ({likely}): {offer}"


def roadmap_text(roadmap: Roadmap) -> list[str]:
    """Return the lines of a roadmap."""
    lines = [f"{roadmap.initiative.name}: {roadmap.done} of {len(roadmap.steps)} covered"]
    for step in roadmap.steps:
        due = f"  by {step.due}" if step.due else ""
        lines.append(f"{MARKS[step.status]} {need_text(step)}{due}")
        for member in step.covered_by:
            since = f"since {member.since}, " if member.since else ""
            lines.append(f"      {since}{_contribution(member)}")
    after = roadmap.next_missing
    return [*lines, "next: " + (after.text if after else "nothing is missing")]


def teams_text(answer: TeamAnswer) -> list[str]:
    """Return the lines of one or more teams."""
    lines = [f"{answer.initiative.name}: members cover {answer.members_cover:.0%}"]
    for number, team in enumerate(answer.teams, start=1):
        lines += _team(number, team)
    for quota in answer.quotas:
        cost = "an unknown share" if quota.cost is None else f"{quota.cost:.1%}"
        lines.append(f"{quota.label}: {quota.count}, costs {cost} of coverage")
    if answer.cut_short:
        lines.append("Time ran out: there may be better teams, or more.")
    return lines


def _team(number: int, team: TeamReport) -> list[str]:
    best = "the best possible" if team.exact else f"at most {team.best_possible:.1%}"
    lines = [
        f"team {number}: covers {team.coverage:.1%} ({best})",
        f"  fields: {_fields(team)}",
    ]
    for pick in team.picks:
        state = "member" if pick.member else f"+{pick.adds:.1%}"
        who = pick.organisation
        lines.append(f"  {state:>7}  {who.name}  [{who.type}]  ({who.id})")
        for met in pick.meets:
            if met.best_in_team:
                lines.append(f"           {met.need[:60]} ({fit_text(met.fit, met.probability)})")
                lines.append(f"             {met.offer.text[:MAX_QUOTE]}")
    missing = [need for need in team.needs if need.status is Status.MISSING]
    return [*lines, *(f"  nobody for: {need.text}" for need in missing)]


def advice_text(answer: Advice) -> list[str]:
    """Return the lines of advice to an organisation."""
    rank = answer.rank or "not in the list"
    lines = [f"{answer.organisation.name} for {answer.initiative.name}: now {rank}"]
    for step in answer.add:
        lines.append(f"  with the offer {step.offer.text!r}: {step.rank}")
    if answer.cut_short:
        lines.append("  time ran out before everything was tried")
    elif not answer.reached:
        lines.append(f"  that isn't among the first {answer.first}")
    return lines
