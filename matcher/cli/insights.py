"""Commands about the whole corpus."""

from __future__ import annotations

import click

from matcher.cli.output import AS_JSON, print_answer
from matcher.cli.shared import Group
from matcher.current import services
from matcher.insights.overlaps import Overlaps
from matcher.insights.scope import Scope
from matcher.insights.strengths import Strengths
from matcher.insights.unrealised_matches import UnrealisedMatches

insight = Group("insight", help="Over the whole corpus.")
COMMANDS = (insight,)


@insight.command("overlaps")
@click.option("--region", default="", help="NUTS code or country of a member.")
@click.option("--domain", default="", help="Domain of a member.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 200))
@AS_JSON
def insight_overlaps(region: str, domain: str, limit: int, as_json: bool) -> None:
    """Find initiatives that want the same with other members."""
    answer = services().insights.overlaps(_scope(region, domain), limit)
    print_answer(answer, as_json, _overlaps_text)


@insight.command("missed-chances")
@click.option("--region", default="", help="NUTS code or country of one of the two.")
@click.option("--domain", default="", help="Domain of one of the two.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 200))
@AS_JSON
def insight_unrealised_matches(region: str, domain: str, limit: int, as_json: bool) -> None:
    """Find organisations whose needs and offers fit and who never worked together."""
    answer = services().insights.unrealised_matches(_scope(region, domain), limit)
    print_answer(answer, as_json, _unrealised_matches_text)


@insight.command("strengths")
@click.argument("region")
@AS_JSON
def insight_strengths(region: str, as_json: bool) -> None:
    """Map what REGION, a NUTS code or country, is strong in, against the rest."""
    print_answer(services().insights.strengths(region.upper()), as_json, _strengths_text)


def _scope(region: str, domain: str) -> Scope:
    known = [subject.id for subject in services().insights.subjects().domains]
    if domain and domain not in known:
        raise click.ClickException(f"{domain!r} isn't a domain; take one of {', '.join(known)}.")
    return Scope(region.upper(), domain)


def _overlaps_text(answer: Overlaps) -> list[str]:
    lines = []
    for pair in answer.results:
        lines.append(f"{pair.score:.2f}  {pair.one.name} / {pair.other.name}")
        lines += [f"      {need.one}  =  {need.other}" for need in pair.same_needs]
    return [*lines, f"{answer.total} pair(s) of {answer.initiatives} initiatives."]


def _unrealised_matches_text(answer: UnrealisedMatches) -> list[str]:
    lines = []
    for pair in answer.results:
        lines.append(f"{pair.score:.2f}  {pair.one.name} / {pair.other.name}")
        for met in pair.because:
            lines.append(f"      {met.asks.name} asks: {met.need.text[:110]}")
            lines.append(f"      {met.offers.name} offers: {met.offer.text[:110]}")
    return [*lines, f"{answer.total} pair(s), out of {answer.stated_needs} stated needs."]


def _strengths_text(answer: Strengths) -> list[str]:
    lines = [
        f"{answer.region}: {answer.organisations} organisations",
        f"{'domain':28}{'organisations':>14}{'strength':>10}{'quotient':>10}{'related':>9}"
        "  strongest",
    ]
    for row in answer.domains:
        names = ", ".join(organisation.name for organisation in row.strongest)
        lines.append(
            f"{row.domain.labels['en']:28.27}{row.organisations:>14}{row.strength:>10.1f}"
            f"{row.location_quotient:>10.2f}{row.relatedness_density:>9.0f}  {names}"
        )
    return lines
