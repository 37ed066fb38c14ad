"""Prints the Markdown table of docs/parameters.md: python -m benchmarks.parameters.

Every constant of matcher/parameters.py, with its value, meaning and origin, as its docstring says
them, and the weights that are fitted on each corpus, with the values that ship.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from matcher.evaluation.weight_search import GRID

ROOT = Path(__file__).parent.parent
PARAMETERS = ROOT / "matcher" / "parameters.py"
WEIGHTS = ROOT / "matcher" / "models" / "weights.py"
HEAD = """# Parameters

Everything that moves a ranking. Made by `python -m benchmarks.parameters > docs/parameters.md`.

## Constants

Set in `matcher/parameters.py`, the same for every corpus.
"""
WEIGHTS_HEAD = """## Weights

Set in `matcher/models/weights.py`. Those marked fitted are fitted anew on the corpus's own past
projects in each index build (`matcher/evaluation/fitting.py`); the value ships with the service,
and stays where there is too little history or the fitted ones lose. Only their ratios matter.
"""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A constant or weight as it is described beside its definition."""

    name: str
    value: str
    meaning: str
    origin: str


def parameters() -> list[Parameter]:
    """Return the constants of matcher/parameters.py. Raises ValueError for one without origin."""
    found = []
    for name, value, text in _described(ast.parse(PARAMETERS.read_text(encoding="utf-8")).body):
        meaning, separator, origin = text.partition(" Origin: ")
        if not separator:
            raise ValueError(f"{name} doesn't say where its value comes from (Origin: ...)")
        found.append(Parameter(name, value, meaning, origin))
    return found


def weights() -> list[Parameter]:
    """Return the weights of the score with the values that ship; fitted are those of GRID."""
    [body] = [
        node.body
        for node in ast.parse(WEIGHTS.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef) and node.name == "Weights"
    ]
    return [
        Parameter(name, value, text, "fitted" if name in GRID else "as shipped")
        for name, value, text in _described(body)
    ]


def page() -> str:
    """Return docs/parameters.md."""
    lines = [*HEAD.splitlines(), "", *_table(parameters()), ""]
    lines += [*WEIGHTS_HEAD.splitlines(), "", *_table(weights())]
    return "\n".join(lines) + "\n"


def _described(body: list[ast.stmt]) -> Iterator[tuple[str, str, str]]:
    """Yield name, value and docstring of the assignments; the docstring is empty without one."""
    for place, node in enumerate(body):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name, value = node.targets[0].id, node.value
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
            name, value = node.target.id, node.value
        else:
            continue
        after = body[place + 1] if place + 1 < len(body) else None
        text = ""
        if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            text = " ".join(str(after.value.value).split())
        yield name, ast.unparse(value), text


def _table(rows: list[Parameter]) -> Iterator[str]:
    yield "| name | value | meaning | origin |"
    yield "| --- | --- | --- | --- |"
    for row in rows:
        number = f"{int(row.value):,}" if row.value.isdigit() else row.value
        yield f"| `{row.name}` | {number} | {row.meaning} | {row.origin} |"


def main() -> None:
    print(page(), end="")


if __name__ == "__main__":
    main()
