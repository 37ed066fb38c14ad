from __future__ import annotations

from collections.abc import Iterator

import pytest

from embeddings import sentence
from tests.homes import NETWORKS


@pytest.fixture(scope="module", autouse=True)
def _networks_read_each_time() -> Iterator[None]:
    """Here reading itself is tested: every text goes through the networks."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sentence, "_read", NETWORKS)
        yield
