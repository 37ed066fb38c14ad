"""What the service needs, looked at one by one: is it there, and what to do where it isn't."""

from __future__ import annotations

import os
import secrets
import shutil
import smtplib
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from embeddings.port import EncoderError
from matcher.cache import make_cache
from matcher.corpus.damage import damage_of, damaged_names
from matcher.corpus.generation import (
    GenerationError,
    GenerationFormatError,
    current_name,
    read_manifest,
)
from matcher.indexing.encoders import RawEncoders
from matcher.jobs.job import JobState
from matcher.mail_delivery import check_server
from matcher.settings import Settings
from matcher.store import SchemaError, Store
from matcher.store.account_tables import AuditRow, JobRow

MIN_FREE_BYTES = 500_000_000
"""Besides twice the index, for the store, its log, and logs."""
MAX_WAIT = timedelta(hours=1)
"""For a job; longer than any build of 100,000 organisations takes (docs/speed.md)."""
MAX_CLOCK_DIFFERENCE = timedelta(seconds=5)
BUILD = "Run `schakel index build`."


class State(StrEnum):
    """What a finding asks for."""

    FINE = "ok"
    NOTE = "note"
    """Nothing must be done."""
    ACT = "act"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found about one part, in a sentence; where it has to be mended, with what to do."""

    part: str
    state: State
    sentence: str


def examine(settings: Settings, store: Store) -> Iterator[Finding]:
    """Look at all parts, one after the other. Changes nothing, and needs no other part to work."""
    checks: tuple[tuple[str, Callable[[], tuple[State, str]]], ...] = (
        ("settings", lambda: _settings(settings)),
        ("store", lambda: _store(store)),
        ("migrations", lambda: _migrations(store)),
        ("index", lambda: _index(settings, store)),
        ("models", lambda: _models(settings)),
        ("redis", lambda: _redis(settings)),
        ("mail", lambda: _mail(settings)),
        ("jobs", lambda: _jobs(store)),
        ("disk", lambda: _disk(settings)),
        ("permissions", lambda: _permissions(settings)),
        ("clock", lambda: _clock(settings, store)),
    )
    for part, check in checks:
        try:
            yield Finding(part, *check())
        except SQLAlchemyError as error:
            reason = str(getattr(error, "orig", None) or error).splitlines()[0]
            yield Finding(part, State.ACT, f"can't be checked: the store fails: {reason}")
        except OSError as error:
            yield Finding(part, State.ACT, f"can't be checked: {error}")


def _settings(settings: Settings) -> tuple[State, str]:
    if settings.development:
        return State.NOTE, (
            "This is development mode, in which anybody who reaches the service may write. Set "
            "SCHAKEL_ENV=production to serve others."
        )
    if settings.public_url.startswith("http://"):
        return State.ACT, (
            "SCHAKEL_PUBLIC_URL isn't an https:// address, so links in mails lead to "
            f"{settings.public_url}. Set it to the address that people use."
        )
    if settings.workers > 1 and not settings.redis_url and settings.rate_limits != "off":
        return State.NOTE, (
            f"Each of the {settings.workers} workers counts requests for itself; with REDIS_URL "
            "set, rate limits hold for all together."
        )
    return State.FINE, "They can be used."


def _store(store: Store) -> tuple[State, str]:
    with store.engine.connect() as connection:
        connection.exec_driver_sql("SELECT 1").scalar_one()
        if store.engine.dialect.name == "sqlite":
            found = connection.exec_driver_sql("PRAGMA quick_check").scalar_one()
            if found != "ok":
                return State.ACT, f"The database is damaged: {found}. Restore a backup."
    return State.FINE, f"{store.url.render_as_string()} answers."


def _migrations(store: Store) -> tuple[State, str]:
    schema = store.schema()
    try:
        schema.check()
    except SchemaError as error:
        return State.ACT, f"The store can't be used: {error}."
    if schema.present == schema.newest:
        return State.FINE, f"The schema is the newest, {schema.newest}."
    return State.ACT, (
        f"The schema is {schema.present or 'not there yet'}, this version needs {schema.newest}. "
        "Make a backup and run `schakel db upgrade`; the service does the latter when it starts."
    )


def _index(settings: Settings, store: Store) -> tuple[State, str]:
    root = settings.index_folder
    name = current_name(root)
    if name is None:
        return State.ACT, f"There is none. {BUILD}"
    try:
        manifest = read_manifest(root, name)
    except GenerationFormatError:
        return State.ACT, f"{name} is of another version of the service. {BUILD}"
    except GenerationError:
        return State.ACT, f"{name} has no readable manifest. {BUILD}"
    reason = damage_of(root, name)
    if reason:
        return State.ACT, f"It is damaged: {reason}. See whether the disk is sound. {BUILD}"
    if damaged_names(root):
        return State.ACT, f"{', '.join(damaged_names(root))} was damaged; {name} is used. {BUILD}"
    if not store.has_revision(manifest["corpus_version"], manifest["mark"]):
        return State.ACT, f"{name} doesn't come from the history of this store. {BUILD}"
    behind = store.corpus_version() - manifest["corpus_version"]
    return State.FINE, f"{name} is whole; {behind} writes are in the store since."


def _models(settings: Settings) -> tuple[State, str]:
    try:
        encoders = RawEncoders(settings)()
        for encoder in encoders:
            encoder.encode_raw(["A pilot line for biosensors."])
    except EncoderError as error:
        return State.ACT, f"Texts can't be read: {error}"
    return State.FINE, f"{len(encoders)} read texts."


def _redis(settings: Settings) -> tuple[State, str]:
    if not settings.redis_url:
        return State.FINE, "Not used; each worker has a cache of its own."
    cache = make_cache(settings.redis_url)
    cache.get_or_compute(f"doctor:{secrets.token_hex(8)}", lambda: True, ttl=1)
    found = cache.state()
    if found["reachable"] and not found["errors"]:
        return State.FINE, "It answers, and takes what is written."
    if found["reachable"]:
        return State.ACT, "It answers, but takes nothing. See whether its memory or disk is full."
    return State.ACT, (
        "It doesn't answer. Questions are answered without, more slowly; see whether it runs and "
        "REDIS_URL names it, with its password."
    )


def _mail(settings: Settings) -> tuple[State, str]:
    if not settings.smtp_url:
        where = f"Mails are laid into {settings.home / 'mailbox'}, and nobody gets them."
        if settings.development:
            return State.NOTE, where
        return State.ACT, f"{where} Set SCHAKEL_SMTP_URL."
    try:
        check_server(settings)
    except (OSError, smtplib.SMTPException) as error:
        return State.ACT, (
            f"The mail server doesn't take mail ({type(error).__name__}). See whether "
            "SCHAKEL_SMTP_URL names it, with user and password."
        )
    return State.FINE, "The mail server answers."


def _jobs(store: Store) -> tuple[State, str]:
    waiting = JobRow.state == JobState.WAITING.value
    with store.reading() as session:
        oldest = session.scalar(select(func.min(JobRow.created)).where(waiting))
    if oldest is None:
        return State.FINE, "None waits."
    since = datetime.now(UTC) - oldest
    if since < MAX_WAIT:
        return State.FINE, "The oldest has waited less than an hour."
    return State.ACT, (
        f"One has waited since {oldest:%Y-%m-%d %H:%M} UTC. Run `schakel worker`, or set "
        "SCHAKEL_JOBS=inside."
    )


def _disk(settings: Settings) -> tuple[State, str]:
    free = shutil.disk_usage(settings.home).free
    index = sum(path.stat().st_size for path in settings.index_folder.rglob("*") if path.is_file())
    needed = MIN_FREE_BYTES + 2 * index
    if free < needed:
        return State.ACT, (
            f"{free / 1e9:.1f} GB are free in {settings.home}; a new index and the store's log may "
            f"need {needed / 1e9:.1f} GB. Make room."
        )
    with tempfile.TemporaryFile() as file:
        file.write(b"x")
    return State.FINE, f"{free / 1e9:.1f} GB are free in {settings.home}."


def _permissions(settings: Settings) -> tuple[State, str]:
    home = settings.home
    if not os.access(home, os.R_OK | os.W_OK | os.X_OK):
        return State.ACT, f"{home} can't be written by this user. Give it to the service's user."
    for path in (home, *home.glob("*")):
        with suppress(FileNotFoundError):
            mode = path.stat().st_mode
            if mode & (stat.S_IRWXG | stat.S_IRWXO) and not mode & stat.S_ISVTX:
                return State.ACT, f"Others may read {path}. Run: chmod -R go= {home}"
            if not os.access(path, os.R_OK | os.W_OK):
                return State.ACT, f"{path} can't be written. Give it to the service's user."
    return State.FINE, f"{home} is the service's alone."


def _clock(settings: Settings, store: Store) -> tuple[State, str]:
    now = datetime.now(UTC)
    with store.reading() as session:
        latest = session.scalar(select(func.max(AuditRow.at)))
        if store.engine.dialect.name != "sqlite":
            there = session.scalar(select(func.clock_timestamp()))
            if there is not None and abs(there - now) > MAX_CLOCK_DIFFERENCE:
                return State.ACT, (
                    f"It differs by {abs(there - now).total_seconds():.0f} s from that of the "
                    "database's machine. Keep both right by NTP."
                )
    name = current_name(settings.index_folder)
    built = _built(settings.index_folder, name) if name else None
    last = max([moment for moment in (latest, built) if moment is not None], default=now)
    if last - now > MAX_CLOCK_DIFFERENCE:
        return State.ACT, (
            f"It says {now:%Y-%m-%d %H:%M:%S} UTC, but something was written on "
            f"{last:%Y-%m-%d %H:%M:%S} UTC. Set it right; links and sessions expire by it."
        )
    return State.FINE, f"It says {now:%Y-%m-%d %H:%M:%S} UTC, after all that was written."


def _built(root: Path, name: str) -> datetime | None:
    try:
        return datetime.fromisoformat(str(read_manifest(root, name)["created"]))
    except (GenerationError, ValueError):
        return None
