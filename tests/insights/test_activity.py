"""What is counted by week, what waits for whom, and who sees which lines of the log."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete

from matcher import audit
from matcher.accounts import accounts
from matcher.accounts.accounts import Account, AccountRole
from matcher.container import Services
from matcher.domain import Initiative, Organisation, OrganisationType
from matcher.insights import activity
from matcher.insights.log_lines import recent_lines
from matcher.insights.own_work import (
    MAX_WAITING,
    entry_counts,
    introduction_counts,
    own_initiatives,
    waiting_for,
)
from matcher.match_lists.lists import EntryStatus
from matcher.store import Store
from matcher.store.account_tables import (
    AuditRow,
    IntroductionRow,
    IntroductionStepRow,
    MatchListEntryRow,
    MatchListRow,
)
from matcher.store.initiatives import save_initiative
from matcher.store.organisations import save_organisations
from tests.conftest import settings_for

MONDAY = datetime(2026, 11, 16, tzinfo=UTC)
THEN = datetime(2026, 11, 2, 12, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    found = Services(settings_for(tmp_path)).store
    found.upgrade()
    with found.writing() as write:
        several = [Organisation(f"x:{one}", one.title(), OrganisationType.COMPANY) for one in "ab"]
        save_organisations(write, several)
    yield found
    found.dispose()


def account(store: Store, name: str, role: AccountRole) -> Account:
    address = f"{name}@example.org"
    return accounts.create(
        store,
        email=address,
        name=name.title(),
        role=role,
        password="een lang wachtwoord",
        actor="command",
    )


@pytest.fixture
def mia(store: Store) -> Account:
    return account(store, "mia", AccountRole.MANAGER)


@pytest.fixture
def lies(store: Store) -> Account:
    return account(store, "lies", AccountRole.MEMBER)


def line(store: Store, action: str, subject: str, at: datetime = THEN, **more: Any) -> None:
    with store.keeping() as session:
        actor = more.pop("actor", "command")
        session.add(AuditRow(at=at, actor=actor, action=action, subject=subject, detail=more))


def stored_list(store: Store, owner: Account, initiative: str | None = None) -> str:
    with store.keeping() as session:
        key = f"list{owner.id}"
        session.add(
            MatchListRow(
                id=key,
                name=f"Lijst van {owner.name}",
                note="",
                initiative_id=initiative,
                account_id=owner.id,
                question={},
                created=THEN,
                changed=THEN,
            )
        )
    return key


def entry(store: Store, list_id: str, organisation: str, status: EntryStatus, **more: Any) -> None:
    with store.keeping() as session:
        session.add(
            MatchListEntryRow(
                list_id=list_id,
                organisation_id=organisation,
                status=status.value,
                note="",
                account_id=more.get("assigned"),
                changed=more.get("changed", THEN),
            )
        )


def introduction(store: Store, key: str, state: str, **more: Any) -> None:
    with store.keeping() as session:
        session.add(
            IntroductionRow(
                id=key,
                from_account=more.get("asker"),
                from_organisation=more.get("company"),
                to_organisation=more.get("to", "x:a"),
                initiative_id=more.get("initiative"),
                need="Spuitgieten",
                message="Een bericht",
                contact={},
                state=state,
                created=THEN,
                changed=more.get("changed", THEN),
            )
        )


def week(store: Store, monday: date) -> dict[str, int]:
    counts = {each.start: dict(each.counts) for each in activity.weekly(store, MONDAY.date())}
    return counts[monday]


def test_weeks_begin_on_monday_and_there_are_twelve(store: Store) -> None:
    weeks = [each.start for each in activity.weekly(store, date(2026, 11, 22))]
    assert weeks[-1] == date(2026, 11, 16) and weeks[0] == date(2026, 8, 31)
    assert len(weeks) == 12 and {one.weekday() for one in weeks} == {0}
    assert activity.weekly(store, date(2026, 11, 23))[-1].start == date(2026, 11, 23)


def test_an_organisation_counts_once_a_week(store: Store) -> None:
    for at in (MONDAY - timedelta(seconds=1), MONDAY, MONDAY + timedelta(days=2)):
        line(store, "organisation.changed", "organisation:x:a", at)
    line(store, "organisation.created", "organisation:x:b", MONDAY)
    line(store, "organisation.deleted", "organisation:x:c", MONDAY)
    line(store, "account.created", "account:1", MONDAY)
    assert week(store, date(2026, 11, 16))["organisations"] == 2
    assert week(store, date(2026, 11, 9))["organisations"] == 1


def test_imports_add_what_they_wrote(store: Store) -> None:
    wrote = {"organisations": {"new": 40, "changed": 2}, "projects": {"new": 7, "changed": 0}}
    line(store, "import.imported", "import:1", MONDAY, **wrote)
    line(store, "import.imported", "import:2", MONDAY, organisations="?")
    line(store, "import.undone", "import:1", MONDAY, organisations={"deleted": 40})
    assert week(store, date(2026, 11, 16))["organisations"] == 42


def test_lists_and_introductions_by_week(store: Store, mia: Account) -> None:
    line(store, "list.created", "list:gone", MONDAY)
    line(store, "list.changed", "list:gone", MONDAY)
    introduction(store, "i1", "joined", asker=mia.id)
    with store.keeping() as session:
        for step, at in (
            ("asked", MONDAY - timedelta(days=3)),
            ("accepted", MONDAY),
            ("joined", MONDAY),
        ):
            session.add(
                IntroductionStepRow(introduction_id="i1", at=at, by="requester", step=step, note="")
            )
    now, before = week(store, date(2026, 11, 16)), week(store, date(2026, 11, 9))
    assert now == {"organisations": 0, "lists": 1, "asked": 0, "accepted": 1}
    assert before == {"organisations": 0, "lists": 0, "asked": 1, "accepted": 0}


def test_what_waits_is_what_is_mine_and_undecided_oldest_first(
    store: Store, mia: Account, lies: Account
) -> None:
    mine, hers = stored_list(store, lies), stored_list(store, mia)
    days = [THEN + timedelta(days=number) for number in range(5)]
    entry(store, mine, "x:a", EntryStatus.APPROACHED, assigned=lies.id, changed=days[2])
    entry(store, mine, "x:b", EntryStatus.JOINED, assigned=lies.id)
    entry(store, hers, "x:a", EntryStatus.PROPOSED, assigned=lies.id, changed=days[0])
    entry(store, hers, "x:b", EntryStatus.PROPOSED, assigned=mia.id)
    introduction(store, "i1", "asked", asker=lies.id, changed=days[3], to="x:b")
    introduction(store, "i2", "accepted", asker=lies.id, changed=days[1], to="x:gone")
    introduction(store, "i3", "declined", asker=lies.id)
    introduction(store, "i4", "asked", asker=mia.id)
    found = [
        (one.kind, one.id, one.name, one.state, one.readable) for one in waiting_for(store, lies)
    ]
    assert found == [
        ("entry", hers, "A", "proposed", False),
        ("introduction", "i2", "x:gone", "state_accepted", True),
        ("entry", mine, "A", "approached", True),
        ("introduction", "i1", "B", "state_asked", True),
    ]
    assert waiting_for(store, lies)[0].what == ""  # the name of somebody else's list
    assert [one.what for one in waiting_for(store, mia)] == [
        f"Lijst van {mia.name}",
        "Spuitgieten",
    ]


def test_no_more_waits_than_can_be_shown(store: Store, mia: Account) -> None:
    for number in range(MAX_WAITING + 5):
        at = THEN - timedelta(days=number)
        introduction(store, f"i{number}", "asked", asker=mia.id, changed=at)
    found = waiting_for(store, mia)
    assert len(found) == MAX_WAITING and found[0].id == f"i{MAX_WAITING + 4}"


def test_counts_are_of_what_one_may_see(store: Store, mia: Account, lies: Account) -> None:
    mine, hers = stored_list(store, lies), stored_list(store, mia)
    entry(store, mine, "x:a", EntryStatus.APPROACHED)
    entry(store, hers, "x:a", EntryStatus.APPROACHED)
    entry(store, hers, "x:b", EntryStatus.DECLINED)
    introduction(store, "i1", "asked", asker=lies.id)
    introduction(store, "i2", "asked", asker=mia.id)
    introduction(store, "i3", "ended", company="x:b")
    assert entry_counts(store, lies) == {
        "proposed": 0, "approached": 1, "interested": 0, "declined": 0, "joined": 0
    }  # fmt: skip
    assert entry_counts(store, mia)[EntryStatus.APPROACHED] == 2
    assert introduction_counts(store, lies)["asked"] == 1
    managers = introduction_counts(store, mia)
    assert (managers["asked"], managers["ended"]) == (2, 0)  # between companies: not for others


def test_members_see_no_lists_and_introductions_of_others(
    store: Store, mia: Account, lies: Account
) -> None:
    mine, hers = stored_list(store, lies), stored_list(store, mia)
    introduction(store, "i1", "asked", asker=mia.id)
    with store.keeping() as session:
        session.execute(delete(AuditRow))
        audit.record(session, mia.actor, "organisation.changed", "organisation:x:a")
        audit.record(session, mia.actor, "list.entry", f"list:{hers}/x:a", status="joined")
        audit.record(session, lies.actor, "list.created", f"list:{mine}")
        audit.record(session, mia.actor, "introduction.asked", "organisation:x:a")
        audit.record(session, "company:x:a", "introduction.accepted", "introduction:i1")
        audit.record(session, mia.actor, "account.role", f"account:{lies.email}", role="member")
        audit.record(session, lies.actor, "account.password", f"account:{lies.email}")
        audit.record(session, "command", "key.created", "key:k")
        audit.record(session, "command", "initiative.deleted", "initiative:gone")
    seen = {
        one.name: [(line.actor, line.action, line.kind, line.name) for line in found]
        for one, found in ((one, recent_lines(store, one)) for one in (mia, lies))
    }
    assert seen["Lies"] == [
        ("command", "initiative.deleted", "initiative", ""),
        ("Lies", "list.created", "list", "Lijst van Lies"),
        ("Mia", "organisation.changed", "organisation", "A"),
    ]
    assert seen["Mia"] == [
        ("command", "initiative.deleted", "initiative", ""),
        ("A", "introduction.accepted", "introduction", "A"),
        ("Mia", "introduction.asked", "organisation", "A"),
        ("Lies", "list.created", "list", "Lijst van Lies"),
        ("Mia", "list.entry", "list", "Lijst van Mia"),
        ("Mia", "organisation.changed", "organisation", "A"),
    ]
    assert len(recent_lines(store, mia, limit=2)) == 2


def test_addresses_of_accounts_that_are_gone_are_not_shown(store: Store, mia: Account) -> None:
    line(store, "initiative.changed", "initiative:x", actor="account:weg@example.org")
    line(store, "initiative.changed", "initiative:x", actor="key:portal")
    assert [one.actor for one in recent_lines(store, mia)[:2]] == ["portal", "–"]


def test_initiatives_with_which_one_has_to_do(store: Store, mia: Account, lies: Account) -> None:
    assert own_initiatives(store, mia) == set()
    save_initiative(store, Initiative("x:one", "One", "Brief"))
    line(store, "initiative.created", "initiative:x:one", actor=mia.actor)
    line(store, "initiative.created", "initiative:x:other", actor="command")
    stored_list(store, mia, "x:two")
    stored_list(store, lies, None)
    introduction(store, "i1", "asked", asker=mia.id, initiative="x:three")
    introduction(store, "i2", "asked", asker=lies.id, initiative="x:four")
    assert own_initiatives(store, mia) == {"x:one", "x:two", "x:three"}
    assert own_initiatives(store, lies) == {"x:four"}
