from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from matcher.container import Services
from matcher.corpus.subjects import organisation_domains, subjects_in
from matcher.domain import (
    Facet,
    FacetKind,
    Organisation,
    OrganisationType,
    Participation,
    Project,
)
from matcher.indexing.build import build_index
from matcher.store.organisations import save_organisations
from matcher.store.projects import save_projects
from tests.conftest import settings_for

WATER = "Treatment of sewage with membranes"
BREAD = "Bread bakery"


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    home: Path = tmp_path_factory.mktemp("subjects")
    found = Services(settings_for(home, SCHAKEL_INDEX="exact"))

    def organisation(
        name: str, *offers: Facet, sectors: tuple[str, ...] = (), needs: tuple[Facet, ...] = ()
    ) -> Organisation:
        kind = OrganisationType.COMPANY
        return Organisation(
            f"x:{name}", name.title(), kind, sectors=sectors, offers=offers, needs=needs
        )

    def offer(text: str, valid_until: date | None = None) -> Facet:
        return Facet(FacetKind.OFFER, text, valid_until=valid_until)

    several = [
        organisation("offers", offer(WATER), offer(BREAD)),
        organisation("late", offer(WATER, date(2020, 1, 1))),
        organisation("needs", needs=(Facet(FacetKind.NEED, BREAD),)),
        organisation("states", sectors=("water",)),
        organisation("worked"),
    ]
    project = Facet(FacetKind.EVIDENCE, BREAD, title="Bread", source="x:bread", year=2020)
    with found.store.writing() as write:
        save_organisations(write, several)
        save_projects(write, [Project(project, (Participation("x:worked"),))])
    build_index(found.store, found.settings)
    yield found
    found.store.dispose()


@pytest.mark.parametrize(
    ("name", "domains"),
    [
        ("offers", ("food", "water")),
        ("late", ()),
        ("needs", ()),
        ("states", ("water",)),
        ("worked", ("food",)),
    ],
)
def test_domains_follow_from_valid_offers_past_projects_and_sectors(
    services: Services, name: str, domains: tuple[str, ...]
) -> None:
    snapshot = services.corpus_provider.snapshot()
    [found] = organisation_domains(snapshot, [snapshot.corpus.row_of_id[f"x:{name}"]])
    assert tuple(sorted(found)) == domains


def test_domains_come_in_the_order_of_the_organisations(services: Services) -> None:
    snapshot = services.corpus_provider.snapshot()
    rows = [snapshot.corpus.row_of_id[f"x:{name}"] for name in ("states", "late", "worked")]
    assert organisation_domains(snapshot, rows) == [("water",), (), ("food",)]
    assert subjects_in(snapshot) is subjects_in(snapshot)
