from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, timedelta

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from sqlalchemy import update

from matcher.domain import Question
from matcher.services.people import activity, audit, lists
from matcher.services.questions import packed
from matcher.services.strengths import behind, regions, strengths
from matcher.store import Store
from matcher.store.people import AuditRow
from matcher.web.plots import bars
from tests.web.users import get, post, signed_in


@pytest.fixture
def store(app: APIFlask) -> Store:
    found: Store = app.extensions["schakel"].store
    return found


def test_monday_morning(app: APIFlask, store: Store) -> None:
    manager = signed_in(app, "manager")
    page = get(manager, "/overview").text
    nano = page[page.index("Nano for Health") :]
    assert re.findall(r'badge status-missing">(\w+)<', nano)[:2] == ["Pilot", "Production"]
    assert "Nothing waits for you." in page and "No list is kept yet." in page
    assert page.count("asks for") >= 5
    question = json.dumps(packed(Question(text="vrachtfietsen", limit=5)))
    address = post(manager, "/lists", {"name": "L", "question": question}).headers["Location"]
    (me,) = lists.colleagues(store)
    sent = {"id": ["demo:trapkar"], "status": ["approached"], "note": [""], "assigned": [str(me)]}
    post(manager, address + "/entries", sent)
    page = get(manager, "/overview").text
    waiting = page[page.index("Waiting for you") : page.index("Missed chances")]
    assert "Trapkar Cargo (demo)" in waiting and f'href="{address}"' in waiting
    assert "list.entry" in page
    sent["status"] = ["joined"]
    post(manager, address + "/entries", sent)
    assert "Nothing waits for you." in get(manager, "/overview").text


def test_accounts_and_passwords_are_not_among_the_activity(app: APIFlask) -> None:
    member = signed_in(app, "member")
    assert "account." not in get(member, "/overview").text
    assert get(app.test_client(), "/overview").status_code == 302


def test_weeks_are_counted_by_what_changed(store: Store) -> None:
    wednesday = date(2026, 11, 18)
    with store.keeping() as session:
        session.execute(update(AuditRow).values(at=datetime(2020, 1, 1, tzinfo=UTC)))
        for action in ("organisation.changed", "list.created", "account.created"):
            audit.record(session, "command", action, "x")
        session.execute(
            update(AuditRow)
            .where(AuditRow.subject == "x")
            .values(at=datetime(2026, 11, 16, 0, 30, tzinfo=UTC))
        )
    weeks = activity.weekly(store, wednesday)
    assert len(weeks) == 12
    assert weeks[-1][0] == date(2026, 11, 16) and weeks[0][0] == date(2026, 8, 31)
    assert weeks[-1][1] == {"organisations": 1, "initiatives": 0, "lists": 1, "introductions": 0}
    assert sum(sum(counts.values()) for _start, counts in weeks[:-1]) == 0
    later = activity.weekly(store, wednesday + timedelta(weeks=12))
    assert sum(sum(counts.values()) for _start, counts in later) == 0


def test_missed_chances_are_narrowed_by_region_and_domain(app: APIFlask) -> None:
    member = signed_in(app, "member")

    def total(query: str) -> int:
        page = get(member, "/overview/missed-chances" + query)
        found = re.search(r"(\d+) found", page.text)
        assert page.status_code == 200 and found is not None
        return int(found[1])

    everywhere = total("")
    assert 0 < total("?region=BE2") < everywhere
    assert 0 < total("?domain=food") < everywhere
    assert total("?region=%27;drop") == total("?domain=niets") == everywhere
    assert get(member, "/overview/overlaps?region=BE2").status_code == 200


def test_the_strengths_of_a_region(app: APIFlask, client: FlaskClient) -> None:
    page = get(client, "/strengths")
    assert '<option value="BE2" selected>' in page.text
    snapshot = app.extensions["schakel"].live.snapshot()
    table = strengths(snapshot, "BE2")
    best = table["domains"][0]
    link = f"/strengths/{best['domain']['id']}?region=BE2"
    assert f'href="{link}"' in page.text
    assert f"{best['organisations']} found" in get(client, link).text
    cell, figures = next(
        (id, cell) for id, cell in best["challenges"].items() if cell["organisations"]
    )
    found = behind(snapshot, "BE2", best["domain"]["id"], cell)
    assert found["total"] == figures["organisations"]
    assert all((one["region"] or "").startswith("BE2") for one in found["organisations"])
    assert get(client, "/strengths/bestaat-niet").status_code == 404
    assert get(client, "/strengths/food?challenge=niets").status_code == 404
    assert get(client, "/strengths?region=ZZ").status_code == 200


def test_regions_are_counted(app: APIFlask) -> None:
    snapshot = app.extensions["schakel"].live.snapshot()
    counts = dict(regions(snapshot))
    places = [one.place for one in snapshot.corpus.organisations]
    assert counts["BE"] == sum(place.country == "BE" for place in places)
    assert counts["BE2"] == sum((place.region or "").startswith("BE2") for place in places)


def test_an_empty_service_has_an_overview(empty_client: FlaskClient) -> None:
    assert "no organisations with a place" in get(empty_client, "/strengths").text
    manager = signed_in(empty_client.application, "manager")  # type: ignore[arg-type]
    assert "There are no initiatives yet." in get(manager, "/overview").text


def test_bars_are_as_high_as_their_values() -> None:
    drawn = bars([0, 5, 10])
    assert [bar.height for bar in drawn.bars] == [0.0, 80.0, 160.0]
    assert [bar.y + bar.height for bar in drawn.bars] == [160.0] * 3
    assert drawn.lines == [(0.0, 10.0), (80.0, 5.0)]
    assert bars([]).bars == [] and bars([0]).lines[0] == (0.0, 2.0)
    assert bars([11]).lines[0] == (0.0, 20.0) and bars([41]).lines[0] == (0.0, 100.0)
