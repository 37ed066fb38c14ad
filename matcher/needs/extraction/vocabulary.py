"""What words tell: the stage of the value chain that they speak of, and cues.

Both are looked up in `stages.tsv`, which has a column of labels for each language. Its first column
says what the labels of a row tell: a stage, `none` where they only look as if they told one
(`training data`), or a kind of cue. Labels of stages are found in any form of their words, by
stems; they have weights by how specific they are. Cues are found as they are written.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

from embeddings.language import LANGUAGES, detect_language
from embeddings.stopwords import STOP_WORDS
from embeddings.words import fold, stem
from matcher.domain import Stage

_FILE = Path(__file__).with_name("stages.tsv")
_NO_STAGE = "none"
_GAP = "…"
"""Stands between the two words of a label for a few others or none, as in `stellt … her`."""
_WIDEST_GAP = 6
_WORD = re.compile(r"[^\W_]+")
_WORD_OR_GAP = re.compile(rf"{_GAP}|{_WORD.pattern}")

_KEPT = {
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
"""Words that the rules of stemming would mix up with others, as `products` with `production`."""

_COMPOUNDING = ("nl", "de")
_MIN_COMPOUND_LENGTH, _MAX_COMPOUND_LENGTH = 9, 60
_MIN_PART_LENGTH, _MIN_REST_LENGTH = 5, 3
"""How many letters a compound has, a part that tells its stage, and what is left of it."""
_HEAD_SHARE, _MODIFIER_SHARE = 0.8, 0.6
"""How much of a label's weight counts where a compound ends in it or begins with it."""

_FIRST_COUNTS = 1.3
"""In all four languages what a phrase is about tends to come first."""
_MIN_STRENGTH = 0.7


class CueKind(StrEnum):
    """What a phrase tells of the clause that it is in, other than a stage."""

    LACKING = "lacking"
    """It isn't there: `sought`, `we lack`."""
    PRESENT = "present"
    """It is there: `we have`."""
    DECLINED = "declined"
    """It isn't asked for: `we need no`. No label tells it; a negation makes it of the two above."""
    HEDGED = "hedged"
    """It would be nice to have: `ideally`."""
    WANTED = "wanted"
    """It is to be done: `we will`."""
    PRESSING = "pressing"
    """It can't be done without, so it is lacking, unless it is only told: `crucial`."""
    TELLING = "telling"
    """A statement about the world: `in recent years`."""
    IDLE = "idle"
    """History, slogans, the consortium: `was founded`."""
    ABOUT = "about"
    """A heading of such text: `background`."""
    OPENING = "opening"
    """May be trimmed from the start: `there is a need for`."""
    LEANING = "leaning"
    """Hangs on what is before it: `which`."""
    VERB = "verb"
    """May begin a clause after `and`: `organises`."""


_CUE_KINDS = frozenset(CueKind)


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a text: where it is, as it is looked up, and without accents."""

    start: int
    end: int
    folded: str
    plain: str

    @property
    def of_content(self) -> bool:
        """Whether it says something: no stop word, no number, no single letter."""
        return self.plain not in STOP_WORDS and len(self.plain) > 1 and not self.plain.isdigit()


class Cue(NamedTuple):
    """A cue among words: these from start to end-1."""

    start: int
    end: int
    kind: CueKind


class StageScore(NamedTuple):
    """The stage that words speak of, None where unclear, and how strongly."""

    stage: Stage | None = None
    strength: float = 0.0


@dataclass(frozen=True, slots=True)
class _Label:
    """A label that tells a stage, or that there is none: the forms of its words, its weight."""

    forms: tuple[str, ...]
    stage: Stage | None
    weight: float

    @property
    def length(self) -> int:
        """How many words are used up where it is found; those in a gap may tell more."""
        return 1 if _GAP in self.forms else len(self.forms)

    def stands_at(self, place: int, forms: tuple[str, ...]) -> bool:
        """Return whether it goes on from a place among the forms of words where it begins."""
        if _GAP in self.forms:
            return self.forms[-1] in forms[place + 1 : place + 2 + _WIDEST_GAP]
        return forms[place : place + len(self.forms)] == self.forms


class _Vocabulary:
    """The labels of one language, by their first words."""

    def __init__(self, language: str, rows: Iterable[tuple[str, float, str]]) -> None:
        """Take rows of what a label tells, its weight, and the label."""
        self._language = language
        self._kept = _KEPT[language]
        self._stages: dict[str, list[_Label]] = {}
        self._cues: dict[str, list[tuple[tuple[str, ...], CueKind]]] = {}
        self._parts: dict[str, _Label] = {}
        for told, weight, text in rows:
            if told in _CUE_KINDS:
                words = tuple(fold(word) for word in _WORD.findall(text.casefold()))
                self._cues.setdefault(words[0], []).append((words, CueKind(told)))
                continue
            parts = _WORD_OR_GAP.findall(text.casefold())
            forms = tuple(part if part == _GAP else self._form(part) for part in parts)
            label = _Label(forms, None if told == _NO_STAGE else Stage(told), weight)
            self._stages.setdefault(forms[0], []).append(label)
            if len(forms) == 1 and len(forms[0]) >= _MIN_PART_LENGTH:
                self._parts.setdefault(forms[0], label)
        for labels in self._stages.values():
            labels.sort(key=lambda label: -len(label.forms))
        self._of_compound = lru_cache(maxsize=20_000)(self._look_up_parts)

    def stages_in(self, words: Sequence[Word]) -> Iterator[_Label]:
        """Yield the labels of stages in their order, the longest at each place."""
        forms = tuple(self._form(word.folded) for word in words)
        place = 0
        while place < len(forms):
            for label in self._stages.get(forms[place], ()):
                if label.stands_at(place, forms):
                    yield label
                    place += label.length
                    break
            else:
                part = self._of_compound(words[place].folded)
                if part is not None:
                    yield part
                place += 1

    def cues_in(self, words: Sequence[Word]) -> Iterator[Cue]:
        """Yield all cues, also those within others: a phrase may tell several things."""
        forms = tuple(word.plain for word in words)
        for place, form in enumerate(forms):
            for label, kind in self._cues.get(form, ()):
                end = place + len(label)
                if forms[place:end] == label:
                    yield Cue(place, end, kind)

    def _form(self, word: str) -> str:
        """Return the form that a word is looked up by: its stem, or itself, marked as such."""
        return f"={word}" if word in self._kept else stem(word, self._language)

    def _look_up_parts(self, word: str) -> _Label | None:
        """Return the label that a Dutch or German compound ends in, or else begins with.

        The longest part is looked up first. That takes many stems, so the answers are cached.
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
def _vocabularies() -> dict[str, _Vocabulary]:
    """Return the shipped vocabulary of each language."""
    lines = _FILE.read_text(encoding="utf-8").splitlines()
    table = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
    return {
        code: _Vocabulary(
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
    """Return the words of a text in their order."""
    found = []
    for match in _WORD.finditer(text):
        folded = match.group().casefold()
        found.append(Word(match.start(), match.end(), folded, fold(folded)))
    return found


def cues_in(words: Sequence[Word], language: str | None) -> frozenset[Cue]:
    """Return the cues in words of a language, or of any language where it is unknown."""
    codes = (language,) if language else LANGUAGES
    return frozenset(cue for code in codes for cue in _vocabularies()[code].cues_in(words))


def stage_of(text: str) -> Stage | None:
    """Return the value-chain stage that a text, a need or an offer, speaks of; None where unclear.

    The language is told from the text; where that can't be done, all four are asked.
    """
    text = unicodedata.normalize("NFC", text)
    return stage_in(words_in(text), detect_language(text)).stage


def stage_in(words: Sequence[Word], language: str | None) -> StageScore:
    """Return the stage that words speak of.

    They are looked up in their language, then as English, as technical terms often are; where the
    language is unknown, in the one in which they speak most strongly.
    """
    if language is None:
        scored = [_scores(words, code) for code in LANGUAGES]
        return _clearest(max(scored, key=lambda one: max(one.values(), default=0.0)))
    score = _clearest(_scores(words, language))
    return _clearest(_scores(words, "en")) if score.stage is None else score


def _scores(words: Sequence[Word], language: str) -> dict[Stage, float]:
    """Return how strongly words speak of each stage; the same label counts once."""
    scores: dict[Stage, float] = {}
    seen: set[tuple[str, ...]] = set()
    for label in _vocabularies()[language].stages_in(words):
        if label.stage is None or label.forms in seen:
            continue
        share = 1.0 if seen else _FIRST_COUNTS
        seen.add(label.forms)
        scores[label.stage] = scores.get(label.stage, 0.0) + share * label.weight
    return scores


def _clearest(scores: dict[Stage, float]) -> StageScore:
    """Return the stage of the highest score; none where it is low or shared."""
    stage, strength = max(scores.items(), key=lambda item: item[1], default=(None, 0.0))
    shared = list(scores.values()).count(strength) > 1
    return StageScore() if strength < _MIN_STRENGTH or shared else StageScore(stage, strength)
