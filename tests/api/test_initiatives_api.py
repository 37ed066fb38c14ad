from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from app import create_app
from matcher.accounts.api_keys import create_key
from matcher.organisations import duplicates
from matcher.organisations.actions import get
from matcher.parameters import EXPLORATORY_DIAL
from tests.conftest import settings_for
from tests.homes import copied

ADDRESS = "/api/v1/initiatives"
ORGANISATIONS = "/api/v1/organisations"
NANO, FISCH = "demo:nano-for-health", "demo:fisch"
BODY: dict[str, Any] = {
    "id": "init:proef",
    "name": "Proefkring (voorbeeld)",
    "brief": "Een kring voor fietsen en chips.",
    "needs": [
        {
            "text": "Cargo bikes for city logistics",
            "level": "nice",
            "weight": 2.5,
            "stage": "production",
            "due": "2030-06-30",
        },
        {"text": "Research into biosensor chips"},
    ],
    "members": [{"id": "demo:trapkar", "since": "2024-03-01"}, {"id": "demo:dijlenano"}],
    "wanted": {"company": 4, "hospital": 1},
    "exploratory": True,
    "open": True,
}
STATED: dict[str, Any] = {
    **BODY,
    "needs": [
        BODY["needs"][0],
        {
            "text": "Research into biosensor chips",
            "level": "must",
            "weight": 1.0,
            "stage": None,
            "due": None,
        },
    ],
    "members": [BODY["members"][0], {"id": "demo:dijlenano", "since": None}],
}
"""BODY as it is shown."""
QUESTIONS = ("matches", "gaps", "roadmap", "advice?organisation=demo:trapkar")
MENDERS = {
    "demo:spritzguss-venn",
    "demo:indetal-automation",
    "demo:doseerhuis",
    "demo:letterveld",
}
"""Who was put into the demo data to make an industry of the biosensor chips."""


@pytest.fixture(scope="module")
def reader(demo_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    """The application over the demo data, shared by the tests that store nothing."""
    home = tmp_path_factory.mktemp("reading") / "home"
    copied(demo_home, home)
    app = create_app(settings_for(home))
    app.config["TESTING"] = True
    version = app.extensions["schakel"].store.corpus_version()
    yield app.test_client()
    assert app.extensions["schakel"].store.corpus_version() == version
    app.extensions["schakel"].store.dispose()


def read(client: FlaskClient, address: str) -> Any:
    response = client.get(address)
    assert response.status_code == 200, response.get_json()
    return response.get_json()


def about(client: FlaskClient, question: str, initiative: str = NANO) -> Any:
    return read(client, f"{ADDRESS}/{initiative}/{question}")


def matches(client: FlaskClient, initiative: str = NANO, **asked: Any) -> Any:
    response = client.post(f"{ADDRESS}/{initiative}/matches", json={"limit": 200, **asked})
    assert response.status_code == 200, response.get_json()
    return response.get_json()


def form_team(client: FlaskClient, initiative: str = NANO, **wanted: Any) -> Any:
    response = client.post(f"{ADDRESS}/{initiative}/line-up", json=wanted)
    assert response.status_code == 200, response.get_json()
    return response.get_json()


def put(client: FlaskClient, address: str, body: Any) -> Any:
    response = client.put(address, json=body)
    assert response.status_code in (200, 201), response.get_json()
    return response.get_json()


def put_company(client: FlaskClient, organisation: str, **values: Any) -> Any:
    body = {"name": f"{organisation} (voorbeeld)", "type": "company", **values}
    return put(client, f"{ORGANISATIONS}/{organisation}", body)


def profile(client: FlaskClient, organisation: str) -> dict[str, Any]:
    """What is to be sent to store it once more with the same offers and needs."""
    shown = read(client, f"{ORGANISATIONS}/{organisation}")
    kept = {name: shown[name] for name in ("name", "type", "country", "region", "city", "sectors")}
    said = {
        kind: [{"text": one["text"], "stage": one["stage"]} for one in shown[kind]]
        for kind in ("offers", "needs")
    }
    return {**kept, **said}


def ids(answer: Any) -> list[str]:
    return [one["organisation"]["id"] for one in answer["results"]]


def result(answer: Any, organisation: str) -> Any:
    return next(one for one in answer["results"] if one["organisation"]["id"] == organisation)


def team(answer: Any, place: int = 0) -> list[str]:
    return [one["organisation"]["id"] for one in answer["teams"][place]["picks"]]


def members_of(client: FlaskClient, initiative: str) -> list[tuple[str, str | None]]:
    shown = read(client, f"{ADDRESS}/{initiative}")
    return [(one["id"], one["since"]) for one in shown["members"]]


def fields(response: Any, status: int = 422) -> set[str]:
    assert response.status_code == status, response.get_json()
    assert response.content_type == "application/problem+json"
    return {one["field"] for one in response.get_json()["errors"]}


# Storing initiatives


def test_create_read_replace_delete(client: FlaskClient) -> None:
    made = client.post(ADDRESS, json=BODY)
    assert made.status_code == 201
    assert made.headers["Location"] == f"{ADDRESS}/init:proef"
    assert made.get_json() == STATED
    assert read(client, f"{ADDRESS}/init:proef") == STATED
    listed = read(client, ADDRESS)
    assert listed["results"][-1] == {
        "id": "init:proef",
        "name": "Proefkring (voorbeeld)",
        "needs": 2,
        "members": 2,
    }
    assert "id" in fields(client.post(ADDRESS, json=BODY), 409)
    changed = {**STATED, "name": "Proefkring II", "wanted": {}, "exploratory": False}
    replaced = client.put(f"{ADDRESS}/init:proef", json=changed)
    assert (replaced.status_code, replaced.get_json()) == (200, changed)
    assert read(client, f"{ADDRESS}/init:proef") == changed
    assert client.delete(f"{ADDRESS}/init:proef").status_code == 204
    assert client.get(f"{ADDRESS}/init:proef").status_code == 404
    assert client.delete(f"{ADDRESS}/init:proef").status_code == 404
    assert client.delete(f"{ADDRESS}/init:proef/members/demo:trapkar").status_code == 404


def test_put_stores_what_is_new_and_the_same_again_changes_nothing(client: FlaskClient) -> None:
    store = client.application.extensions["schakel"].store
    made = client.put(f"{ADDRESS}/init:proef", json=BODY)
    assert (made.status_code, made.headers["Location"]) == (201, f"{ADDRESS}/init:proef")
    assert made.get_json() == STATED
    version = store.corpus_version()
    assert client.put(f"{ADDRESS}/init:proef", json=BODY).status_code == 200
    put(client, f"{ADDRESS}/init:proef/needs", {"needs": BODY["needs"]})
    put(client, f"{ADDRESS}/init:proef/members/demo:dijlenano", {})
    assert store.corpus_version() == version
    assert fields(client.put(f"{ADDRESS}/init:other", json=BODY)) == {"id"}
    nameless = {name: value for name, value in BODY.items() if name != "id"}
    ids_made = [client.post(ADDRESS, json=nameless).get_json()["id"] for _ in range(2)]
    assert all(one.startswith("init:proefkring-voorbeeld-") for one in ids_made)
    assert len(set(ids_made)) == 2


def test_initiatives_are_listed_by_name_in_pages(client: FlaskClient) -> None:
    for number, name in enumerate(("Zeewier", "Algen", "Moeras")):
        put(client, f"{ADDRESS}/init:{number}", {"name": name})
    whole = read(client, ADDRESS)
    names = [one["name"] for one in whole["results"]]
    assert names == ["Algen", "FISCH", "Moeras", "Nano for Health", "Zeewier"]
    page = read(client, f"{ADDRESS}?limit=2&offset=1")
    assert [one["name"] for one in page["results"]] == names[1:3]
    assert (page["total"], page["limit"], page["offset"]) == (5, 2, 1)
    assert fields(client.get(f"{ADDRESS}?limit=0")) == {"limit"}


def test_an_initiative_that_is_not_there_is_a_404_everywhere(reader: FlaskClient) -> None:
    address = f"{ADDRESS}/init:none"
    asked = [reader.get(f"{address}/{question}") for question in QUESTIONS]
    asked += [reader.post(f"{address}/{question}", json={}) for question in ("matches", "line-up")]
    asked += [
        reader.get(address),
        reader.delete(address),
        reader.put(f"{address}/needs", json={"needs": []}),
        reader.put(f"{address}/members/demo:trapkar", json={}),
        reader.delete(f"{address}/members/demo:trapkar"),
    ]
    for response in asked:
        assert (response.status_code, response.content_type) == (404, "application/problem+json")
        assert "init:none" in response.get_json()["detail"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"members": [{"id": "org:unknown"}]}, "members"),
        ({"members": [{"id": "no colon"}]}, "members[0].id"),
        ({"members": [{"id": "demo:trapkar", "since": "yesterday"}]}, "members[0].since"),
        ({"members": [{"id": "demo:trapkar", "role": "chair"}]}, "members[0].role"),
        ({"members": ["demo:trapkar"]}, "members[0]"),
        ({"members": [{"id": f"x:{n}"} for n in range(501)]}, "members"),
        ({"id": "no colon"}, "id"),
        ({"id": "Init:proef"}, "id"),
        ({"id": "init:" + "x" * 121}, "id"),
        ({"name": "Pro\x00ef"}, ""),
        ({"name": "  "}, "name"),
        ({"name": "x" * 301}, "name"),
        ({"brief": "x" * 20_001}, "brief"),
        ({"brief": None}, "brief"),
        ({"colour": "blue"}, "colour"),
        ({"needs": [{"text": "ab"}]}, "needs[0].text"),
        ({"needs": [{"text": "nul \x00 here"}]}, "needs[0]"),
        ({"needs": [{"text": "x" * 5_001}]}, "needs[0].text"),
        ({"needs": [{"text": f"need {n}"} for n in range(51)]}, "needs"),
        ({"needs": [{"text": "good", "weight": -1}]}, "needs[0].weight"),
        ({"needs": [{"text": "good", "weight": 0}]}, "needs[0].weight"),
        ({"needs": [{"text": "good", "weight": "NaN"}]}, "needs[0].weight"),
        ({"needs": [{"text": "good", "due": "2030-02-30"}]}, "needs[0].due"),
        ({"needs": [{"text": "good", "due": "soon"}]}, "needs[0].due"),
        ({"needs": [{"text": "good", "stage": "sales"}]}, "needs[0].stage"),
        ({"wanted": {"company": -1}}, "wanted.company"),
        ({"wanted": {"firm": 1}}, "wanted.firm.[key]"),
        ({"exploratory": "perhaps"}, "exploratory"),
    ],
)
def test_wrong_initiatives_name_the_field_and_store_nothing(
    reader: FlaskClient, change: Any, field: str
) -> None:
    body = {**BODY, **change}
    assert field in fields(reader.post(ADDRESS, json=body))
    assert reader.get(f"{ADDRESS}/init:proef").status_code == 404


def test_wrong_parts_name_the_field_and_store_nothing(reader: FlaskClient) -> None:
    needs, members = f"{ADDRESS}/{NANO}/needs", f"{ADDRESS}/{NANO}/members"
    assert fields(reader.put(needs, json={})) == {"needs"}
    negative = {"needs": [{"text": "good", "weight": -3}]}
    assert fields(reader.put(needs, json=negative)) == {"needs[0].weight"}
    assert fields(reader.put(f"{members}/org:unknown", json={})) == {"members"}
    assert fields(reader.put(f"{members}/nonsense", json={})) == {"members"}
    assert reader.put(f"{members}/demo:a%00b", json={}).status_code == 404
    assert fields(reader.put(f"{members}/demo:trapkar", json={"since": "once"})) == {"since"}
    assert fields(reader.put(f"{ADDRESS}/nonsense", json={"name": "Proef"})) == {"id"}
    assert reader.put(f"{members}/demo:trapkar").status_code == 415
    assert reader.delete(f"{members}/nonsense").status_code == 204


def test_needs_are_replaced_alone(client: FlaskClient) -> None:
    put(client, f"{ADDRESS}/init:proef", BODY)
    need = {"text": "Repair of bikes", "level": "must", "weight": 3.0}
    late = {**need, "stage": "market", "due": "2031-01-31"}
    shown = put(client, f"{ADDRESS}/init:proef/needs", {"needs": [late]})
    assert shown == {**STATED, "needs": [late]} == read(client, f"{ADDRESS}/init:proef")
    shown = put(client, f"{ADDRESS}/init:proef/needs", {"needs": []})
    assert shown == {**STATED, "needs": []}
    assert about(client, "gaps", "init:proef")["source"] == "brief"


def test_members_join_and_leave_in_order(client: FlaskClient) -> None:
    put(client, f"{ADDRESS}/init:proef", {"name": "Proef"})
    members = f"{ADDRESS}/init:proef/members"
    for organisation in ("demo:trapkar", "demo:vito", "demo:dijlenano", "demo:biovonk"):
        put(client, f"{members}/{organisation}", {})
    put(client, f"{members}/demo:vito", {"since": "2025-02-03"})
    first_four = [
        ("demo:trapkar", None),
        ("demo:vito", "2025-02-03"),
        ("demo:dijlenano", None),
        ("demo:biovonk", None),
    ]
    assert members_of(client, "init:proef") == first_four
    put(client, f"{members}/demo:vito", {})
    assert members_of(client, "init:proef")[1] == ("demo:vito", None)
    for _ in range(2):
        assert client.delete(f"{members}/demo:vito").status_code == 204
        assert members_of(client, "init:proef") == [first_four[0], *first_four[2:]]
    put(client, f"{members}/demo:vito", {})
    assert members_of(client, "init:proef")[-1] == ("demo:vito", None)


def test_members_that_were_merged_are_members_under_the_kept_id(client: FlaskClient) -> None:
    store = client.application.extensions["schakel"].store
    put(client, f"{ADDRESS}/init:proef", BODY)
    put(client, f"{ADDRESS}/init:proef/members/demo:biovonk", {"since": "2023-01-01"})
    duplicates.merge(store, "demo:vito", "demo:dijlenano")
    after = [("demo:trapkar", "2024-03-01"), ("demo:vito", None), ("demo:biovonk", "2023-01-01")]
    assert members_of(client, "init:proef") == after
    put(client, f"{ADDRESS}/init:proef/members/demo:dijlenano", {"since": "2022-02-02"})
    after[1] = ("demo:vito", "2022-02-02")
    assert members_of(client, "init:proef") == after
    body = {"name": "Andere", "members": [{"id": "demo:biovonk"}, {"id": "demo:dijlenano"}]}
    made = put(client, f"{ADDRESS}/init:andere", body)
    assert [one["id"] for one in made["members"]] == ["demo:biovonk", "demo:vito"]
    assert "demo:vito" not in ids(matches(client, "init:andere"))


def test_a_deleted_organisation_is_no_member_and_no_competitor_any_more(
    client: FlaskClient,
) -> None:
    store = client.application.extensions["schakel"].store
    put(client, f"{ADDRESS}/init:proef", BODY)
    put_company(client, "org:rivaal", competitors=["demo:vito", "demo:trapkar", "demo:biovonk"])
    assert client.delete(f"{ORGANISATIONS}/demo:trapkar").status_code == 204
    assert members_of(client, "init:proef") == [("demo:dijlenano", None)]
    rival = get(store, "org:rivaal")
    assert rival is not None and rival.competitors == ("demo:vito", "demo:biovonk")
    offers = [{"text": "Cargo bikes for city logistics", "stage": "production"}]
    put_company(client, "demo:trapkar", offers=offers)
    assert members_of(client, "init:proef") == [("demo:dijlenano", None)]
    assert ids(matches(client, "init:proef"))[0] == "demo:trapkar"


def test_only_writing_needs_a_key(home: Path, make_app: Callable[..., APIFlask]) -> None:
    app = make_app(home, SCHAKEL_API_WRITES="key")
    client, store = app.test_client(), app.extensions["schakel"].store
    version = store.corpus_version()
    wrong = {"Authorization": "Bearer nothing"}
    for refused in (
        client.post(ADDRESS, json=BODY),
        client.post(ADDRESS, json=BODY, headers=wrong),
        client.put(f"{ADDRESS}/init:proef", json=BODY),
        client.delete(f"{ADDRESS}/{NANO}"),
        client.put(f"{ADDRESS}/{NANO}/needs", json={"needs": []}),
        client.put(f"{ADDRESS}/{NANO}/members/demo:trapkar", json={}),
        client.delete(f"{ADDRESS}/{NANO}/members/demo:dijlenano"),
    ):
        assert refused.status_code == 401
        assert refused.headers["WWW-Authenticate"] == "Bearer"
    assert store.corpus_version() == version
    for answered in (
        client.post(f"{ADDRESS}/{NANO}/matches", json={"limit": 1}),
        client.post(f"{ADDRESS}/{NANO}/line-up", json={"size": 10}),
        client.post("/api/v1/needs", json={"text": "Cargo bikes for city logistics"}),
        client.post("/api/v1/recommendations", json={"text": "Cargo bikes", "limit": 1}),
        client.get(f"{ADDRESS}/{NANO}/gaps"),
    ):
        assert answered.status_code == 200
    headers = {"Authorization": f"Bearer {create_key(store, 'crm', actor='command')}"}
    assert client.post(ADDRESS, json=BODY, headers=headers).status_code == 201
    member = f"{ADDRESS}/init:proef/members/demo:trapkar"
    assert client.delete(member, headers=headers).status_code == 204
    assert members_of(client, "init:proef") == [("demo:dijlenano", None)]


def test_a_brief_is_read_into_needs(reader: FlaskClient) -> None:
    text = "We are looking for a partner who moulds microfluidic cartridges in series."
    response = reader.post("/api/v1/needs", json={"text": text})
    assert response.status_code == 200
    needs = response.get_json()["needs"]
    assert any("moulds" in need["text"] for need in needs)
    assert all(set(need) == {"text", "level", "weight", "stage", "due"} for need in needs)
    assert fields(reader.post("/api/v1/needs", json={"text": " a "})) == {"text"}
    assert fields(reader.post("/api/v1/needs", json={"text": "x" * 20_001})) == {"text"}


# From the cache


def test_equal_questions_come_from_the_cache_until_something_is_written(
    client: FlaskClient,
) -> None:
    def asked() -> list[Any]:
        answers = [about(client, question) for question in QUESTIONS]
        return [*answers, form_team(client, size=11), matches(client, unlike=["demo:trapkar"])]

    def without(answer: Any) -> Any:
        return {name: answer[name] for name in answer if name not in ("cached", "took_ms")}

    first, again = asked(), asked()
    assert [one["cached"] for one in first] == [False] * 6
    assert [one["cached"] for one in again] == [True] * 6
    assert [without(one) for one in again] == [without(one) for one in first]
    put(client, f"{ADDRESS}/{NANO}/members/demo:chipharbour", {})
    third = asked()
    assert [one["cached"] for one in third] == [False] * 6
    version = client.application.extensions["schakel"].store.corpus_version()
    assert {one["corpus_version"] for one in third} == {version}
    assert version > first[0]["corpus_version"]
    assert ids(first[0])[0] == "demo:chipharbour" not in ids(third[0])
    assert [link["stage"] for link in first[1]["missing_links"]] == ["pilot", "production"]
    assert third[1]["missing_links"] == []  # whoever packages chips may be asked for the rest
    assert (first[2]["next_missing"]["stage"], third[2]["next_missing"]) == ("pilot", None)
    assert "demo:chipharbour" in team(third[4])[:10]


# Match lists


def test_the_complement_dial_puts_who_adds_something_first(reader: FlaskClient) -> None:
    fitting, adding = (
        about(reader, f"matches?complement={dial}&limit=200")["results"] for dial in (0, 1)
    )
    assert adding[0]["organisation"]["id"] == "demo:chipharbour"
    assert adding[0]["coverage"]["adds"] > 0.1
    gains = [one["coverage"]["adds"] for one in adding]
    assert gains[0] == max(gains)
    assert all(one["parts"].get("complement", 0) == 0 for one in fitting)
    for one in adding:
        assert one["parts"]["complement"] == pytest.approx(
            one["coverage"]["adds"] / gains[0], abs=1e-3
        )
        others = set(one["parts"]) - {"complement", "similarity"}
        assert all(one["parts"][name] == 0 for name in others)


@pytest.mark.parametrize("dials", [{}, {"complement": 0.6, "similarity_penalty": 1}])
def test_parts_and_coverage_agree(reader: FlaskClient, dials: Any) -> None:
    answer = matches(reader, **dials)
    gaps = about(reader, "gaps")
    assert answer["needs"]["source"] == "stated"
    assert answer["needs"]["covered"] == gaps["coverage"]["members"]
    covered = [one["covered"] for one in answer["needs"]["items"]]
    assert covered == [one["probability"] for one in gaps["needs"]]
    scores = [one["score"] for one in answer["results"]]
    assert answer["total"] == len(scores) > 50
    # Each part is rounded on its own, so what is equal may differ in the sixth decimal.
    assert all(one >= other - 1e-5 for one, other in pairwise(scores))
    assert not set(ids(answer)) & {member for member, _ in members_of(reader, NANO)}
    for one in answer["results"]:
        assert one["score"] == pytest.approx(sum(one["parts"].values()), abs=1e-6)
        coverage = one["coverage"]
        assert coverage["adds"] == pytest.approx(
            coverage["with_members"] - answer["needs"]["covered"], abs=2e-4
        )
        assert 0 <= coverage["adds"] <= coverage["alone"] + 1e-4
        assert coverage["with_members"] <= gaps["coverage"]["reachable"] + 1e-4


def test_get_and_post_answer_alike_and_filters_and_pages_hold(reader: FlaskClient) -> None:
    whole = matches(reader)
    assert about(reader, "matches?limit=200")["results"] == whole["results"]
    assert matches(reader, limit=5, offset=3)["results"] == whole["results"][3:8]
    german = matches(reader, filters={"countries": ["DE"]})
    assert {one["organisation"]["country"] for one in german["results"]} == {"DE"}
    left = matches(reader, exclude=ids(whole)[:2])
    assert ids(left)[0] == ids(whole)[2]
    assert not set(ids(left)) & set(ids(whole)[:2])
    assert fields(reader.get(f"{ADDRESS}/{NANO}/matches?complement=1.5")) == {"complement"}
    wrong = f"{ADDRESS}/{NANO}/matches?similarity_penalty=nan"
    assert fields(reader.get(wrong)) == {"similarity_penalty"}
    for name in ("exclude", "unlike"):
        asked = {name: ["demo:nobody"]}
        assert fields(reader.post(f"{ADDRESS}/{NANO}/matches", json=asked)) == {name}


def test_the_mix_of_members_and_of_the_page_is_counted(reader: FlaskClient) -> None:
    answer = matches(reader, limit=7)
    assert answer["partner_mix"]["members"]["types"] == {
        "company": 6,
        "research_institute": 1,
        "hospital": 1,
        "civil_society": 1,
    }
    assert answer["partner_mix"]["members"]["strands"] == {
        "business": 6,
        "knowledge": 2,
        "education": 0,
        "government": 0,
        "society": 1,
    }
    assert answer["partner_mix"]["members"]["missing"] == ["education", "government"]
    shown = [one["organisation"]["type"] for one in answer["results"]]
    mix = answer["partner_mix"]["results"]
    assert (mix["count"], mix["types"]) == (7, {kind: shown.count(kind) for kind in mix["types"]})
    assert set(mix["types"]) == set(shown)


def test_the_fields_of_members_and_of_the_page_are_counted(reader: FlaskClient) -> None:
    members = reader.get(f"{ADDRESS}/{NANO}/gaps").get_json()["field_mix"]
    near, far = (matches(reader, limit=7, across_fields=dial)["field_mix"] for dial in (0, 1))
    assert near["members"] == far["members"] == members
    assert 0 < max(near["results"]["counts"].values()) <= 7
    new = [
        sum(
            count
            for name, count in mix["results"]["counts"].items()
            if name not in members["counts"]
        )
        for mix in (near, far)
    ]
    assert new[1] > new[0]


def test_look_alikes_of_members_and_of_what_was_turned_down_are_pushed_down(
    client: FlaskClient,
) -> None:
    for organisation, like in (("org:ene", "demo:surfalink"), ("org:andere", "demo:chipharbour")):
        body = {**profile(client, like), "name": f"Geheel {organisation[4:]}"}
        put(client, f"{ORGANISATIONS}/{organisation}", body)
    free, pushed = (matches(client, similarity_penalty=dial) for dial in (0, 1))
    before, after = result(free, "org:ene"), result(pushed, "org:ene")
    assert after["rank"] > before["rank"] and after["score"] < before["score"] / 2
    assert before["parts"].get("similarity", 0) == 0 > after["parts"]["similarity"]
    for one in (before, after):
        assert [(like["id"], like["name"]) for like in one["similar_members"]] == [
            ("demo:surfalink", "Surfalink Assays (demo)")
        ]
        assert one["similar_members"][0]["similarity"] > 0.9
        sentences = [each["sentence"] for each in one["reasons"] if each["kind"] == "similarity"]
        assert sentences == ["Is like Surfalink Assays (demo), who is in."]
        assert one["coverage"]["adds"] == 0 == one["parts"]["complement"]

    assert result(free, "org:andere")["similar_members"] == []
    assert result(free, "org:andere")["rank"] <= 3
    turned_down = matches(client, similarity_penalty=0, unlike=["demo:chipharbour"])
    assert "demo:chipharbour" in ids(free) and "demo:chipharbour" not in ids(turned_down)
    down = result(turned_down, "org:andere")
    assert down["score"] < result(free, "org:andere")["score"] / 4
    assert down["parts"]["similarity"] < 0
    apart = result(turned_down, "demo:spritzguss-venn")["parts"]
    assert apart == {**result(free, "demo:spritzguss-venn")["parts"], "similarity": 0}


def test_competitors_of_members_are_never_proposed_nor_shown(client: FlaskClient) -> None:
    address = f"{ORGANISATIONS}/demo:dijlenano"
    body = profile(client, "demo:dijlenano")
    assert ids(matches(client))[0] == "demo:chipharbour"
    put(client, address, {**body, "competitors": ["demo:chipharbour"]})

    def nowhere() -> bool:
        gaps = about(client, "gaps")
        could = [one for need in gaps["needs"] for one in need["could_be_covered_by"]]
        could += [one for link in gaps["missing_links"] for one in link["proposals"]]
        return not (
            "demo:chipharbour" in ids(matches(client, complement=1))
            or "demo:chipharbour" in team(form_team(client, size=20))
            or "demo:chipharbour" in {one["organisation"]["id"] for one in could}
        )

    assert nowhere()
    for shown in (address, f"{ORGANISATIONS}/demo:chipharbour", f"{ORGANISATIONS}?q=nano"):
        text = client.get(shown).get_data(as_text=True)
        assert "competitors" not in text
    assert "demo:chipharbour" not in client.get(address).get_data(as_text=True)
    advice = about(client, "advice?organisation=demo:chipharbour")
    assert (advice["rank"], advice["add"], advice["reached"]) == (None, [], False)

    put(client, address, body)
    assert nowhere()
    put(client, address, {**body, "competitors": []})
    assert ids(matches(client))[0] == "demo:chipharbour"
    other_way = {**profile(client, "demo:chipharbour"), "competitors": ["demo:dijlenano"]}
    put(client, f"{ORGANISATIONS}/demo:chipharbour", other_way)
    assert nowhere()


def test_a_self_made_member_makes_nobody_vanish(client: FlaskClient) -> None:
    before = ids(matches(client))
    assert before[0] == "demo:chipharbour"
    put_company(client, "own:rivaal", competitors=[before[0], "demo:dijlenano"])
    shown = read(client, f"{ADDRESS}/{NANO}")
    assert "own:rivaal" not in ids(matches(client))  # a member is among those that it names
    stated = {name: shown[name] for name in BODY if name in shown}
    members = [*({"id": one["id"]} for one in shown["members"]), {"id": "own:rivaal"}]
    put(client, f"{ADDRESS}/{NANO}", {**stated, "members": members})
    assert ids(matches(client))[0] == "demo:chipharbour"
    found = team(form_team(client, size=20))
    assert {"own:rivaal", "demo:chipharbour"} < set(found)


def test_what_members_offer_back_is_named_and_counts(client: FlaskClient) -> None:
    offers = [{"text": "Pilot line for packaging chips with microfluidics", "stage": "pilot"}]
    need = {
        "text": "Research into semiconductor and nanophotonic biosensor chips",
        "stage": "research",
    }
    put_company(client, "org:vrager", offers=offers)
    silent = result(matches(client), "org:vrager")
    assert (silent["reciprocity"], silent["parts"]["reciprocity"]) == ([], 0)
    put_company(client, "org:vrager", offers=offers, needs=[need])
    asking = result(matches(client), "org:vrager")
    assert asking["parts"]["reciprocity"] > 0.005
    assert asking["score"] > silent["score"]
    back = asking["reciprocity"][0]
    assert back["need"]["text"] == need["text"] and back["need"]["kind"] == "need"
    assert back["member"] == {"id": "demo:dijlenano", "name": "Dijlenano Instituut (demo)"}
    assert back["offer"]["text"].startswith(need["text"])
    assert back["probability"] > 0.5


def test_an_exploratory_initiative_prefers_other_fields(client: FlaskClient) -> None:
    stated = read(client, f"{ADDRESS}/{NANO}")
    near = matches(client)
    assert all("across_fields" not in one["parts"] for one in near["results"])
    put(client, f"{ADDRESS}/{NANO}", {**stated, "exploratory": True})
    far = matches(client)
    assert set(ids(far)) == set(ids(near))
    across = [one["parts"]["across_fields"] for one in far["results"]]
    assert max(across) > 0 and min(across) >= 0
    # The other parts keep their proportions: the dial takes its share of all of them alike.
    parts = {one["organisation"]["id"]: one["parts"] for one in far["results"]}
    first = near["results"][0]
    shares = [
        parts[ids(near)[0]][name] / first["parts"][name]
        for name in ("text", "coverage", "complement")
        if first["parts"][name] > 0.01
    ]
    assert shares == pytest.approx([1 - EXPLORATORY_DIAL] * len(shares), abs=1e-3)


# Gaps


def links(gaps: Any) -> dict[str, set[str]]:
    return {
        one["stage"]: {proposal["organisation"]["id"] for proposal in one["proposals"]}
        for one in gaps["missing_links"]
    }


def test_the_missing_links_of_nano_for_health(client: FlaskClient) -> None:
    stated = read(client, f"{ADDRESS}/{NANO}")
    gaps = about(client, "gaps")
    assert gaps["source"] == "stated"
    assert [one["stage"] for one in gaps["missing_links"]] == ["pilot", "production"]
    assert gaps["missing_links"][0]["proposals"][0]["organisation"]["id"] == "demo:chipharbour"
    assert links(gaps)["production"] & MENDERS
    needs = [one["text"] for one in stated["needs"] if one["stage"] in ("pilot", "production")]
    assert [text for one in gaps["missing_links"] for text in one["needs"]] == needs
    assert {one["because"] for one in gaps["missing_links"]} == {"needs_missing"}
    for one in gaps["missing_links"]:
        for proposal in one["proposals"]:
            assert proposal["need"] in one["needs"] and proposal["offer"]["text"]
    put(client, f"{ADDRESS}/{NANO}/needs", {"needs": []})
    gaps = about(client, "gaps")
    assert gaps["source"] == "brief" and "production" in links(gaps)
    put(client, f"{ADDRESS}/{NANO}", {**stated, "brief": "", "needs": []})
    gaps = about(client, "gaps")
    assert gaps["source"] == "members" and {"pilot", "production"} <= set(links(gaps))


def test_fisch_has_no_missing_link(client: FlaskClient) -> None:
    stated = read(client, f"{ADDRESS}/{FISCH}")
    gaps = about(client, "gaps", FISCH)
    assert (gaps["source"], gaps["missing_links"]) == ("stated", [])
    missing = [(one["stage"], one["level"]) for one in gaps["needs"] if one["status"] == "missing"]
    assert missing == []
    assert about(client, "roadmap", FISCH)["next_missing"] is None
    put(client, f"{ADDRESS}/{FISCH}/needs", {"needs": []})
    gaps = about(client, "gaps", FISCH)
    assert (gaps["source"], gaps["missing_links"]) == ("brief", [])
    put(client, f"{ADDRESS}/{FISCH}", {**stated, "brief": "", "needs": []})
    gaps = about(client, "gaps", FISCH)
    assert (gaps["source"], gaps["missing_links"]) == ("members", [])


@pytest.mark.parametrize("initiative", [NANO, FISCH])
def test_the_numbers_of_a_gap_report_agree(reader: FlaskClient, initiative: str) -> None:
    gaps, stated = about(reader, "gaps", initiative), read(reader, f"{ADDRESS}/{initiative}")
    members = {one["id"] for one in stated["members"]}
    assert gaps["initiative"] == {"id": initiative, "name": stated["name"]}
    assert [one["text"] for one in gaps["needs"]] == [one["text"] for one in stated["needs"]]
    assert sum(one["share"] for one in gaps["needs"]) == pytest.approx(1, abs=1e-3)
    met = [one for one in gaps["needs"] if one["status"] != "missing"]
    covered = sum(one["share"] * one["probability"] for one in met)
    assert gaps["coverage"]["members"] == pytest.approx(covered, abs=2e-3)
    assert gaps["coverage"]["members"] <= gaps["coverage"]["reachable"] <= 1
    for need in gaps["needs"]:
        by, could = need["covered_by"], need["could_be_covered_by"]
        assert {one["organisation"]["id"] for one in by} <= members
        assert not {one["organisation"]["id"] for one in could} & members
        assert bool(by) == (need["status"] != "missing")
        assert bool(could) == (need["coverable"] != "missing")
        if by:
            assert by[0]["probability"] == need["probability"]
        for probabilities in (
            [one["probability"] for one in by],
            [one["probability"] for one in could],
        ):
            assert probabilities == sorted(probabilities, reverse=True) and all(
                c >= 0.25 for c in probabilities
            )
    assert [one["type"] for one in gaps["partner_mix"]["wanted"]] == list(stated["wanted"])
    fields = gaps["field_mix"]
    assert 1 <= max(fields["counts"].values()) <= len(members) and 0 < fields["balance"] < 1
    for one in gaps["partner_mix"]["wanted"]:
        assert one["wanted"] == stated["wanted"][one["type"]]
        assert one["members"] == gaps["partner_mix"]["members"]["types"].get(one["type"], 0)


def test_the_roadmap_goes_by_stage_and_then_by_date(client: FlaskClient) -> None:
    stated = read(client, f"{ADDRESS}/{NANO}")
    texts = [one["text"] for one in stated["needs"]]
    due = {texts[0]: "2029-01-01", texts[1]: "2028-01-01", texts[3]: "2031-12-31"}
    needs = [{**one, "due": due.get(one["text"])} for one in stated["needs"]]
    needs.append({"text": "Sponsoring of a summer school about sensors"})
    needs.reverse()
    members = [
        {**one, "since": "2024-05-06" if one["id"] == "demo:dijlenano" else None}
        for one in stated["members"]
    ]
    put(client, f"{ADDRESS}/{NANO}", {**stated, "needs": needs, "members": members})
    roadmap, gaps = about(client, "roadmap"), about(client, "gaps")
    steps = roadmap["steps"]
    order = [1, 0, 3, 2, 4, 5, 7, 6, 8, 9]
    assert [one["text"] for one in steps] == [*(texts[at] for at in order), needs[0]["text"]]
    assert [one["due"] for one in steps[:4]] == ["2028-01-01", "2029-01-01", "2031-12-31", None]
    assert steps[-1]["stage"] is None
    assert roadmap["next_missing"] == steps[4] and steps[4]["stage"] == "pilot"
    assert roadmap["done"] == sum(one["status"] == "covered" for one in gaps["needs"])
    same = {one["text"]: (one["probability"], one["status"]) for one in gaps["needs"]}
    assert {one["text"]: (one["probability"], one["status"]) for one in steps} == same
    since = {(by["organisation"]["id"], by["since"]) for step in steps for by in step["covered_by"]}
    assert ("demo:dijlenano", "2024-05-06") in since
    assert ("demo:biovonk", None) in since


# Line-ups


QUOTAS: list[dict[str, Any]] = [
    {"of": "country", "value": "DE", "at_least": 3},
    {"of": "sme", "at_most": 8},
    {"of": "type", "value": "public_body", "at_least": 1},
    {"of": "newcomer", "at_least": 4},
    {"of": "region", "value": "BE2", "at_least": 6, "at_most": 9},
]


def test_quotas_hold_and_their_counts_and_costs_are_right(reader: FlaskClient) -> None:
    answer = form_team(reader, size=14, quotas=QUOTAS)
    picks = answer["teams"][0]["picks"]
    organisations = [one["organisation"] for one in picks]
    recommended = reader.application.extensions["schakel"].corpus_provider.snapshot().corpus
    new = [one for one in team(answer) if not recommended.experience[recommended.row_of_id[one]]]
    counts = [
        sum(one["country"] == "DE" for one in organisations),
        sum(one["sme"] is True for one in organisations),
        sum(one["type"] == "public_body" for one in organisations),
        len(new),
        sum(str(one["region"]).startswith("BE2") for one in organisations),
    ]
    assert [one["count"] for one in answer["quotas"]] == counts
    for given, shown in zip(QUOTAS, answer["quotas"], strict=True):
        assert shown["at_least"] == given.get("at_least", 0) <= shown["count"]
        assert shown["at_most"] == given.get("at_most")
        assert shown["count"] <= given.get("at_most", 14)
    labels = [one["label"] for one in answer["quotas"]]
    assert labels[0] == "country DE: at least 3" and labels[1] == "sme: at most 8"
    assert labels[4] == "region BE2: at least 6, at most 9"
    assert len(set(team(answer))) == 14
    members = {member for member, _ in members_of(reader, NANO)}
    assert {one["organisation"]["id"] for one in picks if one["member"]} == members
    assert set(team(answer)[: len(members)]) == members
    costs = [one["cost"] for one in answer["quotas"]]
    assert max(costs) > 0
    for at, cost in enumerate(costs):
        free = form_team(reader, size=14, quotas=[*QUOTAS[:at], *QUOTAS[at + 1 :]])
        more = free["teams"][0]["coverage"] - answer["teams"][0]["coverage"]
        assert cost == pytest.approx(max(more, 0), abs=1.5e-4)
    exact = form_team(reader, size=14, quotas=QUOTAS, exact=True)
    assert exact["teams"][0]["coverage"] >= answer["teams"][0]["coverage"]
    assert exact["teams"][0]["exact"] and len(team(exact)) == 14
    assert members <= set(team(exact))


def test_a_team_adds_up_and_meets_what_it_says(reader: FlaskClient) -> None:
    answer, gaps = form_team(reader, size=12), about(reader, "gaps")
    one = answer["teams"][0]
    assert answer["members_cover"] == gaps["coverage"]["members"]
    assert one["coverage"] == pytest.approx(sum(p["adds"] for p in one["picks"]), abs=1e-3)
    kept = sum(pick["adds"] for pick in one["picks"] if pick["member"])
    assert kept == pytest.approx(answer["members_cover"], abs=1e-3)
    shares = [need["share"] for need in gaps["needs"]]
    met = sum(s * n["probability"] for s, n in zip(shares, one["needs"], strict=True))
    assert one["coverage"] == pytest.approx(met, abs=2e-3)
    assert answer["members_cover"] < one["coverage"] <= gaps["coverage"]["reachable"]
    assert one["partner_mix"]["count"] == len(one["picks"]) == 12
    fields = one["field_mix"]
    assert 1 <= max(fields["counts"].values()) <= 12 and 0 < fields["balance"] <= 1
    best = {need["text"]: need["by"] for need in one["needs"]}
    for pick in one["picks"]:
        for meets in pick["meets"]:
            is_best = best[meets["need"]]["id"] == pick["organisation"]["id"]
            assert meets["best_in_team"] is is_best and meets["offer"]["text"]
    assert best[gaps["needs"][4]["text"]]["id"] == "demo:chipharbour"
    assert team(answer)[9] == "demo:chipharbour"
    greedy, exact = one["coverage"], form_team(reader, size=12, exact=True)["teams"][0]["coverage"]
    assert exact >= greedy


def test_excluded_and_filtered_out_are_in_no_team(reader: FlaskClient) -> None:
    without = form_team(reader, size=13, exclude=["demo:chipharbour"])
    assert "demo:chipharbour" not in team(without)
    assert without["teams"][0]["coverage"] < form_team(reader, size=13)["teams"][0]["coverage"]
    german = form_team(reader, size=13, filters={"countries": ["DE"]})["teams"][0]
    joined = [one["organisation"] for one in german["picks"] if not one["member"]]
    assert [one["country"] for one in joined] == ["DE"] * 4
    assert "demo:indetal-automation" in {one["id"] for one in joined}


def test_several_teams_share_nobody_more_often_than_the_cap(reader: FlaskClient) -> None:
    members = {member for member, _ in members_of(reader, NANO)}
    for cap in (1, 2):
        answer = form_team(reader, size=11, teams=4, cap=cap)
        joined = [frozenset(team(answer, place)) - members for place in range(4)]
        assert all(members <= set(team(answer, place)) for place in range(4))
        assert len(set(joined)) == 4 and {len(one) for one in joined} == {2}
        uses = [one for several in joined for one in several]
        assert max(uses.count(one) for one in uses) == cap
        covered = [one["coverage"] for one in answer["teams"]]
        assert covered[0] == max(covered)
        assert joined[0] == frozenset(team(form_team(reader, size=11))) - members


def test_rivals_are_in_no_team_together(client: FlaskClient) -> None:
    both = {"demo:chipharbour", "demo:spritzguss-venn"}
    body = {**profile(client, "demo:chipharbour"), "competitors": ["demo:spritzguss-venn"]}
    put(client, f"{ORGANISATIONS}/demo:chipharbour", body)
    apart = form_team(client, size=12)
    assert both & set(team(apart)) == {"demo:chipharbour"}
    free = form_team(client, size=12, competing=True, teams=5, cap=5)
    assert all(not both <= set(team(free, place)) for place in range(5))
    offers = [{"text": "Pilot line for packaging biosensor chips", "stage": "pilot"}]
    for name in ("org:ene", "org:andere"):
        put_company(client, name, country="IE", offers=offers)
    here = {"size": 11, "filters": {"countries": ["IE"]}}
    address = f"{ADDRESS}/{NANO}/line-up"
    assert "rivals" in fields(client.post(address, json=here))
    assert set(team(form_team(client, **here, competing=True))[9:]) == {"org:ene", "org:andere"}
    assert form_team(client, size=10, filters=here["filters"])["cost_of_no_rivals"] == 0


def test_quotas_that_cannot_be_met_are_named(reader: FlaskClient) -> None:
    address = f"{ADDRESS}/{NANO}/line-up"
    fine = {"of": "sme", "at_least": 1}
    nobody = {"of": "country", "value": "JP", "at_least": 1}
    refused = reader.post(address, json={"size": 12, "quotas": [fine, nobody]})
    assert fields(refused) == {"quotas[1]"}
    assert refused.get_json()["errors"][0]["message"] == "country JP: at least 1"
    few = {"of": "type", "value": "company", "at_most": 3}
    asked = {"size": 12, "quotas": [fine, fine, few]}
    assert fields(reader.post(address, json=asked)) == {"quotas[2]", "members"}
    assert fields(reader.post(address, json={"size": 3})) == {"size", "members"}
    german = {"of": "country", "value": "DE", "at_least": 2}
    belgian = {"of": "country", "value": "BE", "at_least": 11}
    asked = {"size": 12, "quotas": [german, belgian]}
    assert {"quotas[0]", "quotas[1]", "size"} <= fields(reader.post(address, json=asked))


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({"size": 0}, "size"),
        ({"size": 101}, "size"),
        ({"teams": 11}, "teams"),
        ({"cap": 0}, "cap"),
        ({"people": 3}, "people"),
        ({"exclude": ["demo:nobody"]}, "exclude"),
        ({"exclude": ["nonsense"]}, "exclude[0]"),
        ({"quotas": [{"of": "sme"}]}, "quotas[0]"),
        ({"quotas": [{"of": "sme", "value": "yes", "at_least": 1}]}, "quotas[0]"),
        ({"quotas": [{"of": "type", "value": "firm", "at_least": 1}]}, "quotas[0]"),
        ({"quotas": [{"of": "size_class", "at_least": 1}]}, "quotas[0]"),
        ({"quotas": [{"of": "region", "value": "Gent", "at_least": 1}]}, "quotas[0]"),
        ({"quotas": [{"of": "sme", "at_least": 3, "at_most": 2}]}, "quotas[0]"),
        ({"quotas": [{"of": "colour", "at_least": 1}]}, "quotas[0].of"),
        ({"quotas": [{"of": "sme", "at_least": 1}] * 31}, "quotas"),
    ],
)
def test_wrong_wishes_name_the_field(reader: FlaskClient, wanted: Any, field: str) -> None:
    assert field in fields(reader.post(f"{ADDRESS}/{NANO}/line-up", json=wanted))


@pytest.mark.parametrize(
    ("of", "said"),
    [
        ("newcomer", "must be left out"),
        ("sme", "must be left out"),
        ("country", "must be two capital letters, such as BE"),
        ("region", "must be the beginning of a NUTS code, such as BE2"),
        ("size_class", "must be one of: micro, small, medium, large"),
    ],
)
def test_what_a_quota_may_be_is_said_in_words(reader: FlaskClient, of: str, said: str) -> None:
    quota = {"of": of, "value": "x", "at_least": 1}
    refused = reader.post(f"{ADDRESS}/{NANO}/line-up", json={"quotas": [quota]})
    assert refused.get_json()["errors"] == [
        {"field": "quotas[0]", "message": f"value of {of} {said}"}
    ]


# Advice


def test_advice_that_is_followed_brings_the_place_it_promised(client: FlaskClient) -> None:
    for organisation, first in (("demo:vito", 5),):
        advice = about(client, f"advice?organisation={organisation}&first={first}")
        listed = ids(matches(client))
        before = listed.index(organisation) + 1 if organisation in listed else None
        assert advice["rank"] == before and (before is None or before > first)
        assert advice["add"] and advice["reached"] and advice["rank_then"] <= first
        body = profile(client, organisation)
        for step in advice["add"]:
            body["offers"] += [{"text": step["offer"]["text"], "stage": step["offer"]["stage"]}]
            put(client, f"{ORGANISATIONS}/{organisation}", body)
            listed = ids(matches(client))
            assert listed.index(organisation) + 1 == step["rank"]
        assert advice["rank_then"] == advice["add"][-1]["rank"]
        meets = about(client, f"advice?organisation={organisation}&first={first}")
        assert (meets["rank"], meets["add"]) == (advice["rank_then"], [])
        met = {one["need"]: one["fit"] for one in meets["meets_now"]}
        assert all(met[step["offer"]["text"]] == "strong" for step in advice["add"])


def test_who_is_among_the_first_needs_no_advice_and_members_get_none(reader: FlaskClient) -> None:
    advice = about(reader, "advice?organisation=demo:chipharbour&first=1")
    assert (advice["rank"], advice["add"], advice["rank_then"]) == (1, [], 1)
    assert advice["reached"] is True
    assert advice["organisation"] == {
        "id": "demo:chipharbour",
        "name": "Chipharbour Packaging (demo)",
    }
    assert "Pilot line for packaging" in advice["meets_now"][0]["need"]
    address = f"{ADDRESS}/{NANO}/advice"
    assert fields(reader.get(f"{address}?organisation=demo:dijlenano")) == {"organisation"}
    assert fields(reader.get(f"{address}?organisation=demo:nobody")) == {"organisation"}
    assert fields(reader.get(f"{address}?organisation=nonsense")) == {"organisation"}
    assert fields(reader.get(address)) == {"organisation"}
    assert fields(reader.get(f"{address}?organisation=demo:vito&first=0")) == {"first"}


def test_an_initiative_without_anything_has_no_gaps(client: FlaskClient) -> None:
    client.post(ADDRESS, json={"id": "x:empty", "name": "Leeg (voorbeeld)"})
    report = read(client, f"{ADDRESS}/x:empty/gaps")
    assert (report["needs"], report["missing_links"]) == ([], [])
    assert read(client, f"{ADDRESS}/x:empty/roadmap")["steps"] == []
    team = client.post(f"{ADDRESS}/x:empty/line-up", json={"size": 2}).get_json()["teams"][0]
    assert len(team["picks"]) == 2 and team["coverage"] == 0.0


def test_a_line_up_of_which_nobody_is_eligible_is_empty(client: FlaskClient) -> None:
    initiative = {"id": "x:alone", "name": "Alleen (voorbeeld)", "needs": [{"text": "spuitgieten"}]}
    assert client.post(ADDRESS, json=initiative).status_code == 201
    wanted = {"size": 3, "filters": {"countries": ["AQ"]}}
    team = client.post(f"{ADDRESS}/x:alone/line-up", json=wanted).get_json()["teams"][0]
    assert (team["picks"], team["coverage"]) == ([], 0.0)
    assert [one["status"] for one in team["needs"]] == ["missing"]


def test_a_profile_goes_back_as_it_came(client: FlaskClient) -> None:
    shown = read(client, f"{ORGANISATIONS}/demo:doseerhuis")
    assert "2026-11-30" in {one["valid_until"] for one in shown["offers"]}
    shown_only = {"id", "standing", "confirmed_by"}
    body = {name: value for name, value in shown.items() if name not in shown_only}
    for kind in ("offers", "needs"):
        shown_only = {"id", "kind", "language"}
        body[kind] = [{k: v for k, v in o.items() if k not in shown_only} for o in shown[kind]]
    assert client.put(f"{ORGANISATIONS}/demo:doseerhuis", json=body).status_code == 200
    assert read(client, f"{ORGANISATIONS}/demo:doseerhuis") == shown


def test_what_has_expired_does_not_count(client: FlaskClient) -> None:
    pilot = {"text": "Pilot line for packaging biosensor chips", "stage": "pilot"}
    body = {"name": "Oudbedrijf (voorbeeld)", "type": "company", "country": "BE"}
    body |= {"region": "BE211", "offers": [{**pilot, "valid_until": "2020-01-01"}]}
    client.put(f"{ORGANISATIONS}/org:old", json=body)
    client.put(f"{ADDRESS}/{NANO}/members/org:old", json={})
    links = read(client, f"{ADDRESS}/{NANO}/gaps")["missing_links"]
    assert [one["stage"] for one in links] == ["pilot", "production"]
    client.put(f"{ORGANISATIONS}/org:old", json={**body, "offers": [pilot]})
    links = read(client, f"{ADDRESS}/{NANO}/gaps")["missing_links"]
    assert "pilot" not in [one["stage"] for one in links]


def test_an_id_that_was_merged_still_says_who_is_meant(app: APIFlask, client: FlaskClient) -> None:
    client.put(f"{ADDRESS}/{NANO}/members/demo:trapkar", json={})
    duplicates.merge(app.extensions["schakel"].store, "demo:trapkar", "demo:vito")
    body = {**profile(client, "demo:chipharbour"), "competitors": ["demo:vito"]}
    client.put(f"{ORGANISATIONS}/demo:chipharbour", json=body)
    listed = read(client, f"{ADDRESS}/{NANO}/matches?limit=200")
    assert "demo:chipharbour" not in ids(listed)
    assert client.delete(f"{ADDRESS}/{NANO}/members/demo:vito").status_code == 204
    assert "demo:trapkar" not in members_of(client, NANO)


def test_members_who_compete_may_stay(client: FlaskClient) -> None:
    body = {**profile(client, "demo:surfalink"), "competitors": ["demo:dijlenano"]}
    client.put(f"{ORGANISATIONS}/demo:surfalink", json=body)
    response = client.post(f"{ADDRESS}/{NANO}/line-up", json={"size": 11})
    assert response.status_code == 200
