from __future__ import annotations

import copy
import json
import pickle
from dataclasses import asdict, replace

import pytest

from matcher.imports.organisations import organisation_from_mapping
from matcher.imports.preview import faults_of
from matcher.imports.row_errors import RowError
from matcher.messages import Message, message_json, say

DATE = say("%(value)s isn't a date", value="'100 % %(x)s'")


def test_what_is_said_is_its_english_sentence() -> None:
    assert DATE == "'100 % %(x)s' isn't a date" and isinstance(DATE, str)
    assert f"{DATE}!" == "'100 % %(x)s' isn't a date!" and hash(DATE) == hash(str(DATE))
    assert DATE.template == "%(value)s isn't a date" and DATE.values == {"value": "'100 % %(x)s'"}
    within = say("%(what)s, at most %(count)s", what=say("a list"), count=3)
    assert within == "a list, at most 3"
    assert json.loads(json.dumps(within)) == "a list, at most 3"


@pytest.mark.parametrize(
    "again", [copy.copy, copy.deepcopy, lambda said: pickle.loads(pickle.dumps(said))]
)
def test_what_is_said_survives_copies(again: object) -> None:
    assert callable(again)
    copied = again(say("one of %(names)s", names=DATE))
    assert isinstance(copied, Message) and copied == "one of '100 % %(x)s' isn't a date"
    assert copied.template == "one of %(names)s" and copied.values == {"names": DATE}


def test_what_is_kept_holds_template_and_values() -> None:
    what = say("%(what)s, at most %(count)s", what=say("a list"), count=3)
    fault = RowError("a.csv", 2, "type", what, "company, other")
    found = json.loads(json.dumps(faults_of([fault, fault], 7)))
    assert found["fault_count"] == 7
    assert found["faults"][1] == {
        "file": "a.csv",
        "line": 2,
        "column": "type",
        "problem": {
            "template": "%(what)s, at most %(count)s",
            "values": {"what": {"template": "a list", "values": {}}, "count": 3},
        },
        "expected": "company, other",
    }


def test_faults_stay_plain_english_for_others() -> None:
    organisation, faults = organisation_from_mapping(
        {"name": "Acme", "type": "bakery", "country": "XX", "languages": 3, "nme": "x"}
    )
    assert organisation is None
    assert [(one.column, one.problem, one.expected) for one in faults] == [
        ("nme", "unknown key", "perhaps 'name'"),
        (
            "type",
            "'bakery' isn't one of the choices",
            "company, research_institute, higher_education, public_body, hospital, "
            "cluster_organisation, civil_society, other",
        ),
        ("country", "'XX' isn't a country", "two letters of ISO 3166, such as BE"),
        ("languages", "a number", "a list"),
    ]
    plain = asdict(replace(faults[0], line=4))
    expected = {"problem": "unknown key", "expected": "perhaps 'name'"}
    assert plain == {"file": "", "line": 4, "column": "nme", **expected}
    assert message_json(plain["expected"])["values"] == {"name": "'name'"}
