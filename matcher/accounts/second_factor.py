"""A second factor: codes of an app, which change each half minute (TOTP, RFC 6238)."""

from __future__ import annotations

import hmac
import secrets
from base64 import b32decode, b32encode
from datetime import UTC, datetime
from urllib.parse import quote

import structlog
from sqlalchemy import func, update

from matcher import audit
from matcher.accounts import attempts
from matcher.accounts.attempts import Source
from matcher.secret_keys import seal
from matcher.store import Store
from matcher.store.account_tables import AccountRow

STEP_SECONDS, DIGITS = 30, 6
"""What all apps take for granted."""
DRIFT_STEPS = 1
"""A clock may be so many steps off (RFC 6238, 5.2)."""
SECRET_BYTES = 20
"""As long as a SHA-1 (RFC 4226, 4)."""
log = structlog.get_logger()


def new_secret() -> str:
    """Make a secret, in the letters that people type into an app."""
    return b32encode(secrets.token_bytes(SECRET_BYTES)).decode("ascii")


def app_address(secret: str, email: str) -> str:
    """Return the address that an app reads as the secret of an account."""
    return f"otpauth://totp/Schakel:{quote(email)}?secret={secret}&issuer=Schakel"


def turn_on(store: Store, account_id: int, *, secret: str, code: str, key: str, actor: str) -> bool:
    """Ask an account for codes from now on, if a first one is right; returns whether it was.

    `key` is SCHAKEL_SECRET_KEY, which the secret is stored encrypted with.
    """
    step = _step_of(secret, code)
    if step is None:
        return False
    with store.keeping() as session:
        row = session.get_one(AccountRow, account_id)
        row.totp, row.totp_step = seal(key, "totp").encrypt(secret.encode()).decode(), step
        audit.record(session, actor, "account.second-factor", f"account:{row.email}", on=True)
    return True


def turn_off(store: Store, account_id: int, *, actor: str) -> None:
    """Ask an account for no codes any more."""
    with store.keeping() as session:
        row = session.get_one(AccountRow, account_id)
        row.totp, row.totp_step = None, None
        audit.record(session, actor, "account.second-factor", f"account:{row.email}", on=False)


def verify(store: Store, account_id: int, code: str, *, key: str, source: Source) -> bool:
    """Return whether a code is right, and wasn't used before.

    Wrong ones are counted as wrong passwords are. A code that was stored with another key is none.
    """
    from cryptography.fernet import InvalidToken

    now = datetime.now(UTC)
    counted, limits = attempts.address_key(f"code of {account_id}"), source.limits(account_id)
    with store.keeping() as session:
        row = session.get(AccountRow, account_id)
        if row is None or not row.active or row.totp is None:
            return False
        try:
            secret = seal(key, "totp").decrypt(row.totp).decode()
        except InvalidToken:
            log.error("second factor can't be read", reason="SCHAKEL_SECRET_KEY is another one")
            return False
        step = _step_of(secret, code)
        if attempts.is_locked(session, counted, limits, now):
            return False
        later = func.coalesce(AccountRow.totp_step, 0) < (step or 0)
        used = update(AccountRow).where(AccountRow.id == account_id, later).values(totp_step=step)
        if step is not None and session.execute(used).rowcount == 1:  # type: ignore[attr-defined]
            attempts.forget(session, counted, limits)
            return True
        log.warning("sign-in failed", reason="code", account=account_id, network=source.network)
        if attempts.count_failure(session, counted, limits, now):
            audit.record(session, "service", "account.locked", f"account:{row.email}")
    return False


def _step_of(secret: str, code: str) -> int | None:
    """Return the step that a code belongs to, among those that a clock may show."""
    from cryptography.hazmat.primitives.hashes import SHA1
    from cryptography.hazmat.primitives.twofactor.totp import TOTP

    given = "".join(code.split()).encode()
    codes = TOTP(b32decode(secret), DIGITS, SHA1(), STEP_SECONDS)  # noqa: S303 (what apps do)
    present = int(datetime.now(UTC).timestamp()) // STEP_SECONDS
    for step in range(present - DRIFT_STEPS, present + DRIFT_STEPS + 1):
        if hmac.compare_digest(codes.generate(step * STEP_SECONDS), given):
            return step
    return None
