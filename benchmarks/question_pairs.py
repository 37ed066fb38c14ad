"""Writes pairs of questions and offers to fit on: python -m benchmarks.question_pairs FILE.

Asks the questions of `fit_questions.tsv` that are about the demo data, but for those of authors
held out. Of a question that is answered, the surest offer of an organisation that was expected fits
the text or need that it meets best; of others the three surest offers don't. So the choice is that
of the present model, and the file (`matcher/models/judged_questions.tsv`) may be made anew when
that is a better one (multiple-instance learning: Andrews et al., 2003, MI-SVM).
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.built import built_corpus
from benchmarks.fit import HELD_OUT, Asked, read_questions
from matcher.corpus.snapshot import Snapshot
from matcher.domain import Question
from matcher.matching.features.fit import fit_of
from matcher.matching.retrieve import retrieve
from matcher.matching.understand import NothingToRecommend, understand
from matcher.store import Store
from matcher.store.facets import load_facets

MISSES = 3
COLUMNS = "topic need_language need need_stage offer_language offer offer_stage meets".split()


def main() -> None:
    asked = [one for one in read_questions() if one.corpus == "demo" and one.author not in HELD_OUT]
    with built_corpus() as provider, Path(sys.argv[1]).open("w", encoding="utf-8") as file:
        write = csv.writer(file, delimiter="\t", quoting=csv.QUOTE_NONE, lineterminator="\n")
        write.writerow(COLUMNS)
        snapshot, store = provider.snapshot(), provider.store
        for number, one in enumerate(asked):
            pairs = list(_pairs(snapshot, store, one))
            ids = snapshot.corpus.facet_ids[np.array([row for _, row in pairs], dtype=np.int64)]
            with store.reading() as session:
                facets = load_facets(session, ids.tolist())
            for (need, _), facet_id in zip(pairs, ids.tolist(), strict=True):
                facet = facets[facet_id]
                text, meets = " ".join(facet.text.split()), str(int(one.answered))
                write.writerow(
                    [f"q{number:03}", one.language, need, "", facet.language or "", text, "", meets]
                )


def _pairs(snapshot: Snapshot, store: Store, one: Asked) -> Iterator[tuple[str, int]]:
    """Yield a text or need of a question with the row of an offer."""
    try:
        understood = understand(snapshot, store, Question(text=one.text))
        fit = fit_of(retrieve(understood))
    except NothingToRecommend:
        return
    corpus = snapshot.corpus
    needs = understood.needs.needs if understood.needs else ()
    texts = [understood.text, *(need.text for need in needs)][-len(fit.by_ask) :]
    best = fit.best.copy()
    if one.answered:
        rows = corpus.rows(one.expected)
        owned = np.isin(fit.facet_rows, corpus.facets_of(rows)[0])
        best[~owned] = -1.0
    for place in np.argsort(-best)[: 1 if one.answered else MISSES].tolist():
        if best[place] >= 0:
            text = texts[int(fit.by_ask[:, place].argmax())]
            yield " ".join(text.split()), int(fit.facet_rows[place])


if __name__ == "__main__":
    main()
