"""Commands about initiatives."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from pydantic import ValidationError

from matcher.cli.initiative_text import (
    advice_text,
    gaps_text,
    need_text,
    roadmap_text,
    teams_text,
)
from matcher.cli.matching import SHARE, print_matches
from matcher.cli.output import AS_JSON, print_answer, print_json
from matcher.cli.shared import Group
from matcher.current import services
from matcher.identifiers import random_id
from matcher.initiatives import actions as initiatives
from matcher.initiatives.advice import FIRST, IsMember
from matcher.initiatives.schema import InitiativeIn, document_of, initiative_from
from matcher.initiatives.team_request import (
    DEFAULT_SIZE,
    MAX_SIZE,
    MAX_TEAMS,
    QuotaRequest,
    TeamRequest,
)
from matcher.initiatives.team_schema import QuotaIn, quota_from
from matcher.initiatives.team_task import Infeasible
from matcher.matching.question import QuestionError
from matcher.parameters import COMPLEMENT_DIAL, SIMILARITY_DIAL
from matcher.validation_errors import field_errors

QUOTA = re.compile(r"([a-z_]+)(?: ([A-Za-z0-9_]+))?((?:[<>]=\d{1,3}){1,2})")

group = Group("initiative", help="Initiatives: their needs, gaps, partners and teams.")
COMMANDS = (group,)


@contextmanager
def explained() -> Iterator[None]:
    """Turn what the services raise into errors that say what to do."""
    try:
        yield
    except initiatives.NoSuchInitiative as error:
        hint = "`schakel initiative list` shows those that are there."
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


@group.command("list")
def initiative_list() -> None:
    """List all initiatives by name."""
    for initiative in initiatives.list_initiatives(services().store):
        counts = f"{len(initiative.needs)} needs, {len(initiative.members)} members"
        click.echo(f"{initiative.id}  {initiative.name}  ({counts})")


@group.command("show")
@click.argument("initiative_id")
def initiative_show(initiative_id: str) -> None:
    """Print an initiative as JSON; `add` takes it back."""
    with explained():
        found = initiatives.required(services().store, initiative_id)
    print_json(document_of(found))


@group.command("add")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def initiative_add(file: Path) -> None:
    """Store the initiative of a JSON file, in place of the one with the same id."""
    try:
        body = InitiativeIn.model_validate_json(file.read_bytes())
    except ValidationError as error:
        faults = [f"{one.path or 'the file'}: {one}" for one in field_errors(error, InitiativeIn)]
        detail = "Nothing was stored:\n  " + "\n  ".join(faults)
        raise click.ClickException(detail) from error
    given = initiative_from(body, body.id or random_id("init", body.name))
    with explained():
        stored, fresh = initiatives.replace_initiative(
            services().store, given, limits=services().limits
        )
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
    needs = services().initiatives.read_needs(brief)
    if as_json:
        print_json({"needs": needs})
    else:
        click.echo("\n".join(need_text(need) for need in needs))


@group.command("matches")
@click.argument("initiative_id")
@click.option("--limit", default=10, show_default=True, type=click.IntRange(1, 200))
@click.option("--complement", default=COMPLEMENT_DIAL, show_default=True, type=SHARE)
@click.option("--similarity-penalty", default=SIMILARITY_DIAL, show_default=True, type=SHARE)
@click.option("--unlike", multiple=True, help="Id: neither this one nor any like it.")
@AS_JSON
def initiative_matches(initiative_id: str, as_json: bool, **changed: Any) -> None:
    """Recommend partners for an initiative."""
    with explained():
        answer = services().initiatives.matches(
            initiative_id, lambda question: replace(question, **changed)
        )
    if as_json:
        print_json(answer)
    else:
        print_matches(answer)


@group.command("gaps")
@click.argument("initiative_id")
@AS_JSON
def initiative_gaps(initiative_id: str, as_json: bool) -> None:
    """Say which needs the members cover, who could cover the rest, and what link is missing."""
    with explained():
        print_answer(services().initiatives.gaps(initiative_id), as_json, gaps_text)


@group.command("roadmap")
@click.argument("initiative_id")
@AS_JSON
def initiative_roadmap(initiative_id: str, as_json: bool) -> None:
    """Print the needs from idea to market: who covers each, since when, what is next."""
    with explained():
        print_answer(services().initiatives.roadmap(initiative_id), as_json, roadmap_text)


@group.command("line-up")
@click.argument("initiative_id")
@click.option("--size", default=DEFAULT_SIZE, show_default=True, type=click.IntRange(1, MAX_SIZE))
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
    request = TeamRequest(quotas=tuple(read_quota(quota) for quota in quotas), **options)
    with explained():
        print_answer(services().initiatives.form_team(initiative_id, request), as_json, teams_text)


@group.command("advice")
@click.argument("initiative_id")
@click.argument("organisation_id")
@click.option("--first", default=FIRST, show_default=True, type=click.IntRange(1, 100))
@AS_JSON
def initiative_advice(initiative_id: str, organisation_id: str, first: int, as_json: bool) -> None:
    """Say what would bring an organisation among the first partners."""
    with explained():
        answer = services().initiatives.advice(initiative_id, organisation_id, first)
    print_answer(answer, as_json, advice_text)


def read_quota(text: str) -> QuotaRequest:
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
        faults = [fault["msg"].removeprefix("Value error, ") for fault in error.errors()]
        detail = "; ".join(faults)
        raise click.ClickException(f"The quota {text!r} can't be used: {detail}.") from error
    return quota_from(quota)
