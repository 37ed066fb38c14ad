"""Handing a mail over: by SMTP where a server is set, else into a mailbox folder to look into."""

from __future__ import annotations

import mailbox
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from matcher.settings import Settings

TIMEOUT_SECONDS = 15
DEFAULT_PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}


def deliver(settings: Settings, message: EmailMessage) -> None:
    """Hand one mail over. Raises OSError or SMTPException when the server doesn't take it."""
    if settings.smtp_url:
        _send_by_smtp(settings.smtp_url, message)
        return
    settings.home.mkdir(parents=True, exist_ok=True)
    box = mailbox.Maildir(settings.home / "mailbox", create=True)
    box.add(message)


def check_server(settings: Settings) -> None:
    """Ask the mail server whether it is there. Raises OSError or SMTPException where it isn't."""
    with _server(settings.smtp_url) as server:
        server.noop()


def _send_by_smtp(url: str, message: EmailMessage) -> None:
    with _server(url) as server:
        server.send_message(message)


@contextmanager
def _server(url: str) -> Iterator[smtplib.SMTP]:
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or DEFAULT_PORTS[parts.scheme]
    if parts.scheme == "smtps":
        context = ssl.create_default_context()
        server: smtplib.SMTP = smtplib.SMTP_SSL(
            host, port, timeout=TIMEOUT_SECONDS, context=context
        )
    else:
        server = smtplib.SMTP(host, port, timeout=TIMEOUT_SECONDS)
    with server:
        if parts.scheme == "smtp+starttls":
            server.starttls(context=ssl.create_default_context())
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
        yield server
