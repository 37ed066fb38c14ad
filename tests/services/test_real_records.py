from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from apiflask import APIFlask

LEAST = {"cordis-fp7": (0.17, 0.17), "anr-pia": (0.22, 0.36)}
"""nDCG@10 without members and with half of them, which no change may fall below."""


@pytest.mark.parametrize("name", LEAST)
def test_real_records_reach_what_was_promised(app: APIFlask, name: str) -> None:
    folder = os.environ.get("SCHAKEL_TEST_DATA")
    if not folder:
        pytest.skip("SCHAKEL_TEST_DATA names no folder with real records")
    data = Path(folder) / name
    command = ["evaluate", "--train", str(data / "train"), "--test", str(data / "dev"), "--json"]
    printed = app.test_cli_runner().invoke(args=command).output
    modes = json.loads(printed[printed.index("{\n") :])["modes"]
    for mode, figure in zip(modes.values(), LEAST[name], strict=True):
        assert mode["methods"]["schakel"]["ndcg@10"] >= figure
