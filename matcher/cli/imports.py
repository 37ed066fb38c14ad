"""Commands about records: import, index, demo data, duplicates."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from matcher.cli.shared import EXISTING, SHOWN_FAULTS, Group, progress_bar, refuse
from matcher.current import services
from matcher.demo import load as demo
from matcher.imports.cordis import read_cordis
from matcher.imports.organisations import read_organisations
from matcher.imports.row_errors import Batch, ImportRefused
from matcher.imports.storage import store_batch
from matcher.imports.template import write_template
from matcher.indexing.build import build_index
from matcher.organisations import duplicates

imports = Group("import", help="Import organisations and what they did.")
index = Group("index", help="The nearest-neighbour index.")
demos = Group("demo", help="The demo data that comes with the service.")
duplicates_ = Group("duplicates", help="Organisations that are recorded twice.")
COMMANDS = (imports, index, demos, duplicates_)


@imports.command("cordis")
@click.argument("path", type=EXISTING)
@click.option("--skip-invalid", is_flag=True, help="Leave faulty rows out instead of refusing.")
@click.option("--no-index", is_flag=True, help="Don't rebuild the index afterwards.")
def import_cordis(path: Path, skip_invalid: bool, no_index: bool) -> None:
    """Import a folder or zip in the layout of the CORDIS bulk files."""
    with progress_bar() as report:
        _import(
            lambda: read_cordis(path, skip_invalid=skip_invalid, progress=report),
            skip_invalid,
            no_index,
        )


@imports.command("organisations")
@click.argument("file", type=EXISTING)
@click.option("--skip-invalid", is_flag=True, help="Leave faulty rows out instead of refusing.")
@click.option("--no-index", is_flag=True, help="Don't rebuild the index afterwards.")
def import_organisations(file: Path, skip_invalid: bool, no_index: bool) -> None:
    """Import organisations with offers and needs from CSV, XLSX or NDJSON."""
    _import(lambda: read_organisations(file, skip_invalid=skip_invalid), skip_invalid, no_index)


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
    with progress_bar() as report:
        name = build_index(services().store, services().settings, report)
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


@duplicates_.command("list")
@click.option("--all", "everything", is_flag=True, help="Also those that share votes already.")
def duplicates_list(everything: bool) -> None:
    """List records that may be one organisation: self-made profiles first, then the surest."""
    found = [
        proposal
        for proposal in duplicates.proposals(services().store)
        if everything or not proposal.sure
    ]
    for proposal in found:
        state = "shares votes" if proposal.sure else "asks you"
        click.echo(f"{proposal.score:.2f}  {state:12}  {proposal.why}")
        for public_id, name in (proposal.one, proposal.other):
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


def _import(read: Callable[[], Batch], skip_invalid: bool, no_index: bool) -> None:
    store = services().store
    try:
        batch = read()
    except ImportRefused as refused:
        other = "." if skip_invalid else ", or leave these rows out with --skip-invalid."
        refuse(refused, f"nothing was imported. Mend them{other}")
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
    if (found := batch.house) is not None:
        house, count = found
        click.echo(
            f"{house.name} took part in {count} of the {len(batch.projects)} projects. If that is "
            f"your own house, name it as a member when you ask (--member {house.id}), or leave it "
            f"out (--exclude {house.id})."
        )
