"""The corpus at one revision, with an index that holds the same facets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from embeddings.composite import incomplete_count, model_failure
from matcher.arrays import Rows
from matcher.corpus.columns import Corpus, FacetRecord, OrganisationRecord
from matcher.corpus.records import SubjectsOf
from matcher.index.generation import Generation
from matcher.index.layered import LayeredIndex
from matcher.models.fitted import FittedModels
from matcher.models.vote_calibration import VoteCalibration
from matcher.store import Revision


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The corpus at one version with an index that holds the same facets. Never changed."""

    generation: Generation
    index: LayeredIndex
    profiles: LayeredIndex
    """What each organisation is about, under its key."""
    corpus: Corpus
    organisations: dict[int, OrganisationRecord]
    facets: dict[int, FacetRecord]
    written_subjects: Mapping[int, SubjectsOf] = field(default_factory=dict)
    """Of what was written since the generation: domains and challenges by facet id."""
    incomplete: bool = False
    """Whether facets written since the generation were encoded without the model."""
    mark: str = ""
    """The store's mark of the corpus version."""
    kept: dict[str, NDArray[Any]] = field(default_factory=dict, compare=False, repr=False)
    """What was laid out once for all questions."""

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
        """Return the domains and challenges that a facet speaks of."""
        known = self.written_subjects.get(facet_id)
        if known is not None:
            return known
        return self.generation.findings.subjects.get(facet_id, ((), ()))

    @property
    def version(self) -> int:
        """The corpus version that every answer from this snapshot is true of."""
        return self.corpus.version

    @property
    def revision(self) -> Revision:
        """The same in the history of a store; answers are kept under it."""
        return Revision(self.version, self.mark)

    @property
    def models(self) -> FittedModels:
        """The fitted models of the generation."""
        return self.generation.models

    @property
    def vote_calibration(self) -> VoteCalibration | None:
        """What votes for organisations (n,) are worth; None where too little was known."""
        curves = self.models.votes
        if curves is None:
            return None
        if "vote_curves" not in self.kept:
            keys = [record.key for record in self.corpus.organisations]
            self.kept["vote_curves"] = curves.for_keys(keys).own
        return VoteCalibration(curves.common, self.kept["vote_curves"])

    @property
    def all_profiles(self) -> NDArray[np.float32]:
        """What all organisations are about (n, dim), by row."""
        if "profiles" not in self.kept:
            self.kept["profiles"] = self.profiles_of(np.arange(len(self.corpus)))
        return self.kept["profiles"]

    def profiles_of(self, rows: Rows) -> NDArray[np.float32]:
        """Return what organisations (n,) are about, (n, dim)."""
        organisations = self.corpus.organisations
        keys = np.array([organisations[row].key for row in rows.tolist()], dtype=np.int64)
        return self.profiles.rows(keys)
