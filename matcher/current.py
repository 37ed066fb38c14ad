"""The services of the Flask application that handles the present request or command."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from flask import Flask, current_app

from matcher.settings import Settings

if TYPE_CHECKING:
    from matcher.container import Services

EXTENSION = "schakel"
"""The key under which an application keeps its services."""
_SETTINGS = "schakel-settings"
_lock = threading.Lock()


def init_app(app: Flask, settings: Settings) -> None:
    """Let an application have services; they are made when they are first asked for."""
    app.extensions[_SETTINGS] = settings


def services_of(app: Flask) -> Services:
    """Return the services of an application."""
    with _lock:
        if EXTENSION not in app.extensions:
            from matcher.container import Services

            app.extensions[EXTENSION] = Services(app.extensions[_SETTINGS])
    found: Services = app.extensions[EXTENSION]
    return found


def services() -> Services:
    """Return the services of this application."""
    return services_of(current_app)
