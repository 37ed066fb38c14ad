from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from matcher.api.responses import schema_of
from matcher.domain import Need, NeedLevel, Stage
from matcher.initiatives.gaps import GapReport
from matcher.initiatives.roadmap import Roadmap
from matcher.presenters import to_json


@dataclass(frozen=True, slots=True)
class Plan:
    """What is needed."""

    needs: tuple[Need, ...]
    next: Need | None = None
    """Which comes first."""


def part(schema: dict[str, Any], name: str) -> Any:
    return next(value for key, value in schema["$defs"].items() if key == name)


def test_a_dataclass_is_json_with_the_values_of_enums_and_dates_as_text() -> None:
    need = Need("A pump", NeedLevel.NICE, 2.0, Stage.PILOT, date(2027, 1, 31))
    shown = {
        "text": "A pump",
        "level": "nice",
        "weight": 2.0,
        "stage": "pilot",
        "due": "2027-01-31",
    }
    assert to_json(Plan((need,))) == {"needs": [shown], "next": None}


def test_the_schema_has_the_fields_of_the_dataclass_and_their_descriptions() -> None:
    schema = schema_of(Plan).model_json_schema()
    assert schema["title"] == "Plan" and schema["description"] == "What is needed."
    assert set(schema["properties"]) == {"needs", "next"}
    assert schema["properties"]["next"]["description"] == "Which comes first."
    due = "By when it should be met; puts the needs of one stage in order."
    assert part(schema, "Need")["properties"]["due"]["description"] == due


def test_every_field_is_sent_also_those_with_a_default() -> None:
    schemas = [schema_of(answer).model_json_schema() for answer in (Plan, GapReport, Roadmap)]
    for schema in schemas:
        for shape in [schema, *schema["$defs"].values()]:
            assert set(shape.get("required", [])) == set(shape.get("properties", {}))
