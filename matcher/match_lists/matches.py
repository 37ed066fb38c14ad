"""The matches on a list: read from an answer, stored as JSON, and compared between versions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from matcher.matching.answer import QUOTED, Answer, Match, Reason


@dataclass(frozen=True, slots=True)
class ListedReason:
    """Why an organisation is on a list, in a quotation."""

    kind: str
    """The kind of facet: `offer` or `evidence`; `mention` where its name is the reason."""
    text: str
    language: str | None
    year: int | None
    need: str | None
    """The need that the facet answers, where it is a certain need."""
    title: str | None = None
    """Of a past project; `text` begins with it. Older lists don't have it."""


@dataclass(frozen=True, slots=True)
class ListedMatch:
    """What a list stores of one match."""

    rank: int
    id: str
    """Of the organisation."""
    name: str
    type: str
    city: str | None
    country: str | None
    score: float
    probability: float | None
    adds: float | None
    """Share of the needs that it covers beyond what the members cover, 0 to 1."""
    reasons: tuple[ListedReason, ...]
    standing: str | None = None
    """Today's `Organisation.standing`; not stored."""


_MATCHES = TypeAdapter(tuple[ListedMatch, ...])


def matches_to_json(matches: Sequence[ListedMatch]) -> list[dict[str, Any]]:
    """Return matches as the JSON values that are stored."""
    plain = {"__all__": {"standing"}}
    return list(_MATCHES.dump_python(tuple(matches), mode="json", exclude=plain))


def matches_from_json(stored: Sequence[Mapping[str, Any]]) -> tuple[ListedMatch, ...]:
    """Return the matches that `matches_to_json` made JSON of."""
    return _MATCHES.validate_python(tuple(stored))


def matches_of_answer(answer: Answer) -> tuple[ListedMatch, ...]:
    """Return what a list stores of an answer of the recommender."""
    return tuple(_match(result) for result in answer.results)


def _match(result: Match) -> ListedMatch:
    return ListedMatch(
        rank=result.rank,
        id=result.organisation.id,
        name=result.organisation.name,
        type=result.organisation.type.value,
        city=result.organisation.city,
        country=result.organisation.country,
        score=result.score,
        probability=result.probability,
        adds=result.coverage.adds if result.coverage else None,
        reasons=tuple(_reason(reason) for reason in result.reasons if reason.kind in QUOTED),
    )


def _reason(reason: Reason) -> ListedReason:
    facet = reason.facet
    if facet is None:
        return ListedReason("mention", " ".join(reason.mentioned), None, None, reason.need)
    return ListedReason(
        kind=facet.kind.value,
        text=facet.text,
        language=facet.language,
        year=facet.year,
        need=reason.meets,
        title=facet.title,
    )


@dataclass(frozen=True, slots=True)
class Difference:
    """An organisation's match in two versions; None where it isn't on the list."""

    organisation_id: str
    name: str
    old: ListedMatch | None
    new: ListedMatch | None

    @property
    def kind(self) -> str:
        """`entered`, `left`, `up`, `down` or `same`."""
        if self.old is None:
            return "entered"
        if self.new is None:
            return "left"
        ranks_gained = self.old.rank - self.new.rank
        return "up" if ranks_gained > 0 else "down" if ranks_gained < 0 else "same"


def compare(old: Sequence[ListedMatch], new: Sequence[ListedMatch]) -> list[Difference]:
    """Return how two versions differ: all matches of the newer one in its order, then who left."""
    old_by_id = {match.id: match for match in old}
    new_ids = {match.id for match in new}
    return [
        *(Difference(match.id, match.name, old_by_id.get(match.id), match) for match in new),
        *(
            Difference(match.id, match.name, match, None)
            for match in old
            if match.id not in new_ids
        ),
    ]
