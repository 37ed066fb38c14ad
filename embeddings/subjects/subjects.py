"""Classifies texts, topics and sectors by domain of innovation policy and societal challenge.

A subject is one line of `domains.csv` or `challenges.csv`: an id, a label in each language, and,
separated by `|`, names of EuroSciVoc nodes and main English labels of lexicon concepts.
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
from embeddings.words import fold, words_of

_FOLDER = Path(__file__).parent
_MAX_DOMAINS = 4
_MAX_CHALLENGES = 3
_SHORT_TEXT_WORDS = 12
_MAX_SUBJECTS_OF_SPECIFIC = 2
"""A concept listed for no more subjects than this is specific."""
_STATED_WEIGHT = 2.0
"""What a topic or a stated sector counts; all of the text together counts up to 1."""
_MIN_SHARE = 0.2
_SEPARATOR = re.compile(", | (?:and|en|et|und) ")
_Name = TypeVar("_Name", str, int)


@dataclass(frozen=True, slots=True)
class Subject:
    """One domain or challenge."""

    id: str
    labels: dict[str, str]
    """By language."""


class Subjects:
    """Assigns domains and challenges. Immutable, so threads may share it.

    The number of a subject is its index in `domains` or `challenges`.
    """

    def __init__(self, lexicon: Lexicon) -> None:
        """Read the shipped files; concepts that the lexicon lacks are ignored."""
        self._lexicon = lexicon
        numbers = {
            concept.name.casefold(): number for number, concept in enumerate(lexicon.concepts)
        }
        self._domains = _read(_FOLDER / "domains.csv", numbers)
        self._challenges = _read(_FOLDER / "challenges.csv", numbers)
        self.domains = self._domains.subjects
        self.challenges = self._challenges.subjects

    def of(
        self, text: str, topics: Sequence[str] = (), sectors: Sequence[str] = ()
    ) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Return the numbers of at most 4 domains and 3 challenges, each ascending.

        `topics` are EuroSciVoc paths. `sectors` are what an organisation states about itself: the
        id or label of a subject, a EuroSciVoc name or any text. The text adds subjects that two of
        its concepts are listed for; one concept is enough if it is specific, the text is short and
        no topic matched.
        """
        find = self._lexicon.find
        mentions = Counter(find(text).concepts)
        is_short = len(text.split()) <= _SHORT_TEXT_WORDS
        stated = [(_key(sector), Counter(find(sector).concepts)) for sector in sectors]
        domains, challenges = (
            _strongest(_evidence(table, mentions, is_short, topics, stated), limit)
            for table, limit in (
                (self._domains, _MAX_DOMAINS),
                (self._challenges, _MAX_CHALLENGES),
            )
        )
        return domains, challenges


@dataclass(frozen=True, slots=True)
class _Table:
    """One file: its subjects, and the numbers of the subjects of each label, topic and concept."""

    subjects: tuple[Subject, ...]
    by_label: dict[str, tuple[int, ...]]
    by_topic: dict[str, tuple[int, ...]]
    by_concept: dict[int, tuple[int, ...]]

    def of_topic(self, path: str) -> tuple[int, ...]:
        """Return the subjects of the deepest node of a EuroSciVoc path that is listed."""
        for name in reversed(path.split("/")):
            found = self.by_topic.get(_key(name))
            if found:
                return found
        return ()

    def of_mentions(
        self, mentions: Mapping[int, int], *, single_is_enough: bool
    ) -> dict[int, float]:
        """Return a score for each subject with enough concepts; 1 for the best subject.

        A concept that is mentioned m times and listed for s subjects adds (1 + ln m) / s to
        each of them, the damped term frequency of Manning, Raghavan & Schütze (2008, 6.4.1).
        """
        strength: dict[int, float] = {}
        concepts: Counter[int] = Counter()
        for concept, times in mentions.items():
            subjects = self.by_concept.get(concept, ())
            is_specific = single_is_enough and len(subjects) <= _MAX_SUBJECTS_OF_SPECIFIC
            for subject in subjects:
                weight = (1.0 + log(times)) / len(subjects)
                strength[subject] = strength.get(subject, 0.0) + weight
                concepts[subject] += 2 if is_specific else 1
        strength = {subject: strength[subject] for subject, count in concepts.items() if count >= 2}
        strongest = max(strength.values(), default=1.0)
        shares = {subject: value / strongest for subject, value in strength.items()}
        return {subject: share for subject, share in shares.items() if share >= _MIN_SHARE}

    def of_sector(self, key: str, mentions: Mapping[int, int]) -> Iterable[int]:
        """Return the subjects of a stated sector: by its name, or else by its concepts."""
        named = self.by_label.get(key) or self.by_topic.get(key)
        return named or self.of_mentions(mentions, single_is_enough=True)


def _key(text: str) -> str:
    """Return the folded words of a label, so that spellings of it are equal."""
    return " ".join(words_of(fold(text)))


def _keys(subject: Subject) -> set[str]:
    """Return the keys under which a subject may be stated: id, labels and items of labels."""
    names = (subject.id.replace("-", " "), *subject.labels.values())
    return {_key(piece) for name in names for piece in (name, *_SEPARATOR.split(name))}


def _evidence(
    table: _Table,
    mentions: Mapping[int, int],
    is_short: bool,
    topics: Sequence[str],
    stated: Sequence[tuple[str, Mapping[int, int]]],
) -> dict[int, float]:
    """Return a score for each subject; the whole text counts less than one topic or sector."""
    evidence: dict[int, float] = {}
    for topic in topics:
        for subject in table.of_topic(topic):
            evidence[subject] = evidence.get(subject, 0.0) + _STATED_WEIGHT
    of_text = table.of_mentions(mentions, single_is_enough=is_short and not evidence)
    for key, sector_mentions in stated:
        for subject in table.of_sector(key, sector_mentions):
            evidence[subject] = evidence.get(subject, 0.0) + _STATED_WEIGHT
    for subject, share in of_text.items():
        evidence[subject] = evidence.get(subject, 0.0) + share
    return evidence


def _strongest(evidence: Mapping[int, float], limit: int) -> tuple[int, ...]:
    order = sorted(evidence, key=lambda subject: (-evidence[subject], subject))
    return tuple(sorted(order[:limit]))


def _read(path: Path, concept_numbers: Mapping[str, int]) -> _Table:
    """Read a file of subjects; `concept_numbers` has main labels in lower case as keys."""
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


def _frozen(lists: Mapping[_Name, list[int]]) -> dict[_Name, tuple[int, ...]]:
    return {key: tuple(numbers) for key, numbers in lists.items()}
