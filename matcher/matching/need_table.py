"""What a question needs, how far the members meet it, and who of a page does so best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from matcher.arrays import Floats, Mask, Rows
from matcher.corpus.corpus import Corpus
from matcher.domain import Facet
from matcher.matching.answer import BestMatch, FitLabel, NeedAnswer, NeedsAnswer
from matcher.needs.coverage import Coverage, best_facets
from matcher.needs.resolve import Source
from matcher.parameters import POSSIBLE_FIT
from matcher.presenters import facet_brief, organisation_name, probability_shown


class NeedTable:
    """The needs of a question, and who of a page meets each best."""

    def __init__(
        self,
        corpus: Corpus,
        coverage: Coverage,
        rows: Rows,
        *,
        unwanted: Mask,
        fit: tuple[Floats, Sequence[int]] | None = None,
    ) -> None:
        """Take how the organisations of the page, `rows` (p,), meet the needs.

        Whoever rather does what isn't wanted (`unwanted` (p,)) is named for none. `fit` says how
        surely they do (p,), and by which facet (p), where there is one need.
        """
        self.corpus = corpus
        self.coverage = coverage
        self.rows = rows
        self.best = self._best_of_needs(unwanted)
        if fit is not None and len(rows):
            place = int(np.where(unwanted, 0.0, fit[0]).argmax())
            if fit[0][place] > self.best[0][1]:
                self.best = [(place, float(fit[0][place]), fit[1][place])]

    @property
    def facet_rows(self) -> list[int]:
        """The rows of the facets that the table quotes."""
        return [facet for _, _, facet in self.best if facet >= 0]

    def answer(
        self, source: Source, members: Rows, offset: int, facets: Mapping[int, Facet]
    ) -> NeedsAnswer:
        """Return the table; `offset` organisations come before the page, `facets` are by id."""
        covered = self.coverage.of(members)
        return NeedsAnswer(
            source=source,
            covered=round(self.coverage.total(members), 4),
            items=tuple(
                NeedAnswer(
                    need.text,
                    need.level,
                    need.weight,
                    need.stage,
                    need.due,
                    probability_shown(float(covered[at])),
                    self._best(at, offset, facets),
                )
                for at, need in enumerate(self.coverage.needs)
            ),
        )

    def _best_of_needs(self, unwanted: Mask) -> list[tuple[int, float, int]]:
        """Return for each need the place on the page of who meets it best, how surely, and how.

        Of equals the first counts. The last is the row of the facet, -1 where nobody does.
        """
        if not len(self.rows):
            return []
        meets = np.where(unwanted, 0.0, self.coverage.meets[:, self.coverage.places_of(self.rows)])
        found = []
        for at, place in enumerate(meets.argmax(axis=1).tolist()):
            facets, _ = best_facets(self.corpus, self.coverage, int(self.rows[place]))
            found.append((place, float(meets[at, place]), int(facets[at])))
        return found

    def _best(self, at: int, offset: int, facets: Mapping[int, Facet]) -> BestMatch | None:
        if not self.best or self.best[at][1] < POSSIBLE_FIT:
            return None
        place, probability, facet_row = self.best[at]
        facet = facets.get(int(self.corpus.facet_ids[facet_row])) if facet_row >= 0 else None
        return BestMatch(
            rank=offset + place + 1,
            organisation=organisation_name(self.corpus, int(self.rows[place])),
            probability=probability_shown(probability),
            fit=FitLabel.of(probability),
            facet=facet_brief(facet) if facet is not None else None,
        )
