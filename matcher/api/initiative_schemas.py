"""The shapes of the API for initiatives."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from matcher.api.language import LanguageIn
from matcher.api.schemas import (
    FiltersIn,
    NeedOut,
    Share,
)
from matcher.initiatives.advice import FIRST
from matcher.initiatives.schema import NeedIn
from matcher.initiatives.team_request import (
    DEFAULT_SIZE,
    MAX_QUOTAS,
    MAX_SIZE,
    MAX_TEAMS,
)
from matcher.initiatives.team_schema import QuotaIn
from matcher.matching.question import MAX_MEMBERS, MAX_NEEDS, MAX_TEXT_LENGTH
from matcher.parameters import COMPLEMENT_DIAL, SIMILARITY_DIAL
from matcher.validation import Day, OrganisationId, Strict


class BriefIn(Strict):
    """A brief in prose, in Dutch, French, German or English."""

    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3)] = Field(
        max_length=MAX_TEXT_LENGTH
    )


class NeedsOut(BaseModel):
    """Needs."""

    needs: list[NeedOut]


class SinceIn(Strict):
    """Since when an organisation is a member."""

    since: Day | None = None


class NeedsIn(Strict):
    """All needs of an initiative; an empty list: what its brief asks for."""

    needs: list[NeedIn] = Field(max_length=MAX_NEEDS)


class InitiativeBrief(BaseModel):
    """An initiative in a list."""

    id: str
    name: str
    needs: int
    members: int


class InitiativePage(BaseModel):
    """One page of initiatives by name."""

    total: int
    limit: int
    offset: int
    results: list[InitiativeBrief]


class PageIn(Strict):
    """Which page."""

    limit: int = Field(default=20, ge=1, le=200)
    offset: int = Field(default=0, ge=0, le=1_000_000)


class DialsIn(PageIn):
    """Which page of a match list, and where the dials stand."""

    complement: Share = COMPLEMENT_DIAL
    similarity_penalty: Share = SIMILARITY_DIAL
    across_fields: Share | None = Field(
        default=None, description="Left out: as the initiative has it, by being exploratory."
    )


class DialsInLanguage(DialsIn, LanguageIn):
    """The same, and in which language the sentences are."""


class MatchesIn(DialsIn):
    """The same with filters and feedback."""

    exclude: list[OrganisationId] = Field(default=[], max_length=MAX_MEMBERS)
    unlike: list[OrganisationId] = Field(default=[], max_length=50)
    filters: FiltersIn = FiltersIn()


class LineUpIn(Strict):
    """What team is wanted. Members of the initiative are kept and count."""

    size: int = Field(default=DEFAULT_SIZE, ge=1, le=MAX_SIZE)
    quotas: list[QuotaIn] = Field(default=[], max_length=MAX_QUOTAS)
    exclude: list[OrganisationId] = Field(default=[], max_length=MAX_MEMBERS)
    filters: FiltersIn = FiltersIn()
    competing: bool = Field(
        default=False, description="Whether firms that are look-alikes may be in one team."
    )
    teams: int = Field(default=1, ge=1, le=MAX_TEAMS, description="How many different teams.")
    cap: int = Field(default=1, ge=1, le=MAX_TEAMS, description="In how many one may be.")
    exact: bool = Field(default=False, description="Look for the best team, for ten seconds.")


class AdviceIn(Strict):
    """Who wants to be among the first, and how many are the first."""

    organisation: OrganisationId
    first: int = Field(default=FIRST, ge=1, le=100)
