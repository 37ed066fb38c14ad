"""Organisations that a text mentions: by a name that is written out, or by a part of a long one.

A name is written out where its words, a short name or an acronym stand in a row, whatever the case
and accents. Where they are everyday words, capitals within a sentence must tell that a name is
meant, or the text says nothing else. In German, capitals tell nothing: every noun has one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import compress

import numpy as np
from babel import Locale

from embeddings.language import LANGUAGES, detect_language
from embeddings.lexicon import shipped_lexicon
from embeddings.stopwords import GENERIC_WORDS, STOP_WORDS
from embeddings.word_vectors import shipped_table
from embeddings.words import fold, normalise
from matcher.arrays import Floats, Mask, Rows
from matcher.corpus.corpus import Corpus
from matcher.corpus.name_keys import is_common_in_names
from matcher.corpus.spellings import (
    TextWord,
    acronym_key,
    core_words,
    lone_key,
    run_key,
    text_words,
)
from matcher.parameters import (
    MAX_ACRONYM,
    MAX_HOMONYMS,
    MAX_NAMES_OF_WORD,
    MIN_NAME_PART,
)

_MAX_TEXT_LENGTH = 20_000
_MAX_RUN = 10
"""Words of the longest name that is looked for as a whole."""
_ADDRESS = re.compile(r"\S+@\S+|(?:https?://|www\.)\S+")
_SENTENCE_END = re.compile(r"[.!?;:\n•]")


@dataclass(frozen=True, slots=True, eq=False)
class Mentions:
    """Organisations that a text mentions."""

    rows: Rows
    """(k,) ascending."""
    confidence: Floats
    """(k,) above 0 to 1: 1 where the name is written out; else the share of its letters."""
    places: Rows
    """(k,) the word of the text at which the name is written out; -1 where only a part is."""
    words: tuple[str, ...]
    """(k,) the words that mention each, as the text has them."""

    @property
    def written_out(self) -> Mask:
        """Which of them (k,) are mentioned by a name that is written out."""
        result: Mask = self.places >= 0
        return result

    def without(self, rows: Rows) -> Mentions:
        """Return the mentions of all but some organisations (m,)."""
        stay = ~np.isin(self.rows, rows)
        words = tuple(compress(self.words, stay.tolist()))
        return Mentions(self.rows[stay], self.confidence[stay], self.places[stay], words)


def mentions_in(corpus: Corpus, text: str) -> Mentions:
    """Return the organisations that a text mentions. Addresses of mail and web don't count."""
    text = normalise("NFC", text[:_MAX_TEXT_LENGTH])
    text = _ADDRESS.sub(lambda found: " " * len(found[0]), text)
    read = _Text(text)
    found = _written_out(corpus, read)
    taken = {place for start, end, _ in found for place in range(start, end)}
    by_row: dict[int, tuple[float, int, str]] = {}
    for start, end, rows in found:
        for row in rows:
            by_row.setdefault(row, (1.0, start, read.between(start, end)))
    for row, share, start, end in _parts(corpus, read, taken):
        by_row.setdefault(row, (share, -1, read.between(start, end)))
    rows = sorted(by_row)
    return Mentions(
        np.array(rows, dtype=np.int64),
        np.array([by_row[row][0] for row in rows], dtype=np.float64),
        np.array([by_row[row][1] for row in rows], dtype=np.int64),
        tuple(by_row[row][2] for row in rows),
    )


def rows_named(corpus: Corpus, words: Sequence[str]) -> Rows:
    """Return the rows of organisations whose names have all of some words, ascending."""
    numbers = np.array([corpus.vocabulary.number(word) for word in words], dtype=np.int64)
    if not len(numbers) or numbers.min() < 0:
        return np.empty(0, np.int64)
    rarest = numbers[np.argmin(corpus.name_counts[numbers])]
    rows = _named(corpus, np.array([rarest]))
    found, places = corpus.name_words.of(rows)
    having = np.bincount(places[np.isin(found, numbers)], minlength=len(rows))
    matching: Rows = rows[having == len(numbers)]
    return matching


class _Text:
    """The words of a text, and which of them capitals tell to be names."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.words = text_words(text)
        self.is_german = detect_language(text) == "de"
        ends = [found.start() for found in _SENTENCE_END.finditer(text)]
        sentences = np.searchsorted(ends, [word.start for word in self.words])
        self.first = np.append(True, sentences[1:] != sentences[:-1])
        small = np.array([word.written[0].islower() for word in self.words], dtype=np.float64)
        self.mostly_small = np.zeros(len(self.words), dtype=np.bool_)
        for sentence in np.unique(sentences):
            within = sentences == sentence
            self.mostly_small[within] = small[within].sum() * 2 >= max(within.sum() - 1, 2)
        self.is_shouted = sum(word.written.isupper() for word in self.words) * 2 > len(self.words)
        """Whether most of the text is in capitals."""
        self.positions: dict[str, list[int]] = {}
        for place, word in enumerate(self.words):
            self.positions.setdefault(word.folded, []).append(place)

    def between(self, start: int, end: int) -> str:
        """Return the text from one word up to another, on one line."""
        return " ".join(self.text[self.words[start].start : self.words[end - 1].end].split())

    def may_name(self, folded: str) -> bool:
        """Return whether a word is no everyday word, or has a capital within a sentence."""
        if not _is_everyday(folded):
            return True
        if folded in STOP_WORDS or _is_subject(folded):
            return False
        return any(
            self.mostly_small[place] and not self.words[place].written[0].islower()
            for place in self.positions[folded]
        )

    def is_marked(self, start: int, end: int) -> bool:
        """Return whether capitals tell that some words are a name."""
        run = self.words[start:end]
        if len(run) == 1 and run[0].written.isupper() and len(run[0].written) > 1:
            return not self.is_shouted
        if not self.mostly_small[start]:
            return False
        if self.is_german or (len(run) == 1 and self.first[start]):
            return False
        content = [word for word in run if word.folded not in STOP_WORDS]
        return bool(content) and all(not word.written[0].islower() for word in content)


def _written_out(corpus: Corpus, read: _Text) -> list[tuple[int, int, list[int]]]:
    """Return the names written out: first word, last but one, and whose; the longest counts."""
    spans: list[tuple[int, int]] = []
    keys: list[int] = []
    count = len(read.words)
    for start, word in enumerate(read.words):
        for end in range(start + 1, min(start + _MAX_RUN, count) + 1):
            spans.append((start, end))
            keys.append(run_key(read.words[start:end]))
        if 2 < len(word.written) <= MAX_ACRONYM:
            spans.append((start, start + 1))
            keys.append(acronym_key(word.written))
    if 0 < count <= _MAX_RUN:
        spans.append((0, count))
        keys.append(lone_key(read.words))
    rows, places = corpus.spelled(np.array(keys, dtype=np.int64))
    by_span: dict[tuple[int, int], list[int]] = {}
    for row, place in zip(rows.tolist(), places.tolist(), strict=True):
        by_span.setdefault(spans[place], []).append(row)
    found: list[tuple[int, int, list[int]]] = []
    free_from = 0
    for start, end in sorted(by_span, key=lambda span: (span[0], -span[1])):
        several = sorted(set(by_span[start, end]))
        if start < free_from or len(set(corpus.group[np.array(several)])) > MAX_HOMONYMS:
            continue
        if _is_name(corpus, read, start, end):
            found.append((start, end, several))
            free_from = end
    return found


def _is_name(corpus: Corpus, read: _Text, start: int, end: int) -> bool:
    """Return whether words that spell a name are meant as one."""
    run = read.words[start:end]
    if len(run) == len(read.words):
        return True
    if len(run) == 1:
        word = run[0]
        if word.folded in _countries():
            return False
        if len(word.folded) <= MAX_ACRONYM and word.written.isupper() and _is_subject(word.folded):
            return False  # AI, PFAS: in capitals by nature
        return not _may_be_any_word(corpus, word) or read.is_marked(start, end)
    everyday = all(word.folded in STOP_WORDS or _is_subject(word.folded) for word in run)
    return not everyday or read.is_marked(start, end) or _is_institution(run)


def _may_be_any_word(corpus: Corpus, word: TextWord) -> bool:
    """Return whether any text may have a word: an everyday word, or one of the corpus's texts.

    The texts of the corpus count for a word in small letters alone, as they hold names, too.
    """
    if _is_everyday(word.folded):
        return True
    if not word.written.islower() or len(word.folded) <= MAX_ACRONYM:
        return False
    number, vectors = corpus.vocabulary.number(word.written), corpus.tables.word_vectors
    return 0 <= number < len(vectors) and bool(vectors[number].any())


def _is_institution(run: Sequence[TextWord]) -> bool:
    """Return whether words are a kind of institution and others, as in `universiteit gent`."""
    common = [is_common_in_names(word.folded) for word in run if word.folded not in STOP_WORDS]
    return any(common) and not all(common)


@cache
def _countries() -> frozenset[str]:
    """Return the folded names of countries and continents, which always have a capital (CLDR)."""
    return frozenset(
        fold(name) for language in LANGUAGES for name in Locale(language).territories.values()
    )


@lru_cache(maxsize=50_000)
def _is_subject(folded: str) -> bool:
    """Return whether a word is one that the lexicon knows, as a whole or by all its parts."""
    found = shipped_lexicon().find(folded)
    return folded in GENERIC_WORDS or bool(found.concepts and not found.rest)


@lru_cache(maxsize=50_000)
def _is_everyday(folded: str) -> bool:
    """Return whether any text may have a word."""
    known = folded in STOP_WORDS or folded in shipped_table().index_of
    return known or folded.isdigit() or _is_subject(folded)


@lru_cache(maxsize=50_000)
def _is_telling(folded: str) -> bool:
    """Return whether a word alone can stand for a long name: no ordinary text has it."""
    if len(folded) < MIN_NAME_PART or _is_everyday(folded) or is_common_in_names(folded):
        return False
    return not shipped_lexicon().find(folded).concepts


def _parts(corpus: Corpus, read: _Text, taken: set[int]) -> list[tuple[int, float, int, int]]:
    """Return who is mentioned by a part of the name: row, share of its letters, and the words."""
    known = {word: corpus.vocabulary.number(word) for word in read.positions}
    numbers = np.array(sorted(number for number in known.values() if number >= 0), dtype=np.int64)
    counts = corpus.name_counts[numbers]
    numbers = numbers[(counts > 0) & (counts <= MAX_NAMES_OF_WORD)]
    telling = [n for n in numbers.tolist() if read.may_name(corpus.vocabulary.text(n))]
    found = []
    for row in _named(corpus, np.array(telling, dtype=np.int64)).tolist():
        name = core_words(corpus.names[row])
        if fold(corpus.text_of(corpus.cities[row])) == " ".join(name):
            continue
        part = _best_part(name, read, taken)
        if part is not None:
            found.append((row, *part))
    return found


def _best_part(name: Sequence[str], read: _Text, taken: set[int]) -> tuple[float, int, int] | None:
    """Return the longest part of a name that is in a text: its share, first word, last but one."""
    whole = sum(len(word) for word in name if word not in STOP_WORDS)
    best: tuple[float, int, int] | None = None
    for at, word in enumerate(name):
        for start in read.positions.get(word, ()):
            end = start
            while (
                end < len(read.words)
                and end - start < len(name) - at
                and end not in taken
                and read.words[end].folded == name[at + end - start]
            ):
                end += 1
            while end > start and read.words[end - 1].folded in STOP_WORDS:
                end -= 1
            if word in STOP_WORDS:
                continue
            run = [word.folded for word in read.words[start:end]]
            if not _tells(run, read, start, leads=at == 0):
                continue
            share = sum(len(one) for one in run if one not in STOP_WORDS) / whole
            if best is None or share > best[0]:
                best = (share, start, end)
    return best


def _tells(run: Sequence[str], read: _Text, start: int, *, leads: bool) -> bool:
    """Return whether a part of a name stands for it.

    It is several words, one of which no everyday word, or the first word of the name, which no
    ordinary text has and which is written with a capital.
    """
    content = [word for word in run if word not in STOP_WORDS]
    if len(content) > 1:
        named = (word for word in content if not is_common_in_names(word))
        return any(read.may_name(word) for word in named)
    if not content or not leads or not _is_telling(content[0]):
        return False
    return not read.words[start].written[0].islower()


def _named(corpus: Corpus, numbers: Rows) -> Rows:
    """Return the rows of organisations with one of some words in their names, ascending."""
    # The generation's table is by word; names written since are few and read through.
    known = numbers[numbers < len(corpus.tables.named)]
    changed = corpus.name_words.changed_rows
    rows = np.setdiff1d(corpus.tables.named.of(known)[0], changed)
    words, places = corpus.name_words.of(changed)
    rows = np.union1d(rows, changed[places[np.isin(words, numbers)]])
    return rows[corpus.alive[rows]]
