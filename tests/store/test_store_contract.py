"""What every store promises, whatever the database behind it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import select

from matcher.domain import (
    Contact,
    Facet,
    FacetKind,
    Initiative,
    Member,
    Organisation,
    OrganisationType,
    Participation,
    Place,
    Project,
    Role,
    SizeClass,
    Stage,
)
from matcher.organisations import duplicates
from matcher.store import Store
from matcher.store.changes import changes_since
from matcher.store.initiatives import get_initiative, save_initiative
from matcher.store.organisation_rows import load_organisations
from matcher.store.organisation_search import search_organisations
from matcher.store.organisation_updates import pending_organisations
from matcher.store.organisations import (
    delete_organisation,
    get_organisation,
    save_organisation,
    save_organisations,
)
from matcher.store.projects import load_projects, pending_projects, save_projects
from matcher.store.rollback import remove_projects, remove_unused
from matcher.store.tables import AliasRow

WHOLE = Organisation(
    "x:wier",
    "Wier & Zn.",
    OrganisationType.COMPANY,
    short_name="Wier",
    size=SizeClass.SMALL,
    sme=True,
    place=Place("Oostende", "BE", "BE25", 51.23, 2.91),
    sectors=("aquacultuur", "voeding"),
    languages=("nl", "fr"),
    website="https://wier.example",
    description="Kweekt zeewier.\nOp zee.",
    contact=Contact("Mieke Zilt", "mieke@wier.example", "+32 59 1"),
    competitors=("x:glas",),
    offers=(
        Facet(FacetKind.OFFER, "Zeewier drogen", stage=Stage.PRODUCTION, trl_min=6, trl_max=8),
        Facet(FacetKind.OFFER, "Visvoer uit wier", certifications=("ISO 22000",)),
        Facet(FacetKind.OFFER, "Advies over kweek", valid_until=date(2031, 1, 2)),
    ),
    needs=(Facet(FacetKind.NEED, "Een koelwagen"),),
)
GLASS = Organisation("x:glas", "Glas", OrganisationType.COMPANY)
STEEL = Organisation("x:staal", "Staal 100%", OrganisationType.OTHER)
STEEL_TWICE = Organisation(
    "x:staal-2",
    "STAAL",
    OrganisationType.COMPANY,
    website="https://staal.example",
    offers=(Facet(FacetKind.OFFER, "Stalen balken"),),
)


def project(number: int, *owners: tuple[str, Role]) -> Project:
    facet = Facet(
        FacetKind.EVIDENCE,
        f"Text {number}",
        title=f"Title {number}",
        source=f"eu:{number}",
        topics=("/a", "/b/c"),
        year=2020,
    )
    return Project(facet, tuple(Participation(owner, role, 2020) for owner, role in owners))


def write(store: Store, *organisations: Organisation, projects: tuple[Project, ...] = ()) -> int:
    """Store records in one write; returns the version after it."""
    with store.writing() as write:
        save_organisations(write, organisations)
        save_projects(write, projects)
    return store.corpus_version()


def read(store: Store, organisation_id: str) -> Organisation:
    with store.reading() as session:
        found = get_organisation(session, organisation_id)
    assert found is not None
    return found


def owners(store: Store) -> dict[str, list[tuple[str, Role]]]:
    with store.reading() as session:
        return {
            str(one.facet.source): [(p.organisation_id, p.role) for p in one.participations]
            for one in load_projects(session)
        }


def without_ids(organisation: Organisation) -> Organisation:
    return replace(
        organisation,
        offers=tuple(replace(facet, id=None) for facet in organisation.offers),
        needs=tuple(replace(facet, id=None) for facet in organisation.needs),
    )


def test_what_is_written_is_read(store: Store) -> None:
    write(store, WHOLE, GLASS)
    assert without_ids(read(store, "x:wier")) == WHOLE
    assert read(store, "x:glas") == GLASS
    with store.reading() as session:
        assert get_organisation(session, "x:nobody") is None
        assert set(load_organisations(session, ["x:glas", "x:nobody"])) == {"x:glas"}


def test_each_write_adds_one_to_the_version_and_makes_a_new_revision(store: Store) -> None:
    before = store.revision()
    assert write(store, GLASS) == before.version + 1
    after = store.revision()
    assert after.mark != before.mark and store.has_revision(*after)
    assert not store.has_revision(after.version, "another mark")
    assert not store.has_revision(after.version + 1, after.mark)


def test_a_write_that_fails_or_changes_nothing_leaves_no_trace(store: Store) -> None:
    before = store.revision()
    with pytest.raises(ZeroDivisionError), store.writing() as failing:
        save_organisation(failing, GLASS, keep=())
        raise ZeroDivisionError
    with store.writing() as idle:
        idle.nothing_changed()
    assert store.revision() == before
    with store.reading() as session:
        assert get_organisation(session, "x:glas") is None


def test_writing_the_same_again_changes_nothing(store: Store) -> None:
    done = (project(1, ("x:wier", Role.COORDINATOR), ("x:glas", Role.PARTICIPANT)),)
    write(store, WHOLE, GLASS, projects=done)
    with store.writing() as again:
        assert pending_organisations(again.session, [WHOLE, GLASS]) == []
        assert pending_projects(again.session, done) == []
        assert save_organisations(again, [WHOLE, GLASS]) == 0
        assert save_projects(again, done) == 0
        again.nothing_changed()


def test_statements_come_in_their_new_order_and_keep_their_ids(store: Store) -> None:
    write(store, WHOLE)
    ids = {facet.text: facet.id for facet in read(store, "x:wier").offers}
    dry, feed, advice = WHOLE.offers
    fresh = Facet(FacetKind.OFFER, "Wierplaten")
    write(store, replace(WHOLE, offers=(advice, fresh, replace(dry, trl_min=7))))
    offers = read(store, "x:wier").offers
    assert [facet.text for facet in offers] == [advice.text, fresh.text, dry.text]
    assert (offers[0].id, offers[2].id) == (ids[advice.text], ids[dry.text])
    assert offers[1].id not in ids.values()
    assert offers[2].trl_min == 7
    assert feed.text not in [facet.text for facet in offers]


def test_what_a_source_does_not_know_stays(store: Store) -> None:
    write(store, WHOLE)
    partial = Organisation("x:wier", "Wier", OrganisationType.OTHER, place=Place("Brugge"))
    with store.writing() as writing:
        assert save_organisations(writing, [partial], with_facets=False) == 1
    moved = replace(WHOLE.place, city="Brugge")
    assert without_ids(read(store, "x:wier")) == replace(WHOLE, name="Wier", place=moved)
    write(store, replace(partial, id="x:wier"))  # a whole profile: only what is private stays
    found = read(store, "x:wier")
    assert (found.offers, found.website, found.type) == ((), None, OrganisationType.OTHER)
    assert (found.contact, found.competitors) == (WHOLE.contact, WHOLE.competitors)
    with store.writing() as writing:
        save_organisation(writing, partial, keep=())
    assert read(store, "x:wier").contact is None


def test_organisations_are_found_by_words_in_any_case_and_not_by_wildcards(store: Store) -> None:
    write(store, WHOLE, GLASS, STEEL)

    def found(text: str, **more: object) -> list[str]:
        with store.reading() as session:
            total, page = search_organisations(session, text, **more)  # type: ignore[arg-type]
        assert total >= len(page)
        return [one.id for one in page]

    assert found("") == ["x:glas", "x:staal", "x:wier"]
    assert found("ZEEWIER drogen") == found("oostende") == found("koelwagen") == ["x:wier"]
    assert found("100%") == ["x:staal"]
    assert found("%") == ["x:staal"] and found("_") == []
    assert found("", country="BE") == ["x:wier"]
    assert found("", type=OrganisationType.OTHER) == ["x:staal"]
    assert found("", limit=1, offset=1) == ["x:staal"]


def test_all_owners_of_a_project_are_those_of_its_last_write(store: Store) -> None:
    first = project(1, ("x:wier", Role.PARTICIPANT), ("x:glas", Role.PARTICIPANT))
    write(store, WHOLE, GLASS, STEEL, projects=(first,))
    assert owners(store) == {"eu:1": [("x:wier", Role.PARTICIPANT), ("x:glas", Role.PARTICIPANT)]}
    coordinated = project(
        1, ("x:staal", Role.PARTICIPANT), ("x:glas", Role.PARTICIPANT), ("x:glas", Role.COORDINATOR)
    )
    with store.reading() as session:
        ((old, new),) = pending_projects(session, [coordinated])
    assert old is not None and new.participations[-1].role is Role.COORDINATOR
    write(store, projects=(coordinated,))
    assert owners(store) == {"eu:1": [("x:staal", Role.PARTICIPANT), ("x:glas", Role.COORDINATOR)]}
    with pytest.raises(KeyError), store.writing() as writing:
        save_projects(writing, [project(2, ("x:nobody", Role.PARTICIPANT))])


def test_changes_since_a_revision_are_all_that_came_after(store: Store) -> None:
    done = project(1, ("x:wier", Role.COORDINATOR), ("x:glas", Role.PARTICIPANT))
    first = write(store, WHOLE, GLASS, projects=(done,))
    with store.reading() as session:
        whole = changes_since(session, -1)
    assert (whole.version, whole.mark) == store.revision()
    assert {row.id for row in whole.organisations} == {"x:wier", "x:glas"}
    assert len(whole.facets) == 5
    keys = {row.id: row.key for row in whole.organisations}
    (evidence,) = [row for row in whole.facets if row.source]
    assert whole.owner_keys(evidence.id) == (keys["x:wier"], keys["x:glas"])

    write(store, replace(GLASS, name="Glas NV"))
    write(store, replace(WHOLE, offers=WHOLE.offers[1:], needs=()))
    gone = {facet.id for facet in whole.facets if facet.text in ("Zeewier drogen", "Een koelwagen")}
    with store.reading() as session:
        later = changes_since(session, first)
        nothing = changes_since(session, later.version)
    assert [row.name for row in later.organisations] == ["Wier & Zn.", "Glas NV"]
    assert (later.facets, set(later.deleted_facets)) == ([], gone)
    assert (nothing.organisations, nothing.facets, nothing.deleted_facets) == ([], [], [])


def test_who_is_deleted_goes_with_what_nobody_else_owns(store: Store) -> None:
    shared = project(1, ("x:wier", Role.COORDINATOR), ("x:glas", Role.PARTICIPANT))
    alone = project(2, ("x:glas", Role.PARTICIPANT))
    before = write(store, WHOLE, GLASS, projects=(shared, alone))
    save_initiative(
        store, Initiative("init:zee", "Zee", "", members=(Member("x:glas"), Member("x:wier")))
    )
    with store.writing() as writing:
        assert delete_organisation(writing, "x:glas") is True
        assert delete_organisation(writing, "x:glas") is False
    assert owners(store) == {"eu:1": [("x:wier", Role.COORDINATOR)]}
    assert read(store, "x:wier").competitors == ()
    initiative = get_initiative(store, "init:zee")
    assert initiative is not None and initiative.member_ids == ("x:wier",)
    with store.reading() as session:
        changes = changes_since(session, before)
    assert len(changes.deleted_organisations) == len(changes.deleted_facets) == 1


def test_merging_moves_everything_and_the_old_id_leads_to_what_is_kept(store: Store) -> None:
    done = (
        project(
            1,
            ("x:staal-2", Role.COORDINATOR),
            ("x:glas", Role.PARTICIPANT),
            ("x:staal", Role.PARTICIPANT),
        ),
        project(2, ("x:glas", Role.PARTICIPANT), ("x:staal-2", Role.PARTICIPANT)),
    )
    rival = replace(GLASS, competitors=("x:staal-2",))
    before = write(store, rival, STEEL, STEEL_TWICE, projects=done)
    save_initiative(store, Initiative("init:bouw", "Bouw", "", members=(Member("x:staal-2"),)))
    duplicates.merge(store, "x:staal", "x:staal-2")
    # Who coordinates stands where the coordinator stood: first.
    assert owners(store) == {
        "eu:1": [("x:staal", Role.COORDINATOR), ("x:glas", Role.PARTICIPANT)],
        "eu:2": [("x:glas", Role.PARTICIPANT), ("x:staal", Role.PARTICIPANT)],
    }
    kept = read(store, "x:staal-2")
    assert (kept.id, kept.name) == ("x:staal", "Staal 100%")
    assert (kept.type, kept.website) == (OrganisationType.COMPANY, "https://staal.example")
    assert [facet.text for facet in kept.offers] == ["Stalen balken"]
    assert read(store, "x:glas").competitors == ("x:staal",)
    initiative = get_initiative(store, "init:bouw")
    assert initiative is not None and initiative.member_ids == ("x:staal",)
    with store.reading() as session:
        assert session.scalars(select(AliasRow.id)).all() == ["x:staal-2"]
        changes = changes_since(session, before)
    assert len(changes.deleted_organisations) == 1 and changes.deleted_facets == []


def test_imports_of_a_merged_organisation_land_on_the_kept_one(store: Store) -> None:
    write(store, STEEL, STEEL_TWICE)
    duplicates.merge(store, "x:staal", "x:staal-2")
    known = replace(STEEL_TWICE, name="Staal Twee", website=None, offers=())
    with store.writing() as writing:
        save_organisations(writing, [known], with_facets=False)
        save_projects(writing, [project(1, ("x:staal-2", Role.PARTICIPANT))])
    assert read(store, "x:staal").name == "Staal 100%"  # a list of participants renames nobody
    assert owners(store) == {"eu:1": [("x:staal", Role.PARTICIPANT)]}
    write(store, replace(STEEL_TWICE, name="Staal Twee"))
    assert read(store, "x:staal").name == "Staal Twee"


def test_an_import_that_is_taken_back_leaves_who_is_referred_to(store: Store) -> None:
    done = project(1, ("x:wier", Role.PARTICIPANT))
    before = write(store, WHOLE, GLASS, STEEL, STEEL_TWICE, projects=(done,))
    save_initiative(store, Initiative("init:bouw", "Bouw", "", members=(Member("x:staal"),)))
    with store.writing() as writing:
        everybody = ["x:wier", "x:glas", "x:staal", "x:staal-2"]
        assert remove_unused(writing, everybody) == 1  # x:glas competes with one that owns evidence
        remove_projects(writing, ["eu:1"])
        assert remove_unused(writing, everybody) == 2
    with store.reading() as session:
        assert set(load_organisations(session, everybody)) == {"x:staal"}
        assert load_projects(session) == []
        assert len(changes_since(session, before).deleted_organisations) == 3
