from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from tests.people import PRODUCTION
from tests.web.users import PASSWORD, account, get, post, signed_in


@pytest.fixture
def home(hash_home: Path) -> Path:
    return hash_home


@pytest.mark.parametrize("page", ["/", "/sign-in", "/nowhere", "/api/v1/organisations?limit=1"])
def test_all_answers_say_what_pages_may_do(client: FlaskClient, page: str) -> None:
    headers = client.get(page).headers
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "geolocation=()" in headers["Permissions-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "Strict-Transport-Security" not in headers and "Cache-Control" not in headers


def test_hsts_behind_tls(
    home: Path, client: FlaskClient, make_app: Callable[..., APIFlask]
) -> None:
    assert "max-age=31536000" in client.get("/", base_url="https://localhost").headers.get(
        "Strict-Transport-Security", ""
    )
    public = make_app(home, SCHAKEL_PUBLIC_URL="https://schakel.example.org").test_client()
    assert "Strict-Transport-Security" in public.get("/").headers


def test_pages_of_those_signed_in_are_kept_nowhere(app: APIFlask) -> None:
    client = signed_in(app, "member")
    for page in ("/", "/account", "/lists", "/nowhere"):
        assert get(client, page).headers["Cache-Control"] == "no-store"
    style = client.get("/static/style.css?v=1")
    assert style.status_code == 404 or "immutable" in style.headers["Cache-Control"]
    post(client, "/sign-out")
    assert "Cache-Control" not in get(client, "/").headers


def test_pages_behind_secret_links_are_kept_nowhere(client: FlaskClient) -> None:
    headers = client.get("/password/verzonnen").headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"


def test_cookies_of_production_are_for_this_host_over_tls(
    home: Path, make_app: Callable[..., APIFlask]
) -> None:
    app = make_app(home, **PRODUCTION)
    made = account(app, "member")
    client = app.test_client()
    tls: dict[str, Any] = {"base_url": "https://schakel.example.org"}
    tls["headers"] = {"Referer": "https://schakel.example.org/sign-in"}
    csrf = client.get("/sign-in?lang=en", **tls).text.split('name="csrf_token"')[1].split('"')
    sent = {"csrf_token": csrf[csrf.index(" value=") + 1], "email": made.email}
    answer = client.post("/sign-in", data={**sent, "password": PASSWORD}, **tls)
    assert answer.status_code == 302
    cookies = answer.headers.getlist("Set-Cookie")
    assert {one.split("=")[0] for one in cookies} == {"__Host-session", "__Host-device"}
    language = client.get("/?lang=nl", **tls).headers.getlist("Set-Cookie")
    for cookie in [*cookies, *(one for one in language if one.startswith("lang"))]:
        assert "Secure" in cookie and "HttpOnly" in cookie and "SameSite=Lax" in cookie
        assert "Path=/" in cookie and "Domain" not in cookie


@pytest.mark.parametrize("address", ["/%0d%0aX", "/%0aX", "/%00", "/%7f", "/%E2%80%A8x"])
def test_an_address_with_control_characters_leads_home(app: APIFlask, address: str) -> None:
    answer = get(signed_in(app, "member"), f"/sign-in?next={address}")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")


def test_who_is_refused_stands_in_the_log_by_number(
    app: APIFlask, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    client = signed_in(app, "member")
    assert get(client, "/administration").status_code == 403
    given = {"email": "member@example.org", "password": "niet dit dus"}
    assert post(app.test_client(), "/sign-in", given).status_code == 422
    lines = [json.loads(record.message) for record in caplog.records if record.name == "schakel"]
    (refused,) = [line for line in lines if line["event"] == "refused"]
    assert (refused["route"], refused["account"]) == ("/administration", 1)
    (failed,) = [line for line in lines if line["event"] == "sign-in failed"]
    assert (failed["reason"], failed["account"], len(failed["network"])) == ("wrong", 1, 32)
    assert "member@" not in caplog.text
