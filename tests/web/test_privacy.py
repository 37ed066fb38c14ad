"""What people are told about their data, and where."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from matcher.web.privacy import LEGAL_BASES
from tests.conftest import settings_for
from tests.mails import mails
from tests.people import PRODUCTION
from tests.web.users import get

pytestmark = pytest.mark.usefixtures("hash_vectors")


@pytest.fixture
def home(hash_home: Path) -> Path:
    return hash_home


@pytest.mark.parametrize("basis", list(LEGAL_BASES))
def test_the_notice_names_the_controller_and_the_basis(
    make_app: Callable[..., APIFlask], home: Path, basis: str
) -> None:
    stated = {
        "SCHAKEL_CONTROLLER": "Cluster vzw, Markt 1, Gent",
        "SCHAKEL_CONTROLLER_EMAIL": "privacy@cluster.example",
        "SCHAKEL_LEGAL_BASIS": basis,
    }
    page = get(make_app(home, **stated).test_client(), "/privacy").text
    assert "Cluster vzw, Markt 1, Gent" in page and "mailto:privacy@cluster.example" in page
    assert [one for one, text in LEGAL_BASES.items() if str(text) in page] == [basis]


def test_a_controller_that_is_not_stated_is_said(client: FlaskClient, app: APIFlask) -> None:
    assert "hasn't stated yet who is responsible" in get(client, "/privacy").text
    warnings = settings_for(app.extensions["schakel"].settings.home, **PRODUCTION).warnings
    assert [line for line in warnings if "SCHAKEL_CONTROLLER" in line]


def test_forms_and_mails_lead_to_the_notice(client: FlaskClient, app: APIFlask, home: Path) -> None:
    for address in ("/", "/profile/new", "/sign-in", "/profile/link"):
        assert 'href="/privacy"' in get(client, address).text
    services = app.extensions["schakel"]
    services.mailer.send("an@example.org", "x", "y")
    (mail,) = mails(home)
    assert mail.text.startswith("y") and f"{services.settings.public_url}/privacy" in mail.text
