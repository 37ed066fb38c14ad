"""The mails that a service without a mail server keeps in a folder."""

from __future__ import annotations

import mailbox
import re
from pathlib import Path
from typing import NamedTuple


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
    """Path of the last link in the mails to an address that begins with `page`."""
    return [link for mail in mails(home) for link in re.findall(page + r"\S+", mail.text)][-1]


def clear(home: Path) -> None:
    """Throw the mails away that were sent until now."""
    if (home / "mailbox").exists():
        mailbox.Maildir(home / "mailbox").clear()
