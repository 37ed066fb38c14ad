"""Places that a question rules out."""

from __future__ import annotations

import pytest

from matcher.corpus.corpus import Corpus
from matcher.corpus.filters import allowed_organisations
from matcher.corpus.records import OrganisationRecord
from matcher.domain import Filters, OrganisationType, Place


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    places = [("BE", "BE213"), ("BE", "BE32"), ("NL", None), (None, None), ("DE", "DEA1")]
    kind = OrganisationType.COMPANY
    return Corpus.from_records(
        1,
        [
            OrganisationRecord(n, f"x:{n}", f"Name{n}", kind, Place(None, *place), None, ())
            for n, place in enumerate(places, 1)
        ],
        [],
        [],
    )


@pytest.mark.parametrize(
    ("filters", "allowed"),
    [
        (Filters(not_countries=("NL",)), [0, 1, 3, 4]),
        (Filters(not_countries=("NL", "JP")), [0, 1, 3, 4]),
        (Filters(not_regions=("BE2", "DEA")), [1, 2, 3]),
        (Filters(countries=("BE",), not_regions=("BE3",)), [0]),
        (Filters(not_countries=("BE", "NL", "DE")), [3]),
    ],
)
def test_who_is_where_nobody_may_be_is_left_out(
    corpus: Corpus, filters: Filters, allowed: list[int]
) -> None:
    assert allowed_organisations(corpus, filters).nonzero()[0].tolist() == allowed
