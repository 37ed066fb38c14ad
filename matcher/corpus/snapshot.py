"""A snapshot: the corpus at one revision, with an index of the same facets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from embeddings.composite import incomplete_count, model_failure
from matcher.arrays import Floats, Rows
from matcher.corpus.columns import Corpus, FacetRecord, OrganisationRecord
from matcher.corpus.derived import DerivedArrays
from matcher.corpus.records import SubjectsOf
from matcher.index.generation import Generation
from matcher.index.layered import LayeredIndex
from matcher.models.fitted import FittedModels
from matcher.models.vote_calibration import VoteCalibration
from matcher.store import Revision


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The corpus at one version with an index of the same facets. Immutable."""

    generation: Generation
    index: LayeredIndex
    profiles: LayeredIndex
    """Profile vectors of the organisations, under their keys."""
    corpus: Corpus
    organisations: dict[int, OrganisationRecord]
    facets: dict[int, FacetRecord]
    written_subjects: Mapping[int, SubjectsOf] = field(default_factory=dict)
    """Domains and challenges of facets written since the generation, by facet id."""
    incomplete: bool = False
    """Whether facets written since the generation were encoded without the model."""
    mark: str = ""
    """The random mark of the corpus version, see `Revision`."""
    derived: DerivedArrays = field(
        default_factory=DerivedArrays, init=False, compare=False, repr=False
    )
    """Arrays computed from this snapshot, shared by all questions."""

    @property
    def model_failure(self) -> str:
        """Why the model of the encoder fails at the moment; empty where it doesn't."""
        return model_failure(self.generation.encoder)

    @property
    def incomplete_count(self) -> int:
        """How many batches the encoder has encoded without its model."""
        return incomplete_count(self.generation.encoder)

    def is_incomplete_since(self, count: int) -> bool:
        """Return whether vectors were made without the model since `incomplete_count` was `count`.

        Also true where vectors of this snapshot itself were made without it.
        """
        return self.incomplete or self.incomplete_count != count

    def subjects_of(self, facet_id: int) -> SubjectsOf:
        """Return the domains and challenges of a facet."""
        known = self.written_subjects.get(facet_id)
        if known is not None:
            return known
        return self.generation.findings.subjects.get(facet_id, ((), ()))

    @property
    def version(self) -> int:
        """The corpus version of this snapshot."""
        return self.corpus.version

    @property
    def revision(self) -> Revision:
        """The version and its mark, which tell stores and histories apart in cache keys."""
        return Revision(self.version, self.mark)

    @property
    def models(self) -> FittedModels:
        """The fitted models of the generation."""
        return self.generation.models

    @property
    def vote_calibration(self) -> VoteCalibration | None:
        """The calibration of votes for organisations (n,); None where none was fitted."""
        curves = self.models.votes
        if curves is None:
            return None
        return VoteCalibration(curves.common, self.derived.get(_vote_curves, self))

    def profiles_of(self, rows: Rows) -> NDArray[np.float32]:
        """Return the profile vectors (n, dim) of organisations (n,)."""
        organisations = self.corpus.organisations
        keys = np.array([organisations[row].key for row in rows.tolist()], dtype=np.int64)
        return self.profiles.rows(keys)


def _vote_curves(snapshot: Snapshot) -> Floats:
    """Return the calibration curves (n, 2) of the organisations, by row; none without any."""
    curves = snapshot.models.votes
    if curves is None:
        return np.empty((0, 2))
    return curves.for_keys([record.key for record in snapshot.corpus.organisations]).own
