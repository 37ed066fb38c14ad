"""Requests that reached nobody, for an administrator to pass on."""

from __future__ import annotations

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from matcher.current import services
from matcher.introductions import delivery
from matcher.introductions.access import Party
from matcher.web.access import me
from matcher.web.administration.blueprint import blueprint, only_administrators


@blueprint.get("/introductions")
@only_administrators
def introductions() -> ResponseReturnValue:
    """List the requests that reached nobody."""
    return _page()


@blueprint.post("/introductions/<introduction_id>")
@only_administrators
def pass_on(introduction_id: str) -> ResponseReturnValue:
    """Show the link of a request once, to be given to the organisation that was asked."""
    token = delivery.pass_on(services().store, introduction_id, actor=Party(account=me()))
    if token is None:
        flash(_("Nothing was changed: look at its state."))
        return redirect(url_for("administration.introductions"))
    page = url_for("introductions.answer", token=token)
    return _page(services().settings.public_url + page)


def _page(link: str = "") -> ResponseReturnValue:
    waiting = delivery.undelivered(services().store, reader=Party(account=me()))
    page = render_template("administration/introductions.html", waiting=waiting, link=link)
    return page, 200, {"Cache-Control": "no-store"}
