"""The reports of evaluation and fitting as plain text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from matcher.evaluation.baselines import SIMPLE
from matcher.evaluation.evaluate import DialFigures, EvaluationReport, ModeReport
from matcher.evaluation.figures import Figures
from matcher.evaluation.weight_search import GRID
from matcher.models.fitted import FitReport
from matcher.models.weights import Weights

_WIDTH = 16
_HEADINGS = {
    "ndcg_10": "ndcg@10",
    "recall_50": "recall@50",
    "recall_100": "recall@100",
    "mrr": "mrr",
    "rare_recall_100": "rare recall@100",
    "catalogue_coverage_10": "coverage@10",
    "companies_10": "companies@10",
}
Cell = str | float | int


def evaluation_text(report: EvaluationReport) -> str:
    """Return the report of `evaluate` as tables."""
    lines = [
        f"{report.organisations} organisations, {report.projects} projects, "
        f"model {report.model}, seed {report.seed}",
        _weights_line(report.fit),
    ]
    for mode, result in report.modes.items():
        lines += ["", f"{mode.value}: {result.queries} questions"]
        if not result.queries:
            lines.append("nothing to measure: no test project has enough partners known from train")
            continue
        lines += _figures("method", result.methods)
        lines += ["", "beside the best simple method", *_beside_simple(result)]
        if result.reliability:
            lines += ["", "probability that was stated, and the share that did work together"]
            groups = ("start", "end", "pairs", "stated", "observed")
            lines += _table(groups, [asdict(group) for group in result.reliability])
        lines += ["", "partners by their number of earlier projects"]
        columns = ("least", "most", "partners", "recall_100")
        lines += _table(columns, [asdict(group) for group in result.by_experience])
    if report.translations:
        lines += ["", "the same questions by their titles, and translated", *_translated(report)]
    if report.long_tail:
        lines += ["", "the share of places after the fiftieth for the long tail, text only"]
        lines += _dial(report.long_tail)
    if report.complement:
        lines += ["", "the complement dial, half of the members given, projects with topics"]
        lines += _dial(report.complement, with_topics=True)
    return "\n".join(lines)


def fit_text(report: FitReport) -> str:
    """Return what was fitted and what was compared as tables."""
    kept = "fitted" if report.installed else "shipped, since the fitted ones lose"
    lines = [
        f"Fitted on {report.queries} questions; weights: {_named(report.fitted)}.",
        f"Weights that rank now: {kept}.",
        "On the questions kept apart:",
    ]
    rows: list[dict[str, Cell]] = []
    for comparison in report.comparisons:
        for name, quality in (("shipped", comparison.shipped), ("fitted", comparison.fitted)):
            rows.append(
                {
                    "mode": f"{comparison.mode.value}, {name}",
                    "questions": comparison.queries,
                    "ndcg@10": quality.ndcg_10,
                    "recall@50": quality.recall_50,
                    "rare recall@100": quality.rare_recall_100,
                }
            )
    return "\n".join([*lines, *_table(tuple(rows[0]), rows, first=36)] if rows else lines)


def _weights_line(fit: FitReport | None) -> str:
    if fit is None:
        return "weights: shipped (too little history to fit them on)"
    state = "fitted" if fit.installed else "shipped, since what was fitted loses:"
    return f"weights: {state} ({_named(fit.fitted)}; {fit.queries} questions)"


def _named(weights: Weights) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {getattr(weights, name):g}" for name in GRID)


def _translated(report: EvaluationReport) -> list[str]:
    whole = report.translations["title"][1].ndcg_10 or 1.0
    rows: list[dict[str, Cell]] = [
        {
            "language": name,
            "questions": queries,
            "ndcg@10": figures.ndcg_10,
            "of title": round(figures.ndcg_10 / whole, 3),
            "recall@50": figures.recall_50,
            "rare recall@100": figures.rare_recall_100,
        }
        for name, (queries, figures) in report.translations.items()
    ]
    return _table(tuple(rows[0]), rows)


def _dial(curve: Sequence[DialFigures], *, with_topics: bool = False) -> list[str]:
    rows: list[dict[str, Cell]] = []
    for point in curve:
        row: dict[str, Cell] = {"value": point.value, "questions": point.queries}
        if with_topics:
            row["topics@10"] = point.topics_10 or 0.0
        rows.append(row | _headed(point.figures))
    return _table(tuple(rows[0]), rows)


def _figures(head: str, methods: Mapping[str, Figures]) -> list[str]:
    rows: list[dict[str, Cell]] = [
        {head: name, **_headed(figures)} for name, figures in methods.items()
    ]
    return _table(tuple(rows[0]), rows)


def _beside_simple(mode: ModeReport) -> list[str]:
    """Return what the recommender has to beat, and by how much it does."""
    schakel = mode.methods["schakel"]
    rows: list[dict[str, Cell]] = []
    for name in ("ndcg_10", "recall_50"):
        best = max(SIMPLE, key=lambda method: float(getattr(mode.methods[method], name)))
        found, simple = getattr(schakel, name), getattr(mode.methods[best], name)
        rows.append(
            {
                "figure": _HEADINGS[name],
                "schakel": found,
                "best simple": simple,
                "method": best,
                "standard error": getattr(schakel, f"{name}_error"),
                "ratio": round(found / simple, 3) if simple else 0.0,
            }
        )
    rare, minilm = schakel.rare_recall_100, mode.methods["MiniLM votes"].rare_recall_100
    companies = (
        f"companies: {schakel.companies_10:.3f} of the first ten, {mode.companies:.3f} of partners"
    )
    return [
        *_table(tuple(rows[0]), rows),
        f"rare recall@100: {rare:.3f}, MiniLM votes {minilm:.3f}; {companies}",
    ]


def _headed(figures: Figures) -> dict[str, Cell]:
    return {heading: getattr(figures, name) for name, heading in _HEADINGS.items()}


def _table(
    columns: Sequence[str], rows: Sequence[Mapping[str, Cell]], first: int = _WIDTH
) -> list[str]:
    widths = [first, *(_WIDTH for _ in columns[1:])]
    lines = ["".join(name.rjust(width) for name, width in zip(columns, widths, strict=True))]
    for row in rows:
        values = (row[column] for column in columns)
        cells = (f"{v:.4f}" if isinstance(v, float) else str(v) for v in values)
        lines.append("".join(cell.rjust(w) for cell, w in zip(cells, widths, strict=True)))
    return lines
