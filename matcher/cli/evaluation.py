"""Commands about the quality of matches: evaluate, train, encoder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
from flask.cli import with_appcontext

from embeddings.tools.convert import convert
from matcher.cli.shared import EXISTING, Command, Group, progress_bar, refuse
from matcher.current import services
from matcher.evaluation.evaluate import NothingAsked, TranslationsRefused, evaluate
from matcher.evaluation.fitting import NotEnoughHistory, install, train
from matcher.evaluation.report import as_text, training_text
from matcher.imports.row_errors import ImportRefused

encoders = Group("encoder", help="Models that turn texts into vectors.")


@click.command("evaluate", cls=Command)
@with_appcontext
@click.option("--train", "train_on", required=True, type=EXISTING, help="CORDIS folder: profiles.")
@click.option("--test", required=True, type=EXISTING, help="CORDIS folder of the questions.")
@click.option("--seed", default=1, show_default=True, help="Draws the members that are given.")
@click.option("--translations", type=EXISTING, help="CSV: id and titles in nl, fr, de.")
@click.option("--trade-off", is_flag=True, help="Also what settings buy and cost.")
@click.option("--json", "as_json", is_flag=True)
def evaluate_command(train_on: Path, test: Path, as_json: bool, **options: Any) -> None:
    """Measure how well partners of real projects are found, beside two baselines."""
    try:
        with progress_bar() as report:
            found = evaluate(train_on, test, services().settings, progress=report, **options)
    except ImportRefused as refused:
        refuse(refused, "nothing was measured. Mend them first.")
    except (NothingAsked, TranslationsRefused) as refused:
        raise click.ClickException(str(refused)) from refused
    click.echo(json.dumps(found, indent=2) if as_json else as_text(found))


@click.command("train", cls=Command)
@with_appcontext
@click.option("--seed", default=1, show_default=True, help="Draws the members that are given.")
@click.option("--dry-run", is_flag=True, help="Only print what would be gained.")
def train_command(seed: int, dry_run: bool) -> None:
    """Learn from the past projects how much each score part counts; install what gains."""
    try:
        with progress_bar() as report:
            training = train(
                services().corpus_provider, services().settings, seed=seed, progress=report
            )
    except NotEnoughHistory as reason:
        raise click.ClickException(str(reason)) from reason
    click.echo(training_text(training))
    if not training.gained:
        raise click.ClickException("The learned weights lose: nothing was installed.")
    if dry_run:
        click.echo("Nothing was installed (--dry-run).")
        return
    version = services().corpus_provider.snapshot().version
    name = install(services().settings, training, version)
    click.echo(f"Installed: the index is {name}; workers go over to it by themselves.")


@encoders.command("convert")
@click.argument("source", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--int8", is_flag=True, help="Round the weights to bytes: smaller and faster.")
def encoder_convert(source: Path, target: Path, int8: bool) -> None:
    """Make of a sentence-transformers folder one that runs without torch."""
    convert(source, target, int8=int8)
    click.echo(
        f"Wrote {target}. To use it, set SCHAKEL_ENCODER=transformer and "
        f"SCHAKEL_MODEL_FOLDER={target}, then run: flask --app app index build"
    )


COMMANDS = (train_command, evaluate_command, encoders)
