"""From clauses to needs: which of them ask for something, how much each counts, and none twice."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice

from embeddings.lexicon import Lexicon
from embeddings.stopwords import GENERIC_WORDS, STOP_WORDS
from matcher.domain import Need, NeedLevel
from matcher.needs.extraction.clauses import Clause, clauses_of, whole
from matcher.needs.extraction.sentences import sentences_of
from matcher.needs.extraction.vocabulary import CueKind

_MIN_NEED_LENGTH = 3
_TITLE_WORDS, _FEW_WORDS = 8, 12
_MAX_CLAUSES = 400
"""Far more than three pages have; what comes after is not read."""
_FALLBACK = 3
"""How many clauses to take where none asks for anything."""

_WEIGHTS = {CueKind.LACKING: 1.5, CueKind.PRESENT: 0.6, None: 1.0}
"""How much a need counts by the state of what it names."""
_ASKING = {CueKind.LACKING: 2.0, CueKind.PRESENT: 0.75, None: 0.0}
"""How much the state says that something is asked for; the rest is in `_Candidate.asking`."""
_MAX_BY_STAGE, _MAX_SPECIFIC = 1.5, 4.0
_IDLE_COUNTS, _IDLE_AND_WANTED = 2.25, 1.25
_MIN_ASKING, _MIN_IN_BACKGROUND, _MIN_SPECIFIC = 1.5, 2.0, 1.0
_MANY_WANTED = 4
"""From so many clauses that want something on, what comes before the first is background."""
_ALIKE = 0.6
"""Clauses that share more of their terms say the same."""
_STEM = 7
"""Words that are no concept are the same where they begin with so many same letters."""

_FIGURES = re.compile(r"\d\s?%|[€$£]|\d[.,]\d{3}\b|\b(?:19|20)\d\d\b")
"""Amounts and years, which stand in what is told rather than in what is asked for."""
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
"""Concepts that any brief may name, and some that generic words are taken for."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A clause that may become a need, and what it is about."""

    clause: Clause
    terms: frozenset[str] = frozenset()
    """Concepts, and the stems of other words of content."""
    specific: float = 0.0
    """How much of that is not generic; a word that is no concept counts half."""

    @property
    def weight(self) -> float:
        """How much the need counts."""
        return _WEIGHTS[self.clause.state]

    @property
    def wants(self) -> bool:
        """Whether it says outright that it is wanted."""
        return self.clause.state == CueKind.LACKING or CueKind.WANTED in self.clause.cues

    @property
    def asking(self) -> float:
        """How much it looks like something that is asked for.

        Its cues, its stage and its place in a list speak for it; that it only tells something,
        history or figures speak against it.
        """
        clause = self.clause
        stage = min(clause.stage.strength, _MAX_BY_STAGE)
        for_it = _ASKING[clause.state]
        for_it += 1.0 * (CueKind.WANTED in clause.cues) + stage
        for_it += 0.5 * (CueKind.HEDGED in clause.cues) + 0.5 * clause.listed
        idle = _IDLE_AND_WANTED if self.wants else _IDLE_COUNTS
        against = idle * (CueKind.IDLE in clause.cues)
        against += 1.5 * (CueKind.TELLING in clause.cues and not self.wants)
        against += 1.0 * bool(_FIGURES.search(clause.text))
        return for_it - against + 0.25 * min(self.specific, _MAX_SPECIFIC)

    @property
    def rank(self) -> tuple[float, float]:
        """What candidates are sorted by, the most substantial first."""
        return -self.weight, -self.asking

    @property
    def need(self) -> Need:
        """The need that it becomes."""
        clause = self.clause
        level = NeedLevel.NICE if CueKind.HEDGED in clause.cues else NeedLevel.MUST
        return Need(clause.text, level, self.weight, clause.stage.stage)


def needs_of(brief: str, lexicon: Lexicon, most: int = 12) -> list[Need]:
    """Return what a brief asks for, at most `most` needs in the order of the brief.

    Each need keeps words of the brief and has from 3 to 500 characters. What asks for nothing, such
    as history or who takes part, is left out, and so is what `isn't needed`. A brief of a few words
    is one need: itself.
    """
    text = unicodedata.normalize("NFC", brief).strip()
    if _is_title(text):
        kept = _as_it_is(text)
    else:
        clauses = (clause for sentence in sentences_of(text) for clause in clauses_of(sentence))
        candidates = [_candidate(clause, lexicon) for clause in islice(clauses, _MAX_CLAUSES)]
        asked = [one for one in candidates if one.clause.state != CueKind.DECLINED]
        few = len(asked) == len(candidates) and len(text.split()) <= _FEW_WORDS
        kept = _merged(_asking(asked)) or (_as_it_is(text) if few else _best(asked))
    kept = [one for one in kept if len(one.clause.text) >= _MIN_NEED_LENGTH]
    strongest = sorted(range(len(kept)), key=lambda place: kept[place].rank)[: max(most, 0)]
    return [kept[place].need for place in sorted(strongest)]


def _is_title(text: str) -> bool:
    """Return whether a brief is only a title or a few words."""
    return len(text.split()) <= _TITLE_WORDS and not re.search(r"[\n,;:]|[.!?]\s", text)


def _as_it_is(text: str) -> list[_Candidate]:
    """Return a brief of a few words as the only candidate."""
    return [_Candidate(clause) for clause in whole(text)]


def _candidate(clause: Clause, lexicon: Lexicon) -> _Candidate:
    """Return a clause with what it is about."""
    found = lexicon.find(clause.text)
    names = {lexicon.concepts[number].name for number in found.concepts}
    rest = {
        word
        for word in found.rest
        if word not in STOP_WORDS and len(word) > 2 and not word.isdigit()
    }
    specific = len(names - _GENERIC_CONCEPTS) + 0.5 * len(rest - GENERIC_WORDS)
    return _Candidate(clause, frozenset(names | {word[:_STEM] for word in rest}), specific)


def _asking(candidates: Sequence[_Candidate]) -> list[_Candidate]:
    """Return the candidates that ask for something of substance.

    Where a brief says often what it wants, what comes before that is background and must ask more.
    """
    wanting = [place for place, one in enumerate(candidates) if one.wants]
    background = wanting[0] if len(wanting) >= _MANY_WANTED else 0
    asking = []
    for place, one in enumerate(candidates):
        strict = place < background and one.clause.state is None
        least = _MIN_IN_BACKGROUND if strict else _MIN_ASKING
        if one.asking >= least and one.specific >= _MIN_SPECIFIC:
            asking.append(one)
    return asking


def _merged(candidates: Sequence[_Candidate]) -> list[_Candidate]:
    """Return candidates without near-duplicates, each where it was named first.

    Of two that say the same the more specific wording stays, with the greater weight; it is nice to
    have only if both are.
    """
    kept: list[_Candidate] = []
    for one in candidates:
        place = next((n for n, other in enumerate(kept) if _are_alike(one, other)), None)
        if place is None:
            kept.append(one)
            continue
        both = (kept[place], one)
        better = max(both, key=lambda each: (each.specific, len(each.terms)))
        heavier = max(both, key=lambda each: each.weight)
        hedged = kept[place].clause.cues & one.clause.cues & {CueKind.HEDGED}
        cues = (better.clause.cues - {CueKind.HEDGED}) | hedged
        clause = replace(better.clause, state=heavier.clause.state, cues=cues)
        kept[place] = replace(better, clause=clause)
    return kept


def _are_alike(one: _Candidate, other: _Candidate) -> bool:
    """Return whether two candidates are about the same."""
    union = len(one.terms | other.terms)
    return bool(union) and len(one.terms & other.terms) / union > _ALIKE


def _best(candidates: Sequence[_Candidate]) -> list[_Candidate]:
    """Return what to take of a longer brief where no clause asks for anything: the best."""
    best = sorted(candidates, key=lambda one: one.rank)[:_FALLBACK]
    return [
        one
        for one in candidates
        if one in best and one.specific >= _MIN_SPECIFIC and CueKind.IDLE not in one.clause.cues
    ]
