"""What pydantic finds wrong, in sentences of our own: which field, what is wrong, what instead.

The API makes problems of them, an import makes row errors, forms put them by their fields.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from matcher.messages import Message, kind_of, nearest, quoted, say
from matcher.validation import (
    COUNTRY_PATTERN,
    EMAIL_PATTERN,
    ID_PATTERN,
    LANGUAGE_PATTERN,
    REGION_PATTERN,
    WEBSITE_PATTERN,
)

Context = Mapping[str, Any]
Sentences = tuple[Message, str]
"""What is wrong, and what was expected; empty where the first says it all."""


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing that is wrong with what came in."""

    path: str
    """The field, such as `offers[0].text`; empty for the whole."""
    code: str
    """The type of pydantic's error, or one of ours: country, email, website, number, day, …"""
    problem: Message
    expected: str
    part: str = ""
    """The field within `path` to put right, where a rule is about several fields."""

    def __str__(self) -> str:
        return f"{self.problem}; expected: {self.expected}" if self.expected else self.problem


def field_errors(error: ValidationError, model: type[BaseModel] | None = None) -> list[FieldError]:
    """Return what is wrong, in the order of the model's fields; unknown fields come first.

    With the model that was validated, unknown fields name the known one that is most like them, and
    an empty choice names the choices.
    """
    found = []
    for details in error.errors(include_url=False):
        place = details["loc"]
        known = _fields_at(model, place[:-1]) if model is not None else {}
        problem, expected = _sentences(details["type"], details["input"], details, known, place)
        part = (details.get("ctx") or {}).get("field", "")
        found.append(FieldError(_path(place), details["type"], problem, expected, part))
    return sorted(found, key=lambda one: one.code != "extra_forbidden")


def _path(place: tuple[int | str, ...]) -> str:
    parts = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in place]
    return "".join(parts).removeprefix(".")


def _sentences(
    code: str, value: Any, details: Any, known: Mapping[str, Any], place: tuple[int | str, ...]
) -> Sentences:
    if code == "extra_forbidden":
        expected = nearest(str(place[-1]), known) if known else say("a field that is documented")
        return say("unknown key"), expected
    if code == "missing":
        choices = _choices(known.get(str(place[-1])))
        return say("empty"), ", ".join(choices) or say("a value")
    explain = _EXPLAIN.get(code)
    if explain is None:
        sentence = details["msg"].removeprefix("Value error, ")
        return Message("%(problem)s", {"problem": sentence}), ""
    return explain(value, details.get("ctx") or {})


def _too_short(value: Any, context: Context) -> Sentences:
    problem = say("%(count)s characters", count=len(value)) if value else say("empty")
    if context["min_length"] == 1:
        return problem, say("a value")
    return problem, say("at least %(count)s characters", count=context["min_length"])


def _too_long(value: Any, context: Context) -> Sentences:
    problem = say("%(count)s characters", count=len(value))
    return problem, say("at most %(count)s", count=context["max_length"])


def _too_many(value: Any, context: Context) -> Sentences:
    problem = say("%(count)s items", count=len(value))
    return problem, say("at most %(count)s", count=context["max_length"])


def _wrong_kind(expected: Message) -> Callable[[Any, Context], Sentences]:
    return lambda value, _: (say("empty") if value is None else kind_of(value), expected)


def _choice(value: Any, context: Context) -> Sentences:
    expected = ", ".join(re.findall(r"'([^']*)'", context["expected"]))
    if not isinstance(value, str):
        return kind_of(value), expected
    return say("%(value)s isn't one of the choices", value=quoted(value)), expected


def _number(value: Any, context: Context) -> Sentences:
    least, most = f"{context['least']:g}", f"{context['most']:g}"
    expected = say("a number from %(least)s to %(most)s", least=least, most=most)
    if context["whole"]:
        expected = say("a whole number from %(least)s to %(most)s", least=least, most=most)
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return kind_of(value), expected
    try:
        number = float(value)
    except OverflowError:
        return say("out of bounds"), expected
    except ValueError:
        return say("%(value)s isn't a number", value=quoted(value)), expected
    if context["whole"] and context["least"] <= number <= context["most"]:
        return say("%(value)s isn't whole", value=f"{number:g}"), expected
    return say("out of bounds"), expected


def _out_of_bounds(value: Any, context: Context) -> Sentences:
    (bound,) = (context[name] for name in ("ge", "gt", "le", "lt") if name in context)
    if "ge" in context:
        return say("out of bounds"), say("at least %(count)s", count=bound)
    if "gt" in context:
        return say("out of bounds"), say("more than %(bound)s", bound=bound)
    if "le" in context:
        return say("out of bounds"), say("at most %(count)s", count=bound)
    return say("out of bounds"), say("less than %(bound)s", bound=bound)


def _country(value: Any, _: Context) -> Sentences:
    problem = say("%(value)s isn't a country", value=quoted(value))
    return problem, say("two letters of ISO 3166, such as BE")


def _email(value: Any, _: Context) -> Sentences:
    problem = say("%(value)s isn't an e-mail address", value=quoted(value))
    return problem, say("name@organisation.example")


def _website(value: Any, _: Context) -> Sentences:
    problem = say("%(value)s isn't a web address", value=quoted(value))
    return problem, say("http:// or https:// first")


def _day(value: Any, _: Context) -> Sentences:
    problem = say("%(value)s isn't a date", value=quoted(value))
    return problem if isinstance(value, str) else kind_of(value), say("YYYY-MM-DD")


def no_id(value: str | None) -> Message:
    """Return what is wrong with something that should have been an id."""
    return say("%(value)s isn't an id", value=quoted(value or ""))


def id_expected(example: str) -> Message:
    """Return what an id looks like."""
    return say(
        "a source, a colon and letters, digits, '.', '_' or '-', such as %(example)s",
        example=example,
    )


_PATTERNS: dict[str, Callable[[Any], Sentences]] = {
    ID_PATTERN: lambda value: (no_id(value), id_expected("org:acme-1")),
    COUNTRY_PATTERN: lambda value: _country(value, {}),
    REGION_PATTERN: lambda value: (
        say("%(value)s isn't a region", value=quoted(value)),
        say("a NUTS code, such as BE213"),
    ),
    LANGUAGE_PATTERN: lambda value: (
        say("%(value)s isn't a language", value=quoted(value)),
        say("two letters, such as nl"),
    ),
    EMAIL_PATTERN: lambda value: _email(value, {}),
    WEBSITE_PATTERN: lambda value: _website(value, {}),
}


def _pattern(value: Any, context: Context) -> Sentences:
    explain = _PATTERNS.get(context["pattern"])
    if explain is not None:
        return explain(value)
    problem = say("%(value)s has another form", value=quoted(value))
    return problem, say("what fits %(pattern)s", pattern=context["pattern"])


_EXPLAIN: dict[str, Callable[[Any, Context], Sentences]] = {
    "string_type": _wrong_kind(say("a text")),
    "string_unicode": lambda *_: (
        say("half a character (a lone surrogate)"),
        say("Unicode text"),
    ),
    "string_too_short": _too_short,
    "string_too_long": _too_long,
    "string_pattern_mismatch": _pattern,
    "too_long": _too_many,
    "list_type": _wrong_kind(say("a list")),
    "model_type": _wrong_kind(say("an object")),
    "model_attributes_type": _wrong_kind(say("an object")),
    "dict_type": _wrong_kind(say("an object")),
    "enum": _choice,
    "literal_error": _choice,
    "bool_type": _wrong_kind(say("true or false")),
    "bool_parsing": _wrong_kind(say("true or false")),
    "int_type": _wrong_kind(say("a number")),
    "int_parsing": lambda value, _: (
        say("%(value)s isn't a number", value=quoted(value)),
        say("a number"),
    ),
    "int_from_float": lambda value, _: (
        say("%(value)s isn't whole", value=f"{value:g}"),
        say("a number"),
    ),
    "float_type": _wrong_kind(say("a number")),
    "float_parsing": lambda value, _: (
        say("%(value)s isn't a number", value=quoted(value)),
        say("a number"),
    ),
    "finite_number": lambda *_: (say("out of bounds"), say("a number")),
    "greater_than_equal": _out_of_bounds,
    "greater_than": _out_of_bounds,
    "less_than_equal": _out_of_bounds,
    "less_than": _out_of_bounds,
    "number": _number,
    "country": _country,
    "email": _email,
    "website": _website,
    "day": _day,
    "half_place": lambda *_: (
        say("only one of latitude and longitude"),
        say("both latitude and longitude, or neither"),
    ),
    "nothing_said": lambda *_: (say("empty"), say("a title or a text")),
    "trl_order": lambda _, context: (
        say("%(least)s is more than %(most)s", least=context["least"], most=context["most"]),
        say("the lower TRL first"),
    ),
    "sme_of_size": lambda _, context: (
        say("doesn't go with the size %(size)s", size=repr(context["size"])),
        say("yes, or nothing") if context["sme"] else say("no, or nothing"),
    ),
}
"""Sentences by the type of an error, made of the value at fault and the error's context."""


def _fields_at(model: type[BaseModel], place: tuple[int | str, ...]) -> Mapping[str, Any]:
    """Return the annotations of the fields of the model at a place within a model."""
    for name in place:
        if isinstance(name, str) and name in model.model_fields:
            inner = _first(model.model_fields[name].annotation, BaseModel)
            if inner is None:
                return {}
            model = inner
    return {name: field.annotation for name, field in model.model_fields.items()}


def _choices(annotation: Any) -> list[str]:
    choice = _first(annotation, Enum)
    return [member.value for member in choice] if choice else []


def _first(annotation: Any, kind: type) -> Any:
    """Return the first class of a kind within an annotation such as `list[StatementIn] | None`."""
    if isinstance(annotation, type) and issubclass(annotation, kind):
        return annotation
    return next((one for part in get_args(annotation) if (one := _first(part, kind))), None)
