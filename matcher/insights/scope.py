"""Which part of the corpus an insight is about: a region, a domain, or everything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from matcher.arrays import Mask
from matcher.corpus.corpus import Corpus
from matcher.corpus.filters import in_regions, owners_of
from matcher.corpus.snapshot import Snapshot
from matcher.corpus.tables import NONE


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
    alive = corpus.alive.whole().copy()
    if not region:
        return alive
    country = corpus.vocabulary.number(region)
    in_country = (corpus.countries.whole() == country) & (country != NONE)
    inside: Mask = alive & (in_regions(corpus, [region]) | in_country)
    return inside


def in_region(corpus: Corpus, row: int, region: str) -> bool:
    """Return whether an organisation lies in a NUTS region, or in a country."""
    place = corpus.place(row)
    return (place.region or "").startswith(region) or place.country == region


def regions(corpus: Corpus) -> list[tuple[str, int]]:
    """Return countries and the first two levels of NUTS below them, with how many are in each."""
    counts: dict[str, int] = {}
    places = np.stack([corpus.countries.whole(), corpus.regions.whole()])[:, corpus.all_rows]
    different, numbers = np.unique(places, axis=1, return_counts=True)
    for (country, region), count in zip(different.T.tolist(), numbers.tolist(), strict=True):
        levels = {corpus.text_of(region)[:length] for length in (2, 3, 4)}
        for code in (levels | {corpus.text_of(country)}) - {""}:
            counts[code] = counts.get(code, 0) + count
    return sorted(counts.items())


def _in_domain(snapshot: Snapshot, number: int) -> Mask:
    """Return which organisations (n,) have a statement or past project in a domain."""
    corpus = snapshot.corpus
    numbers, facets = corpus.domains.whole()
    in_domain = np.zeros(corpus.facet_total, dtype=np.bool_)
    in_domain[facets[numbers == number]] = True
    return owners_of(corpus, in_domain)
