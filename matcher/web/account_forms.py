"""The forms of accounts, and what the errors about them are called on pages."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import EmailField, HiddenField, PasswordField, StringField
from wtforms.validators import DataRequired, Length

from matcher.accounts.password_hashing import MIN_PASSWORD_LENGTH

NEW_PASSWORD = {"autocomplete": "new-password", "minlength": str(MIN_PASSWORD_LENGTH)}
ERROR_MESSAGES = {
    "short": _l("A password needs at least 12 characters."),
    "long": _l("A password has at most 200 characters."),
    "simple": _l("That is mostly repetitions or runs such as 1234. Choose something longer."),
    "common": _l("Many people use this password, or one like it. A few words together are safer."),
    "own": _l(
        "That is mostly your own name or address. Choose something that strangers can't know."
    ),
    "wrong": _l("The present password is not right."),
    "email": _l("That is not an e-mail address."),
    "taken": _l("There is an account with this address already."),
    "last": _l("The last administrator has to stay one."),
    "unknown": _l("There is no such account."),
}
"""By the code of an AccountError."""


class SignInForm(FlaskForm):  # type: ignore[misc]
    """Address and password."""

    email = EmailField(
        _l("E-mail address"), [DataRequired(), Length(max=320)], render_kw={"autocomplete": "email"}
    )
    password = PasswordField(
        _l("Password"),
        [DataRequired(), Length(max=1000)],
        render_kw={"autocomplete": "current-password"},
    )
    next = HiddenField()


class ForgottenForm(FlaskForm):  # type: ignore[misc]
    """The address to send a link to."""

    email = EmailField(
        _l("E-mail address"), [DataRequired(), Length(max=320)], render_kw={"autocomplete": "email"}
    )


class NewPasswordForm(FlaskForm):  # type: ignore[misc]
    """A new password."""

    password = PasswordField(
        _l("New password"), [DataRequired(), Length(max=1000)], render_kw=NEW_PASSWORD
    )


class AccountForm(FlaskForm):  # type: ignore[misc]
    """The name of the visitor's own account."""

    name = StringField(
        _l("Name"), [DataRequired(), Length(max=200)], render_kw={"autocomplete": "name"}
    )


class PasswordForm(FlaskForm):  # type: ignore[misc]
    """The present password and a new one."""

    present = PasswordField(
        _l("Present password"),
        [DataRequired(), Length(max=1000)],
        render_kw={"autocomplete": "current-password"},
    )
    password = PasswordField(
        _l("New password"), [DataRequired(), Length(max=1000)], render_kw=NEW_PASSWORD
    )
