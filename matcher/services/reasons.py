"""Why an organisation is in the list: the facets that spoke for it, quoted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from matcher.domain import Facet, Need
from matcher.ranking.corpus import Corpus
from matcher.ranking.scoring import Floats, Votes
from matcher.store.organisations import load_facets

MOST_REASONS = 3
LONGEST_QUOTE = 320


@dataclass(frozen=True, slots=True)
class Heard:
    """What the index answered to one text: the brief (need is None) or a need."""

    need: Need | None
    votes: Votes


@dataclass(frozen=True, slots=True)
class _Spoke:
    """One facet that spoke for an organisation."""

    weight: float
    facet_row: int
    similarity: float | None
    need: str | None
    with_members: tuple[str, ...] = ()


def reasons_for(
    session: Session,
    corpus: Corpus,
    page: NDArray[np.int64],
    heard: Sequence[Heard],
    members: NDArray[np.int64],
    facet_strength: Floats | None,
) -> dict[int, list[dict[str, Any]]]:
    """Return for each organisation row on the page its reasons, the strongest first.

    A reason by text names the need that it answers (None: the brief) and the similarity; one by
    network has no similarity and names the members of that past project.
    """
    spoke = _spoken(corpus, {int(row) for row in page}, heard)
    if facet_strength is not None:
        _add_network(corpus, page, members, facet_strength, spoke)
    rows = {one.facet_row for several in spoke.values() for one in several}
    facets = load_facets(session, (corpus.facets[row].id for row in rows))
    return {
        int(row): [
            _reason(one, facets[corpus.facets[one.facet_row].id])
            for one in spoke[int(row)]
            if corpus.facets[one.facet_row].id in facets
        ]
        for row in page
    }


def quote(facet: Facet) -> str:
    """Return the words of a facet to show: the title first, cut at a word."""
    whole = " ".join(facet.embedded_text.replace("\n", " — ", 1).split()).removesuffix(" —")
    if len(whole) <= LONGEST_QUOTE:
        return whole
    return whole[:LONGEST_QUOTE].rsplit(" ", 1)[0] + " …"


def _spoken(
    corpus: Corpus, wanted: set[int], heard: Sequence[Heard]
) -> defaultdict[int, list[_Spoke]]:
    best: defaultdict[int, dict[int, _Spoke]] = defaultdict(dict)
    for one in heard:
        need = one.need.text if one.need else None
        share = one.need.weight if one.need else 1.0
        votes = one.votes
        for facet_row, similarity, weight in zip(
            votes.facet_rows, votes.similarities, votes.weights * share, strict=True
        ):
            start, end = corpus.owner_start[facet_row], corpus.owner_start[facet_row + 1]
            for owner in wanted.intersection(corpus.owner_rows[start:end].tolist()):
                kept = best[owner].get(int(facet_row))
                if kept is None or weight > kept.weight:
                    best[owner][int(facet_row)] = _Spoke(
                        float(weight), int(facet_row), float(similarity), need
                    )
    result: defaultdict[int, list[_Spoke]] = defaultdict(list)
    for owner, by_facet in best.items():
        ordered = sorted(by_facet.values(), key=lambda one: (-one.weight, one.facet_row))
        result[owner] = ordered[:MOST_REASONS]
    return result


def _add_network(
    corpus: Corpus,
    page: NDArray[np.int64],
    members: NDArray[np.int64],
    facet_strength: Floats,
    spoke: defaultdict[int, list[_Spoke]],
) -> None:
    """Add to each organisation on the page its strongest past project with members."""
    of_members = set(members.tolist())
    wanted = {int(row) for row in page}
    strongest: dict[int, int] = {}
    for facet_row in np.flatnonzero(facet_strength > 0).tolist():
        start, end = corpus.owner_start[facet_row], corpus.owner_start[facet_row + 1]
        for owner in wanted.intersection(corpus.owner_rows[start:end].tolist()):
            old = strongest.get(owner)
            if old is None or facet_strength[facet_row] > facet_strength[old]:
                strongest[owner] = facet_row
    for owner, facet_row in strongest.items():
        start, end = corpus.owner_start[facet_row], corpus.owner_start[facet_row + 1]
        rows = corpus.owner_rows[start:end].tolist()
        names = tuple(corpus.organisations[row].name for row in rows if row in of_members)
        spoke[owner] = [one for one in spoke[owner] if one.facet_row != facet_row]
        strength = float(facet_strength[facet_row])
        spoke[owner].append(_Spoke(strength, facet_row, None, None, names))


def _reason(spoke: _Spoke, facet: Facet) -> dict[str, Any]:
    return {
        "need": spoke.need,
        "facet": {
            "id": facet.id,
            "kind": facet.kind.value,
            "text": quote(facet),
            "language": facet.language,
            "year": facet.year,
        },
        "similarity": None if spoke.similarity is None else round(spoke.similarity, 4),
        "with_members": list(spoke.with_members),
    }
