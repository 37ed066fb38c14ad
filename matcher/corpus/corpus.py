"""The corpus at one version, for ranking: the columns of a generation with later changes on top."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from embeddings.language import LANGUAGES
from embeddings.word_match import TextWords, word_vectors
from matcher.arrays import Rows, find_sorted, spread
from matcher.corpus.columns import Column, Lists, Texts
from matcher.corpus.records import FacetRecord, OrganisationRecord, SubjectNumbers
from matcher.corpus.tables import (
    KINDS,
    NONE,
    SIZES,
    STAGES,
    TYPES,
    CorpusTables,
    facet_columns,
    organisation_columns,
    texts_of,
)
from matcher.domain import ADMINISTRATOR, FacetKind, Place, Stage
from matcher.identifiers import is_self_made


@dataclass(frozen=True, slots=True)
class CorpusChange:
    """What was written since a version, as records."""

    organisations: Sequence[OrganisationRecord] = ()
    facets: Sequence[FacetRecord] = ()
    deleted_organisations: Sequence[int] = ()
    """Their keys."""
    deleted_facets: Sequence[int] = ()
    """Their ids."""


class Corpus:
    """All organisations and facets at one version. Immutable: `changed` returns another.

    Organisations have a row 0..n-1 in ascending order of their key, facets a row 0..m-1 in
    ascending order of facet id. A deleted one keeps its row, without facets or owners, so rows stay
    the same within a generation: `len(corpus)` is the length of arrays by row, `organisation_count`
    how many there are.

    Name variants are records of one organisation under several names. They form a group; `group`
    (n,) is the first row of the group of each organisation.
    """

    def __init__(self, version: int, tables: CorpusTables) -> None:
        """Take the columns of a generation as they are."""
        self.version = version
        self.tables = tables
        organisations, facets = tables.organisations, tables.facets
        self.vocabulary = tables.vocabulary
        self.keys = Column(organisations.keys)
        self.ids: Texts = organisations.ids
        self.names: Texts = organisations.names
        self._values = {name: Column(values) for name, values in organisations.values.items()}
        self._lists = dict(organisations.lists)
        self.facet_ids = Column(facets.ids)
        self._facet_values = {name: Column(values) for name, values in facets.values.items()}
        self._facet_lists = dict(facets.lists)
        self.owners, self.owned = tables.owners, tables.owned
        self.group: Column[Any] = Column(tables.group)
        self.variants = tables.variants
        self.alive = Column(np.broadcast_to(np.True_, len(organisations.keys)))
        """Which organisations (n,) aren't deleted."""
        self.organisation_count, self.facet_count = len(organisations.keys), len(facets.ids)
        self.name_counts = Column(tables.name_counts)
        self.trait_counts = Column(tables.trait_counts)
        self.new_rows: Mapping[str, int] = {}
        """Rows of organisations written since the generation, by public id."""

    @classmethod
    def from_records(
        cls,
        version: int,
        organisations: Iterable[OrganisationRecord],
        facets: Iterable[FacetRecord],
        variants: Iterable[Sequence[str]] = (),
    ) -> Self:
        """Return the corpus of some records; `variants` are groups of ids of one organisation."""
        return cls(version, CorpusTables.build(organisations, facets, variants))

    def __len__(self) -> int:
        return len(self.keys)

    # Organisations

    @property
    def type_numbers(self) -> Column[np.int8]:
        """The type of each organisation (n,), by its place in TYPES."""
        return self._values["type"]

    @property
    def size_numbers(self) -> Column[np.int8]:
        """The size class of each organisation (n,), by its place in SIZES; NONE if unknown."""
        return self._values["size"]

    @property
    def sme(self) -> Column[np.int8]:
        """Whether each organisation (n,) is a small or medium enterprise; NONE if unknown."""
        return self._values["sme"]

    @property
    def cities(self) -> Column[np.int32]:
        """The town of each organisation (n,), by its number in the vocabulary; NONE if unknown."""
        return self._values["city"]

    @property
    def countries(self) -> Column[np.int32]:
        """The country of each organisation (n,), by its number in the vocabulary, or NONE."""
        return self._values["country"]

    @property
    def regions(self) -> Column[np.int32]:
        """The NUTS code of each organisation (n,), by its number in the vocabulary, or NONE."""
        return self._values["region"]

    @property
    def latitude(self) -> Column[np.float64]:
        """Degrees north (n,); NaN if unknown."""
        return self._values["latitude"]

    @property
    def longitude(self) -> Column[np.float64]:
        """Degrees east (n,); NaN if unknown."""
        return self._values["longitude"]

    @property
    def sectors(self) -> Lists:
        """The sectors that each organisation states, by their numbers in the vocabulary."""
        return self._lists["sectors"]

    @property
    def name_words(self) -> Lists:
        """The words of the name of each organisation, by their numbers in the vocabulary."""
        return self._lists["name_words"]

    @property
    def traits(self) -> Lists:
        """The words of name and town and the country, by their numbers in the vocabulary."""
        return self._lists["traits"]

    @property
    def spellings(self) -> Lists:
        """The keys of the spellings of each organisation; see `matcher.corpus.spellings`."""
        return self._lists["spellings"]

    def spelled(self, keys: Rows) -> tuple[Rows, Rows]:
        """Return who is written with any of some keys (k,): rows (q,), places in `keys` (q,)."""
        tables = self.tables
        first = np.searchsorted(tables.spelling_keys, keys, side="left")
        sizes = np.searchsorted(tables.spelling_keys, keys, side="right") - first
        at, places = spread(first, sizes)
        rows = tables.spelling_rows[at].astype(np.int64)
        # Names written since the generation are few and read through.
        changed = self.spellings.changed_rows
        kept = find_sorted(rows, changed) < 0
        since, owner = self.spellings.of(changed)
        order = np.argsort(keys, kind="stable")
        at = find_sorted(since, keys[order])
        rows = np.concatenate([rows[kept], changed[owner[at >= 0]]])
        places = np.concatenate([places[kept], order[at[at >= 0]]])
        alive = self.alive[rows]
        return rows[alive], places[alive]

    def organisation(self, row: int) -> OrganisationRecord:
        """Return the record of an organisation."""
        size, sme = int(self.size_numbers[row]), int(self.sme[row])
        return OrganisationRecord(
            key=int(self.keys[row]),
            id=self.ids[row],
            name=self.names[row],
            type=TYPES[self.type_numbers[row]],
            place=self.place(row),
            sme=None if sme == NONE else bool(sme),
            sectors=self._texts(self.sectors.at(row)),
            size=None if size == NONE else SIZES[size],
            competitors=self._texts(self._lists["competitors"].at(row)),
            standing=self._text(self._values["standing"][row]),
        )

    def place(self, row: int) -> Place:
        """Return where an organisation is."""
        latitude, longitude = float(self.latitude[row]), float(self.longitude[row])
        return Place(
            self._text(self.cities[row]),
            self._text(self.countries[row]),
            self._text(self.regions[row]),
            None if np.isnan(latitude) else latitude,
            None if np.isnan(longitude) else longitude,
        )

    @property
    def row_of_id(self) -> RowsById:
        """The rows of organisations by their public ids."""
        return RowsById(self)

    def rows(self, ids: Iterable[str]) -> Rows:
        """Return the rows of the public ids that are known."""
        found = (self.row_of_id.get(organisation_id) for organisation_id in ids)
        return np.array([row for row in found if row is not None], dtype=np.int64)

    @cached_property
    def all_rows(self) -> Rows:
        """The rows of all organisations, ascending: not those of deleted ones."""
        return np.flatnonzero(self.alive.whole())

    def rows_of_keys(self, keys: Iterable[int]) -> Rows:
        """Return the rows of the keys that are known, ascending."""
        rows = self._find(self.keys, keys)
        rows = rows[rows >= 0]
        return np.sort(rows[self.alive[rows]])

    # Facets

    @property
    def facet_total(self) -> int:
        """The length of arrays by facet row."""
        return len(self.facet_ids)

    @property
    def facet_kind(self) -> Column[np.int8]:
        """The kind of each facet (m,), by its place in KINDS; NONE where it is deleted."""
        return self._facet_values["kind"]

    @property
    def facet_expiry(self) -> Column[np.int32]:
        """The last day (m,) on which each facet is valid, as a proleptic Gregorian ordinal."""
        return self._facet_values["expiry"]

    @property
    def facet_stage(self) -> Column[np.int8]:
        """The stage of each facet (m,), by its place in STAGES; NONE if unknown."""
        return self._facet_values["stage"]

    @property
    def facet_language(self) -> Column[np.int8]:
        """The language of each facet (m,), by its place in LANGUAGES; NONE if unknown."""
        return self._facet_values["language"]

    @property
    def topics(self) -> Lists:
        """The topics of each facet, by their numbers in the vocabulary."""
        return self._facet_lists["topics"]

    @property
    def domains(self) -> Lists:
        """The numbers of the domains that each facet speaks of."""
        return self._facet_lists["domains"]

    @property
    def challenges(self) -> Lists:
        """The numbers of the societal challenges that each facet speaks of."""
        return self._facet_lists["challenges"]

    @property
    def words(self) -> Lists:
        """The words of each facet that are compared, by their numbers in the vocabulary."""
        return self._facet_lists["words"]

    def words_of_facets(self, rows: Rows) -> TextWords:
        """Return the vectors of the words of facets (k,).

        Words that were written since the generation come from memory or the network.
        """
        numbers, _ = self.words.of(rows)
        table = self.tables.word_vectors
        vectors = np.zeros((len(numbers), table.shape[1]), np.float32)
        old = numbers < len(table)
        vectors[old] = table[numbers[old]]
        new = np.flatnonzero(~vectors.any(axis=1))
        if len(new):
            distinct, places = np.unique(numbers[new], return_inverse=True)
            texts = [self.vocabulary.text(number) for number in distinct.tolist()]
            vectors[new] = word_vectors(texts)[places]
        return TextWords.of_sizes(vectors, self.words.sizes(rows))

    def facet(self, row: int) -> FacetRecord:
        """Return the record of a facet."""
        year, expiry = int(self._facet_values["year"][row]), int(self.facet_expiry[row])
        language = int(self.facet_language[row])
        return FacetRecord(
            id=int(self.facet_ids[row]),
            kind=KINDS[self.facet_kind[row]],
            year=year or None,
            stage=self.stage(row),
            valid_until=None if expiry == date.max.toordinal() else date.fromordinal(expiry),
            topics=self._texts(self.topics.at(row)),
            owners=tuple(self.keys[self.owners.at(row)].tolist()),
            subjects=SubjectNumbers(
                tuple(self.domains.at(row).tolist()), tuple(self.challenges.at(row).tolist())
            ),
            language=None if language == NONE else LANGUAGES[language],
            words=self._texts(self.words.at(row)),
        )

    def stage(self, facet_row: int) -> Stage | None:
        """Return the stage of a facet."""
        number = int(self.facet_stage[facet_row])
        return None if number == NONE else STAGES[number]

    def stages(self, facet_rows: Rows) -> list[Stage | None]:
        """Return the stages of facets (k,)."""
        numbers = self.facet_stage[facet_rows].tolist()
        return [None if number == NONE else STAGES[number] for number in numbers]

    def facet_rows(self, facet_ids: NDArray[np.int64]) -> Rows:
        """Return the rows of facet ids, all of which must exist."""
        return self.find_facets(facet_ids)

    def find_facets(self, facet_ids: Iterable[int] | Rows) -> Rows:
        """Return the rows of facet ids (k,), -1 for those that aren't known."""
        return self._find(self.facet_ids, facet_ids)

    def of_kind(self, kind: FacetKind, facets: Rows | None = None) -> NDArray[np.bool_]:
        """Return which of all facets (m,), or of some rows of them (k,), are of this kind."""
        marked: NDArray[np.bool_] = self.facet_kind.take(facets) == KINDS.index(kind)
        return marked

    def are_offers_or_evidence(self, facets: Rows | None = None) -> NDArray[np.bool_]:
        """Return which of all facets (m,), or of some rows of them (k,), aren't needs."""
        kinds = self.facet_kind.take(facets)
        marked: NDArray[np.bool_] = (kinds != NONE) & (kinds != KINDS.index(FacetKind.NEED))
        return marked

    @cached_property
    def states_needs(self) -> bool:
        """Whether any organisation states a need."""
        return bool(self.of_kind(FacetKind.NEED).any())

    @cached_property
    def evidence_count(self) -> int:
        """How many past projects there are."""
        return int(self.of_kind(FacetKind.EVIDENCE).sum())

    # Who owns what

    def owners_of(self, facets: Rows) -> tuple[Rows, Rows]:
        """Return the owners of facets (k,): organisation rows (q,), and positions in `facets` (q,).

        A facet of several organisations has an entry for each.
        """
        return self.owners.of(facets)

    def facets_of(self, rows: Rows) -> tuple[Rows, Rows]:
        """Return the facets of organisations (k,): facet rows (q,), positions in `rows` (q,)."""
        return self.owned.of(rows)

    def facets_owned(self, rows: Iterable[int]) -> Rows:
        """Return the rows of the facets that these organisations own, ascending."""
        return np.unique(self.owned.of(np.fromiter(rows, np.int64))[0])

    @cached_property
    def experience(self) -> NDArray[np.int64]:
        """How many past projects each organisation (n,) has under this name."""
        rows, facets = self.owners.whole()
        is_evidence = self.of_kind(FacetKind.EVIDENCE)[facets]
        return np.bincount(rows[is_evidence], minlength=len(self))

    def experience_of(self, rows: Rows) -> NDArray[np.float64]:
        """Return how many past projects organisations (k,) have under any of their names."""
        variants, places = self.variants.of(rows)
        alone = np.flatnonzero(np.bincount(places, minlength=len(rows)) == 0)
        variants = np.concatenate([variants, rows[alone]])
        places = np.concatenate([places, alone])
        counts = self._experience(variants)
        return np.bincount(places, counts, minlength=len(rows)).astype(np.float64)

    def _experience(self, rows: Rows) -> Rows:
        """Return how many past projects organisations (k,) have under these names."""
        facets, places = self.owned.of(rows)
        return np.bincount(places[self.of_kind(FacetKind.EVIDENCE, facets)], minlength=len(rows))

    # Name variants and competitors

    def variants_of(self, row: int) -> list[int]:
        """Return the rows of the other name variants of an organisation."""
        variants = self.variants.at(row)
        return [int(other) for other in variants[self.alive[variants]] if other != row]

    def with_variants(self, rows: Rows) -> Rows:
        """Return the rows and those of their name variants, ascending."""
        variants = self.variants.of(rows)[0]
        return np.unique(np.concatenate([rows, variants[self.alive[variants]]]))

    def representatives(self, groups: Rows) -> Rows:
        """Return the rows (k,) that stand for organisations: of variants the most experienced."""
        result = groups.copy()
        with_variants = np.flatnonzero(self.variants.sizes(groups))
        for place in with_variants.tolist():
            rows = self.variants.at(int(groups[place]))
            rows = rows[self.alive[rows]]
            if len(rows):
                result[place] = rows[int(np.argmax(self._experience(rows)))]
        return result

    @cached_property
    def representative(self) -> Rows:
        """The row (n,) that stands for each organisation: of variants the most experienced."""
        groups, places = np.unique(self.group.whole(), return_inverse=True)
        return self.representatives(groups.astype(np.int64))[places]

    def competitors_of(self, rows: Rows) -> Rows:
        """Return who is never proposed to these organisations as their competitor, ascending.

        That is whoever names one of them, and whoever one of them names. But whom a self-made
        profile names stays, unless an administrator vouches for it: else anybody could make others
        vanish from answers. A domain isn't enough: anybody can have one.
        """
        given = set(self.with_variants(rows).tolist())
        out = {stating for stating, named in self._stated_competitors if named in given}
        out |= {
            named
            for stating, named in self._stated_competitors
            if stating in given and self._vouched_for(stating)
        }
        return np.array(sorted(out - given), dtype=np.int64)

    def _vouched_for(self, row: int) -> bool:
        standing = self._text(self._values["standing"][row])
        if standing is None:
            return not is_self_made(self.ids[row])
        return standing == ADMINISTRATOR

    @cached_property
    def competitor_pairs(self) -> tuple[tuple[int, int], ...]:
        """Pairs of rows, the lower first, where one organisation stated the other as competitor.

        All name variants of the one are paired with all of the other.
        """
        pairs = {(min(pair), max(pair)) for pair in self._stated_competitors}
        return tuple(sorted(pairs))

    @cached_property
    def _stated_competitors(self) -> tuple[tuple[int, int], ...]:
        """Pairs of rows: who states it, and whom it names, with the name variants of both."""
        pairs: set[tuple[int, int]] = set()
        stated = self._lists["competitors"]
        stating = stated.nonempty()
        for row in stating[self.alive[stating]].tolist():
            for competitor in self.rows(self._texts(stated.at(row))).tolist():
                pairs.update(
                    (left, right)
                    for left in (row, *self.variants_of(row))
                    for right in (competitor, *self.variants_of(competitor))
                    if self.group[left] != self.group[right]
                )
        return tuple(sorted(pairs))

    # Changes

    def changed(self, version: int, change: CorpusChange) -> Corpus:
        """Return the corpus with a change, at the cost of the change.

        Raises ValueError for new keys or ids below known ones: the store never uses any again.
        """
        return _Changer(self, version, change).result

    def text_of(self, number: int | np.integer[Any]) -> str:
        """Return a text of the vocabulary by its number; empty for NONE."""
        return self._text(number) or ""

    def _text(self, number: int | np.integer[Any]) -> str | None:
        return None if number == NONE else self.vocabulary.text(int(number))

    def _texts(self, numbers: Rows) -> tuple[str, ...]:
        return tuple(self.vocabulary.text(number) for number in numbers.tolist())

    @staticmethod
    def _find(column: Column[np.int64], values: Iterable[int] | Rows) -> Rows:
        """Return the rows of keys or ids (k,), -1 for those that aren't known."""
        wanted = values if isinstance(values, np.ndarray) else np.fromiter(values, np.int64)
        base, added = column.base, column.added
        rows = find_sorted(wanted, base)
        missing = np.flatnonzero(rows < 0)
        if len(added) and len(missing):
            places = find_sorted(wanted[missing], added)
            rows[missing] = np.where(places < 0, -1, places + len(base))
        return rows


class RowsById(Mapping[str, int]):
    """The rows of organisations by their public ids, looked up one by one."""

    def __init__(self, corpus: Corpus) -> None:
        self._corpus = corpus

    def __getitem__(self, organisation_id: str) -> int:
        corpus = self._corpus
        row = corpus.new_rows.get(organisation_id)
        if row is None:
            row = corpus.tables.organisations.ids.find(organisation_id, corpus.tables.id_order)
        if row < 0 or not corpus.alive[row]:
            raise KeyError(organisation_id)
        return row

    def __iter__(self) -> Iterator[str]:
        return (self._corpus.ids[row] for row in self._corpus.all_rows.tolist())

    def __len__(self) -> int:
        return self._corpus.organisation_count


class _Changer:
    """Applies one change: the corpus before is left as it is."""

    def __init__(self, before: Corpus, version: int, change: CorpusChange) -> None:
        corpus: Corpus = object.__new__(Corpus)
        corpus.__dict__.update(
            (name, value)
            for name, value in before.__dict__.items()
            if not isinstance(getattr(Corpus, name, None), cached_property)
        )
        corpus.version = version
        self.before, self.result = before, corpus
        records = sorted(change.organisations, key=lambda record: record.key)
        facets = sorted(change.facets, key=lambda record: record.id)
        corpus.vocabulary = before.vocabulary.with_texts(texts_of(records, facets))
        dead = before.rows_of_keys(change.deleted_organisations)
        gone = before.find_facets(change.deleted_facets)
        gone = np.unique(gone[gone >= 0])
        gone = gone[before.facet_kind[gone] != NONE]
        self._write_organisations(records, dead)
        self._write_facets(facets, gone)
        self._write_owners(facets, gone, dead)

    def _write_organisations(self, records: Sequence[OrganisationRecord], dead: Rows) -> None:
        corpus, before = self.result, self.before
        rows, size = _rows_for(before.keys, [record.key for record in records])
        columns = organisation_columns(records, corpus.vocabulary)
        new = rows >= len(before)
        is_new = np.flatnonzero(new)
        corpus.keys = before.keys.changed(rows, columns.keys, size)
        texts = {int(row): record for row, record in zip(rows, records, strict=True)}
        corpus.ids = before.ids.changed({row: record.id for row, record in texts.items()}, size)
        corpus.names = before.names.changed({row: r.name for row, r in texts.items()}, size)
        corpus.new_rows = {
            **before.new_rows,
            **{texts[row].id: row for row in rows[is_new].tolist()},
        }
        corpus._values = {
            name: before._values[name].changed(rows, values, size)
            for name, values in columns.values.items()
        }
        self._count_words(rows[~new], dead, columns.lists)
        corpus._lists = {
            name: before._lists[name].changed(rows, _each(lists), size)
            for name, lists in columns.lists.items()
        }
        nothing = [np.empty(0, np.int64)] * len(is_new)
        corpus.group = before.group.changed(rows[new], rows[new], size)
        corpus.variants = before.variants.changed(rows[new], nothing, size)
        corpus.owned = before.owned.changed(rows[new], nothing, size)
        alive = before.alive.changed(rows[new], np.ones(len(is_new), np.bool_), size)
        corpus.alive = alive.changed(dead, np.zeros(len(dead), np.bool_), size)
        corpus.organisation_count = before.organisation_count + len(is_new) - len(dead)

    def _count_words(self, replaced: Rows, dead: Rows, written: Mapping[str, Lists]) -> None:
        """Count the words of names, and traits, that organisations lost and won."""
        corpus, before = self.result, self.before
        size = len(corpus.vocabulary)
        lost = np.union1d(replaced, dead)

        def counted(counts: Column[Any], name: str) -> Column[Any]:
            minus = before._lists[name].of(lost)[0]
            plus = written[name].whole()[0]
            numbers = np.union1d(minus, plus)
            known = numbers < len(counts)
            values = np.zeros(len(numbers), np.int64)
            values[known] = counts[numbers[known]]
            np.subtract.at(values, np.searchsorted(numbers, minus), 1)
            np.add.at(values, np.searchsorted(numbers, plus), 1)
            new = np.setdiff1d(np.arange(len(counts), size), numbers)
            numbers = np.concatenate([numbers, new])
            values = np.concatenate([values, np.zeros(len(new), np.int64)])
            order = np.argsort(numbers)
            return counts.changed(numbers[order], values[order], size)

        corpus.name_counts = counted(before.name_counts, "name_words")
        corpus.trait_counts = counted(before.trait_counts, "traits")

    def _write_facets(self, records: Sequence[FacetRecord], gone: Rows) -> None:
        corpus, before = self.result, self.before
        rows, size = _rows_for(before.facet_ids, [record.id for record in records])
        columns = facet_columns(records, corpus.vocabulary)
        corpus.facet_ids = before.facet_ids.changed(rows, columns.ids, size)
        values = {
            name: before._facet_values[name].changed(rows, array, size)
            for name, array in columns.values.items()
        }
        values["kind"] = values["kind"].changed(gone, np.full(len(gone), NONE, np.int8), size)
        corpus._facet_values = values
        corpus._facet_lists = {
            name: before._facet_lists[name].changed(rows, _each(lists), size)
            for name, lists in columns.lists.items()
        }
        new = int((rows >= before.facet_total).sum())
        corpus.facet_count = before.facet_count + new - len(gone)

    def _write_owners(self, records: Sequence[FacetRecord], gone: Rows, dead: Rows) -> None:
        """Write who owns the facets that changed, and which facets organisations own now."""
        corpus, before = self.result, self.before
        owners: dict[int, Rows] = {row: np.empty(0, np.int64) for row in gone.tolist()}
        # What belonged to a deleted organisation and isn't written itself has one owner less.
        for row in np.unique(before.owned.of(dead)[0]).tolist():
            owners.setdefault(row, _without(before.owners.at(row), dead))
        rows, size = _rows_for(before.facet_ids, [record.id for record in records])
        for row, record in zip(rows.tolist(), records, strict=True):
            found = corpus._find(corpus.keys, record.owners)
            found = found[found >= 0]
            owners[row] = found[corpus.alive[found]]
        changed = np.array(sorted(owners), dtype=np.int64)
        lists = [owners[row] for row in changed.tolist()]
        corpus.owners = before.owners.changed(changed, lists, size)
        known = changed[changed < before.facet_total]
        touched = np.unique(
            np.concatenate([before.owners.of(known)[0], *lists, np.empty(0, np.int64)])
        )
        won: dict[int, list[int]] = {row: [] for row in touched.tolist()}
        for facet_row, several in zip(changed.tolist(), lists, strict=True):
            for owner in several.tolist():
                won[owner].append(facet_row)
        owned = [
            np.union1d(_without(corpus.owned.at(row), changed), won[row]).astype(np.int64)
            for row in touched.tolist()
        ]
        corpus.owned = corpus.owned.changed(touched, owned, len(corpus))


def _rows_for(column: Column[np.int64], numbers: Sequence[int]) -> tuple[Rows, int]:
    """Return the rows of ascending keys or ids (k,), new ones at the end, and how many rows then.

    Raises ValueError where a new one is below a known one.
    """
    wanted = np.array(numbers, dtype=np.int64)
    rows = Corpus._find(column, wanted)
    new = np.flatnonzero(rows < 0)
    if len(new) and len(column) and wanted[new[0]] < column[len(column) - 1]:
        raise ValueError(f"{wanted[new[0]]} is new, but below one that is known")
    rows[new] = len(column) + np.arange(len(new))
    return rows, len(column) + len(new)


def _each(lists: Lists) -> list[Rows]:
    return [lists.at(row) for row in range(len(lists))]


def _without(values: Rows, others: Rows) -> Rows:
    """Return the values in their order, without some others."""
    return values[~np.isin(values, others)] if len(others) else values
