"""A snapshot: the corpus at one revision, with an index of the same facets."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from embeddings.composite import incomplete_count, model_failure
from matcher.arrays import Rows
from matcher.corpus.corpus import Corpus
from matcher.corpus.derived import DerivedValues
from matcher.corpus.generation import Generation
from matcher.corpus.profile_vectors import unit_views
from matcher.index.layered import LayeredIndex
from matcher.models.fitted import FittedModels
from matcher.store import Revision


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The corpus at one version with an index of the same facets. Immutable."""

    generation: Generation
    index: LayeredIndex
    profiles: LayeredIndex
    """Profile vectors of the organisations, under their keys."""
    corpus: Corpus
    incomplete: bool = False
    """Whether facets written since the generation were encoded without the model."""
    mark: str = ""
    """The random mark of the corpus version, see `Revision`."""
    changes: int = 0
    """How many rows of the store were written or deleted since the generation."""
    derived: DerivedValues = field(
        default_factory=DerivedValues, init=False, compare=False, repr=False
    )
    """What was computed from this snapshot, shared by all questions."""

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

    def profiles_of(self, rows: Rows) -> NDArray[np.float32]:
        """Return the profile vectors (k, dim) of organisations (k,)."""
        stored = self.profiles.rows(self.corpus.keys[rows])
        # Rounded as they are stored, equal profiles would be .9998 similar.
        return unit_views(stored, self.generation.encoder.views)
