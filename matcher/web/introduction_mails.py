"""The mails about introductions: to the recipient of a request, and to the requester on an answer.

No mail holds a contact: that is shown on the page, to those who may see it.
"""

from __future__ import annotations

import structlog
from flask import url_for
from flask_babel import gettext as _

from matcher.current import services
from matcher.introductions import delivery
from matcher.introductions.access import Party
from matcher.introductions.introductions import Introduction, requester_address
from matcher.organisations import actions as organisations

log = structlog.get_logger()


def party_name(party: Party) -> str:
    """Return what the other side reads at once about who asks."""
    own = None
    if party.organisation_id:
        own = organisations.get(services().store, party.organisation_id)
    return own.name if own else (party.account.name if party.account else "")


def send_request(introduction_id: str) -> None:
    """Have a request mailed to whoever answers it; only that mail holds the link to answer."""
    store = services().store
    found = delivery.delivery_of(store, introduction_id)
    if found is None:
        return
    page = url_for("introductions.show", introduction_id=introduction_id)
    for address in found.addresses:
        if found.to_organisation:
            token = delivery.issue_link(store, introduction_id)
            page = url_for("introductions.answer", token=token)
        text = _(
            "%(who)s would like to get to know %(to)s:\n\n%(message)s\n\n"
            "Read it and accept or decline here. Contacts are only shared if you accept:\n%(link)s",
            who=found.requester,
            to=found.recipient,
            message=found.message,
            link=services().settings.public_url + page,
        )
        mail_id = _send(address, _("Somebody would like to work with you"), text)
        if mail_id:
            delivery.note_mail(store, introduction_id, mail_id)


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


def _send(email: str, subject: str, text: str) -> str:
    """Put a mail into the queue; return its id there, or nothing where it has no right head."""
    try:
        return services().mailer.send(email, subject, text)
    except ValueError:  # a line break in a name that somebody typed
        log.error("no mail about an introduction")
        return ""
