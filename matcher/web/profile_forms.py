"""The forms of a company's own profile, and how they become an organisation."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
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
from wtforms.validators import DataRequired, Length, Optional, Regexp, ValidationError

from matcher.corpus.columns import Corpus
from matcher.domain import (
    Contact,
    Facet,
    FacetKind,
    Organisation,
    OrganisationType,
    SizeClass,
    Stage,
)
from matcher.profiles.profiles import (
    MAX_COMPETITORS,
    ContactFor,
    ProfileError,
    normalise_address,
)
from matcher.web.initiative_forms import MORE_ROWS, SPARE_ROWS, Row, day, organisation_named
from matcher.web.labels import LABELS

MAX_STATEMENTS, MIN_STATEMENT_LENGTH, MAX_STATEMENT_LENGTH = 200, 3, 5_000
MAX_SECTORS, MAX_SECTOR_LENGTH = 50, 100
MAX_DESCRIPTION_LENGTH = 5_000
PREFIX = {FacetKind.OFFER: "offer", FacetKind.NEED: "need"}
"""What the names of a statement's fields begin with."""


def one_line(text: str | None) -> str:
    """Return a text without line breaks, doubled blanks and NUL characters."""
    return " ".join((text or "").replace("\x00", "").split())


def several_lines(text: str | None) -> str:
    """Return a text without NUL characters, its lines ended as everywhere else."""
    return (text or "").replace("\x00", "").replace("\r\n", "\n").strip()


def _code(text: str | None) -> str:
    return one_line(text).upper()


def _web_address(text: str | None) -> str:
    given = one_line(text)
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
        _l("E-mail address"), [DataRequired(), Length(max=320)], render_kw={"autocomplete": "email"}
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
        [DataRequired(), Length(max=300)],
        filters=[one_line],
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
            *(SelectChoice(one.value, LABELS[one]) for one in SizeClass),
        ],
    )
    city = StringField(_l("Town"), [Length(max=200)], filters=[one_line])
    country = StringField(
        _l("Country"),
        [Optional(), Regexp(r"^[A-Z]{2}$", message=_l("Two letters, such as BE."))],
        filters=[_code],
    )
    region = StringField(
        _l("Region (NUTS code)"),
        [Optional(), Regexp(r"^[A-Z]{2}[0-9A-Z]{0,3}$", message=_l("A code such as BE2."))],
        filters=[_code],
    )
    sectors = TextAreaField(_l("Sectors"), [Length(max=6_000)], filters=[several_lines])
    website = StringField(
        _l("Website"),
        [
            Optional(),
            Length(max=500),
            Regexp(r"^https?://[^\s]+$", message=_l("An address such as https://example.org.")),
        ],
        filters=[_web_address],
    )
    description = TextAreaField(
        _l("What you do"), [Length(max=MAX_DESCRIPTION_LENGTH)], filters=[several_lines]
    )
    contact_name = StringField(
        _l("Name of a person or desk"), [Length(max=300)], filters=[one_line]
    )
    contact_email = EmailField(
        _l("E-mail address of the contact"), [Optional(), Length(max=320), email_address]
    )
    contact_phone = StringField(_l("Telephone"), [Length(max=64)], filters=[one_line])
    contact_for = RadioField(
        _l("Who may see the contact"),
        choices=[SelectChoice(one.value, LABELS[one]) for one in ContactFor],
        default=ContactFor.INTRODUCED.value,
    )
    competitors = TextAreaField(_l("Competitors"), [Length(max=20_000)], filters=[several_lines])
    seen = HiddenField()

    @classmethod
    def showing(cls, one: Organisation, contact_for: ContactFor, corpus: Corpus) -> ProfileForm:
        """Return the form filled in with a profile."""
        contact = one.contact or Contact()
        return cls(
            formdata=None,
            name=one.name,
            type=one.type.value,
            size=one.size.value if one.size else "",
            city=one.place.city,
            country=one.place.country,
            region=one.place.region,
            sectors="\n".join(one.sectors),
            website=one.website,
            description=one.description,
            contact_name=contact.name,
            contact_email=contact.email,
            contact_phone=contact.phone,
            contact_for=contact_for.value,
            competitors="\n".join(_names(corpus, one.competitors)),
        )

    def organisation(
        self, rows: dict[FacetKind, list[Row]], corpus: Corpus, old: Organisation | None
    ) -> Organisation | None:
        """Return what the form holds; None with errors where there is something to mend.

        What the form doesn't ask for, such as a short name or TRLs, stays as it was in `old`.
        """
        self.validate()
        offers = _facets(FacetKind.OFFER, rows[FacetKind.OFFER], old.offers if old else ())
        needs = _facets(FacetKind.NEED, rows[FacetKind.NEED], old.needs if old else ())
        sectors, competitors = self._sectors(), self._competitors(corpus, old)
        if self.errors or any(row.errors for several in rows.values() for row in several):
            return None
        base = old or Organisation(id="", name="", type=OrganisationType.OTHER)
        size = SizeClass(self.size.data) if self.size.data else None
        contact = Contact(
            self.contact_name.data or None,
            self.contact_email.data or None,
            self.contact_phone.data or None,
        )
        return replace(
            base,
            name=self.name.data,
            type=OrganisationType(self.type.data),
            size=size,
            sme=size is not SizeClass.LARGE if size else (base.sme if not base.size else None),
            place=self._place(base),
            sectors=tuple(sectors),
            website=self.website.data or None,
            description=self.description.data or None,
            contact=contact if contact != Contact() else None,
            competitors=tuple(competitors),
            offers=offers,
            needs=needs,
        )

    def _place(self, base: Organisation) -> Any:
        city, country = self.city.data or None, self.country.data or None
        place = replace(base.place, city=city, country=country, region=self.region.data or None)
        moved = (city, country) != (base.place.city, base.place.country)
        return replace(place, latitude=None, longitude=None) if moved else place

    def _sectors(self) -> list[str]:
        named = [one_line(one) for one in re.split(r"[\n,;]", self.sectors.data or "")]
        sectors = list(dict.fromkeys(one for one in named if one))
        if len(sectors) > MAX_SECTORS or any(len(one) > MAX_SECTOR_LENGTH for one in sectors):
            said = _("At most %(count)s, of %(length)s characters each.", count=50, length=100)
            self.sectors.errors = [*self.sectors.errors, said]
        return sectors

    def _competitors(self, corpus: Corpus, old: Organisation | None) -> list[str]:
        """Return the ids of the competitors named; those known before may be gone meanwhile."""
        before = set(old.competitors) if old else set()
        found: list[str] = []
        faults: list[str] = []
        lines = [one_line(line) for line in (self.competitors.data or "").split("\n")]
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
        [DataRequired(), Length(max=320), email_address],
        render_kw={"autocomplete": "email"},
    )


def shown_rows(one: Organisation | None) -> dict[FacetKind, list[Row]]:
    """Return the rows of a form that shows offers and needs."""
    given = {FacetKind.OFFER: one.offers if one else (), FacetKind.NEED: one.needs if one else ()}
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
        given = [Row(dict(zip(("text", "stage", "until"), one, strict=True))) for one in whole]
        rows[kind] = [
            row
            for at, row in enumerate(given)
            if str(at) not in gone and several_lines(row.values["text"])
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


def _facets(kind: FacetKind, rows: list[Row], old: Sequence[Facet]) -> tuple[Facet, ...]:
    before = {facet.text: facet for facet in old}
    found: dict[str, Facet] = {}
    for row in rows:
        text = several_lines(row.values["text"])
        stage, until = row.values["stage"], row.values["until"].strip()
        if not MIN_STATEMENT_LENGTH <= len(text) <= MAX_STATEMENT_LENGTH:
            said = _("From %(least)s to %(most)s characters.", least=3, most=MAX_STATEMENT_LENGTH)
            row.errors.append(said)
        if stage not in ["", *Stage]:
            row.errors.append(_("Choose from the list."))
        if until and day(until) is None:
            row.errors.append(_("A day is written as 2027-01-31."))
        if not row.errors:
            facet = before.get(text, Facet(kind, text))
            wanted = Stage(stage) if stage else None
            found[text] = replace(facet, stage=wanted, valid_until=day(until) if until else None)
    if len(rows) > MAX_STATEMENTS:
        rows[-1].errors.append(_("At most %(count)s.", count=MAX_STATEMENTS))
    return tuple(found.values())


def _names(corpus: Corpus, ids: Sequence[str]) -> list[str]:
    """Return names for a form, or the id where a name doesn't tell which one is meant."""
    if not ids:
        return []
    count = Counter(one.name.casefold() for one in corpus.organisations)
    shown = []
    for one in ids:
        row = corpus.row_of_id.get(one)
        name = corpus.organisations[row].name if row is not None else ""
        shown.append(name if count[name.casefold()] == 1 else one)
    return shown
