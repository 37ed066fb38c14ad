"""Organisations that a text rules out by name: `without KU Leuven`, `sauf imec`."""

from __future__ import annotations

import re

import numpy as np

from matcher.arrays import Rows
from matcher.corpus.corpus import Corpus
from matcher.corpus.mentions import mentions_in
from matcher.needs.extraction.lead_ins import folded_words

_DENIAL = re.compile(
    r"\b(?:without|except(?: for)?|excluding|not|zonder|behalve|uitgezonderd|niet|geen|sans|sauf"
    r"|hormis|excepte|pas|ohne|ausser|nicht|kein\w*)"
    r"(?: (?:with|from|by|met|van|avec|de|par|mit|von|the|l|la|le|les|het|die|der|das|den|dem))"
    r"{0,2} "
)
"""Folded words right before a name."""


def organisations_ruled_out(corpus: Corpus, text: str) -> Rows:
    """Return the organisations (k,) whose written out name follows a denial, ascending."""
    line = " ".join(folded_words(text))
    denials = list(_DENIAL.finditer(line))
    if not denials:
        return np.empty(0, np.int64)
    found = mentions_in(corpus, text)
    rows = [
        row
        for row, words, named in zip(
            found.rows.tolist(), found.words, found.written_out.tolist(), strict=True
        )
        if named and any(_follows(line, denial.end(), words) for denial in denials)
    ]
    return corpus.with_variants(np.array(rows, dtype=np.int64))


def _follows(line: str, place: int, words: str) -> bool:
    name = " ".join(folded_words(words))
    return f"{line[place:]} ".startswith(f"{name} ")
