"""Signing in with OpenID Connect, against a provider of the test's own on loopback."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import RSAKey

from matcher.accounts import accounts
from matcher.accounts.accounts import AccountRole
from tests.mails import mails
from tests.web.users import PASSWORD, account, get, post, token

pytestmark = pytest.mark.usefixtures("hash_vectors")


@pytest.fixture
def home(hash_home: Path) -> Path:
    return hash_home


class Provider:
    """Says of everybody what `claims` hold; the nonce is that of the last request."""

    def __init__(self) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "one"})
        self.claims: dict[str, Any] = {"sub": "7", "email": "Nieuw@Example.org", "name": "Nieuw"}
        self.claims["email_verified"] = True
        self.nonce = ""
        self.sent: dict[str, list[str]] = {}
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                known = {
                    "/.well-known/openid-configuration": provider.configuration(),
                    "/keys": {"keys": [provider.key.as_dict(private=False)]},
                }
                self.say(known[self.path])

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                provider.sent = parse_qs(body)
                self.say(
                    {"access_token": "x", "token_type": "Bearer", "id_token": provider.token()}
                )

            def say(self, body: dict[str, Any]) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(json.dumps(body).encode())

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def configuration(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }

    def token(self) -> str:
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": "schakel", "iat": now, "exp": now + 60}
        claims |= {"nonce": self.nonce, **self.claims}
        return jwt.encode({"alg": "RS256", "kid": "one"}, claims, self.key)


@pytest.fixture
def provider() -> Iterator[Provider]:
    made = Provider()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def make(
    home: Path, make_app: Callable[..., APIFlask], provider: Provider
) -> Callable[..., APIFlask]:
    return partial(
        make_app,
        home,
        SCHAKEL_OIDC_ISSUER=provider.issuer,
        SCHAKEL_OIDC_CLIENT="schakel",
        SCHAKEL_OIDC_SECRET="geheim",
        SCHAKEL_PUBLIC_URL="https://schakel.example.org",
    )


@pytest.fixture
def app(make: Callable[..., APIFlask]) -> APIFlask:
    return make()


def there_and_back(client: FlaskClient, provider: Provider, **changed: str) -> Any:
    sent = client.get("/sign-in/provider?next=/lists")
    assert sent.status_code == 302
    parts = urlsplit(sent.headers["Location"])
    asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
    assert f"{parts.scheme}://{parts.netloc}" == provider.issuer
    assert asked["redirect_uri"] == "https://schakel.example.org/sign-in/provider/back"
    assert asked["code_challenge_method"] == "S256"
    provider.nonce = asked["nonce"]
    back = {"code": "een-code", "state": asked["state"], **changed}
    return client.get("/sign-in/provider/back", query_string=back)


def test_somebody_new_signs_in_and_comes_back(
    app: APIFlask, client: FlaskClient, provider: Provider
) -> None:
    assert "/sign-in/provider" in get(client, "/sign-in").text
    assert there_and_back(client, provider).headers["Location"] == "/lists"
    assert "nieuw@example.org" in get(client, "/account").text
    assert provider.sent["code_verifier"]
    made = accounts.find_by_email(app.extensions["schakel"].store, "nieuw@example.org")
    assert made is not None and made.role is AccountRole.MEMBER and not made.has_password


def test_an_account_with_that_address_keeps_its_role(
    app: APIFlask, client: FlaskClient, provider: Provider
) -> None:
    store = app.extensions["schakel"].store
    accounts.create(
        store,
        email="nieuw@example.org",
        name="N",
        role=AccountRole.MANAGER,
        password=None,
        actor="command",
    )
    there_and_back(client, provider)
    assert get(client, "/initiatives/new").status_code == 200


@pytest.mark.parametrize(
    "claims",
    [{"email_verified": False}, {"email": None}, {"nonce": "een andere"}, {"aud": "een ander"}],
)
def test_what_the_provider_does_not_vouch_for_is_refused(
    client: FlaskClient, provider: Provider, claims: dict[str, Any]
) -> None:
    provider.claims |= claims
    assert there_and_back(client, provider).status_code == 403
    assert get(client, "/account").status_code == 302


def test_an_answer_to_another_request_is_refused(client: FlaskClient, provider: Provider) -> None:
    assert there_and_back(client, provider, state="verzonnen").status_code == 403
    assert get(client, "/account").status_code == 302


def test_a_provider_that_is_away_is_said_so(client: FlaskClient, provider: Provider) -> None:
    provider.server.shutdown()
    provider.server.server_close()
    page = get(client, "/sign-in/provider")
    assert page.status_code == 503
    assert "service to sign in with doesn't answer" in page.text.replace("&#39;", "'")


@pytest.mark.parametrize("address", ["geen adres", "jan@", "a@b@c.example", "@example.org"])
def test_an_address_that_is_none_is_a_clear_error(
    client: FlaskClient, provider: Provider, address: str
) -> None:
    provider.claims["email"] = address
    page = there_and_back(client, provider)
    assert page.status_code == 403
    assert get(client, "/account").status_code == 302


@pytest.mark.parametrize(
    ("settings", "claims", "status"),
    [
        ({"SCHAKEL_OIDC_DOMAINS": "wier.example, Example.org"}, {}, 302),
        ({"SCHAKEL_OIDC_DOMAINS": "wier.example"}, {}, 403),
        ({"SCHAKEL_OIDC_DOMAINS": "ample.org"}, {}, 403),
        ({"SCHAKEL_OIDC_GROUPS": "Schakel"}, {"groups": ["schakel", "x"]}, 302),
        ({"SCHAKEL_OIDC_GROUPS": "Schakel"}, {"groups": "schakel"}, 302),
        ({"SCHAKEL_OIDC_GROUPS": "Schakel"}, {"groups": ["anderen"]}, 403),
        ({"SCHAKEL_OIDC_GROUPS": "Schakel"}, {"groups": {"schakel": True}}, 403),
        ({"SCHAKEL_OIDC_GROUPS": "Schakel"}, {}, 403),
        ({"SCHAKEL_OIDC_GROUPS": "a", "SCHAKEL_OIDC_DOMAINS": "x.example"}, {"groups": "a"}, 403),
    ],
)
def test_domains_and_groups_that_may_sign_in(
    make: Callable[..., APIFlask],
    provider: Provider,
    settings: dict[str, str],
    claims: dict[str, Any],
    status: int,
) -> None:
    client = make(**settings).test_client()
    provider.claims |= claims
    assert there_and_back(client, provider).status_code == status
    assert get(client, "/account").status_code == (200 if status == 302 else 302)


def test_passwords_can_be_turned_off(
    make: Callable[..., APIFlask], provider: Provider, home: Path
) -> None:
    app = make(SCHAKEL_PASSWORDS="off")
    account(app, "member")
    client = app.test_client()
    assert 'name="password"' not in get(client, "/sign-in").text
    csrf = token(client)
    given = {"csrf_token": csrf, "email": "member@example.org", "password": PASSWORD}
    for page in ("/sign-in", "/password/forgotten", "/password/x", "/account/password"):
        assert client.post(page, data=given).status_code == 404
    assert there_and_back(client, provider).status_code == 302
    accounts.change(
        app.extensions["schakel"].store, 2, actor="command", role=AccountRole.ADMINISTRATOR
    )
    invited = {"email": "mia@example.org", "name": "Mia", "role": "member"}
    assert post(client, "/administration/users", invited).status_code == 302
    assert "https://schakel.example.org/sign-in" in mails(home)[-1].text
    assert "/password/" not in mails(home)[-1].text


def test_nobody_goes_round_the_provider_with_a_forgotten_password(
    app: APIFlask, client: FlaskClient, provider: Provider, home: Path
) -> None:
    there_and_back(client, provider)
    post(app.test_client(), "/password/forgotten", {"email": "nieuw@example.org"})
    assert mails(home) == []


def test_without_a_provider_there_is_no_such_page(
    home: Path, make_app: Callable[..., APIFlask]
) -> None:
    client = make_app(home).test_client()
    assert "/sign-in/provider" not in get(client, "/sign-in").text
    assert get(client, "/sign-in/provider").status_code == 404
