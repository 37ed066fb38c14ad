"""Why an organisation is in the list: the facets that spoke for it, quoted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from matcher.domain import Facet
from matcher.ranking.arrays import Floats, Rows
from matcher.ranking.corpus import Corpus
from matcher.ranking.scoring import Weights
from matcher.services.hearing import Heard
from matcher.services.live import Snapshot
from matcher.store.organisations import load_facets

MOST_REASONS = 3
LONGEST_QUOTE = 320


@dataclass(frozen=True, slots=True)
class Ground:
    """What the scores of an answer were made of."""

    snapshot: Snapshot
    heard: Sequence[Heard]
    members: Rows
    facet_strength: Floats | None
    """What each facet (m,) gives to the network part; None without members."""
    weights: Weights


@dataclass(frozen=True, slots=True)
class _Spoke:
    """One facet that spoke for an organisation."""

    weight: float
    facet_row: int
    heard: Heard | None
    with_members: tuple[str, ...] = ()


def reasons_for(session: Session, ground: Ground, page: Rows) -> dict[int, list[dict[str, Any]]]:
    """Return for each organisation row on the page its reasons, the strongest first.

    A reason by text names the need that it answers (None: the brief) and the similarity; one by
    network has no similarity and names the members of that past project; one by name has no facet
    and quotes the words of the name that the question holds.
    """
    corpus = ground.snapshot.corpus
    shown = {int(row): int(row) for row in page}
    for row in page.tolist():
        shown.update((variant, row) for variant in corpus.variants_of(row))
    spoke = _spoken(ground, shown)
    if ground.facet_strength is not None:
        _add_network(corpus, shown, ground.members, ground.facet_strength, spoke)
    rows = {one.facet_row for several in spoke.values() for one in several}
    facets = load_facets(session, (corpus.facets[row].id for row in rows))
    ids = np.array(sorted(facets), dtype=np.int64)
    stored = dict(zip(ids.tolist(), ground.snapshot.index.rows(ids), strict=True))
    named = [corpus.names.named_in(one.heading.text) for one in ground.heard]
    reasons = {}
    for row in page:
        quoted = []
        for one in spoke[int(row)]:
            number = corpus.facets[one.facet_row].id
            if number in facets:
                quoted.append(_reason(one, facets[number], stored[number]))
        reasons[int(row)] = quoted + _by_name(ground, named, int(row), bool(quoted))
    return reasons


def quote(facet: Facet) -> str:
    """Return the words of a facet to show: the title first, cut at a word."""
    whole = " ".join(facet.embedded_text.replace("\n", " — ", 1).split()).removesuffix(" —")
    if len(whole) <= LONGEST_QUOTE:
        return whole
    return whole[:LONGEST_QUOTE].rsplit(" ", 1)[0] + " …"


def _spoken(ground: Ground, shown: Mapping[int, int]) -> defaultdict[int, list[_Spoke]]:
    corpus = ground.snapshot.corpus
    best: defaultdict[int, dict[int, _Spoke]] = defaultdict(dict)
    for one in ground.heard:
        votes = one.votes(ground.weights)
        for facet_row, weight in zip(
            votes.facet_rows.tolist(), (votes.weights * one.heading.weight).tolist(), strict=True
        ):
            start, end = corpus.owner_start[facet_row], corpus.owner_start[facet_row + 1]
            owners = corpus.owner_rows[start:end].tolist()
            for owner in {shown[row] for row in owners if row in shown}:
                kept = best[owner].get(facet_row)
                if kept is None or weight > kept.weight:
                    best[owner][facet_row] = _Spoke(weight, facet_row, one)
    result: defaultdict[int, list[_Spoke]] = defaultdict(list)
    for owner, by_facet in best.items():
        ordered = sorted(by_facet.values(), key=lambda one: (-one.weight, one.facet_row))
        result[owner] = ordered[:MOST_REASONS]
    return result


def _add_network(
    corpus: Corpus,
    shown: Mapping[int, int],
    members: Rows,
    facet_strength: Floats,
    spoke: defaultdict[int, list[_Spoke]],
) -> None:
    """Add to each organisation on the page its strongest past project with members."""
    of_members = set(members.tolist())
    strongest: dict[int, int] = {}
    for facet_row in np.flatnonzero(facet_strength > 0).tolist():
        start, end = corpus.owner_start[facet_row], corpus.owner_start[facet_row + 1]
        owners = corpus.owner_rows[start:end].tolist()
        for owner in {shown[row] for row in owners if row in shown}:
            old = strongest.get(owner)
            if old is None or facet_strength[facet_row] > facet_strength[old]:
                strongest[owner] = facet_row
    for owner, facet_row in strongest.items():
        start, end = corpus.owner_start[facet_row], corpus.owner_start[facet_row + 1]
        rows = corpus.owner_rows[start:end].tolist()
        names = tuple(corpus.organisations[row].name for row in rows if row in of_members)
        spoke[owner] = [one for one in spoke[owner] if one.facet_row != facet_row]
        strength = float(facet_strength[facet_row])
        spoke[owner].append(_Spoke(strength, facet_row, None, names))


def _by_name(
    ground: Ground, named: Sequence[Floats], row: int, has_others: bool
) -> list[dict[str, Any]]:
    """Return the reason that the question names the organisation, where that is why it is here.

    Beside other reasons only where at least half of the name is there.
    """
    corpus = ground.snapshot.corpus
    least = 0.5 if has_others else 0.0
    for one, surely in zip(ground.heard, named, strict=True):
        if surely[row] > least:
            words = corpus.names.words_in(corpus.organisations[row].name, one.heading.text)
            need = one.heading.need.text if one.heading.need else None
            return [
                {
                    "need": need,
                    "facet": None,
                    "similarity": None,
                    "with_members": [],
                    "named": words,
                }
            ]
    return []


def _reason(spoke: _Spoke, facet: Facet, stored: NDArray[np.float32]) -> dict[str, Any]:
    similarity, need = None, None
    if spoke.heard is not None:
        lengths = float(np.linalg.norm(spoke.heard.vector) * np.linalg.norm(stored)) or 1.0
        similarity = round(min(max(float(spoke.heard.vector @ stored) / lengths, 0.0), 1.0), 4)
        need = spoke.heard.heading.need.text if spoke.heard.heading.need else None
    return {
        "need": need,
        "facet": {
            "id": facet.id,
            "kind": facet.kind.value,
            "text": quote(facet),
            "language": facet.language,
            "year": facet.year,
        },
        "similarity": similarity,
        "with_members": list(spoke.with_members),
        "named": [],
    }
