"""Fourth stage, rerank: what isn't fitted, but wished for, and can be turned by a dial.

Complement (what an organisation adds to the members), across fields (partners from other fields
who still fit), similarity to members (look-alikes go down), what isn't wanted, the places for
companies, and the long-tail quota. Whoever is mentioned by a name that is written out comes first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from matcher.arrays import Floats, Mask, Rows
from matcher.corpus.profile_vectors import similarity
from matcher.corpus.subjects import organisation_domains, subjects_in
from matcher.corpus.tables import TYPES
from matcher.domain import FacetKind, OrganisationType, Question
from matcher.matching.quotas import with_company_places, with_long_tail_quota
from matcher.matching.retrieve import Candidates
from matcher.matching.score import QUALIFYING, Features, ScoredCandidates, total_of
from matcher.matching.unwanted import unwanted_share
from matcher.needs.coverage import Coverage
from matcher.parameters import COMPANY_PLACES, LONG_TAIL_PROJECTS, MIN_GAIN, SIMILAR


@dataclass(frozen=True, slots=True, eq=False)
class RankedCandidates:
    """Candidates in the order of the list."""

    scored: ScoredCandidates
    parts: Mapping[str, Floats]
    """What each part gives (c,) to the score or takes from it, to six decimals, as it is shown."""
    order: Rows
    """(r,) places of the candidates on the list, best first."""
    long_tail: frozenset[int]
    """Places of those that come earlier than by their score, by the long-tail quota."""
    company_places: frozenset[int]
    """Places of companies that come earlier than by their score, as many as past projects have."""
    similarity: Floats
    """(c,) how similar each is to the member most similar to it, 0 to 1."""

    @property
    def rows(self) -> Rows:
        """The organisations on the list, best first."""
        return self.scored.candidates.rows[self.order]

    def for_page(self, question: Question) -> RankedCandidates:
        """Return the same list for another page of it: `question` differs in offset and limit."""
        candidates = self.scored.candidates
        understood = replace(candidates.understood, question=question)
        features = replace(
            self.scored.features, candidates=replace(candidates, understood=understood)
        )
        return replace(self, scored=replace(self.scored, features=features))

    def score_of(self, place: int) -> float:
        """Return the score of a candidate: the sum of its parts."""
        return round(sum(float(part[place]) for part in self.parts.values()), 6)


def rerank(scored: ScoredCandidates, long_tail_share: float) -> RankedCandidates:
    """Put the scored candidates in order."""
    features, candidates = scored.features, scored.candidates
    question = candidates.understood.question
    count = len(candidates.rows)
    parts = _with_complement(features, scored.parts, question.complement)
    on_list = _on_list(parts, count)
    if question.across_fields > 0:
        parts = _across_fields(features, parts, question.across_fields)
    alike, unlike = _similarities(features)
    away = 1.0 - (1.0 - question.similarity_penalty * _ramp(alike)) * (1.0 - _ramp(unlike))
    if away.any():
        parts["similarity"] = -away * total_of(parts, count)
    unwanted = unwanted_share(candidates)
    if unwanted.any():
        parts["unwanted"] = -unwanted * total_of(parts, count)
    parts = {name: np.round(part, 6) for name, part in parts.items()}
    first = _written_out(candidates)
    order = _ranked(total_of(parts, count), on_list)
    order = order[~np.isin(order, first)]
    corpus = candidates.snapshot.corpus
    companies = corpus.type_numbers[candidates.rows] == TYPES.index(OrganisationType.COMPANY)
    share = COMPANY_PLACES * candidates.voted.company_share
    order, raised = with_company_places(order, companies, share)
    few = corpus.experience_of(candidates.rows) <= LONG_TAIL_PROJECTS
    order, moved = with_long_tail_quota(order, few, long_tail_share)
    return RankedCandidates(
        scored,
        parts,
        np.concatenate([first, order]),
        frozenset(moved.tolist()),
        frozenset(raised.tolist()),
        alike,
    )


def _with_complement(
    features: Features, parts: Mapping[str, Floats], dial: float
) -> dict[str, Floats]:
    """Return the parts with that of complement: the dial (0 to 1) says which share it gets.

    What candidates add to the coverage is made relative to the most that one of them adds.
    """
    coverage, needs = features.coverage, features.candidates.understood.needs
    if coverage is None or needs is None:
        return dict(parts)
    if needs.guessed:
        # Needs read from a brief are guesses: the dial is squared, so that at its default they
        # hardly count. Scaled by 1 - 1/n, as a brief that is one need says no more than its text.
        dial *= dial * (1.0 - 1.0 / len(needs.needs))
    return {**_scaled(parts, 1.0 - dial), "complement": dial * _relative_gains(features, coverage)}


def _relative_gains(features: Features, coverage: Coverage) -> Floats:
    """Return what candidates (c,) add to the members, relative to the most that one of them adds.

    Where nobody adds anything, those who come nearest to it are still listed.
    """
    candidates, members = features.candidates, features.candidates.understood.members
    places = coverage.places_of(candidates.rows)
    gains = coverage.gains(members)[places]
    if not gains.any():
        return coverage.faint_gains(members)[places]
    return gains / max(float(gains.max()), MIN_GAIN)


def _across_fields(
    features: Features, parts: Mapping[str, Floats], dial: float
) -> dict[str, Floats]:
    """Return the parts with a bonus for partners from other fields who still fit.

    The bonus is the share of an organisation's fields that the members don't have (where there are
    no members, those that the text doesn't speak of), times its score relative to the best.
    """
    candidates = features.candidates
    snapshot, members = candidates.snapshot, candidates.understood.members
    if len(members):
        known = {
            name for names in organisation_domains(snapshot, members.tolist()) for name in names
        }
    else:
        subjects = subjects_in(snapshot)
        spoken_of, _ = subjects.of(candidates.understood.text, ())
        known = {subjects.domains[number].id for number in spoken_of}
    domains = organisation_domains(snapshot, candidates.rows.tolist())
    other = np.array([len(set(names) - known) / max(len(names), 1) for names in domains])
    total = total_of(parts, len(other))
    relative = total / max(float(total.max(initial=0.0)), 1e-9)
    return {**_scaled(parts, 1.0 - dial), "across_fields": dial * other * relative}


def _scaled(parts: Mapping[str, Floats], share: float) -> dict[str, Floats]:
    return {name: share * part for name, part in parts.items()}


def _similarities(features: Features) -> tuple[Floats, Floats]:
    """Return how similar candidates are (c,) to the members, and to organisations turned down.

    Whoever worked with members and states no offers of its own is a partner, not a look-alike: its
    profile is made of the projects that they share.
    """
    candidates = features.candidates
    snapshot, understood = candidates.snapshot, candidates.understood
    unlike = snapshot.corpus.rows(understood.question.unlike)
    if not len(understood.members) and not len(unlike):
        return np.zeros(len(candidates.rows)), np.zeros(len(candidates.rows))
    profiles = snapshot.profiles_of(candidates.rows)
    alike = similarity(profiles, snapshot.profiles_of(understood.members))
    alike[_partners_without_offers(features)] = 0.0
    return alike, similarity(profiles, snapshot.profiles_of(unlike))


def _partners_without_offers(features: Features) -> Mask:
    """Return which candidates (c,) worked with known partners and state no offers of their own."""
    candidates = features.candidates
    corpus = candidates.snapshot.corpus
    facets, places = corpus.facets_of(candidates.rows)
    without_offers = np.ones(len(candidates.rows), dtype=np.bool_)
    without_offers[places[corpus.of_kind(FacetKind.OFFER, facets)]] = False
    return without_offers & np.isin(candidates.groups, candidates.collaboration.groups)


def _ramp(similarities: Floats) -> Floats:
    """Return 0 below SIMILAR, rising to 1 at full similarity."""
    risen: Floats = np.clip((similarities - SIMILAR) / (1.0 - SIMILAR), 0.0, 1.0)
    return risen


def _written_out(candidates: Candidates) -> Rows:
    """Return the places of candidates whose name the question writes out, in the order it does.

    Whoever is asked for by name comes before all others, whatever the score.
    """
    places = candidates.places_of(candidates.understood.written_out)
    first: Rows = np.array(list(dict.fromkeys(places[places >= 0].tolist())), dtype=np.int64)
    return first


def _on_list(parts: Mapping[str, Floats], count: int) -> Mask:
    """Return which candidates (c,) are on the list: they qualify, or add to the members."""
    names = QUALIFYING | {"complement"}
    total = total_of({name: part for name, part in parts.items() if name in names}, count)
    listed: Mask = np.round(total, 6) > 0
    return listed


def _ranked(scores: Floats, on_list: Mask) -> Rows:
    """Return the places with a score above 0, best first; ties go by row, as public ids do."""
    rounded = np.round(scores, 6)
    places = np.flatnonzero(on_list & (rounded > 0))
    order: Rows = places[np.lexsort((places, -rounded[places]))]
    return order
