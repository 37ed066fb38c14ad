"""Which part of the corpus an insight is about: a region, a domain, or everything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from matcher.arrays import Mask
from matcher.corpus.columns import Corpus
from matcher.corpus.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Scope:
    """Which organisations an insight is about; empty means all."""

    region: str = ""
    """The beginning of a NUTS code; two letters are a country."""
    domain: str = ""

    def of(self, snapshot: Snapshot, domain_ids: Sequence[str]) -> Mask:
        """Return which organisations (n,) are within it.

        `domain_ids` are the ids of all domains, by their number. Raises ValueError for a domain
        that isn't among them.
        """
        inside = organisations_in(snapshot.corpus, self.region)
        if self.domain:
            inside &= _in_domain(snapshot, list(domain_ids).index(self.domain))
        return inside


def organisations_in(corpus: Corpus, region: str) -> Mask:
    """Return which organisations (n,) lie in a NUTS region or a country; all for an empty one."""
    if not region:
        return np.ones(len(corpus), dtype=np.bool_)
    return np.array([in_region(corpus, row, region) for row in range(len(corpus))], dtype=np.bool_)


def in_region(corpus: Corpus, row: int, region: str) -> bool:
    """Return whether an organisation lies in a NUTS region, or in a country."""
    place = corpus.organisations[row].place
    return (place.region or "").startswith(region) or place.country == region


def regions(corpus: Corpus) -> list[tuple[str, int]]:
    """Return countries and the first two levels of NUTS below them, with how many are in each."""
    counts: dict[str, int] = {}
    for record in corpus.organisations:
        place = record.place
        levels = {(place.region or "")[:length] for length in (2, 3, 4)}
        codes = levels | {place.country or ""}
        for code in codes - {""}:
            counts[code] = counts.get(code, 0) + 1
    return sorted(counts.items())


def _in_domain(snapshot: Snapshot, number: int) -> Mask:
    """Return which organisations (n,) have a statement or past project in a domain."""
    corpus = snapshot.corpus
    in_domain = np.array(
        [number in snapshot.subjects_of(facet.id)[0] for facet in corpus.facets], dtype=np.bool_
    )
    inside = np.zeros(len(corpus), dtype=np.bool_)
    inside[corpus.owner_rows[in_domain[corpus.owner_facets]]] = True
    return inside
