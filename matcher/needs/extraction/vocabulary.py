"""Looks up the value-chain stage of words, and cues such as `we lack` and `ideally`.

Both are in `stages.tsv`, which has a column of labels for each language. Its first column says what
the labels of a row mean: a stage, `none` where a label only looks like one of a stage (`training
data`), or a kind of cue. Stage labels match any form of their words, by stems, and have weights by
how specific they are. Cues match their exact words.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

from embeddings.language import LANGUAGES
from embeddings.stopwords import STOP_WORDS
from embeddings.words import fold, stem
from matcher.domain import Stage

_FILE = Path(__file__).with_name("stages.tsv")
_NO_STAGE = "none"
_GAP = "…"
"""In a label, stands for 0 to 6 other words between its two words, as in `stellt … her`."""
_MAX_GAP = 6
_WORD = re.compile(r"[^\W_]+")
_WORD_OR_GAP = re.compile(rf"{_GAP}|{_WORD.pattern}")

_UNSTEMMED = {
    "en": frozenset(
        "production distribution engine engines custom customs author authors operation operations "
        "regulation regulations".split()
    ),
    "fr": frozenset(
        "forme formes marche marches vent vents opération opérations étudiant étudiants".split()
    ),
    "nl": frozenset({"bouw"}),
    "de": frozenset({"bau", "bauern"}),
}
"""Words whose stems clash with those of other words, as `production` with `products`."""

_COMPOUNDING = ("nl", "de")
_MIN_COMPOUND_LENGTH, _MAX_COMPOUND_LENGTH = 9, 60
_MIN_PART_LENGTH, _MIN_REST_LENGTH = 5, 3
"""Letters of a compound, minimum letters of a part with a stage, and of the rest."""
_HEAD_SHARE, _MODIFIER_SHARE = 0.8, 0.6
"""Factors of a label's weight where a compound ends in it, or begins with it."""


class CueKind(StrEnum):
    """What a cue says about the clause that it is in."""

    LACKING = "lacking"
    """What the clause names isn't there: `we lack`, `sought`."""
    PRESENT = "present"
    """What the clause names is there: `we have`."""
    NOT_NEEDED = "not_needed"
    """`We need no`. Has no labels: a negation turns LACKING or NECESSITY into it."""
    OPTIONAL = "optional"
    """Nice to have: `ideally`."""
    INTENTION = "intention"
    """Planned: `we will`."""
    NECESSITY = "necessity"
    """Necessary, and therefore lacking, unless the clause states facts: `crucial`."""
    STATEMENT = "statement"
    """A statement of facts: `in recent years`."""
    BACKGROUND = "background"
    """History, slogans, the consortium: `was founded`."""
    BACKGROUND_HEADING = "background_heading"
    """A heading of background text: `About us`."""
    LEAD_IN = "lead_in"
    """Can be trimmed from the start: `there is a need for`."""
    SUBORDINATOR = "subordinator"
    """Starts a phrase that depends on what precedes it: `which`, `with`."""
    VERB = "verb"
    """A verb that may begin a clause after `and`: `organises`."""


_CUE_KINDS = frozenset(CueKind)


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a text with its position, in lower case, and folded."""

    start: int
    end: int
    lower_case: str
    """With accents."""
    folded: str
    """Without accents."""

    @property
    def is_content(self) -> bool:
        """Whether it is a content word: no stop word, number or single letter."""
        return self.folded not in STOP_WORDS and len(self.folded) > 1 and not self.folded.isdigit()


class Cue(NamedTuple):
    """The words `start` to `end` - 1 are a cue of this kind."""

    start: int
    end: int
    kind: CueKind


@dataclass(frozen=True, slots=True)
class StageLabel:
    """A label of a stage, or of none: the stems of its words, and its weight."""

    forms: tuple[str, ...]
    stage: Stage | None
    weight: float

    @property
    def length(self) -> int:
        """How many words a match uses up; words in a gap may match other labels."""
        return 1 if _GAP in self.forms else len(self.forms)

    def matches_at(self, place: int, last: int, forms: Sequence[str]) -> bool:
        """Return whether it matches in `place` to `last` - 1; its first form has matched."""
        if _GAP in self.forms:
            return self.forms[-1] in forms[place + 1 : min(place + 2 + _MAX_GAP, last)]
        return tuple(forms[place : min(place + len(self.forms), last)]) == self.forms


class Vocabulary:
    """The labels of one language, indexed by their first words."""

    def __init__(self, language: str, rows: Iterable[tuple[str, float, str]]) -> None:
        """Take rows of (stage or cue kind, weight, label)."""
        self._language = language
        self._unstemmed = _UNSTEMMED[language]
        self._stages: dict[str, list[StageLabel]] = {}
        self._cues: dict[str, list[tuple[tuple[str, ...], CueKind]]] = {}
        self._parts: dict[str, StageLabel] = {}
        for meaning, weight, text in rows:
            if meaning in _CUE_KINDS:
                words = tuple(fold(word) for word in _WORD.findall(text.casefold()))
                self._cues.setdefault(words[0], []).append((words, CueKind(meaning)))
                continue
            parts = _WORD_OR_GAP.findall(text.casefold())
            forms = tuple(part if part == _GAP else self._form(part) for part in parts)
            label = StageLabel(forms, None if meaning == _NO_STAGE else Stage(meaning), weight)
            self._stages.setdefault(forms[0], []).append(label)
            if len(forms) == 1 and len(forms[0]) >= _MIN_PART_LENGTH:
                self._parts.setdefault(forms[0], label)
        for labels in self._stages.values():
            labels.sort(key=lambda label: -len(label.forms))
        lengths = [len(label.forms) for labels in self._stages.values() for label in labels]
        self.reach = max(_MAX_GAP + 2, *lengths)
        """How many words, from its first one on, decide whether a label matches."""
        self._of_compound = lru_cache(maxsize=20_000)(self._look_up_parts)

    def forms(self, words: Iterable[Word]) -> tuple[str, ...]:
        """Return the forms of words under which stage labels are indexed."""
        return tuple(self._form(word.lower_case) for word in words)

    def label_at(
        self, words: Sequence[Word], forms: Sequence[str], place: int, last: int
    ) -> StageLabel | None:
        """Return the longest stage label that begins at `place` and ends before `last`, if any.

        `forms` are those of the words. What comes `reach` words after `place` makes no difference.
        """
        for label in self._stages.get(forms[place], ()):
            if label.matches_at(place, last, forms):
                return label
        return self._of_compound(words[place].lower_case)

    def cues_in(self, words: Sequence[Word]) -> Iterator[Cue]:
        """Yield all cues in words; cues may overlap."""
        forms = tuple(word.folded for word in words)
        for place, form in enumerate(forms):
            for label, kind in self._cues.get(form, ()):
                end = place + len(label)
                if forms[place:end] == label:
                    yield Cue(place, end, kind)

    def _form(self, word: str) -> str:
        """Return the form under which a word is indexed: its stem, or `=` and the word itself."""
        return f"={word}" if word in self._unstemmed else stem(word, self._language)

    def _look_up_parts(self, word: str) -> StageLabel | None:
        """Return the label that a Dutch or German compound ends in, or else begins with.

        The longest part is tried first. This stems many parts, so callers cache the result.
        """
        if self._language not in _COMPOUNDING:
            return None
        if not _MIN_COMPOUND_LENGTH <= len(word) <= _MAX_COMPOUND_LENGTH:
            return None
        for cut in range(_MIN_REST_LENGTH, len(word) - _MIN_PART_LENGTH + 1):
            head = self._parts.get(stem(word[cut:], self._language))
            if head is not None:
                return replace(head, weight=head.weight * _HEAD_SHARE)
        for cut in range(len(word) - _MIN_REST_LENGTH, _MIN_PART_LENGTH - 1, -1):
            modifier = self._parts.get(stem(word[:cut], self._language))
            if modifier is not None:
                return replace(modifier, weight=modifier.weight * _MODIFIER_SHARE)
        return None


@cache
def vocabularies() -> dict[str, Vocabulary]:
    """Return the vocabulary of each language, read once."""
    lines = _FILE.read_text(encoding="utf-8").splitlines()
    table = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
    return {
        code: Vocabulary(
            code,
            (
                (row["stage"], float(row["weight"] or 1.0), label)
                for row in table
                for label in row[code].split("|")
            ),
        )
        for code in LANGUAGES
    }


def words_in(text: str) -> list[Word]:
    """Return the words of a text in order."""
    found = []
    for match in _WORD.finditer(text):
        lower_case = match.group().casefold()
        found.append(Word(match.start(), match.end(), lower_case, fold(lower_case)))
    return found


def cues_in(words: Sequence[Word], language: str | None) -> frozenset[Cue]:
    """Return the cues in words of a language, or of any language where it is unknown."""
    codes = (language,) if language else LANGUAGES
    return frozenset(cue for code in codes for cue in vocabularies()[code].cues_in(words))
