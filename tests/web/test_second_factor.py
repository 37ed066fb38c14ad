from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from apiflask import APIFlask
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from flask.testing import FlaskClient
from sqlalchemy import update

from matcher.accounts.second_factor import b32decode
from matcher.store.account_tables import AccountRow
from tests.mails import link_in
from tests.web.users import PASSWORD, get, post, signed_in

GIVEN = {"email": "manager@example.org", "password": PASSWORD}


@pytest.fixture
def home(hash_home: Path) -> Path:
    return hash_home


def code_of(secret: str) -> str:
    return TOTP(b32decode(secret), 6, SHA1(), 30).generate(time.time()).decode()


def turned_on(app: APIFlask) -> tuple[FlaskClient, str]:
    client = signed_in(app, "manager")
    page = get(client, "/account/second-factor").text
    found = re.search(r'id="key" readonly value="([A-Z2-7]{32})"', page)
    assert found is not None
    assert post(client, "/account/second-factor", {"code": "abc"}).status_code == 422
    sent = post(client, "/account/second-factor", {"code": code_of(found[1])})
    assert sent.status_code == 302
    forget_step(app)
    return client, found[1]


def forget_step(app: APIFlask) -> None:
    """Let the same code be used again, as if half a minute had gone by."""
    with app.extensions["schakel"].store.keeping() as session:
        session.execute(update(AccountRow).values(totp_step=None))


def test_after_the_password_a_code_is_needed(app: APIFlask) -> None:
    _, secret = turned_on(app)
    client = app.test_client()
    asked = post(client, "/sign-in", {**GIVEN, "next": "/lists"})
    assert asked.headers["Location"] == "/sign-in/code"
    assert get(client, "/account").status_code == 302
    assert post(client, "/sign-in/code", {"code": "000000"}).status_code == 422
    assert get(client, "/account").status_code == 302
    entered = post(client, "/sign-in/code", {"code": code_of(secret)})
    assert entered.headers["Location"] == "/lists"
    assert get(client, "/account").status_code == 200


def test_a_code_alone_and_one_that_is_late_let_nobody_in(app: APIFlask) -> None:
    _, secret = turned_on(app)
    client = app.test_client()
    assert post(client, "/sign-in/code", {"code": code_of(secret)}).status_code == 302
    assert get(client, "/account").status_code == 302
    post(client, "/sign-in", GIVEN)
    with client.session_transaction() as session:
        session["half"] = {**session["half"], "until": time.time() - 1}
    post(client, "/sign-in/code", {"code": code_of(secret)})
    assert get(client, "/account").status_code == 302


def test_a_mailed_link_doesnt_go_round_it(app: APIFlask, home: Path) -> None:
    _, secret = turned_on(app)
    client = app.test_client()
    post(client, "/password/forgotten", {"email": GIVEN["email"]})
    sent = post(client, link_in(home, "/password/"), {"password": "vijf grote appels"})
    assert sent.headers["Location"] == "/sign-in/code"
    assert get(client, "/account").status_code == 302
    assert post(client, "/sign-in/code", {"code": code_of(secret)}).status_code == 302
    assert get(client, "/account").status_code == 200


def test_turning_it_off_needs_a_code(app: APIFlask) -> None:
    client, secret = turned_on(app)
    assert secret not in get(client, "/account/second-factor").text
    assert post(client, "/account/second-factor", {"code": "000000"}).status_code == 422
    assert post(client, "/account/second-factor", {"code": code_of(secret)}).status_code == 302
    assert post(app.test_client(), "/sign-in", GIVEN).headers["Location"] == "/"


def test_members_have_no_codes(app: APIFlask) -> None:
    assert get(signed_in(app, "member"), "/account/second-factor").status_code == 403
