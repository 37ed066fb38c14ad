"""The nouns of the service as plain dataclasses and enums.

Everything here is free of Flask, of the database and of the vector index; every other layer
speaks in these words.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from matcher.parameters import COMPLEMENT_DIAL, NICE_TO_HAVE, SIMILARITY_DIAL


class OrganisationType(StrEnum):
    """What kind of organisation it is: the strands of the helix."""

    COMPANY = "company"
    RESEARCH_INSTITUTE = "research_institute"
    HIGHER_EDUCATION = "higher_education"
    PUBLIC_BODY = "public_body"
    HOSPITAL = "hospital"
    CLUSTER_ORGANISATION = "cluster_organisation"
    CIVIL_SOCIETY = "civil_society"
    OTHER = "other"


class SizeClass(StrEnum):
    """Size classes of Commission Recommendation 2003/361/EC; all but LARGE are SMEs."""

    MICRO = "micro"
    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"


class FacetKind(StrEnum):
    """What one statement about an organisation is."""

    OFFER = "offer"
    NEED = "need"
    EVIDENCE = "evidence"


class Stage(StrEnum):
    """Value-chain stages, in the order from idea to market."""

    RESEARCH = "research"
    DEVELOPMENT = "development"
    PILOT = "pilot"
    PRODUCTION = "production"
    SUPPLY = "supply"
    MARKET = "market"
    REGULATION = "regulation"
    TRAINING = "training"
    FINANCE = "finance"


class NeedLevel(StrEnum):
    """Whether an initiative can do without."""

    MUST = "must"
    NICE = "nice"


class Role(StrEnum):
    """The part that an organisation had in a past project."""

    COORDINATOR = "coordinator"
    PARTICIPANT = "participant"


@dataclass(frozen=True, slots=True)
class Place:
    """Where an organisation is. Coordinates are WGS 84 degrees; country is ISO 3166 alpha-2."""

    city: str | None = None
    country: str | None = None
    region: str | None = None
    """NUTS code of any level, such as BE2 or BE213."""
    latitude: float | None = None
    longitude: float | None = None


@dataclass(frozen=True, slots=True)
class Contact:
    """A person or desk. Private: never shown to anonymous callers."""

    name: str | None = None
    email: str | None = None
    phone: str | None = None


def embedded_text(title: str | None, text: str) -> str:
    """Return the text that the encoder sees of a facet with this title and text."""
    return f"{title}\n{text}" if title else text


@dataclass(frozen=True, slots=True)
class Facet:
    """One statement, embedded on its own: an offer, a need, or evidence (a past project)."""

    kind: FacetKind
    text: str
    title: str | None = None
    """Evidence only: the project's title; `text` is its description and may be empty."""
    source: str | None = None
    """Evidence only: the identifier that its source gives it, such as `cordis:306321`."""
    language: str | None = None
    stage: Stage | None = None
    trl_min: int | None = None
    trl_max: int | None = None
    certifications: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    """Evidence only: paths such as `/natural sciences/biology` (EuroSciVoc)."""
    valid_until: date | None = None
    year: int | None = None
    id: int | None = None
    """Set by the store; the id of its vector in every index."""

    @property
    def embedded_text(self) -> str:
        """The text that the encoder sees."""
        return embedded_text(self.title, self.text)


SELF_DECLARED, ADMINISTRATOR = "self-declared", "administrator"


@dataclass(frozen=True, slots=True)
class Organisation:
    """An organisation with its own offers and needs. Evidence is shared: see Participation."""

    id: str
    name: str
    type: OrganisationType
    short_name: str | None = None
    size: SizeClass | None = None
    sme: bool | None = None
    """True or False where known; follows from `size` where that is given."""
    place: Place = field(default_factory=Place)
    sectors: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    website: str | None = None
    description: str | None = None
    contact: Contact | None = None
    competitors: tuple[str, ...] = ()
    """Private, as the contact is: ids of organisations that are never proposed together with it."""
    offers: tuple[Facet, ...] = ()
    needs: tuple[Facet, ...] = ()
    standing: str | None = field(default=None, compare=False)
    """Who vouches for a record that its owner keeps: nobody (SELF_DECLARED), an ADMINISTRATOR, or a
    domain, where the owner's address is at that of its website. None for the records of others.
    Saving an organisation leaves it as it is."""

    @property
    def facets(self) -> tuple[Facet, ...]:
        """Offers first, then needs."""
        return self.offers + self.needs

    @property
    def embedded_texts(self) -> list[str]:
        """What the encoder sees of the offers and needs."""
        return [facet.embedded_text for facet in self.facets]


@dataclass(frozen=True, slots=True)
class Participation:
    """One owner of a piece of evidence: who took part, in which role, in which year."""

    organisation_id: str
    role: Role = Role.PARTICIPANT
    year: int | None = None


@dataclass(frozen=True, slots=True)
class Project:
    """A text that several organisations share: one facet (evidence) with several owners."""

    facet: Facet
    participations: tuple[Participation, ...] = ()


@dataclass(frozen=True, slots=True)
class Need:
    """What an initiative, or a question, asks for."""

    text: str
    level: NeedLevel = NeedLevel.MUST
    weight: float = 1.0
    stage: Stage | None = None
    due: date | None = None
    """By when it should be met; puts the needs of one stage in order."""

    @property
    def importance(self) -> float:
        """How much it counts: a must counts twice as much as a nice-to-have."""
        return self.weight * (1.0 if self.level is NeedLevel.MUST else NICE_TO_HAVE)


@dataclass(frozen=True, slots=True)
class Member:
    """An organisation that is in an initiative, and since when."""

    organisation_id: str
    since: date | None = None


@dataclass(frozen=True, slots=True)
class Initiative:
    """A new cluster initiative: a brief, needs, members, the wanted composition."""

    id: str
    name: str
    brief: str
    needs: tuple[Need, ...] = ()
    """Stated or edited by somebody; where there are none, they are read from the brief."""
    members: tuple[Member, ...] = ()
    wanted: tuple[tuple[OrganisationType, int], ...] = ()
    """How many organisations of each type the initiative would like to have."""
    exploratory: bool = False
    """Whether it looks for the new: then partners from other fields are preferred."""
    open: bool = True
    """Whether anybody may read it; one that isn't is for those who sign in or have an API key."""

    @property
    def member_ids(self) -> tuple[str, ...]:
        """The ids of its members."""
        return tuple(member.organisation_id for member in self.members)


@dataclass(frozen=True, slots=True)
class Near:
    """A circle: only organisations whose coordinates lie within it."""

    latitude: float
    longitude: float
    radius_km: float


@dataclass(frozen=True, slots=True)
class Filters:
    """Which organisations may be recommended; empty means any. All that are set must hold."""

    types: tuple[OrganisationType, ...] = ()
    countries: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    """NUTS prefixes: `BE2` holds for an organisation in `BE213`."""
    sectors: tuple[str, ...] = ()
    """Stated sectors, or parts of the topic paths of an organisation's evidence."""
    stages: tuple[Stage, ...] = ()
    """Organisations with an offer in one of these stages."""
    sme_only: bool = False
    near: Near | None = None
    not_countries: tuple[str, ...] = ()
    """Countries where organisations may not be; one whose country is unknown may be recommended."""
    not_regions: tuple[str, ...] = ()
    """NUTS prefixes of regions where organisations may not be."""


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody asks of the recommender."""

    text: str = ""
    needs: tuple[Need, ...] = ()
    members: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    unlike: tuple[str, ...] = ()
    """Neither these nor organisations like them: what came up before and was turned down."""
    filters: Filters = field(default_factory=Filters)
    complement: float = COMPLEMENT_DIAL
    """0 to 1: how much it counts what an organisation adds to the members, against how it fits."""
    similarity_penalty: float = SIMILARITY_DIAL
    """0 to 1: how far look-alikes of a member go down."""
    across_fields: float = 0.0
    """0 to 1: how much partners from other fields who still fit are preferred."""
    limit: int = 20
    offset: int = 0
    text_filters: bool = True
    """Whether places where, by the text, partners shall not be are filtered out."""
