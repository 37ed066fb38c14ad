"""Small corpora for tests of names."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from matcher.corpus.corpus import Corpus
from matcher.corpus.records import FacetRecord, OrganisationRecord
from matcher.corpus.tables import NONE
from matcher.domain import OrganisationType, Place


def record_of(key: int, name: str, city: str = "", country: str = "") -> OrganisationRecord:
    """A company whose id is made of its key."""
    place = Place(city=city or None, country=country or None)
    return OrganisationRecord(key, f"x:{key:03}", name, OrganisationType.COMPANY, place, None, ())


def corpus_named(
    names: Sequence[str], cities: Sequence[str] = (), countries: Sequence[str] = ()
) -> Corpus:
    """Organisations in the rows of their names, without any facets."""
    nowhere = [""] * len(names)
    places = zip(names, cities or nowhere, countries or nowhere, strict=True)
    return Corpus.from_records(1, [record_of(key, *place) for key, place in enumerate(places)], [])


def organisations_of(corpus: Corpus) -> list[OrganisationRecord]:
    """All organisations, by row."""
    return [corpus.organisation(row) for row in corpus.all_rows.tolist()]


def facets_of(corpus: Corpus) -> dict[int, FacetRecord]:
    """All facets by id."""
    rows = np.flatnonzero(corpus.facet_kind.whole() != NONE)
    return {int(corpus.facet_ids[row]): corpus.facet(row) for row in rows.tolist()}
