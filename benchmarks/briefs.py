"""Prints the needs that are read from briefs: python -m benchmarks.briefs [CORDIS].

Those of the demo initiatives, and of 30 objectives drawn by a fixed seed from a folder in the
layout of the CORDIS bulk files (default: SCHAKEL_BENCH_DATA), where there is one. To be read
critically; docs/complement.md says how good they were found.
"""

from __future__ import annotations

import os
import random
import sys
import time
from pathlib import Path

from embeddings.lexicon import shipped_lexicon
from matcher.demo import load as demo
from matcher.imports.cordis import read_cordis
from matcher.needs.extraction import extract_needs

OBJECTIVES = 30


def main() -> None:
    where = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("SCHAKEL_BENCH_DATA", "")
    briefs = [(one.name, one.brief) for one in demo.read()[1]]
    if where:
        told = [one.facet for one in read_cordis(Path(where)).projects if one.facet.text]
        told.sort(key=lambda facet: str(facet.source))
        drawn = random.Random(1).sample(told, min(OBJECTIVES, len(told)))
        briefs += [(str(facet.title), facet.text) for facet in drawn]
    lexicon = shipped_lexicon()
    extract_needs("Warm up, in one sentence.", lexicon)
    for name, brief in briefs:
        start = time.perf_counter()
        needs = extract_needs(brief, lexicon)
        took = (time.perf_counter() - start) * 1000
        print(f"\n{name} ({len(brief)} characters, {took:.0f} ms)")
        for need in needs:
            stage = need.stage.value if need.stage else "-"
            print(f"  {stage:12} {need.level.value:5} {need.weight:3g}  {need.text[:150]}")


if __name__ == "__main__":
    main()
