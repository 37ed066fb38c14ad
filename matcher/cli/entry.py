"""The command `schakel`: `flask --app app` from any folder."""

from __future__ import annotations

from importlib import import_module

from flask import Flask
from flask.cli import FlaskGroup


def main() -> None:
    """Run a command."""
    group = FlaskGroup(name="schakel", help="Recommends partners.", create_app=_application)
    group.params = [option for option in group.params if option.name != "app"]
    group.main(prog_name="schakel")


def _application() -> Flask:
    found: Flask = import_module("app").app
    return found
