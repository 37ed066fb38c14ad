"""The commands of `flask --app app`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from flask import Flask, current_app
from flask.cli import AppGroup, with_appcontext
from tqdm import tqdm

from embeddings.convert import convert
from embeddings.port import EncoderError
from matcher import settings as settings_module
from matcher.domain import Filters, Need, OrganisationType, Question
from matcher.services import api_keys, demo, duplicates
from matcher.services.building import build_index
from matcher.services.container import Services
from matcher.services.evaluate import TranslationsRefused, evaluate
from matcher.services.importing.cordis import read_cordis
from matcher.services.importing.faults import Batch, ImportRefused
from matcher.services.importing.organisations import read_organisations
from matcher.services.importing.template import write_template
from matcher.services.imports import store_batch
from matcher.services.recommend import QuestionError
from matcher.services.tables import as_text, training_text
from matcher.services.training import NotEnoughHistory, install, train

EXISTING = click.Path(exists=True, path_type=Path)
SHOWN_FAULTS = 50

imports = AppGroup("import", help="Import organisations and what they did.")
index = AppGroup("index", help="The nearest-neighbour index.")
demos = AppGroup("demo", help="The demo data that comes with the service.")
keys = AppGroup("apikey", help="Keys for writing through the API.")
duplicates_ = AppGroup("duplicates", help="Organisations that are recorded twice.")
encoders = AppGroup("encoder", help="Models that turn texts into vectors.")


def init_app(app: Flask) -> None:
    """Add the commands."""
    for group in (imports, index, demos, keys, encoders, duplicates_):
        app.cli.add_command(group)
    for command in (match, train_command, evaluate_command, show_settings):
        app.cli.add_command(command)


def services() -> Services:
    """Return the services of this application."""
    found: Services = current_app.extensions["schakel"]
    return found


@contextmanager
def progress_bar() -> Iterator[Callable[[str, int, int], None]]:
    """Give a progress callback that draws one bar a stage on standard error."""
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


@imports.command("cordis")
@click.argument("path", type=EXISTING)
@click.option("--skip-invalid", is_flag=True, help="Leave faulty rows out instead of refusing.")
@click.option("--no-index", is_flag=True, help="Don't rebuild the index afterwards.")
def import_cordis(path: Path, skip_invalid: bool, no_index: bool) -> None:
    """Import a folder or zip in the layout of the CORDIS bulk files."""
    with progress_bar() as report:
        _import(lambda: read_cordis(path, skip_invalid=skip_invalid, progress=report), no_index)


@imports.command("organisations")
@click.argument("file", type=EXISTING)
@click.option("--skip-invalid", is_flag=True, help="Leave faulty rows out instead of refusing.")
@click.option("--no-index", is_flag=True, help="Don't rebuild the index afterwards.")
def import_organisations(file: Path, skip_invalid: bool, no_index: bool) -> None:
    """Import organisations with offers and needs from CSV, XLSX or NDJSON."""
    _import(lambda: read_organisations(file, skip_invalid=skip_invalid), no_index)


@imports.command("template")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Overwrite the file if it is there.")
def import_template(file: Path, force: bool) -> None:
    """Write an example to fill in: the suffix .csv, .xlsx or .ndjson decides."""
    if file.exists() and not force:
        raise click.ClickException(f"{file} is there already; --force overwrites it.")
    try:
        write_template(file)
    except (ValueError, OSError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"Wrote {file}.")


@index.command("build")
def index_build() -> None:
    """Embed everything anew and publish it; workers go over to it by themselves."""
    try:
        with progress_bar() as report:
            name = build_index(services().store, services().settings, report)
    except EncoderError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"The index is {name}.")


@demos.command("load")
@click.option("--once", is_flag=True, help="Do nothing when the store holds anything already.")
def demo_load(once: bool) -> None:
    """Store the demo organisations, past projects and the two initiatives."""
    store = services().store
    if once and store.corpus_version() > 0:
        click.echo("The store holds data already: the demo data was not loaded again.")
        return
    with progress_bar() as report:
        result = demo.load(store, report)
        build_index(store, services().settings, report)
    click.echo(
        f"Demo data: {result.organisations} organisations, {result.projects} past projects, "
        f"2 initiatives (corpus version {result.corpus_version})."
    )


@click.command("match")
@with_appcontext
@click.argument("text", default="")
@click.option("--need", "needs", multiple=True, help="Something needed; may be repeated.")
@click.option("--member", "members", multiple=True, help="Id of an organisation that is in.")
@click.option("--exclude", multiple=True, help="Id of an organisation to leave out.")
@click.option("--type", "types", multiple=True, type=click.Choice(list(OrganisationType)))
@click.option("--country", "countries", multiple=True, help="Two letters, such as BE.")
@click.option("--sme-only", is_flag=True)
@click.option("--limit", default=10, show_default=True, type=click.IntRange(1, 200))
@click.option("--json", "as_json", is_flag=True, help="The answer as the API gives it.")
def match(text: str, needs: tuple[str, ...], as_json: bool, **options: Any) -> None:
    """Recommend partners for TEXT, with reasons."""
    filters = Filters(
        types=tuple(OrganisationType(one) for one in options["types"]),
        countries=tuple(one.upper() for one in options["countries"]),
        sme_only=options["sme_only"],
    )
    question = Question(
        text=text,
        needs=tuple(Need(one) for one in needs),
        members=options["members"],
        exclude=options["exclude"],
        filters=filters,
        limit=options["limit"],
    )
    try:
        answer = services().recommender.recommend(question)
    except QuestionError as error:
        raise click.ClickException(f"{error.field}: {error}") from error
    if as_json:
        click.echo(json.dumps(answer, ensure_ascii=False, indent=2))
    else:
        _print_matches(answer)


@click.command("evaluate")
@with_appcontext
@click.option("--train", "train_on", required=True, type=EXISTING, help="CORDIS folder: profiles.")
@click.option("--test", required=True, type=EXISTING, help="CORDIS folder of the questions.")
@click.option("--seed", default=1, show_default=True, help="Draws the members that are given.")
@click.option("--translations", type=EXISTING, help="CSV: id and titles in nl, fr, de.")
@click.option("--trade-off", is_flag=True, help="Also what the popularity setting does.")
@click.option("--json", "as_json", is_flag=True)
def evaluate_command(train_on: Path, test: Path, as_json: bool, **options: Any) -> None:
    """Measure how well partners of real projects are found, beside two baselines."""
    try:
        with progress_bar() as report:
            found = evaluate(train_on, test, services().settings, progress=report, **options)
    except ImportRefused as refused:
        _refuse(refused)
    except TranslationsRefused as refused:
        raise click.ClickException(str(refused)) from refused
    click.echo(json.dumps(found, indent=2) if as_json else as_text(found))


@click.command("train")
@with_appcontext
@click.option("--seed", default=1, show_default=True, help="Draws the members that are given.")
@click.option("--dry-run", is_flag=True, help="Only print what would be gained.")
def train_command(seed: int, dry_run: bool) -> None:
    """Learn from the past projects how much each score part counts; install what gains."""
    try:
        with progress_bar() as report:
            training = train(services().live, services().settings, seed=seed, progress=report)
    except NotEnoughHistory as reason:
        raise click.ClickException(str(reason)) from reason
    click.echo(training_text(training))
    if not training.gained:
        raise click.ClickException("The learned weights lose: nothing was installed.")
    if dry_run:
        click.echo("Nothing was installed (--dry-run).")
        return
    version = services().live.snapshot().version
    name = install(services().settings, training, version)
    click.echo(f"Installed: the index is {name}; workers go over to it by themselves.")


@encoders.command("convert")
@click.argument("source", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--int8", is_flag=True, help="Round the weights to bytes: smaller and faster.")
def encoder_convert(source: Path, target: Path, int8: bool) -> None:
    """Make of a sentence-transformers folder one that runs without torch."""
    try:
        convert(source, target, int8=int8)
    except EncoderError as error:
        raise click.ClickException(str(error)) from error
    click.echo(
        f"Wrote {target}. To use it, set SCHAKEL_ENCODER=transformer and "
        f"SCHAKEL_MODEL_FOLDER={target}, then run: flask --app app index build"
    )


@duplicates_.command("list")
@click.option("--all", "everything", is_flag=True, help="Also those that share votes already.")
def duplicates_list(everything: bool) -> None:
    """List records that may be one organisation, the surest first."""
    found = [one for one in duplicates.proposals(services().store) if everything or not one.sure]
    for one in found:
        state = "shares votes" if one.sure else "asks you"
        click.echo(f"{one.score:.2f}  {state:12}  {one.why}")
        for public_id, name in (one.one, one.other):
            click.echo(f"      {public_id}  {name}")
    click.echo(f"{len(found)} pair(s).")


@duplicates_.command("merge")
@click.argument("keep")
@click.argument("gone")
def duplicates_merge(keep: str, gone: str) -> None:
    """Make one organisation of two: what GONE has goes to KEEP, its id leads there."""
    try:
        duplicates.merge(services().store, keep, gone)
    except duplicates.NoSuchOrganisation as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{gone} is now {keep}.")


@duplicates_.command("dismiss")
@click.argument("one")
@click.argument("other")
def duplicates_dismiss(one: str, other: str) -> None:
    """Say that ONE and OTHER are different; it counts from the next index build on."""
    try:
        duplicates.dismiss(services().store, one, other)
    except duplicates.NoSuchOrganisation as error:
        raise click.ClickException(str(error)) from error
    click.echo("They aren't offered again.")


@keys.command("create")
@click.argument("name")
def apikey_create(name: str) -> None:
    """Make a key for NAME; it is shown this once."""
    click.echo(api_keys.create_key(services().store, name))


@keys.command("list")
def apikey_list() -> None:
    """List the names of all keys."""
    for row in api_keys.list_keys(services().store):
        state = "revoked" if row.revoked else "valid"
        click.echo(f"{row.name}\t{row.created:%Y-%m-%d}\t{state}")


@keys.command("revoke")
@click.argument("name")
def apikey_revoke(name: str) -> None:
    """Make all keys of NAME useless."""
    click.echo(f"{api_keys.revoke_key(services().store, name)} key(s) revoked.")


@click.command("settings")
def show_settings() -> None:
    """Print the table of settings."""
    click.echo(settings_table())


def settings_table() -> str:
    """Return the settings as a Markdown table; the README holds the same."""
    lines = ["| variable | default | meaning |", "| --- | --- | --- |"]
    for row in settings_module.TABLE:
        default = f"`{row.default}`" if row.default else "(empty)"
        lines.append(f"| `{row.variable}` | {default} | {row.help} |")
    return "\n".join(lines)


def _import(read: Callable[[], Batch], no_index: bool) -> None:
    store = services().store
    try:
        batch = read()
    except ImportRefused as refused:
        _refuse(refused)
    with progress_bar() as report:
        result = store_batch(store, batch, report)
        if result.changed and not no_index:
            build_index(store, services().settings, report)
    for fault in batch.faults[:SHOWN_FAULTS]:
        click.echo(f"left out: {fault.file}:{fault.line} {fault.column}: {fault.problem}", err=True)
    click.echo(
        f"{result.organisations} organisations ({result.changed_organisations} new or changed), "
        f"{result.projects} projects ({result.changed_projects} new or changed), "
        f"{result.skipped} rows left out; corpus version {result.corpus_version}."
    )


def _refuse(refused: ImportRefused) -> Any:
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


def _print_matches(answer: dict[str, Any]) -> None:
    for notice in answer["notices"]:
        click.echo(notice["message"])
    for match_ in answer["results"]:
        one = match_["organisation"]
        place = ", ".join(part for part in (one["city"], one["country"]) if part)
        parts = ", ".join(f"{name} {v:.3f}" for name, v in match_["parts"].items() if v >= 0.0005)
        click.echo(f"{match_['rank']:3}. {one['name']}  [{one['type']}]  {place}  ({one['id']})")
        chance = "" if match_["chance"] is None else f"  (chance {match_['chance']:.0%})"
        click.echo(f"     score {match_['score']:.3f} = {parts}{chance}")
        for reason in match_["reasons"]:
            need = f" for: {reason['need']}" if reason["need"] else ""
            facet = reason["facet"]
            if facet is None:
                click.echo(f"     - named: {' '.join(reason['named'])}{need}")
                continue
            year = f" {facet['year']}" if facet["year"] else ""
            if reason["similarity"] is None:
                how = "worked with " + ", ".join(reason["with_members"])
            else:
                how = f"{reason['similarity']:.2f}"
            click.echo(f"     - {facet['kind']}{year} ({how}): {facet['text'][:160]}{need}")
    click.echo(
        f"{answer['total']} found, corpus version {answer['corpus_version']}, "
        f"{answer['took_ms']} ms{', cached' if answer['cached'] else ''}"
    )
