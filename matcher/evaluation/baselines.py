"""Simple ways to rank the organisations for a query, which a recommender has to beat."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import scipy.sparse as sparse
from sklearn.feature_extraction.text import TfidfVectorizer

from embeddings.sentence_encoders import encode_english
from matcher.arrays import Floats, Rows
from matcher.corpus.corpus import Corpus
from matcher.corpus.snapshot import Snapshot
from matcher.domain import FacetKind, Project
from matcher.evaluation.figures import RankedList, projects_of
from matcher.evaluation.queries import Query
from matcher.evaluation.rankers import DEPTH, Ranker

NEIGHBOURS = 50
"""Past projects that vote. Origin: usual for votes of neighbours, not tuned."""
SENTENCE_POWER = 4.0
"""The power to which cosines of sentence vectors are raised, since they lie close together."""
SIMPLE = ("popularity", "TF-IDF votes", "MiniLM votes", "both votes")
"""The baselines that the recommender is held against."""
Scores = Callable[[str], Floats]
"""Scores (n,) of all organisations, by row, for a text."""


def simple_rankers(snapshot: Snapshot, projects: Sequence[Project]) -> dict[str, Ranker]:
    """Return the baselines by name; the past projects are those that the corpus knows."""
    votes = VotesOfProjects(snapshot.corpus, projects)
    tfidf, minilm = votes.by_tfidf(), votes.by_minilm()
    return {
        "popularity": popularity_ranker(snapshot),
        "mean vector": mean_vector_ranker(snapshot),
        "TF-IDF votes": _ranker(snapshot.corpus, tfidf),
        "MiniLM votes": _ranker(snapshot.corpus, minilm),
        "both votes": _ranker(
            snapshot.corpus, lambda text: standardised(tfidf(text)) + standardised(minilm(text))
        ),
    }


class VotesOfProjects:
    """The past projects nearest to a text vote for those who took part, variants as one."""

    def __init__(self, corpus: Corpus, projects: Sequence[Project]) -> None:
        self._texts = [project.facet.embedded_text for project in projects]
        pairs = [
            (row, number)
            for number, project in enumerate(projects)
            for row in _participants(corpus, project)
        ]
        rows, numbers = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
        self._took_part = sparse.csr_array(
            (np.ones(len(rows)), (rows, numbers)), shape=(len(corpus), len(projects))
        )

    def by_tfidf(self) -> Scores:
        """Return votes by the cosine of TF-IDF vectors."""
        vectorizer = TfidfVectorizer()
        vectors = vectorizer.fit_transform(self._texts or ["none"])
        return lambda text: self._votes(
            (vectors @ vectorizer.transform([text]).T).toarray()[: len(self._texts), 0]
        )

    def by_minilm(self) -> Scores:
        """Return votes by the cosine of all-MiniLM-L6-v2 (Wang et al., 2020)."""
        vectors = encode_english(self._texts)
        return lambda text: self._votes(
            np.maximum(vectors @ encode_english([text])[0], 0.0) ** SENTENCE_POWER
        )

    def _votes(self, weights: Floats) -> Floats:
        """Return the sums (n,) of the largest of the projects' weights (p,)."""
        nearest = np.argsort(-weights, kind="stable")[:NEIGHBOURS]
        voting = np.zeros(len(weights))
        voting[nearest] = weights[nearest]
        return np.asarray(self._took_part @ voting)


def standardised(scores: Floats) -> Floats:
    """Return scores (n,) with mean 0 and standard deviation 1, or 0 where they are all alike."""
    centred: Floats = scores - scores.mean()
    return centred / (float(scores.std()) or 1.0)


def popularity_ranker(snapshot: Snapshot) -> Ranker:
    """Rank by the number of past projects: what costs nothing."""
    counts, shown = projects_of(snapshot.corpus), _shown(snapshot.corpus)
    ids = [snapshot.corpus.ids[row] for row in shown.tolist()]
    order = sorted(ids, key=lambda organisation_id: -counts[organisation_id])
    return lambda query: RankedList(tuple(one for one in order if one not in query.given)[:DEPTH])


def mean_vector_ranker(snapshot: Snapshot) -> Ranker:
    """Rank by the cosine with a mean vector an organisation: what many would try first."""
    corpus, encoder = snapshot.corpus, snapshot.generation.encoder
    evidence = corpus.facet_ids[corpus.of_kind(FacetKind.EVIDENCE)]
    vectors = np.zeros((corpus.facet_total, encoder.dim), dtype=np.float32)
    rows = corpus.facet_rows(evidence)
    vectors[rows] = snapshot.index.rows(evidence)
    means = np.zeros((len(corpus), encoder.dim), dtype=np.float32)
    owners, facets = corpus.owners.whole()
    np.add.at(means, corpus.representative[owners], vectors[facets])
    means /= np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-9)
    return _ranker(corpus, lambda text: means @ encoder.encode([text])[0])


def _ranker(corpus: Corpus, scores_of: Scores) -> Ranker:
    """Rank those who are shown, but for the members given, by scores of the text."""
    shown = _shown(corpus)

    def rank(query: Query) -> RankedList:
        scores = scores_of(query.text)[shown]
        order = shown[np.argsort(-scores, kind="stable")[: DEPTH + len(query.given)]]
        listed = (corpus.ids[row] for row in order.tolist())
        return RankedList(tuple(one for one in listed if one not in query.given)[:DEPTH])

    return rank


def _participants(corpus: Corpus, project: Project) -> list[int]:
    ids = [one.organisation_id for one in project.participations]
    rows: list[int] = np.unique(corpus.representative[corpus.rows(ids)]).tolist()
    return rows


def _shown(corpus: Corpus) -> Rows:
    """Return the rows of those who are shown: one of each group of name variants."""
    shown: Rows = np.flatnonzero(corpus.representative == np.arange(len(corpus)))
    return np.intersect1d(shown, corpus.all_rows)
