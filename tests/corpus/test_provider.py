"""What a process that serves answers from while others write, import and build."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from matcher.container import Services
from matcher.corpus import provider as module
from matcher.corpus.provider import CorpusProvider
from matcher.domain import Facet, FacetKind, Organisation, OrganisationType
from matcher.imports.row_errors import Batch
from matcher.imports.storage import store_batch
from matcher.indexing.build import build_index
from matcher.organisations import actions
from tests.conftest import settings_for


@pytest.fixture
def home(hash_home: Path) -> Path:
    return hash_home


@pytest.fixture
def services(home: Path) -> Iterator[Services]:
    made = Services(settings_for(home, SCHAKEL_REBUILD_AFTER="300"))
    yield made
    made.store.dispose()


@pytest.fixture
def rebuilds(services: Services) -> list[str]:
    """What a provider that serves asked for: a build."""
    asked: list[str] = []
    services.corpus_provider.serve(lambda: asked.append("build"))
    return asked


def offering(number: int) -> Organisation:
    offers = (Facet(FacetKind.OFFER, f"Films of polymer {number}"),)
    return Organisation(f"x:{number}", f"X {number}", OrganisationType.COMPANY, offers=offers)


def write(services: Services, number: int) -> None:
    actions.create(services.store, offering(number))


def bulk(services: Services, count: int) -> None:
    store_batch(services.store, Batch([offering(number) for number in range(count)]))


def caught_up(provider: CorpusProvider) -> None:
    """Wait for the thread that catches up, if there is one."""
    thread = provider._thread
    if thread is not None:
        thread.join(60)
        assert not thread.is_alive()


def test_a_single_write_is_in_the_next_snapshot(services: Services, rebuilds: list[str]) -> None:
    for number in range(3):
        write(services, number)
        assert f"x:{number}" in services.corpus_provider.snapshot().corpus.row_of_id
    assert rebuilds == []


def test_a_bulk_write_is_taken_over_in_a_thread(
    services: Services, rebuilds: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_CHANGES_IN_REQUEST", 20)
    go_on, with_changes = threading.Event(), module.with_changes

    def held(*arguments: object) -> object:
        go_on.wait(60)
        return with_changes(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "with_changes", held)
    provider = services.corpus_provider
    before = provider.snapshot()
    bulk(services, 30)
    assert provider.snapshot() is before and provider._thread is not None
    write(services, 99)
    assert provider.snapshot() is before
    go_on.set()
    caught_up(provider)
    after = provider.snapshot()
    assert {"x:0", "x:29", "x:99"} <= after.corpus.row_of_id.keys()
    assert after.version == services.store.corpus_version() > before.version
    assert rebuilds == []


def test_more_than_a_build_is_due_for_waits_for_the_build(
    services: Services, rebuilds: list[str]
) -> None:
    provider = services.corpus_provider
    before = provider.snapshot()
    bulk(services, 200)
    assert provider.snapshot() is before
    caught_up(provider)
    assert provider.snapshot() is before and rebuilds == ["build"]
    build_index(services.store, services.settings)
    provider._retry_at = 0.0
    assert provider.snapshot().corpus is before.corpus
    caught_up(provider)
    after = provider.snapshot()
    assert after.changes == 0 and "x:199" in after.corpus.row_of_id
    assert rebuilds == ["build"]


def test_once_many_writes_add_up_a_build_is_asked_for(
    services: Services, rebuilds: list[str]
) -> None:
    provider = services.corpus_provider
    for first in range(0, 200, 50):
        store_batch(services.store, Batch([offering(n) for n in range(first, first + 50)]))
        provider.snapshot()
        caught_up(provider)
    # 301 rows and more: the fourth fifty organisations, with an offer each.
    assert rebuilds == ["build"]
    assert "x:199" in provider.snapshot().corpus.row_of_id


def test_without_serving_every_write_is_in_the_snapshot(services: Services) -> None:
    services.corpus_provider.snapshot()
    bulk(services, 200)
    assert "x:199" in services.corpus_provider.snapshot().corpus.row_of_id


def test_what_fails_in_the_thread_leaves_the_snapshot_and_is_tried_again(
    services: Services, rebuilds: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_CHANGES_IN_REQUEST", 20)
    provider = services.corpus_provider
    before = provider.snapshot()

    def broken(*_: object) -> object:
        raise RuntimeError("no memory left")

    with monkeypatch.context() as patch:
        patch.setattr(module, "with_changes", broken)
        bulk(services, 30)
        provider.snapshot()
        caught_up(provider)
        assert provider.snapshot() is before and provider._thread is None
    provider._retry_at = time.monotonic()
    provider.snapshot()
    caught_up(provider)
    assert "x:29" in provider.snapshot().corpus.row_of_id


def test_changes_in_the_overlay_are_found_as_after_a_build(services: Services) -> None:
    """The same text is found as near, whether it was built or written since."""
    write(services, 7)
    delta = services.corpus_provider.snapshot()
    row = delta.corpus.row_of_id["x:7"]
    vector = delta.index.rows(delta.corpus.facet_ids[delta.corpus.facets_owned([row])])
    build_index(services.store, services.settings)
    built = services.corpus_provider.snapshot()
    assert built.changes == 0 and delta.changes == 2
    again = built.corpus.facets_owned([built.corpus.row_of_id["x:7"]])
    assert built.index.rows(built.corpus.facet_ids[again]).tolist() == vector.tolist()
    key = delta.corpus.keys[delta.corpus.rows(["x:7"])]
    assert built.profiles.rows(key).tolist() == delta.profiles.rows(key).tolist()
