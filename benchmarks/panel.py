"""What a panel thinks of the first answers of several systems: python -m benchmarks.panel.

Prints graded nDCG@10 and the mean grade of the first five of each list in panel/lists.tsv, how far
the two gradings in panel/pool.tsv agree, and how many of the first five are graded 0 where nobody
is to be found. panel/README.md says what the grades mean; `benchmarks.panel_pool` makes the lists.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import log2
from pathlib import Path
from statistics import mean

from sklearn.metrics import cohen_kappa_score

FOLDER = Path(__file__).with_name("panel")
QUESTIONS, POOL, LISTS = "questions.tsv", "pool.tsv", "lists.tsv"
DEPTH = 10
"""How much of each list is graded."""
FIRST = 5
GRADES = (0, 1, 2, 3)
LANGUAGES = ("nl", "fr", "de", "en")
CORPORA = ("h2020-topics", "ecsel-ju", "demo")

Lists = dict[str, dict[str, tuple[str, ...]]]
"""The ids of the first organisations, by system and question."""


@dataclass(frozen=True, slots=True)
class PanelQuestion:
    """A question, and the corpus that it is asked over."""

    id: str
    corpus: str
    language: str
    kind: str
    nobody: bool
    """Whether nobody in the corpus does what is asked."""
    text: str


@dataclass(frozen=True, slots=True)
class Graded:
    """The two grades of an organisation for a question."""

    first: int
    second: int

    @property
    def mean(self) -> float:
        """The grade that counts."""
        return (self.first + self.second) / 2


Pool = dict[str, dict[str, Graded]]
"""Grades by question and organisation."""


def read_questions(folder: Path = FOLDER) -> dict[str, PanelQuestion]:
    """Return all questions by id, in the order of the file."""
    return {
        row["id"]: PanelQuestion(
            row["id"],
            row["corpus"],
            row["language"],
            row["kind"],
            row["nobody"] == "1",
            row["text"].replace("\\n", "\n"),
        )
        for row in rows(folder / QUESTIONS)
    }


def read_pool(folder: Path = FOLDER) -> Pool:
    """Return all grades; empty where nothing is graded yet."""
    pool: Pool = {}
    for row in rows(folder / POOL):
        graded = Graded(int(row["grade_1"]), int(row["grade_2"]))
        if not {graded.first, graded.second} <= set(GRADES):
            raise ValueError(f"{row['question']}, {row['organisation']}: no grade from 0 to 3")
        pool.setdefault(row["question"], {})[row["organisation"]] = graded
    return pool


def read_lists(folder: Path = FOLDER) -> Lists:
    """Return the list of each system for each question; empty where there is no file yet.

    A question without a row of a system that has others got an empty list from it.
    """
    ranked: dict[str, dict[str, list[tuple[int, str]]]] = {}
    for row in rows(folder / LISTS):
        of_system = ranked.setdefault(row["system"], {})
        of_system.setdefault(row["question"], []).append((int(row["rank"]), row["organisation"]))
    return {
        system: {
            question: tuple(organisation for _, organisation in sorted(found))
            for question, found in of_system.items()
        }
        for system, of_system in ranked.items()
    }


def rows(path: Path) -> Iterator[dict[str, str]]:
    """Yield the rows of a tab-separated file; none where it isn't there."""
    if path.exists():
        with path.open(encoding="utf-8", newline="") as file:
            yield from csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)


def ungraded(lists: Lists, pool: Pool) -> list[tuple[str, str]]:
    """Return pairs of question and organisation on a list that the pool has no grades for."""
    listed = {
        (question, organisation)
        for of_system in lists.values()
        for question, found in of_system.items()
        for organisation in found[:DEPTH]
    }
    return sorted(pair for pair in listed if pair[1] not in pool.get(pair[0], {}))


def ndcg(found: Sequence[float], pool: Sequence[float]) -> float:
    """Return nDCG@10 of grades in the order of a list, with gains 2^grade - 1.

    The ideal list has the best grades of the whole pool (Järvelin and Kekäläinen, 2002; gains of
    Burges et al., 2005). 0 where the pool has no grade above 0.
    """
    ideal = _dcg(sorted(pool, reverse=True))
    return _dcg(found) / ideal if ideal else 0.0


def mean_of_first(found: Sequence[float]) -> float:
    """Return the mean grade of the first five; a place that a list leaves empty counts 0."""
    return sum(found[:FIRST]) / FIRST


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far two gradings agree."""

    kappa: float
    """Cohen's kappa with quadratic weights (Cohen, 1968)."""
    equal: float
    within_one: float
    count: int


def agreement(pool: Pool) -> Agreement:
    """Compare the two gradings of a pool that isn't empty."""
    several = [graded for of_question in pool.values() for graded in of_question.values()]
    differences = [abs(graded.first - graded.second) for graded in several]
    kappa = cohen_kappa_score(
        [graded.first for graded in several],
        [graded.second for graded in several],
        labels=GRADES,
        weights="quadratic",
    )
    return Agreement(
        float(kappa),
        sum(difference == 0 for difference in differences) / len(several),
        sum(difference <= 1 for difference in differences) / len(several),
        len(several),
    )


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of one list for one question that somebody answers."""

    question: PanelQuestion
    ndcg: float
    first: float


def figures(
    questions: Mapping[str, PanelQuestion],
    pool: Pool,
    found: Mapping[str, tuple[str, ...]],
) -> list[Figures]:
    """Return the figures of a system for each question that somebody answers."""
    several = []
    for question in questions.values():
        if not question.nobody:
            graded = pool.get(question.id, {})
            grades = [graded[one].mean for one in found.get(question.id, ())[:DEPTH]]
            ideal = [one.mean for one in graded.values()]
            several.append(Figures(question, ndcg(grades, ideal), mean_of_first(grades)))
    return several


def zeros(
    questions: Mapping[str, PanelQuestion], pool: Pool, found: Mapping[str, tuple[str, ...]]
) -> tuple[int, int]:
    """Return how many of the first five are graded 0 by both, and how many there are.

    Of the questions that nobody answers, together.
    """
    grades = [
        pool[question.id][organisation].mean
        for question in questions.values()
        if question.nobody
        for organisation in found.get(question.id, ())[:FIRST]
    ]
    return sum(grade == 0 for grade in grades), len(grades)


def main() -> None:
    questions, pool, lists = read_questions(), read_pool(), read_lists()
    if missing := ungraded(lists, pool):
        sys.exit(f"{len(missing)} places have no grades yet, such as {' '.join(missing[0])}")
    if not lists:
        sys.exit(f"There is no {LISTS} yet: see python -m benchmarks.panel_pool --help")
    _print_agreement(agreement(pool))
    by_system = {system: figures(questions, pool, found) for system, found in lists.items()}
    several = next(iter(by_system.values()))
    print(f"{len(several)} questions that somebody answers")
    _print_table("nDCG@10", {name: _means(of, "ndcg") for name, of in by_system.items()})
    first = {name: _means(of, "first") for name, of in by_system.items()}
    _print_table(f"mean grade of the first {FIRST}", first)
    print(f"{len(questions) - len(several)} questions that nobody answers: graded 0 of the first 5")
    for system, found in lists.items():
        count, shown = zeros(questions, pool, found)
        share = f"{count / shown:.0%}" if shown else "-"
        print(f"{system:16}{share:>7} ({count} of {shown})")


def _print_agreement(agreed: Agreement) -> None:
    print(
        f"{agreed.count} organisations graded twice: weighted kappa {agreed.kappa:.2f}, "
        f"equal {agreed.equal:.0%}, at most 1 apart {agreed.within_one:.0%}"
    )


def _print_table(title: str, means: Mapping[str, Mapping[str, float]]) -> None:
    columns = list(next(iter(means.values())))
    print(f"\n{title}\n{'':16}" + "".join(f"{name:>{_width(name)}}" for name in columns))
    for system, of_system in means.items():
        values = "".join(f"{value:>{_width(name)}.3f}" for name, value in of_system.items())
        print(f"{system:16}{values}")
    print()


def _width(name: str) -> int:
    return max(7, len(name) + 2)


def _means(several: Sequence[Figures], figure: str) -> dict[str, float]:
    """Return the means of a figure: over all, of each language, of each corpus."""
    groups = {"all": several}
    for language in LANGUAGES:
        groups[language] = [one for one in several if one.question.language == language]
    for corpus in CORPORA:
        groups[corpus] = [one for one in several if one.question.corpus == corpus]
    return {
        name: mean(getattr(one, figure) for one in group) for name, group in groups.items() if group
    }


def _dcg(grades: Sequence[float]) -> float:
    return sum(
        (2**grade - 1) / log2(place + 1) for place, grade in enumerate(grades[:DEPTH], start=1)
    )


if __name__ == "__main__":
    main()
