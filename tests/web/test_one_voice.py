"""No face of the service says of a need and an organisation what another doesn't."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from matcher.parameters import POSSIBLE_FIT, STRONG_FIT
from tests.cli.commands import run
from tests.web.users import get, signed_in

API = "/api/v1"
MOULDS = "injection moulding of cartridges in series"
MARKING = "CE marking under IVDR"
LOOP = "Isolatiematten uit gerecycleerd textiel of vlas, in serie geleverd"
PIANIST = "a jazz pianist for the opening night"
NEEDS = [
    {"text": MOULDS, "stage": "production"},
    {"text": MARKING, "stage": "regulation"},
    {"text": LOOP},
    {"text": PIANIST, "stage": "market", "weight": 3},
]
MEMBERS = ["demo:dijlenano", "demo:surfalink"]
Pair = tuple[str, str]
"""A need and the id of an organisation."""


@pytest.fixture
def asked(client: FlaskClient) -> FlaskClient:
    """A client that stored an initiative."""
    body = {
        "id": "x:voice",
        "name": "One voice",
        "needs": NEEDS,
        "members": [{"id": one} for one in MEMBERS],
    }
    assert client.post(f"{API}/initiatives", json=body).status_code == 201
    return client


def of(client: FlaskClient, path: str, **body: Any) -> Any:
    address = f"{API}/initiatives/x:voice/{path}"
    response = client.post(address, json=body) if body else client.get(address)
    assert response.status_code == 200, response.get_json()
    return response.get_json()


def contributions(answer: Any, *needs: str) -> Iterator[tuple[Pair, float, str]]:
    """What the needs of a gap report or a roadmap say."""
    for need in (one for name in needs for one in answer[name]):
        for one in [*need["covered_by"], *need["could_be_covered_by"]]:
            yield (need["text"], one["organisation"]["id"]), one["probability"], one["fit"]


def matched(answer: Any) -> Iterator[tuple[Pair, float, str]]:
    """What a match list says: its reasons, and its table of needs."""
    for result in answer["results"]:
        for reason in result["reasons"]:
            if reason["kind"] in {"offer", "project"} and reason["need"]:
                yield (reason["need"], result["organisation"]["id"]), reason["probability"], ""
    for need in answer["needs"]["items"]:
        if (best := need["best"]) is not None:
            yield (need["text"], best["organisation"]["id"]), best["probability"], best["fit"]


def teams(answer: Any) -> Iterator[tuple[Pair, float, str]]:
    for team in answer["teams"]:
        for pick in team["picks"]:
            for met in pick["meets"]:
                yield (met["need"], pick["organisation"]["id"]), met["probability"], met["fit"]
        for need in team["needs"]:
            assert (need["by"] is None) == (need["probability"] < POSSIBLE_FIT)


def label(probability: float) -> str:
    if probability >= STRONG_FIT:
        return "strong"
    return "possible" if probability >= POSSIBLE_FIT else "weak"


def test_all_answers_give_a_pair_the_same_probability_and_label(asked: FlaskClient) -> None:
    question = {"needs": NEEDS, "members": MEMBERS, "limit": 200}
    gaps = of(asked, "gaps")
    faces = {
        "gaps": list(contributions(gaps, "needs")),
        "missing links": [
            ((one["need"], one["organisation"]["id"]), one["probability"], one["fit"])
            for link in gaps["missing_links"]
            for one in link["proposals"]
        ],
        "roadmap": list(contributions(of(asked, "roadmap"), "steps")),
        "matches": list(matched(of(asked, "matches?limit=200"))),
        "question": list(matched(asked.post(f"{API}/recommendations", json=question).get_json())),
        "team": list(teams(of(asked, "line-up", size=6))),
    }
    somebody = next(who for (need, who), _, _ in faces["gaps"] if need == LOOP)
    advice = of(asked, f"advice?organisation={somebody}")
    faces["advice"] = [
        ((one["need"], somebody), one["probability"], one["fit"]) for one in advice["meets_now"]
    ]
    said: dict[Pair, dict[str, float]] = defaultdict(dict)
    for face, pairs in faces.items():
        for pair, probability, fit in pairs:
            said[pair][face] = probability
            assert fit in ("", label(probability)), (face, pair)
    for pair, by_face in said.items():
        assert max(by_face.values()) - min(by_face.values()) <= 0.001, (pair, by_face)
    compared = [len(by_face) for by_face in said.values()]
    assert sum(count >= 4 for count in compared) >= 3 and max(compared) >= 5
    assert all(faces.values())


def test_whom_nobody_can_meet_nobody_covers_anywhere(asked: FlaskClient) -> None:
    gaps, roadmap = of(asked, "gaps"), of(asked, "roadmap")
    [need] = [one for one in gaps["needs"] if one["text"] == PIANIST]
    assert (need["status"], need["coverable"], need["could_be_covered_by"]) == (
        "missing",
        "missing",
        [],
    )
    [step] = [one for one in roadmap["steps"] if one["text"] == PIANIST]
    assert not step["covered_by"] and not step["could_be_covered_by"]
    assert all(one["need"] != PIANIST for one in links(gaps))
    assert gaps["coverage"]["reachable"] <= 1 - need["share"]
    matches = of(asked, "matches?limit=200")
    assert [one["best"] for one in matches["needs"]["items"] if one["text"] == PIANIST] == [None]
    [team] = of(asked, "line-up", size=8)["teams"]
    assert [one["by"] for one in team["needs"] if one["text"] == PIANIST] == [None]
    assert team["coverage"] <= gaps["coverage"]["reachable"] + 1e-4
    alone = {"id": "x:voice", "name": "One voice", "needs": NEEDS[-1:]}
    assert asked.put(f"{API}/initiatives/x:voice", json=alone).status_code == 200
    assert of(asked, "gaps")["coverage"] == {"members": 0.0, "reachable": 0.0}
    matches = of(asked, "matches?limit=200")
    assert matches["results"] and matches["notices"][0]["code"] == "nothing_fits"
    for result in matches["results"]:
        assert result["fit"] == "weak"
        assert result["coverage"] == {"alone": 0.0, "adds": 0.0, "with_members": 0.0}
    for pick in of(asked, "line-up", size=3)["teams"][0]["picks"]:
        assert (pick["adds"], pick["meets"]) == (0.0, [])


def links(gaps: Any) -> list[Any]:
    return [one for link in gaps["missing_links"] for one in link["proposals"]]


def test_missed_chances_say_of_a_need_and_an_offer_what_a_question_says(
    client: FlaskClient,
) -> None:
    pairs = client.get(f"{API}/insights/missed-chances?limit=6").get_json()["results"]
    assert len(pairs) == 6
    for one in (one for pair in pairs for one in pair["because"]):
        need = {"text": one["need"]["text"], "stage": one["need"]["stage"]}
        question = {"needs": [need], "limit": 50}
        answer = client.post(f"{API}/recommendations", json=question).get_json()
        said = {who: probability for (_, who), probability, _ in matched(answer)}
        assert said[one["offers"]["id"]] == pytest.approx(one["probability"], abs=0.001)
        assert one["fit"] == label(one["probability"])


def test_all_pages_say_the_same_of_a_pair(app: APIFlask, asked: FlaskClient) -> None:
    manager = signed_in(app, "manager")
    need = {"id": "x:voice", "name": "One voice", "needs": [{"text": LOOP}]}
    assert asked.put(f"{API}/initiatives/x:voice", json=need).status_code == 200
    best = of(asked, "gaps")["needs"][0]["could_be_covered_by"][0]
    who, percent = best["organisation"]["name"], int(best["probability"] * 100 + 1e-6)
    shown = {"strong": "Strong fit", "possible": "Possible fit"}[best["fit"]]
    badge = f'fit-{best["fit"]}">{shown} <span class="nowrap">{percent} %</span>'
    pages = {
        name: get(manager, f"/initiatives/x:voice{name}").text
        for name in ("", "/matches", "/gaps", "/roadmap", "/line-up?size=3")
    }
    pages["/matches?"] = get(manager, "/matches", query_string={"need": LOOP}).text
    for name, page in pages.items():
        assert who in page, name
        assert "Nobody known could cover this" not in page and "nobody on this page" not in page
        if name == "/gaps":
            assert f">{percent}</td>" in page
        else:
            assert re.search(re.escape(who) + r"(?s:.{0,400})" + re.escape(badge), page), name
    adds = re.search(r"<strong>\+(\d+) %</strong>", pages["/matches"])
    assert adds is not None and abs(int(adds[1]) - percent) <= 1


def test_pages_and_commands_say_that_nobody_can(app: APIFlask, asked: FlaskClient) -> None:
    manager = signed_in(app, "manager")
    stage = {"text": PIANIST, "stage": "production"}
    members = [{"id": one} for one in MEMBERS]
    body = {"id": "x:voice", "name": "One voice", "needs": [stage], "members": members}
    assert asked.put(f"{API}/initiatives/x:voice", json=body).status_code == 200
    first = get(manager, "/initiatives/x:voice").text
    assert "Nobody known could cover this" in first and "Who could fill it" not in first
    assert "with others who could join 0 %" in first
    assert "Nobody known could cover this" in get(manager, "/initiatives/x:voice/roadmap").text
    matches = get(manager, "/initiatives/x:voice/matches").text
    heads = re.findall(r'<p class="badges">\s*<span class="badge fit-(\w+)">', matches)
    assert heads and set(heads) == {"weak"}
    assert not re.search(r"<strong>\+\d+ %</strong>", matches) and "Nobody here really" in matches
    page = get(manager, "/matches", query_string={"need": PIANIST}).text
    assert "nobody on this page" in page and "Possible fit" not in page
    printed = run(app, "initiative", "gaps", "x:voice")
    assert "nobody known could" in printed and "could: " not in printed
