"""Accounts for tests of what people do."""

from __future__ import annotations

from matcher.accounts import accounts
from matcher.accounts.accounts import Account, AccountRole
from matcher.store import Store


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
