"""Prints how well needs are read from authors left out: python -m benchmarks.reading_folds.

The models are fitted anew for each of five folds over the personas that aren't held out. It needs
what `benchmarks.fit_reading` needs.
"""

from __future__ import annotations

import random

from benchmarks.fit_reading import fit, using
from benchmarks.labelled_briefs import read_briefs
from benchmarks.reading import HEADER, Tally, measure
from embeddings.lexicon import shipped_lexicon
from matcher.needs.extraction import extract_needs

_FOLDS = 5


def main() -> None:
    briefs = [brief for brief in read_briefs() if not brief.is_held_out]
    personas = sorted({brief.persona for brief in briefs})
    random.Random(1).shuffle(personas)
    lexicon = shipped_lexicon()
    tallies: dict[str, Tally] = {}
    for number in range(_FOLDS):
        left_out = frozenset(personas[number::_FOLDS])
        fitted = fit([brief for brief in briefs if brief.persona not in left_out])
        with using(fitted):
            unseen = [brief for brief in briefs if brief.persona in left_out]
            for name, tally in measure(
                unseen, lambda brief: extract_needs(brief.text, lexicon)
            ).items():
                tallies.setdefault(name, Tally()).update(tally)
    print(HEADER)
    for name, tally in tallies.items():
        print(tally.line(name))


if __name__ == "__main__":
    main()
