"""Concepts of the field with their labels in four languages, found in running text.

A concept is one line of a tab-separated file with the columns en, nl, fr, de; a cell holds labels
separated by `|`, the main one first. Labels are matched by the stems of their words, the
longest label first. A Dutch or German word that isn't a label is split into labels, as in
`waterzuivering|s|installatie`; where only its start or end is a label, as in `erwten|eiwit`, the
rest remains as a word.
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
from embeddings.words import fold, stem, words_of

_FOLDER = Path(__file__).parent
_MAX_LABEL_LENGTH = 5
_MIN_PART_LENGTH = 4
_MIN_COMPOUND_LENGTH, _MAX_COMPOUND_LENGTH = 9, 60
_MIN_KNOWN_PART_LENGTH, _MIN_KNOWN_STEM_LENGTH = 5, 7
"""Minimum letters of a label in a compound whose rest is unknown: of the label itself, and of
another form of it. Shorter labels would match by chance."""
_LINKS = {"nl": ("", "s", "en", "e"), "de": ("", "s", "n", "en", "es", "er", "e")}
_CACHE_SIZE = 4_096
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
    """The numbers of the concepts in a text, one per mention, and the remaining words, folded."""

    concepts: tuple[int, ...]
    rest: tuple[str, ...]


class Lexicon:
    """Finds concepts in text. Never changed after it was made; safe to share between threads.

    `find(text)` is cached, since several parts of the service look at the same text.
    """

    def __init__(
        self, concepts: Sequence[Concept], stems: Mapping[str, Mapping[str, int]] | None = None
    ) -> None:
        """Index concepts; `stems` of a saved lexicon with the same concepts save a second."""
        self.concepts = tuple(concepts)
        self.stems: dict[str, dict[str, int]] = {code: {} for code in LANGUAGES}
        """By language, the concept number of each label, written as the stems of its words."""
        self._parts: dict[str, dict[str, int]] = {code: {} for code in _LINKS}
        for number, concept in enumerate(self.concepts):
            for code, labels in concept.labels.items():
                for label in labels:
                    self._add_label(number, code, label, with_stems=stems is None)
        if stems is not None:
            self.stems.update({code: dict(known) for code, known in stems.items()})
        self._longest = {code: _longest_labels(known) for code, known in self.stems.items()}
        """By language, the words of the longest label that starts with a stem."""
        self.find = lru_cache(maxsize=_CACHE_SIZE)(self._find)
        self._split = lru_cache(maxsize=100_000)(self._split_compound)
        self._half = lru_cache(maxsize=100_000)(self._match_half)

    def _add_label(self, number: int, language: str, label: str, *, with_stems: bool) -> None:
        words = words_of(label)
        if not words:
            return
        if with_stems:
            key = " ".join(stem(word, language) for word in words)
            self.stems[language].setdefault(key, number)
        if language in self._parts and len(words) == 1 and len(words[0]) >= _MIN_PART_LENGTH:
            self._parts[language].setdefault(fold(words[0]), number)

    @property
    def fingerprint(self) -> str:
        """A short hash that changes with any label."""
        digest = hashlib.sha256()
        for concept in self.concepts:
            digest.update(repr(sorted(concept.labels.items())).encode())
        return digest.hexdigest()[:16]

    def _find(self, text: str) -> Found:
        """Find the concepts in a text in any of the four languages.

        A word is matched in the language of the text, then in English. All four languages are
        tried only where the language of the text can't be detected.
        """
        detected = detect_language(text)
        codes = tuple(dict.fromkeys((detected, "en"))) if detected else ("en", "nl", "fr", "de")
        languages = tuple(code for code in codes if code is not None)
        words = words_of(text)
        stems = {code: [stem(word, code) for word in words] for code in languages}
        concepts: list[int] = []
        rest: list[str] = []
        place = 0
        while place < len(words):
            number, used = self._label_at(stems, words, place)
            if number is not None:
                concepts.append(number)
                if used > 1:
                    concepts.extend(self._single(stems, words, range(place, place + used)))
            else:
                parts = self._compound(words[place], languages)
                concepts.extend(parts.concepts)
                rest.extend(parts.rest)
            place += used
        return Found(tuple(concepts), tuple(rest))

    def _label_at(
        self, stems: Mapping[str, Sequence[str]], words: Sequence[str], place: int
    ) -> tuple[int | None, int]:
        """Return the longest label at a place, if any, and how many words it has.

        `stems` are those of all words, by language, in the order in which languages are tried.
        """
        longest = {
            code: self._longest[code].get(stemmed[place], 0) for code, stemmed in stems.items()
        }
        for used in range(min(max(longest.values()), len(words) - place), 0, -1):
            if used == 1 and fold(words[place]) in STOP_WORDS:
                break
            for code, stemmed in stems.items():
                if used <= longest[code]:
                    number = self.stems[code].get(" ".join(stemmed[place : place + used]))
                    if number is not None:
                        return number, used
        return None, 1

    def _single(
        self, stems: Mapping[str, Sequence[str]], words: Sequence[str], places: range
    ) -> list[int]:
        """Return the concepts of the single words of a longer label."""
        alone = (
            ({code: [stemmed[place]] for code, stemmed in stems.items()}, [words[place]])
            for place in places
        )
        found = (self._label_at(stem, word, 0)[0] for stem, word in alone)
        return [number for number in found if number is not None]

    def _compound(self, word: str, languages: Iterable[str]) -> Found:
        """Split a word that isn't a label into concepts and rest; unknown, it is all rest."""
        folded = fold(word)
        whole = Found((), (folded,))
        if not _MIN_COMPOUND_LENGTH <= len(word) <= _MAX_COMPOUND_LENGTH:
            return whole
        codes = [code for code in languages if code in self._parts]
        for code in codes:
            parts = self._split(folded, code)
            if parts:
                return Found(parts, ())
        return next((half for code in codes if (half := self._half(folded, code))), whole)

    def _split_compound(self, word: str, language: str) -> tuple[int, ...]:
        """Return the concepts that make up a compound; empty unless all parts are labels."""
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
                others = (last,) if last is not None else self._split_compound(tail, language)
                if others:
                    return (number, *others)
        return ()

    def _match_half(self, word: str, language: str) -> Found | None:
        """Return the longest label at the end or start of a compound, and the rest of the word.

        None where there is none. Of two equally long labels the one at the end wins: the head of
        a compound names the thing.
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
    """Return the lexicon that comes with the service, and the concepts of the file `extra`.

    Labels of `extra` come before shipped ones. Raises LexiconError where it can't be read.
    """
    shipped = [concept for path in sorted(_FOLDER.glob("*.tsv")) for concept in read_concepts(path)]
    return Lexicon(_merge([*(read_concepts(extra) if extra else []), *shipped]))


def lexicon_of(encoder: object) -> Lexicon:
    """Return the lexicon of an encoder; the shipped one where it has none."""
    found = getattr(encoder, "lexicon", None)
    return found if isinstance(found, Lexicon) else shipped_lexicon()


def lexicon_from(saved: Mapping[str, Any]) -> Lexicon:
    """Return the lexicon that `saved_lexicon` wrote."""
    concepts = [
        Concept({code: tuple(names) for code, names in labels.items()})
        for labels in saved["concepts"]
    ]
    return Lexicon(concepts, saved["stems"])


def saved_lexicon(lexicon: Lexicon) -> dict[str, Any]:
    """Return a lexicon as JSON, with the stems, which take a second to compute."""
    return {"concepts": [concept.labels for concept in lexicon.concepts], "stems": lexicon.stems}


def _longest_labels(labels: Iterable[str]) -> dict[str, int]:
    longest: dict[str, int] = {}
    for label in labels:
        words = label.split(" ")
        longest[words[0]] = min(max(len(words), longest.get(words[0], 0)), _MAX_LABEL_LENGTH)
    return longest


def _merge(concepts: Iterable[Concept]) -> list[Concept]:
    """Merge concepts of the same name; labels of the first come first."""
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
    """Read a file of concepts. Raises LexiconError, which names the line."""
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
    """Return the lines of a file. Raises LexiconError where it is unreadable or not UTF-8."""
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
