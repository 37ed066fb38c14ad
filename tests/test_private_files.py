from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from apiflask import APIFlask

from matcher.private_files import UMASK, make_private
from tests.conftest import settings_for


@pytest.fixture
def careless_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def open_to_others(home: Path) -> list[str]:
    paths = [home, *home.rglob("*")]
    return [str(path.relative_to(home)) for path in paths if path.lstat().st_mode & UMASK]


def test_a_service_is_its_users_alone_whatever_the_umask(
    careless_umask: None, home: Path, make_app: Callable[..., APIFlask]
) -> None:
    home.chmod(0o755)
    (home / "schakel.sqlite3").chmod(0o644)
    assert open_to_others(home)
    app = make_app(home)
    assert app.test_client().get("/health/live").status_code == 200
    app.extensions["schakel"].mailer.send("jan@example.org", "Subject", "Text")
    app.extensions["schakel"].jobs.waiting()
    assert {"mailbox", "index"} <= {path.name for path in home.iterdir()}
    assert open_to_others(home) == []


def test_files_of_others_in_the_home_stay_as_they_are(careless_umask: None, tmp_path: Path) -> None:
    foreign = tmp_path / "notes.txt"
    foreign.write_text("x")
    target = tmp_path.parent / f"{tmp_path.name}-elsewhere"
    target.write_text("x")
    (tmp_path / "secret_key").symlink_to(target)
    make_private(settings_for(tmp_path, SCHAKEL_SECRET_KEY="s" * 32))
    assert stat.S_IMODE(foreign.stat().st_mode) == stat.S_IMODE(target.stat().st_mode) == 0o644


def test_a_folder_of_several_users_stays_open(careless_umask: None, tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    make_private(settings_for(shared))
    assert stat.S_IMODE(shared.stat().st_mode) == 0o1777
    assert open_to_others(shared) == ["."]
