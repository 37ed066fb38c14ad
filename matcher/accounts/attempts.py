"""Wrong passwords, counted by e-mail address and by where they come from.

A stranger who guesses locks himself out, and not the owner: the network that he is in, and, after
many failures from several networks, all devices that are not known. A device is known where its
owner signed in on it before (device cookies, as OWASP describes them). Addresses
without an account are counted alike, so that the time doesn't tell them apart.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address
from typing import Any, TypeAlias

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from matcher.store.account_tables import SignInFailureRow

MAX_FAILURES = 5
"""From one network; then it is locked for this account."""
MAX_FAILURES_OF_KNOWN_DEVICE = 20
"""Its owner may mistype; a thief of the device may not guess without end."""
MAX_FAILURES_ANYWHERE = 50
"""From all devices together that aren't known; then these are locked."""
LOCK_DURATION = timedelta(minutes=15)
"""From the last failure; failures are forgotten after as long."""
_IPV6_NETWORK_BITS = 64
_ANYWHERE = "anywhere"


Limits: TypeAlias = dict[str, int]
"""How many failures are allowed, by where they come from."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a password comes from."""

    network: str
    """As `network_key` gives it."""
    device: str = ""
    """The id of the device, by its cookie; empty where it has none."""
    known_to: frozenset[int] = frozenset()
    """The accounts whose owners signed in on the device."""

    def limits(self, account_id: int | None) -> Limits:
        """Return what is counted for an account, and how many failures of each are allowed."""
        if self.device and account_id in self.known_to:
            return {f"device:{self.device}"[:64]: MAX_FAILURES_OF_KNOWN_DEVICE}
        return {f"network:{self.network}"[:64]: MAX_FAILURES, _ANYWHERE: MAX_FAILURES_ANYWHERE}


def network_key(secret: str, address: str) -> str:
    """Return a name for the network of an address that tells nobody which it is.

    IPv6 counts by /64, which one subscriber has; IPv4 by address.
    """
    try:
        network: Any = ip_address(address)
        if isinstance(network, IPv6Address):
            network = network.ipv4_mapped or int(network) >> (128 - _IPV6_NETWORK_BITS)
    except ValueError:  # a socket without addresses
        network = address
    key = f"network\0{secret}".encode()
    return hmac.new(key, str(network).encode(), hashlib.sha256).hexdigest()[:32]


def address_key(email: str) -> str:
    """Return the name under which failures for an address are counted."""
    return hashlib.sha256(email.strip().casefold().encode()).hexdigest()


def is_locked(session: Session, address: str, limits: Limits, now: datetime) -> bool:
    """Return whether passwords for an address (its key) aren't looked at from there."""
    own = (SignInFailureRow.address == address) & SignInFailureRow.source.in_(limits)
    query = select(SignInFailureRow).where(own, SignInFailureRow.until > now)
    return any(row.failures >= limits[row.source] for row in session.scalars(query))


def count_failure(session: Session, address: str, limits: Limits, now: datetime) -> bool:
    """Count a wrong password in the database itself: guesses in parallel count too.

    Returns whether that locks the address for one of the sources in `limits`.
    """
    session.execute(delete(SignInFailureRow).where(SignInFailureRow.until <= now))
    dialect: Any = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    until, locked = now + LOCK_DURATION, False
    for source, limit in limits.items():
        insert = dialect.insert(SignInFailureRow).values(
            address=address, source=source, failures=1, until=until
        )
        upsert = insert.on_conflict_do_update(
            index_elements=["address", "source"],
            set_={"failures": SignInFailureRow.failures + 1, "until": until},
        )
        failures = session.execute(upsert.returning(SignInFailureRow.failures)).scalar_one()
        locked = locked or failures == limit
    return locked


def forget(session: Session, address: str, limits: Limits | None = None) -> None:
    """Forget the failures for an address: those of the sources in `limits`, or all."""
    own = SignInFailureRow.address == address
    if limits is not None:
        own &= SignInFailureRow.source.in_(limits)
    session.execute(delete(SignInFailureRow).where(own))
