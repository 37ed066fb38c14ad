"""Commands about initiatives."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from pydantic import ValidationError

from matcher.api.conversion import initiative_from, initiative_out
from matcher.api.initiative_schemas import InitiativeIn, QuotaIn
from matcher.cli.matching import SHARE, print_matches
from matcher.cli.shared import Group, services
from matcher.domain import ALIKE_DIAL, COMPLEMENT_DIAL
from matcher.identifiers import random_id
from matcher.initiatives import actions as initiatives
from matcher.initiatives.advice import IsMember
from matcher.initiatives.gaps import uncovered
from matcher.initiatives.team import MAX_SIZE, MAX_TEAMS, TeamRequest, Wanted
from matcher.initiatives.team_solver import Infeasible
from matcher.matching.validation import QuestionError
from matcher.presenters import need_json

MARKS = {"covered": "+", "perhaps": "?", "missing": "-"}
QUOTA = re.compile(r"([a-z_]+)(?: ([A-Za-z0-9_]+))?((?:[<>]=\d{1,3}){1,2})")
AS_JSON = click.option("--json", "as_json", is_flag=True, help="The answer as the API gives it.")
Body = dict[str, Any]

group = Group("initiative", help="Initiatives: their needs, gaps, partners and teams.")
COMMANDS = (group,)


@contextmanager
def explained() -> Iterator[None]:
    """Turn what the services raise into errors that say what to do."""
    try:
        yield
    except initiatives.NoSuchInitiative as error:
        hint = "`flask --app app initiative list` shows those that are there."
        raise click.ClickException(f"There is no initiative {error}. {hint}") from error
    except initiatives.UnknownMembers as error:
        unknown = ", ".join(error.ids)
        detail = f"Store these organisations before they become members: {unknown}."
        raise click.ClickException(detail) from error
    except Infeasible as error:
        conflict = "; ".join(error.conflict)
        detail = f"No team meets all of these at once, loosen one of them: {conflict}."
        raise click.ClickException(detail) from error
    except IsMember as error:
        raise click.ClickException(f"{error} is a member already.") from error
    except QuestionError as error:
        raise click.ClickException(f"{error.field}: {error}") from error


def show(answer: Body, as_json: bool, as_text: Callable[[Body], list[str]]) -> None:
    """Print an answer as JSON or as text."""
    lines = [json.dumps(answer, ensure_ascii=False, indent=2)] if as_json else as_text(answer)
    click.echo("\n".join(lines))


@group.command("list")
def initiative_list() -> None:
    """List all initiatives by name."""
    for one in initiatives.list_initiatives(services().store):
        click.echo(f"{one.id}  {one.name}  ({len(one.needs)} needs, {len(one.members)} members)")


@group.command("show")
@click.argument("initiative_id")
def initiative_show(initiative_id: str) -> None:
    """Print an initiative as JSON; `add` takes it back."""
    with explained():
        found = initiatives.required(services().store, initiative_id)
    click.echo(json.dumps(initiative_out(found), ensure_ascii=False, indent=2))


@group.command("add")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def initiative_add(file: Path) -> None:
    """Store the initiative of a JSON file, in the stead of one with the same id."""
    try:
        body = InitiativeIn.model_validate_json(file.read_bytes())
    except ValidationError as error:
        faults = [
            f"{'.'.join(str(part) for part in one['loc']) or 'the file'}: {one['msg']}"
            for one in error.errors()
        ]
        detail = "Nothing was stored:\n  " + "\n  ".join(faults)
        raise click.ClickException(detail) from error
    given = initiative_from(body, body.id or random_id("init", body.name))
    with explained():
        stored, fresh = initiatives.replace_initiative(services().store, given)
    click.echo(f"{'Stored' if fresh else 'Replaced'} {stored.id}.")


@group.command("remove")
@click.argument("initiative_id")
def initiative_remove(initiative_id: str) -> None:
    """Delete an initiative."""
    with explained():
        if not initiatives.remove(services().store, initiative_id):
            raise initiatives.NoSuchInitiative(initiative_id)
    click.echo(f"{initiative_id} is gone.")


@group.command("needs")
@click.argument("text", default="")
@click.option("--file", type=click.File("r", encoding="utf-8"), help="Read the brief from a file.")
@AS_JSON
def initiative_needs(text: str, file: Any, as_json: bool) -> None:
    """Read needs from a brief in prose."""
    try:
        brief = file.read() if file else text
    except UnicodeDecodeError as error:
        detail = f"{file.name} isn't text in UTF-8 ({error.reason}). Save it as UTF-8."
        raise click.ClickException(detail) from error
    needs = [need_json(one) for one in services().answers.needs(brief)]
    show({"needs": needs}, as_json, lambda answer: [_need(one) for one in answer["needs"]])


@group.command("matches")
@click.argument("initiative_id")
@click.option("--limit", default=10, show_default=True, type=click.IntRange(1, 200))
@click.option("--complement", default=COMPLEMENT_DIAL, show_default=True, type=SHARE)
@click.option("--alike", default=ALIKE_DIAL, show_default=True, type=SHARE)
@click.option("--unlike", multiple=True, help="Id: neither this one nor any like it.")
@AS_JSON
def initiative_matches(initiative_id: str, as_json: bool, **changed: Any) -> None:
    """Recommend partners for an initiative."""
    with explained():
        answer = services().answers.matches(
            initiative_id, lambda question: replace(question, **changed)
        )
    if as_json:
        click.echo(json.dumps(answer, ensure_ascii=False, indent=2))
    else:
        print_matches(answer)


@group.command("gaps")
@click.argument("initiative_id")
@AS_JSON
def initiative_gaps(initiative_id: str, as_json: bool) -> None:
    """Say which needs the members cover, who could cover the rest, and what link is missing."""
    with explained():
        show(services().answers.gaps(initiative_id), as_json, _gaps)


@group.command("roadmap")
@click.argument("initiative_id")
@AS_JSON
def initiative_roadmap(initiative_id: str, as_json: bool) -> None:
    """Print the needs from idea to market: who covers each, since when, what is next."""
    with explained():
        show(services().answers.roadmap(initiative_id), as_json, _roadmap)


@group.command("line-up")
@click.argument("initiative_id")
@click.option("--size", default=12, show_default=True, type=click.IntRange(1, MAX_SIZE))
@click.option("--quota", "quotas", multiple=True, help='Such as "type company>=5", "newcomer>=2".')
@click.option("--exclude", multiple=True, help="Id of an organisation to leave out.")
@click.option("--teams", default=1, show_default=True, type=click.IntRange(1, MAX_TEAMS))
@click.option("--cap", default=1, show_default=True, type=click.IntRange(1, MAX_TEAMS))
@click.option("--competing", is_flag=True, help="Firms that are look-alikes may be in one team.")
@click.option("--exact", is_flag=True, help="Look for the best team, for ten seconds.")
@AS_JSON
def initiative_line_up(
    initiative_id: str, quotas: tuple[str, ...], as_json: bool, **options: Any
) -> None:
    """Choose a whole team under quotas; members are kept."""
    wanted = TeamRequest(quotas=tuple(quota_from(one) for one in quotas), **options)
    with explained():
        show(services().answers.form_team(initiative_id, wanted), as_json, _teams)


@group.command("advice")
@click.argument("initiative_id")
@click.argument("organisation_id")
@click.option("--first", default=10, show_default=True, type=click.IntRange(1, 100))
@AS_JSON
def initiative_advice(initiative_id: str, organisation_id: str, first: int, as_json: bool) -> None:
    """Say what would bring an organisation among the first partners."""
    with explained():
        answer = services().answers.advice(initiative_id, organisation_id, first)
    show(answer, as_json, _advice)


def quota_from(text: str) -> Wanted:
    """Read a quota such as `type company>=5` or `region BE2>=6<=10`. Raises ClickException."""
    found = QUOTA.fullmatch(text.strip())
    if found is None:
        example = '"type company>=5", "country BE<=8", "region BE2>=6<=10", "newcomer>=2"'
        raise click.ClickException(f"{text!r} isn't a quota; write it as {example}.")
    limits = dict(re.findall(r"([<>])=(\d+)", found[3]))
    try:
        quota = QuotaIn.model_validate(
            {
                "of": found[1],
                "value": found[2] or "",
                "at_least": int(limits.get(">", 0)),
                "at_most": int(limits["<"]) if "<" in limits else None,
            }
        )
    except ValidationError as error:
        detail = "; ".join(one["msg"].removeprefix("Value error, ") for one in error.errors())
        raise click.ClickException(f"The quota {text!r} can't be used: {detail}.") from error
    return Wanted(quota.of, quota.value, quota.at_least, quota.at_most)


def _need(need: Body) -> str:
    stage = need["stage"] or "-"
    return f"{stage:12} {need['level']:5} {need['weight']:4g}  {need['text']}"


def _brings(one: Body) -> str:
    offer = one["offer"]["text"][:110] if one["offer"] else ""
    return f"{one['organisation']['name']} ({one['probability']:.0%}): {offer}"


def _gaps(answer: Body) -> list[str]:
    links = ", ".join(one["stage"] for one in answer["missing_links"])
    lacking, coverage = uncovered(answer), answer["coverage"]
    otherwise = f"no member covers {lacking} must-have need(s)" if lacking else "no missing link"
    lines = [
        f"{answer['initiative']['name']}: " + (f"missing link: {links}" if links else otherwise),
        f"members cover {coverage['members']:.0%} of the needs ({answer['source']}), "
        f"{coverage['reachable']:.0%} with all that could join",
        "",
    ]
    for need in answer["needs"]:
        lines.append(f"{MARKS[need['status']]} {need['probability']:4.0%}  {_need(need)}")
        lines += [f"         in:    {_brings(one)}" for one in need["covered_by"][:1]]
        if need["status"] != "covered":
            could = [f"         could: {_brings(one)}" for one in need["could_be_covered_by"]]
            lines += could or ["         nobody known could"]
    lines += ["", "stage        needs  covered  members with an offer in it"]
    for row in answer["stages"]:
        covered = "-" if row["covered"] is None else f"{row['covered']:.0%}"
        names = ", ".join(one["name"] for one in row["members"]) or "nobody"
        lines.append(f"{row['stage']:12} {row['needs']:5}  {covered:>7}  {names}")
    for link in answer["missing_links"]:
        lines += [
            "",
            f"missing link {link['stage']}: {'; '.join(link['needs']) or 'nobody active'}",
        ]
        lines += [f"  {_brings(one)}" for one in link["proposals"]]
    missing = ", ".join(answer["partner_mix"]["members"]["missing"]) or "nothing"
    return [*lines, "", f"missing in the mix of members: {missing}"]


def _roadmap(answer: Body) -> list[str]:
    lines = [f"{answer['initiative']['name']}: {answer['done']} of {len(answer['steps'])} covered"]
    for step in answer["steps"]:
        due = f"  by {step['due']}" if step["due"] else ""
        lines.append(f"{MARKS[step['status']]} {_need(step)}{due}")
        for one in step["covered_by"]:
            since = f"since {one['since']}, " if one["since"] else ""
            lines.append(f"      {since}{_brings(one)}")
    after = answer["next_missing"]
    return [*lines, "next: " + (after["text"] if after else "nothing is missing")]


def _teams(answer: Body) -> list[str]:
    lines = [f"{answer['initiative']['name']}: members cover {answer['members_cover']:.0%}"]
    for number, team in enumerate(answer["teams"], start=1):
        best = "the best possible" if team["exact"] else f"at most {team['best_possible']:.1%}"
        lines.append(f"team {number}: covers {team['coverage']:.1%} ({best})")
        for pick in team["picks"]:
            state = "member" if pick["member"] else f"+{pick['adds']:.1%}"
            one = pick["organisation"]
            lines.append(f"  {state:>7}  {one['name']}  [{one['type']}]  ({one['id']})")
            for met in pick["meets"]:
                if met["best_in_team"]:
                    lines.append(f"           {met['need'][:60]} ({met['probability']:.0%})")
                    lines.append(f"             {met['offer']['text'][:110]}")
        for need in team["needs"]:
            if need["status"] == "missing":
                lines.append(f"  nobody for: {need['text']}")
    for quota in answer["quotas"]:
        lines.append(f"{quota['label']}: {quota['count']}, costs {quota['cost']:.1%} of coverage")
    return lines


def _advice(answer: Body) -> list[str]:
    rank = answer["rank"] or "not in the list"
    lines = [f"{answer['organisation']['name']} for {answer['initiative']['name']}: now {rank}"]
    for step in answer["add"]:
        lines.append(f"  with the offer {step['offer']['text']!r}: {step['rank']}")
    if not answer["reached"]:
        lines.append(f"  that isn't among the first {answer['first']}")
    return lines
