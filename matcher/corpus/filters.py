"""Filters of a question, as masks over organisations and facets."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date

import numpy as np
from numpy.typing import NDArray

from matcher.corpus.columns import Corpus, OrganisationRecord
from matcher.domain import FacetKind, Filters, Near

EARTH_RADIUS_KM = 6371.0088


def allowed_organisations(corpus: Corpus, filters: Filters) -> NDArray[np.bool_]:
    """Return which organisations (n,) pass all filters that are set."""
    allowed = np.ones(len(corpus), dtype=np.bool_)
    if filters.types:
        allowed &= np.isin(corpus.types, [kind.value for kind in filters.types])
    if filters.countries:
        allowed &= np.isin(corpus.countries, filters.countries)
    if filters.regions:
        within = [np.char.startswith(corpus.regions, region) for region in filters.regions]
        allowed &= np.logical_or.reduce(within)
    if filters.sme_only:
        allowed &= _each(corpus, lambda record: record.sme is True)
    if filters.sectors:
        allowed &= _in_sectors(corpus, filters.sectors)
    if filters.stages:
        offers = corpus.of_kind(FacetKind.OFFER)
        staged = [facet.stage in filters.stages for facet in corpus.facets]
        allowed &= owners_of(corpus, offers & np.array(staged, dtype=np.bool_))
    if filters.near is not None:
        with np.errstate(invalid="ignore"):
            allowed &= distances_km(corpus, filters.near) <= filters.near.radius_km
    return allowed


def offer_facets(corpus: Corpus) -> NDArray[np.bool_]:
    """Return which facets (m,) are valid offers or past projects: all but needs."""
    valid: NDArray[np.bool_] = corpus.is_offer_or_evidence & unexpired(corpus)
    return valid


def unexpired(corpus: Corpus) -> NDArray[np.bool_]:
    """Return which facets (m,) are still valid today."""
    valid: NDArray[np.bool_] = corpus.facet_expiry >= date.today().toordinal()
    return valid


def distances_km(corpus: Corpus, near: Near) -> NDArray[np.float64]:
    """Return great-circle distances (n,) in km from a point; NaN where coordinates are unknown."""
    latitude, longitude = np.radians(corpus.latitude), np.radians(corpus.longitude)
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
    owners[corpus.owner_rows[facets[corpus.owner_facets]]] = True
    return owners


def facets_of(corpus: Corpus, organisations: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which facets (m,) have at least one owner among the organisations (n,) marked."""
    facets = np.zeros(len(corpus.facets), dtype=np.bool_)
    facets[corpus.owner_facets[organisations[corpus.owner_rows]]] = True
    return facets


def topic_words(topics: Iterable[str]) -> set[str]:
    """Return the parts of topic paths in lower case: `/A/b` gives a and b."""
    return {part.strip().casefold() for topic in topics for part in topic.split("/") if part}


def _in_sectors(corpus: Corpus, sectors: tuple[str, ...]) -> NDArray[np.bool_]:
    wanted = {sector.strip().casefold() for sector in sectors}
    stated = _each(corpus, lambda record: bool(wanted & {s.casefold() for s in record.sectors}))
    topical = [bool(wanted & topic_words(facet.topics)) for facet in corpus.facets]
    return stated | owners_of(corpus, np.array(topical, dtype=np.bool_))


def _each(corpus: Corpus, test: Callable[[OrganisationRecord], bool]) -> NDArray[np.bool_]:
    return np.array([test(record) for record in corpus.organisations], dtype=np.bool_)
