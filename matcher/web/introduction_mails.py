"""The mails about introductions: to the recipient of a request, and to the requester on an answer.

No mail holds a contact: that is shown on the page, to those who may see it.
"""

from __future__ import annotations

import structlog
from flask import url_for
from flask_babel import gettext as _

from matcher.current import services
from matcher.introductions.access import Party
from matcher.introductions.introductions import Introduction, requester_address
from matcher.introductions.requests import IntroductionRequest
from matcher.organisations import actions as organisations
from matcher.store.initiatives import get_initiative

log = structlog.get_logger()


def party_name(party: Party) -> str:
    """Return what the other side reads at once about who asks."""
    own = None
    if party.organisation_id:
        own = organisations.get(services().store, party.organisation_id)
    return own.name if own else (party.account.name if party.account else "")


def send_request(email: str, requester: Party, request: IntroductionRequest, link: str) -> bool:
    """Mail a request to who answers it; return whether the mail server took it."""
    store = services().store
    organisation = organisations.get(store, request.to_organisation)
    initiative = get_initiative(store, request.initiative_id) if request.initiative_id else None
    name = party_name(requester)
    for_initiative = f"{name} ({initiative.name})" if initiative and organisation else name
    recipient = organisation or initiative
    text = _(
        "%(who)s would like to get to know %(to)s:\n\n%(message)s\n\n"
        "Read it and accept or decline here. Contacts are only shared if you accept:\n%(link)s",
        who=for_initiative,
        to=recipient.name if recipient else "",
        message=request.message.strip(),
        link=link,
    )
    return _send(email, _("Somebody would like to work with you"), text)


def announce_answer(introduction: Introduction) -> None:
    """Mail the requester that there is an answer; what it is stands on the page."""
    address = requester_address(services().store, introduction.id)
    if not address:
        return
    page = url_for("introductions.show", introduction_id=introduction.id)
    text = _(
        "%(to)s has answered your request. Read it here:\n%(link)s",
        to=introduction.to_name,
        link=services().settings.public_url + page,
    )
    _send(address, _("%(to)s has answered", to=introduction.to_name[:80]), text)


def _send(email: str, subject: str, text: str) -> bool:
    try:
        services().mailer.send(email, subject, text)
    except ValueError:  # a line break in a name that somebody typed
        log.error("no mail about an introduction")
        return False
    return True
