"""The mails to the owners of profiles. No subject holds what somebody typed."""

from __future__ import annotations

import structlog
from flask import url_for
from flask_babel import gettext as _

from matcher.accounts import tokens
from matcher.current import services
from matcher.profiles.links import Link

log = structlog.get_logger()


def send(to: str, subject: str, text: str) -> None:
    """Send a mail."""
    services().mailer.send(to, subject, text)


def confirmation(token: str) -> tuple[str, str]:
    """Ask whether a new profile may be published."""
    text = _(
        "Somebody, probably you, made a profile on Schakel with this address.\n\n"
        "It is published when you confirm it here, within seven days:\n%(address)s\n\n"
        "If it wasn't you, do nothing, or delete it on that page: nobody sees it.",
        address=_link("profiles.confirm", token),
    )
    return _("Confirm your profile on Schakel"), text


def opening(links: list[Link]) -> tuple[str, str]:
    """Give links to the profiles of an address."""
    lines = []
    for link in links:
        draft = link.purpose == tokens.CONFIRM_PROFILE
        name = _("A profile that waits to be confirmed") if draft else link.name
        page = "profiles.confirm" if draft else "profiles.open_link"
        lines.append(f"{name}:\n{_link(page, link.token)}")
    text = _(
        "Somebody, probably you, asked for a link to your profile on Schakel. A link to change it "
        "works once, within an hour.\n\n%(links)s\n\n"
        "If it wasn't you, do nothing.",
        links="\n\n".join(lines),
    )
    return _("Your profile on Schakel"), text


def new_address(token: str) -> tuple[str, str]:
    """Ask whether an address is to be an owner's."""
    text = _(
        "Somebody, probably you, wants to keep a profile on Schakel with this address.\n\n"
        "Confirm it here, within a day:\n%(address)s\n\n"
        "If it wasn't you, do nothing.",
        address=_link("profiles.address", token),
    )
    return _("Confirm your new address for Schakel"), text


def address_changed() -> tuple[str, str]:
    """Write to an owner's former address that it no longer counts."""
    text = _(
        "Your profile on Schakel is kept with another address from now on. Links that were sent to "
        "this address don't work any more.\n\n"
        "If you don't know of this, tell whoever runs the service at once."
    )
    return _("Your profile on Schakel has a new address"), text


def deleted(name: str) -> tuple[str, str]:
    """Confirm that a profile is deleted."""
    text = _(
        "The profile of %(name)s on Schakel and all that was stored with it is deleted.", name=name
    )
    return _("Your profile on Schakel is deleted"), text


def _link(page: str, token: str) -> str:
    return str(services().settings.public_url + url_for(page, token=token))
