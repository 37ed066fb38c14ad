"""Selects the clauses of a brief that ask for something, and turns them into distinct needs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice

from embeddings.lexicon import Lexicon
from embeddings.stopwords import GENERIC_WORDS, STOP_WORDS
from embeddings.vocabulary import content_words
from embeddings.words import normalise
from matcher.domain import Need, NeedLevel
from matcher.needs.extraction.clauses import Clause, clauses_of, single_clause
from matcher.needs.extraction.courtesies import strip_courtesies
from matcher.needs.extraction.exclusions import Exclusion, exclusions_of
from matcher.needs.extraction.labels import Label
from matcher.needs.extraction.pieces import Piece
from matcher.needs.extraction.reading import Passage, need_of, passages_of, stage_of_need
from matcher.needs.extraction.sentences import sentences_of
from matcher.needs.extraction.vocabulary import CueKind

_MIN_NEED_LENGTH = 3
_MAX_TITLE_WORDS, _MAX_SHORT_BRIEF_WORDS = 8, 12
_MAX_WHOLE = 500
_MAX_COMPARED = 30
"""So many needs of a brief are compared with each other; further ones are ignored."""
_MAX_CLAUSES = 400
"""Far more than three pages have; further clauses are ignored."""
_MAX_FALLBACK = 3
"""How many clauses to take where none asks for anything."""

_WEIGHTS = {CueKind.LACKING: 1.5, CueKind.PRESENT: 0.6, None: 1.0}
"""The weight of a need by the state of what it names."""
_STATE_SCORES = {CueKind.LACKING: 2.0, CueKind.PRESENT: 0.75, None: 0.0}
"""What the state adds to `_Candidate.request_score`."""
_MAX_STAGE_SCORE, _MAX_SPECIFICITY = 1.5, 4.0
_BACKGROUND_PENALTY, _REQUESTED_BACKGROUND_PENALTY = 2.25, 1.25
_MIN_SCORE, _MIN_SCORE_IN_BACKGROUND, _MIN_SPECIFICITY = 1.5, 2.0, 1.0
_MIN_EXPLICIT_REQUESTS = 4
"""With so many explicit requests, the clauses before the first one are background."""
_MAX_OVERLAP = 0.6
"""Clauses with a larger Jaccard index of their terms are duplicates."""
_PREFIX_LENGTH = 7
"""Words that are no concept are compared by so many first letters."""

_FIGURES = re.compile(r"\d\s?%|[€$£]|\d[.,]\d{3}\b|\b(?:19|20)\d\d\b")
"""Amounts and years, which are signs of a statement rather than a request."""
_GENERIC_CONCEPTS = frozenset(
    """
    innovation innovative platform collaboration research development project partner
    enterprise technology process processing product production quality smart sustainable
    government roadmap method approach methodology researcher market industrial goal objective
    novel efficient supplier improve European Europe impact knowledge system strategy tool
    increase activism support potential function application future control stakeholder
    selection combine contribute benefit requirement service structure
    programme reduce exploit organisation consortium enable framework performance
    international challenge enhance national advanced creation competitive long-term concept
    determine problem opportunity promote technique solution facilitate factor fast dynamic
    scientist expert economy global specific generation edifice
    integrated study understanding identification multidisciplinary complex comparison
    analysis analyse assessment evaluation investigate network regional measure publication
    coordination
    """.split()
) | {
    "European Union",
    "general relativity",
    "import of goods",
    "state of the art",
    "research group",
}
"""Concepts that any brief may name, and some that generic words are mistaken for."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A clause that may become a need, with its terms."""

    clause: Clause
    terms: frozenset[str] = frozenset()
    """Concept names, and the first letters of other content words."""
    specificity: float = 0.0
    """The number of terms that aren't generic; a word that is no concept counts half."""

    @property
    def weight(self) -> float:
        """The weight of the need."""
        return _WEIGHTS[self.clause.state]

    @property
    def is_explicit(self) -> bool:
        """Whether it is an explicit request: `we lack`, `we will`."""
        return self.clause.state == CueKind.LACKING or CueKind.INTENTION in self.clause.cues

    @property
    def request_score(self) -> float:
        """How likely it is a request, as a sum of points.

        Cues, a stage and being a list item add points; statements, background and figures
        subtract.
        """
        clause = self.clause
        stage = min(clause.stage.strength, _MAX_STAGE_SCORE)
        plus = _STATE_SCORES[clause.state]
        plus += 1.0 * (CueKind.INTENTION in clause.cues) + stage
        plus += 0.5 * (CueKind.OPTIONAL in clause.cues) + 0.5 * clause.listed
        penalty = _REQUESTED_BACKGROUND_PENALTY if self.is_explicit else _BACKGROUND_PENALTY
        minus = penalty * (CueKind.BACKGROUND in clause.cues)
        minus += 1.5 * (CueKind.STATEMENT in clause.cues and not self.is_explicit)
        minus += 1.0 * bool(_FIGURES.search(clause.text))
        return plus - minus + 0.25 * min(self.specificity, _MAX_SPECIFICITY)

    @property
    def rank(self) -> tuple[float, float]:
        """Sort key: descending weight, then descending score."""
        return -self.weight, -self.request_score

    @property
    def need(self) -> Need:
        """The need that it becomes."""
        clause = self.clause
        level = NeedLevel.NICE if CueKind.OPTIONAL in clause.cues else NeedLevel.MUST
        return Need(clause.text, level, self.weight, clause.stage.stage)


@dataclass(frozen=True, slots=True)
class BriefReading:
    """What a brief asks for, and what it excludes."""

    needs: tuple[Need, ...]
    not_wanted: tuple[str, ...] = ()
    """Passages that say what isn't wanted, in order."""
    asks_nothing: bool = False
    """Whether it surely asks for nothing: a message that only tells or thanks."""


def extract_needs(brief: str, lexicon: Lexicon, limit: int = 12) -> list[Need]:
    """Return at most `limit` needs of a brief, in its order; see `read`."""
    return list(read(brief, lexicon, limit).needs)


def read(brief: str, lexicon: Lexicon, limit: int = 12) -> BriefReading:
    """Read at most `limit` needs from a brief, in its order, and what it excludes.

    Each need is a passage of the brief of 3 to 500 characters. A brief of a few words is one need
    as a whole. Of a text in which the model finds no request, such as a programme, the clauses that
    fit a need best are taken, by rules.
    """
    text = normalise("NFC", brief).strip()
    if _is_title(text):
        whole = _needs(_whole(text), limit)
        titles = (replace(need, text=_title(need.text)) for need in whole)
        return BriefReading(tuple(titles), tuple(each.text for each in exclusions_of(text)))
    passages = passages_of(text)
    exclusions = exclusions_of(text)
    asked = [_wanted(each, exclusions) for each in passages if each.label == Label.ASKED]
    found = [need_of(text, passage) for passage in asked if passage is not None]
    needs = _distinct([need for need in found if need is not None])
    excluded = tuple(exclusion.text for exclusion in exclusions)
    if needs:
        musts_first = sorted(needs, key=lambda need: need.level is NeedLevel.NICE)
        chosen = musts_first[: max(limit, 0)]
        return BriefReading(tuple(need for need in needs if need in chosen), excluded)
    if (
        excluded
        and len(passages) > 1
        and passages[0].pieces[0].sentence == passages[-1].pieces[-1].sentence
    ):
        return BriefReading((_whole_of(strip_courtesies(text)),), excluded)
    if passages and any(passage.label == Label.COURTESY for passage in passages):
        return BriefReading((), excluded, asks_nothing=True)
    return BriefReading(tuple(_needs(by_rules(text, lexicon), limit)), excluded)


def _wanted(passage: Passage, exclusions: Sequence[Exclusion]) -> Passage | None:
    """Return the first part of a passage that the rules don't see excluded; None without one."""
    first, last = None, len(passage.pieces)
    for place, piece in enumerate(passage.pieces):
        if not _is_excluded(piece, exclusions):
            first = place if first is None else first
        elif first is not None:
            last = place
            break
    if first is None:
        return None
    pieces, features = passage.pieces[first:last], passage.features[first:last]
    return replace(
        passage, start=pieces[0].start, end=pieces[-1].end, pieces=pieces, features=features
    )


def _is_excluded(piece: Piece, exclusions: Sequence[Exclusion]) -> bool:
    half = (piece.end - piece.start) / 2
    return any(
        min(piece.end, each.end) - max(piece.start, each.start) > half
        for each in exclusions[:_MAX_COMPARED]
    )


def _title(text: str) -> str:
    stripped = strip_courtesies(text)
    return stripped if len(stripped) >= _MIN_NEED_LENGTH else text


def _whole_of(text: str) -> Need:
    """Return a text as one need."""
    text = " ".join(text.split())[:_MAX_WHOLE]
    return Need(text, stage=stage_of_need(text))


def _distinct(needs: Sequence[Need]) -> list[Need]:
    """Leave out a need whose words are mostly those of an earlier one."""
    distinct: list[tuple[Need, frozenset[str]]] = []
    for need in needs[:_MAX_COMPARED]:
        words = frozenset(word[:_PREFIX_LENGTH] for word in content_words(need.text))
        if not any(_share(words, other) > _MAX_OVERLAP for _, other in distinct):
            distinct.append((need, words))
    return [need for need, _ in distinct]


def _share(words: frozenset[str], other: frozenset[str]) -> float:
    return len(words & other) / max(len(words | other), 1)


def by_rules(text: str, lexicon: Lexicon) -> list[_Candidate]:
    """Return the clauses of a text that fit a need best."""
    clauses = (clause for sentence in sentences_of(text) for clause in clauses_of(sentence))
    candidates = [_candidate(clause, lexicon) for clause in islice(clauses, _MAX_CLAUSES)]
    possible = [
        candidate for candidate in candidates if candidate.clause.state != CueKind.NOT_NEEDED
    ]
    is_short = len(possible) == len(candidates) and len(text.split()) <= _MAX_SHORT_BRIEF_WORDS
    return _merge(_select(possible)) or (_whole(text) if is_short else _best(possible))


def _needs(chosen: Sequence[_Candidate], limit: int) -> list[Need]:
    chosen = [each for each in chosen if len(each.clause.text) >= _MIN_NEED_LENGTH]
    best = sorted(range(len(chosen)), key=lambda place: chosen[place].rank)[: max(limit, 0)]
    return [chosen[place].need for place in sorted(best)]


def _is_title(text: str) -> bool:
    """Return whether a brief is only a title or a few words."""
    return len(text.split()) <= _MAX_TITLE_WORDS and not re.search(r"[\n,;:]|[.!?]\s", text)


def _whole(text: str) -> list[_Candidate]:
    """Return the whole brief as the only candidate; none where it has no words."""
    return [_Candidate(clause) for clause in single_clause(text)]


def _candidate(clause: Clause, lexicon: Lexicon) -> _Candidate:
    """Look up the terms of a clause."""
    found = lexicon.find(clause.text)
    names = {lexicon.concepts[number].name for number in found.concepts}
    rest = {
        word
        for word in found.rest
        if word not in STOP_WORDS and len(word) > 2 and not word.isdigit()
    }
    specificity = len(names - _GENERIC_CONCEPTS) + 0.5 * len(rest - GENERIC_WORDS)
    return _Candidate(
        clause, frozenset(names | {word[:_PREFIX_LENGTH] for word in rest}), specificity
    )


def _select(candidates: Sequence[_Candidate]) -> list[_Candidate]:
    """Return the candidates that are specific requests.

    With many explicit requests, the text before the first is background, with a higher threshold.
    """
    explicit = [place for place, each in enumerate(candidates) if each.is_explicit]
    background = explicit[0] if len(explicit) >= _MIN_EXPLICIT_REQUESTS else 0
    selected = []
    for place, candidate in enumerate(candidates):
        strict = place < background and candidate.clause.state is None
        threshold = _MIN_SCORE_IN_BACKGROUND if strict else _MIN_SCORE
        if candidate.request_score >= threshold and candidate.specificity >= _MIN_SPECIFICITY:
            selected.append(candidate)
    return selected


def _merge(candidates: Sequence[_Candidate]) -> list[_Candidate]:
    """Merge near-duplicates, at the place of the first.

    The merged candidate has the more specific wording and the higher weight. It is optional only if
    both are.
    """
    merged: list[_Candidate] = []
    for candidate in candidates:
        duplicates = (n for n, other in enumerate(merged) if _overlap(candidate, other))
        place = next(duplicates, None)
        if place is None:
            merged.append(candidate)
            continue
        both = (merged[place], candidate)
        better = max(both, key=lambda each: (each.specificity, len(each.terms)))
        heavier = max(both, key=lambda each: each.weight)
        optional = merged[place].clause.cues & candidate.clause.cues & {CueKind.OPTIONAL}
        cues = (better.clause.cues - {CueKind.OPTIONAL}) | optional
        clause = replace(better.clause, state=heavier.clause.state, cues=cues)
        merged[place] = replace(better, clause=clause)
    return merged


def _overlap(candidate: _Candidate, other: _Candidate) -> bool:
    """Return whether two candidates have mostly the same terms."""
    union = len(candidate.terms | other.terms)
    return bool(union) and len(candidate.terms & other.terms) / union > _MAX_OVERLAP


def _best(candidates: Sequence[_Candidate]) -> list[_Candidate]:
    """Return the best clauses of a longer brief where none asks for anything."""
    best = sorted(candidates, key=lambda candidate: candidate.rank)[:_MAX_FALLBACK]
    return [
        candidate
        for candidate in candidates
        if candidate in best
        and candidate.specificity >= _MIN_SPECIFICITY
        and CueKind.BACKGROUND not in candidate.clause.cues
    ]
