"""An index goes with one store and its history; neither another nor what it was taken back from."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from matcher.cache import MemoryCache
from matcher.corpus.answer_cache import AnswerCache
from matcher.corpus.checksums import sealed
from matcher.corpus.generation import current_name
from matcher.domain import Facet, FacetKind, Organisation, OrganisationType, Question
from matcher.indexing.build import build_index
from matcher.indexing.provider import provide_corpus
from matcher.matching.service import Recommender
from matcher.settings import Settings
from matcher.store import Store
from matcher.store.organisations import save_organisations
from tests.conftest import settings_for

CARTRIDGES = "injection moulding of lab-on-chip cartridges"
SHEEP = "sheep farming on dikes"


class World:
    """A store with an index, a copy of which can be put back."""

    def __init__(self, home: Path) -> None:
        self.settings: Settings = settings_for(home)
        self.path = home / "schakel.sqlite3"
        self.cache = MemoryCache()
        self.open()
        self.write("basis", "films of polymer for windows")
        build_index(self.store, self.settings)

    def open(self) -> None:
        """Come up, as after a restart; what is cached in Redis would be there, too."""
        self.store = Store(self.settings.database_url)
        self.store.upgrade()
        self.recommender = Recommender(
            provide_corpus(self.store, self.settings), AnswerCache(self.cache, 60)
        )

    def write(self, name: str, offer: str) -> None:
        offers = (Facet(FacetKind.OFFER, offer),)
        one = Organisation(f"x:{name}", name, OrganisationType.COMPANY, offers=offers)
        with self.store.writing() as write:
            save_organisations(write, [one])

    def copy(self) -> Path:
        self.store.dispose()  # the last connection writes all into the file
        copied = self.path.with_suffix(".copy")
        shutil.copyfile(self.path, copied)
        return copied

    def put_back(self, copied: Path) -> None:
        """Put a copy back under a service that goes on."""
        self.store.dispose()
        shutil.copyfile(copied, self.path)

    def first(self, text: str) -> str:
        return self.recommender.recommend(Question(text)).results[0].organisation.id


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path / "home")
    yield made
    made.store.dispose()


def test_a_store_put_back_is_not_answered_from_an_index_of_what_came_after(world: World) -> None:
    copied = world.copy()
    world.write("schapen", SHEEP)
    world.write("melk", "goat milk and cheese")
    world.write("spuit", CARTRIDGES)
    ahead = build_index(world.store, world.settings)
    assert world.first(CARTRIDGES) == "x:spuit"
    world.put_back(copied)
    world.open()
    world.write("spuit", CARTRIDGES)  # under the number that the statement about sheep had
    world.write("melk", "goat milk and cheese")
    world.write("schapen", SHEEP)
    with capture_logs() as logs:
        assert (world.first(CARTRIDGES), world.first(SHEEP)) == ("x:spuit", "x:schapen")
    told = [line for line in logs if line["event"] == "index is built anew"]
    assert told == [
        {
            "event": "index is built anew",
            "generation": ahead,
            "reason": "it doesn't come from the history of this store",
            "log_level": "warning",
        }
    ]
    assert current_name(world.settings.index_folder) != ahead


def test_a_worker_that_goes_on_forgets_what_a_store_put_back_never_had(world: World) -> None:
    copied, base = world.copy(), current_name(world.settings.index_folder)
    world.write("schapen", SHEEP)
    assert world.first(SHEEP) == "x:schapen"
    assert world.recommender.recommend(Question(CARTRIDGES)).cached is False
    assert world.recommender.recommend(Question(CARTRIDGES)).cached is True
    world.put_back(copied)
    assert world.recommender.recommend(Question(SHEEP)).results == ()
    world.write("spuit", CARTRIDGES)
    again = world.recommender.recommend(Question(CARTRIDGES))
    assert again.cached is False  # the same question at the same version, in another history
    found = [one.organisation.id for one in again.results]
    assert found[0] == "x:spuit" and "x:schapen" not in found
    assert current_name(world.settings.index_folder) == base  # it is of both histories


def test_another_store_over_the_same_home_has_an_index_of_its_own(
    world: World, tmp_path: Path
) -> None:
    first = current_name(world.settings.index_folder)
    world.store.dispose()
    elsewhere = f"sqlite:///{tmp_path / 'elsewhere.sqlite3'}"
    world.settings = world.settings.model_copy(update={"database_url": elsewhere})
    world.open()
    world.write("schapen", SHEEP)
    assert world.first(SHEEP) == "x:schapen"
    assert current_name(world.settings.index_folder) != first


def test_of_several_workers_one_builds(world: World) -> None:
    copied = world.copy()
    world.write("schapen", SHEEP)
    build_index(world.store, world.settings)
    world.put_back(copied)
    names = set()
    for _ in range(2):
        corpus_provider = provide_corpus(world.store, world.settings)
        names.add(corpus_provider.snapshot().generation.name)
        assert corpus_provider.snapshot() is corpus_provider.snapshot()
    assert names == {current_name(world.settings.index_folder)}


@pytest.mark.parametrize("older", ["of an older format", "without a mark"])
def test_an_index_of_an_older_service_is_built_anew_once(world: World, older: str) -> None:
    root, old = world.settings.index_folder, current_name(world.settings.index_folder)
    assert old is not None
    path = root / old / "manifest.json"
    manifest = json.loads(path.read_text())
    if older == "without a mark":
        assert manifest.pop("mark") == world.store.revision().mark
        reason = "it doesn't come from the history of this store"
    else:
        manifest["format"] -= 1
        reason = "another version of the service built it"
    path.write_text(json.dumps(sealed(manifest)))
    world.open()
    with capture_logs() as logs:
        assert world.first("films of polymer") == "x:basis"
    told = [line for line in logs if line["event"] == "index is built anew"]
    assert [(line["generation"], line["reason"]) for line in told] == [(old, reason)]
    name = current_name(root)
    assert name not in (None, old)
    world.open()
    world.first("films of polymer")
    assert current_name(root) == name
