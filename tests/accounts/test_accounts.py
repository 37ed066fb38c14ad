from __future__ import annotations

import pytest
from apiflask import APIFlask

from matcher.accounts import accounts
from matcher.accounts.accounts import AccountError, AccountRole
from matcher.store import Store
from matcher.store.account_tables import AccountRow

PASSWORD = "een lang wachtwoord"


@pytest.fixture
def store(app: APIFlask) -> Store:
    found: Store = app.extensions["schakel"].store
    return found


def make(store: Store, email: str, role: AccountRole = AccountRole.MEMBER) -> accounts.Account:
    return accounts.create(store, email, "", role, PASSWORD, "command")


def test_a_password_is_kept_as_an_argon2_hash_only(store: Store) -> None:
    made = make(store, "Een@Example.org")
    with store.reading() as session:
        kept = session.get_one(AccountRow, made.id)
    assert kept.email == "een@example.org"
    assert kept.password is not None and kept.password.startswith("$argon2id$")


@pytest.mark.parametrize(
    ("email", "password", "code"),
    [
        ("geen adres", PASSWORD, "email"),
        ("a@example.org\nBcc: b@example.org", PASSWORD, "email"),
        ("a@example.org", "kort", "short"),
        ("a@example.org", "a" * 20, "simple"),
        ("a@example.org", "ab" * 101, "long"),
        ("taken@example.org", PASSWORD, "taken"),
    ],
)
def test_accounts_that_cannot_be(store: Store, email: str, password: str, code: str) -> None:
    make(store, "taken@example.org")
    with pytest.raises(AccountError) as refused:
        accounts.create(store, email, "", AccountRole.MEMBER, password, "command")
    assert refused.value.code == code


def test_the_last_administrator_stays_one(store: Store) -> None:
    one = make(store, "one@example.org", AccountRole.ADMINISTRATOR)
    for refused in (
        lambda: accounts.change(store, one.id, "command", role=AccountRole.MEMBER),
        lambda: accounts.change(store, one.id, "command", active=False),
        lambda: accounts.delete(store, one.id, "command"),
    ):
        with pytest.raises(AccountError, match="last administrator"):
            refused()
    make(store, "two@example.org", AccountRole.ADMINISTRATOR)
    assert accounts.delete(store, one.id, "command") is True


def test_a_provider_links_an_address_once(store: Store) -> None:
    made = make(store, "een@example.org", AccountRole.MANAGER)
    known = accounts.from_provider(
        store, "https://i", "7", "een@example.org", "E", AccountRole.MEMBER
    )
    assert known is not None and known.id == made.id and known.role is AccountRole.MANAGER
    other = accounts.from_provider(
        store, "https://i", "8", "een@example.org", "E", AccountRole.MEMBER
    )
    assert other is None
    new = accounts.from_provider(
        store, "https://i", "9", "new@example.org", "N", AccountRole.MEMBER
    )
    assert new is not None and not new.has_password
    assert accounts.sign_in(store, "new@example.org", "") is None
