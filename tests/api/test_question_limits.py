"""How large a question may be, and what becomes of one for which there isn't time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from tests.clocks import use_clock

MATCHES = "/api/v1/recommendations"
NANO = "/api/v1/initiatives/demo:nano-for-health"
QUESTION: dict[str, Any] = {"text": "biosensor cartridges for diagnostics", "limit": 15}
LINE_UP = {
    "size": 14,
    "teams": 4,
    "quotas": [{"of": "type", "value": "higher_education", "at_least": 2}],
}
ADVICE = f"{NANO}/advice?organisation=demo:trapkar&first=1"


@pytest.fixture
def small(home: Path, make_app: Callable[..., APIFlask]) -> FlaskClient:
    """A service in which questions must be small."""
    limits = {"CHARACTERS": "200", "NEEDS": "3", "MEMBERS": "2"}
    return make_app(
        home, **{f"SCHAKEL_QUESTION_{name}": limit for name, limit in limits.items()}
    ).test_client()


@pytest.mark.parametrize(
    ("question", "field"),
    [
        ({"text": "x" * 201}, "text"),
        ({"needs": [{"text": "x" * 101}, {"text": "y" * 101}]}, "needs"),
        ({"needs": [{"text": f"need {n}"} for n in range(4)]}, "needs"),
        ({"members": ["demo:imec", "demo:trapkar", "demo:dijlenano"]}, "members"),
    ],
)
def test_too_large_a_question_names_the_field(
    small: FlaskClient, question: dict[str, Any], field: str
) -> None:
    response = small.post(MATCHES, json=question)
    assert (response.status_code, response.content_type) == (422, "application/problem+json")
    [error] = response.get_json()["errors"]
    assert error["field"] == field
    assert "at most" in error["message"]


def test_too_large_an_initiative_is_not_stored(small: FlaskClient) -> None:
    address = "/api/v1/initiatives/init:proef"
    body: dict[str, Any] = {"name": "Proef", "brief": "x" * 150, "needs": [{"text": "y" * 50}]}
    assert small.put(address, json=body).status_code == 201
    for path, change, field in (
        ("", {**body, "brief": "x" * 151}, "brief"),
        ("/needs", {"needs": [{"text": "y" * 51}]}, "brief"),
        ("/needs", {"needs": [{"text": f"{n}" * 5} for n in range(4)]}, "needs"),
    ):
        response = small.put(address + path, json=change)
        assert response.status_code == 422
        assert [error["field"] for error in response.get_json()["errors"]] == [field]
    members = [small.put(f"{address}/members/demo:{one}", json={}) for one in ("imec", "trapkar")]
    assert [one.status_code for one in members] == [200, 200]
    third = small.put(f"{address}/members/demo:dijlenano", json={})
    assert [error["field"] for error in third.get_json()["errors"]] == ["members"]
    stored = small.get(address).get_json()
    assert (len(stored["brief"]), len(stored["needs"]), len(stored["members"])) == (150, 1, 2)


def test_an_initiative_from_before_the_limits_can_shrink(
    home: Path, make_app: Callable[..., APIFlask]
) -> None:
    client = make_app(home, SCHAKEL_QUESTION_MEMBERS="1").test_client()
    members = [one["id"] for one in client.get(NANO).get_json()["members"]]
    assert len(members) > 2
    assert client.get(f"{NANO}/gaps").status_code == 422
    assert client.get(f"{NANO}/matches").status_code == 422
    for member in members[1:]:
        assert client.delete(f"{NANO}/members/{member}").status_code == 204
    assert client.get(f"{NANO}/gaps").status_code == 200


def test_the_document_says_the_limits(small: FlaskClient) -> None:
    schemas = small.get("/api/v1/openapi.json").get_json()["components"]["schemas"]
    question = schemas["QuestionIn"]
    assert "At most 200 characters, `text` and all needs together." in question["description"]
    assert question["properties"]["text"]["maxLength"] == 200
    assert question["properties"]["needs"]["maxItems"] == 3
    assert question["properties"]["members"]["maxItems"] == 2
    assert schemas["InitiativeIn"]["properties"]["brief"]["maxLength"] == 200
    assert schemas["NeedsIn"]["properties"]["needs"]["maxItems"] == 3


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (MATCHES, QUESTION),
        (f"{NANO}/matches", None),
        (f"{NANO}/gaps", None),
        (f"{NANO}/roadmap", None),
        (f"{NANO}/line-up", LINE_UP),
        (ADVICE, None),
    ],
)
def test_without_time_there_is_no_answer_and_none_is_kept(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, path: str, body: dict[str, Any] | None
) -> None:
    clock = use_clock(monkeypatch, step=20.0)
    response = client.get(path) if body is None else client.post(path, json=body)
    assert (response.status_code, response.content_type) == (503, "application/problem+json")
    assert response.headers["Retry-After"] == "60"
    assert "ask for less" in response.get_json()["detail"]
    clock.step = 0.0
    answer = client.get(path) if body is None else client.post(path, json=body)
    assert answer.status_code == 200
    assert answer.get_json()["cached"] is False
    assert answer.get_json().get("cut_short", False) is False


def steps() -> list[float]:
    """Steps of a clock with which 15 seconds last for more and more looks at it."""
    return [15 / looks for looks in range(2, 60, 2)]


def test_matches_that_are_ready_are_shown_and_not_kept(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = use_clock(monkeypatch, step=0.0)
    for step in steps():
        clock.step = step
        response = client.post(MATCHES, json=QUESTION)
        if response.status_code == 200:
            break
        assert response.status_code == 503
    cut = response.get_json()
    assert 1 <= len(cut["results"]) < QUESTION["limit"]
    assert [notice["code"] for notice in cut["notices"]] == ["cut_short"]
    clock.step = 0.0
    whole = client.post(MATCHES, json=QUESTION).get_json()
    assert whole["cached"] is False
    assert (len(whole["results"]), whole["notices"]) == (QUESTION["limit"], [])
    assert whole["results"][: len(cut["results"])] == cut["results"]
    assert whole["total"] == cut["total"]


def test_teams_and_advice_say_when_they_are_cut_short(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = use_clock(monkeypatch, step=0.0)
    for path, body, sign in ((f"{NANO}/line-up", LINE_UP, "teams"), (ADVICE, None, "add")):
        sizes = []
        for step in steps():
            clock.step = step
            response = client.get(path) if body is None else client.post(path, json=body)
            if response.status_code == 503:
                assert not sizes
                continue
            answer = response.get_json()
            if not answer["cut_short"]:
                break
            assert answer["cached"] is False
            sizes.append(len(answer[sign]))
        assert sizes == sorted(sizes) and sizes
        clock.step = 0.0
        whole = client.get(path) if body is None else client.post(path, json=body)
        assert len(whole.get_json()[sign]) >= sizes[-1]
