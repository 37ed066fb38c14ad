"""The pages that links in mails lead to: a profile confirmed, opened, or given a new address.

A link that is opened changes nothing: its page has a button, because programs follow links too.
"""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from matcher.current import services
from matcher.profiles import actions, drafts, links
from matcher.web import profile_mails as mails
from matcher.web.loading import unusable_link
from matcher.web.profile_forms import AddressForm, ButtonForm
from matcher.web.profile_session import open_profile
from matcher.web.profiles import blueprint


@blueprint.get("/profile/confirm/<token>")
def confirm(token: str) -> ResponseReturnValue:
    """Show what is to be published."""
    draft = drafts.get_by_token(services().store, token)
    if draft is None:
        return _unusable_link()
    return render_template("profiles/confirm.html", form=ButtonForm(), draft=draft)


@blueprint.post("/profile/confirm/<token>")
def confirm_sent(token: str) -> ResponseReturnValue:
    """Publish the draft, or delete it where somebody else made it."""
    if "discard" in request.form:
        if not drafts.discard(services().store, token):
            return _unusable_link()
        flash(_("The profile is deleted."))
        return redirect(url_for("profiles.start"), 303)
    profile = drafts.publish(services().store, token)
    if profile is None:
        return _unusable_link()
    open_profile(profile)
    flash(_("Your profile is published. You can be found from now on."))
    return redirect(url_for("profiles.start"), 303)


@blueprint.get("/profile/link")
def link() -> ResponseReturnValue:
    """Ask for the address."""
    return render_template("profiles/link.html", form=AddressForm(), sent=False)


@blueprint.post("/profile/link")
def link_sent() -> ResponseReturnValue:
    """Send links; the answer doesn't tell whether there is a profile."""
    form = AddressForm()
    if not form.validate():
        return render_template("profiles/link.html", form=form, sent=False), 422
    address, issued = links.issue_links(services().store, form.email.data)
    if issued:
        mails.send(address, *mails.opening(issued))
    else:
        services().mailer.send_nothing()
    return render_template("profiles/link.html", form=form, sent=True)


@blueprint.get("/profile/open/<token>")
def open_link(token: str) -> ResponseReturnValue:
    """Show the button that opens a profile for editing."""
    profile = actions.get_by_link(services().store, token)
    if profile is None:
        return _unusable_link()
    return render_template("profiles/open.html", form=ButtonForm(), profile=profile)


@blueprint.post("/profile/open/<token>")
def open_sent(token: str) -> ResponseReturnValue:
    """Open the profile for editing."""
    profile = actions.open_by_link(services().store, token)
    if profile is None:
        return _unusable_link()
    open_profile(profile)
    return redirect(url_for("profiles.start"), 303)


@blueprint.get("/profile/address/<token>")
def address(token: str) -> ResponseReturnValue:
    """Show a button to confirm a new address."""
    email = links.requested_address(services().store, token)
    if email is None:
        return _unusable_link()
    return render_template("profiles/address.html", form=ButtonForm(), email=email)


@blueprint.post("/profile/address/<token>")
def address_sent(token: str) -> ResponseReturnValue:
    """Make the address the owner's, and mail that to the former one."""
    changed = links.set_new_address(services().store, token)
    if changed is None:
        return _unusable_link()
    profile, former = changed
    mails.send(former, *mails.address_changed())
    open_profile(profile)
    flash(_("Your profile is kept with the new address from now on."))
    return redirect(url_for("profiles.start"), 303)


def _unusable_link() -> ResponseReturnValue:
    return unusable_link(
        _("This link can't be used any more"),
        _("Links work once and for a limited time. Ask for a new one."),
        (url_for("profiles.link"), _("Ask for a new link")),
    )
