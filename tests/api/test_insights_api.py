from __future__ import annotations

from collections.abc import Callable, Iterator
from math import log
from pathlib import Path
from typing import Any

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from app import create_app
from matcher.domain import Facet, FacetKind, Participation, Project
from matcher.store.projects import save_projects
from tests.conftest import settings_for
from tests.homes import copied

ADDRESS = "/api/v1/insights"
INITIATIVES, ORGANISATIONS = "/api/v1/initiatives", "/api/v1/organisations"
NANO, FISCH = "demo:nano-for-health", "demo:fisch"
NEED = "Laminated safety glass with solar cells for facades of offices"
ASKER = {
    "name": "Gevelhuis (voorbeeld)",
    "type": "company",
    "country": "BE",
    "region": "BE234",
    "needs": [{"text": NEED, "stage": "supply"}],
}
GIVER = {
    "name": "Ruitenier (voorbeeld)",
    "type": "company",
    "country": "IE",
    "region": "IE061",
    "offers": [{"text": f"Supply of {NEED.lower()}", "stage": "supply"}],
}


@pytest.fixture(scope="module")
def reader(demo_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    """The application over the demo data, shared by the tests that store nothing."""
    home = tmp_path_factory.mktemp("reading") / "home"
    copied(demo_home, home)
    app = create_app(settings_for(home))
    app.config["TESTING"] = True
    yield app.test_client()
    app.extensions["schakel"].store.dispose()


def read(client: FlaskClient, insight: str) -> Any:
    response = client.get(f"{ADDRESS}/{insight}")
    assert response.status_code == 200, response.get_json()
    return response.get_json()


def put(client: FlaskClient, address: str, body: Any) -> Any:
    response = client.put(address, json=body)
    assert response.status_code in (200, 201), response.get_json()
    return response.get_json()


def pairs(answer: Any) -> list[tuple[str, str]]:
    return [(one["one"]["id"], one["other"]["id"]) for one in answer["results"]]


def test_initiatives_that_want_the_same_with_others_overlap(client: FlaskClient) -> None:
    nothing = read(client, "overlaps")
    assert (nothing["initiatives"], nothing["total"], nothing["results"]) == (2, 0, [])
    nano = client.get(f"{INITIATIVES}/{NANO}").get_json()
    twin = {**nano, "id": "init:twin", "name": "Twin"}
    put(client, f"{INITIATIVES}/init:twin", {**twin, "members": [{"id": "demo:trapkar"}]})
    found = read(client, "overlaps")
    assert (found["initiatives"], found["total"], found["cached"]) == (3, 1, False)
    assert pairs(found) == [(NANO, "init:twin")]
    overlap = found["results"][0]
    assert overlap["score"] == overlap["same"] > 0.9
    assert overlap["shared_members"] == []
    texts = [need["text"] for need in nano["needs"]]
    assert [(one["one"], one["other"]) for one in overlap["same_needs"]] == [
        (text, text) for text in texts
    ]
    assert read(client, "overlaps")["cached"] is True

    # In the region of Gent is one member, in that of Madrid none.
    assert pairs(read(client, "overlaps?region=BE234")) == [(NANO, "init:twin")]
    assert read(client, "overlaps?region=ES300")["total"] == 0

    five = nano["members"][:5]
    put(client, f"{INITIATIVES}/init:twin", {**twin, "members": [*five, {"id": "demo:trapkar"}]})
    half = read(client, "overlaps")["results"][0]
    assert half["same"] == overlap["same"]
    assert half["score"] == pytest.approx(half["same"] * (1 - 5 / 10), abs=1e-4)
    shared = [one["id"] for one in half["shared_members"]]
    assert sorted(shared) == sorted(member["id"] for member in five)

    put(client, f"{INITIATIVES}/init:twin", twin)
    assert read(client, "overlaps")["total"] == 0
    alone = {**twin, "members": [], "needs": nano["needs"][4:6]}
    put(client, f"{INITIATIVES}/init:twin", alone)
    put(client, f"{INITIATIVES}/init:third", {**alone, "id": "init:third"})
    three = read(client, "overlaps?limit=1")
    assert (three["total"], pairs(three)) == (3, [("init:third", "init:twin")])


def test_a_missed_chance_is_found_until_they_have_worked_together(client: FlaskClient) -> None:
    store = client.application.extensions["schakel"].store
    asker, giver = f"{ORGANISATIONS}/org:asker", f"{ORGANISATIONS}/org:giver"
    pair = ("org:asker", "org:giver")
    before = read(client, "missed-chances?limit=200")
    put(client, asker, ASKER)
    put(client, giver, GIVER)
    found = read(client, "missed-chances?limit=200")
    assert found["stated_needs"] == before["stated_needs"] + 1
    assert set(pairs(found)) >= {*pairs(before), pair}
    first = found["results"][0]
    assert (first["one"]["id"], first["other"]["id"]) == pair
    assert first["one"]["name"] == ASKER["name"]
    [because] = first["because"]
    assert (because["asks"]["id"], because["offers"]["id"]) == pair
    assert because["need"]["text"] == NEED and because["need"]["kind"] == "need"
    assert because["offer"]["text"] == GIVER["offers"][0]["text"]
    assert (
        first["score"] == pytest.approx(because["probability"], abs=1e-3) and first["score"] > 0.8
    )
    for scope in ("region=IE", "region=IE061", "region=BE234"):
        assert pair in pairs(read(client, f"missed-chances?limit=200&{scope}"))
    assert pair not in pairs(read(client, "missed-chances?limit=200&region=DE"))

    put(client, asker, {**ASKER, "competitors": ["org:giver"]})
    assert pair not in pairs(read(client, "missed-chances?limit=200"))
    put(client, asker, {**ASKER, "competitors": []})
    together = {"name": "Samen", "members": [{"id": "org:giver"}, {"id": "org:asker"}]}
    put(client, f"{INITIATIVES}/init:samen", together)
    assert pair not in pairs(read(client, "missed-chances?limit=200"))
    assert client.delete(f"{INITIATIVES}/init:samen").status_code == 204
    assert pairs(read(client, "missed-chances?limit=200"))[0] == pair

    facet = Facet(FacetKind.EVIDENCE, "A festival of cargo bikes", source="test:1", year=2021)
    owners = (Participation("org:giver"), Participation("org:asker"))
    with store.writing() as write:
        save_projects(write, [Project(facet, owners)])
    after = read(client, "missed-chances?limit=200")
    assert pair not in pairs(after)
    assert after["total"] == found["total"] - 1
    assert set(pairs(after)) == set(pairs(found)) - {pair}


def test_missed_chances_are_in_order_and_have_reasons(reader: FlaskClient) -> None:
    found = read(reader, "missed-chances?limit=200")
    assert found["total"] == len(found["results"]) > 10
    assert len(set(map(frozenset, pairs(found)))) == found["total"]
    scores = [one["score"] for one in found["results"]]
    assert scores == sorted(scores, reverse=True)
    members = [
        {one["id"] for one in reader.get(f"{INITIATIVES}/{name}").get_json()["members"]}
        for name in (NANO, FISCH)
    ]
    for one in found["results"]:
        both = {one["one"]["id"], one["other"]["id"]}
        assert len(both) == 2 and not any(both <= several for several in members)
        missing = 1.0
        for because in one["because"]:
            assert {because["asks"]["id"], because["offers"]["id"]} == both
            assert (because["need"]["kind"], because["offer"]["kind"]) == ("need", "offer")
            assert because["probability"] >= 0.3
            missing *= 1 - because["probability"]
        assert one["score"] == pytest.approx(1 - missing, abs=2e-3)
    assert read(reader, "missed-chances?limit=3")["results"] == found["results"][:3]
    german = read(reader, "missed-chances?region=DE&limit=200")["results"]
    assert german and all("DE" in (p["one"]["country"], p["other"]["country"]) for p in german)


@pytest.mark.parametrize(
    ("address", "field"),
    [
        ("overlaps?domain=alchemy", "domain"),
        ("missed-chances?domain=alchemy", "domain"),
        ("missed-chances?domain=Food", "domain"),
        ("overlaps?region=Gent", "region"),
        ("overlaps?limit=0", "limit"),
        ("missed-chances?limit=201", "limit"),
        ("missed-chances?offset=1", "offset"),
        ("strengths", "region"),
        ("strengths?region=", "region"),
        ("strengths?region=be2", "region"),
        ("strengths?region=BE23456", "region"),
        ("strengths?region=BE2&limit=1", "limit"),
    ],
)
def test_wrong_questions_name_the_field(reader: FlaskClient, address: str, field: str) -> None:
    response = reader.get(f"{ADDRESS}/{address}")
    assert (response.status_code, response.content_type) == (422, "application/problem+json")
    assert field in [one["field"] for one in response.get_json()["errors"]]


def test_the_strengths_of_the_demo_regions_add_up(reader: FlaskClient) -> None:
    belgium, flanders = (read(reader, f"strengths?region={code}") for code in ("BE", "BE2"))
    assert belgium["organisations"] == 169 > flanders["organisations"]
    parts = [read(reader, f"strengths?region=BE{number}") for number in (1, 3)]
    whole = {one["domain"]["id"]: one for one in belgium["domains"]}
    for domain in flanders["domains"]:
        name = domain["domain"]["id"]
        others = [one for part in parts for one in part["domains"] if one["domain"]["id"] == name]
        for value in ("organisations", "strength"):
            total = domain[value] + sum(one[value] for one in others)
            assert total == pytest.approx(whole[name][value], abs=5e-3)
        assert 0 <= domain["relatedness_density"] <= 100
        assert len(domain["strongest"]) == min(domain["organisations"], 3)
        assert set(domain["domain"]["labels"]) == {"nl", "fr", "de", "en"}
        for cell in domain["challenges"].values():
            assert cell["organisations"] <= domain["organisations"]
            assert cell["strength"] <= domain["strength"] + 5e-4
    strengths = [one["strength"] for one in flanders["domains"]]
    assert strengths == sorted(strengths, reverse=True)


def test_strengths_counted_by_hand(tmp_path: Path, make_app: Callable[..., APIFlask]) -> None:
    client = make_app(tmp_path / "empty").test_client()
    offers = {
        "water": "Drinking water treatment with membranes",
        "sewage": "Sewage treatment",
        "bread": "Bread bakery",
        "beer": "Beer brewing and malting",
    }

    def store(name: str, offered: str, **values: Any) -> None:
        said = [{"text": offers[one]} for one in offered.split()]
        body = {"name": name, "type": "company", "offers": said, **values}
        put(client, f"{ORGANISATIONS}/org:{name}", body)

    store("waterwerk", "water sewage", country="BE", region="BE234", sectors=["water"])
    store("bakker", "bread", country="BE", needs=[{"text": offers["water"]}])
    store("brouwer", "beer", country="DE", region="DEA2D", sectors=["water"])
    # log(1 + n): waterwerk has three statements on water, the others one on food; brouwer one on
    # water too. In units of log 2: BE water 2, food 1; DE water 1, food 1.
    belgium, germany = (read(client, f"strengths?region={code}") for code in ("BE", "DE"))
    assert (belgium["organisations"], germany["organisations"]) == (2, 1)
    here = {one["domain"]["id"]: one for one in belgium["domains"]}
    there = {one["domain"]["id"]: one for one in germany["domains"]}
    assert [one["domain"]["id"] for one in belgium["domains"][:2]] == ["water", "food"]
    numbers = ("organisations", "strength", "location_quotient", "relatedness_density")

    def shown(domain: Any) -> list[float]:
        return [domain[name] for name in numbers]

    # Food is related to water alone, in which BE is specialised; water to food, in which it isn't.
    two = log(2)
    assert shown(here["water"]) == pytest.approx([1, 2 * two, 10 / 9, 0], abs=1e-3)
    assert shown(here["food"]) == pytest.approx([1, two, 5 / 6, 100], abs=1e-3)
    assert shown(there["water"]) == pytest.approx([1, two, 5 / 6, 100], abs=1e-3)
    assert shown(there["food"]) == pytest.approx([1, two, 5 / 4, 0], abs=1e-3)
    assert here["water"]["strongest"] == [{"id": "org:waterwerk", "name": "waterwerk"}]
    assert here["food"]["strongest"] == [{"id": "org:bakker", "name": "bakker"}]
    assert there["water"]["strongest"] == [{"id": "org:brouwer", "name": "brouwer"}]
    assert here["water"]["challenges"]["food"] == {"organisations": 0, "strength": 0}
    assert here["food"]["challenges"]["food"]["organisations"] == 1
    assert here["food"]["challenges"]["food"]["strength"] == pytest.approx(two, abs=1e-3)
    assert there["water"]["challenges"]["food"]["organisations"] == 1
    assert all(shown(one) == [0] * 4 for name, one in here.items() if name not in ("water", "food"))
    town = read(client, "strengths?region=BE2")
    assert (town["organisations"], town["domains"][0]["organisations"]) == (1, 1)
    nowhere = read(client, "strengths?region=JP")
    assert nowhere["organisations"] == 0
    assert all(shown(one) == [0] * 4 for one in nowhere["domains"])

    assert read(client, "strengths?region=BE")["cached"] is True
    assert client.delete(f"{ORGANISATIONS}/org:bakker").status_code == 204
    after = read(client, "strengths?region=BE")
    assert (after["cached"], after["organisations"]) == (False, 1)
    assert after["corpus_version"] > belgium["corpus_version"]
    assert {one["domain"]["id"]: one["organisations"] for one in after["domains"]}["food"] == 0


def test_an_empty_store_has_no_insights(empty_client: FlaskClient) -> None:
    assert read(empty_client, "overlaps")["results"] == []
    missed = read(empty_client, "missed-chances")
    assert (missed["stated_needs"], missed["total"], missed["results"]) == (0, 0, [])
    strengths = read(empty_client, "strengths?region=BE")
    assert strengths["organisations"] == 0
    assert {one["organisations"] for one in strengths["domains"]} == {0}
