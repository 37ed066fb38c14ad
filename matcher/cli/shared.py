"""What commands have in common: a progress bar, and errors shown as sentences."""

from __future__ import annotations

import errno
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from flask.cli import AppGroup
from sqlalchemy.exc import OperationalError

from embeddings.port import EncoderError
from matcher.corpus.generation import GenerationError
from matcher.deadline import DeadlineExceeded
from matcher.imports.row_errors import ImportRefused
from matcher.progress import Progress, ProgressLines
from matcher.settings import SettingsError

EXISTING = click.Path(exists=True, path_type=Path)
SHOWN_FAULTS = 50
_SURROGATE = re.compile("[\ud800-\udfff]")


class Command(click.Command):
    """A command that ends with a sentence where store, disk, index or model fail."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run it, unless an argument isn't text."""
        for parameter in self.params:
            value = ctx.params.get(parameter.name or "")
            for text in value if isinstance(value, tuple) else (value,):
                if isinstance(text, str) and _SURROGATE.search(text):
                    problem = "its bytes aren't UTF-8, so they aren't text."
                    raise click.BadParameter(problem, ctx, parameter)
        with failures_as_sentences():
            return super().invoke(ctx)


class Group(AppGroup):
    """A group of such commands."""

    command_class = Command


@contextmanager
def failures_as_sentences() -> Iterator[None]:
    """End the command with what fails: a model, the index, the store, the disk, a setting."""
    try:
        yield
    except (DeadlineExceeded, EncoderError, GenerationError, SettingsError) as error:
        raise click.ClickException(str(error)) from error
    except OperationalError as error:
        raise click.ClickException(
            f"The store can't be used: {error.orig}. See whether it is there, may be written and "
            "has room (SCHAKEL_HOME, DATABASE_URL)."
        ) from error
    except OSError as error:
        if error.errno == errno.EPIPE:  # whoever reads the output has seen enough
            raise
        raise click.ClickException(
            f"A file or folder can't be used: {error}. See whether it may be read and written and "
            "the disk has room (SCHAKEL_HOME)."
        ) from error


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """Give a progress callback that draws one bar a stage on standard error.

    Where that isn't a terminal, a line says now and then how far the work is.
    """
    if not sys.stderr.isatty():
        yield ProgressLines(lambda line: click.echo(line, err=True))
        return
    from tqdm import tqdm

    bars: dict[str, Any] = {}

    def report(stage: str, done: int, total: int) -> None:
        bar = bars.get(stage)
        if bar is None:
            for old in bars.values():
                old.close()
            bar = bars[stage] = tqdm(total=total, desc=stage, unit="", file=sys.stderr)
        bar.update(min(done, total) - bar.n)

    try:
        yield report
    finally:
        for bar in bars.values():
            bar.close()


def refuse(refused: ImportRefused, advice: str) -> Any:
    """Show what is wrong with a file, and give up with some advice."""
    rows = [("file", "line", "column", "what is wrong", "what was expected")]
    for fault in refused.faults[:SHOWN_FAULTS]:
        line = str(fault.line) if fault.line else "-"
        rows.append((fault.file, line, fault.column or "-", fault.problem, fault.expected))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    for row in rows:
        cells = [row[column].ljust(widths[column]) for column in range(4)]
        click.echo("  ".join([*cells, row[4]]), err=True)
    more = refused.count - min(len(refused.faults), SHOWN_FAULTS)
    if more > 0:
        click.echo(f"... and {more} more", err=True)
    raise click.ClickException(f"{refused.count} fault(s): {advice}")


@contextmanager
def friendly() -> Iterator[None]:
    """Show what can't be used in the arguments as a message, not as a trace."""
    try:
        yield
    except ValueError as error:
        raise click.ClickException(str(error)) from error
