"""Prints how well the pieces of briefs are labelled: python -m benchmarks.labels [--held-out].

The last line is how well needs would be read if each piece had its right label: what is lost there
is lost by where pieces end, and by which words of them become the need.
"""

from __future__ import annotations

import sys
from collections import Counter

from benchmarks.fit_reading import asked_passages, piece_labels
from benchmarks.labelled_briefs import read_briefs
from benchmarks.reading import HEADER, Tally
from matcher.needs.extraction.labels import Label
from matcher.needs.extraction.pieces import pieces_of
from matcher.needs.extraction.reading import need_of, passages_of


def main() -> None:
    held_out = "--held-out" in sys.argv[1:]
    pairs: Counter[tuple[str, str]] = Counter()
    ceiling = Tally()
    for brief in read_briefs():
        if brief.is_held_out != held_out:
            continue
        pieces = pieces_of(brief.text)
        right, _ = piece_labels(brief, pieces)
        read = [passage.label for passage in passages_of(brief.text) for _ in passage.pieces]
        needs = [need_of(brief.text, passage) for passage, _ in asked_passages(brief)]
        ceiling.add(brief, [need for need in needs if need is not None], 0.0)
        pairs.update((_merged(a), _merged(b)) for a, b in zip(right, read, strict=True))
    names = sorted({name for pair in pairs for name in pair})
    print(f"{'':12}{'precision':>10}{'recall':>10}{'pieces':>10}")
    for name in names:
        both = pairs[name, name]
        labelled = sum(count for (right, _), count in pairs.items() if right == name)
        found = sum(count for (_, read), count in pairs.items() if read == name)
        print(f"{name:12}{both / max(found, 1):10.3f}{both / max(labelled, 1):10.3f}{labelled:10}")
    print(f"accuracy {sum(pairs[name, name] for name in names) / sum(pairs.values()):.3f}")
    print(HEADER)
    print(ceiling.line("right labels"))


def _merged(label: str) -> str:
    return Label.ASKED.value if label == Label.ASKED_ON else str(label)


if __name__ == "__main__":
    main()
