"""What commands have in common: the services, a progress bar, how faults are shown."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from flask import current_app
from tqdm import tqdm

from embeddings.port import EncoderError
from matcher.index.generation import GenerationError
from matcher.services.container import Services
from matcher.services.importing.faults import ImportRefused

EXISTING = click.Path(exists=True, path_type=Path)
SHOWN_FAULTS = 50


def services() -> Services:
    """Return the services of this application."""
    found: Services = current_app.extensions["schakel"]
    return found


@contextmanager
def failures_told() -> Iterator[None]:
    """End the command with what an encoder or index that fails says."""
    try:
        yield
    except (EncoderError, GenerationError) as error:
        raise click.ClickException(str(error)) from error


@contextmanager
def progress_bar() -> Iterator[Callable[[str, int, int], None]]:
    """Give a progress callback that draws one bar a stage on standard error.

    An encoder or index that fails ends the command with what it says.
    """
    bars: dict[str, Any] = {}

    def report(stage: str, done: int, total: int) -> None:
        bar = bars.get(stage)
        if bar is None:
            for old in bars.values():
                old.close()
            bar = bars[stage] = tqdm(total=total, desc=stage, unit="", file=sys.stderr)
        bar.update(min(done, total) - bar.n)

    try:
        with failures_told():
            yield report
    finally:
        for bar in bars.values():
            bar.close()


def refuse(refused: ImportRefused) -> Any:
    """Show what is wrong with a file, and give up."""
    rows = [("file", "line", "column", "what is wrong", "what was expected")]
    for fault in refused.faults[:SHOWN_FAULTS]:
        line = str(fault.line) if fault.line else "-"
        rows.append((fault.file, line, fault.column or "-", fault.problem, fault.expected))
    widths = [max(len(row[place]) for row in rows) for place in range(4)]
    for row in rows:
        cells = [row[place].ljust(widths[place]) for place in range(4)]
        click.echo("  ".join([*cells, row[4]]), err=True)
    more = refused.count - min(len(refused.faults), SHOWN_FAULTS)
    if more > 0:
        click.echo(f"... and {more} more", err=True)
    raise click.ClickException(
        f"{refused.count} fault(s): nothing was imported. Mend them, or leave these rows out "
        "with --skip-invalid."
    )


@contextmanager
def friendly() -> Iterator[None]:
    """Show a fault in what was asked as a message, not as a trace."""
    try:
        yield
    except ValueError as error:
        raise click.ClickException(str(error)) from error
