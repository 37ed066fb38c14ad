"""Sending mail: by SMTP where a server is set, else into a mailbox folder to look into."""

from __future__ import annotations

import mailbox
import smtplib
import ssl
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from urllib.parse import unquote, urlsplit

import structlog

from matcher.settings import Settings

log = structlog.get_logger()
TIMEOUT_SECONDS = 15
DEFAULT_PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}


class MailError(Exception):
    """A mail could not be handed to the server."""


class Mailer:
    """Sends plain-text mails."""

    def __init__(self, settings: Settings) -> None:
        self._url = settings.smtp_url
        self._sender = settings.mail_from
        self._folder = settings.home / "mailbox"

    def send(self, to: str, subject: str, text: str) -> None:
        """Send one mail. Raises MailError when the server doesn't take it.

        Line breaks in `to` and `subject` are refused by the message class (ValueError), so nobody
        can add headers.
        """
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self._sender, to, subject
        message["Date"], message["Message-ID"] = formatdate(), make_msgid(domain="schakel")
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(text)
        if not self._url:
            self._folder.parent.mkdir(parents=True, exist_ok=True)
            box = mailbox.Maildir(self._folder, create=True)
            box.add(message)
            return
        try:
            self._send_by_smtp(message)
        except (OSError, smtplib.SMTPException) as error:
            log.error("mail not sent", kind=type(error).__name__)
            raise MailError("The mail server doesn't take mail at the moment.") from error

    def _send_by_smtp(self, message: EmailMessage) -> None:
        parts = urlsplit(self._url)
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
            server.send_message(message)
