"""Accounts for tests of what people do."""

from __future__ import annotations

from matcher.accounts import accounts
from matcher.accounts.accounts import Account, AccountRole
from matcher.store import Store

PRODUCTION = {
    "SCHAKEL_ENV": "production",
    "SCHAKEL_SECRET_KEY": "3f8c1d5e9b7a2046" * 4,
    "SCHAKEL_PUBLIC_URL": "https://schakel.example.org",
}
"""The settings that a service in production can't do without."""


def make_account(store: Store, name: str, role: AccountRole = AccountRole.MEMBER) -> Account:
    """Make an account called `name` with an address of that name, which can't sign in."""
    return accounts.create(
        store,
        email=f"{name.lower()}@example.org",
        name=name,
        role=role,
        password=None,
        actor="command",
    )
