"""Commands for administrators: API keys and settings."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from matcher.accounts import accounts, api_keys, passwords, second_factor
from matcher.accounts.accounts import AccountRole
from matcher.accounts.errors import AccountError
from matcher.cli.shared import Command, Group, friendly
from matcher.current import services
from matcher.settings import settings_help

keys = Group("apikey", help="Keys for writing through the API.")


@keys.command("create")
@click.argument("name")
@click.option(
    "--scope",
    default=api_keys.ALL,
    show_default=True,
    help="`read`, `all`, or the source whose records it may write, such as `crm` for `crm:x`.",
)
@click.option("--days", type=int, help="For how long it works; else until it is revoked.")
def apikey_create(name: str, scope: str, days: int | None) -> None:
    """Make a key for NAME; it is shown this once."""
    store = services().store
    with friendly():
        click.echo(api_keys.create_key(store, name, actor="command", scope=scope, days=days))


@keys.command("list")
def apikey_list() -> None:
    """List the names of all keys."""
    for row in api_keys.list_keys(services().store):
        valid = api_keys.is_valid(row, datetime.now(UTC))
        state = "valid" if valid else "revoked" if row.revoked else "out of date"
        used = f"used {row.used:%Y-%m-%d}" if row.used else "never used"
        click.echo(f"{row.name}\t{row.created:%Y-%m-%d}\t{row.scope}\t{used}\t{state}")


@keys.command("revoke")
@click.argument("name")
def apikey_revoke(name: str) -> None:
    """Make all keys of NAME useless."""
    count = api_keys.revoke_keys(services().store, name, actor="command")
    click.echo(f"{count} key(s) revoked.")


users = Group("user", help="Those who sign in.")
ROLES = click.Choice([role.value for role in AccountRole])
PASSWORD = click.option(
    "--password",
    envvar="SCHAKEL_PASSWORD",
    prompt="Password (at least 12 characters)",
    hide_input=True,
    confirmation_prompt=True,
    help="Better asked for, or given as SCHAKEL_PASSWORD, than written on the command line.",
)


@users.command("create")
@click.argument("email")
@click.option("--name", default="", help="How others see them; else the address.")
@click.option("--role", type=ROLES, default="manager", show_default=True)
@PASSWORD
def user_create(email: str, name: str, role: str, password: str) -> None:
    """Make an account for EMAIL."""
    with friendly():
        made = accounts.create(
            services().store,
            email=email,
            name=name,
            role=AccountRole(role),
            password=password,
            actor="command",
        )
    click.echo(f"{made.email} can sign in as {made.role}.")


@users.command("list")
def user_list() -> None:
    """List all accounts."""
    for account in accounts.list_accounts(services().store):
        state = "active" if account.active else "blocked"
        click.echo(f"{account.email}\t{account.name}\t{account.role}\t{state}")


@users.command("role")
@click.argument("email")
@click.argument("role", type=ROLES)
def user_role(email: str, role: str) -> None:
    """Give EMAIL another role."""
    with friendly():
        account = _account(email)
        accounts.change(services().store, account.id, actor="command", role=AccountRole(role))
    click.echo(f"{account.email} is {role} now.")


@users.command("password")
@click.argument("email")
@PASSWORD
def user_password(email: str, password: str) -> None:
    """Set a new password for EMAIL; all its sessions end."""
    with friendly():
        account = passwords.set_password(
            services().store, email=email, password=password, actor="command"
        )
    click.echo(f"The password of {account.email} is set.")


@users.command("codes-off")
@click.argument("email")
def user_codes_off(email: str) -> None:
    """Let EMAIL sign in without the codes of an app, such as one on a lost telephone."""
    with friendly():
        account = _account(email)
        second_factor.turn_off(services().store, account.id, actor="command")
    click.echo(f"{account.email} signs in without codes.")


@users.command("delete")
@click.argument("email")
def user_delete(email: str) -> None:
    """Delete the account of EMAIL."""
    with friendly():
        account = _account(email)
        accounts.delete(services().store, account.id, actor="command")
    click.echo(f"{account.email} is gone.")


def _account(email: str) -> accounts.Account:
    account = accounts.find_by_email(services().store, email)
    if account is None:
        raise AccountError("unknown", f"There is no account for {email}.")
    return account


@click.command("settings", cls=Command)
def show_settings() -> None:
    """Print the table of settings."""
    click.echo(settings_table())


def settings_table() -> str:
    """Return the settings as a Markdown table; the README holds the same."""
    lines = ["| variable | default | meaning |", "| --- | --- | --- |"]
    for row in settings_help():
        default = f"`{row.default}`" if row.default else "(empty)"
        lines.append(f"| `{row.variable}` | {default} | {row.help} |")
    return "\n".join(lines)


COMMANDS = (keys, users, show_settings)
