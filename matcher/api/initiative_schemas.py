"""The shapes of the API for initiatives."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints, model_validator

from matcher.api.schemas import (
    FacetBrief,
    FiltersIn,
    Mix,
    NeedIn,
    NeedOut,
    OrganisationBrief,
    OrganisationId,
    Share,
    Strict,
    Variant,
)
from matcher.domain import ALIKE_DIAL, COMPLEMENT_DIAL, OrganisationType, SizeClass, Stage
from matcher.initiatives.team import MAX_QUOTAS, MAX_SIZE, MAX_TEAMS, Of
from matcher.matching.service import MAX_MEMBERS, MAX_NEEDS, MAX_TEXT_LENGTH

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]
VALUES = {
    Of.TYPE: ("|".join(OrganisationType), f"must be one of: {', '.join(OrganisationType)}"),
    Of.SIZE_CLASS: ("|".join(SizeClass), f"must be one of: {', '.join(SizeClass)}"),
    Of.COUNTRY: ("[A-Z]{2}", "must be two capital letters, such as BE"),
    Of.REGION: ("[A-Z]{2}[0-9A-Z]{0,3}", "must be the beginning of a NUTS code, such as BE2"),
    Of.SME: ("", "must be left out"),
    Of.NEWCOMER: ("", "must be left out"),
}
"""What the value of each kind of quota looks like: as a pattern, and in words."""
Status = Literal["covered", "perhaps", "missing"]
Source = Literal["stated", "brief", "members"]


class BriefIn(Strict):
    """A brief in prose, in Dutch, French, German or English."""

    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3)] = Field(
        max_length=MAX_TEXT_LENGTH
    )


class NeedsOut(BaseModel):
    """Needs."""

    needs: list[NeedOut]


class MemberIn(Strict):
    """A member of an initiative."""

    id: OrganisationId
    since: date | None = None


class SinceIn(Strict):
    """Since when an organisation is a member."""

    since: date | None = None


class NeedsIn(Strict):
    """All needs of an initiative; an empty list: what its brief asks for."""

    needs: list[NeedIn] = Field(max_length=MAX_NEEDS)


class InitiativeIn(Strict):
    """An initiative to be stored."""

    id: OrganisationId | None = Field(
        default=None, description="Made by the service where it is left out."
    )
    name: Name
    brief: str = Field(default="", max_length=MAX_TEXT_LENGTH)
    needs: list[NeedIn] = Field(
        default=[], max_length=MAX_NEEDS, description="Empty: they are read from the brief."
    )
    members: list[MemberIn] = Field(default=[], max_length=MAX_MEMBERS)
    wanted: dict[OrganisationType, Annotated[int, Field(ge=0, le=1000)]] = Field(
        default={}, description="How many organisations of each type it would like to have."
    )
    exploratory: bool = Field(
        default=False, description="Looks for the new: partners from further fields fit better."
    )
    open: bool = Field(
        default=True, description="Whether anybody may read it; else only who has an API key."
    )


class MemberOut(BaseModel):
    """A member of an initiative."""

    id: str
    since: date | None


class InitiativeOut(BaseModel):
    """An initiative as stored."""

    id: str
    name: str
    brief: str
    needs: list[NeedOut]
    members: list[MemberOut]
    wanted: dict[str, int]
    exploratory: bool
    open: bool


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
    """Which page of a match list, and how complement and likeness count."""

    complement: Share = COMPLEMENT_DIAL
    alike: Share = ALIKE_DIAL


class MatchesIn(DialsIn):
    """The same with filters and feedback."""

    exclude: list[OrganisationId] = Field(default=[], max_length=MAX_MEMBERS)
    unlike: list[OrganisationId] = Field(default=[], max_length=50)
    filters: FiltersIn = FiltersIn()


class Initiative(BaseModel):
    """Which initiative an answer is about."""

    id: str
    name: str


class Brings(BaseModel):
    """Who meets a need, how surely, and with which offer or past project."""

    organisation: OrganisationBrief
    probability: float
    offer: FacetBrief | None


class NeedStanding(NeedOut):
    """A need: who of the members covers it, and who of the others could."""

    share: float = Field(description="Of the weight of all needs.")
    probability: float = Field(description="That the members meet it.")
    status: Status
    covered_by: list[Brings]
    coverable: Status = Field(description="By the others; missing: nobody known could cover it.")
    could_be_covered_by: list[Brings]


class StageStanding(BaseModel):
    """A stage from idea to market."""

    stage: Stage
    needs: int
    missing: list[str]
    covered: float | None
    status: Status | None
    members: list[Variant] = Field(description="Members with an offer in this stage.")


class Proposal(Brings):
    """Who would fill a missing link."""

    need: str


class MissingLink(BaseModel):
    """A stage at which the chain from idea to market breaks."""

    stage: Stage
    because: Literal["needs_missing", "nobody_active"]
    needs: list[str]
    proposals: list[Proposal]


class CoverageNow(BaseModel):
    """Coverage of all needs, 0 to 1."""

    members: float
    reachable: float = Field(description="By members and everybody who may be proposed.")


class TypeWanted(BaseModel):
    """A type that is wanted."""

    type: OrganisationType
    wanted: int
    members: int


class MemberMix(BaseModel):
    """The mix of the members, and what is wanted."""

    members: Mix
    wanted: list[TypeWanted]


class About(BaseModel):
    """What every answer about an initiative begins with."""

    initiative: Initiative
    corpus_version: int
    source: Source = Field(description="Where the needs come from.")
    cached: bool


class Gaps(About):
    """The gap report."""

    coverage: CoverageNow
    needs: list[NeedStanding]
    stages: list[StageStanding]
    missing_links: list[MissingLink]
    partner_mix: MemberMix


class StepBrings(Brings):
    """Who covers a need, and since when: the day it joined, or the year of the past project."""

    since: str | None


class Step(NeedStanding):
    """A need on the way from idea to market."""

    covered_by: list[StepBrings]  # type: ignore[assignment]


class Roadmap(About):
    """The needs in the order of idea to market."""

    done: int
    steps: list[Step]
    next_missing: Step | None


class QuotaIn(Strict):
    """How many organisations of a kind there must be at least and at most."""

    of: Of
    value: str = Field(
        default="",
        max_length=32,
        description="A type, a size class, a country, the beginning of a NUTS code; "
        "nothing for sme and newcomer (no past project yet).",
    )
    at_least: int = Field(default=0, ge=0, le=MAX_SIZE)
    at_most: int | None = Field(default=None, ge=0, le=MAX_SIZE)

    @model_validator(mode="after")
    def _meant(self) -> QuotaIn:
        if not self.at_least and self.at_most is None:
            raise ValueError("give at_least, at_most or both")
        if self.at_most is not None and self.at_least > self.at_most:
            raise ValueError("at_least must not be above at_most")
        pattern, words = VALUES[self.of]
        if not re.fullmatch(pattern, self.value):
            raise ValueError(f"value of {self.of} {words}")
        return self


class LineUpIn(Strict):
    """What team is wanted. Members of the initiative are kept and count."""

    size: int = Field(default=12, ge=1, le=MAX_SIZE)
    quotas: list[QuotaIn] = Field(default=[], max_length=MAX_QUOTAS)
    exclude: list[OrganisationId] = Field(default=[], max_length=MAX_MEMBERS)
    filters: FiltersIn = FiltersIn()
    competing: bool = Field(
        default=False, description="Whether firms that are look-alikes may be in one team."
    )
    teams: int = Field(default=1, ge=1, le=MAX_TEAMS, description="How many different teams.")
    cap: int = Field(default=1, ge=1, le=MAX_TEAMS, description="In how many one may be.")
    exact: bool = Field(default=False, description="Look for the best team, for ten seconds.")


class NeedMet(BaseModel):
    """A need that an organisation meets."""

    need: str
    probability: float
    best_in_team: bool
    offer: FacetBrief


class Pick(BaseModel):
    """One of a team, and why."""

    organisation: OrganisationBrief
    member: bool
    adds: float = Field(description="The coverage it added when it was chosen.")
    meets: list[NeedMet]


class TeamNeed(NeedOut):
    """A need and who of the team meets it best."""

    probability: float
    status: Status
    by: Variant | None


class Team(BaseModel):
    """A team."""

    coverage: float
    best_possible: float = Field(description="No team within the quotas covers more than this.")
    exact: bool = Field(description="Whether it is proven to be the best.")
    partner_mix: Mix
    picks: list[Pick]
    needs: list[TeamNeed]


class QuotaOut(BaseModel):
    """A quota, how many the first team has, and what it costs."""

    label: str
    count: int
    at_least: int
    at_most: int | None
    cost: float = Field(description="How much more would be covered without it.")


class LineUpAnswer(About):
    """Teams for an initiative."""

    members_cover: float
    quotas: list[QuotaOut]
    cost_of_no_rivals: float
    teams: list[Team]


class AdviceIn(Strict):
    """Who wants to be among the first, and how many are the first."""

    organisation: OrganisationId
    first: int = Field(default=10, ge=1, le=100)


class Addition(BaseModel):
    """A statement to add, and the place in the list with it."""

    offer: NeedOut
    rank: int | None


class MeetsNow(BaseModel):
    """A need that an organisation meets already."""

    need: str
    probability: float
    status: Status


class Advice(BaseModel):
    """What would bring an organisation among the first partners."""

    initiative: Initiative
    organisation: Variant
    corpus_version: int
    first: int
    rank: int | None
    add: list[Addition]
    rank_then: int | None
    reached: bool
    meets_now: list[MeetsNow]
    cached: bool
