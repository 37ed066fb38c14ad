from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete, update

from matcher.store import Store
from matcher.store.tables import Base, CorpusState
from tests.servers import postgres_server


@pytest.fixture(scope="session")
def sqlite_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    yield from upgraded(f"sqlite:///{tmp_path_factory.mktemp('store') / 'store.sqlite3'}")


@pytest.fixture(scope="session")
def postgresql_store() -> Iterator[Store]:
    with postgres_server() as url:
        yield from upgraded(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    """An empty store of each kind."""
    store: Store = request.getfixturevalue(f"{request.param}_store")
    yield store
    with store.engine.begin() as connection:
        for table in reversed(Base.metadata.sorted_tables):
            if table.name != CorpusState.__tablename__:
                connection.execute(delete(table))
        connection.execute(update(CorpusState).values(version=0))


def upgraded(url: str | Path) -> Iterator[Store]:
    store = Store(str(url))
    store.upgrade()
    yield store
    store.dispose()
