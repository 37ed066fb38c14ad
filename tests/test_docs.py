"""Documentation that is made from the code says what the code says."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import parameters
from matcher import parameters as constants
from matcher.models.weights import Weights
from tests.servers import ROOT

MAX_PARAMETERS = 35
"""So many constants can still be understood together."""


def test_the_table_of_parameters_is_up_to_date() -> None:
    written = (ROOT / "docs" / "parameters.md").read_text(encoding="utf-8")
    assert written == parameters.page(), "run: python -m benchmarks.parameters > docs/parameters.md"


def test_there_are_few_parameters_and_each_has_an_origin() -> None:
    found = parameters.parameters()
    names = [name for name in vars(constants) if name.isupper()]
    assert [one.name for one in found] == names
    assert 20 < len(found) <= MAX_PARAMETERS
    for one in found:
        assert float(one.value.replace("_", "")) == getattr(constants, one.name)
        assert one.meaning and one.origin, one.name


def test_the_table_holds_the_weights_that_ship() -> None:
    found = {one.name: float(one.value) for one in parameters.weights()}
    assert found == {name: getattr(Weights(), name) for name in Weights.__dataclass_fields__}
    assert {one.name for one in parameters.weights() if one.origin != "fitted"} == {
        "text",
        "coverage",
        "reciprocity",
        "words",
    }


def test_a_constant_without_an_origin_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "parameters.py"
    path.write_text('MANY = 1_000\n"""So many. Origin: a\nchoice."""\nFEW = 2.5\n"""So few."""\n')
    monkeypatch.setattr(parameters, "PARAMETERS", path)
    with pytest.raises(ValueError, match="FEW doesn't say where its value comes from"):
        parameters.parameters()
    path.write_text(path.read_text().replace("So few.", "So few. Origin: none."))
    assert parameters.parameters() == [
        parameters.Parameter("MANY", "1000", "So many.", "a choice."),
        parameters.Parameter("FEW", "2.5", "So few.", "none."),
    ]
    assert "| `MANY` | 1,000 | So many. | a choice. |" in parameters.page()
