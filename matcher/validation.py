"""What may be stored: limits, patterns and types of fields, each said once.

The models that are made of these types (in organisations/schema.py and initiatives/schema.py) are
the only judges of what comes in: through the API, from imported files and from forms.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import date
from functools import cache
from math import isfinite
from typing import Annotated, Any
from urllib.parse import urlsplit

from babel import Locale
from email_validator import validate_email
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)
from pydantic_core import PydanticCustomError

from embeddings.words import normalise

MAX_NAME_LENGTH = 300
"""Names of organisations and of initiatives; the width of the column."""
MIN_STATEMENT_LENGTH, MAX_STATEMENT_LENGTH = 3, 5_000
"""An offer or a need on the profile of an organisation."""
MAX_NEED_LENGTH = 2_000
"""A need of a question, an initiative or an introduction: it also stands in addresses."""
MAX_DESCRIPTION_LENGTH = 5_000
MAX_STATEMENTS = 200
"""Offers, and as many needs, of one organisation."""
MAX_SECTORS = MAX_CERTIFICATIONS = 50
MAX_TAG_LENGTH = 100
"""A sector or a certification."""
MAX_LANGUAGES = 20
MAX_COMPETITORS = 50
MAX_CITY_LENGTH = 200
MAX_WEBSITE_LENGTH = 500
MAX_CONTACT_NAME_LENGTH = 200
MAX_EMAIL_LENGTH = 254
"""RFC 5321, section 4.5.3.1.3, without the angle brackets."""
MAX_PHONE_LENGTH = 50
MAX_TITLE_LENGTH, MAX_PROJECT_LENGTH = 2_000, 100_000
"""Title and description of a past project."""
MAX_TOPICS, MAX_TOPIC_LENGTH = 200, 500

ID_PATTERN = r"^[a-z0-9]+:[A-Za-z0-9._-]{1,120}$"
COUNTRY_PATTERN = r"^[A-Z]{2}$"
REGION_PATTERN = r"^[A-Z]{2}[0-9A-Z]{0,3}$"
LANGUAGE_PATTERN = r"^[a-z]{2}$"
EMAIL_PATTERN = r"^[^@\s]{1,64}@[^@\s]+\.[^@\s]+$"
WEBSITE_PATTERN = r"^https?://[^\s]+$"

COUNTRY_ALIASES = {"EL": "GR", "UK": "GB"}
"""Codes of the European Commission that differ from ISO 3166."""
_NO_COUNTRY = {"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"}
"""Two-letter codes of CLDR that are no country."""
_SURROGATE = re.compile("[\ud800-\udfff]")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@cache
def country_codes() -> frozenset[str]:
    """Return the two-letter codes of countries (ISO 3166 alpha-2, and XK)."""
    codes = (str(code) for code in Locale("en").territories)
    return frozenset(code for code in codes if re.fullmatch("[A-Z]{2}", code)) - _NO_COUNTRY


def one_line(text: str) -> str:
    """Return a text in composed form (NFC) without line breaks and doubled blanks."""
    return " ".join(normalise("NFC", text).split())


def prose(text: str) -> str:
    """Return a text in composed form (NFC), its lines ended by a line feed, no blanks around it."""
    return normalise("NFC", text).replace("\r\n", "\n").strip()


def folded(text: str) -> str:
    """Return a text without case, accents, underscores and hyphens, for comparing."""
    plain = normalise("NFKD", text.casefold())
    plain = "".join(char for char in plain if not unicodedata.combining(char))
    return " ".join(re.sub(r"[_\-\s]+", " ", plain).split())


def email_address(text: str) -> str:
    """Return an address in the form to store it in; raises ValueError where it can't be one.

    Nothing is asked of the network. Names that can't be on the internet, such as .test, are no
    addresses.
    """
    return validate_email(text.strip(), check_deliverability=False).normalized


def _text_by(change: Callable[[str], str]) -> BeforeValidator:
    """Bring texts into form; other values are left to the validators that follow."""

    def changed(value: object) -> object:
        if not isinstance(value, str):
            return value
        if _SURROGATE.search(value):
            raise PydanticCustomError("string_unicode", "must be Unicode text")
        return change(value)

    return BeforeValidator(changed)


def _number(least: float, most: float, *, whole: bool = False) -> BeforeValidator:
    """Let through numbers within bounds, also as text; true and false are none."""

    def check(value: object) -> float | int:
        try:
            if isinstance(value, bool) or not isinstance(value, int | float | str):
                raise ValueError
            number = float(value)
            if not (isfinite(number) and least <= number <= most):
                raise ValueError
            if whole and not number.is_integer():
                raise ValueError
        except (ValueError, OverflowError) as error:
            bounds = {"least": least, "most": most, "whole": whole}
            problem = "must be a number from {least} to {most}"
            raise PydanticCustomError("number", problem, bounds) from error
        return int(number) if whole else number

    return BeforeValidator(check)


def _day(value: object) -> date:
    if type(value) is date:
        return value
    try:
        if isinstance(value, str) and _DAY.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise PydanticCustomError("day", "must be a day that exists, as YYYY-MM-DD")


def _existing_country(code: str) -> str:
    code = COUNTRY_ALIASES.get(code, code)
    if code not in country_codes():
        raise PydanticCustomError("country", "must be a country of ISO 3166")
    return code


def _contact_address(text: str) -> str:
    try:
        return email_address(text)
    except ValueError as error:
        raise PydanticCustomError("email", "must be an e-mail address") from error


def _web_address(text: str) -> str:
    try:
        has_host = bool(urlsplit(text).hostname)
    except ValueError:
        has_host = False
    if not has_host:
        raise PydanticCustomError("website", "must be a web address")
    return text


# Validators that come before others stand last: pydantic applies them from right to left.
OrganisationId = Annotated[str, StringConstraints(pattern=ID_PATTERN)]
Name = Annotated[
    str, StringConstraints(min_length=1, max_length=MAX_NAME_LENGTH), _text_by(one_line)
]
Statement = Annotated[
    str,
    StringConstraints(min_length=MIN_STATEMENT_LENGTH, max_length=MAX_STATEMENT_LENGTH),
    _text_by(prose),
]
NeedText = Annotated[
    str,
    StringConstraints(min_length=MIN_STATEMENT_LENGTH, max_length=MAX_NEED_LENGTH),
    _text_by(prose),
]
Prose = Annotated[str, StringConstraints(max_length=MAX_DESCRIPTION_LENGTH), _text_by(prose)]
Tag = Annotated[str, StringConstraints(min_length=1, max_length=MAX_TAG_LENGTH), _text_by(one_line)]
ShortName = Annotated[str, StringConstraints(max_length=MAX_NAME_LENGTH), _text_by(one_line)]
City = Annotated[str, StringConstraints(max_length=MAX_CITY_LENGTH), _text_by(one_line)]
ContactName = Annotated[
    str, StringConstraints(max_length=MAX_CONTACT_NAME_LENGTH), _text_by(one_line)
]
Phone = Annotated[str, StringConstraints(max_length=MAX_PHONE_LENGTH), _text_by(one_line)]
CountryCode = Annotated[str, StringConstraints(pattern=COUNTRY_PATTERN)]
"""Two capital letters: what may be asked for, also where nobody is from."""
Country = Annotated[
    str, StringConstraints(pattern=COUNTRY_PATTERN), AfterValidator(_existing_country)
]
Region = Annotated[str, StringConstraints(pattern=REGION_PATTERN)]
Language = Annotated[str, StringConstraints(pattern=LANGUAGE_PATTERN)]
Email = Annotated[
    str,
    StringConstraints(pattern=EMAIL_PATTERN, max_length=MAX_EMAIL_LENGTH),
    AfterValidator(_contact_address),
]
Website = Annotated[
    str,
    StringConstraints(pattern=WEBSITE_PATTERN, max_length=MAX_WEBSITE_LENGTH),
    AfterValidator(_web_address),
]
Latitude = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False), _number(-90, 90)]
Longitude = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False), _number(-180, 180)]
Trl = Annotated[int, Field(ge=1, le=9), _number(1, 9, whole=True)]
"""A technology readiness level, 1 (principle observed) to 9 (proven in operation)."""
ProjectTitle = Annotated[str, StringConstraints(max_length=MAX_TITLE_LENGTH), _text_by(one_line)]
ProjectText = Annotated[str, StringConstraints(max_length=MAX_PROJECT_LENGTH), _text_by(prose)]
Topic = Annotated[str, StringConstraints(max_length=MAX_TOPIC_LENGTH), _text_by(one_line)]
Year = Annotated[int, Field(ge=1900, le=2200), _number(1900, 2200, whole=True)]
Flag = Annotated[bool, Field(strict=True)]
Day = Annotated[date, BeforeValidator(_day)]


class Strict(BaseModel):
    """A model in which an unknown field is an error, and text holds no NUL characters."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _without_nul(cls, value: Any) -> Any:
        if isinstance(value, dict):
            for name, given in value.items():
                texts = given if isinstance(given, list) else [given]
                if any(isinstance(text, str) and "\x00" in text for text in texts):
                    raise ValueError(f"{name} holds a NUL character")
        return value
