"""From a text to its sentences, and what the words of a sentence tell.

A brief may be prose, a list, or both under headings; its lines may be wrapped. `What we lack:`
holds for the items below it as if each of them said so. A sentence is parsed once: its words and
its cues are looked up, and then asked for by the pieces that it is cut into.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import accumulate

from embeddings.language import detect_language
from matcher.needs.extraction.vocabulary import (
    Cue,
    CueKind,
    StageScore,
    cues_in,
    stage_in,
    words_in,
)

_HEADING_WORDS = 9
_MIN_FOR_LANGUAGE = 8
"""A sentence of fewer words is taken to be in the language of the text."""
_WRAPPED = 60
"""A line of at least so many characters without a full stop goes on in the next line."""
_HANDED_DOWN = frozenset((CueKind.LACKING, CueKind.PRESENT, CueKind.HEDGED, CueKind.IDLE))
"""What a heading may say of all that stands under it."""
_NO_CUES: frozenset[CueKind] = frozenset()

_BULLET = re.compile(
    r"\s*(?:[-*•·‣▪◦–—»➢✓#]+|\(?(?:\d{1,2}|[ivx]{1,4}|[a-z])\)|\d{1,2}(?:\.\d+)*\.)\s+"
)
_CLOSED = re.compile(r"[.!?…:;][\"'”’»)\]]*$")
_END = re.compile(r"[.!?…]+[\"'”’»)\]]*\s+(?=[\"'“‘„«(\[]*(\w))")
"""What may end a sentence, and the first letter of the next one."""
_ABBREVIATIONS = frozenset(
    "e.g i.e eg ie cf bv bijv d.w.z m.a.w o.a m.b.t t.o.v z.b d.h u.a bzw ca evtl ggf inkl vgl "
    "usw nr no art fig dr prof ing ir mr mrs ms mme mlle st vs approx resp incl excl min max p.ex "
    "par.ex mio mrd tsd ex env av bd vol sp spp al dhr mevr jr sr inc ltd co corp dept est".split()
)
_COPULAS = frozenset(
    "to is are be been was were has have had zijn wordt worden werd est sont etre ete ist sind "
    "sein wurde wurden".split()
)
"""What stands before these is what the clause is about, and is not trimmed."""
_DANGLING = frozenset(
    "and or by at of with for both thus the a including to en et de du des und oder or via avec le "
    "la les".split()
)
"""Trimmed from the end of a clause."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence, or a line of a list."""

    text: str
    language: str | None
    context: frozenset[CueKind] = _NO_CUES
    """What its heading and its opening line say of it."""
    listed: bool = False


@dataclass(slots=True)
class _Line:
    """A line of the brief, or several that were wrapped."""

    text: str
    bullet: str = ""
    """What it begins with where it is an item of a list."""
    closed: bool = False
    """Whether an empty line follows."""

    @property
    def numbered(self) -> bool:
        """Whether it begins as in `3. What we need`, like an item or a heading."""
        return self.bullet.endswith(".")

    @property
    def short(self) -> bool:
        """Whether it has no more words than a heading."""
        return len(self.text.split()) <= _HEADING_WORDS

    @property
    def heads(self) -> bool:
        """Whether it looks like a heading: short, and no sentence."""
        return self.short and not _CLOSED.search(self.text)

    @property
    def introduces(self) -> bool:
        """Whether it says that something follows."""
        return self.text.endswith(":")


def sentences_of(text: str) -> Iterator[Sentence]:
    """Yield the sentences of a text; headings are none, but what they say is handed down.

    A heading holds up to the next one, the opening line of a list up to the end of the list.
    """
    language = detect_language(text)
    lines = _lines(text)
    headed = opened = _NO_CUES
    for line, following in zip(lines, [*lines[1:], None], strict=True):
        if not line.bullet or line.numbered:
            opened = _NO_CUES
            if following is not None and _is_heading(line, following):
                if line.introduces and following.bullet:
                    opened = _handed_down(line.text, language)
                else:
                    headed = _handed_down(line.text, language)
                continue
        sentences = _cut(line.text)
        for sentence in sentences:
            long = len(sentence.split()) >= _MIN_FOR_LANGUAGE
            own = detect_language(sentence) if long else None
            yield Sentence(sentence, own or language, headed | opened, bool(line.bullet))
        if line.introduces and not line.bullet:
            opened = _handed_down(sentences[-1], language)


def _lines(text: str) -> list[_Line]:
    """Return the lines of a text without bullets, wrapped lines joined."""
    lines: list[_Line] = []
    length = 0
    for raw in text.splitlines():
        bullet = _BULLET.match(raw)
        line = " ".join((raw[bullet.end() :] if bullet else raw).split())
        if not line:
            if lines:
                lines[-1].closed = True
        elif lines and not bullet and _goes_on(lines[-1], line, length):
            lines[-1].text += f" {line}"
        else:
            lines.append(_Line(line, bullet.group().strip() if bullet else ""))
        length = len(line)
    return lines


def _goes_on(before: _Line, line: str, length: int) -> bool:
    """Return whether a line is the rest of the one before, which ended in a line of a length."""
    if before.closed or _CLOSED.search(before.text):
        return False
    return line[0].islower() or length >= _WRAPPED or before.text.endswith((",", "-"))


def _is_heading(line: _Line, following: _Line) -> bool:
    """Return whether a line is a heading of what follows it."""
    if line.numbered:
        return line.heads and not following.numbered
    if line.introduces:
        return line.short
    return line.heads and (line.closed or bool(following.bullet) or not following.heads)


def _handed_down(text: str, language: str | None) -> frozenset[CueKind]:
    """Return which cues of a heading or an opening line hold for what stands under it.

    `What is needed` is lacking; under `Background` and the like stands nothing that is asked for.
    """
    found = {cue.kind for cue in cues_in(words_in(text), language)}
    if CueKind.PRESSING in found:
        found.add(CueKind.LACKING)
    elif CueKind.ABOUT in found and CueKind.LACKING not in found:
        found.add(CueKind.IDLE)
    return _HANDED_DOWN & found


def _cut(text: str) -> list[str]:
    """Return the sentences of a line, which is not empty."""
    sentences = []
    start = 0
    for match in _END.finditer(text):
        before = text[start : match.start()].rpartition(" ")[2]
        abbreviated = match.group().startswith(".") and _has_full_stop(before)
        if not abbreviated and not match.group(1).islower():
            sentences.append(text[start : match.end()].strip())
            start = match.end()
    return [*sentences, text[start:].strip()]


def _has_full_stop(word: str) -> bool:
    """Return whether a full stop belongs to a word: an abbreviation, an initial, `am 3. Mai`."""
    word = word.lstrip("([\"'“«").casefold()
    initial = len(word) == 1 and word.isalpha()
    ordinal = word.isdigit() and len(word) < 3
    return word in _ABBREVIATIONS or initial or ordinal


@dataclass(frozen=True, slots=True)
class Piece:
    """Words first..last-1 of a sentence."""

    first: int
    last: int
    joint: str
    """What is before them: `start`, or the name of a group of the pattern of joints."""


class ParsedSentence:
    """A sentence with its words and cues, and what the rules ask of its pieces."""

    def __init__(self, sentence: Sentence) -> None:
        """Look up the words of a sentence."""
        self.sentence = sentence
        self.language = sentence.language or ""  # to look up rules by: none has this name
        self.words = words_in(sentence.text)
        self.cues = cues_in(self.words, sentence.language)
        self._cues_at: list[list[Cue]] = [[] for _ in self.words]
        for cue in self.cues:
            self._cues_at[cue.start].append(cue)
        self._content = [0, *accumulate(word.of_content for word in self.words)]
        self._stages: dict[tuple[int, int], StageScore] = {}

    def substance(self, piece: Piece) -> int:
        """Return how many words of content a piece has."""
        return self._content[piece.last] - self._content[piece.first]

    def stage(self, piece: Piece) -> StageScore:
        """Return the stage that a piece speaks of; kept, as several rules ask for it."""
        key = (piece.first, piece.last)
        if key not in self._stages:
            words = self.words[piece.first : piece.last]
            self._stages[key] = stage_in(words, self.sentence.language)
        return self._stages[key]

    def cues_of(self, piece: Piece) -> list[Cue]:
        """Return the cues within a piece."""
        places = self._cues_at[piece.first : piece.last]
        return [cue for cues in places for cue in cues if cue.end <= piece.last]

    def tells(self, piece: Piece) -> frozenset[CueKind]:
        """Return what the cues within a piece tell."""
        return frozenset(cue.kind for cue in self.cues_of(piece))

    def starts_with(self, kind: CueKind, piece: Piece) -> int:
        """Return how many words the longest cue of a kind has at the start of a piece, or 0."""
        cues = (cue for cue in self._cues_at[piece.first] if cue.kind == kind)
        ends = (cue.end for cue in cues if cue.end <= piece.last)
        return max(ends, default=piece.first) - piece.first

    def text(self, piece: Piece) -> str:
        """Return a piece as it stands in the sentence, with the signs that belong to it."""
        text = self.sentence.text
        start, end = self.words[piece.first].start, self.words[piece.last - 1].end
        if start and text[start - 1] in "“„«":
            start -= 1
        while end < len(text) and text[end] in ")]%°\"”»'’+":
            end += 1
        if start and text[start - 1] in "([" and ")" in text[start:end]:
            start -= 1
        return text[start:end]

    def trimmed(self, piece: Piece) -> Piece:
        """Return a piece without the openings that only say that something is wanted.

        The number of an item, as in `2. to test it`, goes with them, and words that dangle.
        """
        number = self.words[piece.first]
        after = self.sentence.text[number.end : number.end + 2]
        if number.plain.isdigit() and after in (". ", ") ") and piece.last - piece.first > 1:
            piece = replace(piece, first=piece.first + 1)
        while used := self.starts_with(CueKind.OPENING, piece):
            shorter = replace(piece, first=piece.first + used)
            if not self.substance(shorter) or self.words[shorter.first].plain in _COPULAS:
                break
            piece = shorter
        while piece.last - piece.first > 1 and self.words[piece.last - 1].plain in _DANGLING:
            piece = replace(piece, last=piece.last - 1)
        return piece
