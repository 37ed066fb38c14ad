"""Insights over a small corpus, in which every fit and every reason against it is put by hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from matcher.container import Services
from matcher.corpus.snapshot import Snapshot
from matcher.domain import (
    Facet,
    FacetKind,
    Initiative,
    Member,
    Need,
    Organisation,
    OrganisationType,
    Participation,
    Place,
    Project,
    Stage,
)
from matcher.indexing.build import build_index
from matcher.insights.pairs import Scope, in_region, overlaps, unrealised_matches
from matcher.insights.strengths import strengths, subjects_in
from matcher.store import Store
from matcher.store.database import Write
from matcher.store.initiatives import delete_initiative, save_initiative
from matcher.store.organisations import delete_organisation, save_organisations
from matcher.store.projects import save_projects
from tests.conftest import settings_for

GLASS = "Laminated glass for facades"
BREAD = "Baking of sourdough bread"
SEWAGE = "Treatment of sewage with membranes"
CARE = "Care for older people at home"
"""What is offered and asked for; each has nothing in common with the others."""
GENT = Place("Gent", "BE", "BE234")
AACHEN = Place("Aachen", "DE", "DEA2D")
NOWHERE = Place()


def organisation(
    name: str, offers: tuple[str, ...] = (), needs: tuple[str, ...] = (), place: Place = GENT
) -> Organisation:
    return Organisation(
        f"x:{name}",
        f"{name.title()} (voorbeeld)",
        OrganisationType.COMPANY,
        place=place,
        offers=tuple(Facet(FacetKind.OFFER, text, stage=Stage.SUPPLY) for text in offers),
        needs=tuple(Facet(FacetKind.NEED, text, stage=Stage.SUPPLY) for text in needs),
    )


ORGANISATIONS = [
    organisation("architect", needs=(GLASS,)),
    organisation("baker", (BREAD,), (SEWAGE,)),
    organisation("carer", (CARE,), (BREAD,), AACHEN),
    organisation("diver", (SEWAGE,), (BREAD,)),
    organisation("glazier", (GLASS,), (GLASS,), Place(country="NL")),
    organisation("hermit", place=NOWHERE),
]
FITS = {
    ("architect", "glazier"): [("architect", GLASS)],
    ("baker", "diver"): [("baker", SEWAGE), ("diver", BREAD)],
    ("baker", "carer"): [("carer", BREAD)],
}
"""By pair who asks for what of the other."""


class World:
    """The services over that corpus."""

    def __init__(self, home: Path) -> None:
        self.services = Services(settings_for(home, SCHAKEL_INDEX="exact"))
        with self.store.writing() as write:
            save_organisations(write, ORGANISATIONS)
        build_index(self.store, self.services.settings)

    @property
    def store(self) -> Store:
        return self.services.store

    @property
    def snapshot(self) -> Snapshot:
        return self.services.corpus_provider.snapshot()

    def inside(self, **scope: str) -> set[str]:
        return self.names(np.flatnonzero(self._mask(**scope)).tolist())

    def names(self, rows: list[int]) -> set[str]:
        return {self.snapshot.corpus.organisations[row].id.removeprefix("x:") for row in rows}

    def missed(self, limit: int = 20, **scope: str) -> dict[str, Any]:
        return unrealised_matches(self.snapshot, self.store, self._mask(**scope), limit)

    def overlaps(self, limit: int = 20, **scope: str) -> dict[str, Any]:
        return overlaps(self.snapshot, self.store, self._mask(**scope), limit)

    def _mask(self, **scope: str) -> Any:
        domains = [one.id for one in subjects_in(self.snapshot).domains]
        return Scope(**scope).of(self.snapshot, domains)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    world = World(tmp_path_factory.mktemp("insights"))
    yield world
    world.store.dispose()


@pytest.fixture
def world(built: World) -> Iterator[World]:
    """The corpus as it was built; what a test writes is taken back."""
    yield built
    with built.store.writing() as write:
        _take_back(write)


def _take_back(write: Write) -> None:
    for name in ("x:one", "x:other", "x:third"):
        delete_initiative(write, name)
    for one in ORGANISATIONS:
        delete_organisation(write, one.id)
    delete_organisation(write, "x:more")
    save_organisations(write, ORGANISATIONS)


def pairs(found: dict[str, Any]) -> set[tuple[str, ...]]:
    return {
        tuple(pair[side]["id"].removeprefix("x:") for side in ("one", "other"))
        for pair in found["results"]
    }


# Scope


def test_a_region_is_a_country_or_the_beginning_of_a_nuts_code(world: World) -> None:
    everyone = {one.id.removeprefix("x:") for one in ORGANISATIONS}
    belgian = {"architect", "baker", "diver"}
    assert world.inside() == everyone
    for region in ("BE", "BE2", "BE23", "BE234"):
        assert world.inside(region=region) == belgian
    assert world.inside(region="DEA") == {"carer"}
    assert world.inside(region="NL") == {"glazier"}
    assert world.inside(region="NL3") == set()
    assert world.inside(region="BE235") == set()
    assert not in_region(world.snapshot.corpus, world.snapshot.corpus.row_of_id["x:hermit"], "BE")


def test_a_domain_is_spoken_of_by_an_offer_or_a_need(world: World) -> None:
    assert world.inside(domain="water") == {"baker", "diver"}
    assert world.inside(domain="food") == {"baker", "carer", "diver"}
    assert world.inside(domain="food", region="DE") == {"carer"}
    assert world.inside(domain="space-and-aviation") == set()
    with world.store.writing() as write:
        save_organisations(write, [organisation("more", ("Satellites in orbit",))])
    assert world.inside(domain="space-and-aviation") == {"more"}


# Missed chances


def test_missed_chances_are_the_pairs_that_fit(world: World) -> None:
    found = world.missed()
    assert (found["stated_needs"], found["total"]) == (5, 3)
    assert found["corpus_version"] == world.store.corpus_version()
    assert pairs(found) == set(FITS)
    # Two that each have what the other needs fit better than those of which one has.
    assert found["results"][0]["one"]["id"] == "x:baker"
    assert found["results"][0]["other"]["id"] == "x:diver"
    for pair in found["results"]:
        names = tuple(pair[side]["id"].removeprefix("x:") for side in ("one", "other"))
        asks = [
            (one["asks"]["id"].removeprefix("x:"), one["need"]["text"]) for one in pair["because"]
        ]
        assert asks == FITS[names]
        assert all(one["need"]["text"] == one["offer"]["text"] for one in pair["because"])
        probabilities = [one["probability"] for one in pair["because"]]
        assert min(probabilities) > 0.8
        expected = 1 - np.prod([1 - probability for probability in probabilities])
        assert pair["score"] == pytest.approx(expected, abs=2e-3)
    assert world.missed(limit=1)["results"] == found["results"][:1]
    assert world.missed(limit=1)["total"] == 3


def test_one_of_the_pair_is_in_the_scope(world: World) -> None:
    assert pairs(world.missed(region="BE")) == set(FITS)
    assert pairs(world.missed(region="DE")) == {("baker", "carer")}
    assert pairs(world.missed(region="NL")) == {("architect", "glazier")}
    assert pairs(world.missed(region="FR")) == set()
    assert pairs(world.missed(domain="water")) == {("baker", "diver"), ("baker", "carer")}
    assert pairs(world.missed(domain="food", region="DE")) == {("baker", "carer")}


def test_who_worked_together_missed_nothing(world: World) -> None:
    facet = Facet(FacetKind.EVIDENCE, "A choir of three", source="x:choir", year=2020)
    with world.store.writing() as write:
        save_projects(write, [Project(facet, (Participation("x:carer"), Participation("x:baker")))])
    assert pairs(world.missed()) == set(FITS) - {("baker", "carer")}
    alone = Project(facet, (Participation("x:carer"), Participation("x:hermit")))
    with world.store.writing() as write:
        save_projects(write, [alone])
    assert pairs(world.missed()) == set(FITS)


def test_members_of_one_initiative_missed_nothing(world: World) -> None:
    both = (Member("x:glazier"), Member("x:architect"), Member("x:baker"))
    save_initiative(world.store, Initiative("x:one", "One", "", members=both))
    assert pairs(world.missed()) == set(FITS) - {("architect", "glazier")}
    save_initiative(world.store, Initiative("x:one", "One", "", members=both[:1]))
    save_initiative(world.store, Initiative("x:other", "Other", "", members=both[1:]))
    assert pairs(world.missed()) == set(FITS)


@pytest.mark.parametrize(("named", "by"), [("x:diver", 1), ("x:baker", 3)])
def test_competitors_missed_nothing(world: World, named: str, by: int) -> None:
    rival = replace(ORGANISATIONS[by], competitors=(named,))
    with world.store.writing() as write:
        save_organisations(write, [rival])
    assert pairs(world.missed()) == set(FITS) - {("baker", "diver")}


def test_an_offer_that_has_run_out_fits_nobody(world: World) -> None:
    glazier = ORGANISATIONS[4]
    offers = (replace(glazier.offers[0], valid_until=date(2020, 1, 1)),)
    with world.store.writing() as write:
        save_organisations(write, [replace(glazier, offers=offers)])
    assert pairs(world.missed()) == set(FITS) - {("architect", "glazier")}


def test_another_stage_fits_less(world: World) -> None:
    glazier = ORGANISATIONS[4]

    def probability(stage: Stage | None) -> float:
        offers = (replace(glazier.offers[0], stage=stage),)
        with world.store.writing() as write:
            save_organisations(write, [replace(glazier, offers=offers)])
        found = world.missed()["results"]
        scores = [pair["score"] for pair in found if pair["other"]["id"] == "x:glazier"]
        return float(scores[0]) if scores else 0.0

    assert probability(Stage.SUPPLY) > probability(Stage.MARKET) > probability(Stage.TRAINING)


# Overlaps


def initiative(name: str, *members: str, needs: tuple[str, ...] = (GLASS, BREAD)) -> Initiative:
    return Initiative(
        f"x:{name}",
        name.title(),
        "",
        tuple(Need(text, stage=Stage.SUPPLY) for text in needs),
        tuple(Member(f"x:{one}") for one in members),
    )


def test_initiatives_that_want_the_same_overlap(world: World) -> None:
    save_initiative(world.store, initiative("one", "architect", "baker"))
    save_initiative(world.store, initiative("other", "carer", "diver", needs=(BREAD, GLASS)))
    found = world.overlaps()
    assert (found["initiatives"], found["total"]) == (2, 1)
    [pair] = found["results"]
    assert (pair["one"], pair["other"]) == (
        {"id": "x:one", "name": "One"},
        {"id": "x:other", "name": "Other"},
    )
    assert pair["score"] == pair["same"] > 0.8
    assert [(one["one"], one["other"]) for one in pair["same_needs"]] == [
        (GLASS, GLASS),
        (BREAD, BREAD),
    ]
    assert (world.overlaps(limit=0)["total"], world.overlaps(limit=0)["results"]) == (1, [])


def test_an_overlap_is_the_mean_of_both_directions(world: World) -> None:
    save_initiative(world.store, initiative("one", "architect"))
    save_initiative(world.store, initiative("other", "diver", needs=(GLASS,)))
    [pair] = world.overlaps()["results"]
    [same] = pair["same_needs"]
    assert (same["one"], same["other"]) == (GLASS, GLASS)
    # Of the two needs of one the other says one; of the one need of the other both are said.
    assert pair["same"] == pytest.approx(
        (same["probability"] / 2 + same["probability"]) / 2, abs=0.03
    )


def test_an_overlap_counts_less_the_more_members_are_shared(world: World) -> None:
    save_initiative(world.store, initiative("one", "architect", "baker"))
    save_initiative(world.store, initiative("other", "baker", "carer", "diver"))
    [pair] = world.overlaps()["results"]
    assert pair["score"] == pytest.approx(pair["same"] * (1 - 1 / 4), abs=1e-4)
    assert pair["shared_members"] == [{"id": "x:baker", "name": "Baker (voorbeeld)"}]
    save_initiative(world.store, initiative("other", "baker", "architect"))
    assert world.overlaps()["total"] == 0


def test_initiatives_that_want_something_else_do_not_overlap(world: World) -> None:
    save_initiative(world.store, initiative("one", "architect"))
    save_initiative(world.store, initiative("other", "diver", needs=(SEWAGE, CARE)))
    save_initiative(world.store, Initiative("x:third", "Third", "", members=(Member("x:hermit"),)))
    assert world.overlaps() == {
        "corpus_version": world.store.corpus_version(),
        "initiatives": 3,
        "total": 0,
        "results": [],
    }


def test_without_stated_needs_those_of_the_members_are_compared(world: World) -> None:
    save_initiative(world.store, initiative("one", "architect", needs=()))
    save_initiative(world.store, initiative("other", "hermit", needs=(GLASS,)))
    [pair] = world.overlaps()["results"]
    assert [one["one"] for one in pair["same_needs"]] == [GLASS]


def test_overlaps_are_those_with_a_member_of_either_in_the_scope(world: World) -> None:
    save_initiative(world.store, initiative("one", "architect"))
    save_initiative(world.store, initiative("other", "carer"))
    save_initiative(world.store, initiative("third", "glazier"))
    all_of_them = {("one", "other"), ("one", "third"), ("other", "third")}
    assert pairs(world.overlaps()) == all_of_them
    assert pairs(world.overlaps(region="DE")) == {("one", "other"), ("other", "third")}
    assert pairs(world.overlaps(region="NL")) == {("one", "third"), ("other", "third")}
    assert pairs(world.overlaps(region="FR")) == set()
    assert pairs(world.overlaps(domain="food")) == {("one", "other"), ("other", "third")}
    # Who has no members yet is nowhere, so everywhere.
    save_initiative(world.store, initiative("one"))
    save_initiative(world.store, initiative("other"))
    assert pairs(world.overlaps(region="FR")) == {("one", "other")}


# Strengths


def test_strengths_count_offers_projects_and_sectors_but_no_needs(world: World) -> None:
    def water(region: str) -> tuple[int, float, list[str]]:
        found = strengths(world.snapshot, region)
        cell = next(one for one in found["domains"] if one["domain"]["id"] == "water")
        strongest = [one["id"] for one in cell["strongest"]]
        return cell["organisations"], cell["strength"], strongest

    assert water("BE") == (1, pytest.approx(np.log(2), abs=1e-3), ["x:diver"])
    assert water("DE") == (0, 0, [])
    project = Facet(FacetKind.EVIDENCE, "Treatment of sewage at sea", source="x:sea", year=2020)
    sector = replace(ORGANISATIONS[2], sectors=("water",))
    with world.store.writing() as write:
        save_organisations(write, [sector])
        save_projects(
            write, [Project(project, (Participation("x:diver"), Participation("x:carer")))]
        )
    assert water("BE") == (1, pytest.approx(np.log(3), abs=1e-3), ["x:diver"])
    assert water("DE") == (1, pytest.approx(np.log(3), abs=1e-3), ["x:carer"])
