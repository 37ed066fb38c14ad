"""Documentation that is made from the code says what the code says."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import parameters
from matcher import parameters as constants
from matcher.models.weights import Weights
from matcher.settings import settings_help
from tests.servers import ROOT

MAX_PARAMETERS = 35
"""So many constants can still be understood together."""
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
PICTURE, LAYERS = re.findall(r"^```$(.+?)^```$", ARCHITECTURE, re.MULTILINE | re.DOTALL)
PATH = re.compile(r"((?:[\w-]+/)+[\w-]*(?:\.\w+)?|[\w-]+\.(?:py|md|toml))(?::([\w.]+))?")
"""A path as docs/architecture.md names it: a folder, a file, or `file:function`."""


def named_paths() -> list[tuple[str, str]]:
    """Return the paths in docs/architecture.md, each with the name after its colon, or without."""
    spans = re.findall(r"`([^`\n]+)`", ARCHITECTURE)
    matched = [PATH.fullmatch(span) for span in spans]
    return [(found[1], found[2] or "") for found in matched if found]


def definitions(path: Path) -> set[str]:
    """Return the functions, classes and methods (as `Class.method`) that a file defines."""

    def defined(node: ast.AST, inside: str = "") -> Iterator[str]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef | ast.ClassDef):
                yield inside + child.name
                if isinstance(child, ast.ClassDef):
                    yield from defined(child, f"{child.name}.")

    return set(defined(ast.parse(path.read_text(encoding="utf-8"))))


def test_every_path_in_the_architecture_exists() -> None:
    paths = named_paths()
    assert len([name for _, name in paths if name]) >= 25
    assert {path for path, _ in paths if not (ROOT / path).exists()} == set()
    for path, name in paths:
        if name:
            assert name in definitions(ROOT / path), f"{path} doesn't define {name}"


def test_every_code_span_with_a_slash_in_the_architecture_is_a_path() -> None:
    spans = {span for span in re.findall(r"`([^`\n]+)`", ARCHITECTURE) if "/" in span}
    assert {span for span in spans if not PATH.fullmatch(span)} == set()


@pytest.mark.parametrize(
    "name",
    [
        "README.md",
        "docs/quality.md",
        "docs/complement.md",
        "docs/operations.md",
        "docs/security.md",
        "docs/speed.md",
    ],
)
def test_files_modules_and_settings_that_other_pages_name_exist(name: str) -> None:
    page = (ROOT / name).read_text(encoding="utf-8")
    paths = set(re.findall(r"\b((?:benchmarks|docs|embeddings|matcher|tests)/[\w./*-]+\w)", page))
    assert paths and {path for path in paths if not list(ROOT.glob(path))} == set()
    links = set(re.findall(r"\]\(([\w./-]+)\)", page))
    assert {link for link in links if not (ROOT / name).parent.joinpath(link).exists()} == set()
    modules = {
        module.replace(".", "/") for module in re.findall(r"python -m (benchmarks\.\w+)", page)
    }
    assert {module for module in modules if not (ROOT / f"{module}.py").exists()} == set()
    settings = {row.variable for row in settings_help()} | {"SCHAKEL_BENCH_DATA"}
    assert set(re.findall(r"SCHAKEL_[A-Z_]+", page)) <= settings


def test_each_promise_about_safety_has_a_test_that_exists() -> None:
    page = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| ")]
    promises = [line for line in rows if "| tests |" not in line and "---" not in line]
    assert len(promises) >= 40
    for line in promises:
        named = re.findall(r"`(tests/[\w/]+\.py):(test_\w+)`", line.split("|")[2])
        assert named, f"no test keeps: {line}"
        for path, name in named:
            assert name in definitions(ROOT / path), f"{path} doesn't define {name}"


def test_every_room_is_in_the_architecture() -> None:
    rooms = {path.parent.name for path in (ROOT / "matcher").glob("*/__init__.py")} - {"demo"}
    assert rooms == {Path(path).name for path, _ in named_paths() if path.count("/") == 2} & rooms


def test_the_layers_are_those_of_the_import_contract() -> None:
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = pyproject["tool"]["importlinter"]["contracts"]
    [layers] = [contract["layers"] for contract in contracts if contract["type"] == "layers"]
    split = (re.split(r" [:|] ", layer.replace("matcher.", "")) for layer in layers)
    depth = {name: number for number, names in enumerate(split) for name in names}
    drawn = [re.split(r", ", re.split(r"  +", line)[0]) for line in LAYERS.strip().splitlines()]
    named = [name for names in drawn for name in names]
    assert sorted(named) == sorted(depth)
    for above, below in zip(drawn, drawn[1:], strict=False):
        assert max(depth[name] for name in above) < min(depth[name] for name in below)


def test_the_picture_shows_the_stages_in_order_with_what_goes_between_them() -> None:
    stages = ["understand", "retrieve", "score", "rerank", "explain"]
    drawn = re.findall(r"^ (\w+)   ", PICTURE, re.MULTILINE)
    assert [word for word in drawn if word in stages] == stages
    for stage in stages:
        assert stage in definitions(ROOT / "matcher" / "matching" / f"{stage}.py")
    passed = re.findall(r"^    │  (\w+)", PICTURE, re.MULTILINE)
    places = ["understand", "retrieve", "score", "rerank", "answer"]
    assert passed[0] == "Question"
    for name, place in zip(passed[1:], places, strict=True):
        assert name in definitions(ROOT / "matcher" / "matching" / f"{place}.py")


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
