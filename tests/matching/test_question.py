from __future__ import annotations

import json
from datetime import date

import pytest

from matcher.domain import Filters, Near, Need, NeedLevel, OrganisationType, Question, Stage
from matcher.matching.question import (
    QuestionLimits,
    QuestionTooLarge,
    check_size,
    deserialise,
    serialise,
)


def test_a_stored_question_is_the_same_question() -> None:
    question = Question(
        text="Biosensoren",
        needs=(Need("spuitgieten", NeedLevel.NICE, 2.0, Stage.PRODUCTION, date(2027, 1, 31)),),
        members=("demo:a",),
        exclude=("demo:b",),
        unlike=("demo:c",),
        filters=Filters(
            (OrganisationType.COMPANY,), ("BE",), ("BE2",), ("health",), (Stage.PILOT,), True,
            Near(51.0, 3.7, 40.0),
        ),
        complement=0.5,
        similarity_penalty=0.1,
        across_fields=0.3,
        limit=5,
        offset=10,
    )  # fmt: skip
    assert deserialise(json.loads(json.dumps(serialise(question)))) == question
    assert deserialise(json.loads(json.dumps(serialise(Question())))) == Question()


def test_anything_else_is_refused() -> None:
    for stored in (
        None,
        [],
        {"text": 3},
        {"members": "demo:a"},
        {"filters": {"types": ["bakery"]}},
    ):
        with pytest.raises(ValueError):
            deserialise(stored)


LIMITS = QuestionLimits(characters=100, needs=3, members=2)


@pytest.mark.parametrize(
    ("text", "needs", "members", "field", "words"),
    [
        ("x" * 101, [], [], "text", "101 characters together; at most 100"),
        ("x" * 60, ["x" * 41], [], "text", "101 characters"),
        ("x" * 20, ["x" * 41, "x" * 40], [], "needs", "101 characters"),
        ("x", ["a", "b", "c", "d"], [], "needs", "4 needs; at most 3"),
        ("x", [], ["a", "b", "c"], "members", "3 members; at most 2"),
    ],
)
def test_what_is_too_large_names_the_field_and_what_to_do(
    text: str, needs: list[str], members: list[str], field: str, words: str
) -> None:
    with pytest.raises(QuestionTooLarge, match=words) as raised:
        check_size(text, [Need(one) for one in needs], members, LIMITS)
    assert raised.value.field == field
    assert any(advice in str(raised.value) for advice in ("Shorten", "Leave out"))


def test_what_is_as_large_as_it_may_be_is_fine() -> None:
    check_size("x" * 70, [Need("y" * 10)] * 3, ["a", "b"], LIMITS)
