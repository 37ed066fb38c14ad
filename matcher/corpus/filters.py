"""Filters of a question, as masks over organisations and facets."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date

import numpy as np
from numpy.typing import NDArray

from matcher.arrays import Mask, Rows
from matcher.corpus.columns import Lists
from matcher.corpus.corpus import Corpus
from matcher.corpus.generation import Generation
from matcher.corpus.snapshot import Snapshot
from matcher.corpus.tables import NONE, STAGES, TYPES
from matcher.domain import FacetKind, Filters, Near
from matcher.index.selection import Selection

EARTH_RADIUS_KM = 6371.0088


def allowed_organisations(corpus: Corpus, filters: Filters) -> NDArray[np.bool_]:
    """Return which organisations (n,) pass all filters that are set."""
    allowed = corpus.alive.whole().copy()
    if filters.types:
        allowed &= np.isin(corpus.type_numbers.whole(), [TYPES.index(t) for t in filters.types])
    if filters.countries:
        numbers = [corpus.vocabulary.number(country) for country in filters.countries]
        allowed &= np.isin(corpus.countries.whole(), [n for n in numbers if n != NONE])
    if filters.regions:
        allowed &= in_regions(corpus, filters.regions)
    if filters.not_countries:
        numbers = [corpus.vocabulary.number(country) for country in filters.not_countries]
        allowed &= ~np.isin(corpus.countries.whole(), [n for n in numbers if n != NONE])
    if filters.not_regions:
        allowed &= ~in_regions(corpus, filters.not_regions)
    if filters.sme_only:
        allowed &= corpus.sme.whole() == 1
    if filters.sectors:
        allowed &= _in_sectors(corpus, filters.sectors)
    if filters.stages:
        offers = corpus.of_kind(FacetKind.OFFER)
        stages = [STAGES.index(stage) for stage in filters.stages]
        allowed &= owners_of(corpus, offers & np.isin(corpus.facet_stage.whole(), stages))
    if filters.near is not None:
        with np.errstate(invalid="ignore"):
            allowed &= distances_km(corpus, filters.near) <= filters.near.radius_km
    return allowed


def offer_facets(corpus: Corpus, facets: Rows | None = None) -> NDArray[np.bool_]:
    """Return which of all facets (m,), or of some rows of them (k,), speak for their owners.

    They are valid offers and past projects: all but needs.
    """
    valid: NDArray[np.bool_] = corpus.are_offers_or_evidence(facets) & unexpired(corpus, facets)
    return valid


def unexpired(corpus: Corpus, facets: Rows | None = None) -> NDArray[np.bool_]:
    """Return which of all facets (m,), or of some rows of them (k,), are still valid today."""
    valid: NDArray[np.bool_] = corpus.facet_expiry.take(facets) >= date.today().toordinal()
    return valid


def offers_within(snapshot: Snapshot, filters: Filters) -> Selection:
    """Return the ids of the valid offers and past projects of organisations that filters let pass.

    What an organisation offers counts under all its names, whichever of them passes.
    """
    return snapshot.derived.get(_offers_within, snapshot, filters, date.today())


def _offers_within(snapshot: Snapshot, filters: Filters, day: date) -> Selection:
    corpus = snapshot.corpus
    if filters == Filters():
        built = snapshot.generation.derived.get(_built_offers, snapshot.generation, day)
        changed = corpus.facet_kind.changed_rows
        return built.changed(corpus.facet_ids[changed], offer_facets(corpus, changed))
    groups = corpus.group.whole()
    allowed = snapshot.derived.get(_allowed_organisations, snapshot, filters)
    offers = offer_facets(corpus) & facets_of(corpus, np.isin(groups, groups[allowed]))
    return Selection(corpus.facet_ids.whole()[offers])


def _built_offers(generation: Generation, _day: date) -> Selection:
    """Return the ids of the valid offers and past projects of a generation."""
    corpus = Corpus(generation.corpus_version, generation.tables)
    return Selection(corpus.facet_ids.whole()[offer_facets(corpus)])


def allowed_in(snapshot: Snapshot, filters: Filters) -> Mask | None:
    """Return which organisations (n,) pass all filters that are set; None where none is."""
    if filters == Filters():
        return None
    return snapshot.derived.get(_allowed_organisations, snapshot, filters)


def _allowed_organisations(snapshot: Snapshot, filters: Filters) -> Mask:
    return allowed_organisations(snapshot.corpus, filters)


def distances_km(corpus: Corpus, near: Near) -> NDArray[np.float64]:
    """Return great-circle distances (n,) in km from a point; NaN where coordinates are unknown."""
    latitude, longitude = np.radians(corpus.latitude.whole()), np.radians(corpus.longitude.whole())
    at_latitude, at_longitude = np.radians(near.latitude), np.radians(near.longitude)
    half_chord = (
        np.sin((latitude - at_latitude) / 2) ** 2
        + np.cos(latitude) * np.cos(at_latitude) * np.sin((longitude - at_longitude) / 2) ** 2
    )
    distances: NDArray[np.float64] = 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(half_chord))
    return distances


def owners_of(corpus: Corpus, facets: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which organisations (n,) own at least one of the facets (m,) marked."""
    owners = np.zeros(len(corpus), dtype=np.bool_)
    rows, owned = corpus.owners.whole()
    owners[rows[facets[owned]]] = True
    return owners


def facets_of(corpus: Corpus, organisations: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which facets (m,) have at least one owner among the organisations (n,) marked."""
    facets = np.zeros(corpus.facet_total, dtype=np.bool_)
    rows, owned = corpus.owners.whole()
    facets[owned[organisations[rows]]] = True
    return facets


def topic_words(topics: Iterable[str]) -> set[str]:
    """Return the parts of topic paths in lower case: `/A/b` gives a and b."""
    return {part.strip().casefold() for topic in topics for part in topic.split("/") if part}


def _in_sectors(corpus: Corpus, sectors: tuple[str, ...]) -> NDArray[np.bool_]:
    wanted = {sector.strip().casefold() for sector in sectors}
    stated = _with_text(corpus, corpus.sectors, lambda text: text.casefold() in wanted)
    topical = _with_text(corpus, corpus.topics, lambda text: bool(wanted & topic_words([text])))
    return stated | owners_of(corpus, topical)


def in_regions(corpus: Corpus, regions: Iterable[str]) -> NDArray[np.bool_]:
    """Return which organisations (n,) lie in one of some NUTS regions, given by how they begin."""
    prefixes = tuple(regions)
    numbers = corpus.regions.whole()
    known = np.unique(numbers)
    within = [number for number in known if corpus.text_of(number).startswith(prefixes)]
    return np.isin(numbers, [number for number in within if number != NONE])


def _with_text(corpus: Corpus, lists: Lists, test: Callable[[str], bool]) -> NDArray[np.bool_]:
    """Return the rows (k,) of lists of texts of which one passes a test."""
    numbers, rows = lists.whole()
    passing = [number for number in np.unique(numbers).tolist() if test(corpus.text_of(number))]
    found = np.zeros(len(lists), dtype=np.bool_)
    found[rows[np.isin(numbers, passing)]] = True
    return found
