from __future__ import annotations

from matcher.progress import ProgressLines


def test_a_line_at_the_beginning_of_a_step_and_then_every_ten_seconds() -> None:
    lines: list[str] = []
    times = [100.0]
    report = ProgressLines(lines.append, clock=lambda: times[-1])
    for now, stage, done, total in [
        (100.0, "vectors", 0, 12_000),
        (105.0, "vectors", 500, 12_000),
        (110.0, "vectors", 1_000, 12_000),
        (119.9, "vectors", 1_900, 12_000),
        (120.5, "vectors", 2_000, 12_000),
        (121.0, "fitting", 0, 0),
    ]:
        times.append(now)
        report(stage, done, total)
    assert lines == [
        "vectors: 0 of 12,000",
        "vectors: 1,000 of 12,000",
        "vectors: 2,000 of 12,000",
        "fitting: 0",
    ]
