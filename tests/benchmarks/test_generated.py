"""The generator of corpora for measurements of speed."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest

from benchmarks.generated import GeneratedCorpus, questions
from benchmarks.generated.corpus import SUFFIX
from benchmarks.generated.files import (
    organisation_body,
    write_cordis,
    write_csv,
    write_ndjson,
    write_offers,
)
from benchmarks.generated.texts import MAX_WORDS, MIN_WORDS
from benchmarks.generated.vocabulary import LANGUAGES, sentences, topics, towns
from matcher.domain import Facet, Organisation
from matcher.imports.cordis import read_cordis
from matcher.imports.organisations import read_organisations
from matcher.imports.storage import store_batch
from matcher.organisations.schema import OrganisationIn, organisation_from
from matcher.store import Store


@pytest.fixture(scope="module")
def corpus() -> GeneratedCorpus:
    return GeneratedCorpus(500)


@pytest.fixture(scope="module")
def organisations(corpus: GeneratedCorpus) -> list[Organisation]:
    return [organisation for organisation, _ in corpus.organisations()]


def stated(organisation: Organisation) -> Organisation:
    """What an organisation states: the language of its facets is detected."""

    def silent(facets: tuple[Facet, ...]) -> tuple[Facet, ...]:
        return tuple(replace(facet, language=None) for facet in facets)

    return replace(
        organisation, offers=silent(organisation.offers), needs=silent(organisation.needs)
    )


def test_the_same_seed_gives_the_same_corpus(
    corpus: GeneratedCorpus, organisations: list[Organisation]
) -> None:
    again = GeneratedCorpus(500)
    assert [organisation for organisation, _ in again.organisations()] == organisations
    assert list(again.projects()) == list(corpus.projects())
    other = GeneratedCorpus(500, seed=1)
    assert other.organisation(0)[0].name != organisations[0].name


def test_a_smaller_corpus_has_the_first_organisations(organisations: list[Organisation]) -> None:
    smaller = [organisation for organisation, _ in GeneratedCorpus(20).organisations()]
    assert smaller == organisations[:20]


def test_another_prefix_gives_other_organisations(organisations: list[Organisation]) -> None:
    other = [organisation for organisation, _ in GeneratedCorpus(50, prefix="h").organisations()]
    assert not {one.id for one in other} & {one.id for one in organisations}
    assert not {one.name for one in other} & {one.name for one in organisations}


def test_counts(corpus: GeneratedCorpus, organisations: list[Organisation]) -> None:
    offers = [len(organisation.offers) for organisation in organisations]
    needs = sum(len(organisation.needs) for organisation in organisations)
    projects = list(corpus.projects())
    assert sum(offers) / 500 == pytest.approx(2.7, abs=0.4)
    assert needs / 500 == pytest.approx(0.5, abs=0.1)
    assert len(projects) == 250
    # A power law: half have one offer, and somebody has many.
    assert sorted(offers)[250] == 1
    assert max(offers) > 15
    partners = [len(project.participations) for project, _ in projects]
    assert sum(partners) / 250 == pytest.approx(6, abs=1.5)
    assert min(partners) >= 2
    shared = [owner.organisation_id for project, _ in projects for owner in project.participations]
    most = max(shared.count(name) for name in set(shared))
    assert most > 5 * len(shared) / len(set(shared))


def test_texts_are_distinct_and_of_the_lengths_wanted(corpus: GeneratedCorpus) -> None:
    facets = [facet for one, _ in corpus.organisations() for facet in one.facets]
    facets += [project.facet for project, _ in corpus.projects()]
    lengths = [len(facet.text.split()) for facet in facets]
    assert min(lengths) >= MIN_WORDS
    assert max(lengths) <= MAX_WORDS
    assert len({facet.text for facet in facets}) > 0.99 * len(facets)
    assert {facet.language for facet in facets} == set(LANGUAGES)


def test_texts_come_with_what_they_were_made_from(corpus: GeneratedCorpus) -> None:
    organisation, texts = corpus.organisation(3)
    assert [text.text for text in texts] == [facet.text for facet in organisation.facets]
    assert {topics()[topic].id for text in texts for topic in text.mixture} <= set(
        organisation.sectors
    )
    project, text = next(corpus.projects())
    assert text.text == project.facet.embedded_text


def test_names_are_distinct_and_recognisable(organisations: list[Organisation]) -> None:
    names = {organisation.name for organisation in organisations}
    assert len(names) == 500
    assert all(name.endswith(SUFFIX) for name in names)


def test_words_are_there_in_all_languages() -> None:
    assert len(topics()) == 32
    assert min(len(topic.cumulative) for topic in topics()) >= 20
    assert len({town.country for town in towns()}) >= 15
    for kind in ("offer", "need", "project", "title", "question", "detail"):
        assert len({len(sentences(kind, language)) for language in LANGUAGES}) == 1
        assert len(sentences(kind, "nl")) >= 3


def test_organisations_can_be_imported(organisations: list[Organisation], tmp_path: Path) -> None:
    corpus = GeneratedCorpus(60)
    write_ndjson(corpus, tmp_path / "organisations.ndjson")
    write_csv(corpus, tmp_path / "organisations.csv")
    nested = read_organisations(tmp_path / "organisations.ndjson").organisations
    assert nested == [stated(organisation) for organisation in organisations[:60]]
    flat = read_organisations(tmp_path / "organisations.csv").organisations
    assert [one.name for one in flat] == [one.name for one in nested]
    assert [len(one.facets) for one in flat] == [len(one.facets) for one in nested]


def test_past_projects_can_be_imported(tmp_path: Path) -> None:
    corpus = GeneratedCorpus(60)
    write_ndjson(corpus, tmp_path / "organisations.ndjson")
    write_cordis(corpus, tmp_path / "cordis")
    store = Store(f"sqlite:///{tmp_path / 'store.sqlite3'}")
    store.upgrade()
    store_batch(store, read_organisations(tmp_path / "organisations.ndjson"))
    result = store_batch(store, read_cordis(tmp_path / "cordis"))
    store.dispose()
    assert result.changed_projects == result.projects == 30
    # The same organisations: what CORDIS says of them is what is stored already.
    assert result.changed_organisations == 0


def test_the_plain_app_gets_all_offers(organisations: list[Organisation], tmp_path: Path) -> None:
    write_offers(GeneratedCorpus(60), tmp_path / "offers.ndjson")
    lines = (tmp_path / "offers.ndjson").read_text(encoding="utf-8").splitlines()
    expected = [(one.name, offer.text) for one in organisations[:60] for offer in one.offers]
    assert [(row["name"], row["text"]) for row in map(json.loads, lines)] == expected


def test_an_organisation_can_be_put(organisations: list[Organisation]) -> None:
    body = OrganisationIn.model_validate(organisation_body(organisations[0]))
    assert organisation_from(body, organisations[0].id) == stated(organisations[0])


def test_questions_are_distinct_and_seeded(corpus: GeneratedCorpus) -> None:
    asked = list(islice(questions(corpus, plain=False), 400))
    assert asked == list(islice(questions(corpus, plain=False), 400))
    assert len({question.text for question in asked}) == 400
    lengths = [len(question.text.split()) for question in asked]
    assert min(lengths) >= 10
    assert max(lengths) <= 40
    assert 0.2 < sum(bool(question.needs) for question in asked) / 400 < 0.5
    assert 0.2 < sum(bool(question.members) for question in asked) / 400 < 0.5
    known = {corpus.id_of(number) for number in range(500)}
    assert {member for question in asked for member in question.members} <= known


def test_plain_questions_are_texts_alone(corpus: GeneratedCorpus) -> None:
    for question in islice(questions(corpus, plain=True), 50):
        assert question.body() == {"text": question.text, "needs": [], "members": []}
