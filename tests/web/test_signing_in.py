from __future__ import annotations

import re
from pathlib import Path

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from sqlalchemy import event

from matcher import mail
from matcher.accounts.attempts import MAX_FAILURES
from matcher.mail import Mailer
from tests.mails import mails
from tests.web.users import PASSWORD, account, get, in_dutch, post, signed_in, token

NEW = "een heel ander wachtwoord"


def test_signing_in_and_out(app: APIFlask) -> None:
    client = signed_in(app, "manager")
    assert "Manager" in get(client, "/account").text
    assert post(client, "/sign-out").status_code == 302
    asked = get(client, "/account")
    assert asked.status_code == 302
    assert asked.headers["Location"] == "/sign-in?next=/account"


def test_the_same_is_said_of_a_wrong_password_and_an_unknown_address(app: APIFlask) -> None:
    account(app, "member")
    client = app.test_client()
    wrong = post(client, "/sign-in", {"email": "member@example.org", "password": "niet dit dus"})
    unknown = post(client, "/sign-in", {"email": "nobody@example.org", "password": "niet dit dus"})
    assert wrong.status_code == unknown.status_code == 422
    said = [re.findall(r'class="error"[^>]*>([^<]+)<', page.text) for page in (wrong, unknown)]
    assert said[0] == said[1] != []


def test_five_wrong_passwords_lock_an_account_and_a_new_password_opens_it(
    app: APIFlask, home: Path
) -> None:
    account(app, "member")
    client = app.test_client()
    given = {"email": "member@example.org", "password": "niet dit dus"}
    for _ in range(MAX_FAILURES):
        assert post(client, "/sign-in", given).status_code == 422
    given["password"] = PASSWORD
    assert post(client, "/sign-in", given).status_code == 422
    assert post(client, "/password/forgotten", {"email": given["email"]}).status_code == 200
    (sent,) = mails(home)
    link = re.search(r"/password/\S+", sent.text)
    assert link is not None
    assert "too short" not in get(client, link[0]).text
    assert post(client, link[0], {"password": "kort"}).status_code == 422
    assert post(client, link[0], {"password": NEW}).status_code == 302
    assert post(client, link[0], {"password": NEW}).status_code == 410
    assert "member@example.org" in get(client, "/account").text


def test_nobody_learns_whether_there_is_an_account(client: FlaskClient, home: Path) -> None:
    page = post(client, "/password/forgotten", {"email": "nobody@example.org"})
    assert "If there is an account with this address" in page.text
    assert mails(home) == []


def test_a_new_password_ends_all_other_sessions(app: APIFlask) -> None:
    client = signed_in(app, "member")
    other = app.test_client()
    post(other, "/sign-in", {"email": "member@example.org", "password": PASSWORD})
    assert get(other, "/account").status_code == 200
    wrong = post(client, "/account/password", {"present": "", "password": NEW})
    assert wrong.status_code == 422 and in_dutch(client, wrong).request.path == "/account"
    changed = post(client, "/account/password", {"present": PASSWORD, "password": NEW})
    assert changed.status_code == 302
    assert get(client, "/account").status_code == 200
    assert get(other, "/account").status_code == 302


@pytest.mark.parametrize(
    "address",
    ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"],
)
def test_signing_in_leads_to_no_other_host(app: APIFlask, address: str) -> None:
    account(app, "member")
    given = {"email": "member@example.org", "password": PASSWORD, "next": address}
    assert post(app.test_client(), "/sign-in", given).headers["Location"] == "/"


def test_forms_need_their_token(client: FlaskClient) -> None:
    for address in ("/sign-in", "/password/forgotten", "/sign-out", "/account"):
        assert client.post(address, data={"email": "a@example.org"}).status_code == 400


def tries(client: FlaskClient, password: str, address: str) -> int:
    given = {"email": "member@example.org", "password": password}
    sent = post(client, "/sign-in", given, environ_overrides={"REMOTE_ADDR": address})
    return int(sent.status_code)


def test_a_stranger_locks_himself_out_and_not_the_owner(app: APIFlask) -> None:
    owner = signed_in(app, "member")
    post(owner, "/sign-out")
    stranger = app.test_client()
    for _ in range(MAX_FAILURES):
        assert tries(stranger, "niet dit dus", "192.0.2.7") == 422
    assert tries(stranger, PASSWORD, "192.0.2.7") == 422
    assert tries(app.test_client(), PASSWORD, "192.0.2.7") == 422
    assert tries(owner, PASSWORD, "192.0.2.7") == 302
    assert tries(app.test_client(), PASSWORD, "198.51.100.9") == 302
    assert tries(stranger, PASSWORD, "192.0.2.7") == 422


def test_a_device_cookie_of_somebody_else_or_a_made_one_helps_nobody(app: APIFlask) -> None:
    other = signed_in(app, "manager")
    account(app, "member")
    forger = app.test_client()
    forger.set_cookie("device", "WyJhYmMiLFsyXV0.aaaa.bbbb")
    for _ in range(MAX_FAILURES):
        assert tries(other, "niet dit dus", "192.0.2.7") == 422
    assert tries(other, PASSWORD, "192.0.2.7") == 422
    assert tries(forger, PASSWORD, "192.0.2.7") == 422


@pytest.mark.parametrize("page", ["/password/forgotten", "/profile/link"])
def test_an_unknown_address_costs_as_much_as_a_known_one(app: APIFlask, page: str) -> None:
    """The same statements and one mail in the queue, so the time doesn't tell them apart."""
    store = app.extensions["schakel"].store
    account(app, "member")
    client = app.test_client()
    csrf = token(client)
    said: list[str] = []
    event.listen(store.engine, "after_cursor_execute", lambda *given: said.append(given[2]))
    event.listen(store.engine, "commit", lambda _connection: said.append("COMMIT"))

    def writes_for(email: str) -> list[str]:
        said.clear()
        assert client.post(page, data={"csrf_token": csrf, "email": email}).status_code == 200
        return [line for line in said if not line.startswith("SELECT")]

    unknown = writes_for("nobody@example.org")
    assert [line.split()[0] for line in unknown].count("INSERT") == 2
    if page == "/password/forgotten":
        assert unknown == writes_for("member@example.org")


def test_signing_in_costs_as_much_for_an_unknown_address(app: APIFlask) -> None:
    account(app, "member")
    client, said = app.test_client(), list[str]()
    csrf = token(client)
    engine = app.extensions["schakel"].store.engine
    event.listen(engine, "after_cursor_execute", lambda *given: said.append(given[2]))
    heard = []
    for email in ("nobody@example.org", "member@example.org"):
        said.clear()
        given = {"csrf_token": csrf, "email": email, "password": "niet dit dus"}
        assert client.post("/sign-in", data=given).status_code == 422
        heard.append(said.copy())
    assert heard[0] == heard[1] and "INSERT" in " ".join(heard[0])


def test_a_mail_server_that_hangs_keeps_nobody_waiting(
    app: APIFlask, monkeypatch: pytest.MonkeyPatch
) -> None:
    account(app, "member")
    monkeypatch.setattr(Mailer, "wake", lambda _self: None)
    monkeypatch.setattr(mail, "deliver", lambda *_: pytest.fail("sent inside the request"))
    client = app.test_client()
    asked = {"email": "member@example.org"}
    assert post(client, "/password/forgotten", asked).status_code == 200
