"""Accounts and keys from the command line."""

from __future__ import annotations

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from matcher.cli.administration import settings_table
from tests.cli.commands import result_of, run
from tests.web.users import post

EMAIL = "mia@example.org"
SECRET, OTHER_SECRET = "een lang wachtwoord", "nog een lang wachtwoord"
ASKED = f"{SECRET}\n{SECRET}\n"


def signs_in(client: FlaskClient, password: str) -> bool:
    sent = post(client, "/sign-in", {"email": EMAIL, "password": password})
    return bool(sent.status_code == 302)


def test_an_account_from_beginning_to_end(empty_app: APIFlask) -> None:
    app = empty_app
    made = run(app, "user", "create", EMAIL, "--name", "Mia", typed=ASKED)
    assert made.endswith(f"{EMAIL} can sign in as manager.\n")
    assert SECRET not in made
    assert run(app, "user", "list") == f"{EMAIL}\tMia\tmanager\tactive\n"
    assert signs_in(app.test_client(), SECRET)
    assert run(app, "user", "role", EMAIL, "member") == f"{EMAIL} is member now.\n"
    assert run(app, "user", "list") == f"{EMAIL}\tMia\tmember\tactive\n"
    changed = run(app, "user", "password", EMAIL, SCHAKEL_PASSWORD=OTHER_SECRET)
    assert changed == f"The password of {EMAIL} is set.\n"
    assert not signs_in(app.test_client(), SECRET)
    assert signs_in(app.test_client(), OTHER_SECRET)
    assert run(app, "user", "delete", EMAIL) == f"{EMAIL} is gone.\n"
    assert run(app, "user", "list") == ""
    assert not signs_in(app.test_client(), OTHER_SECRET)


def test_mistakes_with_accounts_get_a_sentence_and_change_nothing(empty_app: APIFlask) -> None:
    app = empty_app
    run(app, "user", "create", EMAIL, SCHAKEL_PASSWORD=SECRET)
    before = run(app, "user", "list")
    create = ("user", "create", "jan@example.org", "--password")
    assert "12" in run(app, *create, "kort", fails=True)
    assert "mia" in run(app, "user", "create", EMAIL, "--password", SECRET, fails=True)
    assert "address" in run(app, "user", "create", "mia", "--password", SECRET, fails=True)
    for arguments in (("role", "member"), ("delete",)):
        command, *rest = arguments
        said = run(app, "user", command, "nobody@example.org", *rest, fails=True)
        assert said == "Error: There is no account for nobody@example.org.\n"
    said = run(app, "user", "password", "nobody@example.org", "--password", SECRET, fails=True)
    assert "nobody@example.org" in said
    refused = result_of(app, "user", "role", EMAIL, "king")
    assert refused.exit_code == 2
    assert "'king' is not one of 'member', 'manager', 'administrator'" in refused.output
    assert run(app, "user", "list") == before


def test_a_password_that_is_typed_differently_the_second_time_is_asked_again(
    empty_app: APIFlask,
) -> None:
    typed = f"{SECRET}\n{OTHER_SECRET}\n{ASKED}"
    printed = run(empty_app, "user", "create", EMAIL, typed=typed)
    assert "The two entered values do not match." in printed
    assert signs_in(empty_app.test_client(), SECRET)


@pytest.mark.parametrize("name", ["", "  ", "x" * 201])
def test_a_key_needs_a_name(empty_app: APIFlask, name: str) -> None:
    said = run(empty_app, "apikey", "create", name, fails=True)
    assert "A key needs a name of 1 to 200 characters" in said
    assert run(empty_app, "apikey", "list") == ""


def test_a_key_is_shown_once_and_useless_after_it_was_revoked(empty_app: APIFlask) -> None:
    app = empty_app
    key = run(app, "apikey", "create", "crm").strip()
    assert key.startswith("schakel_")
    listed = run(app, "apikey", "list")
    assert listed.startswith("crm\t") and listed.endswith("\tvalid\n") and key not in listed
    assert run(app, "apikey", "revoke", "crm") == "1 key(s) revoked.\n"
    assert run(app, "apikey", "list").endswith("\trevoked\n")
    assert run(app, "apikey", "revoke", "erp") == "0 key(s) revoked.\n"


def test_settings_are_printed_as_a_table(empty_app: APIFlask) -> None:
    printed = run(empty_app, "settings")
    assert printed == settings_table() + "\n"
    assert "| `SCHAKEL_BIND` | `127.0.0.1:8000` |" in printed
