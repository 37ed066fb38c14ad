"""Commands for whoever runs the service: schema, backups, a check of all parts, retention."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext

from matcher.cli.shared import EXISTING, Command, Group
from matcher.container import make_store
from matcher.current import services
from matcher.operations import backup as backups
from matcher.operations.doctor import State, examine
from matcher.operations.retention import delete_old
from matcher.settings import Settings
from matcher.store import SchemaError, Store

db = Group("db", help="The schema of the store.")
retention = Group("retention", help="What is deleted by time.")


def _settings() -> Settings:
    found: Settings = current_app.settings  # type: ignore[attr-defined]
    return found


def _store_as_it_is() -> Store:
    """Return the store, whose schema may be any."""
    settings = _settings()
    settings.home.mkdir(parents=True, exist_ok=True)
    return make_store(settings)


@db.command("current")
def db_current() -> None:
    """Print the revision of the schema; the exit code is 1 where it isn't the newest."""
    store = _store_as_it_is()
    schema = store.schema()
    newest = schema.present == schema.newest
    shown = schema.present or "none"
    click.echo(f"{shown} (the newest)" if newest else f"{shown}; the newest is {schema.newest}")
    store.dispose()
    if not newest:
        raise SystemExit(1)


@db.command("upgrade")
def db_upgrade() -> None:
    """Bring the schema to the newest revision. The service does so, too, when it starts."""
    store = _store_as_it_is()
    try:
        store.upgrade()
    except SchemaError as error:
        raise click.ClickException(f"The store can't be used: {error}.") from error
    click.echo(f"The schema is {store.schema().newest}.")
    store.dispose()


@db.command("downgrade")
@click.argument("revision")
def db_downgrade(revision: str) -> None:
    """Take the schema back to REVISION, for an older version of the service.

    Stop the service and make a backup first: what only the newer schema can hold is lost.
    """
    store = _store_as_it_is()
    try:
        schema = store.schema()
        if revision in schema.known and schema.present in schema.known:
            if schema.known.index(revision) < schema.known.index(schema.present):
                raise SchemaError(f"{revision} is newer than the present one; upgrade to it")
        store.migrate(revision)
    except SchemaError as error:
        raise click.ClickException(f"The schema can't be taken back: {error}.") from error
    click.echo(f"The schema is {revision}.")
    store.dispose()


@click.command("backup", cls=Command)
@click.argument("file", type=click.Path(path_type=Path))
@with_appcontext
def backup(file: Path) -> None:
    """Copy the store to FILE, which mustn't be there yet.

    The service may run meanwhile. The file holds contacts and hashes of passwords.
    """
    try:
        backups.backup(services().store, file)
    except backups.BackupError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{file} holds the store, {file.stat().st_size / 1e6:,.1f} MB.")


@click.command("restore", cls=Command)
@click.argument("file", type=EXISTING)
@click.option("--yes", is_flag=True, help="Don't ask.")
@with_appcontext
def restore(file: Path, yes: bool) -> None:
    """Put the backup FILE in place of what is in the store.

    The service may run meanwhile; until it has a fitting index, questions get 503.
    """
    if not yes:
        click.confirm("All that is in the store now will be gone. Go on?", abort=True, err=True)
    store = services().store
    try:
        backups.restore(store, _settings(), file, actor="command")
    except backups.BackupError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"The store is as in {file}, at version {store.corpus_version()}.")


@click.command("doctor", cls=Command)
@with_appcontext
def doctor() -> None:
    """Look at all that the service needs, and say what to do.

    The exit code is 1 where something must be done.
    """
    store = _store_as_it_is()
    found = []
    for finding in examine(_settings(), store):
        click.echo(f"{finding.state.upper():5} {finding.part:12} {finding.sentence}")
        found.append(finding.state)
    store.dispose()
    if State.ACT in found:
        raise SystemExit(1)


@retention.command("run")
def retention_run() -> None:
    """Delete what the settings SCHAKEL_KEEP_… keep no longer; a daily job does so, too."""
    deleted = delete_old(services().store, _settings(), actor="command")
    for name, count in asdict(deleted).items():
        click.echo(f"{name}\t{count}")


COMMANDS = (db, backup, restore, doctor, retention)
