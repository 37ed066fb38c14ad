"""What pages say where a question is too large, or where there isn't time to answer it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from apiflask import APIFlask
from sqlalchemy import select

from matcher.domain import Question
from matcher.matching.question import serialise
from matcher.store.account_tables import MatchListRow
from matcher.store.initiatives import get_initiative
from tests.clocks import use_clock
from tests.web.users import get, post, signed_in

NANO = "/initiatives/demo:nano-for-health"


@pytest.fixture
def small_app(home: Path, make_app: Callable[..., APIFlask]) -> APIFlask:
    """A service in which questions must be small."""
    limits = {"CHARACTERS": "200", "NEEDS": "3", "MEMBERS": "2"}
    return make_app(home, **{f"SCHAKEL_QUESTION_{name}": limit for name, limit in limits.items()})


def errors(page: Any) -> list[str]:
    return re.findall(r'class="error"[^>]*>([^<]+)<', page.text)


@pytest.mark.parametrize(
    ("fields", "language", "message"),
    [
        ({"text": "x" * 150, "brings": "y" * 50}, "en", "The texts have 201 characters together"),
        ({"text": "x" * 201}, "nl", "De teksten hebben samen 201 tekens"),
        ({"text": "x" * 201}, "fr", "Les textes comptent ensemble 201 caractères"),
        ({"text": "x" * 201}, "de", "Die Texte haben zusammen 201 Zeichen"),
        ({"needs": "one\ntwo\nthree\nfour"}, "en", "At most 3 needs"),
        ({"needs": "a" * 150 + "\n" + "b" * 51}, "en", "201 characters together"),
        ({"members": "demo:imec\ndemo:trapkar\ndemo:surfalink"}, "en", "3 members; at most 2"),
    ],
)
def test_too_large_a_question_is_told_at_the_field(
    small_app: APIFlask, fields: dict[str, str], language: str, message: str
) -> None:
    page = small_app.test_client().get("/matches", query_string={**fields, "lang": language})
    assert page.status_code == 422
    assert [message in error for error in errors(page)] == [True]


def test_unknown_members_are_told_ten_at_a_time(app: APIFlask) -> None:
    names = "\n".join(f"Bestaat niet {number}" for number in range(30))
    page = get(app.test_client(), "/matches", query_string={"text": "x", "members": names})
    assert page.text.count("We know no organisation called") == 10


def test_too_large_an_initiative_is_told_at_its_forms(small_app: APIFlask) -> None:
    manager = signed_in(small_app, "manager")
    page = post(manager, "/initiatives/new", {"name": "Groot", "brief": "x" * 201})
    assert page.status_code == 422
    assert "201 characters together; at most 200" in page.text
    made = post(manager, "/initiatives/new", {"name": "Klein", "brief": "x" * 190})
    address = made.headers["Location"].removesuffix("/needs")
    settings = get(manager, f"{address}/settings").text
    seen = re.search(r'name="seen"[^>]*value="([^"]*)"', settings)
    assert seen
    fields = {"name": "Klein", "brief": "y" * 201, "seen": seen[1]}
    assert "at most 200" in post(manager, f"{address}/settings", fields).text
    page = get(manager, f"{address}/needs")
    seen = re.search(r'name="seen" value="([^"]*)"', page.text)
    assert seen
    need = {"text": "n" * 11, "level": "must", "weight": "1", "stage": "", "due": ""}
    assert "201 characters" in post(manager, f"{address}/needs", {**need, "seen": seen[1]}).text
    for name, status in (("demo:imec", 302), ("demo:trapkar", 302), ("demo:surfalink", 422)):
        page = post(manager, f"{address}/members", {"organisation": name})
        assert page.status_code == status
    assert "3 members; at most 2" in page.text
    stored = get_initiative(small_app.extensions["schakel"].store, address.rpartition("/")[2])
    assert stored is not None
    assert (stored.brief, stored.needs, len(stored.members)) == ("x" * 190, (), 2)


def test_an_initiative_from_before_the_limits_says_what_to_do(small_app: APIFlask) -> None:
    page = get(signed_in(small_app, "member"), f"{NANO}/matches")
    assert page.status_code == 422
    assert "at most 200 can be read. Shorten them" in page.text


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "There wasn&#39;t time to answer your question."),
        ("nl", "Er was geen tijd genoeg om uw vraag te beantwoorden."),
        ("fr", "Le temps a manqué pour répondre à votre question."),
        ("de", "Die Zeit reichte nicht, um Ihre Frage zu beantworten."),
    ],
)
def test_without_time_the_page_says_so(
    app: APIFlask, monkeypatch: pytest.MonkeyPatch, language: str, sentence: str
) -> None:
    use_clock(monkeypatch, step=20.0)
    page = app.test_client().get("/matches", query_string={"text": "biosensor", "lang": language})
    assert (page.status_code, page.headers["Retry-After"]) == (503, "60")
    assert sentence in page.text


def test_a_page_that_was_cut_short_says_so(app: APIFlask, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, member = use_clock(monkeypatch, step=0.0), signed_in(app, "member")
    matches = ("/matches", {"text": "biosensor"}, "only the first partners of this page are shown")
    team = (f"{NANO}/line-up", {"size": "14", "teams": "4"}, "there may be better teams")
    for address, asked, sentence in (matches, team):
        for looks in range(2, 60):
            clock.step = 15 / looks
            page = get(member, address, query_string=asked)
            if page.status_code == 200:
                break
        assert sentence in page.text
        clock.step = 0.0
        assert sentence not in get(member, address, query_string=asked).text


def test_a_list_that_was_cut_short_is_not_kept(
    app: APIFlask, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager, store = signed_in(app, "manager"), app.extensions["schakel"].store
    clock, statuses = use_clock(monkeypatch, step=0.0), set()
    for looks in range(2, 24, 3):
        clock.step = 15 / looks
        question = json.dumps(serialise(Question(text=f"biosensor {looks}", limit=30)))
        statuses.add(
            post(manager, "/lists", {"name": "Sensoren", "question": question}).status_code
        )
    assert statuses == {503}
    with store.reading() as session:
        assert session.scalars(select(MatchListRow)).all() == []
