"""Strengths of a region by domain and challenge: location quotients and relatedness density."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from matcher.arrays import Floats, Mask, Rows

_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class StrengthTable:
    """The strengths of one region, in d domains and c challenges."""

    cell_organisations: Rows
    """How many organisations (d, c) are in a domain and a challenge."""
    cell_strength: Floats
    """Their summed strength (d, c), of each the lesser of that in the domain and the challenge."""
    organisations: Rows
    """How many organisations (d,) are in a domain."""
    strength: Floats
    """Their summed strength (d,)."""
    quotient: Floats
    """The location quotient (d,) of the region in the whole corpus; above 1 it is specialised."""
    density: Floats
    """The relatedness density (d,) from 0 to 100: how near its specialisations are."""


def location_quotients(counts: Floats) -> Floats:
    """Return how specialised regions are in domains (r, d), given their strengths (r, d) there.

    LQ_rd = (x_rd / x_r.) / (x_.d / x_..), where a dot is the sum over regions or domains: the
    revealed comparative advantage of Balassa (1965). 0 where a region or a domain has nothing.
    """
    expected = np.outer(counts.sum(axis=1), counts.sum(axis=0))
    return _divided(counts * counts.sum(), expected)


def relatedness(presence: Mask | Floats) -> Floats:
    """Return how related domains are (d, d), from 0 to 1, with a diagonal of 0.

    `presence` (n, d) says in which domains an organisation is, or how strongly. The association
    strength of Van Eck & Waltman (2009), as Balland et al. (2019) use it, is

        phi_de = c_de / (s_d s_e), c_de = sum over n of p_nd p_ne, s_d = sum over n of p_nd

    the co-occurrences over what they would be, but for a constant, if domains were independent.
    It is divided by its largest value here. 0 where a domain has no organisation.
    """
    strengths = presence.astype(np.float64)
    together = strengths.T @ strengths
    sizes = strengths.sum(axis=0)
    related = _divided(together, np.outer(sizes, sizes))
    np.fill_diagonal(related, 0.0)
    largest = float(related.max(initial=0.0))
    return related / largest if largest else related


def relatedness_density(quotients: Floats, related: Floats) -> Floats:
    """Return how near each domain is to a region's specialisations (r, d), from 0 to 100.

    `quotients` (r, d) are location quotients, `related` (d, d) is symmetric. With phi for the
    latter, the density is 100 times the sum over e != d with LQ_re >= 1 of phi_de, divided by the
    sum over e != d of phi_de (Balland, Boschma, Crespo & Rigby, 2019). 0 where d relates to none.
    """
    others = related * (1.0 - np.eye(len(related)))
    specialised = (quotients >= 1.0 - _ROUNDING).astype(np.float64)
    near = specialised @ others
    all_of_it = np.broadcast_to(others.sum(axis=0), near.shape)
    return np.clip(100.0 * _divided(near, all_of_it), 0.0, 100.0)


def strength_table(domains: Floats, challenges: Floats, in_region: Mask) -> StrengthTable:
    """Return the strengths of the organisations `in_region` (n,) of a corpus.

    `domains` (n, d) and `challenges` (n, c) say how strongly each organisation of the corpus is in
    them; 0 is not at all. Quotients compare the region with the corpus, itself included, and
    domains are related where they are found in one organisation anywhere in the corpus.
    """
    here, aims = domains[in_region], challenges[in_region]
    count, strength = _cells(here, aims)
    halves = np.stack([here.sum(axis=0), domains[~in_region].sum(axis=0)])
    quotients = location_quotients(halves)[:1]
    return StrengthTable(
        cell_organisations=count,
        cell_strength=strength,
        organisations=(here > 0).sum(axis=0, dtype=np.int64),
        strength=halves[0],
        quotient=quotients[0],
        density=relatedness_density(quotients, relatedness(domains > 0))[0],
    )


def _cells(domains: Floats, challenges: Floats) -> tuple[Rows, Floats]:
    """Return how many organisations are in each cell (d, c) and how strongly.

    Of an organisation, no more can be in both the domain and the challenge than is in the lesser.
    """
    shape = (domains.shape[1], challenges.shape[1])
    count, strength = np.zeros(shape, np.int64), np.zeros(shape)
    for column, aims in enumerate(challenges.T):
        lesser = np.minimum(domains, aims[:, None])
        count[:, column] = (lesser > 0).sum(axis=0)
        strength[:, column] = lesser.sum(axis=0)
    return count, strength


def _divided(values: Floats, by: Floats) -> Floats:
    """Return values over `by`, of the same shape; 0 where the latter is 0."""
    quotient: Floats = np.divide(values, by, out=np.zeros(by.shape), where=by > 0)
    return quotient
