from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from matcher.cache import MemoryCache
from matcher.corpus.answer_cache import AnswerCache
from matcher.domain import (
    Facet,
    FacetKind,
    Organisation,
    OrganisationType,
    Participation,
    Place,
    Project,
    Question,
    Role,
)
from matcher.indexing.build import build_index
from matcher.indexing.provider import provide_corpus
from matcher.matching.answer import Match
from matcher.matching.service import Recommender
from matcher.organisations import duplicates
from matcher.organisations.actions import get
from matcher.settings import Settings, read_settings
from matcher.store import Store
from matcher.store.account_tables import AuditRow
from matcher.store.organisations import save_organisations
from matcher.store.projects import load_projects, save_projects
from tests.corpus.corpora import organisations_of

pytestmark = pytest.mark.usefixtures("hash_vectors")

PLACE = Place("Gent", "BE")
KEPT = Organisation("x:beton", "Alfa Beton NV", OrganisationType.OTHER, place=PLACE)
GONE = Organisation(
    "x:beton-2",
    "ALFA BETON",
    OrganisationType.COMPANY,
    place=PLACE,
    website="https://alfabeton.example",
    offers=(Facet(FacetKind.OFFER, "Prefabricated concrete walls with recycled aggregate"),),
)
OTHER = Organisation("x:glas", "Beta Glas", OrganisationType.COMPANY, place=PLACE)


def project(number: int, *owners: tuple[str, Role]) -> Project:
    text = "Concrete walls from demolition waste" if number else "Laminated glass for facades"
    facet = Facet(FacetKind.EVIDENCE, f"{text} {number}", source=f"x:{number}", year=2020 + number)
    return Project(facet, tuple(Participation(one, role, 2020 + number) for one, role in owners))


PROJECTS = [
    project(1, ("x:beton", Role.PARTICIPANT), ("x:glas", Role.COORDINATOR)),
    project(2, ("x:beton-2", Role.COORDINATOR), ("x:beton", Role.PARTICIPANT)),
    project(3, ("x:glas", Role.PARTICIPANT), ("x:beton-2", Role.PARTICIPANT)),
    project(0, ("x:glas", Role.PARTICIPANT)),
]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return read_settings({"SCHAKEL_HOME": str(tmp_path), "SCHAKEL_INDEX": "exact"})


@pytest.fixture
def store(settings: Settings) -> Store:
    store = Store(settings.database_url)
    store.upgrade()
    fill(store)
    return store


def fill(store: Store) -> None:
    with store.writing() as write:
        save_organisations(write, [KEPT, GONE, OTHER], with_facets=True)
        save_projects(write, PROJECTS)


def recommender_over(store: Store, settings: Settings) -> Recommender:
    return Recommender(provide_corpus(store, settings), AnswerCache(MemoryCache(), 60))


def ask(store: Store, settings: Settings) -> tuple[Match, ...]:
    text = "prefabricated concrete walls with recycled aggregate"
    return recommender_over(store, settings).recommend(Question(text)).results


def test_sure_variants_share_votes_and_are_shown_once(store: Store, settings: Settings) -> None:
    build_index(store, settings)
    results = ask(store, settings)
    ids = [match.organisation.id for match in results]
    assert len({"x:beton", "x:beton-2"} & set(ids)) == 1
    first = results[0]
    names = {"x:beton": "Alfa Beton NV", "x:beton-2": "ALFA BETON"}
    [variant] = first.variants
    assert names.keys() == {first.organisation.id, variant.id}
    assert variant.name == names[variant.id]
    kinds = {reason.facet.kind for reason in first.reasons if reason.facet}
    assert kinds == {FacetKind.OFFER, FacetKind.EVIDENCE}


def test_members_bring_their_variants_along(store: Store, settings: Settings) -> None:
    build_index(store, settings)
    question = Question("concrete walls", members=("x:beton-2",))
    answer = recommender_over(store, settings).recommend(question)
    assert [match.organisation.id for match in answer.results] == ["x:glas"]


def test_merging_moves_everything_and_leaves_an_alias(store: Store, settings: Settings) -> None:
    build_index(store, settings)
    corpus_provider = provide_corpus(store, settings)
    before = corpus_provider.snapshot().version
    duplicates.merge(store, "x:beton", "x:beton-2")
    assert corpus_provider.snapshot().version == before + 1
    assert [one.id for one in organisations_of(corpus_provider.snapshot().corpus)] == [
        "x:beton",
        "x:glas",
    ]
    kept = get(store, "x:beton-2")
    assert kept is not None
    assert (kept.id, kept.name, kept.type) == ("x:beton", "Alfa Beton NV", OrganisationType.COMPANY)
    assert kept.website == "https://alfabeton.example"
    assert [facet.text for facet in kept.offers] == [GONE.offers[0].text]
    with store.reading() as session:
        owners = {
            str(one.facet.source): {p.organisation_id: p.role for p in one.participations}
            for one in load_projects(session)
        }
    assert owners["x:2"] == {"x:beton": Role.COORDINATOR}
    assert owners["x:3"] == {"x:glas": Role.PARTICIPANT, "x:beton": Role.PARTICIPANT}
    assert owners["x:1"]["x:beton"] == Role.PARTICIPANT


def test_an_import_of_the_old_id_lands_on_the_kept_one(store: Store) -> None:
    duplicates.merge(store, "x:beton", "x:beton-2")
    with store.writing() as write:
        save_organisations(write, [replace(GONE, offers=())], with_facets=False)
        save_projects(write, PROJECTS)
    kept = get(store, "x:beton")
    assert kept is not None and kept.name == "Alfa Beton NV" and len(kept.offers) == 1
    with store.reading() as session:
        owners = {p.organisation_id for one in load_projects(session) for p in one.participations}
    assert owners == {"x:beton", "x:glas"}


def test_what_is_dismissed_is_not_offered_and_shares_nothing(
    store: Store, settings: Settings
) -> None:
    assert [(p.one[0], p.other[0], p.sure) for p in duplicates.proposals(store)] == [
        ("x:beton", "x:beton-2", True)
    ]
    duplicates.dismiss(store, "x:beton-2", "x:beton")
    duplicates.dismiss(store, "x:beton", "x:beton-2")
    assert duplicates.proposals(store) == []
    build_index(store, settings)
    results = ask(store, settings)
    assert {match.organisation.id for match in results} >= {"x:beton", "x:beton-2"}
    assert all(match.variants == () for match in results)


@pytest.mark.parametrize(("keep", "gone"), [("x:beton", "x:none"), ("x:beton", "x:beton")])
def test_unknown_ids_change_nothing(store: Store, keep: str, gone: str) -> None:
    version = store.corpus_version()
    with pytest.raises(duplicates.NoSuchOrganisation):
        duplicates.merge(store, keep, gone)
    assert store.corpus_version() == version


SELF_MADE = replace(
    KEPT,
    id="own:alfa-beton-1a2b3c4d",
    offers=(Facet(FacetKind.OFFER, "Prefabricated concrete walls with recycled aggregate, cheap"),),
    competitors=("x:glas",),
)


def test_a_self_made_profile_is_nobody_elses_variant(store: Store, settings: Settings) -> None:
    clones = [replace(SELF_MADE, id=f"own:alfa-beton-{number:08}") for number in range(70)]
    with store.writing() as write:
        save_organisations(write, clones, with_facets=True)
    proposed = duplicates.proposals(store)
    by_others = [one for one in proposed if not one.self_made]
    # Neither do as many of them as there may be hide that the others are one organisation.
    assert [(p.one[0], p.other[0], p.sure) for p in by_others] == [("x:beton", "x:beton-2", True)]
    with store.reading() as session:
        assert duplicates.sure_variants(session) == [("x:beton", "x:beton-2")]
    build_index(store, settings)
    [answer] = [
        one for one in ask(store, settings) if one.organisation.id in ("x:beton", "x:beton-2")
    ]
    assert {variant.id for variant in answer.variants} < {"x:beton", "x:beton-2"}
    assert not [
        reason for reason in answer.reasons if reason.facet and "cheap" in reason.facet.text
    ]


def test_a_namesake_waits_for_an_administrator(store: Store, settings: Settings) -> None:
    with store.writing() as write:
        save_organisations(write, [SELF_MADE], with_facets=True)
    first, *rest = duplicates.proposals(store)
    assert first.self_made and not first.sure and first.score == 1.0
    assert [one.sure for one in rest if not one.self_made] == [True]
    duplicates.dismiss(store, SELF_MADE.id, "x:beton", actor="account:ann@example.org")
    left = {(one.one[0], one.other[0]) for one in duplicates.proposals(store)}
    assert left == {("x:beton", "x:beton-2"), (SELF_MADE.id, "x:beton-2")}
    with store.reading() as session:
        line = session.scalars(select(AuditRow)).one()
        assert (line.actor, line.action, line.subject, line.detail) == (
            "account:ann@example.org",
            "organisation.distinct",
            f"organisation:{SELF_MADE.id}",
            {"other": "x:beton"},
        )
    duplicates.merge(store, "x:beton-2", SELF_MADE.id)
    kept = get(store, SELF_MADE.id)
    assert kept is not None and kept.id == "x:beton-2" and len(kept.offers) == 2
