"""Reasons: what is quoted really spoke for the organisation."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest

from embeddings.port import project_onto_view
from matcher.arrays import Floats
from matcher.cache import MemoryCache
from matcher.container import Services
from matcher.corpus.answer_cache import AnswerCache
from matcher.corpus.corpus import CorpusChange
from matcher.corpus.filters import offer_facets
from matcher.corpus.snapshot import Snapshot
from matcher.corpus.words import name_words
from matcher.domain import Facet, FacetKind, Need, NeedLevel, Question
from matcher.matching.answer import QUOTED, Match, ReasonKind
from matcher.matching.features.collaboration import collaborations
from matcher.matching.reasons import MAX_REASONS
from matcher.matching.service import Recommender
from matcher.matching.votes import cast_votes, organisation_votes
from matcher.needs.comparison import need_coverage
from matcher.needs.extraction import strip_courtesies
from matcher.needs.resolve import ResolvedNeeds, resolve_needs
from matcher.parameters import NEIGHBOURS
from matcher.presenters import MAX_QUOTE_LENGTH, quote
from matcher.store.facets import load_facets
from tests.conftest import settings_for
from tests.corpus.corpora import facets_of, organisations_of
from tests.homes import copied

QUESTIONS = 48


@dataclass
class Asking:
    """The demo data, and questions drawn from its texts."""

    recommender: Recommender
    snapshot: Snapshot
    texts: dict[int, str]
    questions: list[Question]
    known: dict[Question, Sequence[Match]] = field(default_factory=dict)
    """Answers to what was asked of the whole corpus before."""

    def ask(self, question: Question, snapshot: Snapshot | None = None) -> Sequence[Match]:
        if snapshot is None and question in self.known:
            return self.known[question]
        results = self.recommender.answer(snapshot or self.snapshot, question).results
        if snapshot is None:
            self.known[question] = results
        return results


@pytest.fixture(scope="module")
def asking(demo_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asking]:
    home = tmp_path_factory.mktemp("reasons") / "home"
    copied(demo_home, home)
    services = Services(settings_for(home))
    snapshot = services.corpus_provider.snapshot()
    with services.store.reading() as session:
        facets = load_facets(session, facets_of(snapshot.corpus))
    recommender = Recommender(services.corpus_provider, AnswerCache(MemoryCache(), 3600))
    questions = drawn_questions(snapshot, list(facets.values()))
    texts = {number: facet.embedded_text for number, facet in facets.items()}
    yield Asking(recommender, snapshot, texts, questions)
    services.store.dispose()


def drawn_questions(snapshot: Snapshot, facets: list[Facet]) -> list[Question]:
    """Briefs, needs, members and all together; words of facets, whole or in part or mixed."""
    draw = random.Random(20240607)
    experienced = [
        one.id
        for row, one in enumerate(organisations_of(snapshot.corpus))
        if snapshot.corpus.experience[row]
    ]

    def words() -> str:
        one, other = (draw.choice(facets).embedded_text.split() for _ in range(2))
        start = draw.randrange(max(len(one) - 6, 1))
        return " ".join([*one[start : start + 12], *draw.choice([[], other[:6]])])

    questions = []
    for number in range(QUESTIONS):
        text = "" if number % 4 == 1 else words()
        several = draw.randint(1, 3) if number % 4 in (1, 3) else 0
        levels = [draw.choice(list(NeedLevel)) for _ in range(several)]
        needs = tuple(Need(words(), level) for level in levels)
        count = draw.randint(1, 2) if number % 4 in (2, 3) else 0
        members = tuple(draw.sample(experienced, count))
        questions.append(Question(text=text, needs=needs, members=members, limit=200))
    return questions


def without(snapshot: Snapshot, ids: set[int]) -> Snapshot:
    """The same corpus in which these facets never were."""
    index = snapshot.index.copy()
    index.remove(np.array(sorted(ids), dtype=np.int64))
    change = CorpusChange(deleted_facets=sorted(ids))
    return replace(snapshot, index=index, corpus=snapshot.corpus.changed(snapshot.version, change))


def quoted(result: Match) -> set[int]:
    return {reason.facet.id for reason in result.reasons if reason.facet}


def bare_evidence(asking: Asking, snapshot: Snapshot, question: Question) -> list[Floats]:
    """By organisation (n,): votes by view, not normalised; chances by need; collaboration."""
    corpus, encoder = snapshot.corpus, snapshot.generation.encoder
    everyone = corpus.group[np.arange(len(corpus))]
    searchable = corpus.facet_ids[offer_facets(corpus)]
    vectors = encoder.encode([question.text] if question.text else [])
    found: list[Floats] = []
    for view in encoder.views:
        scores, ids = snapshot.index.search(
            project_onto_view(vectors, view), NEIGHBOURS, searchable
        )
        scores = scores * np.float32(np.sqrt(len(encoder.views)))
        for row in range(len(vectors)):
            votes = organisation_votes(corpus, cast_votes(corpus, ids[row], scores[row]))
            found.append(np.sum(votes.at(everyone), axis=0))
    members = corpus.with_variants(corpus.rows(question.members))
    needed = needs_of(asking, question)
    if needed:
        found.extend(need_coverage(snapshot, needed).meets)
    worked = collaborations(corpus, members, np.ones(len(members)), np.empty(0, np.int64))
    found.append(worked.feature(everyone))
    return found


def needs_of(asking: Asking, question: Question) -> ResolvedNeeds | None:
    """What the question needs: as stated, or read from its brief or its members."""
    if not question.needs and not question.members:
        return None
    corpus = asking.snapshot.corpus
    members = corpus.with_variants(corpus.rows(question.members))
    store = asking.recommender.store
    return resolve_needs(asking.snapshot, store, question.needs, question.text, members)


def test_the_questions_are_of_every_kind(asking: Asking) -> None:
    kinds = {(bool(one.text), bool(one.needs), bool(one.members)) for one in asking.questions}
    assert len(kinds) == 4 and len(asking.questions) >= 40
    assert all(asking.ask(question) for question in asking.questions)
    tops = [asking.ask(question)[0] for question in asking.questions]
    assert all(quoted(top) for top in tops)
    assert len({top.organisation.id for top in tops}) > 20


def test_evidence_falls_without_what_the_reasons_quote(asking: Asking) -> None:
    """No evidence rises, and its sum falls, in every question."""
    for question in asking.questions:
        top = asking.ask(question)[0]
        row = asking.snapshot.corpus.row_of_id[top.organisation.id]
        reduced = without(asking.snapshot, quoted(top))
        before = np.array([one[row] for one in bare_evidence(asking, asking.snapshot, question)])
        after = np.array([one[row] for one in bare_evidence(asking, reduced, question)])
        assert (after <= before + 1e-9).all(), question
        assert after.sum() < before.sum() - 1e-6, question


def test_scores_fall_without_what_the_reasons_quote(asking: Asking) -> None:
    for question in asking.questions:
        top = asking.ask(question)[0]
        left = asking.ask(question, without(asking.snapshot, quoted(top)))
        scores = {result.organisation.id: result.score for result in left}
        assert scores.get(top.organisation.id, 0.0) < top.score, question


def test_reasons_quote_what_the_organisation_owns(asking: Asking) -> None:
    corpus = asking.snapshot.corpus
    for question in asking.questions:
        needed = needs_of(asking, question)
        needs = {None, *(need.text for need in (needed.needs if needed else ()))}
        for result in asking.ask(question)[:10]:
            row = corpus.row_of_id[result.organisation.id]
            rows = {row, *corpus.variants_of(row)}
            keys = {corpus.organisation(own).key for own in rows}
            reasons = [one for one in result.reasons if one.kind in QUOTED and one.facet]
            numbers = [reason.facet.id for reason in reasons if reason.facet]
            worked = any(reason.with_members for reason in reasons)
            assert len(numbers) == len(set(numbers)) <= MAX_REASONS + worked
            for reason in reasons:
                assert reason.facet is not None
                record = facets_of(asking.snapshot.corpus)[reason.facet.id]
                assert keys & set(record.owners)
                assert record.kind is not FacetKind.NEED
                assert reason.facet.kind is record.kind
                assert reason.need in needs
                start = reason.facet.text.removesuffix(" …").split(" — ")[0]
                assert start in " ".join(asking.texts[record.id].split())


def test_a_reason_is_by_text_or_by_collaboration_or_by_mention(asking: Asking) -> None:
    corpus = asking.snapshot.corpus
    kinds: set[str] = set()
    for question in asking.questions:
        rows = corpus.with_variants(corpus.rows(question.members)).tolist()
        member_of = {corpus.organisation(row).key: corpus.organisation(row) for row in rows}
        asked = set(name_words(" ".join([question.text, *(one.text for one in question.needs)])))
        for result in asking.ask(question)[:10]:
            for reason in result.reasons:
                if reason.kind not in QUOTED:
                    continue
                by = ["with_members"] if reason.with_members else []
                by += ["mentioned"] if reason.mentioned else []
                by += ["similarity"] if reason.similarity is not None else []
                assert len(by) == 1
                kinds.update(by)
                assert (reason.kind is ReasonKind.COLLABORATION) == bool(reason.with_members)
                assert (reason.kind is ReasonKind.MENTION) == bool(reason.mentioned)
                if reason.similarity is not None and reason.facet is not None:
                    of_project = reason.facet.kind is FacetKind.EVIDENCE
                    assert (reason.kind is ReasonKind.PROJECT) == of_project
                if reason.with_members and member_of:
                    assert reason.facet is not None
                    owners = facets_of(asking.snapshot.corpus)[reason.facet.id].owners
                    names = {member_of[key].name for key in owners if key in member_of}
                    assert set(reason.with_members) == names
                if reason.mentioned:
                    own = name_words(result.organisation.name)
                    assert reason.facet is None
                    assert set(name_words(" ".join(reason.mentioned))) <= asked & set(own)
    assert {"similarity", "with_members"} <= kinds


def test_a_similarity_is_that_of_the_text_or_need_and_the_facet(asking: Asking) -> None:
    encoder = asking.snapshot.generation.encoder
    compared = 0
    for question in asking.questions[::4]:
        for result in asking.ask(question)[:3]:
            for reason in result.reasons:
                if reason.facet is None or reason.similarity is None:
                    continue
                one, other = encoder.encode(
                    [reason.need or strip_courtesies(question.text), asking.texts[reason.facet.id]]
                )
                cosine = float(one @ other / np.linalg.norm(one) / np.linalg.norm(other))
                assert reason.similarity == pytest.approx(min(max(cosine, 0.0), 1.0), abs=2e-3)
                assert reason.probability is not None and result.fit_probability is not None
                assert reason.probability <= result.fit_probability
                compared += 1
    assert compared > 30


def test_whoever_said_the_very_words_is_quoted_first(asking: Asking) -> None:
    draw = random.Random(3)
    offers = [
        one
        for one in facets_of(asking.snapshot.corpus).values()
        if one.kind is FacetKind.OFFER and one.owners
    ]
    for offer in draw.sample(offers, 10):
        results = asking.ask(Question(text=asking.texts[offer.id], limit=200))
        corpus = asking.snapshot.corpus
        owner = corpus.ids[int(corpus.rows_of_keys(offer.owners[:1])[0])]
        own = next(result for result in results if result.organisation.id == owner)
        exact = next(reason for reason in own.reasons if reason.similarity is not None)
        assert exact.facet is not None
        assert asking.texts[exact.facet.id] == asking.texts[offer.id]
        assert exact.similarity == pytest.approx(1.0, abs=1e-3)


def test_of_the_offers_of_an_organisation_only_the_best_is_quoted_for_a_text(
    asking: Asking,
) -> None:
    """As of its offers only the best one counts, an organisation has one such reason."""
    corpus = asking.snapshot.corpus
    several = 0
    for question in asking.questions:
        for result in asking.ask(question):
            row = corpus.row_of_id[result.organisation.id]
            by_text = [
                reason
                for reason in result.reasons
                if reason.facet and reason.facet.kind is FacetKind.OFFER and reason.need is None
            ]
            assert len(by_text) <= 1
            several += len(corpus.facets_owned([row])) > 1
    assert several > 100


def test_next_to_no_chance_to_meet_a_need_is_a_reason_only_where_there_is_no_other(
    asking: Asking,
) -> None:
    weak = 0
    for question in asking.questions:
        for result in asking.ask(question):
            quotes = [one for one in result.reasons if one.kind in QUOTED and one.facet]
            small = [one.need is not None and one.meets is None for one in quotes]
            others = [one.meets is not None for one in quotes]
            by_text = [one.need is None and bool(one.similarity) for one in quotes]
            assert not any(small) or not any([*others, *by_text])
            weak += any(small)
    assert weak


def test_a_name_in_the_question_is_a_reason(asking: Asking) -> None:
    for record in organisations_of(asking.snapshot.corpus)[::20]:
        results = asking.ask(Question(text=f"We would like to work with {record.name}", limit=200))
        own = next(result for result in results if result.organisation.id == record.id)
        mentioned = [reason.mentioned for reason in own.reasons if reason.mentioned]
        assert [name_words(words) for (words,) in mentioned] == [
            name_words(record.name.removesuffix("(demo)"))
        ]
        assert own.parts["mention"] > 0


def test_a_page_is_part_of_the_list(asking: Asking) -> None:
    """Also what it says of needs, but for who of those shown meets them best."""
    for question in asking.questions[:8]:
        whole = asking.ask(question)
        page = asking.ask(replace(question, offset=3, limit=4))
        assert page == whole[3:7]
        ranked = asking.recommender.rank(asking.snapshot, question)
        assert asking.recommender.reasons_for(ranked, 2) == whole[2].reasons


def test_quotes_are_cut_at_a_word() -> None:
    long = Facet(FacetKind.EVIDENCE, "algae " * 100, title="Feed")
    shown = quote(long)
    assert shown.startswith("Feed — algae algae") and shown.endswith("algae …")
    assert len(shown) <= MAX_QUOTE_LENGTH + 2
    assert quote(Facet(FacetKind.EVIDENCE, "", title="Feed")) == "Feed"
    assert quote(Facet(FacetKind.OFFER, "one\n two  three")) == "one — two three"
