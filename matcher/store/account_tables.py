"""The tables about people and what they do with matches; none of them is part of the corpus.

Organisations are named by their public id; `match_list_references.py` and `profiles.py` change it
when organisations are merged or deleted.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Dialect,
    ForeignKey,
    Integer,
    String,
    Text,
    TypeDecorator,
)
from sqlalchemy.orm import Mapped, mapped_column

from matcher.store.tables import Base, Key


class UTCDateTime(TypeDecorator[datetime]):
    """A point in time, in UTC on the way in and out (SQLite keeps no zone)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn it to UTC."""
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Say that it is UTC."""
        return value.replace(tzinfo=UTC) if value and value.tzinfo is None else value


class AccountRow(Base):
    """Somebody who signs in. Of the password only an Argon2 hash is stored."""

    __tablename__ = "account"
    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    email: Mapped[str] = mapped_column(String(320), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    role: Mapped[str] = mapped_column(String(16))
    password: Mapped[str | None] = mapped_column(String(200))
    subject: Mapped[str | None] = mapped_column(String(400), unique=True)
    """Issuer and subject of the identity provider, for those who sign in there."""
    active: Mapped[bool] = mapped_column(default=True)
    totp: Mapped[str | None] = mapped_column(String(300))
    """The secret of the codes that are the second factor, encrypted; None: without codes."""
    totp_step: Mapped[int | None] = mapped_column(BigInteger)
    """The half minute of the last code that was used: none is good twice."""
    created: Mapped[datetime] = mapped_column(UTCDateTime)
    seen: Mapped[datetime | None] = mapped_column(UTCDateTime)


class SignInFailureRow(Base):
    """How many wrong passwords for an address came from one place, whether it has an account."""

    __tablename__ = "sign_in_failure"
    address: Mapped[str] = mapped_column(String(64), primary_key=True)
    """The SHA-256 of the e-mail address."""
    source: Mapped[str] = mapped_column(String(64), primary_key=True)
    """A network, by a keyed digest, a device, by its id, or `anywhere`."""
    failures: Mapped[int] = mapped_column(Integer)
    until: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    """When they are forgotten."""


class SessionRow(Base):
    """A session of an account, or one in which a profile is open. Of its token only the SHA-256."""

    __tablename__ = "session"
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    account_id: Mapped[int | None] = mapped_column(
        ForeignKey("account.id", ondelete="CASCADE"), index=True
    )
    organisation_id: Mapped[str | None] = mapped_column(String(140), index=True)
    device: Mapped[str] = mapped_column(String(100), default="")
    """Browser and system, such as `Firefox, Linux`."""
    started: Mapped[datetime] = mapped_column(UTCDateTime)
    expires: Mapped[datetime] = mapped_column(UTCDateTime, index=True)


class TokenRow(Base):
    """What a link in a mail stands for. Of the token only its SHA-256 is stored."""

    __tablename__ = "token"
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    purpose: Mapped[str] = mapped_column(String(32), index=True)
    subject: Mapped[str] = mapped_column(String(400), index=True)
    """Whom or what it is about: an account's id, a profile's organisation id, an introduction's."""
    data: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    created: Mapped[datetime] = mapped_column(UTCDateTime)
    expires: Mapped[datetime] = mapped_column(UTCDateTime)
    used: Mapped[datetime | None] = mapped_column(UTCDateTime)


class MailRow(Base):
    """A mail that waits to be handed over; it is deleted when that is done.

    Of one that was given up the row stays, without the mail, so that somebody can look after it.
    """

    __tablename__ = "outgoing_mail"
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    sealed: Mapped[str] = mapped_column(Text)
    """The mail, encrypted: it may hold secret links."""
    tries: Mapped[int] = mapped_column(Integer, default=0)
    created: Mapped[datetime] = mapped_column(UTCDateTime)
    next_try: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    given_up: Mapped[datetime | None] = mapped_column(UTCDateTime)


class AuditRow(Base):
    """Who did what to whose data."""

    __tablename__ = "audit"
    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    actor: Mapped[str] = mapped_column(String(330))
    action: Mapped[str] = mapped_column(String(64), index=True)
    subject: Mapped[str] = mapped_column(String(400), index=True)
    detail: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)


class ProfileRow(Base):
    """A profile that a company owns, found by the address it gave.

    `state` is `draft` (address not yet confirmed), `published` or `hidden` (by a moderator). Only a
    published one is an organisation of the corpus; until then `record` holds all of it.
    """

    __tablename__ = "profile"
    organisation_id: Mapped[str] = mapped_column(String(140), primary_key=True)
    email: Mapped[str] = mapped_column(String(320), index=True)
    state: Mapped[str] = mapped_column(String(16), index=True)
    record: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    contact_for: Mapped[str] = mapped_column(String(16))
    """Who may see the contact: `introduced` (once it accepted an introduction), `managers` too, or
    `nobody`."""
    note: Mapped[str] = mapped_column(Text, default="")
    """What the moderator wrote to the company."""
    created: Mapped[datetime] = mapped_column(UTCDateTime)
    changed: Mapped[datetime] = mapped_column(UTCDateTime)


class MatchListRow(Base):
    """A stored match list: a question, its answers at several times, and what became of them."""

    __tablename__ = "match_list"
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(String(300))
    note: Mapped[str] = mapped_column(Text, default="")
    initiative_id: Mapped[str | None] = mapped_column(String(140), index=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id", ondelete="SET NULL"))
    question: Mapped[dict[str, Any]] = mapped_column(JSON)
    created: Mapped[datetime] = mapped_column(UTCDateTime)
    changed: Mapped[datetime] = mapped_column(UTCDateTime)


class MatchListVersionRow(Base):
    """The answer to a list's question at one time."""

    __tablename__ = "match_list_version"
    list_id: Mapped[str] = mapped_column(
        ForeignKey("match_list.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    corpus_version: Mapped[int] = mapped_column(Key)
    results: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    created: Mapped[datetime] = mapped_column(UTCDateTime)


class MatchListEntryRow(Base):
    """What people wrote about one organisation on a list; it stays from version to version."""

    __tablename__ = "match_list_entry"
    list_id: Mapped[str] = mapped_column(
        ForeignKey("match_list.id", ondelete="CASCADE"), primary_key=True
    )
    organisation_id: Mapped[str] = mapped_column(String(140), primary_key=True, index=True)
    status: Mapped[str] = mapped_column(String(16))
    """`proposed`, `approached`, `interested`, `declined` or `joined`."""
    note: Mapped[str] = mapped_column(Text, default="")
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id", ondelete="SET NULL"))
    """Who follows it up."""
    changed: Mapped[datetime] = mapped_column(UTCDateTime)


class ShareRow(Base):
    """A link that lets anybody who has it read a match list until it expires or is revoked."""

    __tablename__ = "share"
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    list_id: Mapped[str] = mapped_column(
        ForeignKey("match_list.id", ondelete="CASCADE"), index=True
    )
    created: Mapped[datetime] = mapped_column(UTCDateTime)
    expires: Mapped[datetime] = mapped_column(UTCDateTime)
    revoked: Mapped[datetime | None] = mapped_column(UTCDateTime)


class IntroductionRow(Base):
    """An expression of interest from one side, and what became of it.

    `state` is `asked`, `accepted`, `declined`, `withdrawn`, `joined` or `ended`.
    """

    __tablename__ = "introduction"
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    initiative_id: Mapped[str | None] = mapped_column(String(140), index=True)
    list_id: Mapped[str | None] = mapped_column(ForeignKey("match_list.id", ondelete="SET NULL"))
    from_account: Mapped[int | None] = mapped_column(ForeignKey("account.id", ondelete="SET NULL"))
    from_organisation: Mapped[str | None] = mapped_column(String(140), index=True)
    to_organisation: Mapped[str] = mapped_column(String(140), index=True)
    """Empty where a company asks an initiative, for which its managers answer."""
    need: Mapped[str] = mapped_column(Text, default="")
    message: Mapped[str] = mapped_column(Text)
    contact: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    """Name, address and telephone of each side, by `requester` and `recipient`; shown to both once
    the recipient accepts, and deleted when it declines."""
    state: Mapped[str] = mapped_column(String(16), index=True)
    created: Mapped[datetime] = mapped_column(UTCDateTime)
    changed: Mapped[datetime] = mapped_column(UTCDateTime)
    mail: Mapped[str | None] = mapped_column(String(32))
    """The mail to the recipient in the queue, which knows it until it is delivered; None where
    there was no address."""
    passed_on: Mapped[datetime | None] = mapped_column(UTCDateTime)
    """When an administrator took the link, to give it to the recipient in another way."""


class IntroductionStepRow(Base):
    """One dated step of an introduction, which both sides see."""

    __tablename__ = "introduction_step"
    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    introduction_id: Mapped[str] = mapped_column(
        ForeignKey("introduction.id", ondelete="CASCADE"), index=True
    )
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    by: Mapped[str] = mapped_column(String(16))
    """`requester` or `recipient`."""
    step: Mapped[str] = mapped_column(String(16))
    note: Mapped[str] = mapped_column(Text, default="")


class JobRow(Base):
    """Something that runs in the background.

    `state` is `waiting`, `running`, `done`, `failed` or `cancelled`.
    """

    __tablename__ = "job"
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    kind: Mapped[str] = mapped_column(String(32), index=True)
    arguments: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id", ondelete="SET NULL"))
    state: Mapped[str] = mapped_column(String(16), index=True)
    step: Mapped[str] = mapped_column(String(64), default="")
    done: Mapped[int] = mapped_column(Integer, default=0)
    total: Mapped[int] = mapped_column(Integer, default=0)
    result: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    error: Mapped[str | None] = mapped_column(Text)
    created: Mapped[datetime] = mapped_column(UTCDateTime)
    started: Mapped[datetime | None] = mapped_column(UTCDateTime)
    finished: Mapped[datetime | None] = mapped_column(UTCDateTime)


class ImportRow(Base):
    """A file that somebody uploaded to be imported.

    `state` is `reading`, `previewed`, `importing`, `imported`, `undoing`, `undone`, `failed`.
    """

    __tablename__ = "import_run"
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id", ondelete="SET NULL"))
    filename: Mapped[str] = mapped_column(String(300))
    format: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16), index=True)
    job_id: Mapped[str | None] = mapped_column(String(32))
    preview: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    outcome: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    corpus_version: Mapped[int | None] = mapped_column(Key)
    """The version that the import made; what was changed later isn't undone."""
    created: Mapped[datetime] = mapped_column(UTCDateTime)
    changed: Mapped[datetime] = mapped_column(UTCDateTime)
