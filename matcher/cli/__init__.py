"""The commands of `schakel`, each imported when it is called."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import click
from flask import Flask

COMMANDS = {
    "import": ("imports", "Import organisations and what they did."),
    "index": ("imports", "The nearest-neighbour index."),
    "demo": ("imports", "The demo data that comes with the service."),
    "duplicates": ("imports", "Organisations that are recorded twice."),
    "match": ("matching", "Recommend partners for TEXT, with reasons."),
    "initiative": ("initiatives", "Initiatives: their needs, gaps, partners and teams."),
    "insight": ("insights", "Over the whole corpus."),
    "train": (
        "evaluation",
        "Fit the weights on the past projects anew, and show what was weighed.",
    ),
    "evaluate": (
        "evaluation",
        "Measure how well partners of real projects are found, beside simple methods.",
    ),
    "encoder": ("evaluation", "Models that turn texts into vectors."),
    "apikey": ("administration", "Keys for writing through the API."),
    "user": ("administration", "Those who sign in."),
    "settings": ("administration", "Print the table of settings."),
    "db": ("operations", "The schema of the store."),
    "backup": ("operations", "Copy the store to FILE, which mustn't be there yet."),
    "restore": ("operations", "Put the backup FILE in place of what is in the store."),
    "doctor": ("operations", "Look at all that the service needs, and say what to do."),
    "retention": ("operations", "What is deleted by time."),
    "worker": (
        "jobs",
        "Run background jobs (imports, index builds) until it is told to end (SIGTERM).",
    ),
}
"""The module of each command in this package, and what it says of itself."""


class LazyCommand(click.Command):
    """A command or group of which the list needs the name and a sentence."""

    def __init__(self, name: str, module: str, sentence: str) -> None:
        super().__init__(name, help=sentence)
        self._module = module

    def load(self) -> click.Command:
        """Import the command."""
        module = import_module(f"matcher.cli.{self._module}")
        found: click.Command = next(one for one in module.COMMANDS if one.name == self.name)
        return found

    def make_context(self, *args: Any, **options: Any) -> click.Context:
        """Read its arguments, as the command itself does."""
        return self.load().make_context(*args, **options)


def init_app(app: Flask) -> None:
    """Add the commands."""
    for name, (module, sentence) in COMMANDS.items():
        app.cli.add_command(LazyCommand(name, module, sentence))
