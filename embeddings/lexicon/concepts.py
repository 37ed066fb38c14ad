"""Concepts of the field with their labels in four languages, found in running text.

A concept is one line of a tab-separated file with the columns en, nl, fr, de; a cell holds labels
separated by `|`, the main one first. Labels are found by the stems of their words, the longest
label first. A Dutch or German word that is no label is taken apart into labels, as in
`waterzuivering|s|installatie`; where only one end of it is a label, as in `erwten|eiwit`, the rest
is left over as a word.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from embeddings.language import LANGUAGES, detect_language
from embeddings.stopwords import STOP_WORDS
from embeddings.words import plain, stem, words_of

_FOLDER = Path(__file__).parent
_MAX_LABEL_LENGTH = 5
_MIN_PART_LENGTH = 4
_MIN_COMPOUND_LENGTH, _MAX_COMPOUND_LENGTH = 9, 60
_MIN_KNOWN_PART_LENGTH, _MIN_KNOWN_STEM_LENGTH = 5, 7
"""How long a label is that is found in a compound of which the rest is unknown, as it stands there
and in another form: short ones would be found by chance."""
_LINKS = {"nl": ("", "s", "en", "e"), "de": ("", "s", "n", "en", "es", "er", "e")}
_REMEMBERED = 4_096
_MAX_LABELS_A_FILE = 200_000
_MAX_LINE_LENGTH = 100_000


class LexiconError(ValueError):
    """A lexicon file can't be read; the message names the line and what to do."""


@dataclass(frozen=True, slots=True)
class Concept:
    """One concept: its labels by language, the main one first."""

    labels: dict[str, tuple[str, ...]]

    @property
    def name(self) -> str:
        """The main English label, or that of the first language that has one."""
        return next(self.labels[code][0] for code in ("en", *LANGUAGES) if self.labels.get(code))


@dataclass(frozen=True, slots=True)
class Found:
    """What a text holds: concepts by number, one a mention, and the plain words left over."""

    concepts: tuple[int, ...]
    rest: tuple[str, ...]


class Lexicon:
    """Finds concepts in text. Never changed after it was made; safe to share between threads.

    `find(text)` remembers its latest answers, since both views of an encoder ask for the same text.
    """

    def __init__(
        self, concepts: Sequence[Concept], stems: Mapping[str, Mapping[str, int]] | None = None
    ) -> None:
        """Take concepts, and the `stems` of a lexicon of the same concepts where there is one."""
        self.concepts = tuple(concepts)
        self.stems: dict[str, dict[str, int]] = {code: {} for code in LANGUAGES}
        """By language, which concept each label means; a label is its words' stems."""
        self._parts: dict[str, dict[str, int]] = {code: {} for code in _LINKS}
        for number, concept in enumerate(self.concepts):
            for code, labels in concept.labels.items():
                for label in labels:
                    self._learn(number, code, label, with_stems=stems is None)
        if stems is not None:
            self.stems.update({code: dict(known) for code, known in stems.items()})
        self.find = lru_cache(maxsize=_REMEMBERED)(self._find)
        self._split = lru_cache(maxsize=100_000)(self._taken_apart)
        self._half = lru_cache(maxsize=100_000)(self._half_known)

    def _learn(self, number: int, language: str, label: str, *, with_stems: bool) -> None:
        words = words_of(label)
        if not words:
            return
        if with_stems:
            key = " ".join(stem(word, language) for word in words)
            self.stems[language].setdefault(key, number)
        if language in self._parts and len(words) == 1 and len(words[0]) >= _MIN_PART_LENGTH:
            self._parts[language].setdefault(plain(words[0]), number)

    @property
    def fingerprint(self) -> str:
        """A short name that changes with any label."""
        digest = hashlib.sha256()
        for concept in self.concepts:
            digest.update(repr(sorted(concept.labels.items())).encode())
        return digest.hexdigest()[:16]

    def _find(self, text: str) -> Found:
        """Find the concepts of a text in any of the four languages.

        Where a word is a label in two languages, that of the language of the text counts, then
        the English one; the other languages are asked only where the language can't be told.
        """
        detected = detect_language(text)
        codes = tuple(dict.fromkeys((detected, "en"))) if detected else ("en", "nl", "fr", "de")
        languages = tuple(code for code in codes if code is not None)
        words = words_of(text)
        concepts: list[int] = []
        rest: list[str] = []
        place = 0
        while place < len(words):
            number, used = self._label_at(words, place, languages)
            if number is not None:
                concepts.append(number)
                if used > 1:
                    concepts.extend(self._single(words[place : place + used], languages))
            else:
                parts = self._compound(words[place], languages)
                concepts.extend(parts.concepts)
                rest.extend(parts.rest)
            place += used
        return Found(tuple(concepts), tuple(rest))

    def names_in(self, text: str) -> list[str]:
        """Return the name of each concept mentioned in a text, as often as it is."""
        return [self.concepts[number].name for number in self.find(text).concepts]

    def _label_at(
        self, words: Sequence[str], place: int, languages: Iterable[str]
    ) -> tuple[int | None, int]:
        longest = min(_MAX_LABEL_LENGTH, len(words) - place)
        for used in range(longest, 0, -1):
            span = words[place : place + used]
            if used == 1 and plain(span[0]) in STOP_WORDS:
                break
            for code in languages:
                number = self.stems[code].get(" ".join(stem(word, code) for word in span))
                if number is not None:
                    return number, used
        return None, 1

    def _single(self, words: Sequence[str], languages: Iterable[str]) -> list[int]:
        """Return what the words of a longer label mean one by one."""
        found = (self._label_at([word], 0, languages)[0] for word in words)
        return [number for number in found if number is not None]

    def _compound(self, word: str, languages: Iterable[str]) -> Found:
        """Return what a word that is no label consists of; where nothing is known, itself."""
        bare = plain(word)
        whole = Found((), (bare,))
        if not _MIN_COMPOUND_LENGTH <= len(word) <= _MAX_COMPOUND_LENGTH:
            return whole
        codes = [code for code in languages if code in self._parts]
        for code in codes:
            parts = self._split(bare, code)
            if parts:
                return Found(parts, ())
        return next((half for code in codes if (half := self._half(bare, code))), whole)

    def _taken_apart(self, word: str, language: str) -> tuple[int, ...]:
        """Return the concepts that a compound consists of; empty when a part is no label."""
        known = self._parts[language]
        for end in range(len(word) - _MIN_PART_LENGTH, _MIN_PART_LENGTH - 1, -1):
            number = known.get(word[:end])
            if number is None:
                continue
            for link in _LINKS[language]:
                tail = word[end + len(link) :]
                if not word[end:].startswith(link) or len(tail) < _MIN_PART_LENGTH:
                    continue
                last = self.stems[language].get(stem(tail, language))
                others = (last,) if last is not None else self._taken_apart(tail, language)
                if others:
                    return (number, *others)
        return ()

    def _half_known(self, word: str, language: str) -> Found | None:
        """Return the longest label that a compound ends in or begins with, and what is left of it.

        None where there is none. Of two as long the one at the end says what the thing is.
        """
        known, stems = self._parts[language], self.stems[language]
        for length in range(len(word) - _MIN_PART_LENGTH, _MIN_KNOWN_PART_LENGTH - 1, -1):
            head, rest = known.get(word[-length:]), word[:-length]
            if head is None and length >= _MIN_KNOWN_STEM_LENGTH:
                head = stems.get(stem(word[-length:], language))
            if head is None:
                head, rest = known.get(word[:length]), word[length:]
            if head is not None:
                return Found((head,), (rest,))
        return None


@cache
def shipped_lexicon(extra: Path | None = None) -> Lexicon:
    """Return the lexicon that comes with the service, with an administrator's own file added.

    Labels of the own file go before shipped ones. Raises LexiconError where it can't be read.
    """
    shipped = [one for path in sorted(_FOLDER.glob("*.tsv")) for one in read_concepts(path)]
    return Lexicon(_joined([*(read_concepts(extra) if extra else []), *shipped]))


def lexicon_of(encoder: object) -> Lexicon:
    """Return the lexicon that an encoder was made with; the shipped one where it has none."""
    found = getattr(encoder, "lexicon", None)
    return found if isinstance(found, Lexicon) else shipped_lexicon()


def lexicon_from(saved: Mapping[str, Any]) -> Lexicon:
    """Return the lexicon that `saved_lexicon` wrote down."""
    concepts = [
        Concept({code: tuple(several) for code, several in one.items()})
        for one in saved["concepts"]
    ]
    return Lexicon(concepts, saved["stems"])


def saved_lexicon(lexicon: Lexicon) -> dict[str, Any]:
    """Return a lexicon as JSON, with the stems, which take a second to find."""
    return {"concepts": [one.labels for one in lexicon.concepts], "stems": lexicon.stems}


def _joined(concepts: Iterable[Concept]) -> list[Concept]:
    """Make one concept of all that have the same name; labels of the first go first."""
    by_name: dict[str, Concept] = {}
    for concept in concepts:
        name = concept.name.casefold()
        old = by_name.get(name)
        labels = dict(concept.labels)
        if old is not None:
            labels = {
                code: tuple(dict.fromkeys((*old.labels.get(code, ()), *labels.get(code, ()))))
                for code in LANGUAGES
                if code in labels or code in old.labels
            }
        by_name[name] = Concept(labels)
    return list(by_name.values())


def read_concepts(path: Path) -> list[Concept]:
    """Read a file of concepts. Raises LexiconError with the line at fault."""
    lines = _lines(path)
    header = lines[0].split("\t") if lines else []
    unknown = [name for name in header if name not in LANGUAGES]
    if not header or unknown:
        raise LexiconError(
            f"{path.name}: line 1 must name the columns, tab-separated, out of en, nl, fr, de"
        )
    if len(lines) > _MAX_LABELS_A_FILE:
        raise LexiconError(f"{path.name}: more than {_MAX_LABELS_A_FILE} lines")
    concepts = []
    for number, line in enumerate(lines[1:], start=2):
        if not line.strip() or line.startswith("#"):
            continue
        row = line.split("\t")
        if len(row) > len(header):
            raise LexiconError(f"{path.name}: line {number} has more cells than the header")
        cells = zip(header, row, strict=False)
        labels = {code: found for code, cell in cells if (found := _labels(cell))}
        if not labels:
            raise LexiconError(
                f"{path.name}: line {number} has no label; give one, or leave it out"
            )
        concepts.append(Concept(labels))
    return concepts


def _lines(path: Path) -> list[str]:
    """Return the lines of a file. Raises LexiconError where it has none or one can't be used."""
    try:
        data = path.read_bytes()
        lines = data.decode("utf-8-sig").splitlines()
    except OSError as error:
        reason = error.strerror or "unreadable"
        raise LexiconError(f"{path.name}: {reason}; give the path of a text file") from error
    except UnicodeDecodeError as error:
        number = data.count(b"\n", 0, error.start) + 1
        raise LexiconError(f"{path.name}: line {number} isn't UTF-8; save it as UTF-8") from error
    for number, line in enumerate(lines, start=1):
        if len(line) > _MAX_LINE_LENGTH:
            raise LexiconError(
                f"{path.name}: line {number} has more than {_MAX_LINE_LENGTH} characters; "
                "make several"
            )
    return lines


def _labels(cell: str) -> tuple[str, ...]:
    return tuple(label.strip() for label in cell.split("|") if label.strip())
