"""Finds what a question excludes: partners, offers or fields that aren't wanted.

`geen adviesbureaus` excludes; `zonder PFAS`, `that contains no solvents`, `niet giftig` and `we
have no laboratory` tell more of what is wanted, and stay. The model labels the passages
(`reading`); the rules here tell exclusions from such properties, and find short exclusions that
the model overlooks. Patterns are for folded words, one blank apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from embeddings.stopwords import STOP_WORDS
from embeddings.words import fold
from matcher.needs.extraction.labels import Label
from matcher.needs.extraction.lead_ins import folded_words
from matcher.needs.extraction.pieces import cues_of
from matcher.needs.extraction.reading import passages_of

_NO = r"(?:no|geen|aucune?|kein(?:e[mnrs]?)?|pas d(?:e|es|u)?|ni)"
_NOT = r"(?:not|niet|nicht|pas|non|nor|noch|neither|never|nooit|jamais|nie)"
_NEGATION = rf"(?:{_NO}|{_NOT})"
_EXCEPT = (
    r"(?:except(?: for)?|excluding|behalve|uitgezonderd|sauf|hormis|excepte|ausser|ausgenommen"
    r"|a l exc(?:lus|ept)ion d(?:e|es|u)?|with the exception of"
    r"|met uitzondering van|mit ausnahme von)"
)
_CONTRAST = r"(?:but|maar|mais|aber|sondern|instead|plutot|wel|rather)"
_LEAD_WORDS = (
    "but|and|so|or|maar|en|dus|of|mais|et|donc|ou|aber|und|oder|sondern|please|bitte|aub|svp"
    "|definitely|certainly|surtout|zeker|absoluut|absolument|vooral|liefst|liever|preferably"
    "|rather|lieber|plutot|ideally|ook|aussi|auch|also|auf|graag"
)
_LEAD = rf"(?:(?:{_LEAD_WORDS}) )*"
_SELF = r"(?:we|i|wij|ik|wir|ich|nous|je|on|j)"
_SEEK = (
    r"(?:want|need|require|seek|look|looking|seeking|interested|wish|zoek\w*|willen|wil|wensen"
    r"|hoeven|hoef|cherch\w*|recherch\w*|voul\w*|souhait\w*|besoin|such\w*|brauch\w*|woll\w*"
    r"|mocht\w*|benotig\w*|interess\w*|op zoek|behoefte|nood|bedarf|wunsch\w*)"
)
_WORD = re.compile(r"[^\W_]+")
_BULLETS = "-*•·‣▪◦–—"
_PARTNERS = re.compile(
    r"\b(?:\w*partn\w+|\w*partenair\w+|\w*bedrij[fv]\w*|compan\w+|firms?|firma\w*|firmen"
    r"|entreprises?|\w*unternehmen|\w*consult\w+|\w*adviseurs?|\w*berater\w*|\w*bureaus?|bureaux"
    r"|agen(?:cy|cies|ces?|turen|tur)|\w*universit\w+|\w*hochschule\w*|\w*hogescho\w+|suppliers?"
    r"|\w*leverancier\w*|fournisseurs?|\w*lieferant\w*|\w*handelaar\w*|\w*handler\w*|dealers?"
    r"|traders?|distribut\w+|tussenperso\w+|intermedia\w+|intermediair\w+|vermittler\w*|multinational"
    r"\w*|start ?ups?|vendors?|resellers?|\w*verkopers?|revendeurs?|kmo\w*|pme|kmu|smes?)\b"
)
_CLAUSE_ENDS = re.compile(
    r"(?<=[.!?…;:,])\s+|\s*\n|\s+(?=\()|(?<=\))\s+|\s+[–—-]+\s+"
    r"|\s+(?=(?:but|maar|mais|aber|sondern|except|excluding|behalve|sauf|hormis|außer|"
    r"ausgenommen|uitgezonderd)\b)"
    r"|\s+(?=(?:and|or|nor|en|of|noch|et|ou|ni|und|oder)\s+(?:no|not|geen|niet|pas|keine?|nicht)\b)"
    rf"|\s+(?=(?:without|zonder|sans|ohne)\s+(?:\w+\s+)?{_PARTNERS.pattern})",
    re.IGNORECASE,
)
_NO_EXCLUSION = re.compile(
    rf"\b{_NEGATION} (?:only|just|merely|yet|later|longer|necessarily|so|too|enough|very|always"
    r"|(?:more|less) than|alleen|enkel|slechts|langer|(?:meer|minder) dan|noodzakelijk|per se|zo|te"
    r"|genoeg|altijd|seulement|uniquement|moins|plus d\w*|plus que|encore|forcement"
    r"|necessairement|trop|si|assez|toujours|nur|(?:mehr|weniger) als|unbedingt|zu|genug|immer"
    r"|must|muss|obligation|obligatoire|verplicht|vereiste|requirement"
    r"|problem\w*|probleem|doubt|twijfel|doute|zweifel)\b"
)
"""Negations of a degree: `not only`, `no more than`."""
_HAVE = re.compile(
    r"\b(?:have|has|had|ve|own|there (?:is|are)|hebben|heb|heeft|beschikken|er (?:is|zijn|bestaat)"
    r"|avons|n ai|on a|n a|n y a|disposons|haben|habe|hat|es gibt|verfugen)\b"
)
_WISHED_FOR = re.compile(rf"\b(?:{_SEEK}|use|interest|interet|intention|call)\b")
_WITHOUT = re.compile(
    r"\b(?:without|zonder|sans|ohne|free of|free from|vrij van|frei von|exempte?s? de|with no"
    r"|met geen|mit kein\w*|avec aucune?)\b"
)
_IN_RELATIVE = re.compile(
    rf"\b(?:that|which|who|die|dat|welke|qui|das|der|welche\w*) (?:\w+ ){{0,2}}{_NEGATION}\b"
)
_ADJECTIVES = re.compile(
    rf"^{_LEAD}{_NOT} (?:(?:a|an|too|te|trop|zu) )?"
    r"(?:(?:\w+(?:able|ible|ous|ive|ful|less|bare?[nrs]?|zaam|lijke?|ige?|ische?|ende?s?|ants?"
    r"|eux|euses?|ifs?|iques?|liche?[nrs]?|haft)|toxic|cheap|chere?s?|expensive|duur|teuer|heavy"
    r"|zwaar|schwer|lourde?s?)(?: (?:and|or|en|of|et|ou|und|oder|nor|noch|ni))? ?)+$"
)
"""Only adjectives are denied: `not flammable`, `niet giftig`."""
_CONTENTS = re.compile(
    rf"^{_LEAD}(?:gluten\w* (?:and |en |et |und )?)?{_NEGATION}(?: (?:added|toegevoegde?|any|"
    r"harmful|schadelijke|chemical|chemische|animal|dierlijke|artificial|synthetic|synthetische|"
    r"kunstliche))*"
    r"(?: (?:additi[vf]\w*|additie\w*|zusatz\w*|solvants?|solvents?|oplosmiddel\w*|losungsmittel\w*"
    r"|losemittel\w*|plasti\w+|kunststof\w*|pfas|pesticid\w*|pestizid\w*|antibioti\w*|hormon\w*"
    r"|gluten|lactose|laktose|suger|sugars?|suiker\w*|sucres?|zucker\w*|formaldehyd\w*|isocyanat\w*"
    r"|ftalaten|phthala\w*|weichmacher\w*|weekmaker\w*|plastifiant\w*|chemicals?|chemicalien"
    r"|chemikalien|emissions?|emissies|emissionen|waste|afval|dechets?|abfall\w*|allerge\w*"
    r"|preservatives?|bewaarmiddel\w*|conservateurs?|konservierung\w*|heavy metals?"
    r"|zware metalen|schwermetall\w*|metaux lourds|microplasti\w*|parfums?|fragrances?)"
    r"(?: (?:and|or|en|of|et|ou|und|oder))?)+$"
)
"""What a product is free of: a property of what is wanted. Everyday words of labels, by hand."""
_STRONG = re.compile(
    rf"^{_LEAD}(?:{_EXCEPT}|(?:not|niet|nicht|pas) (?:interested|looking|op zoek|interess\w*)"
    rf"|{_NEGATION}(?! (?:(?:in|tijdens|na|nach|avant|apres|pendant|during|before|after|until|vor"
    r"|voor|bis|tot|of|van|de nos|loin|moi|allzu|zuletzt|me|us|we|ich|besoin d avoir|needed"
    r"|required|nodig|notig) ?)))\b"
)
_SEEKS_NOT = re.compile(
    rf"^{_LEAD}(?:{_SELF} )?(?:ne |n |are |am |do |don |t |zijn |sind )*"
    rf"(?:{_NEGATION} {_SEEK}|{_SEEK} (?:\w+ )?{_NEGATION})\b"
)
_STATES = re.compile(
    r"\b(?:is|are|was|were|will|can|could|does|has|had|works?|kan|kunnen|zijn|wordt|worden|werkt"
    r"|heeft|est|sont|peut|peuvent|fonctionne\w*|ont|ist|sind|wird|werden|kann|konnen|hat|war)\b"
)
_MIN_LEFT = 3
"""Characters of the shortest need."""
_MAX_UNLABELLED_WORDS = 12
"""A longer clause that the model takes for none is no bare exclusion."""


@dataclass(frozen=True, slots=True)
class ExcludedClause:
    """One clause of a passage that says what isn't wanted."""

    start: int
    end: int
    text: str
    subject: str
    """What it says isn't wanted, without negations; may be empty."""


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A passage of a text that says what isn't wanted."""

    start: int
    end: int
    text: str
    """The passage as it is shown, on one line."""
    clauses: tuple[ExcludedClause, ...]

    @property
    def subjects(self) -> tuple[str, ...]:
        """What isn't wanted, clause by clause."""
        return tuple(clause.subject for clause in self.clauses if clause.subject)


@dataclass(frozen=True, slots=True)
class _Clause:
    start: int
    end: int
    words: str
    """Folded, one blank apart."""
    is_labelled: bool
    """Whether the model takes part of it for unwanted."""
    is_heading: bool
    """Whether it says what follows isn't wanted: `Not wanted:`."""
    is_item: bool
    """Whether it is a list item, or goes on with one."""


@lru_cache(maxsize=64)
def _read(text: str) -> tuple[tuple[Exclusion, ...], bool]:
    """Return the exclusions of a text, and whether anything else is left of it."""
    found: list[list[_Clause]] = []
    follows = left = listed = False
    for clause in _clauses_of(text):
        listed = clause.is_heading or (listed and clause.is_item)
        excluded = listed or _excludes(clause, follows=follows)
        if excluded and follows:
            found[-1].append(clause)
        elif excluded:
            found.append([clause])
        left |= not excluded and _has_content(clause.words) and len(clause.words) >= _MIN_LEFT
        follows = excluded
    return tuple(_joined(text, clauses) for clauses in found), left


def exclusions_of(text: str) -> tuple[Exclusion, ...]:
    """Return what a text excludes, in order; nothing where nothing else would be left of it."""
    found, left = _read(text)
    return found if left else ()


def denied_passages(text: str) -> tuple[Exclusion, ...]:
    """Return what a text excludes, in order, even where that is all it says."""
    return _read(text)[0]


def without_exclusions(text: str) -> str:
    """Return a text without what it excludes."""
    parts, start = [], 0
    for exclusion in exclusions_of(text):
        parts.append(text[start : exclusion.start])
        start = exclusion.end
    if not parts:
        return text
    return " ".join(part for part in (*parts, text[start:]) if part.strip()).strip().rstrip(",;")


def _clauses_of(text: str) -> Iterator[_Clause]:
    """Cut a text into clauses; where the model's label changes from or to asked, too."""
    ends = {len(text), *(match.end() for match in _CLAUSE_ENDS.finditer(text))}
    passages = passages_of(text)
    changes = {
        other.start for one, other in pairwise(passages) if Label.ASKED in {one.label, other.label}
    }
    unwanted = [each for each in passages if each.label == Label.NOT_WANTED]
    changes -= ends
    place = start = read = 0
    found: list[str] = []
    says = False
    for end in sorted(ends | changes):
        more = " ".join(folded_words(text[read:end])).replace("-", " ")
        says = says or _has_content(more)
        found += [more] if more else []
        read = end
        if not found or (end in changes and not says):
            continue
        words, found, says = " ".join(found), [], False
        while place < len(unwanted) and unwanted[place].end <= start:
            place += 1
        labelled = place < len(unwanted) and unwanted[place].start < end
        clause = text[start:end].strip()
        heading = clause.endswith(":") and _denies(words) and not _has_content(words)
        before = text[max(start - 2, 0) : start].strip(" ")
        item = clause[0] in _BULLETS or before.endswith((",", ";", ":"))
        yield _Clause(start, end, words, labelled, heading, item)
        start = end


def _excludes(clause: _Clause, *, follows: bool) -> bool:
    """Return whether a clause excludes; `follows` says whether the one before does."""
    words = clause.words
    without = _WITHOUT.match(words)
    if without and _PARTNERS.match(words, without.end() + 1):
        return True
    if not _denies(words):
        begins_anew = re.match(rf"{_CONTRAST}\b", words)
        return clause.is_labelled and follows and not begins_anew
    if _is_property(words):
        return False
    if clause.is_labelled:
        return True
    short = len(words.split()) <= _MAX_UNLABELLED_WORDS
    bare = _STRONG.match(words) and not _STATES.search(words) and _has_content(words)
    return short and bool(bare or _SEEKS_NOT.match(words))


def _denies(words: str) -> bool:
    return "not" in set[str]().union(*cues_of(words.split())) or bool(_STRONG.match(words))


def _is_property(words: str) -> bool:
    """Return whether a clause denies something of what is wanted, or of what there is."""
    if without := _WITHOUT.search(words):
        others = re.search(rf"\b{_NEGATION}\b", words[without.end() :])
        first = re.fullmatch(_LEAD, words[: without.start()])
        return not others and not (first and _PARTNERS.search(words, without.end()))
    if _HAVE.search(words) and not _WISHED_FOR.search(words):
        return True
    return any(
        pattern.search(words) for pattern in (_NO_EXCLUSION, _IN_RELATIVE, _ADJECTIVES, _CONTENTS)
    )


_FUNCTION_WORDS = re.compile(
    rf"(?:{_NEGATION}|{_EXCEPT}|{_SEEK}|{_SELF}|d|t|don|ne|n|are|am|do|does|for|in|at|naar|aan|nach"
    rf"|op|please|bitte|aub|svp|nodig|noodzakelijk|needed|required|wanted|welcome|welkom|gewenst"
    rf"|gefragt|erwunscht|gesucht|{_LEAD_WORDS}|without|zonder|sans|ohne|l|a|exclu\w*|uitgesloten"
    r"|ausgeschlossen|exception|uitzondering|ausnahme|except)"
)


def _subject_of(clause: str) -> str:
    """Return a clause without words of negation and of seeking at its beginning and end."""
    words = list(_WORD.finditer(clause))
    kept = [place for place, word in enumerate(words) if not _is_empty(fold(word.group()))]
    return clause[words[kept[0]].start() : words[kept[-1]].end()] if kept else ""


def _is_empty(word: str) -> bool:
    return word in STOP_WORDS or bool(_FUNCTION_WORDS.fullmatch(word))


def _has_content(words: str) -> bool:
    return not all(_is_empty(word) for word in words.split())


def _joined(text: str, clauses: list[_Clause]) -> Exclusion:
    start, end = clauses[0].start, clauses[-1].end
    return Exclusion(
        start,
        end,
        _one_line(text[start:end]).strip(" .,;:()"),
        tuple(
            ExcludedClause(
                one.start,
                one.end,
                _one_line(text[one.start : one.end]),
                _one_line(_subject_of(text[one.start : one.end])),
            )
            for one in clauses
        ),
    )


def _one_line(text: str) -> str:
    return " ".join(text.split())
