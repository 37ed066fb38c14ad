"""Prints whether questions that nobody answers are told: python -m benchmarks.fit [NAME=CORDIS]...

The questions are in `fit_questions.tsv`; those of the demo data are always asked, others where the
folder of a corpus is named: `fp7=FOLDER anr=FOLDER`. Authors c and f are held out: nothing was
fitted or chosen with theirs. A question is told right where the answer has the notice
`nothing_fits` (or no results) just when nobody does what it asks.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.asking import table
from benchmarks.built import built_corpus
from matcher.domain import Question
from matcher.matching.service import Recommender

QUESTIONS = Path(__file__).parent / "fit_questions.tsv"
HELD_OUT = frozenset("cf")
DEPTH = 20


@dataclass(frozen=True, slots=True)
class Asked:
    """A question and what came of it."""

    corpus: str
    language: str
    kind: str
    answered: bool
    author: str
    text: str
    expected: frozenset[str]
    probability: float = 0.0
    """Of the best result."""
    says_nothing_fits: bool = False
    rank: int = 0
    """The place of the first organisation that was expected, 0 where it isn't on the page."""


def main() -> None:
    folders = {"demo": "", **dict(one.split("=", 1) for one in sys.argv[1:])}
    asked = [one for name, where in folders.items() for one in ask_all(name, where)]
    kinds = sorted({one.kind for one in asked}, key=lambda kind: (kind in _unanswered(asked), kind))
    rows = [("all", *_figures(asked))]
    for title, select in (
        ("held out", lambda one: one.author in HELD_OUT),
        *((name, lambda one, name=name: one.corpus == name) for name in folders),
        *((code, lambda one, code=code: one.language == code) for code in ("nl", "fr", "de", "en")),
        *((kind, lambda one, kind=kind: one.kind == kind) for kind in kinds),
    ):
        rows.append((title, *_figures(filter(select, asked))))
    table(("questions", "number", "told right", "good ones lost", "none told", "MRR"), rows)


def ask_all(name: str, where: str) -> list[Asked]:
    """Ask all questions of a corpus: the demo data, or a CORDIS folder."""
    with built_corpus(where) as provider:
        recommender = Recommender(provider, answers=None)  # type: ignore[arg-type]
        snapshot = provider.snapshot()

        def ask(one: Asked) -> Asked:
            answer = recommender.answer(snapshot, Question(text=one.text, limit=DEPTH))
            ids = [match.organisation.id for match in answer.results]
            ranks = [place for place, found in enumerate(ids, 1) if found in one.expected]
            nothing = {"nothing_fits", "nothing_found", "nothing_usable"}
            return replace(
                one,
                probability=max((m.fit_probability or 0.0 for m in answer.results), default=0.0),
                says_nothing_fits=any(notice.code in nothing for notice in answer.notices),
                rank=ranks[0] if ranks else 0,
            )

        return [ask(one) for one in read_questions() if one.corpus == name]


def read_questions() -> list[Asked]:
    """Read the questions of all corpora."""
    with QUESTIONS.open(encoding="utf-8", newline="") as file:
        return [
            Asked(
                row["corpus"],
                row["language"],
                row["kind"],
                row["answered"] == "1",
                row["author"],
                row["text"].replace("\\n", "\n"),
                frozenset(row["expected"].split(",")) - {""},
            )
            for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        ]


def _unanswered(asked: Iterable[Asked]) -> set[str]:
    return {one.kind for one in asked if not one.answered}


def _figures(some: Iterable[Asked]) -> tuple[str, ...]:
    asked = list(some)
    good, none = [o for o in asked if o.answered], [o for o in asked if not o.answered]
    return (
        str(len(asked)),
        _share(asked, lambda one: one.says_nothing_fits != one.answered),
        _share(good, lambda one: one.says_nothing_fits),
        _share(none, lambda one: one.says_nothing_fits),
        _mean_reciprocal_rank(one for one in good if one.corpus == "demo"),
    )


def _share(asked: list[Asked], right: Callable[[Asked], bool]) -> str:
    return f"{sum(map(right, asked)) / len(asked):.0%}" if asked else ""


def _mean_reciprocal_rank(asked: Iterable[Asked]) -> str:
    ranks = [1.0 / one.rank if one.rank else 0.0 for one in asked]
    return f"{sum(ranks) / len(ranks):.3f}" if ranks else ""


if __name__ == "__main__":
    main()
