"""Cuts a brief into pieces of a clause at most, and finds the lines and headings they are in.

A piece ends with a line or a sentence, at a comma, and before a conjunction or a word that often
begins a request. Whether a need ends there, too, is for the model to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from itertools import pairwise
from pathlib import Path

from embeddings.words import fold
from matcher.needs.extraction.sentences import is_abbreviation

_BEFORE = (
    "and|or|but|nor|plus|et|ou|mais|ni|puis|car|en|of|maar|noch|alsook|want|und|oder|aber|sowie"
    "|sondern|denn|ainsi|als|as well as|while|terwijl|während|tandis|because|so|zonder|sauf|except"
    "|ohne|not|niet|nicht|pas|no|geen|kein|keine|keinen|liefst|idealiter|idéalement|ideally"
    "|preferably|who|wie|qui|wer|we|wij|nous|wir|je|ich|ik|on|looking|zoek|zoeken|cherche|suche"
    "|need|could|any|also|dus|ook|auch|aussi|plutôt|rather|thanks|merci|cheers|danke|bedankt|groet"
    "|groeten|gruß|grüße|stuck"
)
_CUT = re.compile(
    r"(?<!\s)\s*\n\s*|(?<=[.!?…;:,])\s+|(?<!\s)\s+(?=[–—/+&-]+\s)|(?<=\S)\s+(?=(?:"
    + _BEFORE
    + r")\b)"
    r"|(?<!\s)\s*[/+&→|]\s*",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W_]+")
_BULLET = re.compile(r"[-*•·‣▪◦–—»➢✓#>👉]+|\(?(?:\d{1,2}|[ivx]{1,4}|[a-z])[).]+(?=\s)")
_MARKERS = {
    "nl": frozenset("de het een wij voor met van die we ons onze naar dat op is zijn niet".split()),
    "en": frozenset("the a an and for with our to who we is are that are in on from".split()),
    "fr": frozenset("le la les des pour du une un nous avec dans qui et est au aux sur".split()),
}
_ONLY_IN = {"of": "nl", "en": "nl", "on": "fr", "ou": "fr", "pas": "fr", "want": "nl"}
"""Words that end a piece in one language, but are everyday words of others."""
_MIN_WRAPPED_LENGTH = 40
"""Characters of a line before the line break of a text that was wrapped."""
_NO_PIECES = frozenset("and et en und graag gern gerne we wij nous wir ik ich je i on".split())
"""These words are no piece by themselves."""
_NEAR = 60
"""Characters on each side that tell the language around such a word."""
MAX_HEADING_WORDS = 9
_MIN_CUE_START, _MAX_CUE_START = 3, 12
_MAX_LABEL_PIECES = 6
"""A colon after more pieces ends no label of the line."""


@dataclass(slots=True)
class Piece:
    """The characters `start` to `end` - 1 of a brief."""

    start: int
    end: int
    text: str
    words: list[str]
    """Folded, in lower case."""
    cues: list[frozenset[str]]
    """For each word the kinds of the cues that begin there."""
    separator: str
    """What is before it: NL, NL2 after an empty line, a sign or a word."""
    line: int = 0
    sentence: int = 0
    kinds: frozenset[str] = field(default=frozenset())
    """The kinds of all its cues."""
    around: frozenset[str] = field(default=frozenset())
    """The kinds of the cues of its sentence, of the label of its line and of the heading above."""
    over: frozenset[str] = field(default=frozenset())
    """The kinds of the cues of the label of its line, or else of the heading above."""
    begins_item: bool = False
    """Whether it begins a list item, or what follows the label of a line."""
    is_heading: bool = False
    """Whether it is part of a heading."""


@cache
def _cues() -> tuple[dict[tuple[str, ...], frozenset[str]], dict[str, frozenset[str]]]:
    exact: dict[tuple[str, ...], frozenset[str]] = {}
    starts: dict[str, frozenset[str]] = {}
    for line in Path(__file__).with_name("cues.txt").read_text(encoding="utf-8").splitlines():
        kind, _, phrases = line.partition(": ")
        for phrase in phrases.split() if not line.startswith("#") else ():
            if phrase.endswith("*") and "_" not in phrase:
                starts[phrase[:-1]] = starts.get(phrase[:-1], frozenset()) | {kind}
            else:
                words = tuple(phrase.rstrip("*").split("_"))
                exact[words] = exact.get(words, frozenset()) | {kind}
    return exact, starts


def cues_of(words: Sequence[str]) -> list[frozenset[str]]:
    """Return for each folded word the kinds of the cues that begin there."""
    exact, _ = _cues()
    found = []
    for place, word in enumerate(words):
        kinds = _kinds_by_start(word)
        for length in _phrase_lengths().get(word, ()):
            kinds |= exact.get(tuple(words[place : place + length]), frozenset())
        found.append(kinds)
    return found


@cache
def _phrase_lengths() -> dict[str, tuple[int, ...]]:
    """Return for the first word of each cue how many words such cues have."""
    lengths: dict[str, set[int]] = {}
    for words in _cues()[0]:
        lengths.setdefault(words[0], set()).add(len(words))
    return {word: tuple(sorted(several)) for word, several in lengths.items()}


@lru_cache(maxsize=8_192)
def _kinds_by_start(word: str) -> frozenset[str]:
    """Return the kinds of the cues that a word begins like."""
    _, starts = _cues()
    lengths = range(_MIN_CUE_START, min(len(word), _MAX_CUE_START) + 1)
    return frozenset[str]().union(*(starts.get(word[:length], ()) for length in lengths))


def pieces_of(text: str) -> list[Piece]:
    """Return the pieces of a text, in order."""
    text = _unwrapped(text)
    pieces: list[Piece] = []
    line = sentence = 0
    for start, end in _spans(text):
        between = text[pieces[-1].end : start] if pieces else "\n\n"
        if pieces and "\n" in between:
            line, sentence = line + 1, sentence + 1
        elif pieces and pieces[-1].text[-1] in ".!?…":
            sentence += 1
        words = [fold(word) for word in _WORD.findall(text[start:end].casefold())]
        cues = cues_of(words)
        piece = Piece(start, end, text[start:end], words, cues, _separator(text, start, between))
        piece.line, piece.sentence = line, sentence
        piece.kinds = frozenset[str]().union(*cues)
        pieces.append(piece)
    return pieces


def _unwrapped(text: str) -> str:
    """Return a text, no longer or shorter, in which lines that were only wrapped are joined."""
    lines = text.split("\n")
    joined = [lines[0]]
    for before, line in pairwise(lines):
        wrapped = (
            len(before) >= _MIN_WRAPPED_LENGTH
            and line[:1].islower()
            and (before[-1:].isalnum() or before[-1:] == ",")
            and before[:1].isupper()
            and not _BULLET.match(line)
        )
        joined += [" " if wrapped else "\n", line]
    return "".join(joined)


def _separator(text: str, start: int, between: str) -> str:
    if "\n" in between:
        return "NL2" if between.count("\n") > 1 else "NL"
    sign = (between.strip() or text[max(start - len(between) - 1, 0) : start].strip())[:1]
    return "p" + sign if sign and not sign.isalnum() else "w"


def _spans(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for cut in _CUT.finditer(text):
        lone = text[start : min(cut.start(), start + 8)].strip(" -*•").casefold()
        if lone in _NO_PIECES or not _cuts(text, cut):
            continue
        if text[start : cut.start()].strip():
            yield start, cut.start()
        start = cut.end()
    if text[start:].strip():
        yield start, len(text.rstrip())


def _cuts(text: str, cut: re.Match[str]) -> bool:
    """Return whether a piece ends here: `of` begins a new one in Dutch, but not in English."""
    if cut.group().strip() or "\n" in cut.group() or text[cut.start() - 1] in "!?…;:,":
        return True
    if text[cut.start() - 1] == ".":
        start = text.rfind(" ", max(cut.start() - 12, 0), cut.start() - 1) + 1
        return not is_abbreviation(text[start : cut.start() - 1])
    word = _WORD.match(text, cut.end())
    language = _ONLY_IN.get(word.group().casefold()) if word else None
    if language is None:
        return True
    near = text[max(cut.start() - _NEAR, 0) : cut.end() + _NEAR].casefold()
    found = set(_WORD.findall(near))
    counts = {code: len(found & markers) for code, markers in _MARKERS.items()}
    others = max(count for code, count in counts.items() if code != language)
    return counts[language] > others


@dataclass(slots=True)
class Line:
    """A line of pieces, and the heading above it."""

    pieces: list[Piece]
    bullet: bool
    heading: frozenset[str] = frozenset()
    heading_words: tuple[str, ...] = ()
    is_heading: bool = False
    """Whether list items follow it."""
    label: tuple[Piece, ...] = ()
    """Its pieces up to the first that ends with a colon, as in `we also need: sensors`."""


def lines_of(text: str, pieces: Sequence[Piece]) -> list[Line]:
    """Return the lines of pieces, each with the heading in force and its label."""
    lines: list[Line] = []
    for piece in pieces:
        if piece.line == len(lines):
            lines.append(Line([], bool(_BULLET.match(text, piece.start))))
        lines[-1].pieces.append(piece)
    kinds: frozenset[str] = frozenset()
    words: tuple[str, ...] = ()
    for line, following in pairwise([*lines, Line([], bullet=False)]):
        line.heading, line.heading_words = kinds, words
        line.label = _label(line.pieces)
        own = [word for piece in line.pieces for word in piece.words]
        line.is_heading = following.bullet and not line.bullet and len(own) <= MAX_HEADING_WORDS
        if _is_heading(line, len(own), following):
            kinds = frozenset[str]().union(*(piece.kinds for piece in line.pieces))
            words = tuple(own[:MAX_HEADING_WORDS])
        elif not line.bullet and len(own) > MAX_HEADING_WORDS + 3:
            kinds, words = frozenset(), ()
    return lines


def _label(pieces: Sequence[Piece]) -> tuple[Piece, ...]:
    for place, piece in enumerate(pieces[:_MAX_LABEL_PIECES]):
        if piece.text.endswith((":", "=")):
            return tuple(pieces[: place + 1])
    return ()


def _is_heading(line: Line, words: int, following: Line) -> bool:
    last = line.pieces[-1].text.rstrip("* ")
    if line.pieces[0].text.startswith(("#", "**", "==", "👉")):
        return True
    if last.endswith(":"):
        return words <= MAX_HEADING_WORDS or not line.bullet
    short = words <= MAX_HEADING_WORDS and not line.bullet
    return short and (following.bullet or last[-1:] not in ".!?,;")
