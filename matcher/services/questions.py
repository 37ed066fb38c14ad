"""A question as plain JSON values, to be kept and asked again."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Any

from matcher.domain import (
    Filters,
    Near,
    Need,
    NeedLevel,
    OrganisationType,
    Question,
    Stage,
)


def packed(question: Question) -> dict[str, Any]:
    """Return a question as JSON values."""
    whole = asdict(question)
    for need in whole["needs"]:
        need["due"] = need["due"] and need["due"].isoformat()
    return whole


def unpacked(kept: dict[str, Any]) -> Question:
    """Return the question that `packed` made JSON of."""
    filters = kept["filters"]
    return Question(
        text=kept["text"],
        needs=tuple(
            Need(
                one["text"],
                NeedLevel(one["level"]),
                one["weight"],
                Stage(one["stage"]) if one["stage"] else None,
                date.fromisoformat(one["due"]) if one["due"] else None,
            )
            for one in kept["needs"]
        ),
        members=tuple(kept["members"]),
        exclude=tuple(kept["exclude"]),
        unlike=tuple(kept["unlike"]),
        filters=Filters(
            types=tuple(OrganisationType(one) for one in filters["types"]),
            countries=tuple(filters["countries"]),
            regions=tuple(filters["regions"]),
            sectors=tuple(filters["sectors"]),
            stages=tuple(Stage(one) for one in filters["stages"]),
            sme_only=filters["sme_only"],
            near=Near(**filters["near"]) if filters["near"] else None,
        ),
        complement=kept["complement"],
        alike=kept["alike"],
        exploratory=kept["exploratory"],
        limit=kept["limit"],
        offset=kept["offset"],
    )
