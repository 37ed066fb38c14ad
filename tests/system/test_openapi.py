from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers import Service

pytestmark = pytest.mark.slow


def test_no_request_that_the_openapi_document_leads_to_makes_an_error(home: Path) -> None:
    with Service(home) as service:
        program = Path(sys.executable).parent / "schemathesis"
        address = f"{service.address}/api/v1/openapi.json"
        options = ["-c", "not_a_server_error", "--max-examples", "8", "--seed", "1"]
        phases = ["--phases", "examples,coverage,fuzzing"]
        done = subprocess.run(
            [program, "run", address, *options, *phases], capture_output=True, text=True, cwd=home
        )
    assert done.returncode == 0, done.stdout[-4000:]
    assert re.search(r"(\d+) generated, \1 passed", done.stdout), done.stdout[-4000:]
