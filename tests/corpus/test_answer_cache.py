"""Keys of answers: equal only for equal questions on the same corpus, index and day."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest

from matcher.corpus import answer_cache
from matcher.corpus.answer_cache import answer_key
from matcher.domain import Question
from matcher.store import Revision

QUESTION = Question(text="cargo bikes with a cool box", limit=5)


def snapshot(version: int = 7, mark: str = "a", generation: str = "gen-7-aaaa") -> Any:
    """What a key takes from a snapshot."""
    return SimpleNamespace(
        revision=Revision(version, mark), generation=SimpleNamespace(name=generation)
    )


def test_equal_questions_have_one_key() -> None:
    assert answer_key("a", snapshot(), QUESTION) == answer_key("a", snapshot(), replace(QUESTION))
    assert answer_key("a", snapshot(), {"x": 1, "y": 2}) == answer_key(
        "a", snapshot(), {"y": 2, "x": 1}
    )


def test_all_that_an_answer_depends_on_is_in_its_key() -> None:
    others = [
        answer_key("b", snapshot(), QUESTION),
        answer_key("a", snapshot(), replace(QUESTION, limit=6)),
        answer_key("a", snapshot(version=8), QUESTION),
        answer_key("a", snapshot(mark="b"), QUESTION),
        # A training publishes a generation of its own, with another calibration of scores.
        answer_key("a", snapshot(generation="gen-7-bbbb"), QUESTION),
    ]
    assert len({answer_key("a", snapshot(), QUESTION), *others}) == 1 + len(others)


def test_an_answer_is_of_its_day_since_offers_expire(monkeypatch: pytest.MonkeyPatch) -> None:
    class Day(date):
        day_now = date(2030, 6, 30)

        @classmethod
        def today(cls) -> Any:
            return cls.day_now

    monkeypatch.setattr(answer_cache, "date", Day)
    first = answer_key("a", snapshot(), QUESTION)
    assert answer_key("a", snapshot(), QUESTION) == first
    Day.day_now = date(2030, 7, 1)
    assert answer_key("a", snapshot(), QUESTION) != first
