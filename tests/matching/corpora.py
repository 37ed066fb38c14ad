"""Small corpora for the tests of the pipeline: an encoder by hand, no store."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from embeddings.port import RawEncoder, View
from matcher.cache import MemoryCache
from matcher.corpus.answer_cache import AnswerCache
from matcher.corpus.corpus import Corpus
from matcher.corpus.generation import Generation
from matcher.corpus.profile_vectors import profiles_of
from matcher.corpus.records import FacetRecord, OrganisationRecord, SubjectNumbers
from matcher.corpus.snapshot import Snapshot
from matcher.domain import FacetKind, OrganisationType, Place, Stage
from matcher.index.exact import ExactIndex
from matcher.index.layered import LayeredIndex
from matcher.matching.service import Recommender
from matcher.models.fitted import FittedModels
from matcher.models.vote_calibration import VoteCurves
from matcher.models.weights import Weights
from tests.curves import need_offer_model

OFFER, NEED, EVIDENCE = FacetKind.OFFER, FacetKind.NEED, FacetKind.EVIDENCE
WORDS = ("kelp", "rope", "solar", "cell", "yarn", "loom", "brick", "kiln")
MODELS = FittedModels(need_offer_model(-3.0, 6.0, (1.0, -0.5, -1.0), views=2))


class HandEncoder:
    """Two views of the eight WORDS: each word alone, and each with the word beside it.

    A word that isn't known makes a text less understood, in the view of words only.
    """

    name, fingerprint, dim = "hand", "hand-1", 12
    views = (View("word_vectors", 0, 8), View("sentence", 8, 12))
    raw_encoders: Sequence[RawEncoder] = ()

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the vectors (n, 12) of texts."""
        vectors = np.zeros((len(texts), self.dim), dtype=np.float32)
        for row, text in enumerate(texts):
            words = text.lower().split()
            known = [WORDS.index(word) for word in words if word in WORDS]
            for number in known:
                vectors[row, number] += 1.0
                vectors[row, 8 + number // 2] += 1.0
            for start, end, share in ((0, 8, len(known) / max(len(words), 1)), (8, 12, 1.0)):
                length = float(np.linalg.norm(vectors[row, start:end])) or 1.0
                vectors[row, start:end] *= np.sqrt(share / 2) / length
        return vectors

    def encode_stored(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the same vectors."""
        return self.encode(texts)

    def save(self, folder: Path) -> None:
        """Nothing is saved."""


@dataclass(frozen=True)
class Stated:
    """A facet of a small corpus; owners by row."""

    kind: FacetKind
    owners: tuple[int, ...]
    text: str
    stage: Stage | None = None


def corpus_of(
    facets: Sequence[Stated],
    names: Sequence[str] | int,
    *,
    variants: Sequence[Sequence[int]] = (),
    countries: Sequence[str] = (),
    competitors: Mapping[int, tuple[int, ...]] | None = None,
    domains: Mapping[int, tuple[int, ...]] | None = None,
) -> Corpus:
    """Organisations in rows of their numbers, with keys from 100; facets with ids 10, 20, ...

    `domains` are those of facets, by row.
    """
    called = [f"Name{n:03}" for n in range(names)] if isinstance(names, int) else names
    organisations = [
        OrganisationRecord(
            100 + n,
            id_of(n),
            name,
            OrganisationType.COMPANY,
            Place(country=countries[n] if countries else None),
            None,
            (),
            competitors=tuple(id_of(other) for other in (competitors or {}).get(n, ())),
        )
        for n, name in enumerate(called)
    ]
    records = [
        FacetRecord(
            10 * (n + 1),
            facet.kind,
            None,
            facet.stage,
            None,
            (),
            tuple(100 + row for row in facet.owners),
            SubjectNumbers((domains or {}).get(n, ())),
        )
        for n, facet in enumerate(facets)
    ]
    groups = [[id_of(row) for row in group] for group in variants]
    return Corpus.from_records(1, organisations, records, groups)


def id_of(row: int) -> str:
    """The public id of the organisation in a row."""
    return f"x:{row:03}"


def snapshot_of(
    facets: Sequence[Stated],
    names: Sequence[str] | int,
    *,
    models: FittedModels = MODELS,
    **more: Any,
) -> Snapshot:
    """A snapshot of a small corpus."""
    corpus = corpus_of(facets, names, **more)
    encoder = HandEncoder()
    vectors = encoder.encode([facet.text for facet in facets])
    index = ExactIndex(encoder.dim, corpus.facet_ids.whole(), vectors)
    rows = np.arange(len(corpus))
    vectors_of_profiles = profiles_of(corpus, rows, vectors, np.arange(len(facets)), encoder.views)
    profiles = ExactIndex(encoder.dim, corpus.keys.whole(), vectors_of_profiles)
    generation = Generation(
        "gen-1-hand", 1, "hand-1", encoder, index, models, corpus.tables, profiles
    )
    return Snapshot(generation, LayeredIndex(index), LayeredIndex(profiles), corpus)


def recommender_of(long_tail_share: float = 0.0) -> Recommender:
    """A recommender that ranks snapshots; it has no store to quote from."""
    provider: Any = SimpleNamespace(store=None)
    return Recommender(provider, AnswerCache(MemoryCache(), 3600), long_tail_share)


def vote_curves(common: tuple[float, float], own: Mapping[int, tuple[float, float]]) -> VoteCurves:
    """Vote curves of some organisations, by key."""
    keys = np.array(sorted(own), dtype=np.int64)
    return VoteCurves(common, keys, np.array([own[key] for key in keys.tolist()]).reshape(-1, 2))


NAMES = ("Aap", "Noot", "Mies", "Wim", "Zus", "Jet", "Teun", "Vuur", "Gijs", "Lam", "Kees", "Bok")


def random_snapshot(seed: int, *, curves: bool) -> Snapshot:
    """Up to twelve organisations with name variants, competitors, offers, needs and projects."""
    draw = random.Random(seed)
    count = draw.randint(3, 12)
    kinds = [OFFER, EVIDENCE, EVIDENCE, NEED]
    facets = []
    for _ in range(draw.randint(3, 25)):
        kind = draw.choice(kinds)
        owners = draw.sample(range(count), draw.randint(1, min(4, count)))
        stage = draw.choice([None, None, Stage.PILOT, Stage.MARKET])
        text = words_of(draw)
        facets.append(Stated(kind, tuple(owners if kind is EVIDENCE else owners[:1]), text, stage))
    towns = [draw.choice(["", "Oost", "West"]) for _ in range(count)]
    votes = None
    if curves:
        own = {100 + n: (draw.uniform(-4, 0), draw.uniform(0.2, 2.0)) for n in range(count - 1)}
        votes = vote_curves((-1.5, 1.0), own)
    weights = Weights() if draw.random() < 0.5 else Weights(text=0.4, mention=0.7, affiliation=0.2)
    return snapshot_of(
        facets,
        [f"{name} {town}".strip() for name, town in zip(NAMES, towns, strict=False)],
        models=FittedModels(MODELS.need_offer, weights, votes),
        variants=[draw.sample(range(count), 2)] if draw.random() < 0.5 else [],
        countries=[draw.choice(["BE", "NL", "DE"]) for _ in range(count)],
        competitors={0: (count - 1,)} if draw.random() < 0.3 else {},
    )


def words_of(draw: random.Random) -> str:
    """One to four of the words."""
    return " ".join(draw.choices(WORDS, k=draw.randint(1, 4)))
