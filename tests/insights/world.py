"""A small corpus in which every fit, and every reason against it, is put by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from matcher.arrays import Mask
from matcher.container import Services
from matcher.corpus.snapshot import Snapshot
from matcher.corpus.subjects import subjects_in
from matcher.domain import Facet, FacetKind, Organisation, OrganisationType, Place, Stage
from matcher.indexing.build import build_index
from matcher.insights.overlaps import Overlaps, overlaps
from matcher.insights.scope import Scope
from matcher.insights.unrealised_matches import UnrealisedMatches, unrealised_matches
from matcher.store import Store
from matcher.store.organisations import save_organisations
from tests.conftest import settings_for

GLASS = "Laminated glass for facades"
BREAD = "Baking of sourdough bread"
SEWAGE = "Treatment of sewage with membranes"
CARE = "Care for older people at home"
"""What is offered and asked for; each has nothing in common with the others."""
GENT = Place("Gent", "BE", "BE234")
AACHEN = Place("Aachen", "DE", "DEA2D")
NOWHERE = Place()


def organisation(
    name: str, offers: tuple[str, ...] = (), needs: tuple[str, ...] = (), place: Place = GENT
) -> Organisation:
    return Organisation(
        f"x:{name}",
        f"{name.title()} (voorbeeld)",
        OrganisationType.COMPANY,
        place=place,
        offers=tuple(Facet(FacetKind.OFFER, text, stage=Stage.SUPPLY) for text in offers),
        needs=tuple(Facet(FacetKind.NEED, text, stage=Stage.SUPPLY) for text in needs),
    )


ORGANISATIONS = [
    organisation("architect", needs=(GLASS,)),
    organisation("baker", (BREAD,), (SEWAGE,)),
    organisation("carer", (CARE,), (BREAD,), AACHEN),
    organisation("diver", (SEWAGE,), (BREAD,)),
    organisation("glazier", (GLASS,), (GLASS,), Place(country="NL")),
    organisation("hermit", place=NOWHERE),
]
FITS = {
    ("architect", "glazier"): [("architect", GLASS)],
    ("baker", "diver"): [("baker", SEWAGE), ("diver", BREAD)],
    ("baker", "carer"): [("carer", BREAD)],
}
"""By pair who asks for what of the other."""


class World:
    """The services over that corpus."""

    def __init__(self, home: Path) -> None:
        self.services = Services(settings_for(home, SCHAKEL_INDEX="exact"))
        with self.store.writing() as write:
            save_organisations(write, ORGANISATIONS)
        build_index(self.store, self.services.settings)

    @property
    def store(self) -> Store:
        return self.services.store

    @property
    def snapshot(self) -> Snapshot:
        return self.services.corpus_provider.snapshot()

    def inside(self, **scope: str) -> set[str]:
        return self.names(np.flatnonzero(self._mask(**scope)).tolist())

    def names(self, rows: list[int]) -> set[str]:
        return {self.snapshot.corpus.organisation(row).id.removeprefix("x:") for row in rows}

    def unrealised(self, limit: int = 20, **scope: str) -> UnrealisedMatches:
        return unrealised_matches(self.snapshot, self.store, self._mask(**scope), limit)

    def overlaps(self, limit: int = 20, **scope: str) -> Overlaps:
        return overlaps(self.snapshot, self.store, self._mask(**scope), limit)

    def _mask(self, **scope: str) -> Mask:
        domains = [subject.id for subject in subjects_in(self.snapshot).domains]
        return Scope(**scope).of(self.snapshot, domains)


def pairs(found: Overlaps | UnrealisedMatches) -> set[tuple[str, ...]]:
    """The pairs of an answer, by the ends of their ids."""
    return {
        tuple(side.id.removeprefix("x:") for side in (pair.one, pair.other))
        for pair in found.results
    }
