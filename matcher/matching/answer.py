"""What the recommender answers: a match list with parts, reasons and notices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Literal

from matcher.corpus.field_mix import FieldMix
from matcher.domain import NeedLevel, Stage
from matcher.messages import Message, say
from matcher.needs.resolve import Source
from matcher.needs.wishes import FilterField
from matcher.parameters import POSSIBLE_FIT, STRONG_FIT
from matcher.presenters import FacetBrief, OrganisationBrief, OrganisationName, PartnerMixBrief

NoticeCode = Literal[
    "nobody_yet",
    "nothing_usable",
    "nothing_allowed",
    "nothing_found",
    "nothing_fits",
    "model_away",
    "cut_short",
]
NOTICES: dict[NoticeCode, Message] = {
    "nothing_usable": say(
        "Nothing in your text could be understood. Describe in a sentence or two what you want to "
        "do and what you need: materials, techniques, products, markets."
    ),
    "nobody_yet": say(
        "No organisation is stored yet, so there is nobody to recommend. A manager can import some."
    ),
    "nothing_allowed": say("No organisation passes your filters. Loosen or remove one of them."),
    "nothing_found": say(
        "No organisation has an offer or a past project that comes near your text."
    ),
    "nothing_fits": say("Nobody here really does this; the nearest are:"),
    "model_away": say(
        "A part of what reads your text doesn't answer at the moment. These partners were found "
        "without it; try again in a minute to find more."
    ),
    "cut_short": say(
        "Time ran out, so only the first partners of this page are shown. Try again in a minute, "
        "or have fewer shown."
    ),
}
"""Why a list is empty, or what it was made without, as a sentence: on pages and in answers."""


class FitLabel(StrEnum):
    """Whether somebody does what is asked, by how probably their best statement meets it."""

    STRONG = "strong"
    """Likelier than not."""
    POSSIBLE = "possible"
    """Worth asking."""
    WEAK = "weak"
    """Something in common, but hardly what is asked."""

    @classmethod
    def of(cls, probability: float) -> FitLabel:
        """Return the label of a probability, on all pages and in all answers."""
        if probability >= STRONG_FIT:
            return cls.STRONG
        return cls.POSSIBLE if probability >= POSSIBLE_FIT else cls.WEAK


@dataclass(frozen=True, slots=True)
class Notice:
    """Why a list is empty, or what it was made without."""

    code: NoticeCode
    message: str
    """In the language asked for."""


class ReasonKind(StrEnum):
    """What a reason goes by."""

    OFFER = "offer"
    """An offer of its own."""
    PROJECT = "project"
    """A past project of its own."""
    COLLABORATION = "collaboration"
    """A past project that it shares with members."""
    MENTION = "mention"
    """The question names it."""
    NEED = "need"
    """A need of its own that a member meets."""
    AFFILIATION = "affiliation"
    """A house or place that it shares with a member."""
    SIMILARITY = "similarity"
    """It is like a member; this counts against it."""
    UNWANTED = "unwanted"
    """It does what is ruled out; this counts against it."""


QUOTED = frozenset(
    {ReasonKind.OFFER, ReasonKind.PROJECT, ReasonKind.COLLABORATION, ReasonKind.MENTION}
)
"""The kinds that put an organisation on the list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why an organisation is on the list, or why it isn't higher."""

    kind: ReasonKind
    """What it goes by. `offer` or `project`: an offer or a past project of its own comes near what
    is asked. `collaboration`: a past project with members; where none are given, with those whom
    the text mentions. `mention`: the question names it. `need`: a member meets a need of its own.
    `affiliation`: it shares a house or place with a member or likely partner. Against it:
    `similarity`, it is like members; `unwanted`, it does what the text rules out."""
    sentence: str = ""
    """The reason as a sentence, in the language asked for. What it quotes is in `facet`."""
    need: str | None = None
    """The need that it is about; null: the question as a whole."""
    probability: float | None = None
    """That the offer or past project meets the need, or else what is asked; of kind `need`, that
    the member's offer meets it. Null for other kinds."""
    facet: FacetBrief | None = None
    """What is quoted: an offer, a past project, or of kind `need` a need of its own. Null for other
    kinds."""
    similarity: float | None = None
    """Of the texts, 0 to 1; null but for `offer` and `project`."""
    with_members: tuple[str, ...] = ()
    """Of kind `collaboration`: members who took part in that past project; where none are given,
    those whom the text mentions."""
    mentioned: tuple[str, ...] = ()
    """Of kind `mention`: words of its name that the question holds."""
    about: tuple[str, ...] = ()
    """Of kind `need`, `affiliation` or `similarity`: names of the others that it is about."""
    shared: tuple[str, ...] = ()
    """Of kind `affiliation`: words of name or place that both have, and few others."""

    @property
    def fit(self) -> FitLabel | None:
        """Whether what is quoted does what is asked, by the probability; None without one."""
        return None if self.probability is None else FitLabel.of(self.probability)

    @property
    def meets(self) -> str | None:
        """The need that the offer or past project may well meet; None where there is none."""
        return None if self.fit in (None, FitLabel.WEAK) else self.need


@dataclass(frozen=True, slots=True)
class CoverageBrief:
    """How far an organisation meets what is needed."""

    alone: float
    """Coverage of the needs by this organisation alone."""
    adds: float
    """Its complement: what it adds to the coverage of the members."""
    with_members: float


@dataclass(frozen=True, slots=True)
class SimilarMember:
    """A member that an organisation is similar to."""

    id: str
    name: str
    similarity: float


@dataclass(frozen=True, slots=True)
class AffiliatedPartner:
    """A member, or likely partner, of the same house or place as an organisation."""

    id: str
    name: str
    words: tuple[str, ...]
    """Words of name or city that both have, and few others."""


@dataclass(frozen=True, slots=True)
class MetNeed:
    """A need that an organisation states, and the member whose offer meets it."""

    need: FacetBrief
    member: OrganisationName
    offer: FacetBrief
    probability: float


@dataclass(frozen=True, slots=True)
class Match:
    """One recommended organisation."""

    rank: int
    organisation: OrganisationBrief
    fit: FitLabel | None
    """Whether it does what is asked: its best offer or past project meets the text or one of the
    needs. Null where a question has neither."""
    fit_probability: float | None
    """The probability behind the label."""
    score: float
    """0 to 1: the sum of the parts."""
    variants: tuple[OrganisationName, ...]
    """Records that share its votes; one is shown."""
    probability: float | None
    """The share of pairs with such a score that did work together, measured on past projects held
    out at the index build; null where there was too little history."""
    parts: Mapping[str, float]
    """Out of text, coverage, collaboration, affiliation, mention, reciprocity, complement and
    across_fields. Negative are similarity, what similarity to a member takes away, and unwanted,
    what is taken from whoever does what isn't wanted rather than what is asked."""
    coverage: CoverageBrief | None
    """Null where neither needs nor members are given."""
    similar_members: tuple[SimilarMember, ...]
    """Members that it is similar to."""
    affiliation: tuple[AffiliatedPartner, ...]
    """Members that share its house or place; where none are given those whom the text mentions, and
    the likeliest to take part."""
    reciprocity: tuple[MetNeed, ...]
    """Its own needs that members meet."""
    long_tail: bool
    """Whether it comes earlier than by its score, after the fiftieth place, since it has few past
    projects (SCHAKEL_LONG_TAIL)."""
    company_place: bool
    """Whether it comes earlier than by its score, among the first ten, so that companies are there
    as often as in past projects like what is asked."""
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class BestMatch:
    """Who of the results that are shown meets a need best."""

    rank: int
    organisation: OrganisationName
    probability: float
    fit: FitLabel
    """Whether it does what is needed, by that probability."""
    facet: FacetBrief | None


@dataclass(frozen=True, slots=True)
class NeedAnswer:
    """A need, how far the members meet it, and who of the results does so best."""

    text: str
    level: NeedLevel
    weight: float
    stage: Stage | None
    due: date | None
    covered: float
    """The probability that the members meet it."""
    best: BestMatch | None
    """Null where nobody on this page may well meet it."""

    @property
    def fit(self) -> FitLabel:
        """How far the members meet it."""
        return FitLabel.of(self.covered)


@dataclass(frozen=True, slots=True)
class NeedsAnswer:
    """What was taken to be needed."""

    source: Source
    """Stated; or read from the text; or what the members say that they need."""
    covered: float
    """Coverage of the needs by the members."""
    items: tuple[NeedAnswer, ...]


@dataclass(frozen=True, slots=True)
class SuggestedFilter:
    """A filter that the text of a question speaks of."""

    field: FilterField
    value: str
    """ISO 3166 code of a country, NUTS code, type of organisation, or `sme`."""
    text: str
    """The words of the question."""
    applied: bool
    """Whether the list is filtered by it. A place that the text excludes is, unless the question
    says `text_filters: false`; others are where the question sets the filter."""
    excludes: bool
    """Whether it leaves out what has that value, rather than all others."""


@dataclass(frozen=True, slots=True)
class PartnerMixes:
    """The mix of types of the members, and of the results on this page."""

    members: PartnerMixBrief
    results: PartnerMixBrief


@dataclass(frozen=True, slots=True)
class FieldMixes:
    """The mix of fields of the members, and of the results on this page."""

    members: FieldMix
    results: FieldMix


@dataclass(frozen=True, slots=True)
class Retrieval:
    """How the candidates were found, for whoever looks into an answer."""

    candidates: int
    """How many organisations were scored."""
    found_by: Mapping[str, int]
    """How many each source found: text, needs, collaboration, mention."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A match list, true of `corpus_version`."""

    corpus_version: int
    model: str
    total: int
    """How many organisations are on the list, of which one page is shown."""
    notices: tuple[Notice, ...]
    not_understood: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    """Passages of the text that say what isn't wanted. They add nothing to the question, and count
    against whoever does that rather than what is asked."""
    suggested_filters: tuple[SuggestedFilter, ...] = ()
    """Filters that the text speaks of, whether they are applied or not."""
    needs: NeedsAnswer | None = None
    partner_mix: PartnerMixes | None = None
    field_mix: FieldMixes | None = None
    retrieval: Retrieval = field(default_factory=lambda: Retrieval(0, {}))
    results: tuple[Match, ...] = ()
    cached: bool = False
    took_ms: float = 0.0

    @property
    def cut_short(self) -> bool:
        """Whether time ran out before the page was complete."""
        return any(notice.code == "cut_short" for notice in self.notices)


def notice(code: NoticeCode) -> Notice:
    """Return a notice by its code."""
    return Notice(code, str(NOTICES[code]))
