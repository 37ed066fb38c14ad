from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from openpyxl import load_workbook
from sqlalchemy import update

from matcher.accounts import accounts
from matcher.domain import Need, Question
from matcher.match_lists import lists
from matcher.match_lists.actions import MAX_MATCHES
from matcher.matching.question import serialise
from matcher.organisations import actions as organisations
from matcher.organisations.duplicates import merge
from matcher.spreadsheets import neutral
from matcher.store import Store
from matcher.store.account_tables import AuditRow, ShareRow
from matcher.web import forms, initiative_answers
from tests.web.users import account, get, post, signed_in

QUESTION = Question(text="vrachtfietsen met koelbox", limit=8)


@pytest.fixture
def store(app: APIFlask) -> Store:
    found: Store = app.extensions["schakel"].store
    return found


@pytest.fixture
def manager(app: APIFlask) -> FlaskClient:
    return signed_in(app, "manager")


def made(client: FlaskClient, **fields: str) -> str:
    sent = {"name": "Koelfietsen", "question": json.dumps(serialise(QUESTION)), **fields}
    saved = post(client, "/lists", sent)
    assert saved.status_code == 302
    return str(saved.headers["Location"])


def ids(page: Any) -> list[str]:
    return re.findall(r'name="id" value="([^"]+)"', page.text)


def entry(page: Any, number: int, **written: str) -> dict[str, Any]:
    known = ids(page)
    return {
        "id": [known[number]],
        "status": [written.get("status", "proposed")],
        "note": [written.get("note", "")],
        "assigned": [written.get("assigned", "")],
        "seen": [
            re.findall(r'name="id"[^>]*><[^>]*name="seen" value="([^"]+)"', page.text)[number]
        ],
    }


def whole(page: Any) -> dict[str, list[str]]:
    """All rows of a page as a browser would send them."""
    rows = page.text.split('<ol class="matches kept">')[1].split("</ol>")[0]
    picked = [
        [re.search(r'value="([^"]*)" selected', one) for one in re.findall(pattern, rows, re.S)]
        for pattern in (r'name="status">(.*?)</select>', r'name="assigned">(.*?)</select>')
    ]
    notes = re.findall(r'name="note"[^>]*>([^<]*)</textarea>', rows)
    return {
        "id": ids(page),
        "status": [one[1] if one else "" for one in picked[0]],
        "assigned": [one[1] if one else "" for one in picked[1]],
        "note": [unescape(one) for one in notes],
        "seen": re.findall(r'name="seen" value="([^"]+)"', rows),
    }


def test_a_list_is_saved_annotated_and_filtered(manager: FlaskClient, store: Store) -> None:
    address = made(manager)
    page = get(manager, address)
    first = ids(page)[0]
    assert first == "demo:trapkar" and "vrachtfietsen met uitneembare koelbox" in page.text
    (me,) = lists.colleagues(store)
    written = entry(page, 0, status="approached", note="Gebeld", assigned=str(me))
    assert post(manager, address + "/entries", written).status_code == 302
    assert ids(get(manager, address + "?status=approached")) == [first]
    page = get(manager, address)
    assert "Gebeld" in page.text and f'<option value="{me}" selected>Manager' in page.text
    assert "1" in get(manager, "/lists").text
    with store.reading() as session:
        logged = {(row.actor, row.action) for row in session.query(AuditRow)}
    assert ("account:manager@example.org", "list.entry") in logged


def test_a_list_stores_all_that_the_longest_page_shows(manager: FlaskClient) -> None:
    shown = get(manager, "/matches?text=vrachtfietsen&show=100").text
    names = re.findall(r'<h2><a href="/organisations/([^"]+)"', shown)
    assert len(names) > 50
    question = re.search(r'name="question" value="([^"]+)"', shown)
    assert question is not None
    assert ids(get(manager, made(manager, question=unescape(question[1])))) == names
    assert max(forms.LENGTHS) == max(initiative_answers.LENGTHS) == MAX_MATCHES


def test_two_people_do_not_overwrite_each_other(app: APIFlask, manager: FlaskClient) -> None:
    address = made(manager)
    other = signed_in(app, "administrator")
    mine, theirs = whole(get(manager, address)), whole(get(other, address))
    mine["note"] = [f"Van mij\r\n{at}" if at < 6 else "" for at in range(len(mine["id"]))]
    mine["status"][0] = "approached"
    assert post(manager, address + "/entries", mine).status_code == 302
    theirs["note"][7] = "Van haar"
    assert post(other, address + "/entries", theirs).status_code == 302
    page = whole(get(manager, address))
    assert [one.replace("\n", "\r\n") for one in page["note"]] == [*mine["note"][:7], "Van haar"]
    assert page["status"][0] == "approached"
    # Both change the first row: hers isn't stored over mine, and comes again.
    theirs["note"][0], theirs["note"][6] = "Ook van haar", "Ernaast"
    refused = post(other, address + "/entries", theirs)
    assert refused.status_code == 422
    assert "Somebody else changed rows that you changed." in refused.text
    assert "Stored now: Approached, followed up by –. <q>Van mij\n0</q>" in refused.text
    shown, stored = whole(refused), whole(get(manager, address))
    assert shown["note"][0] == "Ook van haar" and shown["status"][0] == "proposed"
    assert stored["note"][0] == "Van mij\n0" and stored["note"][6] == "Ernaast"
    assert shown["note"][1:] == stored["note"][1:] and shown["seen"] == stored["seen"]
    assert refused.text.count("Stored now") == 1
    assert post(other, address + "/entries", shown).status_code == 302
    again = whole(get(manager, address))
    assert again["note"] == shown["note"] and again["status"][0] == "proposed"
    # What both wrote alike is no reason to ask.
    assert post(manager, address + "/entries", {**shown, "seen": mine["seen"]}).status_code == 302


def test_rows_that_nobody_changed_are_not_written(
    app: APIFlask, manager: FlaskClient, store: Store
) -> None:
    address = made(manager)
    gone = account(app, "member", "weg@example.org")
    written = entry(get(manager, address), 0, note="Gebeld", assigned=str(gone.id))
    post(manager, address + "/entries", written)
    accounts.change(store, gone.id, actor="command", active=False)
    assert post(manager, address + "/entries", whole(get(manager, address))).status_code == 302
    found = lists.get(store, address.rpartition("/")[2], reader=None)
    assert found is not None
    assert {one: each.account_id for one, each in found.entries.items()} == {
        written["id"][0]: gone.id
    }


def test_rows_of_an_older_version_and_of_one_status(manager: FlaskClient) -> None:
    address = made(manager)
    offers = [{"text": QUESTION.text}]
    newcomer = {"id": "org:nieuw", "name": "Nieuw", "type": "company", "offers": offers}
    assert manager.post("/api/v1/organisations", json=newcomer).status_code == 201
    post(manager, address + "/renew")
    older = address + "?version=1&status=proposed"
    sent = whole(get(manager, older))
    (only_there,) = set(sent["id"]) - set(ids(get(manager, address)))
    at = sent["id"].index(only_there)
    action = re.search(r'action="([^"]+/entries[^"]*)"', get(manager, older).text)
    assert action is not None
    sent["note"][at] = "Uit de oude versie"
    assert post(manager, unescape(action[1]), sent).status_code == 302
    now = whole(get(manager, older))
    post(manager, unescape(action[1]), {**now, "status": ["declined"] * len(now["id"])})
    sent["note"][at] = "Intussen anders"
    refused = post(manager, unescape(action[1]), sent)
    assert refused.status_code == 422 and ids(refused) == [only_there]
    assert "Intussen anders" in refused.text


def test_name_and_note_of_a_list_are_not_overwritten_unseen(manager: FlaskClient) -> None:
    address = made(manager)
    early = re.findall(r'name="seen" value="([^"]+)"', get(manager, address).text)[-1]
    first = {"name": "Fietsen", "note": "Van mij", "seen": early}
    assert post(manager, address + "/describe", first).status_code == 302
    refused = post(manager, address + "/describe", {**first, "note": "Van haar"})
    assert refused.status_code == 422 and "Somebody else changed this" in refused.text
    assert ">Van haar</textarea>" in refused.text
    assert '<p class="asked">Van mij</p>' in get(manager, address).text
    fresh = re.findall(r'name="seen" value="([^"]+)"', refused.text)[-1]
    post(manager, address + "/describe", {**first, "note": "Van haar", "seen": fresh})
    assert '<p class="asked">Van haar</p>' in get(manager, address).text


def test_asking_again_gives_a_version_only_when_something_differs(
    manager: FlaskClient, store: Store
) -> None:
    address = made(manager)
    assert post(manager, address + "/renew").headers["Location"] == address
    organisations.remove(store, "demo:trapkar")
    renewed = post(manager, address + "/renew")
    assert renewed.headers["Location"] == address + "/compare?old=1&new=2"
    page = get(manager, renewed.headers["Location"])
    assert "new on the list" in page.text and "went up" in page.text
    assert "Trapkar" not in page.text  # who is gone is gone from old versions too


def test_what_was_written_stays_from_version_to_version(manager: FlaskClient, store: Store) -> None:
    address = made(manager)
    page = get(manager, address)
    last = ids(page)[-1]
    post(manager, address + "/entries", entry(page, -1, status="interested", note="Blijft staan"))
    organisations.remove(store, ids(page)[0])
    post(manager, address + "/renew")
    page = get(manager, address)
    assert last in ids(page) and "Blijft staan" in page.text


def test_exports_hold_the_same_and_no_formulas(manager: FlaskClient) -> None:
    address = made(manager)
    page = get(manager, address)
    post(manager, address + "/entries", entry(page, 0, note='=HYPERLINK("http://x")'))
    rows = list(csv.DictReader(io.StringIO(get(manager, address + "/export.csv").text[1:])))
    assert [row["Id"] for row in rows] == ids(page)
    assert rows[0]["Note"] == '\'=HYPERLINK("http://x")'
    assert rows[0]["Kind"] == "Company" and rows[0]["Status"] == "Proposed"
    book = load_workbook(io.BytesIO(get(manager, address + "/export.xlsx").data))
    sheet = book.worksheets[0]
    head = [cell.value for cell in sheet[1]]
    assert [row[head.index("Id")].value for row in sheet.iter_rows(min_row=2)] == ids(page)
    note = sheet.cell(2, head.index("Note") + 1)
    assert note.data_type == "s" and str(note.value).startswith("'=")
    whole = json.loads(get(manager, address + "/export.json").data)
    assert [one["id"] for one in whole["results"]] == ids(page)
    assert whole["results"][0]["status"] == "proposed"
    written = get(manager, address + "/export.pdf")
    assert written.data.startswith(b"%PDF-")
    assert written.headers["Content-Disposition"] == 'attachment; filename="Koelfietsen.pdf"'
    assert get(manager, address + "/export.exe").status_code == 404


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx", " =1"])
def test_cells_that_look_like_formulas_are_neutralised(text: str) -> None:
    assert neutral(text) == f"'{text}"
    assert neutral("a=1") == "a=1" and neutral(-1.5) == -1.5


def test_a_share_link_shows_matches_and_nothing_that_people_wrote(
    manager: FlaskClient, client: FlaskClient, store: Store
) -> None:
    address = made(manager)
    page = get(manager, address)
    post(manager, address + "/entries", entry(page, 0, status="declined", note="Geheim"))
    post(manager, address + "/share", {"days": "7"})
    page = get(manager, address)
    link = re.search(r"/shared/[\w-]+", page.text)
    assert link is not None
    assert link[0] not in get(manager, address).text  # shown once
    seen = get(client, link[0])
    assert seen.status_code == 200 and "koelbox" in seen.text
    assert seen.headers["X-Robots-Tag"] == "noindex"
    for kind in ("csv", "json"):
        file = get(client, f"{link[0]}/export.{kind}").text
        assert "Geheim" not in file and "eclined" not in file and "koelbox" in file
    assert "Geheim" not in seen.text and "Declined" not in seen.text
    mark = re.search(r'name="mark" value="([^"]+)"', page.text)
    assert mark is not None
    post(manager, address + "/unshare", {"mark": mark[1]})
    assert get(client, link[0]).status_code == 410
    assert get(client, "/shared/" + "x" * 43).status_code == 410


def test_a_share_link_expires(manager: FlaskClient, client: FlaskClient, store: Store) -> None:
    address = made(manager)
    post(manager, address + "/share", {"days": "30"})
    link = re.search(r"/shared/[\w-]+", get(manager, address).text)
    assert link is not None
    with store.keeping() as session:
        session.execute(update(ShareRow).values(expires=datetime.now(UTC) - timedelta(seconds=1)))
    assert get(client, link[0]).status_code == 410


def test_members_see_their_own_lists_and_managers_all(app: APIFlask, manager: FlaskClient) -> None:
    member = signed_in(app, "member")
    theirs, mine = made(manager), made(member, name="Van het lid")
    assert get(member, theirs).status_code == 404
    assert post(member, theirs + "/delete", {"sure": "on"}).status_code == 404
    assert "Koelfietsen" not in get(member, "/lists").text
    assert get(manager, mine).status_code == 200
    assert post(manager, mine + "/delete", {"sure": "on"}).status_code == 403
    post(member, mine + "/delete")
    assert get(member, mine).status_code == 200
    post(member, mine + "/delete", {"sure": "on"})
    assert get(member, mine).status_code == 404


def test_the_matches_of_an_initiative_are_saved(manager: FlaskClient) -> None:
    shown = get(manager, "/initiatives/demo:nano-for-health/matches").text
    form = shown[shown.index('class="keep"') :].partition("</form>")[0]
    hidden = re.findall(r'name="(question|initiative)" value="([^"]+)"', form)
    fields = {name: unescape(value) for name, value in hidden}
    saved = post(manager, "/lists", {"name": "Nano", **fields})
    page = get(manager, saved.headers["Location"])
    assert 'href="/initiatives/demo:nano-for-health"' in page.text
    assert "demo:dijlenano" not in ids(page)  # a member already
    elsewhere = {"name": "Nano", **fields, "initiative": "demo:bestaat-niet"}
    assert post(manager, "/lists", elsewhere).status_code == 422
    assert post(manager, "/lists", {"name": "Nano"}).status_code == 422


@pytest.mark.parametrize(
    "question",
    [
        "geen json",
        "[]",
        "{}",
        json.dumps({**asdict(QUESTION), "text": "x", "members": ["demo:bestaat-niet"]}),
        json.dumps(serialise(replace(QUESTION, complement=7.0))),
        json.dumps(serialise(replace(QUESTION, limit=-1))),
        json.dumps(serialise(replace(QUESTION, limit=100_000))),
        json.dumps(serialise(replace(QUESTION, needs=(Need("x", weight=float("inf")),)))),
        json.dumps({**serialise(QUESTION), "text": 5}),
        json.dumps({**serialise(QUESTION), "members": [10**30]}),
        json.dumps({**serialise(QUESTION), "filters": {"sectors": [None]}}),
        "[" * 5_000,
        "x" * 100_001,
    ],
)
def test_questions_that_cannot_be_saved(manager: FlaskClient, question: str) -> None:
    assert post(manager, "/lists", {"name": "x", "question": question}).status_code == 422
    assert "No list is kept yet" in get(manager, "/lists").text


def test_a_merged_organisation_keeps_its_place_and_notes(
    manager: FlaskClient, store: Store
) -> None:
    address = made(manager)
    page = get(manager, address)
    gone, kept = ids(page)[0], "demo:dijlenano"
    assert kept not in ids(page)
    post(manager, address + "/entries", entry(page, 0, note="Verhuist mee"))
    merge(store, kept, gone)
    page = get(manager, address)
    assert ids(page)[0] == kept and gone not in ids(page) and "Verhuist mee" in page.text
    organisations.remove(store, kept)
    page = get(manager, address)
    assert kept not in ids(page) and "Verhuist mee" not in page.text


@pytest.mark.parametrize("number", ["9" * 20, "-" + "9" * 20, "0"])
def test_versions_that_cannot_be(manager: FlaskClient, number: str) -> None:
    address = made(manager)
    for asked in (f"?version={number}", f"/compare?old={number}", f"/compare?new={number}"):
        assert get(manager, address + asked).status_code == 404


@pytest.mark.parametrize("number", ["²", "9" * 5_000, "-1", "x"])
def test_nobody_of_that_number_follows_up(manager: FlaskClient, number: str) -> None:
    address = made(manager)
    page = get(manager, address)
    written = entry(page, 0, note="Gebeld", assigned=number)
    assert post(manager, address + "/entries", written).status_code == 302
    page = get(manager, address)
    assert "Gebeld" in page.text
    assert not re.search(r'<option value="\d+" selected>', page.text)


def test_names_are_escaped(manager: FlaskClient) -> None:
    address = made(manager, name="<script>alert(1)</script>")
    assert "<script>alert(1)" not in get(manager, address).text
    assert "<script>alert(1)" not in get(manager, "/lists").text
