from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from apiflask import APIFlask
from sqlalchemy import func, select, update

from matcher import audit
from matcher.accounts import accounts, sessions, tokens
from matcher.accounts.accounts import AccountRole
from matcher.container import Services
from matcher.domain import (
    Contact,
    Facet,
    FacetKind,
    Organisation,
    OrganisationType,
    Participation,
    Place,
    Project,
    Role,
    SizeClass,
    Stage,
)
from matcher.indexing.build import build_index
from matcher.organisations import actions as organisations
from matcher.organisations.duplicates import merge
from matcher.organisations.serialise import deserialise, serialise
from matcher.profiles import actions, drafts, links, profiles
from matcher.profiles.export import export
from matcher.profiles.moderation import hide, show_again
from matcher.profiles.profiles import ContactFor, Profile, ProfileError, State
from matcher.store import Store
from matcher.store.account_tables import AuditRow, ProfileRow, TokenRow
from matcher.store.projects import save_projects
from matcher.store.tables import AliasRow, FacetRow, OrganisationRow, OwnershipRow
from tests.corpus.corpora import facets_of

pytestmark = pytest.mark.usefixtures("hash_vectors")

COMPANY = Organisation(
    id="",
    name="Kwartelhof Zeewierkwekerij",
    type=OrganisationType.COMPANY,
    short_name="Kwartelhof",
    size=SizeClass.SMALL,
    sme=True,
    place=Place("Oostende", "BE", "BE25", 51.2, 2.9),
    sectors=("aquacultuur",),
    languages=("nl",),
    website="https://kwartelhof.example",
    description="Wier.",
    contact=Contact("Mieke", "mieke@kwartelhof.example", None),
    competitors=("demo:surfalink",),
    offers=(
        Facet(
            FacetKind.OFFER,
            "suikerwier op drijvende lijnen",
            language="nl",
            stage=Stage.PRODUCTION,
            trl_min=7,
            trl_max=9,
            certifications=("ISO 9001",),
            valid_until=date(2031, 12, 31),
        ),
    ),
    needs=(Facet(FacetKind.NEED, "iemand die wiervlokken perst", language="nl"),),
)
OWNER = "baas@kwartelhof.example"


@pytest.fixture
def home(hash_home: Path) -> Path:
    return hash_home


@pytest.fixture
def services(app: APIFlask) -> Services:
    found: Services = app.extensions["schakel"]
    return found


@pytest.fixture
def store(services: Services) -> Store:
    return services.store


def draft_of(store: Store, **changed: Any) -> tuple[Profile, str]:
    email = changed.pop("email", OWNER)
    contact_for = changed.pop("contact_for", ContactFor.NOBODY)
    company = replace(COMPANY, **changed)
    return drafts.create(store, company, email=email, contact_for=contact_for)


def published(store: Store, **changed: Any) -> Profile:
    _draft, token = draft_of(store, **{"contact_for": ContactFor.INTRODUCED, **changed})
    found = drafts.publish(store, token)
    assert found is not None
    return found


def test_an_organisation_survives_packing() -> None:
    assert deserialise(serialise(COMPANY)) == COMPANY
    bare = Organisation(id="own:x", name="x", type=OrganisationType.OTHER)
    assert deserialise(serialise(bare)) == bare


def test_a_draft_becomes_what_was_given(store: Store) -> None:
    draft, token = draft_of(store, email=" Baas@Kwartelhof.example")
    assert (draft.state, draft.email, draft.contact_for) == (State.DRAFT, OWNER, "nobody")
    assert organisations.get(store, draft.id) is None
    made = drafts.publish(store, token)
    assert made is not None
    plain = replace(made.organisation, offers=(), needs=())
    assert plain == replace(COMPANY, id=draft.id, offers=(), needs=())
    ids = [replace(facet, id=None) for facet in made.organisation.facets]
    assert ids == list(COMPANY.facets)
    assert profiles.get(store, draft.id) == made
    with store.reading() as session:
        assert session.get_one(ProfileRow, draft.id).record is None
    assert drafts.publish(store, token) is None


def test_publishing_is_whole_or_not_at_all(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    draft, token = draft_of(store)
    version = store.corpus_version()

    def broken(*_args: object, **_more: object) -> None:
        raise RuntimeError("in the middle")

    monkeypatch.setattr(audit, "record", broken)
    with pytest.raises(RuntimeError):
        drafts.publish(store, token)
    monkeypatch.undo()
    assert organisations.get(store, draft.id) is None
    assert store.corpus_version() == version
    assert drafts.get_by_token(store, token) is not None
    assert drafts.publish(store, token) is not None


def test_useless_tokens_change_nothing(store: Store) -> None:
    version = store.corpus_version()
    assert drafts.publish(store, "nonsense") is None
    assert not drafts.discard(store, "nonsense")
    assert actions.open_by_link(store, "nonsense") is None
    assert links.set_new_address(store, "nonsense") is None
    assert store.corpus_version() == version


def test_drafts_are_forgotten_after_a_month(store: Store) -> None:
    draft, token = draft_of(store)
    old = datetime.now(UTC) - drafts.EXPIRES_AFTER - timedelta(minutes=1)
    with store.keeping() as session:
        session.execute(update(ProfileRow).values(changed=old))
    other, _token = draft_of(store, email="x@example.org")
    assert profiles.get(store, draft.id) is None
    assert profiles.get(store, other.id) is not None
    assert drafts.get_by_token(store, token) is None
    with store.reading() as session:
        assert session.scalar(select(func.count()).select_from(TokenRow)) == 1


@pytest.mark.parametrize("email", ["x", "x@example.org\nBcc: y@example.org", "", "a@b@c.org"])
def test_addresses_that_are_none(store: Store, email: str) -> None:
    with pytest.raises(ProfileError) as caught:
        draft_of(store, email=email)
    assert caught.value.code == "email"
    assert links.issue_links(store, email) == ("", []) or email == "x"
    own = published(store)
    with pytest.raises(ProfileError):
        links.request_new_address(store, own.id, email=email)


def test_links_are_for_all_profiles_of_an_address_and_not_too_many(store: Store) -> None:
    one, two = published(store), published(store, name="Tweede")
    draft, _token = draft_of(store)
    published(store, email="other@example.org")
    address, issued = links.issue_links(store, OWNER.upper())
    assert address == OWNER
    names = [(link.name, link.purpose) for link in issued]
    assert names == [
        (one.organisation.name, tokens.EDIT_PROFILE),
        (two.organisation.name, tokens.EDIT_PROFILE),
        ("", tokens.CONFIRM_PROFILE),
    ]
    opened = actions.open_by_link(store, issued[1].token)
    assert opened is not None
    assert opened.id == two.id
    for _ in range(links.MAX_LINKS - 1):
        links.issue_links(store, OWNER)
    assert links.issue_links(store, OWNER)[1] == []
    assert draft.id != one.id


def test_who_may_see_a_contact(store: Store) -> None:
    made = {
        role: accounts.create(
            store,
            email=f"{role}@example.org",
            name=role,
            role=role,
            password=None,
            actor="command",
        )
        for role in AccountRole
    }
    own = published(store)
    for chosen, allowed in (
        (ContactFor.INTRODUCED, set()),
        (ContactFor.NOBODY, set()),
        (ContactFor.MANAGERS, {AccountRole.MANAGER, AccountRole.ADMINISTRATOR}),
    ):
        actions.change(store, own.id, own.organisation, contact_for=chosen)
        assert profiles.visible_contact(store, own.id, None) is None
        for role, account in made.items():
            contact = profiles.visible_contact(store, own.id, account)
            assert contact == (COMPANY.contact if role in allowed else None)
    manager = made[AccountRole.MANAGER]
    assert profiles.visible_contact(store, "demo:dijlenano", manager) is not None
    assert profiles.visible_contact(store, "demo:dijlenano", made[AccountRole.MEMBER]) is None
    assert profiles.visible_contact(store, "org:none", manager) is None
    asleep = replace(manager, active=False)
    assert profiles.visible_contact(store, "demo:dijlenano", asleep) is None
    draft, _token = draft_of(store, contact_for=ContactFor.MANAGERS)
    assert profiles.visible_contact(store, draft.id, manager) is None


def test_competitors_that_went_meanwhile_are_left_out(store: Store) -> None:
    named = ("demo:surfalink", "demo:trapkar", "org:nobody")
    _draft, token = draft_of(store, competitors=named)
    organisations.remove(store, "demo:trapkar")
    made = drafts.publish(store, token)
    assert made is not None
    assert made.organisation.competitors == ("demo:surfalink",)


def test_namesakes(services: Services) -> None:
    corpus = services.corpus_provider.snapshot().corpus
    found = profiles.namesakes(corpus, "DIJLENANO instituut demo")
    assert found == [("demo:dijlenano", "Dijlenano Instituut (demo)")]
    assert profiles.namesakes(corpus, "Dijlenano") == []
    assert profiles.namesakes(corpus, "Σ") == []


def project(source: str, *owners: Participation) -> Project:
    text = f"Proefkweek van wier, {source}"
    facet = Facet(FacetKind.EVIDENCE, text, title="Wier", source=source, year=2024)
    return Project(facet, owners)


def evidence(store: Store, own: str) -> list[tuple[Facet, list[Participation]]]:
    found = organisations.evidence(store, own)
    return [(replace(facet, id=None), owners) for facet, owners in found]


def test_hiding_and_showing_keeps_past_projects_roles_and_aliases(
    services: Services, store: Store
) -> None:
    own = published(store).id
    other = organisations.create(store, replace(COMPANY, id="org:oud", name="Oud"))
    merge(store, own, other.id)
    with store.writing() as write:
        shared = project(
            "wier:1",
            Participation("demo:dijlenano", Role.PARTICIPANT, 2022),
            Participation(own, Role.COORDINATOR, 2023),
            Participation("demo:surfalink"),
        )
        save_projects(write, [shared, project("wier:2", Participation(own, year=2024))])
    before, owned = profiles.get(store, own), evidence(store, own)
    assert [len(owners) for _facet, owners in owned] == [3, 1]
    assert hide(store, services.mailer, own, reason="Reden", actor="command")
    assert organisations.get(store, own) is None
    assert organisations.get(store, "org:oud") is None
    with store.reading() as session:
        sources = session.scalars(select(FacetRow.source).where(FacetRow.source.contains("wier:")))
        assert list(sources) == ["wier:1"]
    corpus_provider = services.corpus_provider.snapshot()
    assert own not in corpus_provider.corpus.row_of_id
    hidden = profiles.get(store, own)
    assert hidden is not None
    assert (hidden.state, hidden.note) == (State.HIDDEN, "Reden")
    exported = export(store, hidden)
    assert [each.facet.source for each in exported.past_projects] == ["wier:1", "wier:2"]
    assert exported.aliases == ("org:oud",)
    assert show_again(store, services.mailer, own, actor="command")
    assert not show_again(store, services.mailer, own, actor="command")
    assert evidence(store, own) == owned
    after = profiles.get(store, own)
    assert before is not None
    assert after is not None
    assert after.state is State.PUBLISHED
    assert serialise(after.organisation) == serialise(before.organisation)
    alias = organisations.get(store, "org:oud")
    assert alias is not None
    assert alias.id == own
    corpus_provider = services.corpus_provider.snapshot()
    assert own in corpus_provider.corpus.row_of_id
    row = corpus_provider.corpus.row_of_id[own]
    texts = {
        facet.id
        for facet in facets_of(corpus_provider.corpus).values()
        if corpus_provider.corpus.organisation(row).key in facet.owners
    }
    stored = {facet.id for facet, _owners in organisations.evidence(store, own)}
    assert stored <= texts


def test_a_draft_is_not_hidden(services: Services, store: Store) -> None:
    draft, _token = draft_of(store)
    assert not hide(store, services.mailer, draft.id, reason="Reden", actor="command")
    assert not hide(store, services.mailer, "demo:dijlenano", reason="Reden", actor="command")
    assert not show_again(store, services.mailer, draft.id, actor="command")
    assert organisations.get(store, "demo:dijlenano") is not None


def test_removing_leaves_one_line_of_the_log(services: Services, store: Store) -> None:
    own = published(store)
    links.issue_links(store, OWNER)
    gone = actions.delete(store, services.cache, own.id)
    assert gone is not None
    assert gone.email == OWNER
    assert actions.delete(store, services.cache, own.id) is None
    digits = own.id.rpartition("-")[2]
    with store.reading() as session:
        for table in (ProfileRow, TokenRow, AliasRow):
            assert session.scalar(select(func.count()).select_from(table)) == 0
        lines = session.execute(select(AuditRow.action, AuditRow.subject).order_by(AuditRow.id))
        assert lines.all() == [
            ("profile.created", f"organisation:own:{digits}"),
            ("profile.published", f"organisation:own:{digits}"),
            ("profile.deleted", f"organisation:{own.id}"),
        ]
        keys = select(OrganisationRow.key)
        orphans = select(func.count()).select_from(OwnershipRow)
        assert session.scalar(orphans.where(OwnershipRow.organisation_key.not_in(keys))) == 0
    build_index(store, services.settings)
    assert own.id not in services.corpus_provider.snapshot().corpus.row_of_id


def test_an_organisation_removed_otherwise_takes_its_profile_along(store: Store) -> None:
    own = published(store)
    links.issue_links(store, OWNER)
    assert organisations.remove(store, own.id)
    assert profiles.get(store, own.id) is None
    assert links.issue_links(store, OWNER) == (OWNER, [])
    with store.reading() as session:
        tokens_left = set(session.scalars(select(TokenRow.subject)))
        assert tokens_left <= {tokens.NOBODY}


def test_a_merged_profile_keeps_its_owner_and_the_other_one_too(store: Store) -> None:
    own = published(store)
    merge(store, "demo:dijlenano", own.id)
    joined = profiles.get(store, "demo:dijlenano")
    assert joined is not None
    assert (joined.email, joined.organisation.name) == (OWNER, "Dijlenano Instituut (demo)")
    assert profiles.get(store, own.id) is None
    second = published(store, email="second@example.org")
    merge(store, "demo:dijlenano", second.id)
    still = profiles.get(store, "demo:dijlenano")
    assert still is not None
    assert still.email == OWNER


def test_another_address_ends_links_and_sessions(store: Store) -> None:
    own = published(store)
    opened = sessions.start_for_profile(store, own.id, "")
    _address, (link,) = links.issue_links(store, OWNER)
    address, token = links.request_new_address(store, own.id, email="Nieuw@example.org")
    assert (address, links.requested_address(store, token)) == (
        "nieuw@example.org",
        "nieuw@example.org",
    )
    done = links.set_new_address(store, token)
    assert done is not None
    assert (done[0].email, done[1]) == ("nieuw@example.org", OWNER)
    assert sessions.profile_of(store, opened) is None
    assert actions.get_by_link(store, link.token) is None
    for _ in range(links.MAX_LINKS):
        links.request_new_address(store, own.id, email="x@example.org")
    with pytest.raises(ProfileError) as caught:
        links.request_new_address(store, own.id, email="x@example.org")
    assert caught.value.code == "often"
    with store.reading() as session:
        assert tokens.read(session, tokens.CONFIRM_PROFILE, token) is None
