from __future__ import annotations

import re

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from sqlalchemy import select

from matcher.corpus.snapshot import Snapshot
from matcher.insights.strengths import quotients, strengths
from matcher.store.tables import OrganisationRow
from matcher.web.strengths import MAX_LISTED
from tests.corpus.corpora import organisations_of
from tests.web.users import get


@pytest.fixture
def snapshot(app: APIFlask) -> Snapshot:
    found: Snapshot = app.extensions["schakel"].corpus_provider.snapshot()
    return found


def test_the_map_of_the_home_region(client: FlaskClient, snapshot: Snapshot) -> None:
    page = get(client, "/strengths").text
    assert '<option value="BE2" selected>BE2 Flanders (127)</option>' in page
    table = strengths(snapshot, "BE2")
    cells = quotients(table, strengths(snapshot, ""))
    filled = [
        (row.domain.id, challenge, cell.organisations)
        for row in table.domains
        for challenge, cell in row.challenges.items()
        if cell.organisations
    ]
    links = re.findall(r'<a href="/strengths/([\w-]+)/([\w-]+)\?region=BE2" aria-label="', page)
    assert sorted(links) == sorted((one, other) for one, other, _count in filled)
    domain, challenge, count = filled[0]
    said = re.search(rf'/{domain}/{challenge}\?region=BE2" aria-label="([^"]+)"', page)
    assert said is not None
    quotient = f"{cells[domain, challenge]:.1f}"
    assert f"{count} organisation(s), location quotient {quotient}," in said[1]
    assert page.count(f'/strengths/{domain}/{challenge}?region=BE2"') == 2  # drawing and table


def test_strong_and_near_at_hand(client: FlaskClient, snapshot: Snapshot) -> None:
    page = get(client, "/strengths?region=BE2").text
    rows = strengths(snapshot, "BE2").domains
    strong = page[page.index("Where the region is strong") : page.index("Near at hand")]
    near = page[page.index("Near at hand") : page.index("Domains and challenges in")]

    def listed(part: str) -> list[str]:
        return re.findall(r'href="/strengths/([\w-]+)\?region=BE2"', part)

    by_quotient = sorted(
        (one for one in rows if one.location_quotient > 1 and one.organisations > 1),
        key=lambda one: -one.location_quotient,
    )
    assert listed(strong) == [one.domain.id for one in by_quotient[:MAX_LISTED]]
    by_density = sorted(
        (one for one in rows if one.location_quotient < 1 and one.relatedness_density),
        key=lambda one: -one.relatedness_density,
    )
    assert listed(near) == [one.domain.id for one in by_density[:MAX_LISTED]]
    assert listed(strong) and listed(near) and not set(listed(strong)) & set(listed(near))


def test_the_map_is_narrowed_to_a_domain_and_a_challenge(client: FlaskClient) -> None:
    def cells(query: str) -> set[tuple[str, str]]:
        page = get(client, "/strengths?region=BE2&" + query)
        assert page.status_code == 200
        found = re.findall(r'/strengths/([\w-]+)/([\w-]+)\?region=BE2" aria-label', page.text)
        return set(found)

    everything = cells("")
    assert cells("domain=food") == {one for one in everything if one[0] == "food"}
    assert cells("challenge=health") == {one for one in everything if one[1] == "health"}
    assert cells("domain=food&challenge=health") == everything & {("food", "health")}
    assert cells("domain=niets&challenge=%27") == everything


def test_cells_can_be_shaded_by_strength(client: FlaskClient, snapshot: Snapshot) -> None:
    page = get(client, "/strengths?region=BE2&shade=strength").text
    strongest, domain, challenge = max(
        (cell.strength, row.domain.id, challenge)
        for row in strengths(snapshot, "BE2").domains
        for challenge, cell in row.challenges.items()
    )
    darkest = re.findall(
        r'/([\w-]+)/([\w-]+)\?region=BE2" aria-label="[^"]+"><g class="h10">', page
    )
    assert strongest > 0 and (domain, challenge) in darkest
    assert ">weak<" not in get(client, "/strengths").text


def test_who_is_behind_a_cell(client: FlaskClient, snapshot: Snapshot) -> None:
    best = strengths(snapshot, "BE2").domains[0]
    domain = best.domain.id
    challenge, cell = next(
        (id, cell) for id, cell in best.challenges.items() if cell.organisations > 1
    )
    page = get(client, f"/strengths/{domain}/{challenge}?region=BE2").text
    assert f"{cell.organisations} found" in page
    listed = re.findall(r'href="/organisations/([^"]+)"', page)
    records = {one.id: one for one in organisations_of(snapshot.corpus)}
    assert len(listed) == len(set(listed)) == min(cell.organisations, 25)
    assert all((records[one].place.region or "").startswith("BE2") for one in listed)
    first = page[
        page.index(f"/organisations/{listed[0]}") : page.index(f"/organisations/{listed[1]}")
    ]
    assert "<q" in first or "Sectors" in first


def test_a_long_list_has_pages(client: FlaskClient, snapshot: Snapshot) -> None:
    best = max(strengths(snapshot, "BE").domains, key=lambda one: one.organisations)
    address = f"/strengths/{best.domain.id}?region=BE"
    assert best.organisations > 25
    seen: list[str] = []
    for page in range(1, -(-best.organisations // 25) + 1):
        text = get(client, f"{address}&page={page}").text
        seen += re.findall(r'<li><a href="/organisations/([^"]+)"', text)
        assert f'start="{(page - 1) * 25 + 1}"' in text
    assert len(seen) == len(set(seen)) == best.organisations
    assert get(client, f"{address}&page=99999999999").status_code == 200


@pytest.mark.parametrize(
    "address", ["/strengths/bestaat-niet", "/strengths/food/niets", "/strengths/niets/health"]
)
def test_what_is_not_told_apart_is_not_found(client: FlaskClient, address: str) -> None:
    answer = get(client, address)
    assert answer.status_code == 404 and "There is no such domain." in answer.text


@pytest.mark.parametrize("region", ["ZZ", "be2' or 1=1", "<script>", "B" * 5_000])
def test_a_region_that_is_not_there(client: FlaskClient, region: str) -> None:
    page = get(client, "/strengths", query_string={"region": region})
    assert page.status_code == 200 and '<option value="BE2" selected>' in page.text
    behind = get(client, "/strengths/food", query_string={"region": region})
    assert behind.status_code == 200 and "Organisations everywhere" in behind.text
    assert "<script>" not in behind.text


def test_the_map_tells_nothing_private(client: FlaskClient, app: APIFlask) -> None:
    with app.extensions["schakel"].store.reading() as session:
        addresses = [one for one in session.scalars(select(OrganisationRow.contact_email)) if one]
    page = get(client, "/strengths/medical-devices?region=BE").text
    assert addresses and not [one for one in addresses if one in page]


def test_an_empty_service_has_no_map(empty_client: FlaskClient) -> None:
    page = get(empty_client, "/strengths")
    assert page.status_code == 200 and "no organisations with a place" in page.text
    assert "0 found" in get(empty_client, "/strengths/food").text


def test_numbers_are_written_as_the_language_does(client: FlaskClient) -> None:
    page = client.get("/strengths?lang=nl").text
    assert re.search(r">\d,\d</text>", page) and not re.search(r">\d\.\d</text>", page)
