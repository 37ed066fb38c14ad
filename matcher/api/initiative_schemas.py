"""The shapes of the API for initiatives."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints, model_validator

from matcher.api.schemas import (
    FiltersIn,
    NeedOut,
    Share,
)
from matcher.domain import ALIKE_DIAL, COMPLEMENT_DIAL, OrganisationType, SizeClass
from matcher.initiatives.advice import FIRST
from matcher.initiatives.schema import NeedIn
from matcher.initiatives.team_request import (
    DEFAULT_SIZE,
    MAX_QUOTAS,
    MAX_SIZE,
    MAX_TEAMS,
    QuotaKind,
)
from matcher.matching.service import MAX_MEMBERS, MAX_NEEDS, MAX_TEXT_LENGTH
from matcher.validation import Day, OrganisationId, Strict

VALUES = {
    QuotaKind.TYPE: ("|".join(OrganisationType), f"must be one of: {', '.join(OrganisationType)}"),
    QuotaKind.SIZE_CLASS: ("|".join(SizeClass), f"must be one of: {', '.join(SizeClass)}"),
    QuotaKind.COUNTRY: ("[A-Z]{2}", "must be two capital letters, such as BE"),
    QuotaKind.REGION: (
        "[A-Z]{2}[0-9A-Z]{0,3}",
        "must be the beginning of a NUTS code, such as BE2",
    ),
    QuotaKind.SME: ("", "must be left out"),
    QuotaKind.NEWCOMER: ("", "must be left out"),
}
"""What the value of each kind of quota looks like: as a pattern, and in words."""


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


class QuotaIn(Strict):
    """How many organisations of a kind there must be at least and at most."""

    of: QuotaKind
    value: str = Field(
        default="",
        max_length=32,
        description="A type, a size class, a country, the beginning of a NUTS code; "
        "nothing for sme and newcomer (no past project yet).",
    )
    at_least: int = Field(default=0, ge=0, le=MAX_SIZE)
    at_most: int | None = Field(default=None, ge=0, le=MAX_SIZE)

    @model_validator(mode="after")
    def _check(self) -> QuotaIn:
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
