from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from apiflask import APIFlask
from sqlalchemy import func, select, update

from matcher import audit
from matcher.accounts import accounts, tokens
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
from matcher.profiles import links as profile_links
from matcher.profiles import profiles
from matcher.profiles.export import export
from matcher.profiles.moderation import hide, show_again
from matcher.profiles.profiles import ContactFor, Profile, ProfileError, State
from matcher.store import Store
from matcher.store.account_tables import AuditRow, ProfileRow, TokenRow
from matcher.store.projects import save_projects
from matcher.store.tables import AliasRow, FacetRow, OrganisationRow, OwnershipRow

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
KEEPER = "baas@kwartelhof.example"


@pytest.fixture
def services(app: APIFlask) -> Services:
    found: Services = app.extensions["schakel"]
    return found


@pytest.fixture
def store(services: Services) -> Store:
    return services.store


def published(store: Store, **changed: Any) -> Profile:
    email = changed.pop("email", KEEPER)
    contact_for = changed.pop("contact_for", ContactFor.INTRODUCED)
    _draft, token = profiles.create(store, replace(COMPANY, **changed), email, contact_for)
    found = profiles.publish(store, token)
    assert found is not None
    return found


def test_an_organisation_survives_packing() -> None:
    assert deserialise(serialise(COMPANY)) == COMPANY
    bare = Organisation(id="own:x", name="x", type=OrganisationType.OTHER)
    assert deserialise(serialise(bare)) == bare


def test_a_draft_becomes_what_was_given(store: Store) -> None:
    draft, token = profiles.create(store, COMPANY, " Baas@Kwartelhof.example", ContactFor.NOBODY)
    assert (draft.state, draft.email, draft.contact_for) == (State.DRAFT, KEEPER, "nobody")
    assert organisations.get(store, draft.id) is None
    made = profiles.publish(store, token)
    assert made is not None
    plain = replace(made.organisation, offers=(), needs=())
    assert plain == replace(COMPANY, id=draft.id, offers=(), needs=())
    ids = [replace(facet, id=None) for facet in made.organisation.facets]
    assert ids == list(COMPANY.facets)
    assert profiles.get(store, draft.id) == made
    with store.reading() as session:
        assert session.get_one(ProfileRow, draft.id).record is None
    assert profiles.publish(store, token) is None


def test_publishing_is_whole_or_not_at_all(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    draft, token = profiles.create(store, COMPANY, KEEPER, ContactFor.NOBODY)
    version = store.corpus_version()

    def broken(*_args: object, **_more: object) -> None:
        raise RuntimeError("in the middle")

    monkeypatch.setattr(audit, "record", broken)
    with pytest.raises(RuntimeError):
        profiles.publish(store, token)
    monkeypatch.undo()
    assert organisations.get(store, draft.id) is None
    assert store.corpus_version() == version
    assert profiles.waiting(store, token) is not None
    assert profiles.publish(store, token) is not None


def test_useless_tokens_change_nothing(store: Store) -> None:
    version = store.corpus_version()
    assert profiles.publish(store, "nonsense") is None
    assert not profiles.discard(store, "nonsense")
    assert profiles.open_for_editing(store, "nonsense") is None
    assert profile_links.set_new_address(store, "nonsense") is None
    assert store.corpus_version() == version


def test_drafts_are_forgotten_after_a_month(store: Store) -> None:
    draft, token = profiles.create(store, COMPANY, KEEPER, ContactFor.NOBODY)
    old = datetime.now(UTC) - profiles.FORGOTTEN_AFTER - timedelta(minutes=1)
    with store.keeping() as session:
        session.execute(update(ProfileRow).values(changed=old))
    other, _token = profiles.create(store, COMPANY, "x@example.org", ContactFor.NOBODY)
    assert profiles.get(store, draft.id) is None
    assert profiles.get(store, other.id) is not None
    assert profiles.waiting(store, token) is None
    with store.reading() as session:
        assert session.scalar(select(func.count()).select_from(TokenRow)) == 1


@pytest.mark.parametrize("email", ["x", "x@example.org\nBcc: y@example.org", "", "a@b@c.org"])
def test_addresses_that_are_none(store: Store, email: str) -> None:
    with pytest.raises(ProfileError) as caught:
        profiles.create(store, COMPANY, email, ContactFor.NOBODY)
    assert caught.value.code == "email"
    assert profile_links.links(store, email) == ("", []) or email == "x"
    own = published(store)
    with pytest.raises(ProfileError):
        profile_links.ask_new_address(store, own.id, email)


def test_links_are_for_all_profiles_of_an_address_and_not_too_many(store: Store) -> None:
    one, two = published(store), published(store, name="Tweede")
    draft, _token = profiles.create(store, COMPANY, KEEPER, ContactFor.NOBODY)
    published(store, email="other@example.org")
    address, links = profile_links.links(store, KEEPER.upper())
    assert address == KEEPER
    names = [(link.name, link.purpose) for link in links]
    assert names == [
        (one.organisation.name, profiles.EDIT),
        (two.organisation.name, profiles.EDIT),
        ("", profiles.CONFIRM),
    ]
    opened = profiles.open_for_editing(store, links[1].token)
    assert opened is not None
    assert opened.id == two.id
    for _ in range(profile_links.MAX_LINKS - 1):
        profile_links.links(store, KEEPER)
    assert profile_links.links(store, KEEPER)[1] == []
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
        profiles.change(store, own.id, own.organisation, chosen)
        assert profiles.contact_visible(store, own.id, None) is None
        for role, account in made.items():
            contact = profiles.contact_visible(store, own.id, account)
            assert contact == (COMPANY.contact if role in allowed else None)
    manager = made[AccountRole.MANAGER]
    assert profiles.contact_visible(store, "demo:dijlenano", manager) is not None
    assert profiles.contact_visible(store, "demo:dijlenano", made[AccountRole.MEMBER]) is None
    assert profiles.contact_visible(store, "org:none", manager) is None
    asleep = replace(manager, active=False)
    assert profiles.contact_visible(store, "demo:dijlenano", asleep) is None
    draft, _token = profiles.create(store, COMPANY, KEEPER, ContactFor.MANAGERS)
    assert profiles.contact_visible(store, draft.id, manager) is None


def test_competitors_that_went_meanwhile_are_left_out(store: Store) -> None:
    _draft, token = profiles.create(
        store,
        replace(COMPANY, competitors=("demo:surfalink", "demo:trapkar", "org:nobody")),
        KEEPER,
        ContactFor.NOBODY,
    )
    organisations.remove(store, "demo:trapkar")
    made = profiles.publish(store, token)
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
    assert hide(store, services.mailer, own, "Reden", "command")
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
    told = export(store, hidden)
    assert [one["source"] for one in told["past_projects"]] == ["wier:1", "wier:2"]
    assert told["also_known_as"] == ["org:oud"]
    assert show_again(store, services.mailer, own, "command")
    assert not show_again(store, services.mailer, own, "command")
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
        for facet in corpus_provider.corpus.facets
        if corpus_provider.corpus.organisations[row].key in facet.owners
    }
    stored = {facet.id for facet, _owners in organisations.evidence(store, own)}
    assert stored <= texts


def test_a_draft_is_not_hidden(services: Services, store: Store) -> None:
    draft, _token = profiles.create(store, COMPANY, KEEPER, ContactFor.NOBODY)
    assert not hide(store, services.mailer, draft.id, "Reden", "command")
    assert not hide(store, services.mailer, "demo:dijlenano", "Reden", "command")
    assert not show_again(store, services.mailer, draft.id, "command")
    assert organisations.get(store, "demo:dijlenano") is not None


def test_removing_leaves_one_line_of_the_log(services: Services, store: Store) -> None:
    own = published(store)
    profile_links.links(store, KEEPER)
    gone = profiles.remove(store, services.cache, own.id)
    assert gone is not None
    assert gone.email == KEEPER
    assert profiles.remove(store, services.cache, own.id) is None
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
    profile_links.links(store, KEEPER)
    assert organisations.remove(store, own.id)
    assert profiles.get(store, own.id) is None
    assert profile_links.links(store, KEEPER) == (KEEPER, [])
    with store.reading() as session:
        assert session.scalar(select(func.count()).select_from(TokenRow)) == 0


def test_a_merged_profile_keeps_its_keeper_and_a_kept_one_too(store: Store) -> None:
    own = published(store)
    merge(store, "demo:dijlenano", own.id)
    joined = profiles.get(store, "demo:dijlenano")
    assert joined is not None
    assert (joined.email, joined.organisation.name) == (KEEPER, "Dijlenano Instituut (demo)")
    assert profiles.get(store, own.id) is None
    second = published(store, email="second@example.org")
    merge(store, "demo:dijlenano", second.id)
    still = profiles.get(store, "demo:dijlenano")
    assert still is not None
    assert still.email == KEEPER


def test_another_address_ends_links_and_sessions(store: Store) -> None:
    own = published(store)
    _address, (link,) = profile_links.links(store, KEEPER)
    address, token = profile_links.ask_new_address(store, own.id, "Nieuw@example.org")
    assert (address, profile_links.new_address(store, token)) == (
        "nieuw@example.org",
        "nieuw@example.org",
    )
    done = profile_links.set_new_address(store, token)
    assert done is not None
    assert (done[0].email, done[1]) == ("nieuw@example.org", KEEPER)
    assert done[0].stamp != own.stamp
    assert profiles.openable(store, link.token) is None
    for _ in range(profile_links.MAX_LINKS):
        profile_links.ask_new_address(store, own.id, "x@example.org")
    with pytest.raises(ProfileError) as caught:
        profile_links.ask_new_address(store, own.id, "x@example.org")
    assert caught.value.code == "often"
    with store.reading() as session:
        assert tokens.read(session, profiles.CONFIRM, token) is None
