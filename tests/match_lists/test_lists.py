"""Saving, renewing, following up, sharing and exporting a list, and who may do what."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import select, update

from matcher.accounts import accounts
from matcher.accounts.accounts import Account, AccountRole
from matcher.container import Services
from matcher.domain import Question
from matcher.match_lists import actions, lists, shares
from matcher.match_lists.exports import PRIVATE_COLUMNS, as_csv, as_json, export
from matcher.match_lists.lists import Entry, EntryStatus, MatchList
from matcher.matching.answer import Answer, Match
from matcher.matching.service import Recommender
from matcher.store import Store
from matcher.store.account_tables import AuditRow, MatchListEntryRow, ProfileRow, ShareRow
from tests.answers import BY_NEED, FACET, answer_of, match_of, organisation
from tests.conftest import settings_for
from tests.people import make_account

pytestmark = pytest.mark.usefixtures("hash_vectors")

QUESTION = Question("Spuitgieten", limit=500, offset=20)


class Answering:
    """Stands for a recommender whose answer is set by hand."""

    def __init__(self, *ids: str) -> None:
        self.ids = ids
        self.asked: list[Question] = []

    def recommend(self, question: Question) -> Answer:
        self.asked.append(question)
        return answer_of(*(self.result(*each) for each in self.ranked()))

    def ranked(self) -> list[tuple[int, str]]:
        return list(enumerate(self.ids, start=1))

    @staticmethod
    def result(rank: int, key: str) -> Match:
        facet = replace(FACET, text=f"=Aanbod van {key}", stage=None)
        reason = replace(BY_NEED, facet=facet)
        return match_of(
            key,
            rank,
            organisation=organisation(key, name=key.upper(), city=None),
            score=1.0 / rank,
            coverage=None,
            reasons=(reason, reason),
        )

    @property
    def recommender(self) -> Recommender:
        return cast(Recommender, self)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Services(settings_for(tmp_path)).store
    yield made
    made.dispose()


@pytest.fixture
def lies(store: Store) -> Account:
    return make_account(store, "Lies")


@pytest.fixture
def answering() -> Answering:
    return Answering("x:a", "x:b", "x:c")


def saved(store: Store, answering: Answering, owner: Account, **more: Any) -> MatchList:
    recommender = answering.recommender
    key = actions.save(store, recommender, QUESTION, name="Gieters", actor=owner, **more)
    return read(store, key, owner)


def read(store: Store, key: str, reader: Account | None, **more: Any) -> MatchList:
    match_list = lists.get(store, key, reader=reader, **more)
    assert match_list is not None
    return match_list


def written(
    store: Store, match_list: MatchList, actor: Account, seen: bool = True, **entries: Entry
) -> actions.WrittenEntries:
    changes = {key.replace("_", ":"): entry for key, entry in entries.items()}
    return actions.write_entries(
        store, match_list, changes, actor=actor, was_seen=lambda _key, _stored: seen
    )


def test_a_list_is_saved_with_a_bounded_question(
    store: Store, answering: Answering, lies: Account
) -> None:
    match_list = saved(store, answering, lies, initiative_id="init:x")
    assert (answering.asked[0].limit, answering.asked[0].offset) == (actions.MAX_MATCHES, 0)
    assert match_list.question == answering.asked[0]
    assert (match_list.owner, match_list.account_id) == ("Lies", lies.id)
    assert match_list.initiative_id == "init:x"
    assert [match.id for match in match_list.version.matches] == ["x:a", "x:b", "x:c"]
    assert (match_list.version.number, match_list.version.corpus_version) == (1, 7)


def test_who_is_hidden_is_on_no_list_until_shown_again(
    store: Store, answering: Answering, lies: Account
) -> None:
    match_list = saved(store, answering, lies)
    written(store, match_list, lies, x_b=Entry(EntryStatus.JOINED, "Geheim"))
    now = datetime.now(UTC)
    with store.keeping() as session:
        row = ProfileRow(organisation_id="x:b", email="b@example.org", contact_for="introduced")
        row.state, row.created, row.changed = "hidden", now, now
        session.add(row)
    for reader in (lies, None):
        hidden = read(store, match_list.id, reader)
        assert [match.id for match in hidden.version.matches] == ["x:a", "x:c"]
        exported = export(hidden, lists.colleagues(store), shared=reader is None)
        assert [row.id for row in exported.rows] == ["x:a", "x:c"]
        assert not [text for text in ("x:b", "Geheim") if text in as_json(exported).decode()]
    assert lists.summaries(store, lies)[0].statuses == {}
    with store.keeping() as session:
        session.get_one(ProfileRow, "x:b").state = "published"
    shown = read(store, match_list.id, lies)
    assert shown.version.matches == match_list.version.matches
    assert shown.entry("x:b").note == "Geheim"
    assert lists.summaries(store, lies)[0].statuses == {EntryStatus.JOINED: 1}


@pytest.mark.parametrize(("name", "stored"), [("  Een \n naam ", "Een naam"), (" \n", "–")])
def test_names_are_of_one_line(
    store: Store, answering: Answering, lies: Account, name: str, stored: str
) -> None:
    key = actions.save(store, answering.recommender, QUESTION, name=name, actor=lies)
    assert read(store, key, lies).name == stored


def test_an_answer_that_is_the_same_makes_no_version(
    store: Store, answering: Answering, lies: Account
) -> None:
    match_list = saved(store, answering, lies)
    assert not actions.renew(store, answering.recommender, match_list, actor=lies)
    answering.ids = ("x:b", "x:a")
    assert actions.renew(store, answering.recommender, match_list, actor=lies)
    renewed = read(store, match_list.id, lies)
    assert [number for number, _created in renewed.versions] == [2, 1]
    assert [match.id for match in renewed.version.matches] == ["x:b", "x:a"]
    former = read(store, match_list.id, lies, number=1)
    assert former.version == match_list.version
    assert lists.get(store, match_list.id, reader=lies, number=3) is None


def test_members_read_their_own_lists_and_managers_all(
    store: Store, answering: Answering, lies: Account
) -> None:
    match_list = saved(store, answering, lies)
    other = make_account(store, "Ot")
    manager = make_account(store, "Mia", AccountRole.MANAGER)
    assert lists.get(store, match_list.id, reader=other) is None
    assert lists.summaries(store, other) == []
    assert read(store, match_list.id, manager).id == match_list.id
    own = saved(store, answering, manager)
    assert [(line.id, line.mine) for line in lists.summaries(store, manager)] == [
        (own.id, True),
        (match_list.id, False),
    ]


def test_owners_and_administrators_delete(
    store: Store, answering: Answering, lies: Account
) -> None:
    match_list = saved(store, answering, lies)
    roles = {role: make_account(store, role.value, role) for role in AccountRole}
    may = {role: match_list.may_be_deleted_by(account) for role, account in roles.items()}
    assert may == {"member": False, "manager": False, "administrator": True}
    assert match_list.may_be_deleted_by(lies)
    written(store, match_list, lies, x_a=Entry(note="x"))
    actions.delete(store, match_list, actor=lies)
    assert lists.get(store, match_list.id, reader=lies) is None
    with store.reading() as session:
        assert session.scalars(select(MatchListEntryRow)).all() == []


def test_entries_are_written_for_matches_only_and_logged(
    store: Store, answering: Answering, lies: Account
) -> None:
    match_list = saved(store, answering, lies)
    entry = Entry(EntryStatus.APPROACHED, " Gebeld \n", lies.id)
    outcome = written(store, match_list, lies, x_a=entry, x_elsewhere=entry, x_b=Entry())
    assert (outcome.written, outcome.refused) == (1, ())
    entries = read(store, match_list.id, lies).entries
    assert list(entries) == ["x:a"]
    stored = entries["x:a"]
    assert (stored.status, stored.note, stored.account_id) == ("approached", "Gebeld", lies.id)
    with store.reading() as session:
        line = session.scalars(select(AuditRow).where(AuditRow.action == "list.entry")).one()
    assert line.subject == f"list:{match_list.id}/x:a"
    assert (line.actor, line.detail) == ("account:lies@example.org", {"status": "approached"})


def test_an_entry_that_changed_unseen_is_refused_unless_both_wrote_the_same(
    store: Store, answering: Answering, lies: Account
) -> None:
    match_list = saved(store, answering, lies)
    first = Entry(EntryStatus.DECLINED, "Geen tijd")
    assert written(store, match_list, lies, x_a=first).written == 1
    outcome = written(store, match_list, lies, seen=False, x_a=Entry(note="Anders"))
    assert (outcome.written, outcome.refused) == (0, ("x:a",))
    assert read(store, match_list.id, lies).entry("x:a").note == "Geen tijd"
    same = written(store, match_list, lies, seen=False, x_a=first)
    assert (same.written, same.refused) == (0, ())


def test_an_overview_counts_what_was_written_by_status(
    store: Store, answering: Answering, lies: Account
) -> None:
    match_list = saved(store, answering, lies)
    written(
        store,
        match_list,
        lies,
        x_a=Entry(EntryStatus.JOINED),
        x_b=Entry(EntryStatus.JOINED),
        x_c=Entry(note="Vraag later"),
    )
    (summary,) = lists.summaries(store, lies)
    assert summary.statuses == {EntryStatus.JOINED: 2, EntryStatus.PROPOSED: 1}
    assert (summary.owner, summary.versions) == ("Lies", 1)


def test_a_list_outlives_its_owner(store: Store, answering: Answering, lies: Account) -> None:
    match_list = saved(store, answering, lies)
    make_account(store, "Root", AccountRole.ADMINISTRATOR)
    assert accounts.delete(store, lies.id, actor="command")
    left = read(store, match_list.id, None)
    assert (left.owner, left.account_id) == ("–", None)


def test_a_share_link_opens_its_list_until_it_expires_or_is_revoked(
    store: Store, answering: Answering, lies: Account
) -> None:
    match_list = saved(store, answering, lies)
    token = shares.share(store, match_list.id, days=7, actor=lies)
    assert shares.shared_list(store, token) == match_list.id
    assert shares.shared_list(store, token[:-1]) is None
    (link,) = shares.shares_of(store, match_list.id)
    assert link.expires - link.created == timedelta(days=7)
    assert not shares.revoke(store, "another", mark=link.mark, actor=lies)
    assert shares.shared_list(store, token) == match_list.id
    assert shares.revoke(store, match_list.id, mark=link.mark, actor=lies)
    assert not shares.revoke(store, match_list.id, mark=link.mark, actor=lies)
    assert shares.shared_list(store, token) is None
    late = shares.share(store, match_list.id, days=30, actor=lies)
    with store.keeping() as session:
        session.execute(update(ShareRow).values(expires=datetime.now(UTC)))
    assert shares.shared_list(store, late) is None
    assert shares.shares_of(store, match_list.id) == []


def test_of_a_share_link_only_the_digest_is_stored(
    store: Store, answering: Answering, lies: Account
) -> None:
    token = shares.share(store, saved(store, answering, lies).id, days=7, actor=lies)
    with store.reading() as session:
        row = session.scalars(select(ShareRow)).one()
        lines = [str(line.detail) + line.subject for line in session.scalars(select(AuditRow))]
    assert row.digest != token and len(row.digest) == 64
    assert not any(token in line for line in lines)


def test_a_shared_export_holds_nothing_that_people_wrote(
    store: Store, answering: Answering, lies: Account
) -> None:
    match_list = saved(store, answering, lies)
    written(store, match_list, lies, x_b=Entry(EntryStatus.DECLINED, "Geheim", lies.id))
    match_list = read(store, match_list.id, lies)
    people = lists.colleagues(store)
    own = export(match_list, people, shared=False)
    assert (own.rows[1].status, own.rows[1].note, own.rows[1].assigned) == (
        "declined",
        "Geheim",
        "Lies",
    )
    shared = export(match_list, people, shared=True)
    assert not set(PRIVATE_COLUMNS) & set(shared.columns)
    assert "Geheim" not in str(asdict(shared)) and "Lies" not in str(asdict(shared))
    rows = json.loads(as_json(shared))["results"]
    assert [row["id"] for row in rows] == ["x:a", "x:b", "x:c"]
    assert rows[0]["needs"] == ["Gieten"] and "status" not in rows[0]


def test_a_csv_has_labels_for_columns_and_values_and_no_formulas(
    store: Store, answering: Answering, lies: Account
) -> None:
    exported = export(saved(store, answering, lies), {}, shared=False)
    labels = {column: column.title() for column in exported.columns}
    text = as_csv(exported, {**labels, "=company": "Bedrijf"}).decode("utf-8-sig")
    row = next(csv.DictReader(io.StringIO(text)))
    assert (row["Id"], row["Type"], row["Probability"]) == ("x:a", "Bedrijf", "0.5")
    assert row["Reasons"] == "'=Aanbod van x:a\n=Aanbod van x:a"
