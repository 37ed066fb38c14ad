from __future__ import annotations

import json
from datetime import date

import pytest

from matcher.domain import Filters, Near, Need, NeedLevel, OrganisationType, Question, Stage
from matcher.matching.question import deserialise, serialise


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
