from __future__ import annotations

import re
from pathlib import Path

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from matcher.web.devices import device_name
from tests.mails import link_in
from tests.web.users import PASSWORD, get, post, signed_in

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
EDGE = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0"
)
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
    "Gecko) Version/18.0 Mobile/15E148 Safari/604.1"
)


def copy_of(app: APIFlask, client: FlaskClient) -> FlaskClient:
    """A browser with the same cookie, as a thief has it."""
    cookie = client.get_cookie("session")
    assert cookie is not None
    copied = app.test_client()
    copied.set_cookie("session", cookie.value)
    return copied


def test_signing_out_ends_the_session_on_the_server(app: APIFlask) -> None:
    client = signed_in(app, "member")
    copied = copy_of(app, client)
    assert get(copied, "/account").status_code == 200
    assert post(client, "/sign-out").status_code == 302
    assert get(copied, "/account").status_code == 302
    assert get(copied, "/lists").status_code == 302


def test_signing_in_ends_the_session_before(app: APIFlask) -> None:
    client = signed_in(app, "member")
    copied = copy_of(app, client)
    post(client, "/sign-in", {"email": "member@example.org", "password": PASSWORD})
    assert get(client, "/account").status_code == 200
    assert get(copied, "/account").status_code == 302


def test_sessions_are_listed_and_ended_on_the_account_page(app: APIFlask) -> None:
    client, other, third = signed_in(app, "member"), app.test_client(), app.test_client()
    for one, agent in ((other, IPHONE), (third, EDGE)):
        sent = {"email": "member@example.org", "password": PASSWORD}
        post(one, "/sign-in", sent, environ_overrides={"HTTP_USER_AGENT": agent})
    page = get(client, "/account").text
    assert "Safari, iPhone" in page and "Edge, Windows" in page
    assert page.count("This device") == 1
    marks = re.findall(r'name="mark" value="(\w+)"', page)
    assert len(marks) == 3
    phone = re.search(r'Safari, iPhone.*?name="mark" value="(\w+)"', page, re.DOTALL)
    assert phone is not None
    assert post(client, "/account/sessions", {"mark": phone[1]}).status_code == 302
    assert get(other, "/account").status_code == 302
    assert get(third, "/account").status_code == 200
    assert post(client, "/account/sessions", {"others": "yes"}).status_code == 302
    assert get(third, "/account").status_code == 302
    (own,) = re.findall(r'name="mark" value="(\w+)"', get(client, "/account").text)
    post(client, "/account/sessions", {"mark": own})
    assert get(client, "/account").status_code == 302


def test_nobody_ends_the_sessions_of_somebody_else(app: APIFlask) -> None:
    client = signed_in(app, "member")
    (mark,) = re.findall(r'name="mark" value="(\w+)"', get(client, "/account").text)
    post(signed_in(app, "administrator"), "/account/sessions", {"mark": mark})
    assert get(client, "/account").status_code == 200


def test_mailed_links_are_listed_and_ended(app: APIFlask, home: Path) -> None:
    client, stranger = signed_in(app, "member"), app.test_client()
    assert "Links that work" not in get(client, "/account").text
    post(stranger, "/password/forgotten", {"email": "member@example.org"})
    link = link_in(home, "/password/")
    assert "To choose a new password" in get(client, "/account").text
    assert post(client, "/account/links").status_code == 302
    assert get(stranger, link).status_code == 410
    assert "Links that work" not in get(client, "/account").text


def test_what_a_stranger_asks_voids_no_link(app: APIFlask, home: Path) -> None:
    administrator = signed_in(app, "administrator")
    invited = {"email": "nieuw@example.org", "name": "Nieuw", "role": "member"}
    assert post(administrator, "/administration/users", invited).status_code == 302
    first = link_in(home, "/password/")
    post(app.test_client(), "/password/forgotten", {"email": "nieuw@example.org"})
    second = link_in(home, "/password/")
    assert first != second
    owner = app.test_client()
    assert get(owner, first).status_code == get(owner, second).status_code == 200
    assert post(owner, first, {"password": "vijf grote appels"}).status_code == 302
    assert get(owner, second).status_code == 410


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (FIREFOX, "Firefox, Linux"),
        (EDGE, "Edge, Windows"),
        (IPHONE, "Safari, iPhone"),
        ("curl/8.5.0", ""),
        ("", ""),
    ],
)
def test_names_of_devices(user_agent: str, name: str) -> None:
    assert device_name(user_agent) == name
