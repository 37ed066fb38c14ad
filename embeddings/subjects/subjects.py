"""Domains of innovation policy and societal challenges, told from text, topics and sectors.

A subject is one line of `domains.csv` or `challenges.csv`: an id, a label in each language, names
of EuroSciVoc nodes and main English labels of lexicon concepts, both separated by `|`.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import log
from pathlib import Path
from typing import TypeVar

from embeddings.language import LANGUAGES
from embeddings.lexicon import Lexicon
from embeddings.words import plain, words_of

_FOLDER = Path(__file__).parent
_MAX_DOMAINS = 4
_MAX_CHALLENGES = 3
_SHORT_TEXT = 12
_SPECIFIC = 2
_STATED = 2.0
_MIN_SHARE = 0.2
_BETWEEN = re.compile(", | (?:and|en|et|und) ")
_Name = TypeVar("_Name", str, int)


@dataclass(frozen=True, slots=True)
class Subject:
    """One domain or challenge."""

    id: str
    labels: dict[str, str]
    """By language."""


class Subjects:
    """Tells domains and challenges. Never changed after it was made; safe between threads.

    A subject's number is its place in `domains` or in `challenges`.
    """

    def __init__(self, lexicon: Lexicon) -> None:
        """Read the shipped files; concepts that the lexicon doesn't have are passed over."""
        self._lexicon = lexicon
        numbers = {one.name.casefold(): number for number, one in enumerate(lexicon.concepts)}
        self._domains = _read(_FOLDER / "domains.csv", numbers)
        self._challenges = _read(_FOLDER / "challenges.csv", numbers)
        self.domains = self._domains.subjects
        self.challenges = self._challenges.subjects

    def of(
        self, text: str, topics: Sequence[str] = (), sectors: Sequence[str] = ()
    ) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Return the numbers of at most 4 domains and 3 challenges, each ascending.

        `topics` are EuroSciVoc paths, `sectors` what an organisation states of itself: a subject's
        id or label, a EuroSciVoc name or any text. The text adds what two of its concepts speak
        for; a single one is enough if it is specific, the text is short and no topic tells.
        """
        find = self._lexicon.find
        spoken = Counter(find(text).concepts)
        is_short = len(text.split()) <= _SHORT_TEXT
        stated = [(_key(sector), Counter(find(sector).concepts)) for sector in sectors]
        domains, challenges = (
            _strongest(_evidence(table, spoken, is_short, topics, stated), most)
            for table, most in (
                (self._domains, _MAX_DOMAINS),
                (self._challenges, _MAX_CHALLENGES),
            )
        )
        return domains, challenges


@dataclass(frozen=True, slots=True)
class _Table:
    """One file: its subjects, and the numbers of those that each name or concept stands for."""

    subjects: tuple[Subject, ...]
    by_label: dict[str, tuple[int, ...]]
    by_topic: dict[str, tuple[int, ...]]
    by_concept: dict[int, tuple[int, ...]]

    def of_topic(self, path: str) -> tuple[int, ...]:
        """Return what the deepest node of a EuroSciVoc path that is listed stands for."""
        for name in reversed(path.split("/")):
            found = self.by_topic.get(_key(name))
            if found:
                return found
        return ()

    def of_mentions(self, mentions: Mapping[int, int], *, one_is_enough: bool) -> dict[int, float]:
        """Return how strongly concepts speak for each subject; 1 for the strongest.

        A concept that is mentioned m times and listed for s subjects counts (1 + ln m) / s for
        each of them, the damped term frequency of Manning, Raghavan & Schütze (2008, 6.4.1).
        """
        strength: dict[int, float] = {}
        concepts: Counter[int] = Counter()
        for concept, times in mentions.items():
            subjects = self.by_concept.get(concept, ())
            is_specific = one_is_enough and len(subjects) <= _SPECIFIC
            for subject in subjects:
                weight = (1.0 + log(times)) / len(subjects)
                strength[subject] = strength.get(subject, 0.0) + weight
                concepts[subject] += 2 if is_specific else 1
        strength = {subject: strength[subject] for subject, few in concepts.items() if few >= 2}
        strongest = max(strength.values(), default=1.0)
        shares = {subject: value / strongest for subject, value in strength.items()}
        return {subject: share for subject, share in shares.items() if share >= _MIN_SHARE}

    def of_sector(self, key: str, mentions: Mapping[int, int]) -> Iterable[int]:
        """Return what a stated sector stands for: by its name, or else by its concepts."""
        named = self.by_label.get(key) or self.by_topic.get(key)
        return named or self.of_mentions(mentions, one_is_enough=True)


def _key(text: str) -> str:
    """Return the words of a label without case, accents and signs, so that spellings meet."""
    return " ".join(words_of(plain(text)))


def _keys(subject: Subject) -> set[str]:
    """Return by what names a subject may be stated: its id, its labels and the items in these."""
    names = (subject.id.replace("-", " "), *subject.labels.values())
    return {_key(piece) for name in names for piece in (name, *_BETWEEN.split(name))}


def _evidence(
    table: _Table,
    spoken: Mapping[int, int],
    is_short: bool,
    topics: Sequence[str],
    stated: Sequence[tuple[str, Mapping[int, int]]],
) -> dict[int, float]:
    """Add up what speaks for each subject; all of the text counts less than one topic or sector."""
    evidence: dict[int, float] = {}
    for topic in topics:
        for subject in table.of_topic(topic):
            evidence[subject] = evidence.get(subject, 0.0) + _STATED
    of_text = table.of_mentions(spoken, one_is_enough=is_short and not evidence)
    for key, mentions in stated:
        for subject in table.of_sector(key, mentions):
            evidence[subject] = evidence.get(subject, 0.0) + _STATED
    for subject, share in of_text.items():
        evidence[subject] = evidence.get(subject, 0.0) + share
    return evidence


def _strongest(evidence: Mapping[int, float], most: int) -> tuple[int, ...]:
    order = sorted(evidence, key=lambda subject: (-evidence[subject], subject))
    return tuple(sorted(order[:most]))


def _read(path: Path, concept_numbers: Mapping[str, int]) -> _Table:
    """Read a file of subjects; `concept_numbers` are by main label in lower case."""
    subjects: list[Subject] = []
    by_label: dict[str, list[int]] = {}
    by_topic: dict[str, list[int]] = {}
    by_concept: dict[int, list[int]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for place, row in enumerate(csv.DictReader(file)):
            subject = Subject(row["id"], {code: row[code] for code in LANGUAGES})
            subjects.append(subject)
            for key in _keys(subject):
                by_label.setdefault(key, []).append(place)
            for topic in row["topics"].split("|"):
                by_topic.setdefault(_key(topic), []).append(place)
            for name in row["concepts"].split("|"):
                number = concept_numbers.get(name.casefold())
                if number is not None:
                    by_concept.setdefault(number, []).append(place)
    return _Table(tuple(subjects), _frozen(by_label), _frozen(by_topic), _frozen(by_concept))


def _frozen(several: Mapping[_Name, list[int]]) -> dict[_Name, tuple[int, ...]]:
    return {key: tuple(numbers) for key, numbers in several.items()}
