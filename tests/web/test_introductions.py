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
from sqlalchemy import select, update

from matcher import mail
from matcher.accounts import sessions
from matcher.domain import Question
from matcher.indexing.build import build_index
from matcher.introductions import requests
from matcher.matching.question import serialise
from matcher.profiles import profiles
from matcher.store import Store
from matcher.store.account_tables import (
    IntroductionRow,
    IntroductionStepRow,
    MailRow,
    ProfileRow,
    TokenRow,
)
from matcher.store.initiatives import get_initiative
from matcher.store.tables import InitiativeRow
from tests.mails import mails
from tests.web.users import get, in_dutch, post, signed_in

pytestmark = pytest.mark.usefixtures("hash_vectors")

ORGANISATION = {
    "id": "org:gevraagd",
    "name": "Gevraagd bv",
    "type": "company",
    "contact": {"name": "Griet", "email": "griet@gevraagd.example", "phone": "+32 9 000 00 00"},
    "offers": [{"text": "spuitgieten van cartridges"}],
}
REQUEST = {
    "organisation": "org:gevraagd",
    "initiative": "demo:nano-for-health",
    "need": "spuitgieten",
    "message": "Wij zoeken iemand die cartridges in serie kan maken.",
    "name": "Mia Manager",
    "email": "mia@cluster.example",
}
ANSWER = {"name": "Griet", "email": "griet@gevraagd.example", "phone": "", "note": "Graag!"}


@pytest.fixture
def home(hash_home: Path) -> Path:
    return hash_home


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
    sent = post(client, "/introductions/new", {**REQUEST, **changed})
    assert sent.status_code == 302, re.findall(r'class="error"[^>]*>([^<]+)', sent.text)
    text = next(one.text for one in mails(home)[::-1] if "/introductions/answer/" in one.text)
    link = re.search(r"/introductions/answer/\S+", text)
    assert link is not None
    return sent.headers["Location"], link[0]


def test_languages_lead_from_what_is_wrong_to_the_form(
    app: APIFlask, manager: FlaskClient, client: FlaskClient, home: Path
) -> None:
    short = post(manager, "/introductions/new", {**REQUEST, "message": "kort"})
    assert short.status_code == 422
    dutch = in_dutch(manager, short)
    assert dutch.status_code == 200 and '<html lang="nl">' in dutch.text
    assert 'name="organisation" type="hidden" value="org:gevraagd"' in dutch.text
    assert 'name="initiative" type="hidden" value="demo:nano-for-health"' in dutch.text
    _mine, link = asked(manager, home)
    wrong = post(client, link, {"accept": "1"})
    assert wrong.status_code == 422
    assert in_dutch(client, wrong).request.path == link


def test_contacts_are_shown_when_both_sides_agree(
    app: APIFlask, manager: FlaskClient, client: FlaskClient, home: Path, store: Store
) -> None:
    mine, link = asked(manager, home)
    ((to, _subject, text),) = mails(home)
    assert to == "griet@gevraagd.example" and REQUEST["message"] in text
    assert "mia@cluster.example" not in text
    seen = get(client, link)
    assert REQUEST["message"] in seen.text and "mia@cluster.example" not in seen.text
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


def test_the_form_says_what_is_read_before_the_answer(
    manager: FlaskClient, client: FlaskClient, home: Path
) -> None:
    form = get(manager, "/introductions/new?organisation=org:gevraagd")
    assert "They read at once that Manager asks." in form.text
    _mine, link = asked(manager, home)
    assert "Manager (Nano for Health) would like" in mails(home)[0].text
    seen = get(client, link).text
    assert "Manager would like" in seen and REQUEST["name"] not in seen


def test_contacts_are_addresses(manager: FlaskClient, client: FlaskClient, home: Path) -> None:
    sent = post(manager, "/introductions/new", {**REQUEST, "email": "not-an-address"})
    assert sent.status_code == 422 and mails(home) == []
    assert "That is not an e-mail address." in sent.text and REQUEST["message"] in sent.text
    mine, link = asked(manager, home)
    wrong = {**ANSWER, "email": "not-an-address"}
    page = post(client, link, {**wrong, "accept": "1"})
    assert page.status_code == 422 and "That is not an e-mail address." in page.text
    assert "not-an-address" not in get(manager, mine).text
    assert post(client, link, {**wrong, "decline": "1"}).status_code == 302  # a no gives none


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
    manager: FlaskClient,
    client: FlaskClient,
    home: Path,
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _mine, link = asked(manager, home)
    twice = post(manager, "/introductions/new", REQUEST)
    assert twice.status_code == 422 and "has been asked already" in twice.text
    short = post(manager, "/introductions/new", {**REQUEST, "message": "kort"})
    assert short.status_code == 422 and "from 20 to 3,000" in short.text
    post(client, link, {"decline": "1", "never": "y"})
    again = post(manager, "/introductions/new", REQUEST)
    assert again.status_code == 422 and "want to be asked" in again.text
    with store.keeping() as session:
        session.execute(
            update(IntroductionStepRow)
            .where(IntroductionStepRow.step == "never")
            .values(step="declined")
        )
    with monkeypatch.context() as patched:
        patched.setattr(requests, "MAX_A_DAY_OF_ACCOUNT", 1)
        many = post(manager, "/introductions/new", REQUEST)
    assert many.status_code == 422 and "enough for one day" in many.text
    assert (
        post(manager, "/introductions/new", {**REQUEST, "organisation": "x:y"}).status_code == 404
    )


def refuse(*_mail: object) -> None:
    raise OSError("away")


@pytest.mark.parametrize("address", ["", "griet@gevraagd.example"])
def test_who_asks_never_gets_the_link_and_an_administrator_passes_it_on(
    app: APIFlask,
    manager: FlaskClient,
    client: FlaskClient,
    store: Store,
    home: Path,
    address: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Neither without an address nor while the mail server takes no mail."""
    monkeypatch.setattr(mail, "deliver", refuse)
    known = {"name": "Petra", "phone": "+32 477 00 11 22", "email": address or None}
    client.post("/api/v1/organisations", json={**ORGANISATION, "id": "org:stil", "contact": known})
    administrator = signed_in(app, "administrator")
    for asker in (manager, administrator):
        wish = {**REQUEST, "organisation": "org:stil", "initiative": ""}
        sent = post(asker, "/introductions/new", wish)
        assert sent.status_code == 302
        page = get(asker, sent.headers["Location"]).text
        assert "/introductions/answer/" not in page and "An administrator can pass it on" in page
    assert get(manager, "/administration/introductions").status_code == 403
    listed = get(administrator, "/administration/introductions").text
    own = re.findall(r"/administration/introductions/\w+", listed)
    assert len(own) == 1 and "for another administrator: you asked" in listed
    assert ("is tried again" if address else "no address is known,") in listed
    passed = post(administrator, own[0])
    assert passed.headers["Cache-Control"] == "no-store"
    link = re.search(r"/introductions/answer/[\w-]+", passed.text)
    assert link is not None
    page = get(client, link[0])
    assert page.status_code == 200
    assert not [value for value in known.values() if value and value in page.text]
    assert get(manager, link[0]).status_code == 410  # the link of its own request
    assert post(manager, link[0], {**ANSWER, "accept": "1"}).status_code == 410
    assert "/introductions/answer/" not in post(administrator, own[0]).text  # shown once
    assert post(client, link[0], {**ANSWER, "accept": "1"}).status_code == 302


def test_a_request_counts_as_delivered_once_the_server_took_the_mail(
    app: APIFlask, manager: FlaskClient, home: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    administrator, waits = signed_in(app, "administrator"), "An administrator can pass it on"
    with monkeypatch.context() as patch:
        patch.setattr(mail, "deliver", refuse)
        sent = post(manager, "/introductions/new", REQUEST).headers["Location"]
        assert waits in get(manager, sent).text
        assert "is tried again" in get(administrator, "/administration/introductions").text
        with store.keeping() as session:
            old = datetime.now(UTC) - mail.MAX_AGE
            session.execute(update(MailRow).values(next_try=old, created=old))
        app.extensions["schakel"].mailer.deliver_waiting()
        assert "the mail was given up" in get(administrator, "/administration/introductions").text
        with store.reading() as session:
            assert session.scalars(select(MailRow.sealed)).all() == [""]
    app.extensions["schakel"].mailer.deliver_waiting()
    assert waits in get(manager, sent).text and mails(home) == []
    other, _link = asked(manager, home, initiative="")
    assert waits not in get(manager, other).text
    assert get(administrator, "/administration/introductions").text.count("Gevraagd bv</th>") == 1


def test_what_is_on_record_is_shown_to_the_owner_alone(
    app: APIFlask, manager: FlaskClient, client: FlaskClient, home: Path, store: Store
) -> None:
    mine, link = asked(manager, home)
    contact = ["griet@gevraagd.example", "+32 9 000 00 00"]
    owner = opened(app, "org:gevraagd")
    for visitor in (client, signed_in(app, "member"), opened(app, "demo:surfalink")):
        assert not [value for value in contact if value in get(visitor, link).text]
    for address in (link, mine):
        assert all(value in get(owner, address).text for value in contact)
    with store.keeping() as session:
        session.get_one(ProfileRow, "org:gevraagd").contact_for = "nobody"
    form = "/introductions/new?organisation=demo:imec"
    for address in (link, mine, form):
        assert not [value for value in contact if value in get(owner, address).text]


def test_a_company_asks_for_no_initiative_and_learns_no_name(app: APIFlask, store: Store) -> None:
    with store.writing() as write:
        write.session.get_one(InitiativeRow, "demo:nano-for-health").open = False
    company = opened(app, "demo:surfalink")
    for initiative in ("demo:nano-for-health", "none:such"):
        address = f"/introductions/new?organisation=org:gevraagd&initiative={initiative}"
        page = get(company, address)
        assert page.status_code == 404 and "Nano for Health" not in page.text
        sent = post(company, "/introductions/new", {**REQUEST, "initiative": initiative})
        assert sent.status_code == 404 and "Nano for Health" not in sent.text
    with store.reading() as session:
        assert session.scalars(select(IntroductionRow.id)).all() == []


def test_links_expire(manager: FlaskClient, client: FlaskClient, home: Path, store: Store) -> None:
    _mine, link = asked(manager, home)
    assert get(client, link).status_code == 200
    with store.keeping() as session:
        session.execute(update(TokenRow).values(expires=datetime.now(UTC) - timedelta(seconds=1)))
    assert get(client, link).status_code == 410
    assert post(client, link, {"accept": "1"}).status_code == 410


def test_match_lists_follow(manager: FlaskClient, client: FlaskClient, home: Path) -> None:
    question = json.dumps(serialise(Question(text="spuitgieten van cartridges", limit=5)))
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


def opened(app: APIFlask, organisation_id: str) -> FlaskClient:
    """A client in which the profile of an organisation is open."""
    store, now = app.extensions["schakel"].store, datetime.now(UTC)
    with store.keeping() as writing:
        writing.add(
            ProfileRow(
                organisation_id=organisation_id,
                email=f"keeper@{organisation_id.partition(':')[2]}.example",
                state="published",
                contact_for="introduced",
                note="",
                created=now,
                changed=now,
            )
        )
    kept = profiles.get(store, organisation_id)
    assert kept is not None
    client = app.test_client()
    with client.session_transaction() as session:
        session["profile"] = {
            "token": sessions.start_for_profile(store, organisation_id, ""),
            "until": time.time() + 60,
        }
    return client


NANO = "/initiatives/demo:nano-for-health"
INTEREST = {
    "initiative": "demo:nano-for-health",
    "message": "Wij gieten cartridges in serie en willen meedoen.",
    "name": "Griet",
    "email": "griet@gevraagd.example",
}


def test_a_company_joins_an_open_initiative(
    app: APIFlask, manager: FlaskClient, home: Path, store: Store
) -> None:
    added = {"organisation": "Indetal Automation (demo)"}
    assert post(manager, NANO + "/members", added).status_code == 302  # this manager is at it
    signed_in(app, "manager", "other@example.org")
    anybody = app.test_client()
    assert "It can show interest once it has a profile." in get(anybody, NANO).text
    assert get(anybody, "/introductions/new?initiative=demo:nano-for-health").status_code == 404
    firm = opened(app, "org:gevraagd")
    assert "/introductions/new?initiative=demo:nano-for-health" in get(firm, NANO).text
    assert "/introductions/new?initiative" in get(firm, "/profile/found").text
    form = get(firm, "/introductions/new?initiative=demo:nano-for-health").text
    assert "Taking part in Nano for Health" in form and 'value="griet@gevraagd.example"' in form
    sent = post(firm, "/introductions/new", INTEREST)
    address = sent.headers["Location"]
    (told,) = mails(home)  # to the one who wrote of the initiative
    assert (told.to, told.text.count(address)) == ("manager@example.org", 1)
    assert "griet@" not in told.text
    twice = post(firm, "/introductions/new", INTEREST)
    assert twice.status_code == 422 and "asked already" in twice.text
    assert "Take back" in get(firm, address).text
    assert post(firm, address + "/answer", {**ANSWER, "accept": "1"}).status_code == 410
    assert "waits for your answer" in get(manager, "/introductions").text
    assert "Gevraagd bv" in get(manager, "/overview").text
    nobody = post(manager, address + "/answer", {"accept": "1", "email": "", "phone": ""})
    assert nobody.status_code == 422
    assert in_dutch(manager, nobody).request.path == address
    asked = get(manager, address).text
    assert "Gevraagd bv would like to take part in Nano for Health" in asked
    assert "griet@" not in asked and 'value="manager@example.org"' in asked
    contact = {"name": "Mia", "email": "mia@cluster.example", "accept": "1", "note": "Welkom!"}
    assert post(manager, address + "/answer", contact).status_code == 302
    assert "griet@gevraagd.example" in get(manager, address).text
    theirs = get(firm, address).text
    assert "mia@cluster.example" in theirs and "Welkom!" in theirs and "They joined" not in theirs
    assert mails(home)[-1].to == "keeper@gevraagd.example"
    post(firm, address, {"outcome": "joined"})  # not for the company to say
    assert "org:gevraagd" not in members(store)
    post(manager, address, {"outcome": "joined", "member": "on"})
    assert "org:gevraagd" in members(store)
    again = post(firm, "/introductions/new", INTEREST)
    assert again.status_code == 422 and "a member of this initiative already" in again.text


def members(store: Store) -> set[str]:
    found = get_initiative(store, "demo:nano-for-health")
    assert found is not None
    return set(found.member_ids)


def test_who_may_not_ask_an_initiative_or_answer_for_it(
    app: APIFlask, manager: FlaskClient, store: Store
) -> None:
    assert post(manager, "/introductions/new", INTEREST).status_code == 404  # managers add members
    firm = opened(app, "org:gevraagd")
    address = post(firm, "/introductions/new", INTEREST).headers["Location"]
    for other in (signed_in(app, "member"), opened(app, "demo:surfalink"), app.test_client()):
        assert get(other, address).status_code == 404
        answered = post(other, address + "/answer", {**ANSWER, "accept": "1"})
        assert answered.status_code in (404, 410)
    assert post(manager, address + "/answer", {"decline": "1", "never": "y"}).status_code == 302
    assert "Declined" in get(firm, address).text
    assert post(firm, "/introductions/new", INTEREST).status_code == 302  # may try again
    with store.writing() as write:
        write.session.get_one(InitiativeRow, "demo:nano-for-health").open = False
    assert post(firm, "/introductions/new", INTEREST).status_code == 404


def test_the_asked_company_answers_in_its_profile(
    app: APIFlask, manager: FlaskClient, home: Path
) -> None:
    mine, link = asked(manager, home)
    firm = opened(app, "org:gevraagd")
    assert "waits for your answer" in get(firm, "/introductions").text
    page = get(firm, mine).text
    assert "Accept and share this contact" in page and "Take back" not in page
    post(firm, mine, {"outcome": "withdrawn"})
    assert "Accept and share this contact" in get(firm, mine).text
    assert post(firm, mine + "/answer", {**ANSWER, "accept": "1"}).status_code == 302
    assert "mia@cluster.example" in get(firm, mine).text
    assert "griet@gevraagd.example" in get(manager, mine).text
    post(firm, mine + "/answer", {"back": "1"})
    assert "griet@gevraagd" not in get(manager, mine).text
    assert "mia@cluster" not in get(app.test_client(), link).text


def test_a_company_asks_for_itself(app: APIFlask, client: FlaskClient, home: Path) -> None:
    client.post("/api/v1/organisations", json=ORGANISATION)
    assert get(client, "/introductions/new?organisation=org:gevraagd").status_code == 404
    client = opened(app, "demo:surfalink")
    mine, link = asked(client, home, initiative="")
    other = app.test_client()
    assert "Surfalink Assays (demo) would like to get to know" in get(other, link).text
    assert get(client, mine).status_code == 200
    with client.session_transaction() as session:
        session["profile"] = {**session["profile"], "until": time.time() - 1}
    assert get(client, mine).status_code == 404


def need_offer_model(app: APIFlask, store: Store, states: list[str]) -> Any:
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
    return app.extensions["schakel"].corpus_provider.snapshot().models.need_offer


def test_outcomes_change_the_curve_when_there_are_enough(app: APIFlask, store: Store) -> None:
    before = need_offer_model(app, store, [])
    assert need_offer_model(app, store, ["accepted"] * 5) == before
    with store.keeping() as session:
        session.query(IntroductionRow).delete()
    after = need_offer_model(app, store, ["declined"] * 40 + ["joined"])
    assert after.within.intercept != before.within.intercept
