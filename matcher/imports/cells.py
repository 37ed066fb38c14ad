"""What people write in files, turned into what the schemas take.

What can't be read stays as it is: the schema says what is wrong with it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Mapping
from datetime import date, datetime

from matcher.imports.vocabulary import NO, SIZES, STAGES, TYPES, YES
from matcher.validation import COUNTRY_ALIASES, folded

Values = dict[str, object]
MAX_UNKNOWN_KEYS = 20
_NUMBER = re.compile(r"[+-]?[0-9]{1,20}([.,][0-9]{0,30})?([eE][+-]?[0-9]{1,3})?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{1,2}[/.][0-9]{1,2}[/.][0-9]{4}")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_SURROGATE = re.compile("[\ud800-\udfff]")


def clean(value: object) -> str:
    """Return a cell as text: composed (NFC), without control characters or outer blanks."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        value = value.date()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return _CONTROL.sub("", unicodedata.normalize("NFC", str(value))).strip()


def organisation_values(mapping: Mapping[str, object], known: Collection[str]) -> Values:
    """Return the values of an organisation as its schema takes them."""
    values = cleaned(mapping, known)
    _change(values, "type", lambda word: TYPES.get(folded(word), word))
    _change(values, "size", lambda word: SIZES.get(folded(word), word))
    _change(values, "sme", _flag)
    _change(values, "country", lambda code: COUNTRY_ALIASES.get(code.upper(), code.upper()))
    _change(values, "region", str.upper)
    for name in ("latitude", "longitude"):
        _change(values, name, _decimal)
    for name in ("sectors", "competitors"):
        _change_items(values, name, str)
    _change_items(values, "languages", str.lower)
    contact = values.get("contact")
    if isinstance(contact, Mapping):
        values["contact"] = cleaned(contact)
    for name in ("offers", "needs"):
        items = values.get(name)
        if isinstance(items, list | tuple):
            values[name] = [
                _statement(item) if isinstance(item, Mapping) else item for item in items
            ]
    return values


def cleaned(mapping: Mapping[str, object], known: Collection[str] | None = None) -> Values:
    """Return the values of a mapping, its texts clean; what is empty counts as left out.

    Of the keys that aren't among the known ones, MAX_UNKNOWN_KEYS are enough to be told.
    """
    values: Values = {}
    unknown = 0
    for key, value in mapping.items():
        value = clean(value) if isinstance(value, str) else value
        if value is None or value == "":
            continue
        if known is not None and key not in known:
            unknown += 1
            if unknown > MAX_UNKNOWN_KEYS:
                continue
        values[printable(key)] = value
    return values


def printable(key: str) -> str:
    """Return a key or path without control characters and lone surrogates, shortened."""
    return _SURROGATE.sub("?", clean(key))[:200]


def iso_date(text: str) -> str | None:
    """Return YYYY-MM-DD of an ISO or DD/MM/YYYY date, '' of a blank, None of anything else."""
    if not text:
        return ""
    match = re.match(r"(\d{4})-(\d\d)-(\d\d)", text)
    if match is None:
        local = re.fullmatch(r"(\d\d?)[/.](\d\d?)[/.](\d{4})", text)
        if local is None:
            return None
        day, month, year = (int(part) for part in local.groups())
    else:
        year, month, day = (int(part) for part in match.groups())
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    return f"{year:04}-{month:02}-{day:02}"


def _statement(mapping: Mapping[str, object]) -> Values:
    values = cleaned(mapping)
    _change(values, "stage", lambda word: STAGES.get(folded(word), word))
    for name in ("trl_min", "trl_max"):
        _change(values, name, _decimal)
    _change_items(values, "certifications", str)
    _change(values, "valid_until", _day)
    return values


def _change(values: Values, name: str, change: Callable[[str], object]) -> None:
    value = values.get(name)
    if isinstance(value, str):
        values[name] = change(value)


def _change_items(values: Values, name: str, change: Callable[[str], str]) -> None:
    items = values.get(name)
    if isinstance(items, list | tuple):
        texts = [clean(item) if isinstance(item, str) else item for item in items]
        texts = [change(text) if isinstance(text, str) else text for text in texts]
        values[name] = [text for text in texts if text not in (None, "")]


def _flag(word: str) -> object:
    if folded(word) in YES:
        return True
    return False if folded(word) in NO else word


def _decimal(text: str) -> str:
    return text.replace(",", ".") if _NUMBER.fullmatch(text) else text


def _day(text: str) -> str:
    return (_DATE.fullmatch(text) and iso_date(text)) or text
