from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

ROOT = "/api/v1/initiatives"
NANO, FISCH = f"{ROOT}/demo:nano-for-health", f"{ROOT}/demo:fisch"
BODY = {
    "name": "Schilcoop (test)",
    "brief": "We want to make trays from potato peels, in series.",
    "needs": [
        {"text": "Thermoforming of biodegradable trays in series", "stage": "production"},
        {"text": "Training of operators", "stage": "training", "level": "nice", "weight": 2.0},
    ],
    "members": [{"id": "demo:vito", "since": "2026-02-01"}, {"id": "demo:catalisti"}],
    "wanted": {"company": 3},
}


def get(client: FlaskClient, address: str, status: int = 200) -> Any:
    response = client.get(address)
    assert response.status_code == status, response.get_json()
    return response.get_json()


def post(client: FlaskClient, address: str, status: int = 200, **body: Any) -> Any:
    response = client.post(address, json=body)
    assert response.status_code == status, response.get_json()
    return response.get_json()


def ids(answer: Any) -> list[str]:
    return [result["organisation"]["id"] for result in answer["results"]]


def profile(client: FlaskClient, organisation_id: str) -> dict[str, Any]:
    """What GET shows of an organisation, as PUT takes it."""
    shown = get(client, f"/api/v1/organisations/{organisation_id}")
    for kind in ("offers", "needs"):
        for one in shown[kind]:
            for name in ("id", "kind", "language"):
                del one[name]
    del shown["id"]
    return shown


def test_an_initiative_is_stored_changed_and_deleted(client: FlaskClient) -> None:
    created = client.post(ROOT, json=BODY)
    assert created.status_code == 201
    stored = created.get_json()
    address = created.headers["Location"]
    assert address == f"{ROOT}/{stored['id']}"
    assert get(client, address) == stored
    assert [one["id"] for one in stored["members"]] == ["demo:vito", "demo:catalisti"]
    assert stored["members"][0]["since"] == "2026-02-01"
    assert stored["needs"][1] == {
        "text": "Training of operators",
        "level": "nice",
        "weight": 2.0,
        "stage": "training",
        "due": None,
    }
    joined = client.put(f"{address}/members/demo:imec", json={"since": "2026-03-01"}).get_json()
    assert joined["members"][2] == {"id": "demo:imec", "since": "2026-03-01"}
    assert client.delete(f"{address}/members/demo:vito").status_code == 204
    needed = {"needs": [{"text": "Export to France", "due": "2027-01-31"}]}
    changed = client.put(f"{address}/needs", json=needed).get_json()
    assert [one["id"] for one in changed["members"]] == ["demo:catalisti", "demo:imec"]
    assert changed["needs"][0]["due"] == "2027-01-31"
    assert get(client, ROOT)["total"] == 3
    assert client.delete(address).status_code == 204
    get(client, address, 404)
    assert client.delete(address).status_code == 404


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"members": [{"id": "demo:nobody"}]}, "members"),
        ({"members": [{"id": "no id"}]}, "members[0].id"),
        ({"name": ""}, "name"),
        ({"needs": [{"text": "enough", "weight": 0}]}, "needs[0].weight"),
        ({"wanted": {"pirates": 1}}, "wanted.pirates.[key]"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_bad_initiatives_are_explained(
    client: FlaskClient, change: dict[str, Any], field: str
) -> None:
    problem = post(client, ROOT, 422, **{**BODY, **change})
    assert field in [one["field"] for one in problem["errors"]]
    assert get(client, ROOT)["total"] == 2


def test_an_id_that_is_taken(client: FlaskClient) -> None:
    assert post(client, ROOT, 409, **{**BODY, "id": "demo:fisch"})["errors"][0]["field"] == "id"


def test_who_is_deleted_is_no_member_any_more(client: FlaskClient) -> None:
    assert client.delete("/api/v1/organisations/demo:vito").status_code == 204
    assert "demo:vito" not in [one["id"] for one in get(client, FISCH)["members"]]


def test_writing_needs_a_key_and_asking_does_not(make_app: Any, home: Any) -> None:
    client = make_app(home, SCHAKEL_API_WRITES="key").test_client()
    assert client.post(ROOT, json=BODY).status_code == 401
    assert client.put(f"{NANO}/needs", json={"needs": []}).status_code == 401
    assert client.delete(NANO).status_code == 401
    post(client, f"{NANO}/matches", limit=1)
    post(client, f"{NANO}/line-up", size=12)
    post(client, "/api/v1/needs", text="We look for a pilot line.")


def test_the_missing_link_of_nano_for_health(client: FlaskClient) -> None:
    """Industrialisation and production: from the needs, from the brief, from the members alone."""
    links = get(client, f"{NANO}/gaps")["missing_links"]
    assert [one["stage"] for one in links] == ["pilot", "production"]
    assert links[0]["proposals"][0]["organisation"]["id"] == "demo:chipharbour"
    assert links[1]["proposals"][0]["organisation"]["id"] == "demo:spritzguss-venn"
    assert "Spritzguss" in links[1]["proposals"][0]["offer"]["text"]
    client.put(f"{NANO}/needs", json={"needs": []})
    report = get(client, f"{NANO}/gaps")
    assert report["source"] == "brief"
    assert [one["stage"] for one in report["missing_links"]] == ["pilot", "production"]
    nano = get(client, NANO)
    nano.pop("id")
    client.put(NANO, json={**nano, "brief": ""})
    report = get(client, f"{NANO}/gaps")
    assert report["source"] == "members"
    assert {"pilot", "production"} <= {one["stage"] for one in report["missing_links"]}


def test_no_false_alarm_for_fisch(client: FlaskClient) -> None:
    report = get(client, f"{FISCH}/gaps")
    assert report["missing_links"] == []
    assert {one["status"] for one in report["needs"]} <= {"covered", "perhaps"}
    assert [row["stage"] for row in report["stages"]][:4] == [
        "research",
        "development",
        "pilot",
        "production",
    ]
    client.put(f"{FISCH}/needs", json={"needs": []})
    assert get(client, f"{FISCH}/gaps")["missing_links"] == []
    fisch = get(client, FISCH)
    fisch.pop("id")
    client.put(FISCH, json={**fisch, "brief": ""})
    assert get(client, f"{FISCH}/gaps")["missing_links"] == []


def test_every_number_of_the_gap_report_has_its_reason(client: FlaskClient) -> None:
    report = get(client, f"{NANO}/gaps")
    for need in report["needs"]:
        for one in need["covered_by"] + need["could_be_covered_by"]:
            assert one["offer"]["text"] and one["chance"] >= 0.15
        best = max((one["chance"] for one in need["covered_by"]), default=0.0)
        assert need["chance"] == pytest.approx(best) or need["status"] == "missing"
    shares = [need["share"] for need in report["needs"]]
    assert sum(shares) == pytest.approx(1.0, abs=1e-3)
    covered = sum(need["share"] * need["chance"] for need in report["needs"])
    assert report["coverage"]["members"] == pytest.approx(covered, abs=2e-3)


def test_the_dial_brings_who_adds_what_is_missing(client: FlaskClient) -> None:
    fit = get(client, f"{NANO}/matches?complement=0&limit=30")
    complement = get(client, f"{NANO}/matches?complement=1&limit=30")
    assert ids(complement)[0] == "demo:chipharbour" != ids(fit)[0]
    members = complement["needs"]["covered"]
    for result in complement["results"]:
        coverage = result["coverage"]
        assert coverage["with_members"] == pytest.approx(members + coverage["adds"], abs=2e-4)
        assert coverage["adds"] <= coverage["alone"] + 1e-4
    adds = [result["coverage"]["adds"] for result in complement["results"]]
    assert adds[0] == max(adds) > 0.1


def test_look_alikes_are_marked_and_pushed_down(client: FlaskClient) -> None:
    twin = {**profile(client, "demo:surfalink"), "name": "Tweelingbroer (test)"}
    client.put("/api/v1/organisations/org:twin", json=twin)
    place = {}
    for dial in (0.0, 1.0):
        answer = get(client, f"{NANO}/matches?alike={dial}&limit=200&complement=0")
        place[dial] = ids(answer).index("org:twin")
        result = answer["results"][place[dial]]
        assert result["alike"][0]["id"] == "demo:surfalink"
        assert result["alike"][0]["likeness"] > 0.9  # it shares the offers, not the projects
        assert result["coverage"]["adds"] == 0.0
        assert (result["parts"].get("alike", 0.0) < 0) == bool(dial)
    assert place[1.0] > place[0.0] + 20


def test_neither_this_one_nor_ones_like_it(client: FlaskClient) -> None:
    twin = {**profile(client, "demo:chipharbour"), "name": "Chiphaven (test)"}
    client.put("/api/v1/organisations/org:twin", json=twin)
    before = post(client, f"{NANO}/matches", limit=200)
    after = post(client, f"{NANO}/matches", limit=200, unlike=["demo:chipharbour"])
    assert {"demo:chipharbour", "org:twin"} <= set(ids(before)[:2])
    assert "demo:chipharbour" not in ids(after)
    assert "org:twin" not in ids(after)[:10]


def test_competitors_are_never_proposed_together(client: FlaskClient) -> None:
    body = {**profile(client, "demo:chipharbour"), "competitors": ["demo:dijlenano"]}
    put = client.put("/api/v1/organisations/demo:chipharbour", json=body)
    assert put.status_code == 200 and "competitors" not in put.get_json()
    assert "demo:chipharbour" not in ids(get(client, f"{NANO}/matches?limit=200"))
    team = post(client, f"{NANO}/line-up", size=14)["teams"][0]
    assert "demo:chipharbour" not in {one["organisation"]["id"] for one in team["picks"]}
    body.pop("competitors")
    client.put("/api/v1/organisations/demo:chipharbour", json={**body, "name": "Chipharbour II"})
    assert "demo:chipharbour" not in ids(get(client, f"{NANO}/matches?limit=200"))
    client.put("/api/v1/organisations/demo:chipharbour", json={**body, "competitors": []})
    assert "demo:chipharbour" in ids(get(client, f"{NANO}/matches?limit=200"))


def test_the_other_side_gains_too(client: FlaskClient) -> None:
    asks = "Assay development: antibodies bound to gold and silicon sensor surfaces"
    body = {
        "name": "Peilstift Klinisch (test)",
        "type": "company",
        "offers": [{"text": "Pilot line for packaging biosensor chips", "stage": "pilot"}],
        "needs": [{"text": asks, "stage": "development"}],
    }
    client.put("/api/v1/organisations/org:asks", json=body)
    answer = get(client, f"{NANO}/matches?limit=200")
    own = answer["results"][ids(answer).index("org:asks")]
    assert own["offered_back"][0]["need"]["text"] == asks
    assert own["offered_back"][0]["member"]["id"] == "demo:surfalink"
    assert own["offered_back"][0]["chance"] > 0.5
    assert own["parts"]["reciprocity"] > 0
    silent = next(one for one in answer["results"] if not one["offered_back"])
    assert own["parts"]["reciprocity"] > silent["parts"].get("reciprocity", 0.0)


def test_the_mix_of_types_is_counted(client: FlaskClient) -> None:
    helix = get(client, f"{NANO}/matches?limit=5")["helix"]
    assert helix["members"]["types"] == {
        "company": 6,
        "research_institute": 1,
        "hospital": 1,
        "civil_society": 1,
    }
    assert helix["members"]["missing"] == ["education", "government"]
    assert helix["results"]["count"] == 5 and 0 <= helix["results"]["balance"] <= 1


def test_a_line_up_keeps_members_and_quotas(client: FlaskClient) -> None:
    quotas = [
        {"of": "type", "value": "higher_education", "at_least": 1, "at_most": 2},
        {"of": "newcomer", "at_least": 3},
        {"of": "country", "value": "DE", "at_most": 1},
    ]
    answer = post(client, f"{NANO}/line-up", size=14, quotas=quotas)
    team = answer["teams"][0]
    picks = [one["organisation"] for one in team["picks"]]
    members = {one["id"] for one in get(client, NANO)["members"]}
    assert {one["organisation"]["id"] for one in team["picks"] if one["member"]} == members
    assert len(picks) == 14
    assert 1 <= sum(one["type"] == "higher_education" for one in picks) <= 2
    assert sum(one["country"] == "DE" for one in picks) <= 1
    assert answer["quotas"][1]["count"] >= 3
    assert "demo:chipharbour" in {one["id"] for one in picks}
    assert team["coverage"] > answer["members_cover"] + 0.15
    assert team["coverage"] <= team["best_possible"] + 1e-6
    best = post(client, f"{NANO}/line-up", size=14, quotas=quotas, exact=True)["teams"][0]
    assert best["exact"] and best["coverage"] >= team["coverage"] - 1e-4
    free = post(client, f"{NANO}/line-up", size=14, quotas=quotas[:2])
    cost = answer["quotas"][2]["cost"]
    assert cost == pytest.approx(max(free["teams"][0]["coverage"] - team["coverage"], 0), abs=2e-4)
    for pick in team["picks"]:
        assert all(one["offer"]["text"] for one in pick["meets"])


def test_teams_in_turn_share_nobody_but_members(client: FlaskClient) -> None:
    teams = post(client, f"{NANO}/line-up", size=11, teams=3, cap=1)["teams"]
    new = [
        {one["organisation"]["id"] for one in team["picks"] if not one["member"]} for team in teams
    ]
    assert len(teams) == 3 and [len(one) for one in new] == [2, 2, 2]
    assert len(set.union(*new)) == 6


def test_quotas_that_conflict_are_named(client: FlaskClient) -> None:
    quotas = [
        {"of": "country", "value": "BE", "at_least": 1},
        {"of": "type", "value": "hospital", "at_least": 4},
    ]
    problem = post(client, f"{NANO}/line-up", 422, size=10, quotas=quotas)
    fields = [one["field"] for one in problem["errors"]]
    assert "quotas[1]" in fields and "quotas[0]" not in fields
    bad = [{"of": "type", "value": "hospital", "at_least": 3, "at_most": 2}]
    post(client, f"{NANO}/line-up", 422, size=10, quotas=bad)


def test_the_roadmap_runs_from_idea_to_market(client: FlaskClient) -> None:
    client.put(f"{NANO}/members/demo:dijlenano", json={"since": "2025-09-01"})
    answer = get(client, f"{NANO}/roadmap")
    stages = "research development pilot production supply market regulation training finance"
    places = [stages.split().index(one["stage"]) for one in answer["steps"]]
    assert places == sorted(places)
    assert answer["steps"][0]["covered_by"][0]["since"] == "2025-09-01"
    assert answer["next_missing"]["stage"] == "pilot"
    assert answer["done"] == sum(one["status"] == "covered" for one in answer["steps"])


def test_advice_holds_when_it_is_followed(client: FlaskClient) -> None:
    address = f"{NANO}/advice?organisation=demo:imec"
    advice = get(client, address)
    assert advice["rank"] > 10 and advice["reached"] and advice["rank_then"] <= 10
    body = profile(client, "demo:imec")
    for one in advice["add"]:
        offer = {"text": one["offer"]["text"], "stage": one["offer"]["stage"]}
        body["offers"].append(offer)
    client.put("/api/v1/organisations/demo:imec", json=body)
    answer = get(client, f"{NANO}/matches?limit=200")
    assert ids(answer).index("demo:imec") + 1 == advice["rank_then"]
    get(client, f"{NANO}/advice?organisation=demo:dijlenano", 422)
    get(client, f"{NANO}/advice?organisation=demo:nobody", 422)


def test_answers_are_cached_until_something_is_written(client: FlaskClient) -> None:
    first = get(client, f"{NANO}/gaps")
    second = get(client, f"{NANO}/gaps")
    assert (first["cached"], second["cached"]) == (False, True)
    client.put(f"{NANO}/members/demo:chipharbour", json={})
    third = get(client, f"{NANO}/gaps")
    assert not third["cached"] and third["corpus_version"] > first["corpus_version"]
    assert [one["stage"] for one in third["missing_links"]] == ["production"]


def test_needs_are_read_from_a_brief(client: FlaskClient) -> None:
    text = "Wij zoeken een pilootlijn voor het drogen van algen. Operatoren worden opgeleid."
    found = post(client, "/api/v1/needs", text=text)["needs"]
    assert [(one["stage"], one["weight"]) for one in found] == [("pilot", 1.5), ("training", 1.0)]
    post(client, "/api/v1/needs", 422, text=" ")


def test_missing_initiatives(client: FlaskClient) -> None:
    for what in ("", "/gaps", "/roadmap", "/matches", "/advice?organisation=demo:imec"):
        get(client, f"{ROOT}/demo:none{what}", 404)
    assert client.post(f"{ROOT}/demo:none/line-up", json={}).status_code == 404


def test_overlaps_of_initiatives(client: FlaskClient) -> None:
    same = get(client, NANO)
    same.pop("id")
    post(client, ROOT, 201, **{**same, "name": "Nano twice (test)", "members": []})
    found = get(client, "/api/v1/insights/overlaps")["results"]
    assert {found[0]["one"]["id"], found[0]["other"]["name"]} == {
        "demo:nano-for-health",
        "Nano twice (test)",
    }
    assert found[0]["score"] > 0.8 and len(found[0]["same_needs"]) == 10
    post(client, ROOT, 201, **{**same, "name": "Nano thrice (test)"})
    names = [
        {one["one"]["name"], one["other"]["name"]}
        for one in get(client, "/api/v1/insights/overlaps")["results"]
    ]
    assert {"Nano for Health", "Nano thrice (test)"} not in names


def test_missed_chances_quote_both_sides(client: FlaskClient) -> None:
    answer = get(client, "/api/v1/insights/missed-chances?limit=5")
    first = answer["results"][0]
    assert {first["one"]["id"], first["other"]["id"]} == {"demo:payerpath", "demo:quarantel"}
    assert first["because"][0]["asks"]["id"] == "demo:payerpath"
    scores = [one["score"] for one in answer["results"]]
    assert scores == sorted(scores, reverse=True) and scores[-1] > 0.5
    german = get(client, "/api/v1/insights/missed-chances?region=DE&limit=50")["results"]
    assert german and all(
        "DE" in (one["one"]["country"], one["other"]["country"]) for one in german
    )
    get(client, "/api/v1/insights/missed-chances?domain=alchemy", 422)


def test_strengths_of_a_region(empty_client: FlaskClient) -> None:
    for number, (region, text) in enumerate(
        [
            ("BE211", "Membrane treatment of industrial waste water"),
            ("BE100", "Wind turbine maintenance and solar panels"),
            ("BE242", "Waste water purification with activated sludge"),
        ]
    ):
        body = {
            "name": f"Firm {number}",
            "type": "company",
            "country": "BE",
            "region": region,
            "offers": [{"text": text}],
        }
        empty_client.put(f"/api/v1/organisations/x:{number}", json=body)
    answer = get(empty_client, "/api/v1/insights/strengths?region=BE2")
    by_id = {one["domain"]["id"]: one for one in answer["domains"]}
    assert answer["organisations"] == 2
    assert by_id["water"]["organisations"] == 2
    assert by_id["energy"]["organisations"] == 0
    assert by_id["water"]["location_quotient"] > 1
    assert {one["id"] for one in by_id["water"]["strongest"]} == {"x:0", "x:2"}
    get(empty_client, "/api/v1/insights/strengths?region=be", 422)


def test_an_app_without_initiatives(empty_client: FlaskClient) -> None:
    assert get(empty_client, ROOT)["total"] == 0
    assert get(empty_client, "/api/v1/insights/overlaps")["results"] == []
    assert get(empty_client, "/api/v1/insights/missed-chances")["stated_needs"] == 0
