from __future__ import annotations

from collections.abc import Iterator

import pytest

from embeddings import sentence
from tests.homes import NETWORKS


@pytest.fixture(scope="module", autouse=True)
def _networks_without_a_store() -> Iterator[None]:
    """The networks themselves are tested here: every text goes through them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sentence, "_encode", NETWORKS)
        yield
