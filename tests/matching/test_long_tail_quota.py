"""Later places of long lists that are reserved for those with few past projects."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from app import create_app
from matcher.container import Services
from matcher.domain import Facet, FacetKind, Organisation, OrganisationType, Participation, Project
from matcher.imports.row_errors import Batch
from matcher.imports.storage import store_batch
from matcher.indexing.build import build_index
from matcher.parameters import LONG_TAIL_FROM
from tests.conftest import settings_for

USUAL = [f"test:usual-{number:02}" for number in range(LONG_TAIL_FROM + 20)]
SELDOM = [f"test:seldom-{number:02}" for number in range(15)]
TEXT = "nets and ropes from seaweed"


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """Seventy that are in all three projects; fifteen that are in one of them, or two."""
    made = Services(settings_for(tmp_path_factory.mktemp("seaweed")))
    company = OrganisationType.COMPANY
    organisations = [Organisation(one, f"Partner {one[5:]}", company) for one in USUAL + SELDOM]
    partners = [USUAL + SELDOM, USUAL + SELDOM[:5], USUAL]
    projects = [
        Project(
            Facet(FacetKind.EVIDENCE, "", title=title, source=f"cordis:{number}", year=2010),
            tuple(Participation(one) for one in partners[number]),
        )
        for number, title in enumerate((TEXT, f"{TEXT} and kelp", f"{TEXT} for mussel farms"))
    ]
    store_batch(made.store, Batch(organisations, projects, complete_profiles=False))
    build_index(made.store, made.settings)
    yield made
    made.store.dispose()


def listed(services: Services, share: str, **asked: Any) -> list[dict[str, Any]]:
    app = create_app(settings_for(services.settings.home, SCHAKEL_LONG_TAIL=share))
    response = app.test_client().post("/api/v1/recommendations", json={"text": TEXT, **asked})
    app.extensions["schakel"].end()
    app.extensions["schakel"].store.dispose()
    assert response.status_code == 200, response.text
    results: list[dict[str, Any]] = response.json["results"]
    return results


def ids(results: list[dict[str, Any]]) -> list[str]:
    return [one["organisation"]["id"] for one in results]


def test_after_the_first_places_half_are_reserved_for_the_long_tail(services: Services) -> None:
    plain, kept = listed(services, "0", limit=100), listed(services, "0.5", limit=100)
    assert ids(plain) == USUAL + SELDOM
    assert not any(one["long_tail"] for one in plain)
    assert ids(kept)[:LONG_TAIL_FROM] == USUAL[:LONG_TAIL_FROM]
    assert ids(kept)[LONG_TAIL_FROM : LONG_TAIL_FROM + 6] == [
        USUAL[LONG_TAIL_FROM],
        SELDOM[0],
        USUAL[LONG_TAIL_FROM + 1],
        SELDOM[1],
        USUAL[LONG_TAIL_FROM + 2],
        SELDOM[2],
    ]
    assert [one["organisation"]["id"] for one in kept if one["long_tail"]] == SELDOM
    assert [one["rank"] for one in kept] == list(range(1, len(USUAL + SELDOM) + 1))
    scores = {one["organisation"]["id"]: one["score"] for one in plain}
    assert {one["organisation"]["id"]: one["score"] for one in kept} == scores


def test_a_share_of_1_reserves_all_later_places(services: Services) -> None:
    kept = ids(listed(services, "1", limit=100))
    assert kept == USUAL[:LONG_TAIL_FROM] + SELDOM + USUAL[LONG_TAIL_FROM:]


def test_pages_are_parts_of_one_list(services: Services) -> None:
    whole = ids(listed(services, "0.5", limit=100))
    pages = [listed(services, "0.5", limit=15, offset=start) for start in range(0, 90, 15)]
    assert [one for page in pages for one in ids(page)] == whole


def test_a_short_list_goes_by_score(services: Services) -> None:
    assert ids(listed(services, "1", limit=LONG_TAIL_FROM)) == USUAL[:LONG_TAIL_FROM]


def test_the_command_says_who_comes_earlier(services: Services) -> None:
    app = create_app(settings_for(services.settings.home))
    printed = app.test_cli_runner().invoke(args=["match", TEXT, "--limit", "60"]).output
    app.extensions["schakel"].store.dispose()
    assert printed.count("(long tail: few past projects)") == 5
