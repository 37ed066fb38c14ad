from __future__ import annotations

import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from embeddings.port import EncoderError
from matcher.organisations import duplicates

ADDRESS = "/api/v1/recommendations"


def ask(client: FlaskClient, **question: Any) -> Any:
    response = client.post(ADDRESS, json=question)
    assert response.status_code == 200, response.get_json()
    return response.get_json()


def ids(answer: Any) -> list[str]:
    return [result["organisation"]["id"] for result in answer["results"]]


def test_the_obvious_partner_comes_first(client: FlaskClient) -> None:
    answer = ask(client, text="Vrachtfietsen met koelbox bouwen voor stadsdistributie", limit=5)
    assert ids(answer)[0] == "demo:trapkar"
    first = answer["results"][0]
    assert first["rank"] == 1
    assert first["organisation"]["name"] == "Trapkar Cargo (demo)"
    assert first["organisation"]["type"] == "company"
    assert (first["organisation"]["city"], first["organisation"]["country"]) == ("Gent", "BE")
    reason = first["reasons"][0]
    assert reason["need"] is None
    assert reason["facet"]["kind"] == "offer"
    assert reason["facet"]["language"] == "nl"
    assert "vrachtfietsen met uitneembare koelbox" in reason["facet"]["text"]
    assert 0.2 < reason["similarity"] <= 1


PARTS = set("text fit coverage complement collaboration mention affiliation reciprocity".split())


def test_parts_add_up_to_the_score_and_scores_descend(client: FlaskClient) -> None:
    answer = ask(
        client,
        text="biosensor chips for diagnostics",
        needs=[{"text": "injection moulding of cartridges"}, {"text": "CE marking", "weight": 2}],
        members=["demo:dijlenano"],
        limit=50,
    )
    scores = [result["score"] for result in answer["results"]]
    assert scores == sorted(scores, reverse=True)
    assert answer["total"] >= len(scores) > 10
    for result in answer["results"]:
        assert set(result["parts"]) - {"similarity"} == PARTS
        assert result["score"] == pytest.approx(sum(result["parts"].values()), abs=2e-6)
        assert 0 < result["score"] <= 1
        assert all(value >= 0 for name, value in result["parts"].items() if name != "similarity")
        assert result["parts"].get("similarity", 0.0) <= 0
        assert result["reasons"]


def test_members_and_excluded_never_come_back(client: FlaskClient) -> None:
    text = "microfluidic cartridges in series"
    before = ids(ask(client, text=text, limit=5))
    answer = ask(client, text=text, members=before[:1], exclude=before[1:2], limit=50)
    assert not set(before[:2]) & set(ids(answer))


def test_the_id_of_one_that_was_merged_stands_for_the_kept_one(client: FlaskClient) -> None:
    text = "vrachtfietsen met koelbox"
    duplicates.merge(client.application.extensions["schakel"].store, "demo:vito", "demo:trapkar")
    assert "demo:vito" in ids(ask(client, text=text))
    for field in ("members", "exclude", "unlike"):
        assert not {"demo:vito", "demo:trapkar"} & set(
            ids(ask(client, text=text, **{field: ["demo:trapkar"]}))
        )
    wanted = {"size": 11, "exclude": ["demo:trapkar"]}
    team = client.post("/api/v1/initiatives/demo:nano-for-health/line-up", json=wanted)
    assert team.status_code == 200 and "demo:vito" not in team.get_data(as_text=True)
    response = client.post(ADDRESS, json={"text": text, "members": ["demo:trapkar", "demo:no"]})
    assert response.status_code == 422 and "demo:no" in response.get_data(as_text=True)


def test_who_worked_with_a_member_rises_and_says_so(client: FlaskClient) -> None:
    answer = ask(client, members=["demo:dijlenano"], complement=0, limit=10)
    assert set(ids(answer)) == {
        "demo:surfalink",
        "demo:markerloft",
        "demo:klinisch-demerland",
        "demo:conformiteitshuis",
        "demo:quarantel",
    }
    for result in answer["results"]:
        reason = next(one for one in result["reasons"] if one["with_members"])
        assert reason["facet"]["kind"] == "evidence"
        assert reason["similarity"] is None
        assert reason["with_members"] == ["Dijlenano Instituut (demo)"]


def test_whom_the_text_mentions_stands_in_for_members(client: FlaskClient) -> None:
    text = "Together with Dijlenano Instituut: point-of-care biosensors"
    mentioned, others = "demo:dijlenano", {"demo:surfalink", "demo:markerloft", "demo:quarantel"}
    parts, reasons = {}, {}
    for result in ask(client, text=text, limit=50)["results"]:
        found = result["organisation"]["id"]
        parts[found], reasons[found] = result["parts"], result["reasons"]
    assert others <= {found for found in parts if parts[found]["collaboration"] > 0}
    assert parts[mentioned]["collaboration"] == 0 < parts[mentioned]["mention"]
    for found in parts:
        together = [one for one in reasons[found] if one["with_members"]]
        assert len(together) == (parts[found]["collaboration"] > 0)
        assert all(one["with_members"] == ["Dijlenano Instituut (demo)"] for one in together)
    with_members = ask(client, text=text, members=["demo:quarantel"], limit=5)["results"]
    quoted = [name for one in with_members for r in one["reasons"] for name in r["with_members"]]
    assert set(quoted) <= {"Quarantel Diagnostics (demo)"} or "Dijlenano" not in str(quoted)


def test_who_shares_a_place_with_a_member_says_so(client: FlaskClient) -> None:
    text = "biosensors for care at home"
    alone = ask(client, text=text, limit=50)["results"]
    assert all("affiliation" not in one["parts"] and not one["affiliation"] for one in alone)
    found = ask(client, text=text, members=["demo:ugent", "demo:imec"], limit=50)["results"]
    by_id = {one["organisation"]["id"]: one for one in found}
    assert by_id["demo:markerloft"]["organisation"]["city"] == "Gent"
    assert by_id["demo:markerloft"]["parts"]["affiliation"] > 0.005
    assert by_id["demo:markerloft"]["affiliation"] == [
        {"id": "demo:ugent", "name": "Universiteit Gent", "words": ["Gent"]}
    ]
    for one in found:  # nobody is in the list for that alone
        assert one["reasons"]


def test_who_shares_a_place_with_whom_the_text_mentions_says_so(client: FlaskClient) -> None:
    text = "Together with Universiteit Gent: biosensors for care at home"
    results = ask(client, text=text, limit=50)["results"]
    by_id = {one["organisation"]["id"]: one for one in results}
    assert by_id["demo:ugent"]["affiliation"] == []  # it stands in for itself, too
    assert 0 < by_id["demo:markerloft"]["parts"]["affiliation"]
    assert by_id["demo:markerloft"]["affiliation"] == [
        {"id": "demo:ugent", "name": "Universiteit Gent", "words": ["Gent"]}
    ]
    for one in results:  # nobody is on the list for that alone
        assert one["reasons"]


def test_the_missing_link_is_found(client: FlaskClient) -> None:
    need = "Serial production of microfluidic lab-on-chip cartridges by injection moulding"
    answer = ask(client, needs=[{"text": need, "stage": "production"}], limit=5)
    assert "demo:spritzguss-venn" in ids(answer)
    assert {reason["need"] for r in answer["results"] for reason in r["reasons"]} == {need}


@pytest.mark.parametrize(
    ("filters", "holds"),
    [
        (
            {"types": ["hospital", "public_body"]},
            lambda o: o["type"] in {"hospital", "public_body"},
        ),
        ({"countries": ["DE"]}, lambda o: o["country"] == "DE"),
        ({"regions": ["BE3"]}, lambda o: o["region"].startswith("BE3")),
        ({"sme_only": True}, lambda o: o["sme"] is True),
        ({"sectors": ["Health"]}, lambda o: "health" in o["sectors"]),
        (
            {"near": {"latitude": 51.05, "longitude": 3.72, "radius_km": 20}},
            lambda o: abs(o["latitude"] - 51.05) < 0.19 and abs(o["longitude"] - 3.72) < 0.3,
        ),
    ],
)
def test_filters_hold_for_every_result(client: FlaskClient, filters: Any, holds: Any) -> None:
    answer = ask(client, text="sensors and diagnostics for patients", filters=filters, limit=100)
    assert answer["results"]
    assert all(holds(result["organisation"]) for result in answer["results"])


def test_stage_filter_keeps_those_with_an_offer_in_that_stage(client: FlaskClient) -> None:
    answer = ask(client, text="diagnostics", filters={"stages": ["finance"]}, limit=100)
    assert "demo:biovonk" in ids(answer)
    assert "demo:markerloft" not in ids(answer)


def test_pages_are_cuts_of_one_list(client: FlaskClient) -> None:
    whole = ids(ask(client, text="recycling of plastics", limit=20))
    cut = ask(client, text="recycling of plastics", limit=5, offset=5)
    assert ids(cut) == whole[5:10]
    assert [result["rank"] for result in cut["results"]] == [6, 7, 8, 9, 10]


def test_the_same_question_is_answered_from_the_cache(client: FlaskClient) -> None:
    first = ask(client, text="hydrogen", filters={"countries": ["BE", "DE"]})
    again = ask(client, text=" hydrogen ", filters={"countries": ["DE", "BE", "BE"]})
    assert (first["cached"], again["cached"]) == (False, True)
    assert again["results"] == first["results"]


def test_a_write_makes_a_new_answer(client: FlaskClient) -> None:
    text = "zeldzame krekelteelt voor huisdierenvoeding"
    assert "org:krekel" not in ids(ask(client, text=text))
    body = {
        "id": "org:krekel",
        "name": "Krekelhof (voorbeeld)",
        "type": "company",
        "offers": [{"text": "Krekelteelt voor huisdierenvoeding op groenteresten"}],
    }
    assert client.post("/api/v1/organisations", json=body).status_code == 201
    answer = ask(client, text=text)
    assert answer["cached"] is False
    assert ids(answer)[0] == "org:krekel"
    assert client.delete("/api/v1/organisations/org:krekel").status_code == 204
    assert "org:krekel" not in ids(ask(client, text=text))


@pytest.mark.parametrize("text", ["asdf qwer zxcvb", "???", "12345", "partner gezocht"])
def test_a_brief_that_says_nothing_usable(client: FlaskClient, text: str) -> None:
    answer = ask(client, text=text)
    assert answer["results"] == []
    assert answer["notices"][0]["code"] == "nothing_usable"
    assert "Describe" in answer["notices"][0]["message"]


def test_filters_that_nobody_passes_say_so(client: FlaskClient) -> None:
    answer = ask(client, text="hydrogen", filters={"countries": ["JP"]})
    assert (answer["results"], answer["notices"][0]["code"]) == ([], "nothing_allowed")


def test_expired_offers_do_not_speak(client: FlaskClient) -> None:
    body = {
        "id": "org:verlopen",
        "name": "Verlopen (voorbeeld)",
        "type": "company",
        "offers": [
            {"text": "Tijdelijk aanbod van zeepaardjeskweek", "valid_until": "2020-01-01"},
            {"text": "Langlopend aanbod van mosselkweek", "valid_until": "2999-01-01"},
        ],
    }
    assert client.post("/api/v1/organisations", json=body).status_code == 201
    texts = [
        reason["facet"]["text"]
        for result in ask(client, text="zeepaardjeskweek en mosselkweek")["results"]
        for reason in result["reasons"]
    ]
    assert any("mosselkweek" in text for text in texts)
    assert not any("zeepaardjes" in text for text in texts)


@pytest.mark.parametrize(
    ("question", "field"),
    [
        ({}, "text"),
        ({"text": "x", "limit": 0}, "limit"),
        ({"text": "x", "limit": 201}, "limit"),
        ({"text": "x", "offset": -1}, "offset"),
        ({"text": "x" * 20_001}, "text"),
        ({"text": "a\x00b"}, ""),
        ({"text": 3}, "text"),
        ({"text": "x", "wat": 1}, "wat"),
        ({"text": "x", "needs": [{"text": "ok then", "level": "maybe"}]}, "needs[0].level"),
        ({"text": "x", "needs": [{"text": "ok then", "weight": -1}]}, "needs[0].weight"),
        ({"text": "x", "members": ["org:unknown"]}, "members"),
        ({"text": "x", "exclude": ["nonsense"]}, "exclude[0]"),
        ({"text": "x", "filters": {"types": ["firm"]}}, "filters.types[0]"),
        ({"text": "x", "filters": {"countries": ["Belgium"]}}, "filters.countries[0]"),
        (
            {"text": "x", "filters": {"near": {"latitude": 99, "longitude": 4, "radius_km": 5}}},
            "filters.near.latitude",
        ),
    ],
)
def test_wrong_input_names_the_field(client: FlaskClient, question: Any, field: str) -> None:
    response = client.post(ADDRESS, json=question)
    assert response.status_code == 422
    assert response.content_type == "application/problem+json"
    problem = response.get_json()
    assert problem["status"] == 422
    assert field in [error["field"] for error in problem["errors"]]


def test_malformed_bodies_are_problems_too(client: FlaskClient) -> None:
    broken = client.post(ADDRESS, data="{", content_type="application/json")
    assert (broken.status_code, broken.content_type) == (400, "application/problem+json")
    plain = client.post(ADDRESS, data='{"text": "x"}', content_type="text/plain")
    assert plain.status_code == 415
    huge = client.post(ADDRESS, data=b" " * 3_000_000, content_type="application/json")
    assert huge.status_code == 413
    assert client.get(ADDRESS).status_code == 405
    assert client.get("/api/v1/nothing").content_type == "application/problem+json"


def test_problems_say_what_to_do(client: FlaskClient) -> None:
    as_json: dict[str, Any] = {"content_type": "application/json"}
    unreadable = "The body can't be read as JSON. Send one JSON object in UTF-8;"
    for body in (b"", b"{", b"\xff\xfe"):
        detail = client.post(ADDRESS, data=body, **as_json).get_json()["detail"]
        assert detail.startswith(unreadable)
    nowhere = client.get("/api/v1/nothing").get_json()["detail"]
    assert nowhere == "There is nothing at this address. /api/docs lists the addresses."
    method = client.get(ADDRESS).get_json()["detail"]
    assert method == "This address can't be used in this way. Use one of: OPTIONS, POST."
    large = client.post(ADDRESS, data=b" " * 3_000_000, **as_json).get_json()["detail"]
    assert large == "The body is too large. Send at most 2097152 bytes at once."


def test_bodies_nested_too_deep_are_refused_everywhere(client: FlaskClient) -> None:
    asked = 0
    for rule in client.application.url_map.iter_rules():
        for method in {"POST", "PUT"} & (rule.methods or set()):
            if not rule.endpoint.startswith("api."):
                continue
            address = re.sub("<[^>]+>", "demo:fisch", rule.rule)
            for body in ("[" * 100_000, '{"a":' * 5_000):
                response = client.open(
                    address, method=method, data=body, content_type="application/json"
                )
                assert (response.status_code, response.get_json()["title"]) == (400, "Bad Request")
            asked += 1
    assert asked >= 10


def test_simultaneous_askers_cost_one_computation(client: FlaskClient) -> None:
    cache = client.application.extensions["schakel"].cache
    client.application.extensions["schakel"].warm_up()
    before = cache.state()["computed"]

    def one(_number: int) -> Any:
        return ask(client.application.test_client(), text="circular concrete facades")["results"]

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(one, range(16)))
    assert all(answer == answers[0] for answer in answers)
    assert cache.state()["computed"] == before + 1


def test_an_empty_store_answers(empty_client: FlaskClient) -> None:
    answer = ask(empty_client, text="hydrogen")
    assert answer["results"] == []
    assert [one["code"] for one in answer["notices"]] == ["nobody_yet"]
    assert "there is nobody to recommend" in answer["notices"][0]["message"]
    assert empty_client.get("/health/ready").get_json()["organisations"] == 0


def test_a_model_that_does_not_answer_is_a_503(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise EncoderError("connection refused at https://secret.example")

    monkeypatch.setattr("matcher.matching.service.Recommender.answer", away)
    response = client.post("/api/v1/recommendations", json={"text": "a question never asked"})
    assert response.status_code == 503
    assert response.content_type == "application/problem+json"
    assert response.headers["Retry-After"] == "60"
    assert "secret" not in response.text


def test_an_organisation_that_is_mentioned_says_so(client: FlaskClient) -> None:
    answer = ask(client, text="We would like to work with Zylkograf Trapkar Cargo", limit=20)
    first = next(one for one in answer["results"] if one["organisation"]["id"] == "demo:trapkar")
    mentions = [reason for reason in first["reasons"] if reason["facet"] is None]
    assert mentions and mentions[0]["mentioned"] == ["Trapkar Cargo"]
    assert first["parts"]["mention"] > 0
    assert (first["probability"], first["variants"]) == (None, [])


def test_a_question_in_one_language_finds_offers_in_another(client: FlaskClient) -> None:
    answer = ask(client, text="biodegradable packaging from potato peels", limit=5)
    assert "demo:bioscherm" in ids(answer)
    french = ask(client, text="emballages biodégradables à base d'épluchures de pommes de terre")
    assert "demo:bioscherm" in ids(french)[:10]


def test_an_index_of_an_older_version_is_built_anew(
    home: Path, make_app: Callable[..., APIFlask]
) -> None:
    current = (home / "index" / "CURRENT").read_text("ascii")
    manifest = home / "index" / current / "manifest.json"
    older = {**json.loads(manifest.read_text("utf-8")), "format": 1}
    manifest.write_text(json.dumps(older), "utf-8")
    client = make_app(home).test_client()
    assert ids(ask(client, text="Blaasextrusie van composteerbare folie", limit=1)) == [
        "demo:bioscherm"
    ]
    assert (home / "index" / "CURRENT").read_text("ascii") != current


def test_what_isnt_wanted_is_left_out_and_counts_against(client: FlaskClient) -> None:
    wanted = "biodegradable packaging from potato peels"
    plain = ask(client, text=wanted, limit=100)
    answer = ask(client, text=f"{wanted}, not electronics and no chips", limit=100)
    assert plain["left_out"] == []
    assert answer["left_out"] == ["not electronics and no chips"]
    unwanted = [one for one in answer["results"] if one["parts"].get("unwanted", 0) < 0]
    named = [one["best"]["organisation"]["id"] for one in answer["needs"]["items"] if one["best"]]
    assert unwanted and not [one for one in unwanted if one["organisation"]["id"] in named]
    before, after = (
        {one["organisation"]["id"]: one for one in a["results"]} for a in (plain, answer)
    )
    chips = next(key for key, one in before.items() if "Chipharbour" in one["organisation"]["name"])
    taken = after[chips]["parts"]["unwanted"]
    assert taken < -0.3 * before[chips]["score"]
    assert after[chips]["score"] == pytest.approx(before[chips]["score"] + taken, abs=1e-6)
    first = answer["results"][0]
    assert first["organisation"]["id"] == "demo:bioscherm"
    assert first["parts"].get("unwanted", 0.0) == 0.0


def test_a_place_in_the_text_is_offered_as_a_filter(client: FlaskClient) -> None:
    text = "We look for a company in Germany that makes sensors"
    answer = ask(client, text=text, limit=50)
    offered = {
        (one["field"], one["value"]): (one["text"], one["applied"], one["excludes"])
        for one in answer["suggested_filters"]
    }
    assert offered == {
        ("type", "company"): ("company", False, False),
        ("country", "DE"): ("company in Germany", False, False),
    }
    assert {one["organisation"]["country"] for one in answer["results"]} > {"DE"}
    filtered = ask(client, text=text, filters={"countries": ["DE"]}, limit=50)
    applied = {one["value"]: one["applied"] for one in filtered["suggested_filters"]}
    assert applied == {"company": False, "DE": True}
    assert {one["organisation"]["country"] for one in filtered["results"]} == {"DE"}


def test_a_place_that_the_text_excludes_is_filtered_out_until_taken_away(
    client: FlaskClient,
) -> None:
    text = "We zoeken sensoren voor water, geen partners uit Duitsland"
    answer = ask(client, text=text, limit=100)
    assert answer["left_out"] == ["geen partners uit Duitsland"]
    assert answer["suggested_filters"] == [
        {
            "field": "country",
            "value": "DE",
            "text": "Duitsland",
            "applied": True,
            "excludes": True,
        }
    ]
    assert "DE" not in {one["organisation"]["country"] for one in answer["results"]}
    whole = ask(client, text=text, text_filters=False, limit=100)
    assert whole["suggested_filters"][0]["applied"] is False
    assert "DE" in {one["organisation"]["country"] for one in whole["results"]}
    assert all("unwanted" not in one["parts"] for one in whole["results"])


def test_places_can_be_ruled_out(client: FlaskClient) -> None:
    filters = {"not_countries": ["DE", "NL"], "not_regions": ["BE2"]}
    results = ask(client, text="sensors for water", filters=filters, limit=100)["results"]
    assert results
    for one in results:
        assert one["organisation"]["country"] not in {"DE", "NL"}
        assert not (one["organisation"]["region"] or "").startswith("BE2")


def test_filters_of_the_text_that_leave_nobody_can_be_seen(client: FlaskClient) -> None:
    answer = ask(
        client,
        text="sensors for water, no partners from Germany",
        filters={"countries": ["JP"]},
    )
    assert answer["notices"][0]["code"] == "nothing_allowed"
    assert [one["value"] for one in answer["suggested_filters"]] == ["DE"]


def test_every_match_says_how_well_it_fits(client: FlaskClient) -> None:
    text = "Composteerbare schalen en folies voor vlees en vis"
    answer = ask(client, text=text, limit=100)
    fits = [(one["fit"], one["fit_probability"]) for one in answer["results"]]
    assert fits[0][0] in {"strong", "possible"} and answer["notices"] == []
    for label, probability in fits:
        least = {"strong": 0.5, "possible": 0.25, "weak": 0.0}[label]
        most = {"strong": 1.0, "possible": 0.5, "weak": 0.25}[label]
        assert least <= probability <= most


@pytest.mark.parametrize(
    "text",
    [
        "zebra velocipede trombone pancake",
        "Wij zoeken een goochelaar voor een verjaardagsfeest.",
        "Nous cherchons un accordéoniste pour un mariage.",
        "Wir suchen jemanden, der unsere alte Kirchenorgel stimmt.",
    ],
)
def test_where_nobody_fits_the_answer_says_so(client: FlaskClient, text: str) -> None:
    answer = ask(client, text=text, limit=5)
    assert [one["code"] for one in answer["notices"]] == ["nothing_fits"]
    assert {one["fit"] for one in answer["results"]} == {"weak"}


def test_whoever_is_asked_for_by_name_is_an_answer(client: FlaskClient) -> None:
    answer = ask(client, text="KU Leuven", limit=2)
    assert answer["results"][0]["organisation"]["id"] == "demo:ku-leuven"
    assert answer["notices"] == []


def test_each_reason_says_what_it_goes_by(client: FlaskClient) -> None:
    answer = ask(
        client,
        text="Together with KU Leuven: point-of-care biosensors, no packaging of chips",
        needs=[{"text": "CE marking under IVDR"}, {"text": "injection moulding of cartridges"}],
        members=["demo:dijlenano"],
        limit=100,
    )
    kinds = {reason["kind"] for one in answer["results"] for reason in one["reasons"]}
    assert kinds - {"similarity"} == {
        "offer",
        "project",
        "collaboration",
        "mention",
        "need",
        "affiliation",
        "unwanted",
    }
    for one in answer["results"]:
        of_kind = {reason["kind"] for reason in one["reasons"]}
        assert ("unwanted" in of_kind) == (one["parts"].get("unwanted", 0) < 0)
        assert ("similarity" in of_kind) == bool(one["similar_members"])
        assert ("affiliation" in of_kind) == bool(one["affiliation"])
        assert ("need" in of_kind) == bool(one["reciprocity"])
        for reason in one["reasons"]:
            assert reason["sentence"].endswith(".") and "%(" not in reason["sentence"]
            if reason["kind"] in {"offer", "project"}:
                assert reason["probability"] <= one["fit_probability"]


@pytest.mark.parametrize(
    ("header", "query", "language", "sentence"),
    [
        ("nl-BE,nl;q=0.9,en;q=0.5", "", "nl", "Het aanbod beantwoordt wat gevraagd wordt."),
        ("fr", "", "fr", "Son offre répond à ce qui est demandé."),
        ("fr", "?lang=de", "de", "Das Angebot passt gut zum Gesuchten."),
        ("*", "", "en", "Its offer meets what is asked for."),
        ("pl", "", "en", "Its offer meets what is asked for."),
        (None, "", "en", "Its offer meets what is asked for."),
    ],
)
def test_sentences_are_in_the_language_asked_for(
    client: FlaskClient, header: str | None, query: str, language: str, sentence: str
) -> None:
    body = {"text": "Vrachtfietsen met uitneembare koelbox bouwen", "limit": 1}
    headers = {} if header is None else {"Accept-Language": header}
    response = client.post(ADDRESS + query, json=body, headers=headers)
    assert response.headers["Content-Language"] == language
    assert ("Accept-Language" in response.headers.get("Vary", "")) == (not query)
    [first] = response.get_json()["results"]
    assert first["reasons"][0]["sentence"] == sentence
    same = client.get("/api/v1/initiatives/demo:fisch/matches" + query, headers=headers)
    assert same.headers["Content-Language"] == language


def test_notices_are_in_the_language_asked_for(client: FlaskClient) -> None:
    body = {"text": "zebra velocipede trombone pancake", "limit": 1}
    for language, message in (
        ("en", "Nobody here really does this; the nearest are:"),
        ("nl", "Niemand hier doet dit echt; deze komen er het dichtst bij:"),
    ):
        answer = client.post(f"{ADDRESS}?lang={language}", json=body).get_json()
        assert answer["notices"] == [{"code": "nothing_fits", "message": message}]


def test_a_language_that_there_is_not_is_refused(client: FlaskClient) -> None:
    response = client.post(ADDRESS + "?lang=pl", json={"text": "cargo bikes"})
    assert response.status_code == 422 and response.get_json()["errors"][0]["field"] == "lang"


def test_the_document_names_the_kinds_of_reasons(client: FlaskClient) -> None:
    spec = client.get("/api/v1/openapi.json").get_json()
    schemas = spec["components"]["schemas"]
    kinds = schemas["Answer.ReasonKind"]["enum"]
    assert kinds[:4] == ["offer", "project", "collaboration", "mention"] and len(kinds) == 8
    described = schemas["Answer.Reason"]["properties"]["kind"]["description"]
    assert all(f"`{kind}`" in described for kind in kinds)
    assert "language asked for" in schemas["Answer.Reason"]["properties"]["sentence"]["description"]
    for path, method in (
        ("/recommendations", "post"),
        ("/initiatives/{initiative_id}/matches", "get"),
    ):
        parameters = spec["paths"][f"/api/v1{path}"][method]["parameters"]
        assert "lang" in {one["name"] for one in parameters if one["in"] == "query"}
