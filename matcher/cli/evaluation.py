"""Commands about the quality of matches: evaluate, train, encoder."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import click
from flask.cli import with_appcontext

from embeddings.tools.convert import convert
from matcher.cli.shared import EXISTING, Command, Group, progress_bar, refuse
from matcher.current import services
from matcher.evaluation.evaluate import (
    NothingAsked,
    TestSet,
    TranslationsRefused,
    check_test_set,
    evaluate,
    read_translations,
    temporary_settings,
)
from matcher.evaluation.fitting import NotEnoughHistory
from matcher.evaluation.report import evaluation_text, fit_text
from matcher.imports.cordis import read_cordis
from matcher.imports.row_errors import ImportRefused
from matcher.imports.storage import store_batch
from matcher.indexing.build import build_index, refit
from matcher.indexing.provider import provide_corpus
from matcher.presenters import to_json
from matcher.store import Store

encoders = Group("encoder", help="Models that turn texts into vectors.")


@click.command("evaluate", cls=Command)
@with_appcontext
@click.option("--train", "train_on", required=True, type=EXISTING, help="CORDIS folder: profiles.")
@click.option("--test", required=True, type=EXISTING, help="CORDIS folder of the questions.")
@click.option("--seed", default=1, show_default=True, help="Draws the members that are given.")
@click.option("--translations", type=EXISTING, help="CSV: id and titles in nl, fr, de.")
@click.option("--trade-off", is_flag=True, help="Also what settings buy and cost.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def evaluate_command(
    train_on: Path,
    test: Path,
    seed: int,
    translations: Path | None,
    trade_off: bool,
    as_json: bool,
) -> None:
    """Measure how well partners of real projects are found, beside simple methods."""
    try:
        words = read_translations(translations) if translations else {}
        tests = TestSet(read_cordis(test).projects, words)
        past = read_cordis(train_on)
        check_test_set(tests, frozenset(one.id for one in past.organisations), seed)
    except ImportRefused as refused:
        refuse(refused, "nothing was measured. Mend them first.")
    except TranslationsRefused as refused:
        name = translations.name if translations else ""
        text = str(refused)
        raise click.ClickException(
            text if text.startswith(name) else f"{name}: {text}"
        ) from refused
    except NothingAsked as refused:
        raise click.ClickException(str(refused)) from refused
    with tempfile.TemporaryDirectory(prefix="schakel-evaluate-") as folder, progress_bar() as bar:
        settings = temporary_settings(services().settings, Path(folder))
        store = Store(settings.database_url)
        store.upgrade()
        store_batch(store, past, bar)
        build_index(store, settings, bar)
        provider = provide_corpus(store, settings)
        report = evaluate(provider, settings, tests, seed=seed, trade_off=trade_off, progress=bar)
        store.dispose()
    click.echo(json.dumps(to_json(report), indent=2) if as_json else evaluation_text(report))


@click.command("train", cls=Command)
@with_appcontext
@click.option("--dry-run", is_flag=True, help="Only print what would be installed.")
def train_command(dry_run: bool) -> None:
    """Fit the weights on the past projects anew, and show what was weighed.

    Each index build does the same.
    """
    try:
        with progress_bar() as report:
            fitted = refit(services().corpus_provider, install=not dry_run, progress=report)
    except NotEnoughHistory as reason:
        raise click.ClickException(str(reason)) from reason
    click.echo(fit_text(fitted.report))
    if dry_run:
        click.echo("Nothing was installed (--dry-run).")
    else:
        click.echo(f"Installed: the index is {fitted.name}; workers go over to it by themselves.")


@encoders.command("convert")
@click.argument("source", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--int8", is_flag=True, help="Round the weights to bytes: smaller and faster.")
def encoder_convert(source: Path, target: Path, int8: bool) -> None:
    """Make of a sentence-transformers folder one that runs without torch."""
    convert(source, target, int8=int8)
    click.echo(
        f"Wrote {target}. To use it, set SCHAKEL_ENCODER=transformer and "
        f"SCHAKEL_MODEL_FOLDER={target}, then run: schakel index build"
    )


COMMANDS = (train_command, evaluate_command, encoders)
