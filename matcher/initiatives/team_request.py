"""What team somebody asks for: its size, and quotas by type, size, place or experience."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from matcher.arrays import Mask
from matcher.corpus.corpus import Corpus
from matcher.corpus.filters import in_regions
from matcher.corpus.tables import NONE, SIZES, TYPES
from matcher.domain import Filters, OrganisationType, SizeClass

DEFAULT_SIZE = 12
MAX_SIZE = 100
MAX_QUOTAS = 30
MAX_TEAMS = 10


class QuotaKind(StrEnum):
    """What a quota counts organisations by."""

    TYPE = "type"
    SIZE_CLASS = "size_class"
    COUNTRY = "country"
    REGION = "region"
    SME = "sme"
    NEWCOMER = "newcomer"


@dataclass(frozen=True, slots=True)
class QuotaRequest:
    """How many organisations of a kind a team must have at least and at most.

    `value` is a type, a size class, a country, or the beginning of a NUTS code; SMEs and newcomers,
    which have no past project yet, need none.
    """

    kind: QuotaKind
    value: str = ""
    at_least: int = 0
    at_most: int | None = None

    @property
    def label(self) -> str:
        """What users call it."""
        limits = [f"at least {self.at_least}"] if self.at_least else []
        limits += [f"at most {self.at_most}"] if self.at_most is not None else []
        return f"{self.kind.value} {self.value}".strip() + ": " + ", ".join(limits)

    def counted(self, corpus: Corpus) -> Mask:
        """Return which organisations (n,) it counts."""
        counted: Mask
        match self.kind:
            case QuotaKind.TYPE:
                counted = corpus.type_numbers.whole() == TYPES.index(OrganisationType(self.value))
            case QuotaKind.SIZE_CLASS:
                counted = corpus.size_numbers.whole() == SIZES.index(SizeClass(self.value))
            case QuotaKind.COUNTRY:
                country = corpus.vocabulary.number(self.value)
                counted = (corpus.countries.whole() == country) & (country != NONE)
            case QuotaKind.REGION:
                counted = in_regions(corpus, [self.value])
            case QuotaKind.SME:
                counted = corpus.sme.whole() == 1
            case QuotaKind.NEWCOMER:
                counted = corpus.experience == 0
        return counted & corpus.alive.whole()


@dataclass(frozen=True, slots=True)
class TeamRequest:
    """What team somebody asks for."""

    size: int = DEFAULT_SIZE
    quotas: tuple[QuotaRequest, ...] = ()
    exclude: tuple[str, ...] = ()
    filters: Filters = field(default_factory=Filters)
    competing: bool = False
    """Whether companies that compete may be in one team; those that say so never are."""
    teams: int = 1
    cap: int = 1
    """In how many of several teams one organisation that isn't a member may be."""
    exact: bool = False
