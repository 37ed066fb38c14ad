from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from matcher.accounts import accounts
from matcher.domain import Contact, Initiative, Need, Question, Stage
from matcher.introductions.access import Party
from matcher.introductions.requests import IntroductionRequest, request_introduction
from matcher.match_lists import lists
from matcher.matching.question import serialise
from matcher.store import Store
from matcher.store.initiatives import save_initiative
from matcher.web import overview
from tests.web.users import get, post, signed_in

MESSAGE = "Wij zoeken een partner voor een proefproject in de thuiszorg."


@pytest.fixture
def store(app: APIFlask) -> Store:
    found: Store = app.extensions["schakel"].store
    return found


def part(page: str, begin: str, end: str) -> str:
    """What stands between two headings."""
    start = page.index(f"<h2>{begin}</h2>")
    return page[start : page.index(f"<h2>{end}</h2>", start)]


def keep(client: FlaskClient, name: str = "Fietsen") -> str:
    question = json.dumps(serialise(Question(text="vrachtfietsen", limit=5)))
    address: str = post(client, "/lists", {"name": name, "question": question}).headers["Location"]
    return address


def test_initiatives_with_coverage_and_the_missing_link(app: APIFlask) -> None:
    manager = signed_in(app, "manager")
    shown = part(get(manager, "/overview").text, "Initiatives", "Waiting for you")
    nano = shown[shown.index("Nano for Health") :].partition("</tr>")[0]
    assert re.findall(r'badge status-missing">(\w+)<', nano) == ["Pilot", "Production"]
    report = app.extensions["schakel"].initiatives.gaps("demo:nano-for-health")
    coverage = report.coverage
    members, reachable = (round(share * 100) for share in (coverage.members, coverage.reachable))
    assert re.findall(r">(\d+) %<", nano) == [str(members), str(reachable)]
    fisch = shown[shown.index("FISCH") :].partition("</tr>")[0]
    assert "status-missing" not in fisch and "<td>none</td>" in fisch


def test_an_initiative_without_members_lacks_what_it_needs(app: APIFlask, store: Store) -> None:
    needs = (Need("test runs", stage=Stage.PILOT), Need("someone"))
    save_initiative(store, Initiative("x:new", "Aa", "", needs=needs))
    shown = part(get(signed_in(app, "member"), "/overview").text, "Initiatives", "Waiting for you")
    new = shown[shown.index("/initiatives/x:new") :].partition("</tr>")[0]
    assert "<td>2 must-have needs not covered</td>" in new and "status-missing" not in new


def test_my_initiatives_come_first_where_there_are_any(app: APIFlask) -> None:
    manager = signed_in(app, "manager")
    page = get(manager, "/overview").text
    assert re.search(r'aria-current="page">All of them \(\d+\)<', page)
    mine = get(manager, "/overview?initiatives=mine").text
    assert "You have not written an initiative" in mine and "Nano for Health" not in part(
        mine, "Initiatives", "Waiting for you"
    )
    post(manager, "/lists", {"name": "L", "initiative": "demo:fisch", "question": ""})
    page = part(get(manager, "/overview").text, "Initiatives", "Waiting for you")
    assert 'aria-current="page">Mine (1)<' in page
    assert "FISCH" in page and "Nano for Health" not in page
    page = part(get(manager, "/overview?initiatives=all").text, "Initiatives", "Waiting for you")
    assert "FISCH" in page and "Nano for Health" in page


def test_many_initiatives_have_pages(app: APIFlask, store: Store) -> None:
    for number in range(overview.MAX_INITIATIVES + 1):
        save_initiative(store, Initiative(f"x:{number:02}", f"Aa {number:02}", ""))
    member = signed_in(app, "member")
    first, second = (
        set(re.findall(r'href="/initiatives/([^"/]+)"', get(member, f"/overview?page={page}").text))
        for page in (1, 2)
    )
    assert {f"x:{number:02}" for number in range(overview.MAX_INITIATIVES)} <= first
    assert "x:12" in second and "x:12" not in first and "x:00" not in second
    assert "no needs yet" in get(member, "/overview").text
    assert get(member, "/overview?page=999999999999&initiatives=%27").status_code == 200


def mark(client: FlaskClient, address: str) -> str:
    """The mark of the first row of a match list."""
    found = re.search(
        r'name="id" value="demo:trapkar"><[^>]*name="seen" value="([^"]+)"',
        get(client, address).text,
    )
    assert found is not None
    return found[1]


def test_what_waits_and_how_lists_stand(app: APIFlask, store: Store) -> None:
    manager = signed_in(app, "manager")
    page = get(manager, "/overview").text
    assert "Nothing waits for you." in page and "No list is kept yet." in page
    assert "Nobody was asked for an introduction yet." in page
    address = keep(manager)
    (me,) = lists.colleagues(store)
    sent = {"id": ["demo:trapkar"], "status": ["approached"], "note": [""], "assigned": [str(me)]}
    post(manager, address + "/entries", {**sent, "seen": [mark(manager, address)]})
    page = get(manager, "/overview").text
    waiting = part(page, "Waiting for you", "Match lists")
    assert "Trapkar Cargo (demo)" in waiting and f'href="{address}"' in waiting
    assert "Approached" in waiting
    counts = part(page, "Match lists", "Introductions")
    assert re.findall(r'row">(\w+)</th><td class="number">(\d)<', counts) == [
        ("Proposed", "0"), ("Approached", "1"), ("Interested", "0"), ("Declined", "0"),
        ("Joined", "0"),
    ]  # fmt: skip
    changed = page[page.index("What changed last") :]
    assert re.search(r'Match followed up: <a href="/lists/\w+">Fietsen</a>', changed)
    assert "Manager, " in changed and "@example.org" not in changed
    sent["status"] = ["joined"]
    post(manager, address + "/entries", {**sent, "seen": [mark(manager, address)]})
    assert "Nothing waits for you." in get(manager, "/overview").text


def test_introductions_that_i_asked_for_wait_for_me(app: APIFlask, store: Store) -> None:
    manager, member = signed_in(app, "manager"), signed_in(app, "member")
    (me,) = [one for one in accounts.list_accounts(store) if one.role.value == "manager"]
    asked = request_introduction(
        store,
        IntroductionRequest("demo:trapkar", MESSAGE, Contact("M", me.email)),
        actor=Party(account=me),
    )
    page = get(manager, "/overview").text
    waiting = part(page, "Waiting for you", "Match lists")
    assert f'href="/introductions/{asked}">Trapkar Cargo (demo)</a>' in waiting
    assert "Introduction: Asked" in waiting
    states = part(page, "Introductions", "Missed chances")
    assert '<a href="/introductions?state=asked">Asked</a></th><td class="number">1<' in states
    table = page[page.index("Week of") :].partition("</table>")[0]
    assert re.findall(r">(\d+)</td>", table)[-4:][2:] == ["1", "0"]
    seen = get(member, "/overview").text
    assert "Trapkar" not in part(seen, "Waiting for you", "Match lists")
    assert "Introduction asked for:" not in seen
    assert "Nobody was asked for an introduction yet." in seen


def test_accounts_and_passwords_are_not_among_what_changed(app: APIFlask) -> None:
    member = signed_in(app, "member")
    page = get(member, "/overview").text
    changed = page[page.index("What changed last") :]
    assert "account." not in changed and "signed-in" not in changed and "@" not in changed


def test_who_may_not_see_the_overview(app: APIFlask) -> None:
    for address in ("/overview", "/overview/missed-chances", "/overview/overlaps"):
        asked = app.test_client().get(address)
        assert asked.status_code == 302 and "/sign-in" in asked.headers["Location"]


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


def test_missed_chances_are_sorted_quoted_and_paged(
    app: APIFlask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overview, "PAGE", 3)
    member = signed_in(app, "member")
    answer = (
        app.extensions["schakel"]
        .insights.unrealised_matches(overview.Scope("BE2"), overview.MAX_PAIRS)
        .results
    )
    names: list[str] = []
    for page in (1, 2):
        text = get(member, f"/overview/missed-chances?region=BE2&page={page}").text
        names += re.findall(r'<h2 class="pair-name"><a href="/organisations/([^"]+)"', text)
        assert f"Page {page} of {-(-len(answer) // 3)}" in text
        assert "region=BE2" in text.partition('class="pages"')[2]
    assert names == [pair.one.id for pair in answer[:6]]
    assert [pair.score for pair in answer] == sorted((pair.score for pair in answer), reverse=True)
    first = get(member, "/overview/missed-chances?region=BE2").text
    assert answer[0].because[0].need.text[:60] in first
    last = get(member, "/overview/missed-chances?region=BE2&page=99999999")
    assert last.status_code == 200 and 'class="pair-name"' in last.text


def test_a_large_corpus_does_not_keep_the_overview_waiting(
    app: APIFlask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overview, "SMALL_CORPUS", 1)
    insights = app.extensions["schakel"].insights
    worked_out: list[Any] = []
    compute = insights.unrealised_matches
    monkeypatch.setattr(
        insights, "unrealised_matches", lambda *asked: worked_out.append(asked) or compute(*asked)
    )
    member = signed_in(app, "member")
    missed = part(get(member, "/overview").text, "Missed chances", "Overlap")
    assert "that happens on their own page" in missed and "asks for" not in missed
    assert worked_out == []
    assert get(member, "/overview/missed-chances").status_code == 200
    missed = part(get(member, "/overview").text, "Missed chances", "Overlap")
    assert missed.count('class="pair-name"') == overview.MAX_PREVIEWED and "asks for" in missed
    assert len(worked_out) == 1


def test_an_initiative_that_is_deleted_meanwhile(
    app: APIFlask, monkeypatch: pytest.MonkeyPatch
) -> None:
    ghost = Initiative("x:gone", "Gone", "")
    several = [ghost, *overview.list_initiatives(app.extensions["schakel"].store)]
    monkeypatch.setattr(overview, "list_initiatives", lambda _store: several)
    page = get(signed_in(app, "member"), "/overview")
    assert page.status_code == 200 and "x:gone" not in page.text


def test_many_initiatives_do_not_keep_the_overview_waiting(
    app: APIFlask, monkeypatch: pytest.MonkeyPatch, store: Store
) -> None:
    needs = (Need("Spuitgieten van microfluïdische cartridges", stage=Stage.PRODUCTION),)
    for name in ("aa", "bb"):
        save_initiative(store, Initiative(f"x:{name}", name, "", needs))
    monkeypatch.setattr(overview, "FEW_INITIATIVES", 1)
    member = signed_in(app, "member")
    shown = part(get(member, "/overview").text, "Overlap", "Activity")
    assert "With this many initiatives" in shown and "pair-name" not in shown
    assert "100 % the same" in get(member, "/overview/overlaps").text
    shown = part(get(member, "/overview").text, "Overlap", "Activity")
    assert "100 % the same" in shown and "With this many initiatives" not in shown


def test_overlaps_name_both_and_what_is_the_same(app: APIFlask) -> None:
    member = signed_in(app, "member")
    answer = app.extensions["schakel"].insights.overlaps(overview.Scope(), overview.MAX_PAIRS)
    page = get(member, "/overview/overlaps").text
    assert f"{answer.total} found" in page
    named = re.findall(r'class="pair-name"><a href="/initiatives/([^"]+)"', page)
    assert named == [pair.one.id for pair in answer.results]


def test_an_empty_service_has_an_overview(
    tmp_path: Path, make_app: Callable[..., APIFlask]
) -> None:
    manager = signed_in(make_app(tmp_path / "empty"), "manager")
    page = get(manager, "/overview")
    assert page.status_code == 200 and "There are no initiatives yet." in page.text
    assert "Nothing yet." in page.text
    missed = get(manager, "/overview/missed-chances")
    assert "No organisation has stated a need yet" in missed.text
    assert "0 found" in get(manager, "/overview/overlaps").text


def test_names_are_escaped(app: APIFlask, store: Store) -> None:
    save_initiative(store, Initiative("x:b", "<b>Bold</b>", ""))
    manager = signed_in(app, "manager")
    keep(manager, "<script>alert(1)</script>")
    page = get(manager, "/overview?initiatives=all").text
    assert "&lt;b&gt;Bold" in page and "<b>Bold" not in page
    assert "<script>alert" not in page and "&lt;script&gt;alert" in page


@pytest.mark.parametrize(
    ("language", "written"),
    [
        ("nl", "9 nov 2026"),
        ("fr", "9 nov. 2026"),
        ("de", "9. Nov. 2026"),
        ("en", "9 Nov 2026"),
    ],
)
def test_days_are_written_as_their_language_does(
    app: APIFlask, language: str, written: str
) -> None:
    with app.test_request_context(f"/?lang={language}"):
        assert overview.day(date(2026, 11, 9)) == written
        assert overview.day(datetime(2026, 11, 9, 23, 59, tzinfo=UTC)) == written
