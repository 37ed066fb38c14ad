"""A sentence with its words and cues looked up, which the rules query by segment."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import accumulate

from matcher.needs.extraction.sentences import Sentence
from matcher.needs.extraction.stage_scores import StageScore, StageScorer
from matcher.needs.extraction.vocabulary import Cue, CueKind, cues_in, words_in

_COPULAS = frozenset(
    "to is are be been was were has have had zijn wordt worden werd est sont etre ete ist sind "
    "sein wurde wurden".split()
)
"""Words before these are the subject of the clause, so they aren't trimmed."""
_NEVER_LAST = frozenset(
    "and or by at of with for both thus the a including to en et de du des und oder or via avec le "
    "la les".split()
)
"""Trimmed from the end of a clause."""


@dataclass(frozen=True, slots=True)
class Segment:
    """The words `first` to `last` - 1 of a sentence."""

    first: int
    last: int
    separator: str
    """What precedes them: `start`, or the name of a separator such as `comma`."""


class ParsedSentence:
    """A sentence with its words, cues and stage scores."""

    def __init__(self, sentence: Sentence) -> None:
        """Look up words and cues."""
        self.sentence = sentence
        self.language = sentence.language or ""  # no rule has the empty name
        self.words = words_in(sentence.text)
        self.cues = cues_in(self.words, sentence.language)
        self._cues_at: list[list[Cue]] = [[] for _ in self.words]
        for cue in self.cues:
            self._cues_at[cue.start].append(cue)
        self._content = [0, *accumulate(word.is_content for word in self.words)]
        self._scorer = StageScorer(self.words, sentence.language)
        self._stages: dict[tuple[int, int], StageScore] = {}

    def content_word_count(self, segment: Segment) -> int:
        """Return how many content words a segment has."""
        return self._content[segment.last] - self._content[segment.first]

    def stage(self, segment: Segment) -> StageScore:
        """Return the stage of a segment, cached."""
        key = (segment.first, segment.last)
        if key not in self._stages:
            self._stages[key] = self._scorer.score(*key)
        return self._stages[key]

    def cues_in_segment(self, segment: Segment) -> list[Cue]:
        """Return the cues within a segment."""
        places = self._cues_at[segment.first : segment.last]
        return [cue for cues in places for cue in cues if cue.end <= segment.last]

    def cue_kinds(self, segment: Segment) -> frozenset[CueKind]:
        """Return the kinds of the cues within a segment."""
        return frozenset(cue.kind for cue in self.cues_in_segment(segment))

    def leading_cue_length(self, kind: CueKind, segment: Segment) -> int:
        """Return the number of words of the longest cue of a kind at the start, or 0."""
        cues = (cue for cue in self._cues_at[segment.first] if cue.kind == kind)
        ends = (cue.end for cue in cues if cue.end <= segment.last)
        return max(ends, default=segment.first) - segment.first

    def text(self, segment: Segment) -> str:
        """Return the text of a segment, with its brackets, quotes and signs such as `%`."""
        text = self.sentence.text
        start, end = self.words[segment.first].start, self.words[segment.last - 1].end
        if start and text[start - 1] in "“„«":
            start -= 1
        while end < len(text) and text[end] in ")]%°\"”»'’+":
            end += 1
        if start and text[start - 1] in "([" and ")" in text[start:end]:
            start -= 1
        return text[start:end]

    def trim(self, segment: Segment) -> Segment:
        """Return a segment without lead-ins such as `there is a need for`.

        Item numbers, as in `2. to test it`, and trailing words such as `and` are removed too.
        """
        number = self.words[segment.first]
        after = self.sentence.text[number.end : number.end + 2]
        if number.folded.isdigit() and after in (". ", ") ") and segment.last - segment.first > 1:
            segment = replace(segment, first=segment.first + 1)
        while used := self.leading_cue_length(CueKind.LEAD_IN, segment):
            shorter = replace(segment, first=segment.first + used)
            if not self.content_word_count(shorter) or self.words[shorter.first].folded in _COPULAS:
                break
            segment = shorter
        while (
            segment.last - segment.first > 1 and self.words[segment.last - 1].folded in _NEVER_LAST
        ):
            segment = replace(segment, last=segment.last - 1)
        return segment
