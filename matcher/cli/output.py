"""Printing an answer as JSON or as text."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TypeVar

import click

from matcher.presenters import to_json

AS_JSON = click.option("--json", "as_json", is_flag=True, help="The answer as the API gives it.")
Answer = TypeVar("Answer")


def print_json(answer: object) -> None:
    """Print a dataclass, or what JSON holds already, as JSON."""
    click.echo(json.dumps(to_json(answer), ensure_ascii=False, indent=2))


def print_answer(answer: Answer, as_json: bool, as_text: Callable[[Answer], list[str]]) -> None:
    """Print an answer as JSON, or as the lines that `as_text` makes of it."""
    if as_json:
        print_json(answer)
    else:
        click.echo("\n".join(as_text(answer)))
