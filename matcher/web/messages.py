"""Translatable messages of the services, in the visitor's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _

from matcher.messages import message_json


def translated(message: Any) -> str:
    """Return a message, or its JSON, in the visitor's language.

    Plain texts stay as they are: lists of words that a file may hold, and what was stored before
    messages had templates.
    """
    message = message_json(message)
    if not isinstance(message, Mapping):
        return str(message)
    values = {name: translated(value) for name, value in message["values"].items()}
    template = message["template"]
    return str(_(template)) % values
