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
from matcher.presenters import OrganisationBrief
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
    not_countries: list[CountryCode] = Field(default=[], max_length=50)
    not_regions: list[Region] = Field(default=[], max_length=50)
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
    text_filters: bool = Field(
        default=True,
        description="Whether places that the text excludes, as in `not from Italy`, are filtered "
        "out.",
    )
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


class NeedOut(BaseModel):
    """A need."""

    text: str
    level: NeedLevel
    weight: float
    stage: Stage | None
    due: date | None


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
    standing: Literal["self-declared", "confirmed"] | None
    confirmed_by: str | None
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
