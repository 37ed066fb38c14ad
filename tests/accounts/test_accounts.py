from __future__ import annotations

import pytest
from apiflask import APIFlask

from matcher.accounts import accounts
from matcher.accounts.accounts import AccountRole
from matcher.accounts.attempts import Source
from matcher.accounts.errors import AccountError
from matcher.accounts.sign_in import sign_in, sign_in_by_provider
from matcher.store import Store
from matcher.store.account_tables import AccountRow

PASSWORD = "een lang wachtwoord"


@pytest.fixture
def store(app: APIFlask) -> Store:
    found: Store = app.extensions["schakel"].store
    return found


def make(store: Store, email: str, role: AccountRole = AccountRole.MEMBER) -> accounts.Account:
    return accounts.create(
        store, email=email, name="", role=role, password=PASSWORD, actor="command"
    )


def test_a_password_is_stored_as_an_argon2_hash_only(store: Store) -> None:
    made = make(store, "Een@Example.org")
    with store.reading() as session:
        row = session.get_one(AccountRow, made.id)
    assert row.email == "een@example.org"
    assert row.password is not None and row.password.startswith("$argon2id$")


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
        accounts.create(
            store,
            email=email,
            name="",
            role=AccountRole.MEMBER,
            password=password,
            actor="command",
        )
    assert refused.value.code == code


def test_the_last_administrator_stays_one(store: Store) -> None:
    one = make(store, "one@example.org", AccountRole.ADMINISTRATOR)
    for refused in (
        lambda: accounts.change(store, one.id, actor="command", role=AccountRole.MEMBER),
        lambda: accounts.change(store, one.id, actor="command", active=False),
        lambda: accounts.delete(store, one.id, actor="command"),
    ):
        with pytest.raises(AccountError, match="last administrator"):
            refused()
    make(store, "two@example.org", AccountRole.ADMINISTRATOR)
    assert accounts.delete(store, one.id, actor="command") is True


def by_provider(store: Store, subject: str, email: str) -> accounts.Account | None:
    return sign_in_by_provider(
        store,
        issuer="https://i",
        subject=subject,
        email=email,
        name="E",
        role=AccountRole.MEMBER,
    )


def test_a_provider_links_an_address_once(store: Store) -> None:
    account = make(store, "een@example.org", AccountRole.MANAGER)
    known = by_provider(store, "7", "een@example.org")
    assert known is not None and known.id == account.id and known.role is AccountRole.MANAGER
    assert by_provider(store, "8", "een@example.org") is None
    new = by_provider(store, "9", "new@example.org")
    assert new is not None and not new.has_password
    assert sign_in(store, email="new@example.org", password="", source=Source("n")) is None
