"""Mention: how surely the text or a stated need mentions the organisation by name.

Range: 0 (none of its name) to 1 (all of a telling name). Source: the share of the name's words that
are there, weighted by inverse document frequency (Spärck Jones, 1972) among names.
"""

from __future__ import annotations

import numpy as np

from matcher.arrays import Floats
from matcher.matching.retrieve import Candidates


def mention(candidates: Candidates) -> Floats:
    """Return how surely each candidate (c,) is mentioned under any of its names."""
    understood = candidates.understood
    places = candidates.places_of(understood.mentioned)
    found = np.zeros(len(candidates.rows))
    np.maximum.at(found, places[places >= 0], understood.mention_confidence[places >= 0])
    return found
