"""API keys: making and revoking them."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from flask_wtf import FlaskForm
from wtforms import IntegerField, StringField
from wtforms.validators import DataRequired, Length, NumberRange, Optional

from matcher.accounts import api_keys
from matcher.current import services
from matcher.web.access import me
from matcher.web.administration.blueprint import blueprint, only_administrators


class KeyForm(FlaskForm):  # type: ignore[misc]
    """A new API key."""

    name = StringField(_l("What it is for"), [DataRequired(), Length(max=api_keys.MAX_NAME_LENGTH)])
    scope = StringField(_l("What it may do"), [DataRequired(), Length(max=40)], default="all")
    days = IntegerField(_l("Days that it works"), [Optional(), NumberRange(1, api_keys.MAX_DAYS)])


@blueprint.get("/keys")
@only_administrators
def keys() -> ResponseReturnValue:
    """List the API keys."""
    return _keys(KeyForm())


def _keys(form: KeyForm, made: str | None = None) -> str:
    known = api_keys.list_keys(services().store)
    valid = {row.id for row in known if api_keys.is_valid(row, datetime.now(UTC))}
    return render_template(
        "administration/keys.html", keys=known, valid=valid, form=form, made=made
    )


@blueprint.post("/keys")
@only_administrators
def create_key() -> ResponseReturnValue:
    """Make a key, and show it this once."""
    form = KeyForm()
    if not form.validate():
        return _keys(form), 422
    name = " ".join(form.name.data.split())
    scope, days = form.scope.data.strip().casefold(), form.days.data
    try:
        made = api_keys.create_key(services().store, name, actor=me().actor, scope=scope, days=days)
    except ValueError:  # of a scope: the form sees to the others
        form.scope.errors = [_("Write read, all, or the source whose records it may write.")]
        return _keys(form), 422
    answer = make_response(_keys(KeyForm(formdata=None), made))
    answer.headers["Cache-Control"] = "no-store"
    return answer


@blueprint.post("/keys/revoke")
@only_administrators
def revoke_key() -> ResponseReturnValue:
    """Make all keys of a name useless."""
    count = api_keys.revoke_keys(services().store, request.form.get("name", ""), actor=me().actor)
    flash(ngettext("%(num)s key is revoked.", "%(num)s keys are revoked.", count))
    return redirect(url_for("administration.keys"))
