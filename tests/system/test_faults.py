"""A service of real processes goes on through damage, reloads and restarts."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest
import requests

from matcher.corpus.generation import current_name, publish
from tests.servers import Service
from tests.system.test_workers import ask

pytestmark = pytest.mark.slow


def ready(service: Service) -> dict[str, object]:
    answer = requests.get(f"{service.address}/health/ready", timeout=5)
    body: dict[str, object] = answer.json()
    return body


def with_former(home: Path) -> tuple[Path, str]:
    """The folder of the indexes and the name of the current one; a former one is beside it."""
    root = home / "index"
    name = str(current_name(root))
    shutil.copytree(root / name, root / "gen-0-former")
    publish(root, "gen-0-former")
    publish(root, name)
    return root, name


def test_a_service_with_a_damaged_index_starts_and_mends_it(home: Path) -> None:
    root, damaged = with_former(home)
    vectors = root / damaged / "columns" / "keys.npy"
    os.truncate(vectors, vectors.stat().st_size // 2)
    with Service(home, workers=2, SCHAKEL_JOBS="inside") as service:
        assert ask(service, "houtbouw")["results"]
        deadline = time.monotonic() + 120
        while current_name(root) == "gen-0-former" and time.monotonic() < deadline:
            assert ask(service, "houtbouw")["results"]
            time.sleep(0.5)
        assert current_name(root) not in ("gen-0-former", damaged)
        deadline = time.monotonic() + 30
        while ready(service)["generation"] != current_name(root) and time.monotonic() < deadline:
            ask(service, "houtbouw")
        assert ready(service)["damaged"] == []
        assert not (root / damaged).exists()


def test_files_that_are_cut_under_a_running_service_dont_end_it(home: Path) -> None:
    root, damaged = with_former(home)
    with Service(home, workers=1, SCHAKEL_JOBS="worker") as service:
        assert ask(service, "houtbouw")["results"]
        for path in (root / damaged).rglob("*.npy"):
            if not path.name.startswith("components"):  # the tests' own, linked to other homes
                os.truncate(path, 0)
        deadline = time.monotonic() + 60
        answered = 0
        while answered < 5 and time.monotonic() < deadline:
            try:
                assert ask(service, f"houtbouw {time.monotonic()}")["results"]
                answered += 1
            except (requests.ConnectionError, requests.Timeout):  # its worker is replaced
                answered = 0
        assert answered == 5
        assert ready(service)["generation"] in ("gen-0-former", damaged)
