"""The need-offer model: how probable it is that an offer, or a past project, meets a need.

A logistic curve (Platt, 1999) over how alike the two texts are in each view of the encoder, how
many of their words match, and how their stages of the value chain stand to each other; with one set
of coefficients for texts of one language and another across languages. It is fitted on the judged
pairs that come with the service, under the encoder of each generation, so it means the same under
any encoder.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from embeddings.embedding_store import NO_STORE, EmbeddingStore
from embeddings.language import detect_language, language_numbers
from embeddings.port import Encoder, project_onto_view, vocabulary_coverage
from embeddings.word_match import TextWords, WordMatches, compared_words, match_words
from matcher.arrays import Floats, Mask, Rows
from matcher.domain import Stage
from matcher.models.judged import OTHERS, Judged, judged_pairs

Vectors = NDArray[np.float32]
CHAIN = {
    Stage.RESEARCH: 0,
    Stage.DEVELOPMENT: 1,
    Stage.PILOT: 2,
    Stage.PRODUCTION: 3,
    Stage.SUPPLY: 4,
    Stage.MARKET: 5,
}
"""The stages from idea to market; regulation, training and finance stand beside them."""
STAGES_COUNT = 0.5
"""How much of what the judged pairs say of stages counts.

Most of the offers of the first collection were written to differ in stage alone, which in a corpus
is rare; with all of it, whoever is at the same stage comes before those who can do what is needed.
"""
OPENINGS = "openings"
OPENING_WORDS, OPENING_EVERY, OPENING_NEAR = 3, 4, 3
"""Of every fourth offer the first three words are a need, set against three offers near it."""
MAX_OTHERS = 8
"""So many offers of other needs each need is set against. Together they count as one collection."""
RIDGE = 1.0
"""The penalty on squared coefficients. Origin: scikit-learn's default; .1 to 10 differ by .002 of
AUC."""
ENOUGH = 10
"""So many outcomes of introductions, with both answers among them, change the curve."""
OF_DECLINED = 0.5
"""How much an introduction counts that was declined."""
STAGES: dict[Stage | None, int] = {**{one: at for at, one in enumerate(Stage)}, None: len(Stage)}
"""The number of each stage, and of none."""
SAME, NEXT, OTHER, UNKNOWN = 0, 1, 2, -1
"""How two stages stand to each other; UNKNOWN where one of them isn't stated."""
_SEED = 1


@dataclass(frozen=True, slots=True, eq=False)
class Statements:
    """Needs, offers or past projects as they are compared."""

    vectors: Vectors
    """(n, dim)."""
    words: TextWords
    languages: NDArray[np.int8]
    """(n,) by their place in LANGUAGES; -1 if unknown."""
    stages: Rows
    """(n,) by their number in STAGES."""

    def __len__(self) -> int:
        return len(self.vectors)

    def at(self, places: Rows) -> Statements:
        """Return some of them (k,)."""
        return Statements(
            self.vectors[places], self.words.at(places), self.languages[places], self.stages[places]
        )


def statements_of(
    texts: Sequence[str],
    vectors: Vectors,
    stages: Sequence[Stage | None],
    store: EmbeddingStore = NO_STORE,
) -> Statements:
    """Return texts, whose vectors (n, dim) are known, as they are compared."""
    return Statements(
        vectors,
        TextWords.of_texts(texts, store),
        language_numbers(map(detect_language, texts)),
        np.array([STAGES[stage] for stage in stages], dtype=np.int64),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """How needs (k,) and offers (m,) compare."""

    by_view: Floats
    """(v, k, m) the similarity in each view of the encoder, 0 to 1."""
    words: WordMatches
    """(k, m) how far their words match."""
    across: Mask
    """(k, m) whether the two are in different languages."""
    relations: NDArray[np.int8]
    """(k, m) how their stages stand to each other."""

    @property
    def similarity(self) -> Floats:
        """The mean similarity (k, m) of the views."""
        mean: Floats = self.by_view.mean(axis=0)
        return mean


def compare(encoder: Encoder, asked: Statements, offered: Statements) -> Comparison:
    """Compare needs (k,) with offers (m,).

    What a view doesn't understand of a need, the other views tell.
    """
    by_view = np.zeros((len(encoder.views), len(asked), len(offered)))
    known = np.zeros((len(encoder.views), len(asked), 1))
    scale = np.sqrt(len(encoder.views))
    for number, view in enumerate(encoder.views):
        columns = slice(view.start, view.end)
        seen = project_onto_view(asked.vectors, view)[:, columns]
        by_view[number] = np.clip(seen @ offered.vectors[:, columns].T * scale, 0.0, 1.0)
        known[number] = vocabulary_coverage(encoder, asked.vectors, view)[:, None]
    total = known.sum(axis=0)
    mixed = np.divide((known * by_view).sum(axis=0), total, where=total > 0, out=0 * by_view[0])
    unknown = (asked.languages < 0)[:, None] | (offered.languages < 0)
    return Comparison(
        known * by_view + (1.0 - known) * mixed,
        match_words(asked.words, offered.words),
        ~unknown & (asked.languages[:, None] != offered.languages),
        _RELATIONS[np.ix_(asked.stages, offered.stages)],
    )


@dataclass(frozen=True, slots=True)
class Curve:
    """Log odds: the intercept, and the similarity in each view and the words by coefficients."""

    intercept: float
    views: tuple[float, ...]
    met: float
    best_met: float
    spoken_of: float

    def log_odds(self, compared: Comparison) -> Floats:
        """Return the log odds (k, m) without those of the stages."""
        words = compared.words
        odds: Floats = np.tensordot(np.array(self.views), compared.by_view, axes=1)
        odds += self.intercept + self.met * words.met
        odds += self.best_met * words.best_met + self.spoken_of * words.spoken_of
        return odds


@dataclass(frozen=True, slots=True)
class NeedOfferModel:
    """The fitted curves."""

    within: Curve
    """For texts in one language, or whose languages aren't known."""
    across: Curve
    """For texts in different languages."""
    stages: tuple[float, float, float]
    """What is added where the stages are the same, next to each other, or others."""

    def probabilities(self, compared: Comparison, *, guessed: bool = False) -> Floats:
        """Return the probability (k, m) that each offer meets each need.

        Where stages were only `guessed`, another stage speaks half as much against an offer.
        """
        shifts = np.array([*self.stages, 0.0])
        if guessed:
            shifts = np.where(shifts < 0, shifts / 2, shifts)
        odds = np.where(
            compared.across, self.across.log_odds(compared), self.within.log_odds(compared)
        )
        probability: Floats = expit(odds + shifts[compared.relations])
        return probability


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an introduction taught: a need, the offer nearest to it, and whether they met."""

    need: str
    offer: str
    met: bool


def fit_need_offer_model(
    encoder: Encoder,
    outcomes: Sequence[Outcome] = (),
    pairs: Sequence[Judged] | None = None,
    stages_count: float = STAGES_COUNT,
    embedding_store: EmbeddingStore = NO_STORE,
) -> NeedOfferModel:
    """Fit the curves to judged pairs under an encoder, and to what introductions taught.

    Each need is also set against offers that were written for other needs, which don't meet it but
    for a rare exception; so the probabilities are those of a corpus in which few offers of many
    meet a need. Each collection of pairs counts the same. `outcomes` count once there are ENOUGH of
    them with both answers; no is weaker evidence, since people decline for other reasons too.
    """
    pairs = judged_pairs() if pairs is None else pairs
    rows, labels, counts = _examples(encoder, pairs, embedding_store)
    if len(outcomes) >= ENOUGH and len({one.met for one in outcomes}) == 2:
        told = [Judged(one.need, None, one.offer, None, one.met) for one in outcomes]
        met = np.array([one.met for one in outcomes])
        rows = np.vstack([rows, _features(encoder, told, embedding_store)])
        labels = np.concatenate([labels, met])
        counts = np.concatenate([counts, np.where(met, 1.0, OF_DECLINED)])
    stages = stages_count * _logistic(rows, labels, counts)[-3:]
    shifts = rows[:, -3:] @ stages
    found = _logistic(rows[:, :-3], labels, counts, shifts)
    views = len(encoder.views)
    within, more = found[: views + 4], found[views + 4 :]
    same, next_to, other = (float(shift) for shift in stages)
    return NeedOfferModel(
        _curve(within), _curve(within + more[: views + 4]), (same, next_to, other)
    )


def _curve(found: Floats) -> Curve:
    intercept, *views, met, best_met, spoken_of = (float(one) for one in found)
    return Curve(intercept, tuple(views), met, best_met, spoken_of)


def _examples(
    encoder: Encoder, pairs: Sequence[Judged], store: EmbeddingStore
) -> tuple[Floats, NDArray[np.bool_], Floats]:
    """Return features (p, f), labels (p,) and weights (p,), with offers of other needs added."""
    random = np.random.default_rng(_SEED)
    offers = list({pair.offer: pair for pair in pairs}.values())
    count = min(MAX_OTHERS, len(offers))
    others = [
        replace(
            need,
            offer=other.offer,
            offer_stage=other.offer_stage,
            offer_language=other.offer_language,
            meets=False,
            collection=OTHERS,
        )
        for need in {pair.need: pair for pair in pairs}.values()
        for other in (
            offers[place] for place in random.choice(len(offers), count, replace=False).tolist()
        )
        if other.topic != need.topic
    ]
    everything = [*pairs, *others, *_openings(encoder, offers)]
    labels = np.array([pair.meets for pair in everything])
    return _features(encoder, everything, store), labels, _weights(everything)


def _openings(encoder: Encoder, offers: Sequence[Judged]) -> Iterator[Judged]:
    """Yield short needs: the first words of offers, which meet them, and of offers near those.

    The judged needs are sentences, while many a question has two or three words, which a fitting
    offer has, too, among others.
    """
    offers = offers[::OPENING_EVERY]
    vectors = encoder.encode_stored([pair.offer for pair in offers])
    near = np.argsort(-(vectors @ vectors.T), axis=1)[:, : OPENING_NEAR + 1]
    for place, offer in enumerate(offers):
        short = " ".join(compared_words(offer.offer)[:OPENING_WORDS])
        for other in (offers[at] for at in near[place].tolist()):
            if other is offer or other.topic != offer.topic:
                yield replace(
                    other,
                    need=short,
                    need_stage=None,
                    meets=other is offer,
                    topic=offer.topic,
                    need_language=offer.offer_language,
                    collection=OPENINGS,
                )


def _weights(pairs: Sequence[Judged]) -> Floats:
    """Return what each pair counts (p,): the collections the same, one on the mean.

    In each collection as many of the pairs within a language fit as of those across: which of them
    were written down says nothing about languages.
    """
    kinds = [(pair.collection, pair.across, pair.meets) for pair in pairs]
    size = Counter(kinds)
    of_collection = Counter(pair.collection for pair in pairs)
    of_languages = Counter((pair.collection, pair.across) for pair in pairs)
    of_label = Counter((pair.collection, pair.meets) for pair in pairs)
    share = len(pairs) / len(of_collection)
    return np.array(
        [
            share
            * of_languages[name, across]
            * of_label[name, meets]
            / of_collection[name] ** 2
            / size[name, across, meets]
            for name, across, meets in kinds
        ]
    )


def _features(encoder: Encoder, pairs: Sequence[Judged], store: EmbeddingStore) -> Floats:
    """Return (p, f): 1, views, words; the same where languages differ; three stage relations."""
    needs = {pair.need: place for place, pair in enumerate({p.need: p for p in pairs}.values())}
    offers = {pair.offer: place for place, pair in enumerate({p.offer: p for p in pairs}.values())}
    asked, offered = (_unstaged(encoder, list(texts), store) for texts in (needs, offers))
    by_need: dict[str, list[int]] = {}
    for place, pair in enumerate(pairs):
        by_need.setdefault(pair.need, []).append(place)
    size = len(encoder.views) + 4
    rows = np.zeros((len(pairs), 2 * size + 3))
    for need, places in by_need.items():
        some = offered.at(np.array([offers[pairs[place].offer] for place in places]))
        compared = compare(encoder, asked.at(np.array([needs[need]])), some)
        words = compared.words
        base = [np.ones((1, len(places))), *compared.by_view]
        base += [words.met, words.best_met, words.spoken_of]
        rows[places, :size] = np.concatenate(base).T
    across = np.array([pair.across for pair in pairs])
    rows[:, size : 2 * size] = rows[:, :size] * across[:, None]
    relations = [_RELATIONS[STAGES[pair.need_stage], STAGES[pair.offer_stage]] for pair in pairs]
    rows[:, 2 * size :] = np.eye(4)[relations][:, :3]
    return rows


def _unstaged(encoder: Encoder, texts: Sequence[str], store: EmbeddingStore) -> Statements:
    return statements_of(texts, encoder.encode_stored(texts), [None] * len(texts), store)


def _logistic(
    rows: Floats, labels: NDArray[np.bool_], counts: Floats, shifts: Floats | float = 0.0
) -> Floats:
    """Return the coefficients (f,) of a ridge logistic regression on top of given shifts (p,).

    The first column is the intercept, which isn't penalised.
    """

    def loss(found: Floats) -> tuple[float, Floats]:
        logits = rows @ found + shifts
        penalty = np.append(0.0, found[1:])
        value = counts @ (np.logaddexp(0.0, logits) - labels * logits)
        slope = rows.T @ (counts * (expit(logits) - labels))
        return float(value + RIDGE / 2 * penalty @ penalty), slope + RIDGE * penalty

    found: Floats = minimize(loss, np.zeros(rows.shape[1]), jac=True, method="L-BFGS-B").x
    return found


def _relation(one: Stage, other: Stage) -> int:
    if one is other:
        return SAME
    if one in CHAIN and other in CHAIN and abs(CHAIN[one] - CHAIN[other]) == 1:
        return NEXT
    return OTHER


_RELATIONS = np.full((len(Stage) + 1, len(Stage) + 1), -1, dtype=np.int8)
_RELATIONS[:-1, :-1] = [[_relation(one, other) for other in Stage] for one in Stage]
