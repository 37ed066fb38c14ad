"""The commands of `flask --app app`."""

from __future__ import annotations

from flask import Flask

from matcher.cli import administration, evaluation, imports, initiatives, insights, jobs, matching
from matcher.cli.administration import settings_table

__all__ = ["MODULES", "init_app", "settings_table"]

MODULES = (imports, matching, initiatives, insights, evaluation, administration, jobs)


def init_app(app: Flask) -> None:
    """Add the commands."""
    for module in MODULES:
        for command in module.COMMANDS:
            app.cli.add_command(command)
