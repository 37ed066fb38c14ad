"""The data of organisations and facets that ranking uses, and how rows of the store become it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from embeddings.language import detect_language
from embeddings.subjects import Subjects
from embeddings.word_match import compared_words
from matcher.domain import FacetKind, OrganisationType, Place, SizeClass, Stage
from matcher.store.tables import FacetRow, OrganisationRow


@dataclass(frozen=True, slots=True)
class SubjectNumbers:
    """What a facet speaks of, by the numbers of domains and challenges."""

    domains: tuple[int, ...] = ()
    challenges: tuple[int, ...] = ()


NO_SUBJECTS = SubjectNumbers()


@dataclass(frozen=True, slots=True)
class OrganisationRecord:
    """The data of an organisation that ranking and result lists use."""

    key: int
    id: str
    name: str
    type: OrganisationType
    place: Place
    sme: bool | None
    sectors: tuple[str, ...]
    size: SizeClass | None = None
    competitors: tuple[str, ...] = ()
    short_name: str | None = None
    standing: str | None = None
    """See `Organisation.standing`."""


@dataclass(frozen=True, slots=True)
class FacetRecord:
    """The data of a facet that ranking uses; its text stays in the store."""

    id: int
    kind: FacetKind
    year: int | None
    stage: Stage | None
    valid_until: date | None
    topics: tuple[str, ...]
    owners: tuple[int, ...]
    """Keys of the organisations that own it, the coordinator first."""
    subjects: SubjectNumbers = NO_SUBJECTS
    language: str | None = None
    words: tuple[str, ...] = ()
    """Its words that are compared with those of a need; see `embeddings.word_match`."""


def organisation_record(row: OrganisationRow) -> OrganisationRecord:
    """Convert an organisation."""
    return OrganisationRecord(
        key=row.key,
        id=row.id,
        name=row.name,
        type=OrganisationType(row.type),
        place=Place(row.city, row.country, row.region, row.latitude, row.longitude),
        sme=row.sme,
        sectors=tuple(row.sectors),
        size=SizeClass(row.size) if row.size else None,
        competitors=tuple(row.competitors),
        short_name=row.short_name,
        standing=row.standing,
    )


def facet_record(row: FacetRow, owners: tuple[int, ...], subjects: Subjects) -> FacetRecord:
    """Convert a facet; `owners` are organisation keys, the coordinator first."""
    text = row.embedded_text
    return FacetRecord(
        id=row.id,
        kind=FacetKind(row.kind),
        year=row.year,
        stage=Stage(row.stage) if row.stage else None,
        valid_until=row.valid_until,
        topics=tuple(row.topics),
        owners=owners,
        subjects=SubjectNumbers(*subjects.of(text, row.topics)),
        language=detect_language(text),
        words=tuple(compared_words(text)),
    )
