"""All that speaks for and against each organisation as a partner: the parts of the score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from embeddings.port import understood
from matcher.arrays import Floats, Mask, Rows
from matcher.corpus.columns import Corpus
from matcher.corpus.filters import unexpired
from matcher.corpus.profile_vectors import columns_of, distance, inverted_u, similarity_to
from matcher.corpus.snapshot import Snapshot
from matcher.domain import FacetKind, Question
from matcher.matching.retrieve import RetrievalResult
from matcher.matching.scoring import (
    Weights,
    gather,
    network_strength,
    popularity,
    pushed_down,
    saturate,
    score_parts,
    spoken_for,
    with_complement,
)
from matcher.needs.comparison import need_coverage, offer_facets, offer_probabilities
from matcher.needs.coverage import Coverage, harmonic_mean
from matcher.needs.resolve import ResolvedNeeds, Source

ALIKE = 0.5
"""Profiles at least so like each other are marked as look-alikes."""
SURELY = 0.5
"""Whom a text names as surely as this stands in for the members, where none are given."""
LIKELIEST = 20
"""So many of those likeliest to take part stand in, too, for whose house or place counts."""


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """Whose past partners count, and how much each past project says of them."""

    part: str
    """network: the partners of members; acquainted: of those whom the text names."""
    known: Rows
    """The members, or those named, with their name variants; may be empty."""
    strength: Floats
    """How closely (n,) each organisation worked with them."""
    by_facet: Floats
    """What each facet (m,) gives to the strength."""


@dataclass(frozen=True, slots=True, eq=False)
class Weighed:
    """The parts (n,) of a score, shared out so that they add up to it, and what they came from."""

    parts: dict[str, Floats]
    fit: Floats
    """(n,) the score before complement and likeness: what chances were learned for."""
    network: Network
    coverage: Coverage | None
    """How well organisations meet the needs; None where neither needs nor members are given."""
    similarity_to: Floats
    """(n,) how like an organisation is to the member most like it, 0 to 1."""
    kin_of: Rows
    """Whose house and place count: the members, or who stands in for them, the likeliest first."""

    @property
    def total(self) -> Floats:
        """The score (n,): the sum of the parts, to six decimals each, as they are shown."""
        return sum((np.round(one, 6) for one in self.parts.values()), np.zeros_like(self.fit))

    @property
    def spoken_for(self) -> Floats:
        """What is above 0 where an organisation (n,) has a reason to be in the list."""
        return spoken_for(self.parts, len(self.fit))


def weigh(
    snapshot: Snapshot,
    question: Question,
    heard: RetrievalResult | None,
    needed: ResolvedNeeds | None,
    members: Rows,
    weights: Weights,
    optimum: float = 0.5,
    coverage: Coverage | None = None,
) -> Weighed:
    """Weigh all organisations. `optimum` is the distance between fields that serves best.

    `coverage` is that of `needed`, where it was worked out before.
    """
    corpus = snapshot.corpus
    parts, network, kin_of = fit_parts(snapshot, heard, members, weights, optimum)
    texts = (
        [need.text for need in needed.needs] if needed and needed.source is Source.STATED else []
    )
    named = [corpus.names.mentioned_in(text) for text in texts]
    if named:
        parts["named"] = np.max([*named, parts.get("named", named[0])], axis=0)
    if needed is not None and needed.needs:
        coverage = coverage or need_coverage(
            snapshot, needed.needs, needed.vectors, members, guessed=needed.guessed
        )
        if needed.source is Source.STATED:
            parts["coverage"] = coverage.single()
        back = covered_back(snapshot, members)
        if back.any():
            parts["reciprocity"] = harmonic_mean(coverage.single(), back)
    parts = score_parts(parts, weights)
    fit = sum(parts.values(), np.zeros(len(corpus)))
    if coverage is not None and needed is not None and needed.needs:
        dial = question.complement
        if needed.guessed:
            # Guesses count less, unless much is asked of them; and of a brief that is one need the
            # text says it all.
            dial *= dial * (1.0 - 1.0 / len(needed.needs))
        parts = with_complement(parts, coverage.gains(members), dial)
    profiles = snapshot.all_profiles
    like = similarity_to(profiles, profiles[members])
    like[only_partners(corpus, network.by_facet)] = 0.0
    unlike = similarity_to(profiles, profiles[corpus.rows(question.unlike)])
    away = 1.0 - (1.0 - question.alike * ramp(like)) * (1.0 - ramp(unlike))
    if away.any():
        parts["alike"] = pushed_down(parts, away)
    return Weighed(parts, fit, network, coverage, like, kin_of)


def fit_parts(
    snapshot: Snapshot,
    heard: RetrievalResult | None,
    members: Rows,
    weights: Weights,
    optimum: float,
) -> tuple[dict[str, Floats], Network, Rows]:
    """Return the parts by text, name, network, kin, experience and field, each (n,) from 0 to 1.

    Beside them, the network that made one of them, and whose kin another goes by.
    """
    corpus = snapshot.corpus
    parts: dict[str, Floats] = {}
    if heard is not None:
        if heard.understood:
            parts["text"] = gather(corpus, heard.votes(weights), heard.worth)
        parts["named"] = heard.named
    network = network_of(corpus, heard, members, weights)
    if len(network.known):
        parts[network.part] = saturate(network.strength, weights.half_network)
    kin_of = members
    if len(members):
        parts["kin"] = corpus.affiliation.to(members)
    elif heard is not None and weights.akin > 0:
        kin_of, shares = standing_in(corpus, heard)
        parts["akin"] = corpus.affiliation.to(kin_of, shares)
    if len(members) and weights.cross_sector > 0:
        parts["cross_sector"] = inverted_u(field_distances(snapshot, members), optimum)
    if weights.prior > 0:
        parts["prior"] = popularity(corpus)
    return parts, network, kin_of


def network_of(
    corpus: Corpus,
    heard: RetrievalResult | None,
    members: Rows,
    weights: Weights,
    aside: Rows | None = None,
) -> Network:
    """Return who worked with the members, or where there are none, with whom the text names.

    Past projects that are set aside don't count.
    """
    part, known, nearness = "network", members, None
    if heard is not None:
        nearness = heard.nearness(len(corpus.facets))
        if not len(members):
            named = np.flatnonzero(heard.named >= SURELY)
            part, known = "acquainted", corpus.with_variants(named)
    return Network(part, known, *network_strength(corpus, known, weights, nearness, aside))


def standing_in(corpus: Corpus, heard: RetrievalResult) -> tuple[Rows, Floats]:
    """Return who stands in for members where none are given, (k,), and the share of each (k,).

    Those whom the text names, and those of whom it makes it likeliest that they take part: by how
    much likelier than they are to take part in any project. The likeliest come first.
    """
    shown = corpus.shown == np.arange(len(corpus))
    likely = np.zeros(len(corpus))
    if heard.odds is not None:
        projects = int(corpus.of_kind(FacetKind.EVIDENCE).sum())
        usual = corpus.shared(corpus.experience) / max(projects, 1)
        likely = np.where(shown, expit(heard.odds) - usual, 0.0)
        likely[np.argsort(-likely, kind="stable")[LIKELIEST:]] = 0.0
    named = np.where(shown & (heard.named >= SURELY), heard.named, 0.0)
    weight = np.maximum(likely, named)
    order = np.argsort(-weight, kind="stable")
    rows: Rows = order[weight[order] > 0]
    return rows, weight[rows] / (weight.sum() or 1.0)


def covered_back(snapshot: Snapshot, members: Rows) -> Floats:
    """Return how far the members meet what each organisation (n,) says it needs; 0 for nothing."""
    corpus = snapshot.corpus
    asking = np.flatnonzero(corpus.of_kind(FacetKind.NEED) & unexpired(corpus))
    offers = offers_of(corpus, members)
    if not len(asking) or not len(offers):
        return np.zeros(len(corpus))
    met = met_by(snapshot, asking, offers).max(axis=1)
    owners = corpus.owner_rows[corpus.owner_start[asking]]
    count = np.bincount(owners, minlength=len(corpus))
    total = np.bincount(owners, weights=met, minlength=len(corpus))
    return total / np.maximum(count, 1)


def only_partners(corpus: Corpus, facet_strength: Floats) -> Mask:
    """Return who (n,) worked with members and states no offers of its own.

    Its profile is made of projects that it shares with members: a partner, and no look-alike.
    """
    partners = np.zeros(len(corpus), dtype=np.bool_)
    partners[corpus.owner_rows[(facet_strength > 0)[corpus.owner_facets]]] = True
    offers = corpus.of_kind(FacetKind.OFFER)[corpus.owner_facets]
    partners[corpus.owner_rows[offers]] = False
    return partners


def offers_of(corpus: Corpus, rows: Rows) -> Rows:
    """Return the rows of the valid offers and past projects of organisations."""
    owned = corpus.facets_owned(rows.tolist())
    return owned[offer_facets(corpus)[owned]]


def met_by(snapshot: Snapshot, asking: Rows, offers: Rows) -> Floats:
    """Return (needs, offers) the chance that facets meet what stored needs ask for."""
    queries = snapshot.index.rows(snapshot.corpus.facet_ids[asking])
    stages = [snapshot.corpus.stages[row] for row in asking.tolist()]
    return offer_probabilities(snapshot, stages, queries, offers)


def field_distances(snapshot: Snapshot, members: Rows) -> Floats:
    """Return how far (n,) the field of each organisation is from that of the members together.

    What isn't known to be in any field is as far as can be.
    """
    columns = columns_of(snapshot.generation.encoder.views, "meaning")
    profiles = snapshot.all_profiles[:, columns]
    return distance(profiles, profiles[members].mean(axis=0))


def ramp(like: Floats) -> Floats:
    """Return (n,) 0 below ALIKE, rising to 1 at full likeness."""
    risen: Floats = np.clip((like - ALIKE) / (1.0 - ALIKE), 0.0, 1.0)
    return risen


def anything_asked(
    heard: RetrievalResult | None, needed: ResolvedNeeds | None, members: Sequence[int]
) -> bool:
    """Return whether anything of the question is understood."""
    if len(members) or (heard is not None and heard.understood):
        return True
    return needed is not None and bool(understood(needed.vectors).any())
