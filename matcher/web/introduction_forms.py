"""The forms of introductions, and what the errors about them are called on pages."""

from __future__ import annotations

from flask import request
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, EmailField, HiddenField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length, Optional

from matcher.domain import Contact
from matcher.introductions.requests import MAX_MESSAGE_LENGTH
from matcher.introductions.steps import MAX_NOTE_LENGTH
from matcher.validation import MAX_NEED_LENGTH
from matcher.web.profile_forms import email_address

ERROR_MESSAGES = {
    "length": _l("Write from 20 to 3,000 characters."),
    "self": _l("This is your own organisation."),
    "member": _l("You are a member of this initiative already."),
    "many": _l("That is enough for one day. Ask again tomorrow."),
    "open": _l("This has been asked already, and that is still open."),
    "never": _l("This organisation doesn't want to be asked."),
    "unknown": _l("This organisation is gone."),
    "contact": _l("Give an e-mail address or a telephone number."),
    "answered": _l("This was answered or taken back already."),
}
"""By the code of an IntroductionError."""


class RequestForm(FlaskForm):  # type: ignore[misc]
    """What is asked, and who can be reached if the answer is yes."""

    organisation = HiddenField(validators=[Length(max=200)])
    initiative = HiddenField(validators=[Length(max=200)])
    list = HiddenField(validators=[Length(max=64)])
    need = StringField(_l("What need it is about"), [Length(max=MAX_NEED_LENGTH)])
    message = TextAreaField(_l("Your message"), [DataRequired(), Length(max=MAX_MESSAGE_LENGTH)])
    name = StringField(_l("Your name"), [DataRequired(), Length(max=300)])
    email = EmailField(_l("E-mail address"), [DataRequired(), Length(max=320), email_address])
    phone = StringField(_l("Telephone"), [Length(max=64)])

    def contact(self) -> Contact:
        """Return the contact that was sent."""
        return Contact(self.name.data, self.email.data, self.phone.data)


class AnswerForm(FlaskForm):  # type: ignore[misc]
    """Yes or no, and who can be reached."""

    note = TextAreaField(_l("A word to the other side"), [Length(max=MAX_NOTE_LENGTH)])
    name = StringField(_l("Name"), [Length(max=300)])
    email = EmailField(_l("E-mail address"), [Optional(), Length(max=320)])
    phone = StringField(_l("Telephone"), [Length(max=64)])
    never = BooleanField(_l("Don't ask us again"))

    def contact(self) -> Contact:
        """Return the contact that was sent."""
        return Contact(self.name.data, self.email.data, self.phone.data)

    def validate_email(self, field: EmailField) -> None:
        """Check the address on accepting: a wrong one on record must not stop a refusal."""
        if "accept" in request.form:
            email_address(self, field)
