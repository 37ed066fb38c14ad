from __future__ import annotations

import json
import re
from itertools import combinations
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient

from matcher.domain import OrganisationType
from matcher.matching.answer import Match
from matcher.presenters import OrganisationBrief
from matcher.web.maps import OUTLINES, map_of
from tests.web.users import get


def place(rank: int, longitude: float | None, latitude: float | None) -> Match:
    organisation = OrganisationBrief(
        id=f"x:o{rank}",
        name=f"o{rank}",
        type=OrganisationType.COMPANY,
        city=None,
        country=None,
        region=None,
        latitude=latitude,
        longitude=longitude,
        sme=None,
        sectors=(),
    )
    return Match(
        rank, organisation, None, None, 0.5, (), None, {}, None, (), (), (), False, False, ()
    )


def test_places_are_drawn_where_they_are() -> None:
    drawn = map_of([place(1, 3.72, 51.05), place(2, 4.7, 50.88), place(3, None, None)])
    assert drawn is not None
    gent, leuven = drawn.marks
    assert gent.x < leuven.x and gent.y < leuven.y  # Gent lies west and north of Leuven
    assert drawn.away == ["o3"] and "Belgium" in drawn.outlines
    left, top, width, height = drawn.view
    for mark in drawn.marks:
        assert left < mark.x < left + width and top < mark.y < top + height


def test_places_close_to_each_other_become_one_mark() -> None:
    drawn = map_of([place(1, 3.72, 51.05), place(2, 3.73, 51.05), place(3, 5.5, 50.6)])
    assert drawn is not None
    assert [mark.label for mark in drawn.marks] == ["1+1", "3"]
    first = drawn.marks[0]
    assert (first.ranks, first.names) == ([1, 2], ["o1", "o2"])
    assert first.half(drawn.unit) > drawn.marks[1].half(drawn.unit)


def test_far_places_take_the_map_of_europe_and_others_are_named() -> None:
    drawn = map_of([place(1, 3.72, 51.05), place(2, 24.9, 60.2), place(3, -122.0, 37.0)])
    assert drawn is not None
    assert "Finland" in drawn.outlines and drawn.away == ["o3"]
    assert map_of([place(1, -122.0, 37.0), place(2, None, 1.0)]) is None


def test_marks_never_overlap_and_nobody_is_lost() -> None:
    several = [place(n, 3.0 + (n * 37 % 50) / 20, 50.6 + (n * 17 % 30) / 40) for n in range(1, 60)]
    drawn = map_of(several)
    assert drawn is not None
    for one, other in combinations(drawn.marks, 2):
        beside = abs(one.x - other.x) >= one.half(drawn.unit) + other.half(drawn.unit)
        assert beside or abs(one.y - other.y) >= 2 * drawn.unit
    assert sorted(rank for mark in drawn.marks for rank in mark.ranks) == list(range(1, 60))


@pytest.mark.parametrize(
    ("country", "longitude", "latitude", "inside"),
    [
        ("Belgium", 4.47, 50.50, True),
        ("Belgium", 6.13, 49.61, False),  # Luxembourg
        ("Luxembourg", 6.13, 49.70, True),
        ("Netherlands", 5.29, 52.13, True),
        ("Belgium", 5.48, 51.44, False),  # Eindhoven
    ],
)
def test_outlines_lie_where_the_places_are(
    country: str, longitude: float, latitude: float, inside: bool
) -> None:
    drawn = map_of([place(1, longitude, latitude), place(2, 4.35, 50.85)])
    assert drawn is not None
    mark = next(one for one in drawn.marks if 1 in one.ranks)
    assert holds(drawn.outlines[country], mark.x, mark.y) is inside


def holds(outline: str, x: float, y: float) -> bool:
    """Whether a point lies within a path of absolute moves and relative lines (even-odd rule)."""
    crossed = False
    for part in outline.split("M")[1:]:
        at, lines = part.rstrip("z").split("l")
        points = [tuple(map(int, at.split()))]
        numbers = [int(one) for one in re.findall(r"-?\d+", lines)]
        for step in zip(numbers[::2], numbers[1::2], strict=True):
            points.append((points[-1][0] + step[0], points[-1][1] + step[1]))
        for (left, top), (right, bottom) in zip(points, points[1:] + points[:1], strict=True):
            if (top > y) != (bottom > y) and x < (right - left) * (y - top) / (bottom - top) + left:
                crossed = not crossed
    return crossed


def test_outlines_are_small_and_name_their_source() -> None:
    known = json.loads(OUTLINES.read_text(encoding="utf-8"))
    assert "Natural Earth" in known["source"]
    assert len(json.dumps(known["belgium"])) <= 20_000
    assert len(json.dumps(known["europe"])) <= 30_000


def test_the_page_draws_links_to_the_matches_and_lists_their_places(client: FlaskClient) -> None:
    page = get(client, "/matches?" + urlencode({"text": "spuitgieten van cartridges"})).text
    drawn = page.split('class="card map"')[1].split("</figure>")[0]
    marked = re.findall(r'<a href="#(match-\d+)" aria-label="([^"]+)"', drawn)
    assert marked and all(f'id="{one}"' in page for one, _names in marked)
    listed = re.findall(r'<li>(\d+)\. <a href="#match-(\d+)">([^<]+)</a>: ', drawn)
    assert [rank for rank, *_ in listed] == [str(n) for n in range(1, len(listed) + 1)]
    assert len(listed) == page.count('class="card match found-match"')
    assert "Natural Earth" in drawn
    assert "style=" not in drawn


def test_places_that_nobody_knows_are_said_to_be_unknown(client: FlaskClient) -> None:
    body = {
        "id": "org:nowhere",
        "name": "Nergenshuis",
        "type": "company",
        "offers": [{"text": "zeppelins van waterstofschuim"}],
    }
    assert client.post("/api/v1/organisations", json=body).status_code == 201
    page = get(client, "/matches?text=zeppelins+van+waterstofschuim").text
    assert ">Nergenshuis</a>: place unknown</li>" in page
    assert re.search(r"Not on the map:[^<]*Nergenshuis", page)
