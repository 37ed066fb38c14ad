"""Generated texts: real-looking sentences about a mixture of topics, 8 to 60 words long."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

from benchmarks.generated.vocabulary import invented_word, sentences, topics, towns

MIN_WORDS, MAX_WORDS = 8, 60
MEDIAN_WORDS = 18
"""Origin: 16 in the offers of the demo data, which are shorter than those of most companies."""
_SPREAD = 0.5
"""Standard deviation of the logarithm of the length. Origin: as above."""
FIRST_TOPIC = 0.7
"""How often a concept is of the text's first topic."""
Mixture = tuple[int, ...]
"""Numbers of topics, the most important first."""


@dataclass(frozen=True, slots=True)
class Text:
    """A text, and what it was made from."""

    text: str
    language: str
    mixture: Mixture


def write_text(
    generator: random.Random,
    kind: str,
    language: str,
    mixture: Mixture,
    *,
    mark: str = "",
    least: int = MIN_WORDS,
    most: int = MAX_WORDS,
    median: int = MEDIAN_WORDS,
) -> Text:
    """Return a text of a kind of `sentences.tsv`, with further sentences up to a drawn length.

    `mark` is an invented name that the author uses in many of its texts.
    """
    wanted = min(most, max(least, median * math.exp(generator.gauss(0, _SPREAD))))
    written = _sentence(generator, kind, language, mixture, mark)
    while len(written.split()) < wanted:
        end = "" if written.endswith("?") else "."
        longer = f"{written}{end} {_sentence(generator, 'detail', language, mixture, mark)}"
        if len(longer.split()) > most:
            if len(written.split()) >= least:
                break
            continue
        written = longer
    return Text(written, language, mixture)


def write_title(generator: random.Random, language: str, mixture: Mixture) -> str:
    """Return the title of a project."""
    return _sentence(generator, "title", language, mixture, "")


def _sentence(
    generator: random.Random, kind: str, language: str, mixture: Mixture, mark: str
) -> str:
    template = generator.choice(sentences(kind, language))
    slots = {slot: "" for slot in "abcd" if f"{{{slot}}}" in template}
    by_topic: dict[int, list[str]] = {}
    for slot in slots:
        first = len(mixture) == 1 or generator.random() < FIRST_TOPIC
        topic = mixture[0] if first else generator.choice(mixture[1:])
        by_topic.setdefault(topic, []).append(slot)
    for topic, chosen in by_topic.items():
        labels = topics()[topic].draw(generator, language, len(chosen))
        slots.update(zip(chosen, labels, strict=True))
    number = generator.randint(2, 48)
    sentence = template.format(
        **slots,
        n=number,
        k=number * generator.randint(2, 40),
        m=mark or invented_word(generator),
        t=generator.choice(towns()).city,
    )
    return sentence[0].upper() + sentence[1:]
