"""The command that runs background jobs."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from matcher import logs
from matcher.cli.shared import Command
from matcher.current import services


@click.command("worker", cls=Command)
@with_appcontext
def worker() -> None:
    """Run background jobs (imports, index builds) until it is told to end (SIGTERM)."""
    logs.configure(services().settings, serving=True)
    click.echo("Running background jobs; end it with Ctrl-C or SIGTERM.", err=True)
    services().store.corpus_version()
    services().mailer.start_thread()
    services().jobs.serve()


COMMANDS = (worker,)
