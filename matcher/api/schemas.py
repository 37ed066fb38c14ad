"""The shapes of the API: what may be sent, what is answered. The OpenAPI document follows them."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from matcher.domain import (
    FacetKind,
    NeedLevel,
    OrganisationType,
    SizeClass,
    Stage,
)
from matcher.initiatives.schema import NeedIn
from matcher.matching.question import MAX_MATCHES, MAX_MEMBERS, MAX_NEEDS, MAX_TEXT_LENGTH
from matcher.parameters import COMPLEMENT_DIAL, SIMILARITY_DIAL
from matcher.validation import (
    CountryCode,
    Latitude,
    Longitude,
    OrganisationId,
    Region,
    Strict,
    Tag,
)

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class NearIn(Strict):
    """A circle around a place."""

    latitude: Latitude
    longitude: Longitude
    radius_km: float = Field(gt=0, le=20_100, allow_inf_nan=False)


class FiltersIn(Strict):
    """Which organisations may be recommended; all that are set must hold."""

    types: list[OrganisationType] = Field(default=[], max_length=8)
    countries: list[CountryCode] = Field(default=[], max_length=50)
    regions: list[Region] = Field(default=[], max_length=50)
    sectors: list[Tag] = Field(default=[], max_length=50)
    stages: list[Stage] = Field(default=[], max_length=9)
    sme_only: bool = False
    near: NearIn | None = None


class QuestionIn(Strict):
    """A question to the recommender: at least text, needs or members."""

    text: str = Field(default="", max_length=MAX_TEXT_LENGTH)
    needs: list[NeedIn] = Field(default=[], max_length=MAX_NEEDS)
    members: list[OrganisationId] = Field(default=[], max_length=MAX_MEMBERS)
    exclude: list[OrganisationId] = Field(default=[], max_length=MAX_MEMBERS)
    unlike: list[OrganisationId] = Field(
        default=[], max_length=50, description="Neither these nor organisations like them."
    )
    filters: FiltersIn = FiltersIn()
    complement: Share = Field(
        default=COMPLEMENT_DIAL,
        description="How much counts what one adds to the members, against how it fits.",
    )
    similarity_penalty: Share = Field(
        default=SIMILARITY_DIAL, description="How far look-alikes of a member go down."
    )
    across_fields: Share = Field(
        default=0.0,
        description="How much partners from other fields who still fit are preferred.",
    )
    limit: int = Field(default=20, ge=1, le=MAX_MATCHES)
    offset: int = Field(default=0, ge=0, le=100_000)


class OrganisationBrief(BaseModel):
    """An organisation in a result list."""

    id: str
    name: str
    type: OrganisationType
    city: str | None
    country: str | None
    region: str | None
    latitude: float | None
    longitude: float | None
    sme: bool | None
    sectors: list[str]


class FacetBrief(BaseModel):
    """The quoted statement or past project."""

    id: int
    kind: FacetKind
    text: str
    language: str | None
    year: int | None
    stage: Stage | None


class Reason(BaseModel):
    """Why an organisation is in the list."""

    need: str | None = Field(description="The need that is answered; null: the text as a whole.")
    probability: float | None = Field(description="That it meets the need; null for other reasons.")
    facet: FacetBrief | None = Field(description="What is quoted; null for a reason by mention.")
    similarity: float | None = Field(
        description="0 to 1; null for a reason by collaboration or mention."
    )
    with_members: list[str] = Field(
        description="Members who took part in that past project; where none are given, those whom "
        "the text mentions."
    )
    mentioned: list[str] = Field(description="Words of its name that the question holds.")


class Variant(BaseModel):
    """Another record of the same organisation, under a name written in another way."""

    id: str
    name: str


class Covered(BaseModel):
    """How far an organisation meets what is needed."""

    alone: float = Field(description="Coverage of the needs by this organisation alone.")
    adds: float = Field(description="Its complement: what it adds to the coverage of the members.")
    with_members: float


class SimilarMember(Variant):
    """A member that an organisation is similar to."""

    similarity: float


class AffiliatedPartner(Variant):
    """A member, or likely partner, of the same house or place as an organisation."""

    words: list[str] = Field(description="Words of name or city that both have, and few others.")


class MetNeed(BaseModel):
    """A need that an organisation states, and the member that meets it."""

    need: FacetBrief
    member: Variant
    offer: FacetBrief
    probability: float


class NeedOut(BaseModel):
    """A need."""

    text: str
    level: NeedLevel
    weight: float
    stage: Stage | None
    due: date | None


class BestOnPage(BaseModel):
    """Who of the results that are shown meets a need best."""

    rank: int
    organisation: Variant
    probability: float
    facet: FacetBrief | None


class NeedCovered(NeedOut):
    """A need, the chance that the members meet it, and who of the results does so best."""

    covered: float
    best: BestOnPage | None


class NeedsTaken(BaseModel):
    """What was taken to be needed."""

    source: Literal["stated", "brief", "members"] = Field(
        description="Stated; or read from the text; or what the members say that they need."
    )
    covered: float = Field(description="Coverage of the needs by the members.")
    items: list[NeedCovered]


class Mix(BaseModel):
    """The mix of partner types: which kinds of organisations there are."""

    count: int
    types: dict[str, int]
    strands: dict[str, int]
    balance: float = Field(description="Entropy over the strands: 0 one kind, 1 an even mix.")
    missing: list[str]


class Mixes(BaseModel):
    """The mix of types of the members and of the results on this page."""

    members: Mix
    results: Mix


class FieldMix(BaseModel):
    """In which fields a group of organisations is."""

    counts: dict[str, int] = Field(description="How many are in each domain, most frequent first.")
    balance: float = Field(description="0: all in one domain; 1: all domains equally frequent.")


class FieldMixes(BaseModel):
    """The mix of fields of the members and of the results on this page."""

    members: FieldMix
    results: FieldMix


class Match(BaseModel):
    """One recommended organisation."""

    rank: int
    organisation: OrganisationBrief
    score: float = Field(description="0 to 1: the sum of the parts.")
    variants: list[Variant] = Field(description="Records that share its votes; one is shown.")
    probability: float | None = Field(
        description="The share of pairs with such a score that did work together, measured on past "
        "projects held out at the index build; null where there was too little history."
    )
    parts: dict[str, float] = Field(
        description="Out of text, coverage, collaboration, affiliation, mention, reciprocity, "
        "complement and across_fields; similarity is negative: what similarity to a member takes "
        "away."
    )
    coverage: Covered | None = Field(description="Null where neither needs nor members are given.")
    similar_members: list[SimilarMember] = Field(description="Members that it is similar to.")
    affiliation: list[AffiliatedPartner] = Field(
        description="Members that share its house or place; where none are given those whom the "
        "text mentions, and the likeliest to take part."
    )
    reciprocity: list[MetNeed] = Field(description="Its own needs that members meet.")
    long_tail: bool = Field(
        description="Whether it comes earlier than by its score, after the fiftieth place, since "
        "it has few past projects (SCHAKEL_LONG_TAIL)."
    )
    reasons: list[Reason]


class Notice(BaseModel):
    """Why a list is empty, or what it was made without."""

    code: Literal["nobody_yet", "nothing_usable", "nothing_allowed", "nothing_found", "model_away"]
    message: str


class Retrieval(BaseModel):
    """How the candidates were found, for whoever looks into an answer."""

    candidates: int = Field(description="How many organisations were scored.")
    found_by: dict[str, int] = Field(
        description="How many each source found: text, needs, collaboration, mention."
    )


class Answer(BaseModel):
    """What the recommender answers."""

    corpus_version: int
    model: str
    cached: bool
    took_ms: float
    total: int
    notices: list[Notice]
    not_understood: list[str]
    needs: NeedsTaken | None
    partner_mix: Mixes | None
    field_mix: FieldMixes | None
    retrieval: Retrieval
    results: list[Match]


class StatementOut(BaseModel):
    """An offer or need as stored."""

    id: int
    kind: FacetKind
    text: str
    language: str | None
    stage: Stage | None
    trl_min: int | None
    trl_max: int | None
    certifications: list[str]
    valid_until: date | None


class OrganisationOut(BaseModel):
    """An organisation as everybody may see it: without its contact."""

    id: str
    name: str
    type: OrganisationType
    short_name: str | None
    size: SizeClass | None
    sme: bool | None
    city: str | None
    country: str | None
    region: str | None
    latitude: float | None
    longitude: float | None
    sectors: list[str]
    languages: list[str]
    website: str | None
    description: str | None
    offers: list[StatementOut]
    needs: list[StatementOut]


class OrganisationPage(BaseModel):
    """One page of organisations by name; offers and needs only on the organisation itself."""

    total: int
    limit: int
    offset: int
    results: list[OrganisationBrief]


class SearchIn(Strict):
    """What to list. `q` is looked for in names, cities, offers and needs."""

    q: str = Field(default="", max_length=200)
    type: OrganisationType | None = None
    country: CountryCode | None = None
    limit: int = Field(default=20, ge=1, le=200)
    offset: int = Field(default=0, ge=0, le=1_000_000)
