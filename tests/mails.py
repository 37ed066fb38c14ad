"""The mails that a service without a mail server keeps in a folder."""

from __future__ import annotations

import mailbox
import re
import time
from pathlib import Path
from typing import NamedTuple

MAX_SECONDS = 5.0


class Mail(NamedTuple):
    """One mail."""

    to: str
    subject: str
    text: str


def mails(home: Path) -> list[Mail]:
    """The mails that were sent, in their order."""
    if not (home / "mailbox").exists():
        return []
    box = mailbox.Maildir(home / "mailbox", create=False)
    letters = [one for _key, one in sorted(box.items(), key=lambda one: one[0])]
    return [
        Mail(str(one["To"]), str(one["Subject"]), one.get_payload(decode=True).decode())
        for one in sorted(letters, key=lambda one: one.get_date())
    ]


def link_in(home: Path, page: str) -> str:
    """Path of the last link in the mails to an address that begins with `page`.

    Waits for the first mail, which a real service sends in the background.
    """
    deadline = time.monotonic() + MAX_SECONDS
    while not (links := [one for mail in mails(home) for one in _links(mail, page)]):
        assert time.monotonic() < deadline, "no such mail"
        time.sleep(0.05)
    return links[-1]


def _links(mail: Mail, page: str) -> list[str]:
    return re.findall(page + r"\S+", mail.text)


def clear(home: Path) -> None:
    """Throw the mails away that were sent until now."""
    if (home / "mailbox").exists():
        mailbox.Maildir(home / "mailbox").clear()
