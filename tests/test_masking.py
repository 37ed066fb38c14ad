from __future__ import annotations

import logging
import sys

import pytest

from matcher.masking import MASK, MaskingFilter, exception_text, mask_values, masked

TOKEN = "Wq3xK-7bVd0_mR5tYzN8cLpE2sGhJ4uAfT6oXiB1vQw"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"GET /password/{TOKEN} 302", f"GET /password/{MASK} 302"),
        (f"key schakel_{TOKEN}", f"key {MASK}"),
        ("no mail to jan.peeters+x@example.org.", f"no mail to {MASK}"),
        ("to jan%40example.org", f"to {MASK}"),
        ("Key (email)=(jan@example.org) exists", f"Key (email)=({MASK}) exists"),
        ("call +32 477 00 11 22", f"call {MASK}"),
        ("/sign-in/provider/back?code=abc&state=def", f"/sign-in/provider/back?{MASK}"),
        ("gen-000012-4f3a took 12.5 s at 2026-12-01T03:04:05+00:00", None),
        ("request 0123456789abcdef0123456789abcdef", None),
    ],
)
def test_texts(text: str, shown: str | None) -> None:
    assert masked(text) == (text if shown is None else shown)


def test_values_of_all_depths() -> None:
    line = {"event": "x", "ms": 1.5, "who": ["jan@example.org", {"at": TOKEN}], "none": None}
    assert mask_values(None, "info", line) == {
        "event": "x",
        "ms": 1.5,
        "who": [MASK, {"at": MASK}],
        "none": None,
    }


def raised(error: BaseException, cause: BaseException | None = None) -> str:
    try:
        raise error from cause
    except type(error):
        return exception_text(sys.exc_info())


def test_exceptions_show_where_and_not_what_somebody_typed() -> None:
    shown = raised(ValueError("could not convert string to float: 'Jan Peeters'"), KeyError("Jan"))
    assert "test_masking.py" in shown
    assert f"ValueError: could not convert string to float: '{MASK}'" in shown
    assert f"KeyError: '{MASK}'" in shown
    assert "Jan" not in shown


def test_names_of_code_stay() -> None:
    error = AttributeError("'NoneType' object has no attribute 'rows'")
    assert raised(error).endswith(str(error))


def test_rows_that_postgresql_shows_are_left_out() -> None:
    shown = raised(RuntimeError("violates a constraint\nDETAIL:  Failing row: (1, Jan Peeters)"))
    assert shown.endswith("RuntimeError: violates a constraint")


def test_an_exception_that_caused_itself_ends() -> None:
    error = ValueError("one")
    error.__cause__ = error
    assert exception_text((ValueError, error, None)) == "ValueError: one"


def test_lines_of_libraries(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("tests.masking")
    logger.addFilter(MaskingFilter())
    try:
        raise ValueError(f"'{TOKEN}'")
    except ValueError:
        logger.exception("Error handling request %s", f"/shared/{TOKEN}")
    assert f"/shared/{MASK}" in caplog.text and "ValueError" in caplog.text
    assert TOKEN not in caplog.text
