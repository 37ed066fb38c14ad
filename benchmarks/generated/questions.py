"""Questions about a generated corpus: 10 to 40 words, in four languages, no two alike."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from benchmarks.generated.corpus import SEED, GeneratedCorpus, draw_mixture
from benchmarks.generated.texts import write_text
from benchmarks.generated.vocabulary import LANGUAGES

MIN_WORDS, MAX_WORDS, _MEDIAN_WORDS = 10, 40, 20
_WITH_NEEDS, _WITH_MEMBERS = 0.35, 0.35
"""Shares of the questions; both are drawn apart."""


@dataclass(frozen=True, slots=True)
class GeneratedQuestion:
    """A text, and for the service alone needs and members."""

    text: str
    needs: tuple[str, ...] = ()
    members: tuple[str, ...] = ()

    def body(self) -> dict[str, Any]:
        """Return what to send to /api/v1/recommendations."""
        needs = [{"text": need} for need in self.needs]
        return {"text": self.text, "needs": needs, "members": list(self.members)}


def questions(
    corpus: GeneratedCorpus, *, plain: bool, seed: int = SEED
) -> Iterator[GeneratedQuestion]:
    """Yield questions without end; `plain` ones are a text alone, as the plain app takes them."""
    known: set[str] = set()
    number = 0
    while True:
        number += 1
        question = _question(random.Random(f"{seed} question {number}"), corpus, plain)
        if question.text not in known:
            known.add(question.text)
            yield question


def _question(generator: random.Random, corpus: GeneratedCorpus, plain: bool) -> GeneratedQuestion:
    language, mixture = generator.choice(LANGUAGES), draw_mixture(generator)

    def written(kind: str, least: int, most: int, median: int) -> str:
        text = write_text(generator, kind, language, mixture, least=least, most=most, median=median)
        return text.text

    text = written("question", MIN_WORDS, MAX_WORDS, _MEDIAN_WORDS)
    needs: list[str] = []
    members: list[int] = []
    if not plain and generator.random() < _WITH_NEEDS:
        needs = [written("need", 6, 20, 10) for _ in range(generator.randint(1, 4))]
    if not plain and generator.random() < _WITH_MEMBERS:
        members = generator.sample(range(corpus.size), generator.randint(1, 4))
    return GeneratedQuestion(
        text, tuple(dict.fromkeys(needs)), tuple(corpus.id_of(member) for member in members)
    )
