"""The forms of a company's own profile, and how they become an organisation."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from pydantic import ValidationError as InvalidModel
from werkzeug.datastructures import MultiDict
from wtforms import (
    BooleanField,
    EmailField,
    HiddenField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length, ValidationError

from matcher.corpus.corpus import Corpus
from matcher.corpus.name_search import find_by_name
from matcher.domain import (
    Contact,
    Facet,
    FacetKind,
    Organisation,
    OrganisationType,
    Place,
    SizeClass,
)
from matcher.organisations.schema import OrganisationIn, organisation_from
from matcher.profiles.profiles import ContactFor, ProfileError, normalise_address
from matcher.validation import (
    MAX_CITY_LENGTH,
    MAX_COMPETITORS,
    MAX_CONTACT_NAME_LENGTH,
    MAX_DESCRIPTION_LENGTH,
    MAX_EMAIL_LENGTH,
    MAX_NAME_LENGTH,
    MAX_PHONE_LENGTH,
    MAX_SECTORS,
    MAX_STATEMENT_LENGTH,
    MAX_STATEMENTS,
    MAX_TAG_LENGTH,
    MAX_WEBSITE_LENGTH,
    MIN_STATEMENT_LENGTH,
    one_line,
    prose,
)
from matcher.validation_errors import FieldError, field_errors
from matcher.web.initiative_forms import MORE_ROWS, SPARE_ROWS, Row, organisation_named
from matcher.web.labels import LABELS
from matcher.web.messages import translated

PREFIX = {FacetKind.OFFER: "offer", FacetKind.NEED: "need"}
"""What the names of a statement's fields begin with."""


_ROW = re.compile(r"(offer|need)s\[(\d+)\]\.?(\w*)")
_FIELDS = {"contact.name": "contact_name", "contact.email": "contact_email"} | {
    "contact.phone": "contact_phone"
}
"""Names of form fields by the path in the schema, where they differ."""
_TEXTS = {
    "country": _l("Two letters, such as BE."),
    "region": _l("A code such as BE2."),
    "website": _l("An address such as https://example.org."),
    "contact_email": _l("That is not an e-mail address."),
    "stage": _l("Choose from the list."),
    "valid_until": _l("A day is written as 2027-01-31."),
}
"""What to put right, by the name of the field; other fields say what the schema says."""


def line_of(text: str | None) -> str:
    """Return what was typed into a field of one line."""
    return one_line((text or "").replace("\x00", ""))


def prose_of(text: str | None) -> str:
    """Return what was typed into a field of several lines."""
    return prose((text or "").replace("\x00", ""))


def _code(text: str | None) -> str:
    return line_of(text).upper()


def _web_address(text: str | None) -> str:
    given = line_of(text)
    return f"https://{given}" if given and "://" not in given else given


def email_address(_form: FlaskForm, field: EmailField) -> None:
    """Let through what can be an e-mail address, in the form it is stored in."""
    try:
        field.data = normalise_address(field.data or "")
    except ProfileError as error:
        raise ValidationError(_("That is not an e-mail address.")) from error


class AddressForm(FlaskForm):  # type: ignore[misc]
    """The address of a profile's owner."""

    email = EmailField(
        _l("E-mail address"),
        [DataRequired(), Length(max=MAX_EMAIL_LENGTH)],
        render_kw={"autocomplete": "email"},
    )


class ButtonForm(FlaskForm):  # type: ignore[misc]
    """Just a button."""


class DeleteForm(FlaskForm):  # type: ignore[misc]
    """Whether somebody is sure."""

    sure = BooleanField(
        _l("Yes, delete the profile and all that is stored with it"), [DataRequired()]
    )


class ProfileForm(FlaskForm):  # type: ignore[misc]
    """All of a profile but its offers and needs, which are rows."""

    name = StringField(
        _l("Name of the organisation"),
        [DataRequired(), Length(max=MAX_NAME_LENGTH)],
        filters=[line_of],
        render_kw={"autocomplete": "organization"},
    )
    type = SelectField(
        _l("Kind of organisation"),
        choices=[SelectChoice(kind.value, LABELS[kind]) for kind in OrganisationType],
    )
    size = SelectField(
        _l("Size"),
        choices=[
            SelectChoice("", _l("Not stated")),
            *(SelectChoice(size.value, LABELS[size]) for size in SizeClass),
        ],
    )
    city = StringField(_l("Town"), [Length(max=MAX_CITY_LENGTH)], filters=[line_of])
    country = StringField(_l("Country"), filters=[_code])
    region = StringField(_l("Region (NUTS code)"), filters=[_code])
    sectors = TextAreaField(_l("Sectors"), [Length(max=6_000)], filters=[prose_of])
    website = StringField(
        _l("Website"),
        [Length(max=MAX_WEBSITE_LENGTH)],
        filters=[_web_address],
    )
    description = TextAreaField(
        _l("What you do"), [Length(max=MAX_DESCRIPTION_LENGTH)], filters=[prose_of]
    )
    contact_name = StringField(
        _l("Name of a person or desk"), [Length(max=MAX_CONTACT_NAME_LENGTH)], filters=[line_of]
    )
    contact_email = EmailField(
        _l("E-mail address of the contact"), [Length(max=MAX_EMAIL_LENGTH)], filters=[line_of]
    )
    contact_phone = StringField(_l("Telephone"), [Length(max=MAX_PHONE_LENGTH)], filters=[line_of])
    contact_for = RadioField(
        _l("Who may see the contact"),
        choices=[SelectChoice(audience.value, LABELS[audience]) for audience in ContactFor],
        default=ContactFor.INTRODUCED.value,
    )
    competitors = TextAreaField(_l("Competitors"), [Length(max=20_000)], filters=[prose_of])
    seen = HiddenField()

    @classmethod
    def showing(
        cls, organisation: Organisation, contact_for: ContactFor, corpus: Corpus
    ) -> ProfileForm:
        """Return the form filled in with a profile."""
        contact = organisation.contact or Contact()
        return cls(
            formdata=None,
            name=organisation.name,
            type=organisation.type.value,
            size=organisation.size.value if organisation.size else "",
            city=organisation.place.city,
            country=organisation.place.country,
            region=organisation.place.region,
            sectors="\n".join(organisation.sectors),
            website=organisation.website,
            description=organisation.description,
            contact_name=contact.name,
            contact_email=contact.email,
            contact_phone=contact.phone,
            contact_for=contact_for.value,
            competitors="\n".join(_names(corpus, organisation.competitors)),
        )

    def organisation(
        self, rows: dict[FacetKind, list[Row]], corpus: Corpus, old: Organisation | None
    ) -> Organisation | None:
        """Return what the form holds; None with errors where there is something to mend.

        What the form doesn't ask for, such as a short name or TRLs, stays as it was in `old`.
        """
        self.validate()
        competitors = self._competitors(corpus, old)
        stated = self._stated(rows)
        if stated is None or self.errors:
            return None
        base = old or Organisation(id="", name="", type=OrganisationType.OTHER)
        return replace(
            base,
            name=stated.name,
            type=stated.type,
            size=stated.size,
            sme=stated.sme if stated.size else (base.sme if not base.size else None),
            place=self._place(base, stated),
            sectors=stated.sectors,
            website=stated.website,
            description=stated.description,
            contact=stated.contact,
            competitors=tuple(competitors),
            offers=_with_unseen(stated.offers, base.offers),
            needs=_with_unseen(stated.needs, base.needs),
        )

    def _stated(self, rows: dict[FacetKind, list[Row]]) -> Organisation | None:
        """Return what the form states; None with errors where the schema refuses it."""
        try:
            return organisation_from(OrganisationIn.model_validate(self._values(rows)))
        except InvalidModel as error:
            for wrong in field_errors(error, OrganisationIn):
                self._show(wrong, rows)
            return None

    def _values(self, rows: dict[FacetKind, list[Row]]) -> dict[str, Any]:
        """Return the fields as the schema takes them; what is empty counts as left out."""
        contact = {
            "name": self.contact_name.data,
            "email": self.contact_email.data or None,
            "phone": self.contact_phone.data,
        }
        sectors = [line_of(sector) for sector in re.split(r"[\n,;]", self.sectors.data or "")]
        statements = {
            f"{prefix}s": [
                {
                    "text": prose_of(row.values["text"]),
                    "stage": row.values["stage"] or None,
                    "valid_until": row.values["until"].strip() or None,
                }
                for row in rows[kind]
            ]
            for kind, prefix in PREFIX.items()
        }
        return {
            "name": self.name.data,
            "type": self.type.data,
            "size": self.size.data or None,
            "city": self.city.data,
            "country": self.country.data or None,
            "region": self.region.data or None,
            "sectors": list(dict.fromkeys(sector for sector in sectors if sector)),
            "website": self.website.data or None,
            "description": self.description.data,
            "contact": contact,
            **statements,
        }

    def _show(self, wrong: FieldError, rows: dict[FacetKind, list[Row]]) -> None:
        """Put an error by its row or field; a field shows one at a time."""
        row = _ROW.fullmatch(wrong.path)
        if row is not None:
            shown = rows[FacetKind(row[1])][int(row[2])]
            shown.errors.append(_row_text(row[3], wrong))
        elif wrong.path in ("offers", "needs"):
            last = rows[FacetKind(wrong.path[:-1])][-1]
            last.errors.append(_("At most %(count)s.", count=MAX_STATEMENTS))
        else:
            path = re.sub(r"\[\d+\]$", "", wrong.path)
            field = self[_FIELDS.get(path, path)]
            if not field.errors:
                field.errors = [_field_text(field.name, wrong)]

    @staticmethod
    def _place(base: Organisation, stated: Organisation) -> Place:
        """Return the place that was stated; coordinates stay where town and country do."""
        before, place = base.place, stated.place
        if (before.city, before.country) != (place.city, place.country):
            return place
        return replace(place, latitude=before.latitude, longitude=before.longitude)

    def _competitors(self, corpus: Corpus, old: Organisation | None) -> list[str]:
        """Return the ids of the competitors named; those known before may be gone meanwhile."""
        before = set(old.competitors) if old else set()
        found: list[str] = []
        faults: list[str] = []
        lines = [line_of(line) for line in (self.competitors.data or "").split("\n")]
        for name in [line for line in dict.fromkeys(lines) if line][: MAX_COMPETITORS + 1]:
            known, said = (name, "") if name in before else organisation_named(corpus, name)
            if known is None:
                faults.append(said)
            elif old is not None and known == old.id:
                faults.append(_("An organisation can't be its own competitor."))
            else:
                found.append(known)
        if len(found) + len(faults) > MAX_COMPETITORS:
            faults.append(_("At most %(count)s competitors.", count=MAX_COMPETITORS))
        if faults:
            self.competitors.errors = [*self.competitors.errors, *faults]
        return list(dict.fromkeys(found))


class NewProfileForm(ProfileForm):
    """A profile and the address of who keeps it."""

    email = EmailField(
        _l("Your e-mail address"),
        [DataRequired(), Length(max=MAX_EMAIL_LENGTH), email_address],
        render_kw={"autocomplete": "email"},
    )


def shown_rows(organisation: Organisation | None) -> dict[FacetKind, list[Row]]:
    """Return the rows of a form that shows offers and needs."""
    given = {
        FacetKind.OFFER: organisation.offers if organisation else (),
        FacetKind.NEED: organisation.needs if organisation else (),
    }
    return {kind: [_row(facet) for facet in facets] for kind, facets in given.items()}


def sent_rows(form: MultiDict[str, str]) -> dict[FacetKind, list[Row]]:
    """Read the rows that were sent; rows without a text, or marked to go, count for nothing."""
    rows = {}
    for kind, prefix in PREFIX.items():
        columns = [
            form.getlist(f"{prefix}_{name}")[: MAX_STATEMENTS + 20]
            for name in ("text", "stage", "until")
        ]
        gone = set(form.getlist(f"{prefix}_remove"))
        whole = zip_longest(*columns, fillvalue="")
        given = [
            Row(dict(zip(("text", "stage", "until"), values, strict=True))) for values in whole
        ]
        rows[kind] = [
            row
            for at, row in enumerate(given)
            if str(at) not in gone and prose_of(row.values["text"])
        ]
    return rows


def with_spare(rows: dict[FacetKind, list[Row]], asked_for: str = "") -> dict[str, list[Row]]:
    """Return the rows by the prefix of their fields, with empty ones after them.

    Those of the prefix `asked_for` get more: somebody without a script pressed "add another".
    """
    empty = {"text": "", "stage": "", "until": ""}
    counts = {kind: MORE_ROWS if PREFIX[kind] == asked_for else SPARE_ROWS for kind in rows}
    return {
        PREFIX[kind]: [*several, *(Row(dict(empty)) for _row in range(counts[kind]))]
        for kind, several in rows.items()
    }


def _row(facet: Facet) -> Row:
    until = facet.valid_until.isoformat() if facet.valid_until else ""
    stage = facet.stage.value if facet.stage else ""
    return Row({"text": facet.text, "stage": stage, "until": until})


def _row_text(name: str, wrong: FieldError) -> str:
    """Return what to put right in a row."""
    if name != "text":
        return str(_TEXTS.get(name) or _field_text(name, wrong))
    return str(
        _(
            "From %(least)s to %(most)s characters.",
            least=MIN_STATEMENT_LENGTH,
            most=MAX_STATEMENT_LENGTH,
        )
    )


def _field_text(name: str, wrong: FieldError) -> str:
    """Return what to put right in a field."""
    if name == "sectors":
        limits = {"count": MAX_SECTORS, "length": MAX_TAG_LENGTH}
        return str(_("At most %(count)s, of %(length)s characters each.", **limits))
    if name in _TEXTS:
        return str(_TEXTS[name])
    return f"{translated(wrong.problem)}: {translated(wrong.expected)}"


def _with_unseen(stated: Sequence[Facet], old: Sequence[Facet]) -> tuple[Facet, ...]:
    """Return statements with what a form doesn't show, such as TRLs, as it was before."""
    before = {facet.text: facet for facet in old}
    return tuple(
        replace(before.get(facet.text, facet), stage=facet.stage, valid_until=facet.valid_until)
        for facet in stated
    )


def _names(corpus: Corpus, ids: Sequence[str]) -> list[str]:
    """Return names for a form, or the id where a name doesn't tell which one is meant."""
    if not ids:
        return []
    shown = []
    for competitor in ids:
        row = corpus.row_of_id.get(competitor)
        name = corpus.names[row] if row is not None else ""
        same = find_by_name(corpus, name)[0]
        shown.append(name if len(same) == 1 else competitor)
    return shown
