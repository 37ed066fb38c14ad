"""Reading a text of twice the length takes about twice the steps, whatever stands in it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import embeddings
import matcher
from embeddings.lexicon import shipped_lexicon
from matcher.corpus.words import name_words
from matcher.needs.extraction import exclusions, stage_of, strip_courtesies
from matcher.needs.extraction.extract import by_rules
from matcher.needs.extraction.reading import need_of, passages_of

LENGTH = 1_500
ROOTS = tuple(str(Path(package.__file__ or "").parent) for package in (matcher, embeddings))
FRAGMENTS = [
    *[
        "x, ",
        "we need x, ",
        "we have a ",
        "no ",
        "there is a need for ",
        "ideally ",
        "tests them, ",
    ],
    *[
        "wij zoeken een partner, ",
        "nous cherchons x et y, ",
        "gesucht wird x und ",
        "der x liefert, ",
    ],
    *[
        "We need a plant. ",
        "WE NEED A PILOT LINE\n",
        "What we need:\n- x\n",
        "production, ",
        "stellt x ",
    ],
    *["- x\n", "1. x\n", "a) ", "- ", "x\n", "\n", " ", "x\r\n", "we need x,\n", "e.g. ", "x ... "],
    *["(", "(abcd), ", "[", "x)]]] ", "“x” ", "; ", ": ", " - ", "...", "?! ", "#", "**", "12 "],
    *[
        "waterzuivering, ",
        "Abwasserreinigungsanlage ",
        "e\u0301",
        "\u0301\u0316",
        "ﬁ, ",
        "漢字、",
        "😀 ",
        "ß, ",
    ],
]


def steps(function: Callable[[], object]) -> int:
    """Count the lines of the service that run."""
    count = 0
    passages_of.cache_clear()
    exclusions._read.cache_clear()

    def traced(frame: FrameType, event: str, _argument: object) -> Any:
        nonlocal count
        if not frame.f_code.co_filename.startswith(ROOTS):
            return None
        count += event == "line"
        return traced

    before = sys.gettrace()
    sys.settrace(traced)
    try:
        function()
    finally:
        sys.settrace(before)
    return count


def text_of(fragments: list[str], length: int) -> str:
    """Return the fragments again and again, after a line that makes it more than a title."""
    part = "".join(fragments)
    return "We look for a partner, and for more.\n" + (part * (length // len(part) + 1))[:length]


@pytest.mark.parametrize(
    "read",
    [
        lambda text: [need_of(text, passage) for passage in passages_of(text)],
        lambda text: by_rules(text, shipped_lexicon()),
        lambda text: shipped_lexicon().find.__wrapped__(text),
        stage_of,
        strip_courtesies,
        name_words,
    ],
    ids=["needs", "rules", "lexicon", "stage", "courtesies", "names"],
)
@given(fragments=st.lists(st.sampled_from(FRAGMENTS), min_size=1, max_size=4))
@example(fragments=["x, "])
@example(fragments=["we have a "])
@example(fragments=["we need x,\n"])
@example(fragments=["production, "])
@settings(max_examples=30, deadline=None)
def test_twice_the_text_takes_twice_the_steps(
    read: Callable[[str], object], fragments: list[str]
) -> None:
    short, long = text_of(fragments, LENGTH), text_of(fragments, 2 * LENGTH)
    read(long)  # so that stems are cached for both
    assert steps(lambda: read(long)) <= 2.3 * steps(lambda: read(short)) + 500
