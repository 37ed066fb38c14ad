"""The types of settings that take more than a glance to check.

A check raises ValueError; its message is the rest of a sentence that begins with the variable, such
as "is 'x'; it must be ...". Where a value may hold a password, the message holds no part of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from limits import parse_many
from pydantic import AfterValidator, BeforeValidator, Field
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from matcher.redis_url import make_connection_pool

DATABASES = ("sqlite", "sqlite+pysqlite", "postgresql", "postgresql+psycopg")
"""What a DATABASE_URL can begin with."""
_HOST_NAME = re.compile(r"[A-Za-z0-9.-]+|[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*")
_NO_FILE = (None, "", ":memory:")
"""SQLite databases that each connection has for itself and that end with it."""


def _folder(value: Path) -> Path:
    try:
        return value.expanduser().resolve()
    except RuntimeError as error:
        raise ValueError(f"is {str(value)!r}; there is no such user's folder") from error


def _on_or_off(value: Any) -> Any:
    if value in ("on", "off"):
        return value == "on"
    if isinstance(value, bool):
        return value
    raise ValueError(f"is {value!r}; it can be: on, off")


def _bind(value: str) -> str:
    try:
        parts = urlsplit(f"//{value}")
        usable = parts.netloc == value and bool(parts.hostname and parts.port) and "@" not in value
    except ValueError:
        usable = False
    if not usable:
        raise ValueError(
            f"is {value!r}; it must be host:port, with brackets around an IPv6 address, such as "
            "[::1]:8000"
        )
    return value


def _address(*schemes: str) -> Callable[[str], str]:
    """Return a check of addresses; its message holds no part of one, which may be a password."""

    def check(value: str) -> str:
        try:
            parts = urlsplit(value)
            usable = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
        except ValueError:  # half an IPv6 address, a port that isn't a number
            usable = False
        if value and not usable:
            known = ", ".join(f"{scheme}://" for scheme in schemes)
            raise ValueError(
                f"is not an address that begins with one of: {known}, then a host, and a colon and "
                "a number where a port is given"
            )
        return value.rstrip("/")

    return check


def _database_url(value: str) -> str:
    try:
        url = make_url(value)
        usable = url.drivername in DATABASES
        usable = usable and (url.get_backend_name() != "sqlite" or url.database not in _NO_FILE)
    except (ArgumentError, ValueError):
        usable = False
    if not usable:
        raise ValueError(
            "can't be used; write postgresql+psycopg://user:password@host/name, with % escapes in "
            "the password, or sqlite:/// and the path of a file"
        )
    return value


def _redis_url(value: str) -> str:
    if value:
        try:
            make_connection_pool(value)
        except ValueError as error:
            raise ValueError(f"can't be used: {error}") from None
    return value


def _rate_limits(value: str) -> str:
    try:
        if value != "off":
            parse_many(value)
    except ValueError:
        raise ValueError(
            f"is {value!r}; it must be limits such as `120 per minute; 2000 per hour`, or `off`"
        ) from None
    return value


def is_loopback(host_and_port: str) -> bool:
    """Return whether only this machine itself can reach an address to serve on."""
    host = urlsplit(f"//{host_and_port}").hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _host_names(value: str) -> str:
    for name in value.split(","):
        if value and not _HOST_NAME.fullmatch(name.strip()):
            raise ValueError(
                f"is {value!r}; it must be names or addresses without ports, separated by commas"
            )
    return value


def names(value: str) -> frozenset[str]:
    """Return the names of a list with commas, in lower case."""
    return frozenset(name.strip().casefold() for name in value.split(",") if name.strip())


Count = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0.0, le=1.0)]
WebAddress = Annotated[str, AfterValidator(_address("http", "https"))]
CountFromZero = Annotated[int, Field(ge=0)]
Folder = Annotated[Path, AfterValidator(_folder)]
OnOrOff = Annotated[bool, BeforeValidator(_on_or_off)]
HostAndPort = Annotated[str, AfterValidator(_bind)]
Names = str
"""Names separated by commas, read by `names`."""
HostNames = Annotated[str, AfterValidator(_host_names)]
DatabaseUrl = Annotated[str, AfterValidator(_database_url)]
RedisUrl = Annotated[str, AfterValidator(_redis_url)]
RateLimits = Annotated[str, AfterValidator(_rate_limits)]
MailServer = Annotated[str, AfterValidator(_address("smtp", "smtp+starttls", "smtps"))]
LogLevel = Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(str.upper)]
