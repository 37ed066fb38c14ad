from __future__ import annotations

import html
import re
from typing import Any

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from matcher.domain import Initiative, NeedLevel, Stage
from matcher.initiatives import actions as initiatives
from matcher.organisations.duplicates import merge
from matcher.store.initiatives import get_initiative, list_initiatives
from tests.web.users import get, post, signed_in

NANO = "/initiatives/demo:nano-for-health"
BRIEF = (
    "We want to make biosensors for home care. We look for a partner who can produce microfluidic "
    "cartridges in series, and we need somebody who knows CE marking under IVDR."
)


@pytest.fixture
def manager(app: APIFlask) -> FlaskClient:
    return signed_in(app, "manager")


def stored(app: APIFlask, initiative_id: str) -> Initiative:
    found = get_initiative(app.extensions["schakel"].store, initiative_id)
    assert found is not None
    return found


def need_fields(page: Any, **changed: Any) -> dict[str, Any]:
    """The fields of the needs form as a browser would send them."""
    text = page.text
    texts = [html.unescape(one) for one in re.findall(r'name="text"[^>]*>([^<]*)</textarea>', text)]
    chosen = [
        [re.search(r'value="([^"]*)" selected', block) for block in re.findall(pattern, text, re.S)]
        for pattern in (r'name="level">(.*?)</select>', r'name="stage">(.*?)</select>')
    ]
    seen = re.search(r'name="seen" value="([^"]*)"', text)
    assert seen
    return {
        "text": texts,
        "level": [one[1] if one else "must" for one in chosen[0]],
        "weight": re.findall(r'name="weight"[^>]*value="([^"]*)"', text),
        "stage": [one[1] if one else "" for one in chosen[1]],
        "due": re.findall(r'name="due"[^>]*value="([^"]*)"', text),
        "seen": seen[1],
        **changed,
    }


def test_from_a_brief_to_needs_members_and_matches(app: APIFlask, manager: FlaskClient) -> None:
    made = post(manager, "/initiatives/new", {"name": "Sensor thuis", "brief": BRIEF, "open": "y"})
    assert made.status_code == 302
    page = get(manager, made.headers["Location"])
    fields = need_fields(page)
    assert any("microfluidic cartridges" in text for text in fields["text"])
    fields["text"][-1], fields["stage"][-1], fields["weight"][-1] = "vacuümtesten", "pilot", "2,5"
    fields["due"][-1], fields["level"][-1] = "2027-05-01", "nice"
    address = made.headers["Location"].removesuffix("/needs")
    assert post(manager, address + "/needs", fields).status_code == 302
    one = stored(app, address.removeprefix("/initiatives/"))
    assert one.needs[-1].text == "vacuümtesten" and one.needs[-1].weight == 2.5
    assert one.needs[-1].level is NeedLevel.NICE and one.needs[-1].stage is Stage.PILOT
    assert str(one.needs[-1].due) == "2027-05-01"
    joined = post(manager, address + "/members", {"organisation": "dijlenano instituut (demo)"})
    assert joined.status_code == 302
    assert stored(app, one.id).member_ids == ("demo:dijlenano",)
    matches = get(manager, address + "/matches")
    assert 'href="/organisations/demo:dijlenano"' not in matches.text
    assert "% </strong>" in matches.text or "%</strong>" in matches.text
    gone = post(manager, address + "/members/remove", {"organisation": "demo:dijlenano"})
    assert gone.status_code == 302
    assert stored(app, one.id).members == ()


def test_a_member_that_is_added_again_keeps_its_date(app: APIFlask, manager: FlaskClient) -> None:
    def added(**fields: str) -> str:
        sent = {"organisation": "demo:vito", **fields}
        page = get(manager, post(manager, NANO + "/members", sent).headers["Location"])
        return str(page.text)

    def since() -> dict[str, str]:
        members = stored(app, "demo:nano-for-health").members
        return {one.organisation_id: str(one.since) for one in members}

    assert "is a member now." in added(since="2024-03-01")
    again = added()
    assert "is a member already." in again and "is a member now." not in again
    assert since()["demo:vito"] == "2024-03-01"
    assert "Stored." in added(since="2025-04-02")
    assert since()["demo:vito"] == "2025-04-02"
    store = app.extensions["schakel"].store
    merge(store, "demo:vito", "demo:trapkar")
    initiatives.join(store, "demo:nano-for-health", "demo:trapkar")  # by the id of what is gone
    assert since()["demo:vito"] == "2025-04-02" and "demo:trapkar" not in since()


def test_more_of_the_matches_are_one_click_away(manager: FlaskClient) -> None:
    def names(page: str) -> list[str]:
        return re.findall(r'<h3><a href="/organisations/([^"]+)"', page)

    first = get(manager, NANO + "/matches?complement=35&alike=&_external=1&initiative_id=x").text
    assert len(names(first)) == 30
    links = [html.unescape(one) for one in re.findall(r'href="([^"]*[?&]show=[^"]*)"', first)]
    assert [one.split("?")[1] for one in links] == [
        "show=50&complement=35&alike=30&across=0",
        "show=100&complement=35&alike=30&across=0",
    ]
    longer = get(manager, links[0]).text
    assert names(longer)[:30] == names(first) and 'value="35"' in longer
    assert len(names(longer)) == 50


def test_two_managers_do_not_overwrite_each_other(app: APIFlask, manager: FlaskClient) -> None:
    page = get(manager, NANO + "/needs")
    fields = need_fields(page)
    fields["text"][0] = "Mijn eigen tekst"
    store = app.extensions["schakel"].store
    initiatives.change(store, "demo:nano-for-health", lambda old: _shorter(old))
    refused = post(manager, NANO + "/needs", fields)
    assert refused.status_code == 422
    assert "Mijn eigen tekst" in refused.text
    assert "Somebody else changed this meanwhile" in refused.text
    again = post(manager, NANO + "/needs", need_fields(refused))
    assert again.status_code == 302
    assert stored(app, "demo:nano-for-health").needs[0].text == "Mijn eigen tekst"


def _shorter(old: Initiative) -> Initiative:
    from dataclasses import replace

    return replace(old, needs=old.needs[1:])


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("weight", "veel", "A weight is a number"),
        ("weight", "-1", "A weight is a number"),
        ("due", "morgen", "A day is written as"),
        ("stage", "nergens", "Choose from the list."),
        ("text", "x" * 2_001, "at most 2000 characters"),
    ],
)
def test_faults_in_needs_lose_nothing(
    app: APIFlask, manager: FlaskClient, column: str, value: str, message: str
) -> None:
    before = stored(app, "demo:nano-for-health")
    fields = need_fields(get(manager, NANO + "/needs"))
    fields[column][0] = value
    fields["text"][-1] = "Ook dit blijft staan"
    page = post(manager, NANO + "/needs", fields)
    assert page.status_code == 422
    assert message in page.text and "Ook dit blijft staan" in page.text
    assert stored(app, "demo:nano-for-health") == before


def test_a_need_marked_to_go_goes(app: APIFlask, manager: FlaskClient) -> None:
    before = stored(app, "demo:nano-for-health")
    fields = need_fields(get(manager, NANO + "/needs"), remove=["0"])
    assert post(manager, NANO + "/needs", fields).status_code == 302
    assert stored(app, "demo:nano-for-health").needs == before.needs[1:]


def test_it_says_how_many_needs_are_stored(manager: FlaskClient) -> None:
    for count, said in ((2, "2 needs are stored."), (1, "1 need is stored.")):
        fields = need_fields(get(manager, NANO + "/needs"))
        gone = [str(at) for at, text in enumerate(fields["text"]) if text.strip()][count:]
        sent = post(manager, NANO + "/needs", {**fields, "remove": gone}, follow_redirects=True)
        assert said in sent.text


def test_the_line_up_meets_its_quotas(manager: FlaskClient) -> None:
    asked = "?size=14&of=sme&value=&least=3&most=&of=country&value=be&least=&most=12"
    page = get(manager, NANO + "/line-up" + asked)
    assert page.status_code == 200
    assert page.text.count('<li class="card">') == 14
    assert "Small and medium-sized: at least 3" in page.text
    assert "Country BE: at most 12" in page.text
    left = re.findall(r'name="exclude" value="([^"]+)"', page.text)[0]
    assert "Fields: " in page.text and "evenly spread: " in page.text
    without = get(manager, f"{NANO}/line-up?size=14&exclude={left}").text
    assert f'value="{left}" checked' in without
    assert f'href="/organisations/{left}"' not in without


def test_an_impossible_line_up_names_the_conditions(manager: FlaskClient) -> None:
    asked = "?size=20&of=country&value=BE&least=&most=1"
    page = get(manager, NANO + "/line-up" + asked)
    assert page.status_code == 200
    assert "These conditions are in each other's way" in page.text
    assert "Country BE: at most 1" in page.text


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("size=veel", "A team has from 1 to 100"),
        ("size=0", "A team has from 1 to 100"),
        ("of=type&value=winkel&least=1&most=", "Say which one to count."),
        ("of=kleur&value=&least=1&most=", "Choose what to count."),
        ("of=sme&value=&least=3&most=1", "At most is less than at least."),
        ("of=sme&value=&least=&most=", "Say how many"),
        ("of=region&value=B%3B&least=1&most=", "a NUTS code such as BE2"),
    ],
)
def test_faults_in_quotas_are_named(manager: FlaskClient, asked: str, message: str) -> None:
    page = get(manager, f"{NANO}/line-up?{asked}")
    assert page.status_code == 422
    assert message in page.text


def test_heat_map_roadmap_and_overlap(manager: FlaskClient) -> None:
    coverage_matrix = get(manager, NANO + "/gaps").text
    assert "Could join" in coverage_matrix and 'class="h' in coverage_matrix
    roadmap = get(manager, NANO + "/roadmap").text
    assert re.search(r"Needs covered: \d+ of \d+\.", roadmap)
    stages = re.findall(r"<li><h3>([^<]+)</h3>", roadmap)
    order = ["Research", "Development", "Pilot", "Production", "Supply", "Market"]
    assert [one for one in stages if one in order] == [one for one in order if one in stages]
    assert "No other initiative wants the same." in get(manager, NANO + "/overlaps").text


def test_changing_settings_and_deleting(app: APIFlask, manager: FlaskClient) -> None:
    page = get(manager, NANO + "/settings")
    mark = re.search(r'name="seen"[^>]*value="([^"]+)"', page.text)
    assert mark
    sent = {"name": "Nano", "brief": "Kort", "seen": mark[1]}
    assert post(manager, NANO + "/settings", sent).status_code == 302
    changed = stored(app, "demo:nano-for-health")
    assert (changed.name, changed.brief, changed.open) == ("Nano", "Kort", False)
    assert changed.members
    stale = post(manager, NANO + "/settings", {**sent, "name": "Anders"})
    assert stale.status_code == 422 and "Somebody else changed this" in stale.text
    post(manager, NANO + "/delete", {"name": "verkeerd"})
    assert stored(app, "demo:nano-for-health").name == "Nano"
    post(manager, NANO + "/delete", {"name": "Nano"})
    assert get_initiative(app.extensions["schakel"].store, "demo:nano-for-health") is None


def test_members_read_and_managers_write(app: APIFlask, client: FlaskClient) -> None:
    member = signed_in(app, "member")
    for page in ("matches", "gaps", "line-up", "roadmap", "overlaps"):
        assert get(member, f"{NANO}/{page}").status_code == 200
        assert get(client, f"{NANO}/{page}").status_code == 302
    for page in ("needs", "members", "settings"):
        assert get(member, f"{NANO}/{page}").status_code == 403
        assert post(member, f"{NANO}/{page}", {"name": "x"}).status_code == 403
    assert get(member, "/initiatives/demo:bestaat-niet/gaps").status_code == 404
    before = len(list_initiatives(app.extensions["schakel"].store))
    assert post(client, "/initiatives/new", {"name": "x"}).status_code == 302
    assert len(list_initiatives(app.extensions["schakel"].store)) == before
