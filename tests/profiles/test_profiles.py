"""Drafts, changes and what an owner is given of all that is stored, on a store without an index."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from matcher import audit
from matcher.container import Services
from matcher.domain import (
    Contact,
    Facet,
    FacetKind,
    Initiative,
    Member,
    Organisation,
    OrganisationType,
    Participation,
    Project,
    Role,
)
from matcher.introductions import answers
from matcher.introductions.access import AccessGrant, Party
from matcher.introductions.delivery import issue_link
from matcher.introductions.requests import IntroductionRequest, request_introduction
from matcher.profiles import actions, drafts, moderation, profiles
from matcher.profiles.export import export, export_to_json
from matcher.profiles.profiles import ContactFor, Profile, ProfileError, State
from matcher.store import Store
from matcher.store.account_tables import AuditRow, ProfileRow
from matcher.store.initiatives import get_initiative, save_initiative
from matcher.store.organisations import save_organisations
from matcher.store.projects import save_projects
from tests.conftest import settings_for

pytestmark = pytest.mark.usefixtures("hash_vectors")

OWNER = "baas@wier.example"
KEYS = ("rivaal", "partner")
COMPANY = Organisation(
    "",
    "Wier bv",
    OrganisationType.COMPANY,
    contact=Contact("Mieke", "mieke@wier.example"),
    competitors=("x:rivaal",),
    offers=(Facet(FacetKind.OFFER, "suikerwier op drijvende lijnen", language="nl"),),
)


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    made = Services(settings_for(tmp_path))
    with made.store.writing() as write:
        several = [Organisation(f"x:{key}", key, OrganisationType.COMPANY) for key in KEYS]
        save_organisations(write, several)
    yield made
    made.store.dispose()


@pytest.fixture
def store(services: Services) -> Store:
    return services.store


def draft_of(store: Store, company: Organisation = COMPANY) -> tuple[Profile, str]:
    return drafts.create(store, company, email=OWNER, contact_for=ContactFor.INTRODUCED)


def published(store: Store, company: Organisation = COMPANY) -> Profile:
    profile = drafts.publish(store, draft_of(store, company)[1])
    assert profile is not None
    return profile


def logged(store: Store) -> list[tuple[str, str]]:
    with store.reading() as session:
        rows = session.execute(select(AuditRow.action, AuditRow.actor).order_by(AuditRow.id))
        return [(action, actor) for action, actor in rows]


def test_an_address_may_have_five_drafts(store: Store) -> None:
    tokens = [draft_of(store)[1] for _ in range(drafts.MAX_DRAFTS)]
    with pytest.raises(ProfileError) as refused:
        draft_of(store)
    assert refused.value.code == "waiting"
    assert drafts.publish(store, tokens[0]) is not None
    assert draft_of(store)[0].state is State.DRAFT


def test_who_discards_a_draft_is_not_taken_for_the_company(store: Store) -> None:
    draft, token = draft_of(store)
    assert drafts.discard(store, token)
    assert not drafts.discard(store, token)
    assert profiles.get(store, draft.id) is None
    assert logged(store)[-1] == ("profile.discarded", "owner")


def test_changing_who_sees_the_contact_makes_no_version_of_the_corpus(store: Store) -> None:
    own = published(store)
    version = store.corpus_version()
    changed = actions.change(store, own.id, own.organisation, contact_for=ContactFor.NOBODY)
    assert changed is not None and changed.contact_for is ContactFor.NOBODY
    assert store.corpus_version() == version
    renamed = replace(own.organisation, name="Zeewier bv")
    changed = actions.change(store, own.id, renamed, contact_for=ContactFor.NOBODY)
    assert changed is not None and changed.organisation.name == "Zeewier bv"
    assert store.corpus_version() > version
    assert logged(store)[-2:] == [("profile.changed", f"company:{own.id}")] * 2


def test_a_hidden_profile_is_changed_in_its_record_and_keeps_its_traces(
    services: Services, store: Store
) -> None:
    own = published(store)
    members = (Member("x:partner"), Member(own.id, date(2026, 2, 1)))
    save_initiative(store, Initiative("init:x", "X", "", members=members))
    assert moderation.hide(store, services.mailer, own.id, reason=" Reclame ", actor="command")
    initiative = get_initiative(store, "init:x")
    assert initiative is not None and initiative.member_ids == ("x:partner",)
    renamed = replace(own.organisation, name="Zeewier bv")
    changed = actions.change(store, own.id, renamed, contact_for=ContactFor.MANAGERS)
    assert changed is not None
    assert (changed.state, changed.note) == (State.HIDDEN, "Reclame")
    assert moderation.count_by_state(store) == {"hidden": 1}
    assert moderation.show_again(store, services.mailer, own.id, actor="command")
    shown = profiles.get(store, own.id)
    assert shown is not None
    assert (shown.state, shown.organisation.name, shown.note) == (
        State.PUBLISHED,
        "Zeewier bv",
        "",
    )
    initiative = get_initiative(store, "init:x")
    assert initiative is not None and initiative.members == members


def test_profiles_are_searched_by_id_address_and_name_in_any_state(store: Store) -> None:
    own = published(store)
    draft, _token = draft_of(store, replace(COMPANY, name="Algen nv"))

    def found(text: str, **page: int) -> tuple[int, set[str]]:
        total, page_of = moderation.search(store, text, **{"limit": 10, "offset": 0, **page})
        return total, {profile.id for profile in page_of}

    assert found("") == found("WIER.example") == (2, {own.id, draft.id})
    assert found("algen") == (1, {draft.id})
    assert found("wier bv") == (1, {own.id})
    assert found(own.id) == (1, {own.id})
    assert found("%") == (0, set())
    assert found("", limit=1) == (2, {draft.id})
    assert found("", limit=1, offset=1) == (2, {own.id})


def exported(store: Store, organisation_id: str) -> dict[str, Any]:
    profile = profiles.get(store, organisation_id)
    assert profile is not None
    return dict(json.loads(json.dumps(export_to_json(export(store, profile)))))


def test_an_export_has_the_same_past_in_both_states(services: Services, store: Store) -> None:
    own = published(store)
    project = Facet(FacetKind.EVIDENCE, "Proefkweek", title="Wier", source="wier:1", year=2024)
    owners = (Participation("x:partner"), Participation(own.id, Role.COORDINATOR, 2023))
    with store.writing() as write:
        save_projects(write, [Project(project, owners)])
    members = (Member(own.id, date(2026, 2, 1)),)
    save_initiative(store, Initiative("init:x", "X", "", members=members))
    before = exported(store, own.id)
    assert before["initiatives"] == [{"id": "init:x", "name": "X", "since": "2026-02-01"}]
    (part,) = before["past_projects"]
    assert (part["source"], part["role"], part["year"]) == ("wier:1", "coordinator", 2023)
    assert before["organisation"]["competitors"] == [{"id": "x:rivaal", "name": "rivaal"}]
    moderation.hide(store, services.mailer, own.id, reason="Reclame", actor="command")
    after = exported(store, own.id)
    assert after["profile"]["state"] == "hidden" and after["profile"]["note"] == "Reclame"
    for part_name in ("past_projects", "initiatives", "also_known_as"):
        assert after[part_name] == before[part_name]


def test_an_export_has_ones_own_contact_and_the_others_when_it_is_shared(store: Store) -> None:
    own = published(store)
    request = IntroductionRequest("x:partner", "x" * 20, Contact("Mieke", "m@wier.example"))
    made = request_introduction(store, request, actor=Party(organisation_id=own.id))
    (asked,) = exported(store, own.id)["introductions"]
    assert asked["requester_contact"]["email"] == "m@wier.example"
    assert asked["recipient_contact"] is None
    answers.accept(store, AccessGrant(issue_link(store, made)), contact=Contact(None, None, "09 1"))
    (accepted,) = exported(store, own.id)["introductions"]
    assert accepted["recipient_contact"]["phone"] == "09 1"
    assert [step["by"] for step in accepted["steps"]] == ["requester", "recipient"]
    assert "from_account" not in accepted


def test_an_export_tells_what_others_did_but_not_who_and_how(store: Store) -> None:
    own = published(store)
    subject = f"organisation:{own.id}"
    with store.keeping() as session:
        audit.record(session, "account:mia@example.org", "organisation.changed", subject, note="x")
        audit.record(session, own.actor, "profile.changed", subject, field="name")
        audit.record(session, own.actor, "introduction.asked", "organisation:x:partner")
    log = exported(store, own.id)["log"]
    changed, by_owner = log[-3], log[-2]
    assert (changed["by"], changed["action"]) == ("account", "organisation.changed")
    assert "detail" not in changed and by_owner["detail"] == {"field": "name"}
    assert log[-1]["action"] == "introduction.asked"


def test_deleting_takes_the_row_and_the_name_in_earlier_lines(
    services: Services, store: Store
) -> None:
    own = published(store)
    deleted = actions.delete(store, services.cache, own.id)
    assert deleted is not None and deleted.email == OWNER
    with store.reading() as session:
        assert session.get(ProfileRow, own.id) is None
        earlier = session.scalars(select(AuditRow).where(AuditRow.action == "profile.created"))
        line = earlier.one()
    digits = own.id.rpartition("-")[2]
    assert (line.subject, line.actor) == (f"organisation:own:{digits}", f"company:own:{digits}")
