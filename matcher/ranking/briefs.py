"""A brief in prose, in Dutch, French, German or English, split into the needs that it names.

Rules only, so that the same brief gives the same needs and a person can see why. Sentences are cut
into clauses where both sides have substance; a need keeps the words of the brief.

What words say of a clause is looked up in `stages.tsv`. Its first column holds a value-chain stage,
`none` for phrases that only look like a cue (`training data`), or what else a phrase tells:
lacking, present, hedged (nice to have), wanted, pressing (lacking, unless it is only told), telling
(a statement about the world), idle (history, slogans, the consortium), about (such headings),
opening (may be trimmed), leaning (hangs on what is before it) and verb (may begin a clause). Stages
have weights by how specific the labels are; their labels are found by stems, all others as written.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from itertools import accumulate
from pathlib import Path

from embeddings.language import LANGUAGES, detect_language
from embeddings.lexicon import Lexicon
from embeddings.stopwords import GENERIC_WORDS, STOP_WORDS
from embeddings.words import plain, stem
from matcher.domain import Need, NeedLevel, Stage

_FILE = Path(__file__).with_name("stages.tsv")
_LACKING, _PRESENT, _HEDGED, _WANTED, _IDLE = "lacking", "present", "hedged", "wanted", "idle"
_PRESSING, _TELLING = "pressing", "telling"
_OPENING, _LEANING, _VERB, _ABOUT = "opening", "leaning", "verb", "about"
_CUES = frozenset(
    (_LACKING, _PRESENT, _HEDGED, _WANTED, _IDLE, _PRESSING, _TELLING, _OPENING, _LEANING, _VERB)
    + (_ABOUT,)
)
_GAP = "…"
_WIDEST_GAP = 6
_WEIGHTS = {_LACKING: 1.5, _PRESENT: 0.6, None: 1.0}
_SHORTEST_NEED, _LONGEST_NEED = 3, 500
_TITLE_WORDS, _HEADING_WORDS = 8, 9
_FEW_WORDS = 12
_WRAPPED = 60
"""A line of at least so many characters without a full stop goes on in the next line."""
_ALIKE = 0.6
_FIRST_COUNTS = 1.3
"""In all four languages what a phrase is about tends to come first."""
_LEAST_STAGE = 0.7
_PARTED, _HEAD_SHARE, _MODIFIER_SHARE = 5, 0.8, 0.6
_COMPOUND = 9
_COMPOUNDING = ("nl", "de")
_STRONG = ("item", "colon", "semicolon")
_LEAST_SUBSTANCE = 3
"""How many words of content both sides of a joint need to be clauses of their own."""
_PARTICIPLES = {"en": "ing", "fr": "ant"}
_POSSESSIVES = frozenset("their its his her hun leur leurs ihre ihr deren dessen".split())
_COPULAS = frozenset(
    "to is are be been was were has have had zijn wordt worden werd est sont etre ete ist sind "
    "sein wurde wurden".split()
)
_KEPT = {
    "en": frozenset(
        "production distribution engine engines custom customs author authors universal universe "
        "operation operations regulation regulations".split()
    ),
    "fr": frozenset(
        "forme formes marche marches vent vents opération opérations étudiant étudiants".split()
    ),
    "nl": frozenset({"bouw"}),
    "de": frozenset({"bau", "bauern"}),
}
"""Words that the rules of stemming would mix up with others, as `products` with `production`."""
_ADJECTIVES = {
    "en": ("ical", "onal", "ntal", "ular", "cial", "ic", "ive", "ous"),
    "nl": ("ische", "ele", "lijke", "ieve"),
    "de": ("ische", "ischen", "elle", "ellen", "liche", "lichen", "ive", "iven"),
}
_NO_ENDINGS: tuple[str, ...] = ()
_TWINS = frozenset(
    "research development innovation demonstration onderzoek ontwikkeling innovatie recherche "
    "developpement forschung entwicklung".split()
)
"""Words that belong together where one follows the other."""
_NOT_PRESSING_AFTER = frozenset(
    "the user users their future research our such specific these meet les des".split()
)
_LISTING = ("comma", "colon")
_ARTICLES = frozenset("a an een un une ein eine einen einem".split())
_JUDGEMENTS = frozenset(
    "essential crucial indispensable cruciaal cruciale onmisbaar noodzakelijk vereist necessaire "
    "necessaires indispensables entscheidend unverzichtbar notwendig erforderlich".split()
)
"""Pressing where they begin or end a clause, as in `a dryer is crucial`, not in `crucial steps`."""
_DANGLING = frozenset(
    "and or by at of with for both thus the a including to en et de du des und oder or via avec le "
    "la les".split()
)
_POINTING_WITHIN = 6
_LEAST_ASKING = 1.5
_FALLBACK = 3
_MOST_CLAUSES = 400
"""Far more than three pages have; what comes after is not read."""
_STATE_WITHIN = 6
_LONGEST_CUE = 6
_STRONG_STAGE = 1.5
_CLEAR_STAGE = 2.0
_IDLE_COUNTS, _IDLE_AND_WANTED = 2.25, 1.25
_MANY_WANTED = 4
_LEAST_BACKGROUND = 2.0
_STEM = 7
"""Words that are no concept are the same where they begin with the same letters."""

_WORD = re.compile(r"[^\W_]+")
_BULLET = re.compile(
    r"\s*(?:[-*•·‣▪◦–—»➢✓#]+|\(?(?:\d{1,2}|[ivx]{1,4}|[a-z])\)|\d{1,2}(?:\.\d+)*\.)\s+"
)
_END = re.compile(r"[.!?…]+[\"'”’»)\]]*\s+(?=[\"'“‘„«(\[]*(\w))")
_CLOSED = re.compile(r"[.!?…:;][\"'”’»)\]]*$")
_NEGATION = re.compile(
    r"\b(?:not|no|geen|niet|nicht|kein\w*|aucune?|pas|jamais|never|nooit)\b", re.IGNORECASE
)
_JOINT = re.compile(
    r"(?P<item>(?:(?<=\s)|(?<=^))\(?(?:[ivx]{1,4}|\d{1,2}|[a-h])\)\s+)"
    r"|(?P<colon>:\s+)"
    r"|(?P<semicolon>;\s*)"
    r"|(?P<but>,?\s+(?:[-–—]\s+)?"
    r"(?:but|maar|mais|aber|doch|however|whereas|terwijl|tandis que|while)\s+)"
    r"|(?P<comma>,\s+(?:(?:and|en|et|und)\s+)?|\s+[–—]\s+|\s+-\s+)"
    r"|(?P<and>\s+(?:and|en|et|und|sowie|alsook|ainsi que|as well as)\s+)",
    re.IGNORECASE,
)
_BRACKETS = re.compile(r"\([^()]{4,}\)|\[[^\[\]]*\]")
_POINTING_BACK = frozenset(
    "it them ze deze ervan hiervan daarvan es sie ihn diese davon these those this".split()
)
_FIGURES = re.compile(r"\d\s?%|[€$£]|\d[.,]\d{3}\b|\b(?:19|20)\d\d\b")
_ABBREVIATIONS = frozenset(
    "e.g i.e eg ie cf bv bijv d.w.z m.a.w o.a m.b.t t.o.v z.b d.h u.a bzw ca evtl ggf inkl vgl "
    "usw nr no art fig dr prof ing ir mr mrs ms mme mlle st vs approx resp incl excl min max p.ex "
    "par.ex mio mrd tsd ex env av bd vol sp spp al dhr mevr jr sr inc ltd co corp dept est".split()
)
_GENERIC_CONCEPTS = frozenset(
    """
    innovation innovative platform collaboration research development project partner
    enterprise technology process processing product production quality smart sustainable
    government roadmap method approach methodology researcher market industrial goal objective
    novel efficient supplier improve European Europe impact knowledge system strategy tool
    increase activism support potential function application future control stakeholder
    general relativity selection combine contribute benefit requirement service structure
    programme reduce exploit organisation consortium enable framework performance
    international challenge enhance national advanced creation competitive long-term concept
    determine problem opportunity promote technique solution facilitate factor fast dynamic
    scientist expert institution activity economy global specific generation edifice
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


@dataclass(frozen=True, slots=True)
class _Word:
    """One word of a text: where it is, as it is looked up, and without accents."""

    start: int
    end: int
    folded: str
    plain: str

    @property
    def of_content(self) -> bool:
        """Whether it says something: no stop word, no number, no single letter."""
        return self.plain not in STOP_WORDS and len(self.plain) > 1 and not self.plain.isdigit()


@dataclass(frozen=True, slots=True)
class _Label:
    """A label of the vocabulary: the forms of its words, and what it stands for."""

    forms: tuple[str, ...]
    group: str
    weight: float


@dataclass(frozen=True, slots=True)
class _Spoken:
    """The stage that words speak of, and how strongly."""

    stage: Stage | None = None
    strength: float = 0.0


@dataclass(frozen=True, slots=True)
class _Sentence:
    """A sentence, or a line of a list, with the cues of its heading or opening line."""

    text: str
    language: str | None
    context: frozenset[str] = frozenset()
    listed: bool = False


@dataclass(frozen=True, slots=True)
class _Piece:
    """Words first..last-1 of a sentence, and the joint before them."""

    first: int
    last: int
    joint: str


@dataclass(frozen=True, slots=True)
class _Clause:
    """What may become a need, with all that speaks for and against it."""

    text: str
    spoken: _Spoken = _Spoken()
    cues: frozenset[str] = frozenset()
    state: str | None = None
    """Whether what it names is lacking or present; None where neither is said."""
    listed: bool = False
    terms: frozenset[str] = frozenset()
    """What it is about: concepts, and the stems of other words of content."""
    specific: float = 0.0
    """How much of that is not generic; a word that is no concept counts half."""

    @property
    def weight(self) -> float:
        """How much the need counts."""
        return _WEIGHTS[self.state]

    @property
    def wants(self) -> bool:
        """Whether it says outright that it is wanted."""
        return self.state == _LACKING or _WANTED in self.cues

    @property
    def asking(self) -> float:
        """How much it looks like something that is asked for."""
        for_it = {_LACKING: 2.0, _PRESENT: 0.75, None: 0.0}[self.state]
        for_it += 1.0 * (_WANTED in self.cues) + min(self.spoken.strength, _STRONG_STAGE)
        for_it += 0.5 * (_HEDGED in self.cues) + 0.5 * self.listed
        told = _TELLING in self.cues and _WANTED not in self.cues and self.state != _LACKING
        idle = _IDLE_AND_WANTED if self.wants else _IDLE_COUNTS
        against = idle * (_IDLE in self.cues) + 1.5 * told
        against += 1.0 * bool(_FIGURES.search(self.text))
        return for_it - against + 0.25 * min(self.specific, 4.0)


class _Vocabulary:
    """The labels of one language by their first word; found in text longest first."""

    def __init__(self, language: str, rows: Iterable[tuple[str, float, str]]) -> None:
        """Take rows of group, weight and label."""
        self.language = language
        self._stages: dict[str, list[_Label]] = {}
        self._cues: dict[str, list[_Label]] = {}
        self._single: dict[str, _Label] = {}
        for group, weight, label in rows:
            self._learn(group, weight, label)
        for known in (self._stages, self._cues):
            for several in known.values():
                several.sort(key=lambda one: -len(one.forms))
        self.compound = lru_cache(maxsize=20_000)(self._compound)

    def _learn(self, group: str, weight: float, label: str) -> None:
        tokens = [
            _GAP if part == _GAP else part for part in label.replace(_GAP, f" {_GAP} ").split()
        ]
        forms: list[str] = []
        for token in tokens:
            words = [_GAP] if token == _GAP else _WORD.findall(token.casefold())
            forms.extend(
                word
                if word == _GAP
                else plain(word)
                if group in _CUES
                else _form(word, self.language)
                for word in words
            )
        one = _Label(tuple(forms), group, weight)
        (self._cues if group in _CUES else self._stages).setdefault(forms[0], []).append(one)
        if len(forms) == 1 and group not in _CUES and len(forms[0]) >= _PARTED:
            self._single.setdefault(forms[0], one)

    def stages_in(self, words: Sequence[_Word]) -> Iterator[_Label]:
        """Yield the labels of stages in their order, no word used twice, with their weights."""
        forms = [_form(word.folded, self.language) for word in words]
        place = 0
        while place < len(forms):
            label = _longest(self._stages.get(forms[place], ()), forms, place)
            if label is None:
                label = self.compound(words[place].folded)
                place += 1
            else:
                place += 1 if _GAP in label.forms else len(label.forms)
            if label is not None:
                yield label

    def cues_in(self, words: Sequence[_Word]) -> Iterator[tuple[int, int, str]]:
        """Yield start, end and group of each cue; the groups are looked up apart."""
        forms = [word.plain for word in words]
        for place, form in enumerate(forms):
            for label in self._cues.get(form, ()):
                if tuple(forms[place : place + len(label.forms)]) == label.forms:
                    yield place, place + len(label.forms), label.group

    def _compound(self, word: str) -> _Label | None:
        """Return the label that a Dutch or German compound ends in, or begins with."""
        if self.language not in _COMPOUNDING or len(word) < _COMPOUND:
            return None
        for cut in range(3, len(word) - _PARTED + 1):
            head = self._single.get(stem(word[cut:], self.language))
            if head is not None:
                return replace(head, weight=head.weight * _HEAD_SHARE)
        for cut in range(len(word) - 3, _PARTED - 1, -1):
            modifier = self._single.get(stem(word[:cut], self.language))
            if modifier is not None:
                return replace(modifier, weight=modifier.weight * _MODIFIER_SHARE)
        return None


def _form(word: str, language: str) -> str:
    """Return the form that a word is looked up by: its stem, or itself, marked as such."""
    return f"={word}" if word in _KEPT.get(language, ()) else stem(word, language)


def _longest(labels: Iterable[_Label], forms: Sequence[str], place: int) -> _Label | None:
    """Return the first, which is the longest, of the labels that stands at a place."""
    for label in labels:
        if _GAP in label.forms:
            first, _, last = label.forms
            if forms[place] == first and last in forms[place + 1 : place + 2 + _WIDEST_GAP]:
                return label
        elif tuple(forms[place : place + len(label.forms)]) == label.forms:
            return label
    return None


@cache
def _vocabulary() -> dict[str, _Vocabulary]:
    """Return the shipped vocabulary of each language."""
    lines = _FILE.read_text(encoding="utf-8").splitlines()
    table = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
    rows = {
        code: [
            (row["stage"], float(row["weight"] or 1.0), label)
            for row in table
            for label in row[code].split("|")
        ]
        for code in LANGUAGES
    }
    return {code: _Vocabulary(code, rows[code]) for code in LANGUAGES}


def stage_of(text: str) -> Stage | None:
    """Return the value-chain stage that a text, a need or an offer, speaks of; None where unclear.

    The language is told from the text; where that can't be done, all four are asked.
    """
    text = unicodedata.normalize("NFC", text)
    return _stage(_words(text), detect_language(text)).stage


def needs_of(brief: str, lexicon: Lexicon, most: int = 12) -> list[Need]:
    """Return what a brief asks for, at most `most` needs in the order of the brief.

    Each need keeps words of the brief and has from 3 to 500 characters. What asks for nothing, such
    as history or who takes part, is left out. A brief of a few words is one need: itself.
    """
    text = unicodedata.normalize("NFC", brief).strip()
    if _is_title(text):
        kept = [_whole(text)]
    else:
        clauses = [clause for one in _sentences(text) for clause in _clauses(one)]
        weighed = [_weighed(clause, lexicon) for clause in clauses[:_MOST_CLAUSES]]
        kept = _merged(_asking(weighed)) or _fallback(text, weighed)
    kept = [one for one in kept if len(one.text) >= _SHORTEST_NEED]
    strongest = sorted(range(len(kept)), key=lambda place: (*_rank(kept[place]), place))
    return [_need(kept[place]) for place in sorted(strongest[: max(most, 0)])]


def _words(text: str) -> list[_Word]:
    """Return the words of a text in their order."""
    found = []
    for match in _WORD.finditer(text):
        folded = match.group().casefold()
        found.append(_Word(match.start(), match.end(), folded, plain(folded)))
    return found


def _stage(words: Sequence[_Word], language: str | None) -> _Spoken:
    """Return the stage of words by the language of their text, then as English."""
    if language is None:
        scored = [_stage_scores(words, code) for code in LANGUAGES]
        scores = max(scored, key=lambda one: max(one.values(), default=0.0))
        return _clearest(scores)
    spoken = _clearest(_stage_scores(words, language))
    return _clearest(_stage_scores(words, "en")) if spoken.stage is None else spoken


def _stage_scores(words: Sequence[_Word], language: str) -> dict[Stage, float]:
    """Return how strongly words speak of each stage; the same label counts once."""
    scores: dict[Stage, float] = {}
    seen: set[tuple[str, ...]] = set()
    share = _FIRST_COUNTS
    for label in _vocabulary()[language].stages_in(words):
        if label.group == "none" or label.forms in seen:
            continue
        seen.add(label.forms)
        stage = Stage(label.group)
        scores[stage] = scores.get(stage, 0.0) + share * label.weight
        share = 1.0
    return scores


def _clearest(scores: dict[Stage, float]) -> _Spoken:
    """Return the stage of the highest score; none where it is low or shared."""
    ranked = sorted(scores.items(), key=lambda item: -item[1])
    if not ranked or ranked[0][1] < _LEAST_STAGE:
        return _Spoken()
    shared = len(ranked) > 1 and ranked[1][1] == ranked[0][1]
    return _Spoken() if shared else _Spoken(*ranked[0])


# From a text to sentences


@dataclass(slots=True)
class _Line:
    """A line of the brief, or several that were wrapped."""

    text: str
    bullet: str = ""
    closed: bool = False
    """Whether an empty line follows."""

    @property
    def bulleted(self) -> bool:
        """Whether it is an item of a list."""
        return bool(self.bullet)

    @property
    def numbered(self) -> bool:
        """Whether it begins as in `3. What we need`."""
        return self.bullet.endswith(".")

    @property
    def heads(self) -> bool:
        """Whether it looks like a heading: short, and no sentence."""
        return len(self.text.split()) <= _HEADING_WORDS and not _CLOSED.search(self.text)

    @property
    def introduces(self) -> bool:
        """Whether a list follows."""
        return self.text.endswith(":")


def _lines(text: str) -> list[_Line]:
    """Return the lines of a text without bullets, wrapped lines joined."""
    lines: list[_Line] = []
    longest = 0
    for raw in text.splitlines():
        bullet = _BULLET.match(raw)
        line = " ".join((raw[bullet.end() :] if bullet else raw).split())
        if not line:
            if lines:
                lines[-1].closed = True
        elif lines and not bullet and _goes_on(lines[-1], line, longest):
            lines[-1].text += f" {line}"
        else:
            lines.append(_Line(line, bullet.group().strip() if bullet else ""))
        longest = len(line)
    return lines


def _goes_on(before: _Line, line: str, length: int) -> bool:
    """Return whether a line is the rest of the one before, which ended in a line of a length."""
    if before.closed or _CLOSED.search(before.text):
        return False
    return line[0].islower() or length >= _WRAPPED or before.text.endswith((",", "-"))


def _sentences(text: str) -> Iterator[_Sentence]:
    """Yield the sentences of a text with what headings and opening lines say of them."""
    language = detect_language(text)
    lines = _lines(text)
    headed: frozenset[str] = frozenset()
    opened: frozenset[str] = frozenset()
    for place, line in enumerate(lines):
        following = lines[place + 1] if place + 1 < len(lines) else None
        if not line.bulleted or line.numbered:
            opened = frozenset()
            if following is not None and _is_heading(line, following):
                if line.introduces and following.bulleted:
                    opened = _context(line.text, language)
                else:
                    headed = _context(line.text, language)
                continue
        cut = _cut(line.text)
        for sentence in cut:
            own = detect_language(sentence) if len(sentence.split()) >= _TITLE_WORDS else None
            context = headed | opened
            yield _Sentence(sentence, own or language, context, line.bulleted)
        if line.introduces and not line.bulleted and cut:
            opened = _context(cut[-1], language)


def _is_heading(line: _Line, following: _Line) -> bool:
    """Return whether a line is a heading of what follows it."""
    if line.numbered:
        return line.heads and not following.numbered
    if line.introduces:
        return len(line.text.split()) <= _HEADING_WORDS
    return line.heads and (line.closed or following.bulleted or not following.heads)


def _context(text: str, language: str | None) -> frozenset[str]:
    """Return which cues hold for what stands under a heading or an opening line."""
    words = _words(text)
    found = {group for _, _, group in _cues(words, language)}
    if _PRESSING in found:
        found.add(_LACKING)
    elif _ABOUT in found and _LACKING not in found:
        found.add(_IDLE)
    return frozenset(found & {_LACKING, _PRESENT, _HEDGED, _IDLE})


def _cut(text: str) -> list[str]:
    """Return the sentences of a line; a full stop after an abbreviation or a number ends none."""
    sentences = []
    start = 0
    for match in _END.finditer(text):
        token = text[start : match.start()].rpartition(" ")[2].lstrip("([\"'“«").casefold()
        short = token in _ABBREVIATIONS or (len(token) == 1 and token.isalpha())
        ordinal = token.isdigit() and len(token) < 3
        if match.group().startswith(".") and (short or ordinal):
            continue
        if match.group(1).islower():
            continue
        sentences.append(text[start : match.end()].strip())
        start = match.end()
    sentences.append(text[start:].strip())
    return [sentence for sentence in sentences if sentence]


# From a sentence to clauses


def _cues(words: Sequence[_Word], language: str | None) -> list[tuple[int, int, str]]:
    """Return start, end and group of each cue in words of a language, or of any where unknown."""
    codes = (language,) if language else LANGUAGES
    return sorted({cue for code in codes for cue in _vocabulary()[code].cues_in(words)})


class _Parsed:
    """A sentence with its words and cues, and how to cut it."""

    def __init__(self, sentence: _Sentence) -> None:
        """Look up the words of a sentence."""
        self.sentence = sentence
        self.words = _words(sentence.text)
        self.cues = _cues(self.words, sentence.language)
        self._content = [0, *accumulate(word.of_content for word in self.words)]
        self._stages: dict[tuple[int, int], _Spoken] = {}

    def substance(self, piece: _Piece) -> int:
        """Return how many words of content a piece has."""
        return self._content[piece.last] - self._content[piece.first]

    def spoken(self, piece: _Piece) -> _Spoken:
        """Return the stage that a piece speaks of, and how strongly."""
        key = (piece.first, piece.last)
        if key not in self._stages:
            words = self.words[piece.first : piece.last]
            self._stages[key] = _stage(words, self.sentence.language)
        return self._stages[key]

    def cues_of(self, piece: _Piece) -> list[tuple[int, int, str]]:
        """Return the cues within a piece."""
        first = bisect_left(self.cues, (piece.first, 0, ""))
        last = bisect_left(self.cues, (piece.last, 0, ""))
        return [one for one in self.cues[first:last] if one[1] <= piece.last]

    def starts_with(self, group: str, piece: _Piece) -> int:
        """Return how many words the longest cue of a group has at the start of a piece, or 0."""
        cues = self.cues_of(replace(piece, last=min(piece.last, piece.first + _LONGEST_CUE)))
        found = (end for start, end, kind in cues if start == piece.first and kind == group)
        return max(found, default=piece.first) - piece.first

    def pieces(self) -> list[_Piece]:
        """Return the smallest stretches between joints; brackets are kept whole."""
        text = _BRACKETS.sub(lambda match: "x" * len(match.group()), self.sentence.text)
        found = []
        start, joint = 0, "start"
        ends = [(match.start(), match.end(), match.lastgroup) for match in _JOINT.finditer(text)]
        starts = [word.start for word in self.words]
        for end, following, kind in [*ends, (len(text), len(text), None)]:
            first, last = bisect_left(starts, start), bisect_left(starts, end)
            if first < last:
                found.append(_Piece(first, last, joint))
                joint = kind or joint
            elif kind in _STRONG:
                joint = kind or joint
            start = following
        return found

    def clauses(self) -> list[_Piece]:
        """Return the pieces put together to clauses of substance."""
        clauses: list[_Piece] = []
        run_on = False
        for piece in self._coordinated(self.pieces()):
            if clauses and not self._stands(clauses[-1], piece, run_on):
                clauses[-1] = replace(clauses[-1], last=piece.last)
                run_on = True
            else:
                clauses.append(piece)
                run_on = False
        return clauses

    def _coordinated(self, pieces: Sequence[_Piece]) -> list[_Piece]:
        """Put single words with what belongs to them: `moulds and fills it`, `a firm, which`."""
        joined: list[_Piece] = []
        for piece in pieces:
            alone = joined and self.substance(joined[-1]) < 2 and piece.joint not in _STRONG
            if alone and (piece.joint == "and" or self._leans(piece)):
                joined[-1] = replace(joined[-1], last=piece.last)
            else:
                joined.append(piece)
        return joined

    def _stands(self, before: _Piece, piece: _Piece, run_on: bool) -> bool:
        """Return whether a piece is a clause apart from the one before it.

        `run_on`: whether that one has a joint already, so that this may be the end of its list.
        """
        least = (self.substance(before), self.substance(piece))
        if piece.joint in _STRONG:
            return min(least) >= 1
        if self._leans(piece) or self._points_back(piece):
            return False
        if piece.joint == "but":
            return min(least) >= 2
        if not run_on and before.joint == "start" and self._leans(before):
            return False
        if self._belongs(before, piece):
            return False
        strength = self._apart(before, piece)
        if min(least) >= 2 and strength >= (1.0 if piece.joint == "comma" else _CLEAR_STAGE):
            return True
        parallel = self._is_parallel(self.trimmed(before), piece)
        ends_list = parallel and (before.joint in _LISTING or strength > 0)
        if piece.joint == "and" and not ends_list and not self.starts_with(_VERB, piece):
            return False
        return not run_on and min(least) >= _LEAST_SUBSTANCE

    def _is_relative(self, piece: _Piece) -> bool:
        """Return whether a German piece is like `der es liefert`: its verb comes last."""
        last = self.words[piece.last - 1]
        ends_in_verb = last.plain.endswith(("t", "n")) and self.sentence.text[last.start].islower()
        return self.words[piece.first].plain in ("der", "die", "das", "den") and ends_in_verb

    def _belongs(self, before: _Piece, piece: _Piece) -> bool:
        """Return whether a joint stands within a phrase.

        That is between adjectives, in `research and development` and in `find and test markers`.
        """
        last = _Piece(before.last - 1, before.last, "and")
        word, language = self.words[last.first].plain, self.sentence.language or ""
        if word in _TWINS and self.words[piece.first].plain in _TWINS:
            return True
        if word.endswith(_ADJECTIVES.get(language, _NO_ENDINGS)):
            return True
        if piece.joint != "and" or language not in _PARTICIPLES:
            return False
        verbal = word.endswith(_PARTICIPLES[language]) or self.starts_with(_VERB, last) > 0
        return verbal and self.spoken(last).strength < _CLEAR_STAGE

    def _is_parallel(self, one: _Piece, other: _Piece) -> bool:
        """Return whether both begin like items of a list: `a dryer, a mill and a packer`."""
        first = (self.words[one.first].plain, self.words[other.first].plain)
        return first[0] in _ARTICLES and first[1] in _ARTICLES

    def _apart(self, one: _Piece, other: _Piece) -> float:
        """Return how strongly two pieces speak of different stages, 0 where of the same."""
        spoken = self.spoken(one), self.spoken(other)
        if spoken[0].stage == spoken[1].stage:
            return 0.0
        return min(spoken[0].strength, spoken[1].strength)

    def _leans(self, piece: _Piece) -> bool:
        """Return whether a piece hangs on what is before it: `which`, `with`, `leading to`."""
        first = self.words[piece.first]
        if self.starts_with(_LEANING, piece) or first.plain in _POSSESSIVES:
            return True
        if self.sentence.language == "de" and self._is_relative(piece):
            return True
        participle = self.sentence.language in _PARTICIPLES and first.plain.endswith(
            _PARTICIPLES[self.sentence.language]
        )
        return participle and self.spoken(piece).strength < _CLEAR_STAGE

    def _points_back(self, piece: _Piece) -> bool:
        """Return whether a piece holds a pronoun for what was named before it."""
        first = self.words[piece.first : min(piece.last, piece.first + _POINTING_WITHIN)]
        return any(word.plain in _POINTING_BACK for word in first)

    def state(self, piece: _Piece) -> tuple[str | None, bool]:
        """Return whether what a piece names is lacking or present, and whether the cue opens it.

        `not available` and `no line exists` mean that it is lacking; `seeks to` means nothing.
        """
        states: dict[str, bool] = {}
        cues = self.cues_of(piece)
        told = any(kind in (_TELLING, _IDLE) for _, _, kind in cues)
        for start, end, kind in cues:
            before = self.words[start - 1].plain if start else ""
            if kind == _PRESSING and not told and before not in _NOT_PRESSING_AFTER:
                judges = self.words[start].plain in _JUDGEMENTS
                kind = kind if judges and piece.first < start < end < piece.last else _LACKING
            following = self.words[end].plain if end < piece.last else ""
            if kind not in (_LACKING, _PRESENT) or (kind == _LACKING and following == "to"):
                continue
            rest = self.words[end : piece.last]
            if kind == _PRESENT and _NEGATION.search(self.text(piece)):
                kind = _LACKING
            opens = start < piece.first + _STATE_WITHIN and any(word.of_content for word in rest)
            states[kind] = states.get(kind, False) or opens
        if _LACKING in states:
            return _LACKING, states[_LACKING]
        if _PRESENT in states and all(kind != _WANTED for _, _, kind in cues):
            return _PRESENT, states[_PRESENT]
        return None, False

    def text(self, piece: _Piece) -> str:
        """Return the words of a piece as they stand in the sentence."""
        start, end = self.words[piece.first].start, self.words[piece.last - 1].end
        text = self.sentence.text
        if start and text[start - 1] in "“„«":
            start -= 1
        while end < len(text) and text[end] in ")]%°\"”»'’+" and text[end : end + 1].strip():
            end += 1
        if start and text[start - 1] in "([" and ")" in text[start:end]:
            start -= 1
        return text[start:end]

    def _is_marker(self, piece: _Piece) -> bool:
        """Return whether a piece begins with the number of an item, as in `2. to test it`."""
        word = self.words[piece.first]
        after = self.sentence.text[word.end : word.end + 2]
        return word.plain.isdigit() and after in (". ", ") ") and piece.last - piece.first > 1

    def trimmed(self, piece: _Piece) -> _Piece:
        """Return a piece without the openings that only say that something is wanted."""
        if self._is_marker(piece):
            piece = replace(piece, first=piece.first + 1)
        while (used := self.starts_with(_OPENING, piece)) and piece.first + used < piece.last:
            shorter = replace(piece, first=piece.first + used)
            follower = self.words[shorter.first].plain
            if not self.substance(shorter) or follower in _COPULAS:
                break
            piece = shorter
        while piece.last - piece.first > 1 and self.words[piece.last - 1].plain in _DANGLING:
            piece = replace(piece, last=piece.last - 1)
        return piece


def _clauses(sentence: _Sentence) -> list[_Clause]:
    """Return the clauses of a sentence with their stage, state and cues."""
    parsed = _Parsed(sentence)
    pieces = parsed.clauses()
    states = _spread(parsed, pieces)
    hedged = any(kind == _HEDGED and start < 3 for start, _, kind in parsed.cues)
    inherited = sentence.context | ({_HEDGED} if hedged else frozenset())
    if sentence.text.endswith("?"):
        inherited |= {_TELLING}
    clauses = []
    idle = {_IDLE} & {kind for _, _, kind in parsed.cues}
    wants: frozenset[str] = frozenset()
    for piece, state in zip(pieces, states, strict=True):
        own = frozenset(kind for _, _, kind in parsed.cues_of(piece))
        wants = own & {_WANTED} or (wants if piece.joint != "but" else frozenset())
        cues = own | inherited | wants
        if not wants and state != _LACKING:
            cues |= idle
        short = parsed.trimmed(piece)
        text = _clipped(parsed.text(short))
        listed = sentence.listed or bool(sentence.context & {_LACKING, _PRESENT, _HEDGED})
        if text:
            clauses.append(_Clause(text, parsed.spoken(short), cues, state, listed))
    return clauses


def _spread(parsed: _Parsed, pieces: Sequence[_Piece]) -> list[str | None]:
    """Return the state of each clause, its own or that of the list that it is an item of.

    `we lack A, B and C` reaches on to what follows, `A, B and C are missing` back to what went
    before, up to a clause that has a state of its own or says what is wanted.
    """
    own = [parsed.state(piece) for piece in pieces]
    wanted = [any(kind == _WANTED for _, _, kind in parsed.cues_of(piece)) for piece in pieces]
    context = parsed.sentence.context
    headed = next((kind for kind in (_LACKING, _PRESENT) if kind in context), None)
    states: list[str | None] = []
    reaching: str | None = None
    for (state, opens), piece, wants in zip(own, pieces, wanted, strict=True):
        if state is not None:
            reaching = state if opens else None
        elif piece.joint == "colon":
            reaching = states[-1] if states else None
        elif piece.joint == "but" or wants:
            reaching = None
        states.append(state or reaching or headed)
    for place in range(len(pieces) - 1, 0, -1):
        state, opens = own[place]
        before = place - 1
        while state and not opens and before >= 0 and own[before][0] is None:
            if wanted[before] or pieces[before + 1].joint in ("but", "semicolon"):
                break
            states[before] = state
            before -= 1
    return states


def _clipped(text: str) -> str:
    """Return a text of at most the longest length, cut between words; empty where it can't be."""
    text = " ".join(text.split())
    if len(text) <= _LONGEST_NEED:
        return text
    return text[: _LONGEST_NEED + 1].rpartition(" ")[0].rstrip(" ,;:-")


# From clauses to needs


def _weighed(clause: _Clause, lexicon: Lexicon) -> _Clause:
    """Return a clause with what it is about."""
    found = lexicon.find(clause.text)
    names = {lexicon.concepts[number].name for number in found.concepts}
    rest = {
        word
        for word in found.rest
        if word not in STOP_WORDS and len(word) > 2 and not word.isdigit()
    }
    specific = len(names - _GENERIC_CONCEPTS) + 0.5 * len(rest - GENERIC_WORDS)
    return replace(
        clause, terms=frozenset(names | {word[:_STEM] for word in rest}), specific=specific
    )


def _asking(clauses: Sequence[_Clause]) -> list[_Clause]:
    """Return the clauses that ask for something of substance.

    Where a brief says often what it wants, what comes before that is background and must ask more.
    """
    wanting = [n for n, one in enumerate(clauses) if one.wants]
    background = wanting[0] if len(wanting) >= _MANY_WANTED else 0
    return [
        one
        for n, one in enumerate(clauses)
        if one.asking >= (_LEAST_BACKGROUND if n < background and not one.state else _LEAST_ASKING)
        and one.specific >= 1.0
    ]


def _merged(clauses: Sequence[_Clause]) -> list[_Clause]:
    """Return clauses without near-duplicates.

    Of two that say the same the more specific wording stays, with the greater weight.
    """
    kept: list[_Clause] = []
    for clause in clauses:
        place = next((n for n, one in enumerate(kept) if _alike(one, clause)), None)
        if place is None:
            kept.append(clause)
            continue
        better = max(kept[place], clause, key=lambda one: (one.specific, len(one.terms)))
        heavier = max(kept[place], clause, key=lambda one: one.weight)
        hedged = kept[place].cues & clause.cues & {_HEDGED}
        kept[place] = replace(better, state=heavier.state, cues=(better.cues - {_HEDGED}) | hedged)
    return kept


def _alike(one: _Clause, other: _Clause) -> bool:
    """Return whether two clauses are about the same."""
    union = len(one.terms | other.terms)
    return bool(union) and len(one.terms & other.terms) / union > _ALIKE


def _fallback(text: str, clauses: Sequence[_Clause]) -> list[_Clause]:
    """Return what to take where no clause asks for anything: a short brief itself, or the best."""
    if len(text.split()) <= _FEW_WORDS:
        return [_whole(text)]
    best = sorted(clauses, key=_rank)[:_FALLBACK]
    return [one for one in clauses if one in best and one.specific >= 1 and _IDLE not in one.cues]


def _is_title(text: str) -> bool:
    """Return whether a brief is only a title or a few words."""
    return len(text.split()) <= _TITLE_WORDS and not re.search(r"[\n,;:]|[.!?]\s", text)


def _whole(text: str) -> _Clause:
    """Return a brief of a few words as one clause."""
    parsed = _Parsed(_Sentence(_clipped(text), detect_language(text)))
    if not parsed.words:
        return _Clause("")
    piece = _Piece(0, len(parsed.words), "start")
    cues = frozenset(kind for _, _, kind in parsed.cues)
    return _Clause(parsed.sentence.text, parsed.spoken(piece), cues, parsed.state(piece)[0])


def _rank(clause: _Clause) -> tuple[float, float]:
    """Return what clauses are sorted by, the most substantial first."""
    return -clause.weight, -clause.asking


def _need(clause: _Clause) -> Need:
    """Return a clause as a need."""
    level = NeedLevel.NICE if _HEDGED in clause.cues else NeedLevel.MUST
    return Need(clause.text, level, clause.weight, clause.spoken.stage)
