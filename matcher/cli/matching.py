"""The command that asks for partners."""

from __future__ import annotations

import json
import re
from math import isnan
from typing import Any

import click
from flask.cli import with_appcontext

from matcher.cli.shared import Command
from matcher.current import services
from matcher.domain import (
    Filters,
    Need,
    OrganisationType,
    Question,
)
from matcher.matching.answer import Answer, FitLabel, Reason
from matcher.matching.question import QuestionError
from matcher.parameters import COMPLEMENT_DIAL, SIMILARITY_DIAL
from matcher.presenters import percent, to_json

TYPES = click.Choice([kind.value for kind in OrganisationType], case_sensitive=False)


class Share(click.FloatRange):
    """A number from 0 to 1."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the number; nan, which is neither too small nor too large, is none."""
        number = float(super().convert(value, param, ctx))
        if isnan(number):
            self.fail(f"{value!r} isn't a number from {self.min} to {self.max}.", param, ctx)
        return number


class Country(click.ParamType[str]):
    """Two letters, in capitals."""

    name = "code"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the letters in capitals."""
        if not re.fullmatch("[A-Za-z]{2}", value):
            self.fail(f"{value!r} isn't a country: give two letters, such as BE.", param, ctx)
        return str(value).upper()


SHARE = Share(0, 1)


@click.command("match", cls=Command)
@with_appcontext
@click.argument("text", default="")
@click.option("--need", "needs", multiple=True, help="Something needed; may be repeated.")
@click.option("--member", "members", multiple=True, help="Id of an organisation that is in.")
@click.option("--exclude", multiple=True, help="Id of an organisation to leave out.")
@click.option("--unlike", multiple=True, help="Id: neither this one nor any like it.")
@click.option("--complement", default=COMPLEMENT_DIAL, show_default=True, type=SHARE)
@click.option("--similarity-penalty", default=SIMILARITY_DIAL, show_default=True, type=SHARE)
@click.option("--across-fields", default=0.0, show_default=True, type=SHARE)
@click.option("--type", "types", multiple=True, type=TYPES)
@click.option(
    "--country", "countries", multiple=True, type=Country(), help="Two letters, such as BE."
)
@click.option("--sme-only", is_flag=True)
@click.option("--limit", default=10, show_default=True, type=click.IntRange(1, 200))
@click.option("--json", "as_json", is_flag=True, help="The answer as the API gives it.")
def match(text: str, needs: tuple[str, ...], as_json: bool, **options: Any) -> None:
    """Recommend partners for TEXT, with reasons."""
    filters = Filters(
        types=tuple(OrganisationType(one) for one in options["types"]),
        countries=options["countries"],
        sme_only=options["sme_only"],
    )
    question = Question(
        text=text,
        needs=tuple(Need(one) for one in needs),
        members=options["members"],
        exclude=options["exclude"],
        unlike=options["unlike"],
        complement=options["complement"],
        similarity_penalty=options["similarity_penalty"],
        across_fields=options["across_fields"],
        filters=filters,
        limit=options["limit"],
    )
    try:
        answer = services().recommender.recommend(question)
    except QuestionError as error:
        raise click.ClickException(f"{error.field}: {error}") from error
    if as_json:
        click.echo(json.dumps(to_json(answer), ensure_ascii=False, indent=2))
    else:
        print_matches(answer)


def print_matches(answer: Answer) -> None:
    """Print a match list with parts and reasons."""
    for notice in answer.notices:
        click.echo(notice.message)
        if notice.code == "nobody_yet":
            click.echo("Import some: schakel import organisations FILE, or import cordis PATH.")
    if answer.left_out:
        click.echo(f"Left out of the question: {'; '.join(answer.left_out)}")
    for one in answer.suggested_filters:
        state = "applied" if one.applied else "offered"
        click.echo(f"Filter {state}: {'not ' if one.excludes else ''}{one.field} {one.value}")
    for match_ in answer.results:
        organisation = match_.organisation
        place = ", ".join(part for part in (organisation.city, organisation.country) if part)
        parts = ", ".join(f"{name} {v:.3f}" for name, v in match_.parts.items() if abs(v) >= 0.0005)
        named = f"{organisation.name}  [{organisation.type.value}]  {place}  ({organisation.id})"
        click.echo(f"{match_.rank:3}. {named}")
        probability = "" if match_.probability is None else f"  (chance {match_.probability:.0%})"
        long_tail = "  (long tail: few past projects)" if match_.long_tail else ""
        company = "  (a place kept for companies)" if match_.company_place else ""
        fit = "" if match_.fit is None else f"fit {fit_text(match_.fit, match_.fit_probability)}; "
        ahead = long_tail + company
        click.echo(f"     {fit}score {match_.score:.3f} = {parts}{probability}{ahead}")
        if match_.coverage and match_.coverage.alone:
            alone, adds = match_.coverage.alone, match_.coverage.adds
            click.echo(f"     covers {alone:.0%} of what is needed, adds {adds:.0%} to the members")
        for line in (line for reason in match_.reasons for line in _reason(reason)):
            click.echo(f"     {line}")
    click.echo(
        f"{answer.total} found, corpus version {answer.corpus_version}, "
        f"{answer.took_ms} ms{', cached' if answer.cached else ''}"
    )


def _reason(reason: Reason) -> list[str]:
    likely = "" if reason.fit is None else f" ({fit_text(reason.fit, reason.probability)})"
    lines = [f"- {reason.sentence}{likely}"]
    if reason.facet is not None:
        lines.append(f"    {reason.facet.text[:160]}")
    return lines


def fit_text(fit: FitLabel, probability: float | None) -> str:
    """Return a label with the probability behind it, rounded down as on the pages."""
    return fit.value if probability is None else f"{fit.value}, {percent(probability)}%"


COMMANDS = (match,)
