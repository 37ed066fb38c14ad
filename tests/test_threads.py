"""One computing thread, whatever the environment says and whoever loads the libraries."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from matcher.threads import VARIABLES, limit_libraries_to_load
from tests.homes import ROOT

MANY = {**os.environ, **dict.fromkeys(VARIABLES, "8")}

COMPUTE = """
import json, threading
import faiss, numpy, scipy.linalg, sklearn.metrics
from threadpoolctl import threadpool_info

def count():
    counts.update((pool["user_api"], pool["num_threads"]) for pool in threadpool_info())

counts = set()
"""
REQUEST = """
import app
app.app.add_url_rule("/count", view_func=lambda: count() or "counted")
thread = threading.Thread(target=lambda: app.app.test_client().get("/count"))
thread.start()
thread.join()
print(json.dumps(sorted(counts)))
"""


def run(code: str, home: Path) -> list[list[object]]:
    environ = {**MANY, "SCHAKEL_HOME": str(home), "SCHAKEL_RATE_LIMITS": "off"}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environ, cwd=ROOT, check=True, capture_output=True)
    counts: list[list[object]] = json.loads(done.stdout.splitlines()[-1])
    return counts


def test_libraries_that_are_loaded_later_use_one_thread() -> None:
    environ = {"OMP_NUM_THREADS": "8", "PATH": "/bin"}
    limit_libraries_to_load(environ)
    assert environ["OMP_NUM_THREADS"] == environ["OPENBLAS_NUM_THREADS"] == "1"
    assert environ["PATH"] == "/bin"


def test_without_the_service_they_use_several(tmp_path: Path) -> None:
    assert ["openmp", 8] in run(COMPUTE + "count()\nprint(json.dumps(sorted(counts)))", tmp_path)


def test_a_request_computes_with_one_thread(tmp_path: Path) -> None:
    one = [["blas", 1], ["openmp", 1]]
    assert run("import app" + COMPUTE + REQUEST, tmp_path) == one


def test_a_request_computes_with_one_thread_where_libraries_were_loaded_before(
    tmp_path: Path,
) -> None:
    assert run(COMPUTE + REQUEST, tmp_path) == [["blas", 1], ["openmp", 1]]
