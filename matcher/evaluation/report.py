"""Reports of evaluation and training as plain text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matcher.evaluation.fitting import Training
from matcher.evaluation.weight_search import GRID

_WIDTH = 16
TRADE_OFFS = {
    "popularity": "the popularity setting",
    "less_known": "the share of places after the fiftieth kept for the less known",
}


def as_text(report: Mapping[str, Any]) -> str:
    """Return the report of `evaluate` as tables."""
    lines = [
        f"{report['organisations']} organisations, {report['projects']} projects, "
        f"model {report['model']}, seed {report['seed']}",
        _trained(report["training"]),
    ]
    for mode, result in report["modes"].items():
        lines += ["", f"{mode}: {result['questions']} questions"]
        if not result["questions"]:
            lines.append("nothing to measure: no test project has enough partners known from train")
            continue
        lines += _figures("method", result["methods"])
        if result["reliability"]:
            lines += ["", "chance that was said, and the share that did work together"]
            lines += _rows(("from", "to", "pairs", "said", "were"), result["reliability"])
        lines += ["", "partners by their number of earlier projects"]
        lines += _rows(("least", "most", "partners", "recall@100"), result["by experience"])
    if "translations" in report:
        lines += ["", "the same questions by their titles, and translated", *_translated(report)]
    for name, heading in TRADE_OFFS.items():
        if name in report:
            lines += ["", f"{heading}, text only"]
            columns = (name, "ndcg@10", "recall@50", "recall@100", "rare recall@100")
            lines += _rows(columns, report[name])
    if report.get("complement"):
        lines += ["", "the complement dial, half of the members given, projects with topics"]
        dial = ("complement", "questions", "topics@10", "ndcg@10", "recall@50", "rare recall@100")
        lines += _rows(dial, report["complement"])
    return "\n".join(lines)


def training_text(training: Training) -> str:
    """Return what was learned and what it gained as tables."""
    weights = training.weights
    learned = {name: getattr(weights, name) for name in GRID}
    of_words = {"text": weights.text, "wording": weights.of_view("wording")}
    lines = [
        f"Learned from {training.learned_on} questions; weights: {_named(of_words | learned)}.",
        "On the questions kept apart:",
    ]
    rows = []
    for gain in training.gains:
        for name, quality in (("before", gain.before), ("learned", gain.after)):
            rows.append(
                {
                    "mode": f"{gain.mode}, {name}",
                    "questions": gain.questions,
                    "ndcg@10": quality.ndcg_10,
                    "recall@50": quality.recall_50,
                    "rare recall@100": quality.rare_recall_100,
                }
            )
    return "\n".join([*lines, *_rows(tuple(rows[0]), rows, first=36)] if rows else lines)


def _trained(training: Mapping[str, Any] | None) -> str:
    if training is None:
        return "weights: shipped (too little history to learn from)"
    state = "learned" if training["installed"] else "shipped, since what was learned lost:"
    learned = _named(training["weights"])
    return f"weights: {state} ({learned}; {training['questions']} questions)"


def _named(weights: Mapping[str, float]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value:g}" for name, value in weights.items())


def _translated(report: Mapping[str, Any]) -> list[str]:
    figures = report["translations"]
    whole = figures["title"]["ndcg@10"] or 1.0
    for values in figures.values():
        values["of title"] = round(values["ndcg@10"] / whole, 3)
    columns = ("questions", "ndcg@10", "of title", "recall@50", "rare recall@100")
    return _figures("language", {n: {c: f[c] for c in columns} for n, f in figures.items()})


def _figures(head: str, methods: Mapping[str, Mapping[str, Any]]) -> list[str]:
    rows = [{head: name, **figures} for name, figures in methods.items()]
    return _rows(tuple(rows[0]), rows)


def _rows(
    columns: Sequence[str], rows: Sequence[Mapping[str, Any]], first: int = _WIDTH
) -> list[str]:
    widths = [first, *(_WIDTH for _ in columns[1:])]
    lines = ["".join(name.rjust(width) for name, width in zip(columns, widths, strict=True))]
    for row in rows:
        cells = (f"{v:.4f}" if isinstance(v, float) else str(v) for v in (row[c] for c in columns))
        lines.append("".join(cell.rjust(w) for cell, w in zip(cells, widths, strict=True)))
    return lines
