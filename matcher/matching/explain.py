"""Fifth stage, explain: one page of the list as an answer, with reasons; facets are loaded once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import sqrt

import numpy as np

from embeddings.port import understood as is_understood
from matcher.arrays import Floats
from matcher.corpus.affiliation import SharedWords
from matcher.corpus.snapshot import Snapshot
from matcher.domain import Facet, FacetKind
from matcher.matching.answer import (
    AffiliatedPartner,
    Answer,
    CoverageBrief,
    FieldMixes,
    FitLabel,
    Match,
    MetNeed,
    NeedsAnswer,
    Notice,
    NoticeCode,
    PartnerMixes,
    Reason,
    ReasonKind,
    Retrieval,
    SimilarMember,
    notice,
)
from matcher.matching.features.reciprocity import MetNeeds, met_needs
from matcher.matching.need_table import NeedTable
from matcher.matching.reasons import Speaking, speaking_facets
from matcher.matching.rerank import RankedCandidates
from matcher.matching.sentences import with_sentence
from matcher.matching.understand import UnderstoodQuestion
from matcher.needs.comparison import candidate_coverage, offers_of
from matcher.needs.coverage import Coverage
from matcher.needs.resolve import Source
from matcher.parameters import POSSIBLE_FIT, SIMILAR
from matcher.presenters import (
    facet_brief,
    field_mix_brief,
    organisation_brief,
    organisation_name,
    partner_mix_brief,
    probability_shown,
)
from matcher.store import Store
from matcher.store.facets import load_facets

MAX_AFFILIATIONS = 2
"""Members of one house or place with an organisation that are reasons; of likely partners one is.
"""


def explain(store: Store, ranked: RankedCandidates) -> Answer:
    """Return the page that the question asks for, or its beginning where time runs out.

    Raises DeadlineExceeded where there isn't time for one match.
    """
    return _Page(store, ranked).answer()


def nothing_found(snapshot: Snapshot, codes: Iterable[NoticeCode]) -> Answer:
    """Return an answer without results, and why that is."""
    notices = tuple(notice(code) for code in codes)
    return Answer(snapshot.version, snapshot.generation.model, 0, notices)


class _Page:
    """One page of a list, and everything that is quoted on it."""

    def __init__(self, store: Store, ranked: RankedCandidates) -> None:
        self.ranked = ranked
        self.candidates = ranked.scored.candidates
        self.understood = self.candidates.understood
        self.snapshot, self.corpus = self.candidates.snapshot, self.candidates.snapshot.corpus
        self.shared_words = SharedWords(self.corpus, ranked.scored.features.partners)
        question = self.understood.question
        self.offset = question.offset
        self.places = ranked.order[question.offset : question.offset + question.limit]
        self.rows = self.candidates.rows[self.places]
        self.coverage = self._coverage()
        self.fit = self._fit()
        self.speaking = speaking_facets(ranked, self.rows, self.snapshot.models.weights)
        self.met = met_needs(self.snapshot, np.sort(self.rows), self.understood.members)
        self.table = self._need_table()
        self.facets = self._load(store)
        ids = np.array(sorted(self.facets), dtype=np.int64)
        self.vectors = dict(zip(ids.tolist(), self.snapshot.index.rows(ids), strict=True))

    def answer(self) -> Answer:
        """Return the page as an answer."""
        members = self.corpus.rows(self.understood.question.members).tolist()
        results = self._matches()
        rows = self.rows[: len(results)].tolist()
        return Answer(
            corpus_version=self.snapshot.version,
            model=self.snapshot.generation.model,
            total=len(self.ranked.order),
            notices=self._notices(len(results)),
            not_understood=self._not_understood(),
            needs=self._needs(),
            partner_mix=PartnerMixes(
                partner_mix_brief(self.corpus, members), partner_mix_brief(self.corpus, rows)
            ),
            field_mix=FieldMixes(
                field_mix_brief(self.snapshot, members), field_mix_brief(self.snapshot, rows)
            ),
            retrieval=Retrieval(len(self.candidates.rows), self.candidates.found_by),
            results=results,
        )

    def _matches(self) -> tuple[Match, ...]:
        """Return the matches of the page, those that are ready where time runs out."""
        deadline = self.understood.deadline
        matches: list[Match] = []
        for place, row in zip(self.places.tolist(), self.rows.tolist(), strict=True):
            if deadline.passed and matches:
                break
            deadline.check()
            matches.append(self._match(self.offset + len(matches) + 1, place, row))
        return tuple(matches)

    def _notices(self, shown: int) -> tuple[Notice, ...]:
        if not len(self.ranked.order):
            return (notice(self._why_nothing()),)
        notices = [notice("cut_short")] if shown < len(self.rows) else []
        likely = self.ranked.scored.features.fit.candidates[self.ranked.order]
        most = max(float(likely.max()), float(self.fit.max(initial=0.0)))
        # Whoever is asked for by name is an answer, whatever it offers.
        named = np.isin(self.candidates.rows[self.ranked.order], self.understood.written_out).any()
        if len(self.understood.asked) and most < POSSIBLE_FIT and not named:
            notices.insert(0, notice("nothing_fits"))
        return tuple(notices)

    def _coverage(self) -> Coverage | None:
        """Return how needs are met: as scored, or where needs were only read, by this page."""
        needs = self.understood.needs
        known = self.ranked.scored.features.coverage
        if known is not None or needs is None or not needs.needs:
            return known
        facets = offers_of(self.corpus, self.rows)
        return candidate_coverage(self.snapshot, needs, facets, self.rows, self.rows[:0])

    def _need_table(self) -> NeedTable | None:
        """Return who meets which need.

        Where one need was read from the text, it is what the text asks: whoever does that meets it.
        """
        needs = self.understood.needs
        if needs is None or self.coverage is None:
            return None
        none = np.zeros(len(self.candidates.rows))
        unwanted = self.ranked.parts.get("unwanted", none)[self.places] < 0
        if not needs.guessed or len(needs.needs) != 1 or self.understood.scores_needs:
            return NeedTable(self.corpus, self.coverage, self.rows, unwanted=unwanted)
        quoted = [self.speaking[row][:1] for row in self.rows.tolist()]
        facet_rows = [one[0].facet_row if one else -1 for one in quoted]
        fit = self.fit, facet_rows
        return NeedTable(self.corpus, self.coverage, self.rows, unwanted=unwanted, fit=fit)

    def _fit(self) -> Floats:
        """Return how surely each organisation of the page (p,) does what is asked.

        Needs that were only read are compared with all that it offers, as in the table of needs;
        features know of what is near the text.
        """
        fit = self.ranked.scored.features.fit.candidates[self.places]
        if self.coverage is None:
            return fit
        meets = self.coverage.meets[:, self.coverage.places_of(self.rows)]
        most: Floats = np.maximum(fit, meets.max(axis=0, initial=0.0))
        return most

    def _load(self, store: Store) -> dict[int, Facet]:
        """Return all facets that the page quotes, by id."""
        rows = [speaking.facet_row for several in self.speaking.values() for speaking in several]
        shown = self.met.probability >= POSSIBLE_FIT
        rows += [*self.met.need_rows[shown].tolist(), *self.met.offer_rows[shown].tolist()]
        rows += self.table.facet_rows if self.table is not None else []
        with store.reading() as session:
            return load_facets(session, (int(self.corpus.facet_ids[row]) for row in set(rows)))

    def _facet(self, row: int) -> Facet | None:
        return self.facets.get(int(self.corpus.facet_ids[row]))

    def _match(self, rank: int, place: int, row: int) -> Match:
        scored = self.ranked.scored
        fit = None
        if len(self.understood.asked):
            fit = probability_shown(float(self.fit[rank - self.offset - 1]))
        similar, met = self._similar_members(place, row), tuple(self._met_needs(row))
        affiliation = self._affiliation(row)
        return Match(
            rank=rank,
            organisation=organisation_brief(self.corpus.organisation(row)),
            fit=None if fit is None else FitLabel.of(fit),
            fit_probability=fit,
            score=self.ranked.score_of(place),
            variants=tuple(
                organisation_name(self.corpus, other) for other in self.corpus.variants_of(row)
            ),
            probability=(
                None if scored.probability is None else round(float(scored.probability[place]), 3)
            ),
            parts={name: float(part[place]) + 0.0 for name, part in self.ranked.parts.items()},
            coverage=self._covered(row),
            similar_members=similar,
            affiliation=affiliation,
            reciprocity=met,
            long_tail=place in self.ranked.long_tail,
            company_place=place in self.ranked.company_places,
            reasons=self._reasons(place, row, met, affiliation, similar),
        )

    def _covered(self, row: int) -> CoverageBrief | None:
        coverage, members = self.ranked.scored.features.coverage, self.understood.members
        if coverage is None:
            return None
        before, after = coverage.total(members), coverage.total(np.append(members, row))
        alone = coverage.total(np.array([row]))
        return CoverageBrief(round(alone, 4), round(after - before, 4), round(after, 4))

    def _similar_members(self, place: int, row: int) -> tuple[SimilarMember, ...]:
        members = self.understood.members
        if self.ranked.similarity[place] < SIMILAR:
            return ()
        own = self.snapshot.profiles_of(np.array([row]))[0]
        similar = np.clip(self.snapshot.profiles_of(members) @ own, 0.0, 1.0)
        return tuple(
            SimilarMember(
                self.corpus.ids[members[at]],
                self.corpus.names[members[at]],
                round(float(similar[at]), 3),
            )
            for at in np.lexsort((members, -similar)).tolist()
            if similar[at] >= SIMILAR
        )

    def _affiliation(self, row: int) -> tuple[AffiliatedPartner, ...]:
        return tuple(
            AffiliatedPartner(
                self.corpus.ids[partner],
                self.corpus.names[partner],
                tuple(shared),
            )
            for partner, shared in self.shared_words.of(row).items()
        )

    def _met_needs(self, row: int) -> Iterable[MetNeed]:
        met: MetNeeds = self.met
        members = set(self.understood.members.tolist())
        for at in np.flatnonzero(met.owners == row).tolist():
            need, offer = self._facet(met.need_rows[at]), self._facet(met.offer_rows[at])
            if met.probability[at] < POSSIBLE_FIT or need is None or offer is None:
                continue
            owners, _ = self.corpus.owners_of(met.offer_rows[at : at + 1])
            giver = next(owner for owner in owners.tolist() if owner in members)
            yield MetNeed(
                facet_brief(need),
                organisation_name(self.corpus, giver),
                facet_brief(offer),
                probability_shown(float(met.probability[at])),
            )

    def _reasons(
        self,
        place: int,
        row: int,
        met: Iterable[MetNeed],
        affiliation: Sequence[AffiliatedPartner],
        similar: Sequence[SimilarMember],
    ) -> tuple[Reason, ...]:
        """Return all that is said of an organisation; what puts it on the list comes first."""
        quoted = [
            self._reason(speaking, facet)
            for speaking in self.speaking[row]
            if (facet := self._facet(speaking.facet_row)) is not None
        ]
        with_members, mention = bool(len(self.understood.members)), self._mention(row)
        if mention:  # then nothing needs to be quoted that has nothing to do with the question
            quoted = [reason for reason in quoted if reason.probability != 0]
        reasons = [*quoted, *mention, *_gains(met)]
        reasons += _affiliations(affiliation[: MAX_AFFILIATIONS if with_members else 1])
        if similar:
            names = tuple(member.name for member in similar)
            reasons.append(Reason(kind=ReasonKind.SIMILARITY, about=names))
        unwanted = self.ranked.parts.get("unwanted")
        if unwanted is not None and unwanted[place] < 0:
            reasons.append(Reason(kind=ReasonKind.UNWANTED))
        return tuple(with_sentence(reason, with_members=with_members) for reason in reasons)

    def _reason(self, speaking: Speaking, facet: Facet) -> Reason:
        similarity = None
        if speaking.vector is not None and facet.id is not None:
            stored, asked = self.vectors[facet.id], speaking.vector
            lengths = sqrt(float(asked @ asked) * float(stored @ stored)) or 1.0
            cosine = float(asked @ stored) / lengths
            similarity = round(min(max(cosine, 0.0), 1.0), 4)
        probability = speaking.probability
        return Reason(
            kind=_kind_of(speaking, facet),
            need=speaking.need,
            probability=None if probability is None else probability_shown(probability),
            facet=facet_brief(facet),
            similarity=similarity,
            with_members=speaking.with_members,
        )

    def _mention(self, row: int) -> list[Reason]:
        """Return the reason that the question mentions the organisation, under any of its names."""
        group = self.corpus.group[row]
        for one in self.understood.mentions:
            places = np.flatnonzero(self.corpus.group[one.found.rows] == group)
            if len(places):
                surest = int(places[np.argmax(one.found.confidence[places])])
                words = (one.found.words[surest],)
                return [Reason(kind=ReasonKind.MENTION, need=one.need, mentioned=words)]
        return []

    def _needs(self) -> NeedsAnswer | None:
        """Say what was taken to be needed, how far the members meet it, and who here does."""
        needs = self.understood.needs
        if needs is None or self.table is None:
            return None
        known = self.ranked.scored.features.coverage is not None
        members = self.understood.members if known else self.understood.members[:0]
        return self.table.answer(needs.source, members, self.offset, self.facets)

    def _why_nothing(self) -> NoticeCode:
        """Say why the list is empty: no facet came near any text, or nobody is left."""
        near = any(len(votes) for votes in self.candidates.by_view.values())
        return "nothing_found" if len(self.understood.members) or near else "nothing_usable"

    def _not_understood(self) -> tuple[str, ...]:
        return texts_not_understood(self.understood)


def _kind_of(speaking: Speaking, facet: Facet) -> ReasonKind:
    if speaking.with_members:
        return ReasonKind.COLLABORATION
    return ReasonKind.PROJECT if facet.kind is FacetKind.EVIDENCE else ReasonKind.OFFER


def _gains(met: Iterable[MetNeed]) -> Iterable[Reason]:
    for one in met:
        yield Reason(
            kind=ReasonKind.NEED,
            probability=one.probability,
            facet=one.need,
            about=(one.member.name,),
        )


def _affiliations(affiliation: Iterable[AffiliatedPartner]) -> Iterable[Reason]:
    for one in affiliation:
        yield Reason(kind=ReasonKind.AFFILIATION, about=(one.name,), shared=one.words)


def texts_not_understood(question: UnderstoodQuestion) -> tuple[str, ...]:
    """Return the texts of a question that say nothing to the encoder."""
    texts = () if question.text_is_known or not question.text else (question.text,)
    needs = question.needs
    if needs is None or needs.source is not Source.STATED:
        return texts
    known = is_understood(needs.vectors)
    return texts + tuple(
        need.text for need, is_known in zip(needs.needs, known, strict=True) if not is_known
    )
