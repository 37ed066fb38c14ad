"""What may not stand in a log: tokens, addresses of people, what somebody typed."""

from __future__ import annotations

import logging
import re
import sys
import traceback
from collections.abc import MutableMapping
from types import TracebackType
from typing import Any, TypeAlias

MASK = "***"
MAX_MESSAGE_LENGTH = 300
_SECRET = re.compile(r"(?<![\w-])[\w-]{40,}(?![\w-])")
"""Tokens and keys have 43 characters (256 bits in base64), ids and request numbers up to 32."""
_EMAIL = re.compile(r"[^\s@<>\"'(),;:=/\[\]]+(?:@|%40)[^\s@<>\"'(),;:/\[\]]+", re.IGNORECASE)
_TELEPHONE = re.compile(r"\+\d[\d ./()-]{6,}\d")
_QUERY = re.compile(r"(/[^\s?\"']*)\?[^\s\"']+")
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|“[^”]*”")
_ABOUT_CODE = frozenset(
    {"AttributeError", "ImportError", "ModuleNotFoundError", "NameError", "TypeError"}
    | {"OSError", "FileNotFoundError", "PermissionError", "OperationalError"}
)
"""Exceptions that quote names of code, files or servers; others quote what somebody typed."""

_ExcInfo: TypeAlias = tuple[type[BaseException] | None, BaseException | None, TracebackType | None]


def masked(text: str) -> str:
    """Return a text without tokens, query strings, e-mail addresses and telephone numbers."""
    text = _QUERY.sub(rf"\1?{MASK}", text)
    for pattern in (_SECRET, _EMAIL, _TELEPHONE):
        text = pattern.sub(MASK, text)
    return text


def mask_values(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> Any:
    """Mask all texts of a line; a processor of structlog, to come after the exception's."""
    for name, value in line.items():
        line[name] = _masked_value(value)
    return line


def _masked_value(value: Any) -> Any:
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, dict):
        return {key: _masked_value(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_masked_value(part) for part in value]
    return value


def exception_text(exc_info: _ExcInfo) -> str:
    """Return the traceback of an exception and its causes, without what somebody typed.

    Of a message the first line is shown: PostgreSQL gives the rows of the store in the next.
    """
    parts: list[str] = []
    error = exc_info[1] or sys.exc_info()[1]
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        frames = "".join(traceback.format_tb(error.__traceback__))
        parts.append(f"{frames}{_summary(error)}")
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\nwhich came from:\n".join(parts)


def _summary(error: BaseException) -> str:
    name = type(error).__name__
    message = (str(error).splitlines() or [""])[0]
    if name not in _ABOUT_CODE:
        message = _QUOTED.sub(f"'{MASK}'", message)
    return f"{name}: {message[:MAX_MESSAGE_LENGTH]}"


class MaskingFilter(logging.Filter):
    """Masks the lines of libraries that log addresses of pages, such as gunicorn and Werkzeug."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Mask a line; none is left out."""
        record.msg, record.args = masked(record.getMessage()), None
        if record.exc_info:
            record.msg += "\n" + masked(exception_text(record.exc_info))
            record.exc_info = record.exc_text = None
        return True
