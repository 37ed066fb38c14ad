"""What an initiative and its needs may state: the one judge for the API, commands and forms."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Annotated

from pydantic import Field

from matcher.domain import Initiative, Member, Need, NeedLevel, OrganisationType, Stage
from matcher.matching.question import MAX_MEMBERS, MAX_NEEDS, MAX_TEXT_LENGTH
from matcher.validation import Day, Name, NeedText, OrganisationId, Strict


class NeedIn(Strict):
    """Something that is asked for."""

    text: NeedText
    level: NeedLevel = NeedLevel.MUST
    weight: float = Field(default=1.0, gt=0, le=100, allow_inf_nan=False)
    stage: Stage | None = None
    due: Day | None = Field(default=None, description="By when; orders the roadmap.")


class MemberIn(Strict):
    """A member of an initiative."""

    id: OrganisationId
    since: Day | None = None


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


def needs_from(bodies: Iterable[NeedIn]) -> tuple[Need, ...]:
    """Return the needs that were stated, each text once: the last one of it."""
    unique = {body.text: body for body in bodies}
    return tuple(
        Need(body.text, body.level, body.weight, body.stage, body.due) for body in unique.values()
    )


def initiative_from(body: InitiativeIn, initiative_id: str) -> Initiative:
    """Return the initiative that was stated, under this id."""
    members = {member.id: Member(member.id, member.since) for member in body.members}
    return Initiative(
        id=initiative_id,
        name=body.name,
        brief=body.brief.strip(),
        needs=needs_from(body.needs),
        members=tuple(members.values()),
        wanted=tuple((kind, count) for kind, count in body.wanted.items() if count),
        exploratory=body.exploratory,
        open=body.open,
    )


@dataclass(frozen=True, slots=True)
class MemberDocument:
    """A member of an initiative."""

    id: str
    since: date | None


@dataclass(frozen=True, slots=True)
class InitiativeDocument:
    """An initiative as stored; its JSON can be stored again."""

    id: str
    name: str
    brief: str
    needs: tuple[Need, ...]
    members: tuple[MemberDocument, ...]
    wanted: dict[OrganisationType, int]
    exploratory: bool
    open: bool


def document_of(initiative: Initiative) -> InitiativeDocument:
    """Return an initiative as it is shown and stored again."""
    return InitiativeDocument(
        id=initiative.id,
        name=initiative.name,
        brief=initiative.brief,
        needs=initiative.needs,
        members=tuple(
            MemberDocument(member.organisation_id, member.since) for member in initiative.members
        ),
        wanted=dict(initiative.wanted),
        exploratory=initiative.exploratory,
        open=initiative.open,
    )
