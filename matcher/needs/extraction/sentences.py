"""Splits a text into sentences and list items, with the cues of their headings.

A brief may be prose, a list, or both under headings; its lines may be wrapped. The cue of a heading
such as `What we lack:` holds for each item below it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from embeddings.language import detect_language
from matcher.needs.extraction.vocabulary import CueKind, cues_in, words_in

_MAX_HEADING_WORDS = 9
_MIN_WORDS_FOR_LANGUAGE = 8
"""A shorter sentence is assumed to be in the language of the text."""
_MIN_WRAPPED_LENGTH = 60
"""A line of at least so many characters without a full stop continues in the next line."""
_INHERITED = frozenset((CueKind.LACKING, CueKind.PRESENT, CueKind.OPTIONAL, CueKind.BACKGROUND))
"""Cues of a heading that hold for everything under it."""
_NO_CUES: frozenset[CueKind] = frozenset()

_BULLET = re.compile(
    r"\s*(?:[-*•·‣▪◦–—»➢✓#]+|\(?(?:\d{1,2}|[ivx]{1,4}|[a-z])\)|\d{1,2}(?:\.\d+)*\.)\s+"
)
_CLOSED = re.compile(r"[.!?…:;][\"'”’»)\]]*$")
_END = re.compile(r"(?<![.!?…])[.!?…]++[\"'”’»)\]]*+\s+(?=[\"'“‘„«(\[]*+(\w))")
"""What may end a sentence, and the first letter of the next one. A run of full stops is tried from
its start only, and never given back (`++`), or else a long one would take quadratic time."""
_ABBREVIATIONS = frozenset(
    "e.g i.e eg ie cf bv bijv d.w.z m.a.w o.a m.b.t t.o.v z.b d.h u.a bzw ca evtl ggf inkl vgl "
    "usw nr no art fig dr prof ing ir mr mrs ms mme mlle st vs approx resp incl excl min max p.ex "
    "par.ex mio mrd tsd ex env av bd vol sp spp al dhr mevr jr sr inc ltd co corp dept est".split()
)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence, or a list item."""

    text: str
    language: str | None
    context: frozenset[CueKind] = _NO_CUES
    """The cues of its heading and of the line that introduces its list."""
    listed: bool = False


@dataclass(slots=True)
class _Line:
    """A line of the brief, with wrapped lines joined."""

    text: str
    bullet: str = ""
    """The bullet or number of a list item."""
    closed: bool = False
    """Whether an empty line follows."""

    @property
    def numbered(self) -> bool:
        """Whether it begins with a number, as in `3. What we need`: an item or a heading."""
        return self.bullet.endswith(".")

    @property
    def short(self) -> bool:
        """Whether it is short enough for a heading."""
        return len(self.text.split()) <= _MAX_HEADING_WORDS

    @property
    def is_heading_like(self) -> bool:
        """Whether it looks like a heading: short, and no sentence."""
        return self.short and not _CLOSED.search(self.text)

    @property
    def introduces(self) -> bool:
        """Whether it introduces what follows, as in `We need:`."""
        return self.text.endswith(":")


def sentences_of(text: str) -> Iterator[Sentence]:
    """Yield the sentences of a text; the cues of headings go into their `context`.

    A heading holds up to the next heading, the line that introduces a list up to the list's end.
    """
    language = detect_language(text)
    lines = _lines(text)
    heading_cues = list_cues = _NO_CUES
    for line, following in zip(lines, [*lines[1:], None], strict=True):
        if not line.bullet or line.numbered:
            list_cues = _NO_CUES
            if following is not None and _is_heading(line, following):
                if line.introduces and following.bullet:
                    list_cues = _inherited_cues(line.text, language)
                else:
                    heading_cues = _inherited_cues(line.text, language)
                continue
        sentences = _split_sentences(line.text)
        for sentence in sentences:
            long = len(sentence.split()) >= _MIN_WORDS_FOR_LANGUAGE
            own = detect_language(sentence) if long else None
            yield Sentence(sentence, own or language, heading_cues | list_cues, bool(line.bullet))
        if line.introduces and not line.bullet:
            list_cues = _inherited_cues(sentences[-1], language)


def _lines(text: str) -> list[_Line]:
    """Return the lines of a text, with bullets split off and wrapped lines joined."""
    lines: list[_Line] = []
    wrapped: list[list[str]] = []
    for raw in text.splitlines():
        bullet = _BULLET.match(raw)
        part = " ".join((raw[bullet.end() :] if bullet else raw).split())
        if not part:
            if lines:
                lines[-1].closed = True
        elif lines and not bullet and not lines[-1].closed and _continues(wrapped[-1][-1], part):
            wrapped[-1].append(part)
        else:
            lines.append(_Line("", bullet.group().strip() if bullet else ""))
            wrapped.append([part])
    for line, parts in zip(lines, wrapped, strict=True):
        line.text = " ".join(parts)
    return lines


def _continues(before: str, part: str) -> bool:
    """Return whether a wrapped line goes on with `part` after its part `before`."""
    if _CLOSED.search(before):
        return False
    return part[0].islower() or len(before) >= _MIN_WRAPPED_LENGTH or before.endswith((",", "-"))


def _is_heading(line: _Line, following: _Line) -> bool:
    """Return whether a line is a heading of what follows it."""
    if line.numbered:
        return line.is_heading_like and not following.numbered
    if line.introduces:
        return line.short
    return line.is_heading_like and (
        line.closed or bool(following.bullet) or not following.is_heading_like
    )


def _inherited_cues(text: str, language: str | None) -> frozenset[CueKind]:
    """Return the cues of a heading, or a line that introduces a list, that hold for what follows.

    `What is needed` means lacking; `Background` and the like mark text without needs.
    """
    found = {cue.kind for cue in cues_in(words_in(text), language)}
    if CueKind.NECESSITY in found:
        found.add(CueKind.LACKING)
    elif CueKind.BACKGROUND_HEADING in found and CueKind.LACKING not in found:
        found.add(CueKind.BACKGROUND)
    return _INHERITED & found


def _split_sentences(text: str) -> list[str]:
    """Split a line that isn't empty into sentences."""
    sentences = []
    start = 0
    for match in _END.finditer(text):
        before = text[max(text.rfind(" ", start, match.start()) + 1, start) : match.start()]
        abbreviated = match.group().startswith(".") and is_abbreviation(before)
        if not abbreviated and not match.group(1).islower():
            sentences.append(text[start : match.end()].strip())
            start = match.end()
    return [*sentences, text[start:].strip()]


def is_abbreviation(word: str) -> bool:
    """Return whether a full stop belongs to a word: `e.g.`, an initial, or `3.` in `am 3. Mai`."""
    word = word.lstrip("([\"'“«").casefold()
    initial = len(word) == 1 and word.isalpha()
    ordinal = word.isdigit() and len(word) < 3
    return word in _ABBREVIATIONS or initial or ordinal
