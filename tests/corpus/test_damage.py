"""Whatever happens to the files of an index, questions go on being answered."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from matcher.container import Services
from matcher.corpus import checksums
from matcher.corpus.damage import damage_of, damaged_names, set_aside, verifying
from matcher.corpus.generation import (
    GenerationError,
    current_name,
    open_generation,
    publish,
    publish_with_models,
)
from matcher.corpus.provider import CorpusProvider
from matcher.indexing.build import build_index
from tests.conftest import settings_for
from tests.corpus.test_generation import FITTED, build


def flip(path: Path) -> None:
    """Change a byte, not the size."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def files_of(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_any_changed_byte_is_found(tmp_path: Path) -> None:
    name = build(tmp_path)
    assert damage_of(tmp_path, name) == ""
    files = files_of(tmp_path / name)
    assert len(files) > 20
    for path in files:
        if not path.stat().st_size:
            continue
        whole = path.read_bytes()
        flip(path)
        assert damage_of(tmp_path, name), path
        path.write_bytes(whole)
    assert damage_of(tmp_path, name) == ""


@pytest.mark.parametrize("harm", [truncate, Path.unlink])
def test_a_file_that_is_short_or_gone_is_found_when_opened(
    tmp_path: Path, harm: Callable[[Path], None]
) -> None:
    name = build(tmp_path)
    for path in files_of(tmp_path / name):
        if not path.stat().st_size:
            continue
        whole = path.read_bytes()
        harm(path)
        with pytest.raises(GenerationError, match="index build"):
            open_generation(tmp_path, name)
        path.write_bytes(whole)
    open_generation(tmp_path, name)


def test_a_twin_has_the_checksums_of_the_files_that_it_shares(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = build(tmp_path)
    flip(tmp_path / base / "index" / "ids.npy")
    read: list[str] = []
    digest = checksums._digest
    monkeypatch.setattr(checksums, "_digest", lambda path: read.append(path.name) or digest(path))
    twin = publish_with_models(tmp_path, FITTED)
    assert read == ["models.json"]
    assert damage_of(tmp_path, twin) == f"{twin}/index/ids.npy isn't what was written"


def test_the_newest_whole_generation_takes_over(tmp_path: Path) -> None:
    first, second, third = (build(tmp_path, version) for version in (1, 2, 3))
    flip(tmp_path / second / "columns" / "keys.npy")
    assert set_aside(tmp_path, third, "flipped") == first == current_name(tmp_path)
    assert damaged_names(tmp_path) == (third,)
    assert set_aside(tmp_path, first, "flipped") is None
    assert current_name(tmp_path) is None


def test_what_another_process_published_meanwhile_stays(tmp_path: Path) -> None:
    first, second = build(tmp_path, 1), build(tmp_path, 2)
    assert set_aside(tmp_path, first, "flipped") == second == current_name(tmp_path)


def test_one_process_reads_all_files_at_a_time(tmp_path: Path) -> None:
    with verifying(tmp_path) as first, verifying(tmp_path) as second:
        assert (first, second) == (True, False)


# In a process that serves


@pytest.fixture
def services(hash_home: Path) -> Iterator[Services]:
    made = Services(settings_for(hash_home))
    yield made
    made.store.dispose()


@pytest.fixture
def former(services: Services) -> str:
    """The generation before the current one, which is a copy of it."""
    root = services.settings.index_folder
    name = current_name(root)
    assert name is not None
    shutil.copytree(root / name, root / "gen-0-former")
    publish(root, "gen-0-former")
    publish(root, name)
    return "gen-0-former"


def serve(services: Services) -> tuple[CorpusProvider, list[str]]:
    """A provider that serves, and what it asks for: builds."""
    asked: list[str] = []
    services.corpus_provider.serve(lambda: asked.append("build"))
    return services.corpus_provider, asked


@pytest.mark.parametrize("harm", [truncate, Path.unlink, flip])
@pytest.mark.parametrize("victim", ["manifest.json", "models.json", "index/faiss.json"])
def test_the_former_generation_answers_and_a_new_one_is_asked_for(
    services: Services, former: str, victim: str, harm: Callable[[Path], None]
) -> None:
    root = services.settings.index_folder
    damaged = current_name(root)
    harm(root / str(damaged) / victim)
    provider, asked = serve(services)
    if provider.snapshot().generation.name == damaged:  # a byte that opening doesn't look at
        provider.verify()
        provider.snapshot()
        provider._thread.join(60)  # type: ignore[union-attr]
    assert provider.snapshot().generation.name == former == current_name(root)
    assert set(asked) == {"build"}
    assert services.state(provider.snapshot()).damaged == (damaged,)
    new = build_index(services.store, services.settings)
    assert damaged_names(root) == ()
    assert {path.name for path in root.glob("gen-*")} == {former, new}


def test_without_a_former_one_a_new_one_is_built(services: Services) -> None:
    root = services.settings.index_folder
    damaged = str(current_name(root))
    truncate(root / damaged / "profiles" / "vectors.npy")
    provider, _ = serve(services)
    assert provider.snapshot().generation.name == current_name(root) != damaged
    assert [path.name for path in root.glob("gen-*")] == [current_name(root)]


def test_a_pointer_to_nothing_is_damage_too(services: Services, former: str) -> None:
    publish(services.settings.index_folder, "gen-9-gone")
    provider, asked = serve(services)
    assert provider.snapshot().generation.name.startswith("gen-")
    assert asked


def test_a_process_that_has_a_snapshot_goes_on_with_it(services: Services) -> None:
    provider, asked = serve(services)
    root, before = services.settings.index_folder, provider.snapshot()
    flip(root / before.generation.name / "columns" / "keys.npy")
    provider.verify()
    assert current_name(root) is None and asked == ["build"]
    for _ in range(3):
        assert provider.snapshot() is before
        if provider._thread is not None:
            provider._thread.join(60)
    new = build_index(services.store, services.settings)
    provider._retry_at = 0.0
    provider.snapshot()
    if provider._thread is not None:
        provider._thread.join(60)
    assert provider.snapshot().generation.name == new


def test_a_service_that_starts_asks_for_what_another_left_to_build(
    services: Services, former: str
) -> None:
    root = services.settings.index_folder
    set_aside(root, str(current_name(root)), "flipped")
    _, asked = serve(services)
    assert asked == ["build"]


def test_a_failure_that_is_no_damage_sets_nothing_aside(
    services: Services, former: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from matcher.corpus import generation

    root = services.settings.index_folder
    name = current_name(root)

    def too_many(*_: object) -> None:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(generation, "load_encoder", too_many)
    with pytest.raises(GenerationError):
        services.corpus_provider.snapshot()
    assert current_name(root) == name and damaged_names(root) == ()


def test_the_manifest_names_every_file(services: Services) -> None:
    root = services.settings.index_folder
    folder = root / str(current_name(root))
    listed = json.loads((folder / "manifest.json").read_text())["files"]
    found = {path.relative_to(folder).as_posix() for path in files_of(folder)}
    assert found == {*listed, "manifest.json"}
