"""What tests of pages have in common: forms with their token, and people who are signed in."""

from __future__ import annotations

import html
import re
from typing import Any
from urllib.parse import urljoin

from apiflask import APIFlask
from flask.testing import FlaskClient

from matcher.accounts import accounts
from matcher.accounts.accounts import Account, AccountRole

PASSWORD = "een lang wachtwoord"


def token(client: FlaskClient, page: str = "/profile/link") -> str:
    """The CSRF token of the client's session, taken from a page that has a small form."""
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get(page).text)
    assert found is not None
    return found.group(1)


def post(
    client: FlaskClient, address: str, fields: dict[str, Any] | None = None, **more: Any
) -> Any:
    """Send a form in English with its token; `more` goes to the client, as it is."""
    return client.post(
        address,
        data={"csrf_token": token(client), **(fields or {})},
        headers={"Accept-Language": "en"},
        **more,
    )


def get(client: FlaskClient, address: str, **more: Any) -> Any:
    """Get a page in English."""
    return client.get(address, headers={"Accept-Language": "en"}, **more)


def account(app: APIFlask, role: str, email: str = "") -> Account:
    """Make an account."""
    store = app.extensions["schakel"].store
    address = email or f"{role}@example.org"
    return accounts.create(
        store,
        email=address,
        name=role.title(),
        role=AccountRole(role),
        password=PASSWORD,
        actor="command",
    )


def signed_in(app: APIFlask, role: str, email: str = "") -> FlaskClient:
    """A client of its own whose account has this role."""
    made = account(app, role, email)
    client = app.test_client()
    sent = post(client, "/sign-in", {"email": made.email, "password": PASSWORD})
    assert sent.status_code == 302
    return client


def in_dutch(client: FlaskClient, page: Any) -> Any:
    """Follow the link to Dutch at the head of a page; the client forgets that it did."""
    found = re.search(r'<a href="([^"]+)" lang="nl"', page.text)
    assert found is not None
    dutch = client.get(urljoin(page.request.path, html.unescape(found.group(1))))
    client.delete_cookie("lang")
    return dutch
