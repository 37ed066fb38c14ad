"""Fifth stage, explain: one page of the list as an answer, with reasons; facets are loaded once."""

from __future__ import annotations

from collections.abc import Iterable
from math import sqrt

import numpy as np

from embeddings.port import understood as is_understood
from matcher.corpus.affiliation import SharedWords
from matcher.corpus.snapshot import Snapshot
from matcher.domain import Facet
from matcher.matching.answer import (
    AffiliatedPartner,
    Answer,
    BestMatch,
    CoverageBrief,
    FieldMixes,
    FitLabel,
    Match,
    MetNeed,
    NeedAnswer,
    NeedsAnswer,
    Notice,
    NoticeCode,
    PartnerMixes,
    Reason,
    Retrieval,
    SimilarMember,
    notice,
)
from matcher.matching.features.reciprocity import MetNeeds, met_needs
from matcher.matching.reasons import Speaking, speaking_facets
from matcher.matching.rerank import RankedCandidates
from matcher.matching.understand import UnderstoodQuestion
from matcher.needs.comparison import candidate_coverage, offers_of
from matcher.needs.coverage import Coverage, best_facets
from matcher.needs.resolve import Source
from matcher.parameters import MIN_RECIPROCITY_SHOWN, POSSIBLE_FIT, SIMILAR
from matcher.presenters import (
    facet_brief,
    field_mix_brief,
    organisation_brief,
    organisation_name,
    partner_mix_brief,
)
from matcher.store import Store
from matcher.store.facets import load_facets


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
        self.speaking = speaking_facets(ranked, self.rows, self.snapshot.models.weights)
        self.met = met_needs(self.snapshot, np.sort(self.rows), self.understood.members)
        self.best = self._best_of_needs()
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
        # Whoever is asked for by name is an answer, whatever it offers.
        named = np.isin(self.candidates.rows[self.ranked.order], self.understood.written_out).any()
        if len(self.understood.asked) and likely.max() < POSSIBLE_FIT and not named:
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

    def _load(self, store: Store) -> dict[int, Facet]:
        """Return all facets that the page quotes, by id."""
        rows = [speaking.facet_row for several in self.speaking.values() for speaking in several]
        shown = self.met.probability >= MIN_RECIPROCITY_SHOWN
        rows += [*self.met.need_rows[shown].tolist(), *self.met.offer_rows[shown].tolist()]
        rows += [facet for _, _, facet in self.best if facet >= 0]
        with store.reading() as session:
            return load_facets(session, (int(self.corpus.facet_ids[row]) for row in set(rows)))

    def _facet(self, row: int) -> Facet | None:
        return self.facets.get(int(self.corpus.facet_ids[row]))

    def _match(self, rank: int, place: int, row: int) -> Match:
        scored = self.ranked.scored
        fit = None
        if len(self.understood.asked):
            fit = round(float(scored.features.fit.candidates[place]), 3)
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
            similar_members=self._similar_members(place, row),
            affiliation=self._affiliation(row),
            reciprocity=tuple(self._met_needs(row)),
            long_tail=place in self.ranked.long_tail,
            reasons=self._reasons(row),
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
            if met.probability[at] < MIN_RECIPROCITY_SHOWN or need is None or offer is None:
                continue
            owners, _ = self.corpus.owners_of(met.offer_rows[at : at + 1])
            giver = next(owner for owner in owners.tolist() if owner in members)
            yield MetNeed(
                facet_brief(need),
                organisation_name(self.corpus, giver),
                facet_brief(offer),
                round(float(met.probability[at]), 3),
            )

    def _reasons(self, row: int) -> tuple[Reason, ...]:
        quoted = [
            self._reason(speaking, facet)
            for speaking in self.speaking[row]
            if (facet := self._facet(speaking.facet_row)) is not None
        ]
        return (*quoted, *self._mention(row))

    def _reason(self, speaking: Speaking, facet: Facet) -> Reason:
        similarity = None
        if speaking.vector is not None and facet.id is not None:
            stored, asked = self.vectors[facet.id], speaking.vector
            lengths = sqrt(float(asked @ asked) * float(stored @ stored)) or 1.0
            cosine = float(asked @ stored) / lengths
            similarity = round(min(max(cosine, 0.0), 1.0), 4)
        probability = speaking.probability
        return Reason(
            need=speaking.need,
            probability=None if probability is None else round(probability, 3),
            facet=facet_brief(facet),
            similarity=similarity,
            with_members=speaking.with_members,
            mentioned=(),
        )

    def _mention(self, row: int) -> list[Reason]:
        """Return the reason that the question mentions the organisation, under any of its names."""
        group = self.corpus.group[row]
        for one in self.understood.mentions:
            places = np.flatnonzero(self.corpus.group[one.found.rows] == group)
            if len(places):
                surest = int(places[np.argmax(one.found.confidence[places])])
                return [Reason(one.need, None, None, None, (), (one.found.words[surest],))]
        return []

    def _needs(self) -> NeedsAnswer | None:
        """Say what was taken to be needed, how far the members meet it, and who here does."""
        needs, coverage = self.understood.needs, self.coverage
        if needs is None or coverage is None:
            return None
        members = self.understood.members
        with_members = bool(len(members)) and self.ranked.scored.features.coverage is not None
        covered = coverage.of(members) if with_members else np.zeros(len(needs.needs))
        return NeedsAnswer(
            source=needs.source,
            covered=round(coverage.total(members), 4) if with_members else 0.0,
            items=tuple(
                NeedAnswer(
                    need.text,
                    need.level,
                    need.weight,
                    need.stage,
                    need.due,
                    round(float(covered[at]), 3),
                    self._best(at),
                )
                for at, need in enumerate(needs.needs)
            ),
        )

    def _best_of_needs(self) -> list[tuple[int, float, int]]:
        """Return for each need the place on the page of who meets it best, how surely, and how.

        Of equals the first counts. The last is the row of the facet, -1 where nobody does.
        """
        coverage = self.coverage
        if coverage is None or not len(self.rows):
            return []
        meets = coverage.meets[:, coverage.places_of(self.rows)]
        found = []
        for at, place in enumerate(meets.argmax(axis=1).tolist()):
            facets, _ = best_facets(self.corpus, coverage, int(self.rows[place]))
            found.append((place, float(meets[at, place]), int(facets[at])))
        return found

    def _best(self, at: int) -> BestMatch | None:
        if not self.best or self.best[at][1] < POSSIBLE_FIT:
            return None
        place, probability, facet_row = self.best[at]
        facet = self._facet(facet_row)
        return BestMatch(
            rank=self.offset + place + 1,
            organisation=organisation_name(self.corpus, int(self.rows[place])),
            probability=round(probability, 3),
            facet=facet_brief(facet) if facet is not None else None,
        )

    def _why_nothing(self) -> NoticeCode:
        """Say why the list is empty: no facet came near any text, or nobody is left."""
        near = any(len(votes) for votes in self.candidates.by_view.values())
        return "nothing_found" if len(self.understood.members) or near else "nothing_usable"

    def _not_understood(self) -> tuple[str, ...]:
        return texts_not_understood(self.understood)


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
