"""How fast texts are embedded: each network, a question, and many texts on all cores.

    python -m benchmarks.embedding [--texts 4000]

Rates of one process are texts per CPU second of one thread; texts are those of the demo data, and
numbered variants of them where more are asked for. The bulk rate is texts a second of wall time,
with the processes' start, so it says something on a quiet machine only; the CPU share beside it
says what the processes spend on encoding, and holds on a busy one too.
"""

from __future__ import annotations

import argparse
import os
import resource
import time
from collections.abc import Callable, Sequence

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")

from embeddings.bulk import embed_many
from embeddings.default import DefaultEncoder
from embeddings.embedding_store import MemoryStore, embed
from embeddings.sentence import SENTENCE_NETWORKS
from embeddings.sentence_encoders import encode_english, encode_multilingual
from embeddings.word_vectors import WordVectors

SINGLE = 200
"""Texts that are encoded one at a time."""
BATCHED = 500


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=4_000, help="texts of the bulk rate")
    asked = parser.parse_args()
    from matcher.demo import load as demo  # not needed by the processes, which import this module

    own = demo.read()[0].embedded_texts
    encoder = DefaultEncoder.fit(own[:BATCHED])
    encode_english(own[:1])
    encode_multilingual(own[:1])
    print("| texts per CPU second | one at a time | in one batch |")
    print("| --- | --- | --- |")
    words: WordVectors = encoder._words
    for name, encode in (
        ("English network", encode_english),
        ("multilingual network", encode_multilingual),
        ("both, with openings (raw embeddings)", SENTENCE_NETWORKS.encode_raw),
        ("words", words.encode),
    ):
        clear(encoder)
        single = SINGLE / cpu_seconds(lambda run=encode: [run([text]) for text in own[:SINGLE]])
        clear(encoder)
        batch = own[SINGLE : SINGLE + BATCHED]
        together = len(batch) / cpu_seconds(lambda run=encode, texts=batch: run(texts))
        print(f"| {name} | {single:.0f} | {together:.0f} |")
    print("\n| a question of | CPU ms | asked again, CPU ms |")
    print("| --- | --- | --- |")
    for size in (1, 6):
        questions = [own[start : start + size] for start in range(0, 30 * size, size)]
        first = cpu_seconds(lambda asked=questions: [encoder.encode(texts) for texts in asked])
        again = cpu_seconds(lambda asked=questions: [encoder.encode(texts) for texts in asked])
        print(f"| {size} text(s) | {1000 * first / 30:.1f} | {1000 * again / 30:.1f} |")
    print(f"\n{bulk_rates([own[n % len(own)] + f' ({n})' for n in range(asked.texts)])}")


def bulk_rates(texts: Sequence[str]) -> str:
    """Return the rate of one process, that of all cores, and what the processes spend on it."""
    here = texts[:: max(len(texts) // BATCHED, 1)]
    own = len(here) / cpu_seconds(lambda: embed(SENTENCE_NETWORKS, here, MemoryStore()))
    cores = len(os.sched_getaffinity(0))
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    embed_many([SENTENCE_NETWORKS], texts, MemoryStore())
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return (
        f"{len(texts)} texts on {cores} cores: {len(texts) / wall:.0f} a second, "
        f"{len(texts) / wall / own / cores:.0%} of {cores} x {own:.0f}, the batch rate of one "
        f"process; {len(texts) / own / spent:.0%} of the processes' CPU time is encoding"
    )


def clear(encoder: DefaultEncoder) -> None:
    """Forget the texts whose concepts were found before."""
    encoder.lexicon.find.cache_clear()


def cpu_seconds(run: Callable[[], object]) -> float:
    start = time.process_time()
    run()
    return time.process_time() - start


if __name__ == "__main__":
    main()
