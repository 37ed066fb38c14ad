"""The arrays of a corpus: organisations, facets, owners, names and words, as a generation has them.

Rows ascend by the keys of organisations and by the ids of facets, which the store never uses again.
So whatever is written later is added at the end, and rows never move within a generation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from embeddings.embedding_store import NO_STORE, EmbeddingStore
from embeddings.language import language_numbers
from embeddings.stopwords import STOP_WORDS
from embeddings.word_match import WORD_NETWORK, word_vectors
from matcher.arrays import find_sorted
from matcher.corpus.columns import (
    Lists,
    SavedArrays,
    Texts,
    Vocabulary,
    array_pair,
    save_arrays,
    transpose,
)
from matcher.corpus.records import FacetRecord, OrganisationRecord
from matcher.corpus.spellings import spelling_keys
from matcher.corpus.words import name_words
from matcher.domain import FacetKind, OrganisationType, SizeClass, Stage

KINDS, TYPES, SIZES, STAGES = (
    tuple(FacetKind),
    tuple(OrganisationType),
    tuple(SizeClass),
    tuple(Stage),
)
"""Members of enumerations by their number in columns; NONE where there is none."""
NONE = -1
COUNTRY = "#"
"""Before a country's code among the traits of an organisation, to tell it from a word."""
Member = TypeVar("Member", bound=StrEnum)


@dataclass(frozen=True, slots=True, eq=False)
class OrganisationColumns:
    """Organisations (n,), in ascending order of their key."""

    keys: NDArray[np.int64]
    ids: Texts
    names: Texts
    values: Mapping[str, NDArray[Any]]
    """By the names of ORGANISATION_VALUES."""
    lists: Mapping[str, Lists]
    """By the names of ORGANISATION_LISTS: numbers of a vocabulary; of spellings, their keys."""


@dataclass(frozen=True, slots=True, eq=False)
class FacetColumns:
    """Facets (m,), in ascending order of their id."""

    ids: NDArray[np.int64]
    values: Mapping[str, NDArray[Any]]
    """By the names of FACET_VALUES."""
    lists: Mapping[str, Lists]
    """By the names of FACET_LISTS."""


ORGANISATION_VALUES = (
    "type",
    "size",
    "sme",
    "city",
    "country",
    "region",
    "latitude",
    "longitude",
    "standing",
)
ORGANISATION_LISTS = ("sectors", "competitors", "name_words", "traits", "spellings")
FACET_VALUES = ("kind", "expiry", "year", "stage", "language")
FACET_LISTS = ("topics", "domains", "challenges", "words")


def organisation_columns(
    records: Sequence[OrganisationRecord], vocabulary: Vocabulary
) -> OrganisationColumns:
    """Return records, in ascending order of their key, as columns of numbers in a vocabulary."""
    numbers = _Numbers(vocabulary)
    places = [record.place for record in records]
    return OrganisationColumns(
        keys=np.array([record.key for record in records], dtype=np.int64),
        ids=Texts.from_texts(record.id for record in records),
        names=Texts.from_texts(record.name for record in records),
        values={
            "type": _members(TYPES, (record.type for record in records)),
            "size": _members(SIZES, (record.size for record in records)),
            "sme": np.array([NONE if r.sme is None else r.sme for r in records], dtype=np.int8),
            "city": numbers.array(place.city for place in places),
            "country": numbers.array(place.country for place in places),
            "region": numbers.array(place.region for place in places),
            "latitude": _coordinates(place.latitude for place in places),
            "longitude": _coordinates(place.longitude for place in places),
            "standing": numbers.array(record.standing for record in records),
        },
        lists={
            "sectors": numbers.lists(record.sectors for record in records),
            "competitors": numbers.lists(record.competitors for record in records),
            "name_words": numbers.lists(sorted(name_words(record.name)) for record in records),
            "traits": numbers.lists(traits_of(record) for record in records),
            "spellings": Lists.from_lists(
                [spelling_keys(r.name, r.short_name, r.place.city) for r in records]
            ),
        },
    )


def facet_columns(records: Sequence[FacetRecord], vocabulary: Vocabulary) -> FacetColumns:
    """Return records, in ascending order of their id, as columns; owners are left out."""
    numbers = _Numbers(vocabulary)
    return FacetColumns(
        ids=np.array([record.id for record in records], dtype=np.int64),
        values={
            "kind": _members(KINDS, (record.kind for record in records)),
            "expiry": np.array(
                [(record.valid_until or date.max).toordinal() for record in records], dtype=np.int32
            ),
            "year": np.array([record.year or 0 for record in records], dtype=np.int16),
            "stage": _members(STAGES, (record.stage for record in records)),
            "language": language_numbers(record.language for record in records),
        },
        lists={
            "topics": numbers.lists(record.topics for record in records),
            "domains": Lists.from_lists([r.subjects.domains for r in records], np.int16),
            "challenges": Lists.from_lists([r.subjects.challenges for r in records], np.int16),
            "words": numbers.lists(record.words for record in records),
        },
    )


def texts_of(
    organisations: Iterable[OrganisationRecord], facets: Iterable[FacetRecord]
) -> Iterable[str]:
    """Yield all texts of records that stand in a vocabulary."""
    for record in organisations:
        place = record.place
        texts = (place.city, place.country, place.region, record.standing)
        yield from (text for text in texts if text)
        yield from (*record.sectors, *record.competitors, *name_words(record.name))
        yield from traits_of(record)
    for facet in facets:
        yield from facet.topics
        yield from facet.words


def traits_of(record: OrganisationRecord) -> list[str]:
    """Return the words of name and city, without stop words and numbers, and the country."""
    city, country = record.place.city or "", record.place.country
    words = name_words(f"{record.name} {city}")
    specific = [word for word in words if word not in STOP_WORDS and not word.isdigit()]
    return sorted([*specific, *([COUNTRY + country] if country else [])])


@dataclass(frozen=True, slots=True, eq=False)
class CorpusTables:
    """All arrays of a corpus, with what follows from them and is costly to work out."""

    vocabulary: Vocabulary
    organisations: OrganisationColumns
    facets: FacetColumns
    id_order: NDArray[np.int32]
    """The order (n,) that sorts organisations by the UTF-8 of their public ids."""
    owners: Lists
    """The rows of the organisations that own each facet, the coordinator first."""
    owned: Lists
    """The rows of the facets that each organisation owns, ascending."""
    group: NDArray[np.int32]
    """The first row (n,) of the name variants of each organisation; its own where it has none."""
    variants: Lists
    """The rows of all name variants of each organisation, itself among them; empty without."""
    named: Lists
    """The rows of the organisations whose name has each word of the vocabulary."""
    name_counts: NDArray[np.int32]
    """In how many names each text of the vocabulary is a word."""
    trait_counts: NDArray[np.int32]
    """Of how many organisations each text of the vocabulary is a trait."""
    spelling_keys: NDArray[np.int64]
    """The keys (s,) of all spellings, ascending; see `matcher.corpus.spellings`."""
    spelling_rows: NDArray[np.int32]
    """The organisation (s,) of each."""
    word_vectors: NDArray[np.float16]
    """(v, 64) of the texts of the vocabulary that are words of facets; zeros for others."""

    @classmethod
    def build(
        cls,
        organisations: Iterable[OrganisationRecord],
        facets: Iterable[FacetRecord],
        variants: Iterable[Sequence[str]] = (),
        embedding_store: EmbeddingStore = NO_STORE,
    ) -> Self:
        """Return the arrays; owners that aren't among `organisations` are left out.

        `variants` are groups of public ids of one organisation each. The vectors of words come from
        `embedding_store`, where they are known.
        """
        records = sorted(organisations, key=lambda record: record.key)
        facet_records = sorted(facets, key=lambda record: record.id)
        vocabulary = Vocabulary.from_texts(texts_of(records, facet_records))
        columns = organisation_columns(records, vocabulary)
        owners = _owner_rows(columns.keys, facet_records)
        ids = [record.id.encode("utf-8", "surrogatepass") for record in records]
        group, same = _groups([record.id for record in records], variants)
        facet_arrays = facet_columns(facet_records, vocabulary)
        spellings, spelled = columns.lists["spellings"].whole()
        by_key = np.argsort(spellings, kind="stable")
        return cls(
            vocabulary=vocabulary,
            organisations=columns,
            facets=facet_arrays,
            id_order=np.array(sorted(range(len(ids)), key=ids.__getitem__), dtype=np.int32),
            owners=owners,
            owned=transpose(owners, len(records)),
            group=group,
            variants=same,
            named=transpose(columns.lists["name_words"], len(vocabulary)),
            name_counts=_counts(columns.lists["name_words"], len(vocabulary)),
            trait_counts=_counts(columns.lists["traits"], len(vocabulary)),
            spelling_keys=spellings[by_key],
            spelling_rows=spelled[by_key].astype(np.int32),
            word_vectors=_word_vectors(facet_arrays.lists["words"], vocabulary, embedding_store),
        )

    def save(self, folder: Path) -> None:
        """Write all arrays into `folder`."""
        organisations, facets = self.organisations, self.facets
        arrays: dict[str, NDArray[Any]] = {
            "keys": organisations.keys,
            "facet-ids": facets.ids,
            "id-order": self.id_order,
            "group": self.group,
            "name-counts": self.name_counts,
            "trait-counts": self.trait_counts,
            "spelling-keys": self.spelling_keys,
            "spelling-rows": self.spelling_rows,
            "word-vectors": self.word_vectors,
        }
        for name, values in {**organisations.values, **facets.values}.items():
            arrays[name] = values
        for name, lists in {**organisations.lists, **facets.lists, **self._lists()}.items():
            arrays |= array_pair(name, lists.base)
        texts = {"ids": organisations.ids, "names": organisations.names}
        for name, block in {**texts, "vocabulary": self.vocabulary.texts}.items():
            arrays |= array_pair(name, block.base)
        save_arrays(folder, arrays)

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open what `save` wrote, memory-mapped. Raises OSError or ValueError where it can't."""
        saved = SavedArrays(folder)
        tables = cls(
            vocabulary=Vocabulary(saved.texts("vocabulary")),
            organisations=OrganisationColumns(
                saved["keys"],
                saved.texts("ids"),
                saved.texts("names"),
                {name: saved[name] for name in ORGANISATION_VALUES},
                {name: saved.lists(name) for name in ORGANISATION_LISTS},
            ),
            facets=FacetColumns(
                saved["facet-ids"],
                {name: saved[name] for name in FACET_VALUES},
                {name: saved.lists(name) for name in FACET_LISTS},
            ),
            id_order=saved["id-order"],
            group=saved["group"],
            name_counts=saved["name-counts"],
            trait_counts=saved["trait-counts"],
            spelling_keys=saved["spelling-keys"],
            spelling_rows=saved["spelling-rows"],
            word_vectors=saved["word-vectors"],
            **{name: saved.lists(name) for name in ("owners", "owned", "variants", "named")},
        )
        tables.check(folder)
        return tables

    def check(self, folder: Path) -> None:
        """Raise ValueError where arrays don't belong together."""
        count, facets = len(self.organisations.keys), len(self.facets.ids)
        lengths = [
            *((len(values), count) for values in self.organisations.values.values()),
            *((len(lists), count) for lists in self.organisations.lists.values()),
            *((len(values), facets) for values in self.facets.values.values()),
            *((len(lists), facets) for lists in (*self.facets.lists.values(), self.owners)),
            *((len(lists), count) for lists in (self.owned, self.variants)),
            *((len(texts), count) for texts in (self.organisations.ids, self.organisations.names)),
            *((len(values), count) for values in (self.id_order, self.group)),
            *((len(words), len(self.vocabulary)) for words in (self.named, self.name_counts)),
            (len(self.word_vectors), len(self.vocabulary)),
            (len(self.spelling_rows), len(self.spelling_keys)),
        ]
        if any(found != expected for found, expected in lengths):
            raise ValueError(f"{folder}: the columns don't belong together")

    def _lists(self) -> dict[str, Lists]:
        return {
            "owners": self.owners,
            "owned": self.owned,
            "variants": self.variants,
            "named": self.named,
        }


class _Numbers:
    """The numbers of texts in a vocabulary, each looked up once."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._known: dict[str, int] = {}

    def array(self, texts: Iterable[str | None]) -> NDArray[np.int32]:
        """Return the numbers of texts, NONE for none."""
        return np.array([self._number(text) if text else NONE for text in texts], dtype=np.int32)

    def lists(self, rows: Iterable[Iterable[str]]) -> Lists:
        """Return the numbers of several texts a row."""
        return Lists.from_lists([[self._number(t) for t in texts] for texts in rows], np.int32)

    def _number(self, text: str) -> int:
        number = self._known.get(text)
        if number is None:
            number = self._known[text] = self._vocabulary.number(text)
        return number


def _members(members: Sequence[Member], values: Iterable[Member | None]) -> NDArray[np.int8]:
    numbers = {member: number for number, member in enumerate(members)}
    return np.array([NONE if v is None else numbers[v] for v in values], dtype=np.int8)


def _word_vectors(
    words: Lists, vocabulary: Vocabulary, embedding_store: EmbeddingStore
) -> NDArray[np.float16]:
    """Return vectors (v, 64) of the words of facets, and zeros for all other texts."""
    vectors = np.zeros((len(vocabulary), WORD_NETWORK.dim), np.float16)
    used = np.unique(words.whole()[0])
    texts = [vocabulary.text(number) for number in used.tolist()]
    vectors[used] = word_vectors(texts, embedding_store)
    return vectors


def _coordinates(values: Iterable[float | None]) -> NDArray[np.float64]:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def _counts(lists: Lists, count: int) -> NDArray[np.int32]:
    return np.bincount(lists.whole()[0], minlength=count).astype(np.int32)


def _owner_rows(keys: NDArray[np.int64], facets: Sequence[FacetRecord]) -> Lists:
    """Return the rows of the owners of each facet, in their order."""
    lists = Lists.from_lists([facet.owners for facet in facets])
    rows = find_sorted(lists.base[1], keys)
    known = rows >= 0
    places = lists.whole()[1][known]
    sizes = np.bincount(places, minlength=len(facets))
    starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    return Lists(starts, rows[known].astype(np.int32))


def _groups(
    ids: Sequence[str], variants: Iterable[Sequence[str]]
) -> tuple[NDArray[np.int32], Lists]:
    """Return the group of each organisation (n,), and the rows of its variants."""
    group = np.arange(len(ids), dtype=np.int32)
    row_of_id = {organisation_id: row for row, organisation_id in enumerate(ids)}
    same: list[list[int]] = [[] for _ in ids]
    for several in variants:
        rows = sorted(row_of_id[variant] for variant in several if variant in row_of_id)
        if len(rows) > 1:
            group[rows] = rows[0]
            for row in rows:
                same[row] = rows
    return group, Lists.from_lists(same, np.int32)
