"""Scores the value-chain stage of spans of words, in time linear in the number of words.

The rules ask for the stages of many spans of one sentence, often of a span that grows word by word.
So each word is looked up once, and a longer span goes on where the shorter one ended.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from embeddings.language import LANGUAGES, detect_language
from embeddings.words import normalise
from matcher.domain import Stage
from matcher.needs.extraction.vocabulary import StageLabel, Vocabulary, Word, vocabularies, words_in

_FIRST_LABEL_FACTOR = 1.3
"""The first label weighs more: in all four languages the topic of a phrase tends to come first."""
_MIN_STRENGTH = 0.7
"""A weaker score gives no stage."""


class StageScore(NamedTuple):
    """The stage of some words, None where unclear, and its score."""

    stage: Stage | None = None
    strength: float = 0.0


def stage_of(text: str) -> Stage | None:
    """Return the value-chain stage of a need or an offer; None where unclear.

    The language is detected; where that fails, all four are tried.
    """
    words = words_in(normalise("NFC", text))
    return StageScorer(words, detect_language(text)).score(0, len(words)).stage


class StageScorer:
    """Scores the stages of spans of words.

    They are looked up in their language, and if that gives nothing in English, as technical terms
    often are English. Where the language is unknown, the one with the highest score counts.
    """

    def __init__(self, words: Sequence[Word], language: str | None) -> None:
        self._words = words
        self._language = language
        self._by_language: dict[str, _SpanScores] = {}

    def score(self, first: int, last: int) -> StageScore:
        """Return the stage of the words `first` to `last` - 1 with its score."""
        if self._language is None:
            scored = [self._scores(code, first, last) for code in LANGUAGES]
            return _clearest(max(scored, key=lambda scores: max(scores.values(), default=0.0)))
        score = _clearest(self._scores(self._language, first, last))
        return _clearest(self._scores("en", first, last)) if score.stage is None else score

    def _scores(self, language: str, first: int, last: int) -> dict[Stage, float]:
        if language not in self._by_language:
            self._by_language[language] = _SpanScores(self._words, vocabularies()[language])
        return self._by_language[language].of(first, last)


@dataclass(slots=True)
class _Tally:
    """The score of each stage in the words before `place`: the weights of its distinct labels."""

    place: int
    last: int = 0
    """It holds for spans that end here or later."""
    scores: dict[Stage, float] = field(default_factory=dict)
    seen: set[tuple[str, ...]] = field(default_factory=set)


class _SpanScores:
    """The scores of spans of words in one language.

    A label can only depend on the few words after it, so all labels but the last ones of a span are
    those of any longer span.
    """

    def __init__(self, words: Sequence[Word], vocabulary: Vocabulary) -> None:
        self._words = words
        self._vocabulary = vocabulary
        self._forms = vocabulary.forms(words)
        self._labels: dict[int, StageLabel | None] = {}
        self._tallies: dict[int, _Tally] = {}

    def of(self, first: int, last: int) -> dict[Stage, float]:
        """Return the score of each stage in the words `first` to `last` - 1."""
        tally = self._tallies.get(first)
        if tally is None or tally.last > last:
            tally = self._tallies[first] = _Tally(first)
        reach = self._vocabulary.reach
        while tally.place + reach <= last:
            tally.last = tally.place + reach
            label = self._label_at(tally.place)
            _add(tally.scores, label, tally.seen)
            tally.place += label.length if label else 1
        scores, seen, place = dict(tally.scores), set[tuple[str, ...]](), tally.place
        while place < last:
            label = self._vocabulary.label_at(self._words, self._forms, place, last)
            _add(scores, label, tally.seen, seen)
            place += label.length if label else 1
        return scores

    def _label_at(self, place: int) -> StageLabel | None:
        """Return the label at a place that has enough words after it, cached."""
        if place not in self._labels:
            end = place + self._vocabulary.reach
            self._labels[place] = self._vocabulary.label_at(self._words, self._forms, place, end)
        return self._labels[place]


def _add(
    scores: dict[Stage, float],
    label: StageLabel | None,
    seen: set[tuple[str, ...]],
    seen_now: set[tuple[str, ...]] | None = None,
) -> None:
    """Add the weight of a label that wasn't `seen`; note it in `seen_now`, or else in `seen`."""
    noted = seen if seen_now is None else seen_now
    if label is None or label.stage is None or label.forms in seen or label.forms in noted:
        return
    factor = 1.0 if seen or noted else _FIRST_LABEL_FACTOR
    noted.add(label.forms)
    scores[label.stage] = scores.get(label.stage, 0.0) + factor * label.weight


def _clearest(scores: dict[Stage, float]) -> StageScore:
    """Return the stage with the highest score; none where it is low or a tie."""
    stage, strength = max(scores.items(), key=lambda item: item[1], default=(None, 0.0))
    is_tie = list(scores.values()).count(strength) > 1
    return StageScore() if strength < _MIN_STRENGTH or is_tie else StageScore(stage, strength)
