from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

ADDRESS = "/api/v1/organisations"


@pytest.fixture
def app(hash_home: Path, make_app: Callable[..., APIFlask]) -> APIFlask:
    return make_app(
        hash_home,
        SCHAKEL_PUBLIC_URL="https://schakel.example.org",
        SCHAKEL_TRUSTED_HOSTS="schakel.internal, 10.0.0.5",
    )


@pytest.mark.parametrize(
    "host",
    ["schakel.example.org", "SCHAKEL.example.org:443", "localhost:8000", "127.0.0.1:8000"]
    + ["[::1]:8000", "schakel.internal:8000", "10.0.0.5"],
)
def test_the_names_of_the_service_are_answered(client: FlaskClient, host: str) -> None:
    assert client.get("/sign-in", headers={"Host": host}).status_code == 200
    assert client.get(f"{ADDRESS}?limit=1", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["rebind.evil.example", "schakel.example.org.evil.example", "evil.schakel.example.org"]
    + ["0.0.0.0", "10.0.0.6:8000", "localhost@evil.example", "evil.example/localhost", "", "[::2]"],
)
def test_others_are_refused_before_anything_is_done(client: FlaskClient, host: str) -> None:
    headers = {"Host": host, "Accept-Language": "en"}
    page = client.get("/sign-in", headers=headers)
    assert page.status_code == 400 and "known by this name" in page.text
    refused = client.delete(f"{ADDRESS}/demo:imec", headers=headers)
    assert (refused.status_code, refused.content_type) == (400, "application/problem+json")
    assert client.get(f"{ADDRESS}/demo:imec").status_code == 200
    assert client.get("/health/live", headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("server", "status"),
    [("127.0.0.1", 204), ("localhost", 204), ("::1", 204), ("0.0.0.0", 401), ("::", 401)],
)
def test_writing_that_nobody_said_is_open_is_so_for_this_machine_alone(
    client: FlaskClient, server: str, status: int
) -> None:
    environ = {"SERVER_NAME": server}
    headers = {"Host": "localhost"}
    asked = client.delete(f"{ADDRESS}/demo:imec", headers=headers, environ_overrides=environ)
    assert asked.status_code == status


def test_writing_can_be_said_to_be_open(hash_home: Path, make_app: Callable[..., APIFlask]) -> None:
    client = make_app(hash_home, SCHAKEL_API_WRITES="open").test_client()
    environ, headers = {"SERVER_NAME": "0.0.0.0"}, {"Host": "localhost"}
    asked = client.delete(f"{ADDRESS}/demo:imec", headers=headers, environ_overrides=environ)
    assert asked.status_code == 204
