"""Profiles that companies keep themselves: hiding them and showing them again."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from matcher.current import services
from matcher.profiles import moderation as profile_moderation
from matcher.profiles.standing import vouch
from matcher.web.access import me
from matcher.web.administration.blueprint import PAGE, blueprint, only_administrators
from matcher.web.paging import count_pages, page_asked, text_asked


@blueprint.get("/profiles")
@only_administrators
def profiles() -> ResponseReturnValue:
    """List the profiles that companies keep themselves."""
    text = text_asked()
    page = page_asked()
    total, found = profile_moderation.search(
        services().store, text, limit=PAGE, offset=(page - 1) * PAGE
    )
    return render_template(
        "administration/profiles.html",
        found=found,
        total=total,
        q=text,
        page=page,
        pages=count_pages(total, PAGE),
    )


@blueprint.post("/profiles/<organisation_id>")
@only_administrators
def moderate(organisation_id: str) -> ResponseReturnValue:
    """Hide a profile with a reason, show it again, or say whether it is what it says."""
    current, reason = services(), request.form.get("reason", "").strip()
    if "vouch" in request.form or "unvouch" in request.form:
        vouched = "vouch" in request.form
        done = vouch(current.store, organisation_id, actor=me().actor, vouched=vouched)
    elif "show" in request.form:
        done = profile_moderation.show_again(
            current.store, current.mailer, organisation_id, actor=me().actor
        )
    elif not reason:
        flash(_("Say why, so that the company can mend it."))
        return redirect(url_for("administration.profiles"))
    else:
        done = profile_moderation.hide(
            current.store,
            current.mailer,
            organisation_id,
            reason=reason,
            actor=me().actor,
        )
        current.cache.clear()
    flash(_("Stored.") if done else _("Nothing was changed: look at its state."))
    return redirect(url_for("administration.profiles"))
