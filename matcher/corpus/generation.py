"""Generations: a built corpus on disk, published by an atomic rename.

A generation holds the columns of the corpus, the vectors of its facets with an index of them, the
profiles of organisations, the encoder and the fitted models. Opening one reads next to nothing: the
arrays are memory-mapped, and all processes share their pages.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from embeddings.embedding_store import NO_STORE, EmbeddingStore
from embeddings.port import Encoder, EncoderError
from embeddings.registry import load_encoder
from matcher.corpus.checksums import (
    Checksums,
    checksums_of,
    is_sealed,
    read_checksums,
    sealed,
    wrong_size,
)
from matcher.corpus.columns import SavedArrays, save_arrays
from matcher.corpus.derived import DerivedValues
from matcher.corpus.tables import CorpusTables
from matcher.index.exact import ExactIndex
from matcher.index.faiss_index import FaissIndex
from matcher.index.port import VectorIndex
from matcher.models.fitted import FittedModels, models_from
from matcher.models.vote_calibration import VoteCurves

_FORMAT = 13
_MANIFEST = "manifest.json"
_MODELS = "models.json"
_VOTES = "votes"
_CURRENT = "CURRENT"
_KINDS: dict[str, type[ExactIndex] | type[FaissIndex]] = {"exact": ExactIndex, "faiss": FaissIndex}
_KIND_OF = {kind: name for name, kind in _KINDS.items()}
_REBUILD = "run: schakel index build"


class GenerationError(Exception):
    """A generation is missing or can't be read; the message says what to do."""


class GenerationWriteError(GenerationError):
    """A generation can't be written, for example on a full disk; the current one stays."""


class GenerationFormatError(GenerationError):
    """A generation was written by another version of the service."""


@dataclass(frozen=True, slots=True)
class Generation:
    """An opened generation, with the content of the store at `corpus_version`."""

    name: str
    corpus_version: int
    model: str
    """The fingerprint of the encoder."""
    encoder: Encoder
    index: VectorIndex
    models: FittedModels
    """The models that were fitted on this corpus."""
    tables: CorpusTables
    """The columns of organisations and facets."""
    profiles: VectorIndex
    """The profile vector of each organisation, under its key."""
    mark: str | None = None
    """The store's random mark of `corpus_version`; None if built by an older service."""
    derived: DerivedValues = field(
        default_factory=DerivedValues, init=False, compare=False, repr=False
    )
    """What was computed from this generation, shared by all its snapshots."""


def new_index(kind: str, encoder: Encoder) -> ExactIndex | FaissIndex:
    """Return an empty index of a kind, `exact` or `faiss`, for the vectors of an encoder."""
    if kind == "exact":
        return ExactIndex(encoder.dim)
    return FaissIndex(encoder.dim, [(view.start, view.end) for view in encoder.views])


def build_generation(
    root: Path,
    encoder: Encoder,
    tables: CorpusTables,
    index: ExactIndex | FaissIndex,
    profiles: ExactIndex,
    models: FittedModels,
    *,
    corpus_version: int,
    mark: str,
) -> str:
    """Write a generation, publish it, and return its name.

    `index` holds the vectors that `encoder` made of the facets in `tables`.
    Nothing is visible to others before the last step. A build that is killed leaves a folder that
    the next one removes. Raises GenerationWriteError where it can't be written; the current
    generation stays.
    """
    name = f"gen-{corpus_version}-{secrets.token_hex(4)}"
    manifest = {
        "format": _FORMAT,
        "corpus_version": corpus_version,
        "mark": mark,
        "model": encoder.fingerprint,
        "dim": encoder.dim,
        "organisations": len(tables.organisations.keys),
        "count": len(index),
        "kind": _KIND_OF[type(index)],
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    with _building(root, name) as building:
        index.save(building / "index")
        profiles.save(building / "profiles")
        encoder.save(building / "encoder")
        tables.save(building / "columns")
        _save_models(building, models)
        _save_manifest(building, manifest)
        return _finish(root, building, name)


def publish_with_models(root: Path, models: FittedModels) -> str:
    """Publish a copy of the current generation with other fitted models; return its name.

    Files are hard-linked where possible. Raises GenerationError where there is no generation.
    """
    current = current_name(root)
    if current is None:
        raise GenerationError(f"there is no index yet; {_REBUILD}")
    manifest = read_manifest(root, current)
    name = f"gen-{manifest['corpus_version']}-{secrets.token_hex(4)}"
    with _building(root, name) as building:
        shutil.copytree(root / current, building, copy_function=_link)
        # Not written over: the files are those of the generation that is current.
        (building / _MODELS).unlink()
        (building / _MANIFEST).unlink()
        shutil.rmtree(building / _VOTES, ignore_errors=True)
        _save_models(building, models)
        own = (_MODELS, f"{_VOTES}/")
        files = read_checksums(manifest["files"])
        shared = {name: files[name] for name in files if not name.startswith(own)}
        _save_manifest(building, manifest, shared)
        return _finish(root, building, name)


def _save_manifest(folder: Path, manifest: dict[str, Any], known: Checksums | None = None) -> None:
    """Write the manifest, with the checksums of all files that are there."""
    body = sealed({**manifest, "files": checksums_of(folder, known)})
    (folder / _MANIFEST).write_text(json.dumps(body, indent=1), encoding="utf-8")


def _save_models(folder: Path, models: FittedModels) -> None:
    """Write fitted models: as JSON, but for the vote curves, which are arrays."""
    body = replace(models, votes=None).as_json()
    if models.votes is not None:
        body["common_vote_curve"] = models.votes.common
        save_arrays(folder / _VOTES, {"keys": models.votes.keys, "curves": models.votes.own})
    (folder / _MODELS).write_text(json.dumps(body), encoding="utf-8")


def _read_models(folder: Path) -> FittedModels:
    body = json.loads((folder / _MODELS).read_text("utf-8"))
    common = body.pop("common_vote_curve", None) if isinstance(body, dict) else None
    models = models_from(body)
    if common is None:
        return models
    saved = SavedArrays(folder / _VOTES)
    intercept, slope = common
    curves = VoteCurves((float(intercept), float(slope)), saved["keys"], saved["curves"])
    return replace(models, votes=curves)


@contextmanager
def _building(root: Path, name: str) -> Iterator[Path]:
    """Yield the folder to write a generation in; it is removed where that fails."""
    root.mkdir(parents=True, exist_ok=True)
    folder = root / f"building-{name}"
    try:
        yield folder
    except OSError as error:
        raise GenerationWriteError(
            f"the index can't be written, the former one stays: {error}"
        ) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _link(source: str, target: str) -> None:
    """Hard-link a file, or copy it where that isn't possible."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _finish(root: Path, building: Path, name: str) -> str:
    """Flush the files to disk, publish the generation, and return its name."""
    for path in [*building.rglob("*"), building]:
        _sync(path)
    building.rename(root / name)
    publish(root, name)
    return name


def publish(root: Path, name: str) -> None:
    """Make `name` the current generation: one atomic rename."""
    with publication(root):
        write_pointer(root, name)


@contextmanager
def publication(root: Path) -> Iterator[None]:
    """Hold the lock that allows one process at a time to change what is current."""
    with open(root / "publish-lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def withdraw(root: Path) -> None:
    """Let no generation be current; to be called within `publication`."""
    (root / _CURRENT).unlink(missing_ok=True)


def write_pointer(root: Path, name: str) -> None:
    """Point to the current generation; to be called within `publication`."""
    pointer = root / f"{_CURRENT}.{os.getpid()}"
    pointer.write_text(name, encoding="ascii")
    _sync(pointer)
    os.replace(pointer, root / _CURRENT)
    _sync(root)


def current_name(root: Path) -> str | None:
    """Return the name of the current generation; None where there is none."""
    try:
        return (root / _CURRENT).read_text(encoding="ascii").strip() or None
    except (FileNotFoundError, UnicodeDecodeError):
        return None


def read_manifest(root: Path, name: str) -> dict[str, Any]:
    """Return the manifest of a generation. Raises GenerationError where it can't be read."""
    try:
        manifest: dict[str, Any] = json.loads((root / name / _MANIFEST).read_text("utf-8"))
        if manifest["format"] != _FORMAT:
            raise GenerationFormatError(f"{name} was written by another version; {_REBUILD}")
        if not is_sealed(manifest):
            raise ValueError("its checksum is wrong")
        read_checksums(manifest["files"])
        return manifest
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise GenerationError(f"{name} has no readable manifest; {_REBUILD}") from error


def open_generation(
    root: Path, name: str, embedding_store: EmbeddingStore = NO_STORE
) -> Generation:
    """Open a generation, memory-mapped; its encoder reads and keeps embeddings in the store.

    All files must have the size that was written; what is in them is compared by
    `damage.damage_of`. Raises GenerationError where it can't be read.
    """
    manifest = read_manifest(root, name)
    damaged = wrong_size(root / name, read_checksums(manifest["files"]))
    if damaged:
        raise GenerationError(f"{name}/{damaged} isn't what was written; {_REBUILD}")
    try:
        version, mark = int(manifest["corpus_version"]), manifest.get("mark")
        model = str(manifest["model"])
        encoder = load_encoder(root / name / "encoder", embedding_store)
        index = _KINDS[manifest["kind"]].open(root / name / "index")
        models = _read_models(root / name)
        profiles = ExactIndex.open(root / name / "profiles")
        tables = CorpusTables.open(root / name / "columns")
    except (EncoderError, EOFError, OSError, ValueError, KeyError, TypeError) as error:
        raise GenerationError(f"{name} can't be read; {_REBUILD}") from error
    if encoder.fingerprint != model or index.dim != encoder.dim:
        raise GenerationError(f"{name}: encoder and index don't belong together; {_REBUILD}")
    return Generation(name, version, model, encoder, index, models, tables, profiles, mark)


def generations(root: Path) -> list[Path]:
    """Return the folders of all generations, the newest first."""
    return sorted(root.glob("gen-*"), key=lambda path: path.stat().st_mtime, reverse=True)


def prune(root: Path, keep: int = 2) -> None:
    """Remove all but the newest `keep` generations, and never the current one.

    Workers that have a removed generation memory-mapped can go on reading it.
    """
    current = current_name(root)
    others = [path for path in generations(root) if path.name != current]
    for path in others[max(0, keep - 1) :]:
        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def build_lock(root: Path) -> Iterator[None]:
    """Wait for, and hold, the lock that allows one build at a time.

    Folders left by killed builds are removed.
    """
    root.mkdir(parents=True, exist_ok=True)
    with open(root / "build-lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        for path in root.glob("building-*"):
            shutil.rmtree(path, ignore_errors=True)
        yield


def is_building(root: Path) -> bool:
    """Return whether a build holds the lock, in whichever process."""
    try:
        with open(root / "build-lock") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def _sync(path: Path) -> None:
    """Flush a file or folder to disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
