"""What an organisation may state: the one judge for the API, imported files and forms."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import Field, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from matcher.domain import (
    Contact,
    Facet,
    FacetKind,
    Organisation,
    OrganisationType,
    Place,
    SizeClass,
    Stage,
)
from matcher.identifiers import organisation_id
from matcher.validation import (
    MAX_CERTIFICATIONS,
    MAX_COMPETITORS,
    MAX_LANGUAGES,
    MAX_SECTORS,
    MAX_STATEMENTS,
    City,
    ContactName,
    Country,
    Day,
    Email,
    Flag,
    Language,
    Latitude,
    Longitude,
    Name,
    OrganisationId,
    Phone,
    Prose,
    Region,
    ShortName,
    Statement,
    Strict,
    Tag,
    Trl,
    Website,
    folded,
)


class StatementIn(Strict):
    """An offer or a need of an organisation."""

    text: Statement
    stage: Stage | None = None
    trl_min: Trl | None = None
    trl_max: Trl | None = None
    certifications: list[Tag] = Field(default=[], max_length=MAX_CERTIFICATIONS)
    valid_until: Day | None = None

    @model_validator(mode="after")
    def _ordered(self) -> StatementIn:
        if self.trl_min and self.trl_max and self.trl_min > self.trl_max:
            levels = {"least": self.trl_min, "most": self.trl_max, "field": "trl_min"}
            raise PydanticCustomError("trl_order", "trl_min must not be above trl_max", levels)
        return self


class ContactIn(Strict):
    """Private: stored, never given out by the API."""

    name: ContactName | None = None
    email: Email | None = None
    phone: Phone | None = None


class OrganisationIn(Strict):
    """An organisation to be stored. A stored contact and competitors stay where left out."""

    id: OrganisationId | None = Field(
        default=None, description="Made by the service where it is left out."
    )
    name: Name
    type: OrganisationType
    short_name: ShortName | None = None
    size: SizeClass | None = None
    sme: Flag | None = None
    city: City | None = None
    country: Country | None = None
    region: Region | None = None
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    sectors: list[Tag] = Field(default=[], max_length=MAX_SECTORS)
    languages: list[Language] = Field(default=[], max_length=MAX_LANGUAGES)
    website: Website | None = None
    description: Prose | None = None
    contact: ContactIn | None = None
    competitors: list[OrganisationId] = Field(
        default=[],
        max_length=MAX_COMPETITORS,
        description="Never proposed together with it. Private.",
    )
    offers: list[StatementIn] = Field(default=[], max_length=MAX_STATEMENTS)
    needs: list[StatementIn] = Field(default=[], max_length=MAX_STATEMENTS)

    @field_validator("sme")
    @classmethod
    def _of_size(cls, sme: bool | None, info: ValidationInfo) -> bool | None:
        size = info.data.get("size")
        if sme is not None and size is not None and sme is not is_sme(size):
            expected = {"size": size.value, "sme": is_sme(size)}
            raise PydanticCustomError("sme_of_size", "must go with the size {size}", expected)
        return sme

    @model_validator(mode="after")
    def _whole_place(self) -> OrganisationIn:
        if (self.latitude is None) != (self.longitude is None):
            absent = {"field": "latitude" if self.latitude is None else "longitude"}
            problem = "give latitude and longitude, or neither"
            raise PydanticCustomError("half_place", problem, absent)
        return self


def is_sme(size: SizeClass) -> bool:
    """Return whether organisations of a size are small or medium-sized (2003/361/EC)."""
    return size is not SizeClass.LARGE


def organisation_from(body: OrganisationIn, stored_id: str | None = None) -> Organisation:
    """Return the organisation that was stated, under `stored_id`, its own id, or one made here."""
    contact = Contact(**body.contact.model_dump()) if body.contact else Contact()
    contact = Contact(contact.name or None, contact.email, contact.phone or None)
    return Organisation(
        id=stored_id or body.id or organisation_id(body.name, body.country, body.city),
        name=body.name,
        type=body.type,
        short_name=body.short_name or None,
        size=body.size,
        sme=body.sme if body.size is None else is_sme(body.size),
        place=Place(body.city or None, body.country, body.region, body.latitude, body.longitude),
        sectors=tuple(dict.fromkeys(body.sectors)),
        languages=tuple(dict.fromkeys(body.languages)),
        website=body.website,
        description=body.description or None,
        contact=contact if contact != Contact() else None,
        competitors=tuple(dict.fromkeys(body.competitors)),
        offers=_facets(FacetKind.OFFER, body.offers),
        needs=_facets(FacetKind.NEED, body.needs),
    )


def _facets(kind: FacetKind, statements: Iterable[StatementIn]) -> tuple[Facet, ...]:
    """Return statements as facets; of those that differ in case or accents alone, the first."""
    found: dict[str, Facet] = {}
    for statement in statements:
        facet = Facet(
            kind=kind,
            text=statement.text,
            stage=statement.stage,
            trl_min=statement.trl_min,
            trl_max=statement.trl_max,
            certifications=tuple(dict.fromkeys(statement.certifications)),
            valid_until=statement.valid_until,
        )
        found.setdefault(folded(statement.text), facet)
    return tuple(found.values())
