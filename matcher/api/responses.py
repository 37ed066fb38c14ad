"""Answers that are dataclasses: their JSON, and their schema in the OpenAPI document."""

from __future__ import annotations

from functools import cache
from typing import Any, ClassVar

from flask import Response, jsonify
from pydantic import BaseModel, ConfigDict, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from matcher.presenters import to_json


class _AllRequired(GenerateJsonSchema):
    """Says that every field is sent, also those that have a default in the dataclass."""

    def field_is_required(self, field: Any, total: bool) -> bool:
        """Return True for every field."""
        return True


class AnswerSchema(BaseModel):
    """The schema of a dataclass. Its attribute docstrings are the descriptions of its fields.

    It is made when somebody asks for it: of all answers, that takes a second.
    """

    answer_type: ClassVar[type]

    @classmethod
    def model_json_schema(cls, *args: Any, **options: Any) -> dict[str, Any]:
        """Return the schema of the JSON that is sent, the dataclass's own at the top."""
        options |= {"mode": "serialization", "schema_generator": _AllRequired}
        listed: Any = tuple[cls.answer_type]  # type: ignore[name-defined]
        adapter = TypeAdapter(listed, config=ConfigDict(use_attribute_docstrings=True))
        schema = adapter.json_schema(*args, **options)
        name = str(schema["prefixItems"][0]["$ref"]).rpartition("/")[2].rpartition(".")[2]
        return {**schema["$defs"].pop(name), "$defs": schema["$defs"]}


@cache
def schema_of(answer_type: type) -> type[BaseModel]:
    """Return the response schema of a dataclass, under its name: one, however often it is asked."""
    made: type[AnswerSchema] = type(
        answer_type.__name__,
        (AnswerSchema,),
        {"__module__": __name__, "__doc__": answer_type.__doc__},
    )
    made.answer_type = answer_type
    return made


def answer(found: object) -> Response:
    """Return a response that holds a dataclass as JSON."""
    return jsonify(to_json(found))
