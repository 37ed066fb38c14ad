from __future__ import annotations

from collections.abc import Iterator

import pytest

from matcher.store.database import Write
from matcher.store.initiatives import delete_initiative
from matcher.store.organisations import delete_organisation, save_organisations
from tests.insights.world import ORGANISATIONS, World


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    world = World(tmp_path_factory.mktemp("insights"))
    yield world
    world.store.dispose()


@pytest.fixture
def world(built: World) -> Iterator[World]:
    """The corpus as it was built; what a test writes is taken back."""
    yield built
    with built.store.writing() as write:
        _take_back(write)


def _take_back(write: Write) -> None:
    for name in ("x:one", "x:other", "x:third"):
        delete_initiative(write, name)
    for organisation in ORGANISATIONS:
        delete_organisation(write, organisation.id)
    delete_organisation(write, "x:more")
    save_organisations(write, ORGANISATIONS)
