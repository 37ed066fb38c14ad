"""Who vouches for what a profile says it is, and how long that holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from matcher.container import Services
from matcher.corpus.name_variants import MIN_SURE_SCORE
from matcher.domain import (
    ADMINISTRATOR,
    SELF_DECLARED,
    Contact,
    Organisation,
    OrganisationType,
    Place,
)
from matcher.mail import Mailer
from matcher.organisations import duplicates
from matcher.organisations.actions import get
from matcher.presenters import organisation_brief
from matcher.profiles import actions, drafts, links, moderation
from matcher.profiles.profiles import ContactFor
from matcher.profiles.standing import standing_of, vouch
from matcher.store import Store
from matcher.store.account_tables import AuditRow
from matcher.store.organisations import save_organisations
from tests.conftest import settings_for

pytestmark = pytest.mark.usefixtures("hash_vectors")

BAKERY = Organisation(
    "",
    "Bakkerij Zuid",
    OrganisationType.COMPANY,
    place=Place("Gent", "BE"),
    website="https://www.bakkerij-zuid.example",
)
OWN_MAIL, FREE_MAIL = "an@bakkerij-zuid.example", "an@gmail.com"


@pytest.mark.parametrize(
    ("email", "website", "expected"),
    [
        ("an@firm.example", "https://firm.example/nl", "firm.example"),
        ("an@FIRM.example", "https://www.Firm.example:8443", "firm.example"),
        ("an@firm.example", "https://chem.firm.example", "firm.example"),
        ("an@mail.firm.example", "https://firm.example", SELF_DECLARED),
        ("an@firm.example", "https://infirm.example", SELF_DECLARED),
        ("an@firm.example", "https://firm.example.evil.example", SELF_DECLARED),
        ("an@firm.example", "https://firm.example@evil.example", SELF_DECLARED),
        ("an@firm.example", None, SELF_DECLARED),
        ("an@gmail.com", "https://gmail.com", SELF_DECLARED),
        ("an@telenet.be", "https://users.telenet.be/an", SELF_DECLARED),
        ("an@example", "https://example", SELF_DECLARED),
    ],
)
def test_a_domain_vouches_where_address_and_website_are_of_it(
    email: str, website: str | None, expected: str
) -> None:
    assert standing_of(email, website) == expected


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    made = Services(settings_for(tmp_path))
    yield made
    made.store.dispose()


@pytest.fixture
def store(services: Services) -> Store:
    return services.store


def published(store: Store, email: str = FREE_MAIL, organisation: Organisation = BAKERY) -> str:
    """Publish a profile; return its id."""
    _draft, token = drafts.create(
        store, organisation, email=email, contact_for=ContactFor.INTRODUCED
    )
    made = drafts.publish(store, token)
    assert made is not None
    return made.id


def standing(store: Store, key: str) -> str | None:
    found = get(store, key)
    assert found is not None
    return found.standing


def change(store: Store, key: str, **changed: object) -> None:
    found = get(store, key)
    assert found is not None
    actions.change(store, key, replace(found, **changed), contact_for=ContactFor.INTRODUCED)


def test_a_profile_is_self_declared_until_somebody_vouches_for_it(store: Store) -> None:
    key = published(store)
    assert standing(store, key) == SELF_DECLARED
    found = get(store, key)
    assert found is not None
    brief = organisation_brief(found)
    assert (brief.standing, brief.confirmed_by) == ("self-declared", None)
    assert vouch(store, key, actor="account:ann@example.org")
    found = get(store, key)
    assert found is not None
    brief = organisation_brief(found)
    assert (brief.standing, brief.confirmed_by) == ("confirmed", ADMINISTRATOR)
    vouch(store, key, actor="account:ann@example.org", vouched=False)
    assert standing(store, key) == SELF_DECLARED
    with store.reading() as session:
        logged = session.scalars(
            select(AuditRow.action).where(AuditRow.actor == "account:ann@example.org")
        )
        assert list(logged) == ["profile.confirmed", "profile.unconfirmed"]
    assert not vouch(store, "x:none", actor="command")
    with store.writing() as write:
        save_organisations(write, [replace(BAKERY, id="x:bakery")])
    assert standing(store, "x:bakery") is None and not vouch(store, "x:bakery", actor="command")


def test_who_changes_what_it_is_is_confirmed_no_longer(store: Store) -> None:
    key = published(store)
    vouch(store, key, actor="command")
    change(store, key, description="Brood")
    assert standing(store, key) == ADMINISTRATOR
    change(store, key, name="imec")
    assert standing(store, key) == SELF_DECLARED


def test_a_domain_counts_for_as_long_as_address_and_website_are_of_it(store: Store) -> None:
    key = published(store, OWN_MAIL)
    assert standing(store, key) == "bakkerij-zuid.example"
    change(store, key, website="https://imec.example")
    assert standing(store, key) == SELF_DECLARED
    change(store, key, website=BAKERY.website)
    assert standing(store, key) == "bakkerij-zuid.example"
    vouch(store, key, actor="command")
    _address, token = links.request_new_address(store, key, email=FREE_MAIL)
    assert links.set_new_address(store, token) is not None
    assert standing(store, key) == SELF_DECLARED  # another owner


def test_a_confirmation_outlasts_hiding_but_no_change_meanwhile(services: Services) -> None:
    store, mailer = services.store, services.mailer
    assert isinstance(mailer, Mailer)

    def hide_and_show(key: str, **changed: object) -> str | None:
        vouch(store, key, actor="command")
        found = get(store, key)
        assert found is not None
        moderation.hide(store, mailer, key, reason="x", actor="command")
        if changed:
            actions.change(store, key, replace(found, **changed), contact_for=ContactFor.INTRODUCED)
        moderation.show_again(store, mailer, key, actor="command")
        return standing(store, key)

    key = published(store)
    assert hide_and_show(key) == ADMINISTRATOR
    assert hide_and_show(key, name="imec") == SELF_DECLARED


def test_a_merged_profile_that_calls_itself_another_is_a_variant_of_nobody(store: Store) -> None:
    imec = Organisation("x:imec", "Imec Leuven", OrganisationType.OTHER, place=Place("Gent", "BE"))
    with store.writing() as write:
        save_organisations(write, [replace(BAKERY, id="x:bakery"), imec])
    duplicates.merge(store, "x:bakery", published(store))
    assert standing(store, "x:bakery") == ADMINISTRATOR
    change(store, "x:bakery", name="Imec Leuven")
    with store.reading() as session:
        assert duplicates.sure_variants(session) == []
    [pair] = duplicates.proposals(store)
    assert (pair.one[0], pair.other[0], pair.self_made, pair.sure) == (
        "x:bakery",
        "x:imec",
        True,
        False,
    )
    assert pair.score >= MIN_SURE_SCORE


def test_of_two_owners_the_contact_of_the_one_that_goes_stays_nobodys(store: Store) -> None:
    private = replace(BAKERY, contact=Contact("An", "an@thuis.example", "09 1"))
    _draft, token = drafts.create(store, private, email=OWN_MAIL, contact_for=ContactFor.NOBODY)
    hidden = drafts.publish(store, token)
    keep = published(store)
    assert hidden is not None
    duplicates.merge(store, keep, hidden.id)
    kept = get(store, keep)
    assert kept is not None and kept.contact is None and kept.id == keep
