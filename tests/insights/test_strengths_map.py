"""Who is behind a cell of the strengths map, and cells against the whole corpus, put by hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from embeddings.subjects import Subject
from matcher.container import Services
from matcher.domain import (
    Facet,
    FacetKind,
    Organisation,
    OrganisationType,
    Participation,
    Place,
    Project,
)
from matcher.indexing.build import build_index
from matcher.insights.scope import regions
from matcher.insights.strengths import (
    DomainStrength,
    StrengthCell,
    Strengths,
    quotients,
    strengths,
)
from matcher.insights.strong_organisations import (
    MAX_STATEMENTS,
    StrongOrganisation,
    strong_organisations,
)
from matcher.store.organisations import save_organisations
from matcher.store.projects import save_projects
from tests.conftest import settings_for
from tests.insights.world import ORGANISATIONS, World

SEWAGE = "Treatment of sewage with membranes"
DRINKING = "Drinking water treatment"
BREAD = "Bread bakery"
GENT, AACHEN = Place("Gent", "BE", "BE234"), Place("Aachen", "DE", "DEA2D")


def organisation(name: str, place: Place, *offers: Facet, **values: Any) -> Organisation:
    return Organisation(
        f"x:{name}",
        f"{name.title()} (voorbeeld)",
        OrganisationType.COMPANY,
        place=place,
        offers=offers,
        **values,
    )


def offer(text: str, **values: Any) -> Facet:
    return Facet(FacetKind.OFFER, text, **values)


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    found = Services(settings_for(tmp_path))
    found.store.upgrade()
    several = [
        organisation("diver", GENT, offer(SEWAGE), offer(BREAD)),
        organisation(
            "stater", GENT, sectors=("water", "food"), needs=(Facet(FacetKind.NEED, DRINKING),)
        ),
        organisation("late", GENT, offer(DRINKING, valid_until=date(2020, 1, 1))),
        organisation("baker", GENT, offer(BREAD)),
        organisation("rhine", AACHEN, offer(DRINKING)),
    ]
    project = Facet(FacetKind.EVIDENCE, SEWAGE + " at sea", title="Sea", source="x:sea", year=2020)
    with found.store.writing() as write:
        save_organisations(write, several)
        save_projects(write, [Project(project, (Participation("x:diver"),))])
    build_index(found.store, found.settings)
    yield found
    found.store.dispose()


def who(services: Services, *asked: Any, **more: Any) -> list[StrongOrganisation]:
    snapshot = services.corpus_provider.snapshot()
    return list(strong_organisations(snapshot, services.store, *asked, **more).organisations)


def test_offers_projects_and_sectors_count_but_no_needs_nor_what_is_over(
    services: Services,
) -> None:
    diver, stater = who(services, "BE2", "water")
    assert (diver.organisation.id, stater.organisation.id) == ("x:diver", "x:stater")
    assert {(one.kind, one.text) for one in diver.statements} == {
        ("offer", SEWAGE),
        ("evidence", f"Sea — {SEWAGE} at sea"),
    }
    assert (diver.sectors, stater.sectors, stater.statements) == ((), ("water",), ())
    assert [one.organisation.id for one in who(services, "", "water")] == [
        "x:diver",
        "x:stater",
        "x:rhine",
    ]
    assert [one.organisation.id for one in who(services, "DE", "water")] == ["x:rhine"]


def test_a_challenge_keeps_those_who_speak_of_both(services: Services) -> None:
    both = who(services, "BE", "water", "food")
    assert [one.organisation.id for one in both] == ["x:diver", "x:stater"]
    assert {one.text for one in both[0].statements} >= {SEWAGE, BREAD}
    assert both[1].sectors == ("water", "food")
    food = {one.organisation.id for one in who(services, "BE", "food", "food")}
    assert food == {"x:diver", "x:baker", "x:stater"}


def test_a_cell_has_as_many_behind_it_as_the_map_says(services: Services) -> None:
    snapshot = services.corpus_provider.snapshot()
    for region in ("BE2", "DE", ""):
        for row in strengths(snapshot, region).domains:
            domain = row.domain.id
            found = strong_organisations(snapshot, services.store, region, domain)
            assert found.total == row.organisations
            for challenge, cell in row.challenges.items():
                found = strong_organisations(snapshot, services.store, region, domain, challenge)
                assert found.total == len(found.organisations) == cell.organisations


def test_pages_of_who_is_behind(services: Services) -> None:
    everybody = [one.organisation.id for one in who(services, "", "water")]
    pages = [
        one.organisation.id
        for at in range(4)
        for one in who(services, "", "water", limit=1, offset=at)
    ]
    assert pages == everybody


def test_only_the_first_statements_are_quoted(services: Services) -> None:
    texts = [f"{SEWAGE}, plant {number}" for number in range(MAX_STATEMENTS + 2)]
    with services.store.writing() as write:
        save_organisations(write, [organisation("plants", GENT, *map(offer, texts))])
    plants = who(services, "BE2", "water")[0]
    assert (plants.organisation.id, len(plants.statements), plants.more_statements) == (
        "x:plants",
        MAX_STATEMENTS,
        2,
    )


def test_what_is_not_told_apart(services: Services) -> None:
    for asked in (("BE", "niets"), ("BE", "water", "niets"), ("BE", "")):
        with pytest.raises(KeyError):
            who(services, *asked)


def test_quotients_of_cells_by_hand() -> None:
    def table(**strengths: tuple[float, float]) -> Strengths:
        return Strengths(
            corpus_version=1,
            region="",
            organisations=0,
            challenges=(),
            domains=tuple(
                DomainStrength(
                    domain=Subject(domain, {}),
                    organisations=0,
                    strength=0.0,
                    location_quotient=0.0,
                    relatedness_density=0.0,
                    strongest=(),
                    challenges={
                        name: StrengthCell(1, value)
                        for name, value in zip(("food", "health"), values, strict=True)
                    },
                )
                for domain, values in strengths.items()
            ),
        )

    # The region has 4 of 10: in a cell with 4 of all, it could be expected to have 1.6.
    here = table(water=(2.0, 0.0), bread=(2.0, 0.0))
    everywhere = table(bread=(4.0, 2.0), water=(2.0, 2.0))
    assert quotients(here, everywhere) == {
        ("water", "food"): pytest.approx(2.5),
        ("water", "health"): 0.0,
        ("bread", "food"): pytest.approx(1.25),
        ("bread", "health"): 0.0,
    }
    nothing = table(water=(0.0, 0.0), bread=(0.0, 0.0))
    assert set(quotients(nothing, everywhere).values()) == {0.0}
    assert set(quotients(everywhere, everywhere).values()) == {1.0}


def test_regions_and_how_many_are_in_each(services: Services) -> None:
    with services.store.writing() as write:
        save_organisations(
            write,
            [
                organisation("country", Place(country="BE")),
                organisation("short", Place("Luik", "BE", "BE3")),
                organisation("nowhere", Place()),
            ],
        )
    found = regions(services.corpus_provider.snapshot().corpus)
    assert found == [
        ("BE", 6),
        ("BE2", 4),
        ("BE23", 4),
        ("BE3", 1),
        ("DE", 1),
        ("DEA", 1),
        ("DEA2", 1),
    ]


def test_strengths_count_offers_projects_and_sectors_but_no_needs(world: World) -> None:
    def water(region: str) -> tuple[int, float, list[str]]:
        found = strengths(world.snapshot, region)
        cell = next(one for one in found.domains if one.domain.id == "water")
        strongest = [one.id for one in cell.strongest]
        return cell.organisations, cell.strength, strongest

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
