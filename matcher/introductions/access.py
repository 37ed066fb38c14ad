"""Who may see, answer and close an introduction, and how somebody gets to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from sqlalchemy.orm import Session

from matcher.accounts import tokens
from matcher.accounts.accounts import Account, AccountRole
from matcher.store.account_tables import IntroductionRow


class Addressed(Protocol):
    """An introduction, or its row, as far as it says who answers it."""

    @property
    def to_organisation(self) -> str:
        """Empty where the initiative itself was asked."""

    @property
    def state(self) -> str:
        """An IntroductionState."""


@dataclass(frozen=True, slots=True)
class Party:
    """Who asks, reads or answers: an account, or a company under its organisation's id."""

    account: Account | None = None
    organisation_id: str | None = None

    @property
    def actor(self) -> str:
        """The party as the audit log names it."""
        return self.account.actor if self.account else f"company:{self.organisation_id}"

    @property
    def manages(self) -> bool:
        """Whether it is a cluster manager."""
        return self.account is not None and self.account.role.reaches(AccountRole.MANAGER)


@dataclass(frozen=True, slots=True)
class AccessGrant:
    """How the recipient gets to an introduction: by a mailed token, or signed in as a party."""

    token: str = ""
    introduction_id: str = ""
    party: Party | None = None
    visitors: tuple[Party, ...] = ()
    """As whom the holder of the token is signed in: a requester opens nothing with it."""

    def row(self, session: Session) -> IntroductionRow | None:
        """Return the introduction's row; None where this grant opens none."""
        if self.party is None:
            token = tokens.read(session, tokens.INTRODUCTION, self.token)
            found = session.get(IntroductionRow, token.subject) if token else None
            by_requester = found and any(is_requester(found, each) for each in self.visitors)
            return None if by_requester else found
        row = session.get(IntroductionRow, self.introduction_id)
        return row if row is not None and is_recipient(row, self.party) else None

    def actor(self, row: IntroductionRow) -> str:
        """Return the recipient as the audit log names it."""
        return self.party.actor if self.party else f"company:{row.to_organisation}"


def may_see(row: IntroductionRow, party: Party) -> bool:
    """Return whether a party may see an introduction.

    Both sides may, and managers where an account asked or an initiative was asked.
    """
    if party.account is not None:
        for_managers = row.from_account is not None or not row.to_organisation
        return is_requester(row, party) or (party.manages and for_managers)
    own = party.organisation_id
    return own is not None and own in (row.from_organisation, row.to_organisation)


def is_requester(row: IntroductionRow, party: Party) -> bool:
    """Return whether a party is the one that asked."""
    if party.account is not None:
        return row.from_account == party.account.id
    own = party.organisation_id
    return own is not None and row.from_organisation == own


def is_recipient(introduction: Addressed, party: Party) -> bool:
    """Return whether it is for a party to answer: the organisation's, else the managers'."""
    if party.account is not None:
        return not introduction.to_organisation and party.manages
    own = party.organisation_id
    return own is not None and introduction.to_organisation == own


def may_close(introduction: Addressed, party: Party, outcome: str) -> bool:
    """Return whether a party that sees it may close it with an outcome.

    That is for the requester; but that a company joined an initiative, or no longer takes part,
    is for the managers to say.
    """
    if not introduction.to_organisation and outcome != "withdrawn":
        return is_recipient(introduction, party)
    return not is_recipient(introduction, party)


def waits_for(introduction: Addressed, party: Party) -> bool:
    """Return whether a party has to answer it."""
    return introduction.state == "asked" and is_recipient(introduction, party)
