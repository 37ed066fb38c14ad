"""A question as plain JSON values, to be kept and asked again."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from pydantic import TypeAdapter

from matcher.domain import Question

_QUESTION = TypeAdapter(Question)


def serialise(question: Question) -> dict[str, Any]:
    """Return a question as JSON values."""
    whole = asdict(question)
    for need in whole["needs"]:
        need["due"] = need["due"] and need["due"].isoformat()
    return whole


def deserialise(kept: object) -> Question:
    """Return the question that `packed` made JSON of. Raises ValueError for anything else."""
    return _QUESTION.validate_python(kept)
