"""Who is behind a cell of the strengths map, and cells against the whole corpus, put by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

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
from matcher.insights.strengths import MAX_SAID, behind, quotients, regions, strengths
from matcher.store.organisations import save_organisations
from matcher.store.projects import save_projects
from tests.conftest import settings_for

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


def who(services: Services, *asked: Any, **more: Any) -> list[dict[str, Any]]:
    several: list[dict[str, Any]] = behind(
        services.corpus_provider.snapshot(), services.store, *asked, **more
    )["organisations"]
    return several


def test_offers_projects_and_sectors_count_but_no_needs_nor_what_is_over(
    services: Services,
) -> None:
    diver, stater = who(services, "BE2", "water")
    assert (diver["id"], stater["id"]) == ("x:diver", "x:stater")
    assert {(one["kind"], one["text"]) for one in diver["said"]} == {
        ("offer", SEWAGE),
        ("evidence", f"Sea — {SEWAGE} at sea"),
    }
    assert (diver["stated"], stater["stated"], stater["said"]) == ([], ["water"], [])
    assert [one["id"] for one in who(services, "", "water")] == ["x:diver", "x:rhine", "x:stater"]
    assert [one["id"] for one in who(services, "DE", "water")] == ["x:rhine"]


def test_a_challenge_keeps_those_who_speak_of_both(services: Services) -> None:
    both = who(services, "BE", "water", "food")
    assert [one["id"] for one in both] == ["x:diver", "x:stater"]
    assert {one["text"] for one in both[0]["said"]} >= {SEWAGE, BREAD}
    assert both[1]["stated"] == ["water", "food"]
    food = {one["id"] for one in who(services, "BE", "food", "food")}
    assert food == {"x:diver", "x:baker", "x:stater"}


def test_a_cell_has_as_many_behind_it_as_the_map_says(services: Services) -> None:
    snapshot = services.corpus_provider.snapshot()
    for region in ("BE2", "DE", ""):
        for row in strengths(snapshot, region)["domains"]:
            domain = row["domain"]["id"]
            found = behind(snapshot, services.store, region, domain)
            assert found["total"] == row["organisations"]
            for challenge, cell in row["challenges"].items():
                found = behind(snapshot, services.store, region, domain, challenge)
                assert found["total"] == len(found["organisations"]) == cell["organisations"]


def test_pages_of_who_is_behind(services: Services) -> None:
    everybody = [one["id"] for one in who(services, "", "water")]
    pages = [one["id"] for at in range(4) for one in who(services, "", "water", limit=1, offset=at)]
    assert pages == everybody


def test_only_the_first_statements_are_quoted(services: Services) -> None:
    texts = [f"{SEWAGE}, plant {number}" for number in range(MAX_SAID + 2)]
    with services.store.writing() as write:
        save_organisations(write, [organisation("plants", GENT, *map(offer, texts))])
    plants = who(services, "BE2", "water")[0]
    assert (plants["id"], len(plants["said"]), plants["more_said"]) == ("x:plants", MAX_SAID, 2)


def test_what_is_not_told_apart(services: Services) -> None:
    for asked in (("BE", "niets"), ("BE", "water", "niets"), ("BE", "")):
        with pytest.raises(KeyError):
            who(services, *asked)


def test_quotients_of_cells_by_hand() -> None:
    def table(**strengths: tuple[float, float]) -> dict[str, Any]:
        return {
            "domains": [
                {
                    "domain": {"id": domain},
                    "challenges": {
                        name: {"strength": value}
                        for name, value in zip(("food", "health"), values, strict=True)
                    },
                }
                for domain, values in strengths.items()
            ]
        }

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
    found = regions(services.corpus_provider.snapshot())
    assert found == [
        ("BE", 6),
        ("BE2", 4),
        ("BE23", 4),
        ("BE3", 1),
        ("DE", 1),
        ("DEA", 1),
        ("DEA2", 1),
    ]
