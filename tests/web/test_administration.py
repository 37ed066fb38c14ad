from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

import matcher
from matcher import audit
from matcher.accounts import accounts, api_keys
from matcher.organisations import actions as organisations
from matcher.store import Store
from matcher.store.account_tables import ProfileRow
from matcher.web.audit_log import ACTIONS
from tests.mails import link_in, mails
from tests.web.users import account, get, post, signed_in

pytestmark = pytest.mark.usefixtures("hash_vectors")

BASE = "/administration"


@pytest.fixture
def home(hash_home: Path) -> Path:
    return hash_home


@pytest.fixture
def store(app: APIFlask) -> Store:
    found: Store = app.extensions["schakel"].store
    return found


@pytest.fixture
def admin(app: APIFlask) -> FlaskClient:
    return signed_in(app, "administrator")


def actions(store: Store) -> list[tuple[str, str, str]]:
    return [(row.actor, row.action, row.subject) for row in audit.lines(store, limit=500)[1]]


@pytest.mark.parametrize("page", ["", "/users", "/keys", "/duplicates", "/audit", "/audit.csv"])
def test_only_administrators_get_in(app: APIFlask, client: FlaskClient, page: str) -> None:
    assert get(client, BASE + page).status_code == 302
    assert get(signed_in(app, "manager"), BASE + page).status_code == 403
    assert get(signed_in(app, "administrator"), BASE + page).status_code == 200


def test_the_state_of_the_service(app: APIFlask, admin: FlaskClient) -> None:
    page = get(admin, BASE)
    name = app.extensions["schakel"].corpus_provider.snapshot().generation.name
    assert name in page.text and "<dd>185</dd>" in page.text
    answers = app.extensions["schakel"].recommender
    from matcher.domain import Question

    answers.recommend(Question(text="biosensor"))
    assert answers.recommend(Question(text="biosensor")).cached is True
    assert post(admin, BASE + "/cache/clear").status_code == 302
    assert answers.recommend(Question(text="biosensor")).cached is False


@pytest.mark.parametrize("number", ["9" * 20, "0"])
@pytest.mark.parametrize("what", ["", "/link", "/delete"])
def test_an_account_that_cannot_be(admin: FlaskClient, number: str, what: str) -> None:
    assert post(admin, f"{BASE}/users/{number}{what}", {"sure": "on"}).status_code == 404


def test_somebody_invited_chooses_a_password(
    app: APIFlask, admin: FlaskClient, store: Store, home: Path
) -> None:
    sent = {"email": "Nieuw@Example.org", "name": "Nieuw", "role": "manager"}
    assert post(admin, BASE + "/users", sent).status_code == 302
    (mail,) = mails(home)
    assert mail.to == "nieuw@example.org"
    other = app.test_client()
    assert (
        post(other, link_in(home, "/password/"), {"password": "een eigen wachtwoord"}).status_code
        == 302
    )
    assert "Cluster manager" in get(other, "/account").text
    taken = post(admin, BASE + "/users", sent)
    assert taken.status_code == 422 and "There is an account with this address" in taken.text
    assert (
        "account:administrator@example.org",
        "account.created",
        "account:nieuw@example.org",
    ) in (actions(store))


def test_roles_blocking_and_deleting(app: APIFlask, admin: FlaskClient, store: Store) -> None:
    member = signed_in(app, "member")
    found = accounts.find_by_email(store, "member@example.org")
    assert found is not None
    one = f"{BASE}/users/{found.id}"
    post(admin, one, {"role": "manager"})
    assert get(member, "/initiatives/new").status_code == 200
    post(admin, one, {"active": "no"})
    assert get(member, "/account").status_code == 302  # the session has ended
    post(admin, one + "/delete")
    assert accounts.find_by_email(store, "member@example.org") is not None
    post(admin, one + "/delete", {"sure": "on"})
    assert accounts.find_by_email(store, "member@example.org") is None
    assert post(admin, one, {"role": "manager"}).status_code == 404


def test_nobody_locks_himself_out(app: APIFlask, admin: FlaskClient, store: Store) -> None:
    account(app, "administrator", "other@example.org")
    mine = accounts.find_by_email(store, "administrator@example.org")
    assert mine is not None
    for sent in ({"role": "member"}, {"active": "no"}):
        post(admin, f"{BASE}/users/{mine.id}", sent)
    post(admin, f"{BASE}/users/{mine.id}/delete", {"sure": "on"})
    assert accounts.find_by_email(store, "administrator@example.org") == mine


def test_a_key_is_shown_once(app: APIFlask, admin: FlaskClient, store: Store) -> None:
    page = post(admin, BASE + "/keys", {"name": "Koppeling", "scope": "all"})
    key = re.search(r"schakel_[\w-]+", page.text)
    assert key is not None and page.headers["Cache-Control"] == "no-store"
    assert api_keys.find_key(store, key[0]) == api_keys.ApiKey("Koppeling", "all")
    assert key[0] not in get(admin, BASE + "/keys").text
    gone = post(admin, BASE + "/keys/revoke", {"name": "Koppeling"}, follow_redirects=True)
    assert "1 key is revoked." in gone.text
    assert api_keys.find_key(store, key[0]) is None
    assert post(admin, BASE + "/keys", {"name": "", "scope": "all"}).status_code == 422
    for wrong in ("own", "a b", ""):
        assert post(admin, BASE + "/keys", {"name": "x", "scope": wrong}).status_code == 422


def double(client: FlaskClient) -> tuple[str, str]:
    body = {"name": "Universiteit Gent (demo) nv", "type": "higher_education", "country": "BE"}
    ids = []
    for name in ("Zeldzame Sensoren Gent nv", "Zeldzame Sensoren Gent"):
        made = client.post("/api/v1/organisations", json={**body, "name": name, "city": name[-4:]})
        ids.append(made.json["id"])
    return ids[0], ids[1]


def test_duplicates_are_merged_or_told_apart(
    client: FlaskClient, admin: FlaskClient, store: Store
) -> None:
    one, other = double(client)
    page = get(admin, BASE + "/duplicates?all=1")
    assert "Keep Zeldzame Sensoren Gent nv" in page.text
    post(admin, BASE + "/duplicates", {"one": one, "other": other})
    assert organisations.get(store, other) is not None  # nothing chosen, nothing done
    post(admin, BASE + "/duplicates", {"one": one, "other": other, "keep": one})
    assert organisations.get(store, one) is not None
    merged = ("account:administrator@example.org", "organisation.merged", f"organisation:{one}")
    assert merged in actions(store)
    again = post(admin, BASE + "/duplicates", {"one": one, "other": "demo:weg", "keep": one})
    assert again.status_code == 302
    assert "Keep Zeldzame" not in get(admin, BASE + "/duplicates?all=1").text


def test_two_that_are_different_are_not_offered_again(
    client: FlaskClient, admin: FlaskClient
) -> None:
    one, other = double(client)
    post(admin, BASE + "/duplicates", {"one": one, "other": other, "keep": "neither"})
    assert "Keep Zeldzame" not in get(admin, BASE + "/duplicates?all=1").text


def test_a_self_made_namesake_is_settled_first_and_by_hand(
    client: FlaskClient, admin: FlaskClient, store: Store
) -> None:
    one, _other = double(client)
    name = organisations.get(store, one)
    assert name is not None
    clone = {"id": "own:zeldzame-1a2b3c4d", "name": name.name, "type": "company"}
    place = {"city": name.place.city, "country": name.place.country}
    assert client.post("/api/v1/organisations", json={**clone, **place}).status_code == 201
    cards = get(admin, BASE + "/duplicates").text.split("pair-card")[1:]
    assert "self-made profile" in cards[0] and "own:zeldzame-1a2b3c4d" in cards[0]
    answer = {"one": one, "other": "own:zeldzame-1a2b3c4d", "keep": "neither"}
    post(admin, BASE + "/duplicates", answer)
    told = ("account:administrator@example.org", "organisation.distinct", f"organisation:{one}")
    assert told in actions(store)


def test_the_log_is_searched_and_exported(app: APIFlask, admin: FlaskClient, store: Store) -> None:
    with store.keeping() as session:
        audit.record(session, "=cmd|calc", "list.created", "list:1")
    page = get(admin, BASE + "/audit?q=list.created")
    assert "=cmd|calc" in page.text and "account.signed-in" not in page.text
    rows = list(csv.DictReader(io.StringIO(get(admin, BASE + "/audit.csv").text)))
    assert "'=cmd|calc" in [row["actor"] for row in rows]
    assert {"account.signed-in", "list.created"} <= {row["action"] for row in rows}


BODY = {"name": "Geboekt nv", "type": "company", "offers": [{"text": "boekhouden"}]}


def test_the_log_says_in_words_who_did_what_to_whom(admin: FlaskClient, store: Store) -> None:
    with store.keeping() as session:
        audit.record(session, "company:demo:imec", "profile.changed", "organisation:demo:imec")
        audit.record(session, "command", "job.started", "job:1", kind="rebuild")
    page = get(admin, BASE + "/audit?lang=en").text
    assert "Signed in" in page and "account.signed-in" in page
    assert "Profile changed" in page and "company:demo:imec" in page
    assert '<a href="/organisations/demo:imec">imec</a>' in page
    assert "by command" in page and "kind: rebuild" in page


def test_every_action_of_the_log_has_words() -> None:
    written = re.compile(r'audit\.record\(\s*[^,]+,\s*[^,]+(?:\([^)]*\))?,\s*f?"([a-z]+\.[a-z-]+)"')
    files = Path(matcher.__file__).parent.rglob("*.py")
    found = {name for file in files for name in written.findall(file.read_text(encoding="utf-8"))}
    assert len(found) > 30
    assert found <= set(ACTIONS)


def test_writes_through_the_api_are_in_the_log(home: Path, make_app: object) -> None:
    app = make_app(home, SCHAKEL_API_WRITES="key")  # type: ignore[operator]
    client, store = app.test_client(), app.extensions["schakel"].store
    key = {"Authorization": f"Bearer {api_keys.create_key(store, 'Koppeling', actor='command')}"}
    made = client.post("/api/v1/organisations", json=BODY, headers=key).json["id"]
    for _twice in range(2):
        client.put(f"/api/v1/organisations/{made}", json={**BODY, "city": "Gent"}, headers=key)
    initiative = client.post("/api/v1/initiatives", json={"name": "X"}, headers=key).json["id"]
    path = f"/api/v1/initiatives/{initiative}"
    client.put(f"{path}/members/{made}", json={}, headers=key)
    client.delete(path, headers=key)
    client.delete(f"/api/v1/organisations/{made}", headers=key)
    said = [(what, whom) for who, what, whom in actions(store) if who == "key:Koppeling"]
    assert said[::-1] == [
        ("organisation.created", f"organisation:{made}"),
        ("organisation.changed", f"organisation:{made}"),
        ("initiative.created", f"initiative:{initiative}"),
        ("initiative.changed", f"initiative:{initiative}"),
        ("initiative.deleted", f"initiative:{initiative}"),
        ("organisation.deleted", f"organisation:{made}"),
    ]


def test_closed_initiatives_are_read_with_a_key_only(home: Path, make_app: object) -> None:
    app = make_app(home, SCHAKEL_API_WRITES="key")  # type: ignore[operator]
    client, store = app.test_client(), app.extensions["schakel"].store
    key = {"Authorization": f"Bearer {api_keys.create_key(store, 'Koppeling', actor='command')}"}
    body = {"name": "Gesloten", "brief": "Biosensoren voor thuiszorg", "open": False}
    made = client.post("/api/v1/initiatives", json=body, headers=key).json["id"]
    path = f"/api/v1/initiatives/{made}"
    for address in (path, path + "/gaps", path + "/matches", path + "/roadmap"):
        assert client.get(address).status_code == 404
        assert client.get(address, headers=key).status_code == 200
    assert made not in client.get("/api/v1/initiatives").text
    assert made in client.get("/api/v1/initiatives", headers=key).text
    assert made not in client.get("/api/v1/insights/overlaps?limit=100").text


def test_the_index_is_rebuilt_in_the_background(app: APIFlask, admin: FlaskClient) -> None:
    current = app.extensions["schakel"]
    before = current.corpus_provider.snapshot().generation.name
    started = post(admin, BASE + "/rebuild")
    assert started.headers["Location"].startswith("/jobs/")
    assert "A job is under way" in get(admin, BASE).text
    assert current.jobs.run_waiting() == 1
    assert current.corpus_provider.snapshot().generation.name != before
    assert get(admin, started.headers["Location"]).status_code == 200


def test_a_profile_is_hidden_with_a_reason_and_shown_again(
    app: APIFlask, admin: FlaskClient, store: Store, home: Path
) -> None:
    now = datetime.now(UTC)
    with store.keeping() as session:
        session.add(
            ProfileRow(
                organisation_id="demo:trapkar",
                email="keeper@trapkar.example",
                state="published",
                contact_for="introduced",
                note="",
                created=now,
                changed=now,
            )
        )
    assert "keeper@trapkar.example" in get(admin, BASE + "/profiles?q=Trapkar").text
    one = BASE + "/profiles/demo:trapkar"
    for button, shown, page in (
        ("vouch", "Take the confirmation back", '<span class="badge">confirmed</span>'),
        ("unvouch", "Confirm that it is who it says", "confirmed: trapkar.example"),
    ):
        post(admin, one, {button: "1"})
        assert shown in get(admin, BASE + "/profiles?q=trapkar").text
        for address in ("/organisations/demo:trapkar", "/organisations?q=trapkar"):
            assert page in get(admin, address).text
    told = ("account:administrator@example.org", "profile.confirmed", "organisation:demo:trapkar")
    assert told in actions(store)
    post(admin, one)
    assert organisations.get(store, "demo:trapkar") is not None  # no reason, nothing done
    before = organisations.get(store, "demo:trapkar")
    post(admin, one, {"reason": "Onvindbaar adres"})
    assert organisations.get(store, "demo:trapkar") is None
    assert "Onvindbaar adres" in get(admin, BASE + "/profiles?q=trapkar").text
    (mail,) = mails(home)
    assert mail.to == "keeper@trapkar.example"
    post(admin, one, {"show": "1"})
    after = organisations.get(store, "demo:trapkar")
    assert before is not None and after is not None
    assert [facet.text for facet in after.offers] == [facet.text for facet in before.offers]
    assert get(signed_in(app, "manager"), BASE + "/profiles").status_code == 403
