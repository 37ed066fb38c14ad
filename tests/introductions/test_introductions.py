"""Who may ask, see, answer and close an introduction, and when contacts are shared."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from matcher import audit
from matcher.accounts import tokens
from matcher.accounts.accounts import Account, AccountRole
from matcher.container import Services
from matcher.domain import Contact, Initiative, Member, Organisation, OrganisationType
from matcher.introductions import answers, delivery, introductions, requests
from matcher.introductions.access import AccessGrant, Party, waits_for
from matcher.introductions.introductions import IntroductionError, Side
from matcher.introductions.requests import IntroductionRequest, request_introduction
from matcher.store import Store
from matcher.store.account_tables import (
    AuditRow,
    IntroductionRow,
    IntroductionStepRow,
    MatchListEntryRow,
    MatchListRow,
    ProfileRow,
    TokenRow,
)
from matcher.store.initiatives import save_initiative
from matcher.store.organisations import delete_organisation, save_organisations
from tests.conftest import settings_for
from tests.people import make_account

pytestmark = pytest.mark.usefixtures("hash_vectors")

MESSAGE = "Wij zoeken iemand die cartridges in serie maakt."
MIA = Contact("Mia", "mia@cluster.example", None)
GRIET = Contact("Griet", "griet@firma.example", "09 000")
FIRM, OTHER = Party(organisation_id="x:firma"), Party(organisation_id="x:ander")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Services(settings_for(tmp_path)).store
    with made.writing() as write:
        firm = Organisation("x:firma", "Firma", OrganisationType.COMPANY, contact=GRIET)
        other = Organisation("x:ander", "Ander", OrganisationType.COMPANY)
        save_organisations(write, [firm, other])
    save_initiative(made, Initiative("init:x", "X", "Een brief", members=(Member("x:ander"),)))
    yield made
    made.dispose()


@pytest.fixture
def mia(store: Store) -> Account:
    return make_account(store, "Mia", AccountRole.MANAGER)


@pytest.fixture
def lies(store: Store) -> Party:
    return Party(account=make_account(store, "Lies"))


def wanted(**changed: Any) -> IntroductionRequest:
    fields: dict[str, Any] = {"to_organisation": "x:firma", "message": MESSAGE, "contact": MIA}
    return IntroductionRequest(**{**fields, **changed})


def by_link(store: Store, party: Party, **changed: Any) -> AccessGrant:
    """Ask, and return what the link in the mail grants."""
    made = request_introduction(store, wanted(**changed), actor=party)
    return AccessGrant(token=delivery.issue_link(store, made), introduction_id=made)


def refusal(store: Store, party: Party, **changed: Any) -> str:
    with pytest.raises(IntroductionError) as refused:
        request_introduction(store, wanted(**changed), actor=party)
    return refused.value.code


def contacts(store: Store, grant: AccessGrant, reader: Party) -> tuple[Contact | None, ...]:
    found = introductions.get(store, grant.introduction_id, reader=reader)
    assert found is not None
    return found.requester_contact, found.recipient_contact


def test_a_request_is_stored_and_its_recipient_gets_the_link(store: Store, lies: Party) -> None:
    grant = by_link(store, lies, need=" Gieten ")
    mail = delivery.delivery_of(store, grant.introduction_id)
    assert mail is not None and mail.addresses == ("griet@firma.example",)
    found = introductions.get_for_recipient(store, AccessGrant(grant.token))
    assert found is not None
    assert (found.id, found.state, found.need) == (grant.introduction_id, "asked", "Gieten")
    assert (found.from_name, found.to_name) == ("Lies", "Firma")
    assert [(step.by, step.step) for step in found.steps] == [(Side.REQUESTER, "asked")]
    with store.reading() as session:
        token = session.scalars(select(TokenRow)).one()
        assert token.expires - token.created == timedelta(days=60)


@pytest.mark.parametrize("message", ["x" * 19, " " + "x" * 19 + " ", "x" * 3_001])
def test_messages_of_a_wrong_length_are_refused(store: Store, lies: Party, message: str) -> None:
    assert refusal(store, lies, message=message) == "length"


def test_requests_that_cannot_be_made(store: Store, lies: Party) -> None:
    assert refusal(store, lies, to_organisation="x:weg") == "unknown"
    assert refusal(store, FIRM) == "self"
    of_initiative = {"to_organisation": "", "initiative_id": "init:x"}
    assert refusal(store, OTHER, **of_initiative) == "member"
    assert refusal(store, lies, **of_initiative) == "unknown"
    save_initiative(store, Initiative("init:x", "X", "Een brief", open=False))
    assert refusal(store, FIRM, **of_initiative) == "unknown"


def test_an_organisation_is_asked_once_for_an_initiative_and_once_by_each_party(
    store: Store, lies: Party, mia: Account
) -> None:
    by_link(store, lies, initiative_id="init:x")
    assert refusal(store, Party(account=mia), initiative_id="init:x") == "open"
    by_link(store, lies)
    assert refusal(store, lies) == "open"
    grant = by_link(store, Party(account=mia))
    answers.decline(store, grant)
    assert by_link(store, Party(account=mia)).token != grant.token


@pytest.mark.parametrize("never_again", [True, False])
def test_who_declines_for_ever_is_not_asked_again(
    store: Store, lies: Party, never_again: bool
) -> None:
    answers.decline(store, by_link(store, lies), never_again=never_again)
    if never_again:
        assert refusal(store, OTHER) == "never"
    else:
        assert by_link(store, OTHER).token


def test_requests_of_a_day_are_limited(
    store: Store, mia: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requests, "MAX_A_DAY_OF_COMPANY", 1)
    by_link(store, OTHER)
    assert refusal(store, OTHER) == "many"
    assert by_link(store, Party(account=mia)).token  # an account may ask more
    with store.keeping() as session:
        yesterday = datetime.now(UTC) - timedelta(days=1)
        session.execute(update(IntroductionRow).values(created=yesterday))
    assert refusal(store, OTHER) == "open"  # no longer too many


def test_contacts_are_shared_from_acceptance_until_it_is_withdrawn(
    store: Store, lies: Party
) -> None:
    grant = by_link(store, lies)
    assert contacts(store, grant, lies) == contacts(store, grant, FIRM) == (None, None)
    accepted = answers.accept(store, grant, contact=GRIET, note="Graag")
    assert accepted is not None and accepted.state == "accepted"
    assert contacts(store, grant, lies) == contacts(store, grant, FIRM) == (MIA, GRIET)
    ended = answers.withdraw_acceptance(store, grant)
    assert ended is not None and ended.state == "ended"
    assert contacts(store, grant, lies) == (None, None)
    with store.reading() as session:
        assert session.scalars(select(IntroductionRow.contact)).one() == {}


def test_a_no_deletes_the_contact_of_who_asked(store: Store, lies: Party) -> None:
    grant = by_link(store, lies)
    declined = answers.decline(store, grant, note=" Geen tijd ")
    assert declined is not None and declined.steps[-1].note == "Geen tijd"
    with store.reading() as session:
        assert session.scalars(select(IntroductionRow.contact)).one() == {}


@pytest.mark.parametrize("contact", [Contact(), Contact("Griet", " ", "\n")])
def test_accepting_takes_a_way_to_be_reached(store: Store, lies: Party, contact: Contact) -> None:
    grant = by_link(store, lies)
    with pytest.raises(IntroductionError, match="contact"):
        answers.accept(store, grant, contact=contact)
    assert contacts(store, grant, lies) == (None, None)


def test_an_introduction_is_answered_once(store: Store, lies: Party) -> None:
    grant = by_link(store, lies)
    answers.accept(store, grant, contact=GRIET)
    with pytest.raises(IntroductionError, match="answered"):
        answers.decline(store, grant)
    assert contacts(store, grant, lies) == (MIA, GRIET)


def test_contacts_are_of_single_bounded_lines(store: Store, lies: Party) -> None:
    grant = by_link(store, lies, contact=Contact(" Mia \n M ", "m" * 400, ""))
    answers.accept(store, grant, contact=GRIET)
    assert contacts(store, grant, lies)[0] == Contact("Mia M", "m" * 320, None)


def test_a_grant_opens_its_own_introduction_only(store: Store, lies: Party, mia: Account) -> None:
    grant = by_link(store, lies)
    for useless in (
        AccessGrant("nonsense"),
        AccessGrant(introduction_id=grant.introduction_id),
        AccessGrant(introduction_id=grant.introduction_id, party=OTHER),
        AccessGrant(introduction_id=grant.introduction_id, party=lies),
        AccessGrant(introduction_id=grant.introduction_id, party=Party(account=mia)),
    ):
        assert introductions.get_for_recipient(store, useless) is None
        assert answers.accept(store, useless, contact=GRIET) is None
        assert answers.decline(store, useless) is None
    signed_in = AccessGrant(introduction_id=grant.introduction_id, party=FIRM)
    assert answers.decline(store, signed_in) is not None


def test_a_token_for_something_else_opens_nothing(store: Store, lies: Party) -> None:
    grant = by_link(store, lies)
    with store.keeping() as session:
        other = tokens.issue(session, tokens.PASSWORD, grant.introduction_id, timedelta(days=1))
    assert introductions.get_for_recipient(store, AccessGrant(other)) is None


def test_both_sides_and_managers_see_an_introduction(
    store: Store, lies: Party, mia: Account
) -> None:
    grant = by_link(store, lies)
    between = by_link(store, OTHER)
    manager = Party(account=mia)

    def seen_by(party: Party) -> set[str]:
        return {found.id for found in introductions.list_introductions(store, reader=party)}

    assert seen_by(lies) == {grant.introduction_id}
    assert seen_by(FIRM) == {grant.introduction_id, between.introduction_id}
    assert seen_by(OTHER) == {between.introduction_id}
    assert seen_by(manager) == {grant.introduction_id}  # not those between companies
    assert seen_by(Party(account=make_account(store, "Ot"))) == set()


def test_managers_answer_for_an_initiative_and_its_editors_get_the_mail(
    store: Store, mia: Account
) -> None:
    make_account(store, "Els", AccountRole.ADMINISTRATOR)
    with store.keeping() as session:
        audit.record(session, mia.actor, "initiative.changed", "initiative:init:x")
    wish = wanted(to_organisation="", initiative_id="init:x")
    made = request_introduction(store, wish, actor=FIRM)
    mail = delivery.delivery_of(store, made)
    assert mail is not None
    assert (mail.to_organisation, mail.addresses) == (False, ("mia@example.org",))
    manager = Party(account=mia)
    found = introductions.get(store, made, reader=manager)
    assert found is not None and waits_for(found, manager) and not waits_for(found, FIRM)
    assert (found.from_name, found.to_name) == ("Firma", "X")
    with pytest.raises(IntroductionError, match="unknown"):
        answers.close(store, made, outcome="joined", actor=FIRM)
    answers.accept(store, AccessGrant("", made, manager), contact=MIA)
    answers.close(store, made, outcome="joined", actor=manager)
    with store.reading() as session:
        sides = session.scalars(select(IntroductionStepRow.by).order_by(IntroductionStepRow.id))
        assert list(sides) == ["requester", "recipient", "recipient"]


def test_outcomes_follow_on_the_right_states(store: Store, lies: Party) -> None:
    grant = by_link(store, lies)

    def refused(outcome: str, party: Party = lies) -> str:
        with pytest.raises(IntroductionError) as error:
            answers.close(store, grant.introduction_id, outcome=outcome, actor=party)
        return error.value.code

    assert [refused(outcome) for outcome in ("joined", "ended", "asked", "?")] == ["answered"] * 4
    assert refused("withdrawn", FIRM) == refused("withdrawn", OTHER) == "unknown"
    answers.accept(store, grant, contact=GRIET)
    assert refused("withdrawn") == "answered"
    answers.close(store, grant.introduction_id, outcome="joined", actor=lies)
    answers.close(store, grant.introduction_id, outcome="ended", actor=lies, note="Klaar")
    found = introductions.get(store, grant.introduction_id, reader=FIRM)
    assert found is not None
    assert [step.step for step in found.steps] == ["asked", "accepted", "joined", "ended"]
    with store.reading() as session:
        logged = session.scalars(select(AuditRow.action).where(AuditRow.actor == lies.actor))
        assert list(logged) == ["introduction.asked", "introduction.joined", "introduction.ended"]


def test_a_match_list_follows_its_introductions(store: Store, lies: Party) -> None:
    assert lies.account is not None
    with store.keeping() as session:
        now = lies.account.created
        session.add(MatchListRow(id="l", name="L", question={}, created=now, changed=now))

    def status() -> str | None:
        with store.reading() as session:
            entry = session.get(MatchListEntryRow, ("l", "x:firma"))
            return entry.status if entry else None

    grant = by_link(store, lies, list_id="l")
    assert status() == "approached"
    answers.accept(store, grant, contact=GRIET)
    assert status() == "interested"
    answers.close(store, grant.introduction_id, outcome="joined", actor=lies)
    assert status() == "joined"
    answers.close(store, grant.introduction_id, outcome="ended", actor=lies)
    assert status() == "joined"


def test_an_answer_is_announced_to_an_active_account_or_the_company(
    store: Store, lies: Party
) -> None:
    made, between = by_link(store, lies), by_link(store, FIRM, to_organisation="x:ander")
    address = introductions.requester_address
    assert address(store, made.introduction_id) == "lies@example.org"
    assert address(store, between.introduction_id) == "griet@firma.example"
    assert address(store, "none") is None
    with store.writing() as write:
        delete_organisation(write, "x:firma", references=False)
    assert address(store, between.introduction_id) is None


def test_who_asked_opens_nothing_with_the_link(store: Store, lies: Party, mia: Account) -> None:
    grant, between = by_link(store, lies), by_link(store, OTHER)
    for link, visitor in ((grant, lies), (between, OTHER)):
        own = AccessGrant(link.token, visitors=(Party(account=mia), visitor))
        assert introductions.get_for_recipient(store, own) is None
        assert answers.accept(store, own, contact=GRIET) is None
        assert answers.decline(store, own) is None
    other = AccessGrant(grant.token, visitors=(OTHER, Party(account=mia)))
    assert introductions.get_for_recipient(store, other) is not None


def test_a_company_asks_for_no_initiative(store: Store) -> None:
    assert refusal(store, OTHER, initiative_id="init:x") == "unknown"
    with store.reading() as session:
        assert session.scalars(select(IntroductionRow.id)).all() == []


def test_requests_that_reached_nobody_are_passed_on_by_another_than_who_asked(
    store: Store, lies: Party, mia: Account
) -> None:
    grant = by_link(store, lies)
    silent = by_link(store, lies, to_organisation="x:ander")
    sent = by_link(store, FIRM, to_organisation="x:ander")
    delivery.note_mail(store, sent.introduction_id, "gone from the queue")
    waiting = delivery.undelivered(store, reader=lies)
    assert [
        (one.id, one.requester, one.recipient, one.tried_again, one.own) for one in waiting
    ] == [
        (grant.introduction_id, "Lies", "Firma", False, True),
        (silent.introduction_id, "Lies", "Ander", False, True),
    ]
    assert delivery.pass_on(store, silent.introduction_id, actor=lies) is None
    assert delivery.pass_on(store, sent.introduction_id, actor=Party(account=mia)) is None
    token = delivery.pass_on(store, silent.introduction_id, actor=Party(account=mia))
    assert token is not None
    found = introductions.get_for_recipient(store, AccessGrant(token))
    assert found is not None and found.id == silent.introduction_id
    assert delivery.pass_on(store, silent.introduction_id, actor=Party(account=mia)) is None
    with store.reading() as session:
        line = session.scalars(select(AuditRow).where(AuditRow.actor == mia.actor)).one()
        assert (line.action, line.subject) == (
            "introduction.passed-on",
            f"introduction:{silent.introduction_id}",
        )


def test_the_contact_on_record_is_for_owners_of_profiles(store: Store) -> None:
    assert introductions.recorded_contact(store, "x:firma") == Contact()

    def owned(contact_for: str) -> Contact:
        with store.keeping() as session:
            row = session.get(ProfileRow, "x:firma")
            if row is None:
                now = datetime.now(UTC)
                row = ProfileRow(organisation_id="x:firma", email="griet@firma.example")
                row.state, row.created, row.changed = "published", now, now
                session.add(row)
            row.contact_for = contact_for
        return introductions.recorded_contact(store, "x:firma")

    assert owned("introduced") == owned("managers") == GRIET
    assert owned("nobody") == Contact()
