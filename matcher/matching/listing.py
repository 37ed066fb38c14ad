"""What a match list says: its results, needs, mix and notices as JSON."""

from __future__ import annotations

from typing import Any

import numpy as np

from embeddings.port import understood
from matcher.arrays import Floats, Rows
from matcher.corpus.columns import Corpus
from matcher.corpus.profile_vectors import similarity_to
from matcher.corpus.snapshot import Snapshot
from matcher.matching.retrieve import RetrievalResult
from matcher.matching.score import ALIKE, Weighed
from matcher.needs.coverage import Coverage
from matcher.needs.resolve import ResolvedNeeds, Source
from matcher.presenters import name_json, need_json, organisation_json, partner_mix_json

NOTICES = {
    "nothing_usable": "Nothing in the question could be understood. Describe in a sentence or two "
    "what is to be done and what is needed: materials, techniques, products, markets.",
    "nobody_yet": "No organisation is stored yet, so there is nobody to recommend. Import some: "
    "flask --app app import organisations FILE, or import cordis PATH.",
    "nothing_allowed": "No organisation passes the filters. Loosen or remove one of them.",
    "nothing_found": "No organisation that may be recommended comes near the question.",
    "model_away": "The model that reads texts beside the default doesn't answer at the moment. "
    "These partners were found without it; ask again in a minute to find more.",
}

WORTH_NAMING = 0.05
"""From this chance on somebody is named as the one who answers a need best."""


def why_nothing(heard: RetrievalResult | None, members: Rows) -> str:
    """Say why a list is empty: no facet came near any of the texts, or nobody is left."""
    near = heard is not None and any(len(votes.facet_rows) for votes in heard.by_view.values())
    return "nothing_found" if len(members) or near else "nothing_usable"


def not_understood(heard: RetrievalResult | None, needed: ResolvedNeeds | None) -> list[str]:
    """Return the texts of the question that say nothing to the encoder."""
    texts = [] if heard is None or heard.understood else [heard.text]
    if needed is None or needed.source is not Source.STATED:
        return texts
    known = understood(needed.vectors)
    return texts + [
        need.text for need, is_known in zip(needed.needs, known, strict=True) if not is_known
    ]


def needs_taken(
    corpus: Corpus,
    coverage: Coverage | None,
    needed: ResolvedNeeds | None,
    members: Rows,
    page: Rows,
    offset: int,
) -> dict[str, Any] | None:
    """Say what was taken to be needed, how far the members meet it, and who on the page does."""
    if coverage is None or needed is None:
        return None
    met = coverage.of(members)

    def best(place: int) -> dict[str, Any] | None:
        probabilities = coverage.meets[place, page]
        at = int(probabilities.argmax()) if len(page) else 0
        if not len(page) or probabilities[at] < WORTH_NAMING:
            return None
        return {
            "rank": offset + at + 1,
            "organisation": name_json(corpus, int(page[at])),
            "probability": round(float(probabilities[at]), 3),
        }

    return {
        "source": needed.source.value,
        "covered": round(coverage.total(members), 4),
        "items": [
            need_json(need) | {"covered": round(float(probability), 3), "best": best(place)}
            for place, (need, probability) in enumerate(zip(coverage.needs, met, strict=True))
        ],
    }


def result_json(
    snapshot: Snapshot,
    place: int,
    row: int,
    weighed: Weighed,
    members: Rows,
    probability: Floats | None,
) -> dict[str, Any]:
    """Return one organisation (row) with its score and parts."""
    corpus = snapshot.corpus
    rounded = {name: round(float(values[row]), 6) + 0.0 for name, values in weighed.parts.items()}
    return {
        "rank": place,
        "organisation": organisation_json(corpus.organisations[row]),
        "score": round(sum(rounded.values()), 6),
        "variants": [name_json(corpus, other) for other in corpus.variants_of(row)],
        "probability": None if probability is None else round(float(probability[row]), 3),
        "parts": rounded,
        "coverage": _covered(weighed.coverage, row, members),
        "alike": _alike(snapshot, row, members) if weighed.similarity_to[row] >= ALIKE else [],
    }


def _alike(snapshot: Snapshot, row: int, members: Rows) -> list[dict[str, Any]]:
    """Return the members that an organisation is like, the most alike first."""
    own = snapshot.profiles_of(np.array([row]))
    like = [
        (float(similarity_to(own, snapshot.profiles_of(members[at : at + 1]))[0]), int(one))
        for at, one in enumerate(members)
    ]
    return [
        {**name_json(snapshot.corpus, one), "likeness": round(share, 3)}
        for share, one in sorted(like, key=lambda pair: (-pair[0], pair[1]))
        if share >= ALIKE
    ]


def kin_json(corpus: Corpus, row: int, members: Rows) -> list[dict[str, Any]]:
    """Return who of the members, or of those standing in, shares telling words of name or city."""
    others = (other for other in members.tolist() if other != row)
    found = [(other, corpus.affiliation.shared(row, other)) for other in others]
    return [{**name_json(corpus, other), "words": words} for other, words in found if words]


def mix_json(corpus: Corpus, rows: Rows) -> dict[str, Any]:
    """Return the mix of partner types of organisations (n,)."""
    return partner_mix_json([corpus.organisations[row].type for row in rows.tolist()])


def _covered(coverage: Coverage | None, row: int, members: Rows) -> dict[str, float] | None:
    """Say how far an organisation meets the needs on its own, and what it adds to the members."""
    if coverage is None:
        return None
    joined = np.append(members, row)
    before, after = coverage.total(members), coverage.total(joined)
    return {
        "alone": round(coverage.total(np.array([row])), 4),
        "adds": round(after - before, 4),
        "with_members": round(after, 4),
    }


def empty(notices: list[dict[str, str]]) -> dict[str, Any]:
    """Return a list without results, and why that is."""
    return {
        "total": 0,
        "notices": notices,
        "not_understood": [],
        "needs": None,
        "partner_mix": None,
        "results": [],
    }


def notice(code: str) -> dict[str, str]:
    """Return a notice by its code."""
    return {"code": code, "message": NOTICES[code]}
