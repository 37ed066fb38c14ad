"""The words that generated texts are made of.

Concepts come from the lexicon that ships with the service, by the domains of
`embeddings/subjects/domains.csv`, which are the topics here; sentences with room for them stand in
`sentences.tsv`, in four languages, and towns in `towns.tsv`.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from pathlib import Path

from embeddings.lexicon import shipped_lexicon
from embeddings.subjects import subjects
from matcher.domain import Place

LANGUAGES = ("en", "nl", "fr", "de")
_HERE = Path(__file__).parent
_DOMAINS = Path(subjects.__file__).with_name("domains.csv")
_ZIPF_SHIFT = 2.7
"""Frequencies go by 1 / (rank + 2.7). Origin: Mandelbrot, 1953, fitted to English text."""
_SYLLABLES = (
    "al an bel bor cal dan del dor el fen fer gal gan hal hel ker lan lim lor mar mel mon nor pal "
    "pel ram ren sal sel sol tal tan tor val ver vin wal wen zal zen"
).split()
_ENDINGS = "a ara e era ia ine is ix o on ora um us yx".split()


@dataclass(frozen=True, slots=True)
class Topic:
    """A field of work: its concepts, the most frequent first, and how they are called."""

    id: str
    labels: dict[str, tuple[tuple[str, ...], ...]]
    """By language: the labels of each concept, the main one first."""
    cumulative: tuple[float, ...]
    """Cumulative frequencies of the concepts, not scaled to 1."""

    def draw(self, generator: random.Random, language: str, count: int) -> list[str]:
        """Return labels of `count` different concepts; in one case of five not the main label."""
        concepts: dict[int, None] = {}
        while len(concepts) < count:
            (drawn,) = generator.choices(range(len(self.cumulative)), cum_weights=self.cumulative)
            concepts[drawn] = None
        found = []
        for concept in concepts:
            labels = self.labels[language][concept]
            found.append(generator.choice(labels) if generator.random() < 0.2 else labels[0])
        return found


@cache
def topics() -> tuple[Topic, ...]:
    """Return the topics; the frequencies of their concepts are drawn once for all corpora."""
    concepts = {concept.name.casefold(): concept for concept in shipped_lexicon().concepts}
    found = []
    with _DOMAINS.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            names = dict.fromkeys(name.casefold() for name in row["concepts"].split("|"))
            known = [
                concepts[name]
                for name in names
                if name in concepts and all(concepts[name].labels.get(code) for code in LANGUAGES)
            ]
            random.Random(row["id"]).shuffle(known)
            labels = {
                language: tuple(concept.labels[language] for concept in known)
                for language in LANGUAGES
            }
            found.append(Topic(row["id"], labels, zipf(len(known))))
    return tuple(found)


@cache
def zipf(count: int, shift: float = _ZIPF_SHIFT) -> tuple[float, ...]:
    """Return the cumulative frequencies of `count` ranks."""
    return tuple(accumulate(1 / (rank + shift) for rank in range(1, count + 1)))


@cache
def sentences(kind: str, language: str) -> Sequence[str]:
    """Return the sentences of a kind.

    They have slots: {a} to {d} for concepts, {n} and {k} for numbers, {m} for an invented name, {t}
    for a town.
    """
    with (_HERE / "sentences.tsv").open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t")
        return tuple(row[language] for row in rows if row["kind"] == kind)


@cache
def towns() -> tuple[Place, ...]:
    """Return real towns with region and coordinates."""
    with (_HERE / "towns.tsv").open(encoding="utf-8", newline="") as file:
        return tuple(
            Place(
                row["city"],
                row["country"],
                row["region"],
                float(row["latitude"]),
                float(row["longitude"]),
            )
            for row in csv.DictReader(file, delimiter="\t")
        )


def invented_word(generator: random.Random) -> str:
    """Return a word that nobody uses, such as Velmora."""
    word = "".join(generator.choices(_SYLLABLES, k=generator.randint(1, 3)))
    return (word + generator.choice(_ENDINGS)).capitalize()
