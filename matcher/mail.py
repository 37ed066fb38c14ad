"""Mails: put into a queue by requests, handed over in the background, and tried again.

So nobody waits for a mail server, and how long an answer takes doesn't tell whether a mail was
sent. Imports and builds may take long, so mails have a queue of their own beside that of jobs. What
waits is encrypted with SCHAKEL_SECRET_KEY: mails hold secret links, which the store must not know.
"""

from __future__ import annotations

import secrets
import smtplib
import threading
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

import structlog
from sqlalchemy import delete, select, update

from matcher.mail_delivery import deliver
from matcher.secret_keys import seal
from matcher.settings import Settings
from matcher.store import Store
from matcher.store.account_tables import MailRow

LEASE = timedelta(seconds=60)
"""In which nobody else tries the same mail; a delivery takes at most a few times 15 s."""
RETRIES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60))
"""Pauses after the first failures; the last is that between all later tries."""
MAX_AGE = timedelta(days=1)
"""A mail that nobody took for so long is given up: the links in most no longer work."""
GIVEN_UP_KEPT = timedelta(days=90)
"""Longer than the longest link in a mail works."""
POLL_SECONDS = 2.0
PAUSE_AFTER_ERROR_SECONDS = 10.0
STOP_SECONDS = 20.0
log = structlog.get_logger()


class Mailer:
    """Sends plain-text mails. Threads and processes may share the queue."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings = settings
        self._store = store
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self._wake = threading.Event()

    def send(self, to: str, subject: str, text: str) -> str:
        """Send one mail, soon; return its id in the queue, which knows it until it is delivered.

        Line breaks in `to` and `subject` are refused by the message class (ValueError), so nobody
        can add headers.
        """
        message = EmailMessage()
        message["From"], message["To"] = self._settings.mail_from, to
        message["Subject"] = subject
        message["Date"], message["Message-ID"] = formatdate(), make_msgid(domain="schakel")
        message["Auto-Submitted"] = "auto-generated"
        privacy = f"{self._settings.public_url}/privacy"
        message.set_content(f"{text}\n\n-- \nPrivacy: {privacy}\n")
        return self._add(message)

    def send_nothing(self) -> None:
        """Do what `send` does, without a mail: for whoever asks about an unknown address."""
        message = EmailMessage()
        message.set_content("")
        self._add(message)

    def deliver_waiting(self) -> int:
        """Hand over the mails that are due, in this thread; returns how many were taken."""
        now, taken = datetime.now(UTC), 0
        with self._store.reading() as session:
            waiting = MailRow.given_up.is_(None) & (MailRow.next_try <= now)
            due = list(session.scalars(select(MailRow).where(waiting)))
        for row in due:
            if not self._stop.is_set() and self._claim(row):
                taken += self._deliver(row)
        return taken

    def wake(self) -> None:
        """Deliver at once, where that is done in this process."""
        if self._settings.jobs == "inside":
            self.start_thread()
        self._wake.set()

    def start_thread(self) -> None:
        """Deliver in a daemon thread of this process from now on."""
        with self._lock:
            if self._thread is None or not self._thread.is_alive():  # it isn't, after a fork
                self._stop.clear()
                self._thread = threading.Thread(target=self._work, name="mails", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """End the thread, after the mail at hand."""
        self._stop.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(STOP_SECONDS)

    def _work(self) -> None:
        while not self._stop.is_set():
            pause = POLL_SECONDS
            try:
                self.deliver_waiting()
            except Exception as error:  # the store is away; it may come back
                log.error("mails not delivered", exc_info=error)
                pause = PAUSE_AFTER_ERROR_SECONDS
            self._wake.wait(pause)
            self._wake.clear()

    def _add(self, message: EmailMessage) -> str:
        now = datetime.now(UTC)
        sealed = (
            seal(self._settings.secret_key, "mails")
            .encrypt(message.as_bytes(policy=policy.SMTP))
            .decode("ascii")
        )
        row = MailRow(id=secrets.token_hex(16), sealed=sealed, tries=0, created=now, next_try=now)
        with self._store.keeping() as session:
            session.add(row)
            mail_id = row.id
        self.wake()
        return mail_id

    def _claim(self, row: MailRow) -> bool:
        """Take a mail up; of several processes one does."""
        own = (MailRow.id == row.id) & (MailRow.next_try == row.next_try)
        leased = update(MailRow).where(own).values(next_try=datetime.now(UTC) + LEASE)
        with self._store.keeping() as session:
            result = session.execute(leased)
            return bool(result.rowcount == 1)  # type: ignore[attr-defined]

    def _deliver(self, row: MailRow) -> bool:
        from cryptography.fernet import InvalidToken

        try:
            message = message_from_bytes(
                seal(self._settings.secret_key, "mails").decrypt(row.sealed), policy=policy.default
            )
            if message["To"]:
                deliver(self._settings, message)
        except (OSError, smtplib.SMTPException) as error:
            log.error("mail not sent", kind=type(error).__name__, tries=row.tries + 1)
            self._later(row)
            return False
        except InvalidToken:
            log.error("mail given up", reason="SCHAKEL_SECRET_KEY is another one since")
            self.give_up(row)
            return False
        self._forget(row)
        return True

    def _later(self, row: MailRow) -> None:
        now = datetime.now(UTC)
        if now - row.created >= MAX_AGE:
            log.error("mail given up", reason="nobody took it for a day")
            self.give_up(row)
            return
        pause = RETRIES[min(row.tries, len(RETRIES) - 1)]
        again = update(MailRow).where(MailRow.id == row.id)
        with self._store.keeping() as session:
            session.execute(again.values(tries=row.tries + 1, next_try=now + pause))

    def give_up(self, row: MailRow) -> None:
        """Keep the row without the mail, and delete those given up long ago."""
        now = datetime.now(UTC)
        given_up = update(MailRow).where(MailRow.id == row.id).values(given_up=now, sealed="")
        with self._store.keeping() as session:
            session.execute(delete(MailRow).where(MailRow.given_up < now - GIVEN_UP_KEPT))
            session.execute(given_up)

    def _forget(self, row: MailRow) -> None:
        with self._store.keeping() as session:
            session.execute(delete(MailRow).where(MailRow.id == row.id))
