from __future__ import annotations

import json
import re
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from sqlalchemy import update

from matcher.domain import Question
from matcher.services.building import build_index
from matcher.services.people import introductions, profiles
from matcher.services.questions import packed
from matcher.store import Store
from matcher.store.initiatives import get_initiative
from matcher.store.people import IntroductionRow, IntroductionStepRow, ProfileRow, TokenRow
from tests.mails import mails
from tests.web.users import get, post, signed_in

ORGANISATION = {
    "id": "org:gevraagd",
    "name": "Gevraagd bv",
    "type": "company",
    "contact": {"name": "Griet", "email": "griet@gevraagd.example", "phone": "+32 9 000 00 00"},
    "offers": [{"text": "spuitgieten van cartridges"}],
}
WISH = {
    "organisation": "org:gevraagd",
    "initiative": "demo:nano-for-health",
    "need": "spuitgieten",
    "message": "Wij zoeken iemand die cartridges in serie kan maken.",
    "name": "Mia Manager",
    "email": "mia@cluster.example",
}
ANSWER = {"name": "Griet", "email": "griet@gevraagd.example", "phone": "", "note": "Graag!"}


@pytest.fixture
def store(app: APIFlask, client: FlaskClient) -> Store:
    assert client.post("/api/v1/organisations", json=ORGANISATION).status_code == 201
    found: Store = app.extensions["schakel"].store
    return found


@pytest.fixture
def manager(app: APIFlask, store: Store) -> FlaskClient:
    return signed_in(app, "manager")


def asked(client: FlaskClient, home: Path, **changed: str) -> tuple[str, str]:
    """Ask; return the address of the introduction and the path of its link."""
    sent = post(client, "/introductions/new", {**WISH, **changed})
    assert sent.status_code == 302, re.findall(r'class="error"[^>]*>([^<]+)', sent.text)
    text = next(one.text for one in mails(home)[::-1] if "/introductions/answer/" in one.text)
    link = re.search(r"/introductions/answer/\S+", text)
    assert link is not None
    return sent.headers["Location"], link[0]


def test_contacts_are_shown_when_both_sides_agree(
    app: APIFlask, manager: FlaskClient, client: FlaskClient, home: Path, store: Store
) -> None:
    mine, link = asked(manager, home)
    ((to, _subject, text),) = mails(home)
    assert to == "griet@gevraagd.example" and WISH["message"] in text
    assert "mia@cluster.example" not in text
    seen = get(client, link)
    assert WISH["message"] in seen.text and "mia@cluster.example" not in seen.text
    assert "griet@gevraagd.example" not in get(manager, mine).text
    assert post(client, link, {**ANSWER, "accept": "1"}).status_code == 302
    assert "mia@cluster.example" in get(client, link).text
    theirs = get(manager, mine).text
    assert "griet@gevraagd.example" in theirs and "Graag!" in theirs and "Accepted" in theirs
    assert sorted(one.to for one in mails(home)) == [
        "griet@gevraagd.example",
        "manager@example.org",
    ]
    assert "griet@" not in get(signed_in(app, "member"), mine).text
    assert post(client, link, {**ANSWER, "decline": "1"}).status_code == 422  # answered once
    closed = post(manager, mine, {"outcome": "joined", "member": "on"})
    assert closed.status_code == 302
    initiative = get_initiative(store, "demo:nano-for-health")
    assert initiative is not None and "org:gevraagd" in initiative.member_ids


def test_after_a_no_nobody_sees_anything(
    manager: FlaskClient, client: FlaskClient, home: Path, store: Store
) -> None:
    mine, link = asked(manager, home)
    post(client, link, {**ANSWER, "decline": "1", "note": "Geen tijd"})
    pages = [get(client, link).text, get(manager, mine).text]
    for page in pages:
        assert "mia@cluster" not in page and "griet@gevraagd" not in page
        assert "Geen tijd" in page and "Declined" in page
    with store.reading() as session:
        (row,) = session.query(IntroductionRow)
    assert row.contact == {}


def test_an_acceptance_can_be_taken_back(
    manager: FlaskClient, client: FlaskClient, home: Path
) -> None:
    mine, link = asked(manager, home)
    post(client, link, {**ANSWER, "accept": "1"})
    post(client, link, {"back": "1"})
    assert "griet@gevraagd" not in get(manager, mine).text
    assert "mia@cluster" not in get(client, link).text


def test_accepting_needs_a_contact(manager: FlaskClient, client: FlaskClient, home: Path) -> None:
    _mine, link = asked(manager, home)
    page = post(client, link, {"accept": "1", "name": "Griet", "note": "Blijft staan"})
    assert page.status_code == 422
    assert "Give an e-mail address or a telephone number." in page.text
    assert "Blijft staan" in page.text


def test_a_request_is_taken_back(manager: FlaskClient, client: FlaskClient, home: Path) -> None:
    mine, link = asked(manager, home)
    post(manager, mine, {"outcome": "withdrawn"})
    assert "Taken back" in get(client, link).text
    assert post(client, link, {**ANSWER, "accept": "1"}).status_code == 422
    post(manager, mine, {"outcome": "joined"})
    assert "Taken back" in get(manager, mine).text


def test_bounds(
    app: APIFlask, manager: FlaskClient, client: FlaskClient, home: Path, store: Store
) -> None:
    _mine, link = asked(manager, home)
    twice = post(manager, "/introductions/new", WISH)
    assert twice.status_code == 422 and "has been asked already" in twice.text
    short = post(manager, "/introductions/new", {**WISH, "message": "kort"})
    assert short.status_code == 422 and "from 20 to 3,000" in short.text
    post(client, link, {"decline": "1", "never": "y"})
    again = post(manager, "/introductions/new", WISH)
    assert again.status_code == 422 and "want to be asked" in again.text
    with store.keeping() as session:
        session.execute(
            update(IntroductionStepRow)
            .where(IntroductionStepRow.step == "never")
            .values(step="declined")
        )
    introductions.A_DAY["account"], before = 1, introductions.A_DAY["account"]
    try:
        many = post(manager, "/introductions/new", WISH)
    finally:
        introductions.A_DAY["account"] = before
    assert many.status_code == 422 and "enough for one day" in many.text
    assert post(manager, "/introductions/new", {**WISH, "organisation": "x:y"}).status_code == 404


def test_links_expire_and_can_be_passed_on_by_hand(
    manager: FlaskClient, client: FlaskClient, store: Store
) -> None:
    unknown = {**ORGANISATION, "id": "org:stil", "contact": None}
    client.post("/api/v1/organisations", json=unknown)
    page = post(manager, "/introductions/new", {**WISH, "organisation": "org:stil"})
    assert page.status_code == 200 and "Pass this link on yourself" in page.text
    link = re.search(r"/introductions/answer/[\w-]+", page.text)
    assert link is not None
    assert get(client, link[0]).status_code == 200
    with store.keeping() as session:
        session.execute(update(TokenRow).values(expires=datetime.now(UTC) - timedelta(seconds=1)))
    assert get(client, link[0]).status_code == 410
    assert post(client, link[0], {"accept": "1"}).status_code == 410


def test_match_lists_follow(manager: FlaskClient, client: FlaskClient, home: Path) -> None:
    question = json.dumps(packed(Question(text="spuitgieten van cartridges", limit=5)))
    kept = post(manager, "/lists", {"name": "L", "question": question}).headers["Location"]

    def status() -> str:
        page = get(manager, kept).text
        at = page.index('value="org:gevraagd"')
        found = re.search(r'value="(\w+)" selected', page[at:])
        assert found is not None
        return found[1]

    assert status() == "proposed"
    mine, link = asked(manager, home, list=kept.removeprefix("/lists/"))
    assert status() == "approached"
    post(client, link, {**ANSWER, "accept": "1"})
    assert status() == "interested"
    post(manager, mine, {"outcome": "joined"})
    assert status() == "joined"


def test_a_company_asks_for_itself(app: APIFlask, client: FlaskClient, home: Path) -> None:
    client.post("/api/v1/organisations", json=ORGANISATION)
    assert get(client, "/introductions/new?organisation=org:gevraagd").status_code == 404
    store, now = app.extensions["schakel"].store, datetime.now(UTC)
    with store.keeping() as writing:
        writing.add(
            ProfileRow(
                organisation_id="demo:surfalink",
                email="keeper@surfalink.example",
                state="published",
                contact_for="introduced",
                note="",
                created=now,
                changed=now,
            )
        )
    kept = profiles.get(store, "demo:surfalink")
    assert kept is not None
    opened = {"id": "demo:surfalink", "stamp": kept.stamp}
    with client.session_transaction() as session:
        session["profile"] = {**opened, "until": time.time() + 60}
    mine, link = asked(client, home, initiative="")
    other = app.test_client()
    assert "Surfalink Assays (demo) would like to get to know" in get(other, link).text
    assert get(client, mine).status_code == 200
    with client.session_transaction() as session:
        session["profile"] = {**opened, "until": time.time() - 1}
    assert get(client, mine).status_code == 404


def taught(app: APIFlask, store: Store, states: list[str]) -> Any:
    now = datetime.now(UTC)
    with store.keeping() as session:
        for number, state in enumerate(states):
            session.add(
                IntroductionRow(
                    id=f"{number}",
                    to_organisation="org:gevraagd",
                    need="spuitgieten van cartridges",
                    message="x" * 20,
                    contact={},
                    state=state,
                    created=now,
                    changed=now,
                )
            )
    build_index(store, app.extensions["schakel"].settings)
    return app.extensions["schakel"].live.snapshot().meeting


def test_outcomes_change_the_curve_when_there_are_enough(app: APIFlask, store: Store) -> None:
    before = taught(app, store, [])
    assert taught(app, store, ["accepted"] * 5) == before
    with store.keeping() as session:
        session.query(IntroductionRow).delete()
    after = taught(app, store, ["declined"] * 40 + ["joined"])
    near, unknown = [[0.9]], [[-1]]
    import numpy as np

    chance = [one.chances(np.array(near), np.array(unknown))[0, 0] for one in (before, after)]
    assert chance[1] < chance[0]
