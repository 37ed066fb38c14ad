"""Commands for administrators: API keys and settings."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from matcher import settings as settings_module
from matcher.cli.shared import services
from matcher.services import api_keys

keys = AppGroup("apikey", help="Keys for writing through the API.")


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


COMMANDS = (keys, show_settings)
