"""Pairs of a need and an offer that were judged by reading, as they come with the service.

Three collections: needs with offers that mostly differ in stage; needs with offers in four
languages; and questions with offers of the demo data, those that answer them and, where nobody
does, those that come nearest (`benchmarks.question_pairs`).
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from embeddings.language import detect_language
from matcher.domain import Stage

_FOLDER = Path(__file__).parent
COLLECTIONS = ("judged", "judged_across", "judged_questions")
OTHERS = "others"
"""The collection of needs with offers that were written for other needs."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A need and an offer, and whether somebody with that need would say: yes, they can do it."""

    need: str
    need_stage: Stage | None
    offer: str
    offer_stage: Stage | None
    meets: bool
    topic: str = ""
    """What pairs of one need, in whatever language, have in common; the need itself by default."""
    need_language: str | None = None
    offer_language: str | None = None
    collection: str = COLLECTIONS[0]

    @property
    def across(self) -> bool:
        """Whether need and offer are known to be in different languages."""
        known = None not in (self.need_language, self.offer_language)
        return known and self.need_language != self.offer_language


@cache
def judged_pairs() -> tuple[Judged, ...]:
    """Return all judged pairs."""
    return tuple(pair for name in COLLECTIONS for pair in _read(name))


def _read(name: str) -> list[Judged]:
    with (_FOLDER / f"{name}.tsv").open(encoding="utf-8", newline="") as file:
        return [
            Judged(
                need=row["need"],
                need_stage=Stage(row["need_stage"]) if row["need_stage"] else None,
                offer=row["offer"],
                offer_stage=Stage(row["offer_stage"]) if row["offer_stage"] else None,
                meets=row["meets"] == "1",
                topic=f"{name}:{row.get('topic') or row['need']}",
                need_language=row.get("need_language") or detect_language(row["need"]),
                offer_language=row.get("offer_language") or detect_language(row["offer"]),
                collection=name,
            )
            for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        ]
