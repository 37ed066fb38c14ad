from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from apiflask import APIFlask

from matcher.container import Services
from matcher.corpus.corpus import Corpus
from matcher.corpus.derived import DerivedValues
from matcher.corpus.records import FacetRecord, OrganisationRecord, SubjectNumbers
from matcher.domain import FacetKind, Organisation, OrganisationType, Place, Stage
from matcher.insights.browse import BrowseFilters, BrowsePage, Choice, browse
from matcher.insights.scope import Scope
from matcher.organisations import actions as organisations

DOMAINS = ("energy", "food", "water")
SUBJECTS: dict[int, tuple[int, ...]] = {1: (0,), 2: (0, 1), 3: (1,), 4: ()}


def record(key: int, name: str, kind: OrganisationType, country: str, region: str) -> Any:
    return OrganisationRecord(
        key, f"o:{key}", name, kind, Place(None, country or None, region or None), None, ()
    )


def statement(number: int, kind: FacetKind, stage: Stage | None, *owners: int) -> FacetRecord:
    return FacetRecord(
        number, kind, None, stage, None, (), owners, SubjectNumbers(SUBJECTS[number])
    )


@pytest.fixture
def snapshot() -> Any:
    several = [
        record(1, "Zonnebloem", OrganisationType.COMPANY, "BE", "BE234"),
        record(2, "aarde", OrganisationType.COMPANY, "BE", "BE211"),
        record(3, "Élan", OrganisationType.HOSPITAL, "BE", "BE100"),
        record(4, "Fabriek", OrganisationType.COMPANY, "NL", "NL414"),
        record(5, "Nergens", OrganisationType.OTHER, "", ""),
    ]
    facets = [
        statement(1, FacetKind.OFFER, Stage.PILOT, 1),
        statement(2, FacetKind.EVIDENCE, None, 2, 3),
        statement(3, FacetKind.NEED, Stage.PILOT, 4),
        statement(4, FacetKind.OFFER, Stage.MARKET, 1),
    ]
    corpus = Corpus.from_records(1, several, facets)
    return SimpleNamespace(corpus=corpus, derived=DerivedValues())


def found(snapshot: Any, limit: int = 10, offset: int = 0, **picked: str) -> BrowsePage:
    store: Any = None
    return browse(snapshot, store, DOMAINS, BrowseFilters(**picked), limit, offset)


def names(answer: BrowsePage) -> list[str]:
    return [one.name for one in answer.organisations]


def counts(answer: BrowsePage, name: str) -> dict[str, int]:
    return {one.value: one.count for one in answer.choices[name]}


def test_all_are_counted_and_listed_by_name(snapshot: Any) -> None:
    answer = found(snapshot)
    assert answer.total == 5
    assert names(answer) == ["aarde", "Élan", "Fabriek", "Nergens", "Zonnebloem"]
    assert answer.choices["type"] == [
        Choice("company", 3, False),
        Choice("hospital", 1, False),
        Choice("other", 1, False),
    ]
    assert counts(answer, "country") == {"BE": 3, "NL": 1}
    assert counts(answer, "region") == {"BE1": 1, "BE2": 2, "NL4": 1}
    assert counts(answer, "stage") == {"pilot": 1, "market": 1}
    assert list(counts(answer, "stage")) == ["pilot", "market"]  # from idea to market
    assert counts(answer, "domain") == {"energy": 3, "food": 3}


def test_pages_go_by_name(snapshot: Any) -> None:
    assert names(found(snapshot, 2)) == ["aarde", "Élan"]
    assert names(found(snapshot, 2, 4)) == ["Zonnebloem"]
    assert (found(snapshot, 2, 6).total, names(found(snapshot, 2, 6))) == (5, [])


def test_a_pick_narrows_what_else_is_counted_but_not_its_own_kind(snapshot: Any) -> None:
    answer = found(snapshot, type="company")
    assert names(answer) == ["aarde", "Fabriek", "Zonnebloem"]
    assert counts(answer, "country") == {"BE": 2, "NL": 1}
    assert counts(answer, "type") == {"company": 3, "hospital": 1, "other": 1}
    assert [one.value for one in answer.choices["type"] if one.chosen] == ["company"]


def test_regions_are_prefixes_and_show_their_parts_when_chosen(snapshot: Any) -> None:
    answer = found(snapshot, country="BE", region="BE2")
    assert names(answer) == ["aarde", "Zonnebloem"]
    assert counts(answer, "region") == {"BE1": 1, "BE2": 2, "BE21": 1, "BE23": 1}
    inner = found(snapshot, country="BE", region="BE21")
    assert names(inner) == ["aarde"]
    assert counts(inner, "region") == {"BE1": 1, "BE2": 2, "BE21": 1, "BE23": 1}


def test_stages_are_of_offers_and_domains_of_all_statements(snapshot: Any) -> None:
    assert names(found(snapshot, stage="pilot")) == ["Zonnebloem"]
    assert names(found(snapshot, domain="food")) == ["aarde", "Élan", "Fabriek"]


def test_a_pick_that_leaves_nobody_can_be_seen_and_taken_back(snapshot: Any) -> None:
    answer = found(snapshot, type="hospital", stage="market", domain="nonsense")
    assert (answer.total, names(answer)) == (0, [])
    assert Choice("hospital", 0, True) in answer.choices["type"]
    assert answer.choices["domain"] == [Choice("nonsense", 0, True)]


def test_text_is_looked_for_in_names_towns_offers_and_needs(app: APIFlask) -> None:
    services: Services = app.extensions["schakel"]
    domains = [one.id for one in services.insights.subjects().domains]

    def asked(**picked: str) -> BrowsePage:
        return browse(
            services.corpus_provider.snapshot(),
            services.store,
            domains,
            BrowseFilters(**picked),
            200,
            0,
        )

    for text in ("surfalink", "Leuven", "spuitgieten", "100%", "a_b"):
        total, same = organisations.search(services.store, text, None, None, 200, 0)
        assert (asked(text=text).total, set(names(asked(text=text)))) == (
            total,
            {one.name for one in same},
        )
    assert 0 < asked(text="leuven").total < asked().total


def test_domains_hold_for_whom_insights_hold_them(app: APIFlask) -> None:
    services: Services = app.extensions["schakel"]
    snapshot = services.corpus_provider.snapshot()
    domains = [one.id for one in services.insights.subjects().domains]
    everybody = browse(snapshot, services.store, domains, BrowseFilters(), 1)
    for one in ("chemistry", "medical-devices"):
        inside = Scope(domain=one).of(snapshot, domains)
        assert counts(everybody, "domain")[one] == int(inside.sum()) > 0


def test_what_is_written_is_counted_at_once(app: APIFlask) -> None:
    services: Services = app.extensions["schakel"]
    domains = [one.id for one in services.insights.subjects().domains]

    def hospitals() -> int:
        answer = browse(
            services.corpus_provider.snapshot(), services.store, domains, BrowseFilters(), 1
        )
        return counts(answer, "type")["hospital"]

    before = hospitals()
    made = Organisation("org:new", "Nieuw", OrganisationType.HOSPITAL)
    organisations.create(services.store, made)
    assert hospitals() == before + 1
    organisations.replace_organisation(
        services.store, replace(made, type=OrganisationType.OTHER), keep=()
    )
    assert hospitals() == before
