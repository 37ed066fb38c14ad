"""The services of the Flask application that handles the present request or command."""

from __future__ import annotations

from flask import current_app

from matcher.container import Services

EXTENSION = "schakel"
"""The key under which an application keeps its services."""


def services() -> Services:
    """Return the services of this application."""
    found: Services = current_app.extensions[EXTENSION]
    return found
