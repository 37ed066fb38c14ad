"""Prints how well needs are read from briefs: python -m benchmarks.reading [--held-out].

A read need is right when it holds at least 60 % of the content words of a labelled need, one to
one. Printed are the rules alone, as before the model, and the reading as it is.
A brief is wholly right (`whole`) when each need is found once and nothing else is read. Words too
many don't count against a need there; in `neat`, at least 60 % of the read words must also be of
the labelled need, so that a need with a sentence of context around it is wrong. `ms` is the CPU
time per brief. Without `--held-out`, the authors that are held out are left aside.
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from unittest.mock import patch

from benchmarks.labelled_briefs import LabelledBrief, read_briefs
from embeddings.lexicon import shipped_lexicon
from embeddings.stopwords import STOP_WORDS
from embeddings.words import fold
from matcher.domain import Need
from matcher.needs.extraction import extract, extract_needs

_MIN_SHARE = 0.6
_STEM = 5
"""Words are compared by so many first letters: `recycler`, `recyclage`."""
_WORD = re.compile(r"[^\W_]+")

Read = Callable[[LabelledBrief], Sequence[Need]]


@dataclass(slots=True)
class Tally:
    """Counts over briefs."""

    briefs: int = 0
    wholly_right: int = 0
    neat: int = 0
    seconds: float = 0.0
    labelled: int = 0
    read: int = 0
    matched: int = 0
    stages: int = 0
    levels: int = 0

    def add(self, brief: LabelledBrief, needs: Sequence[Need], seconds: float) -> None:
        """Count one brief, what was read from it, and the CPU time that took."""
        pairs = match(brief.needs, needs)
        self.briefs += 1
        whole = len(pairs) == len(needs) == len(brief.needs)
        self.wholly_right += whole
        self.neat += whole and all(
            _share(content_words(found.text), right) >= _MIN_SHARE for right, found in pairs
        )
        self.seconds += seconds
        self.labelled += len(brief.needs)
        self.read += len(needs)
        self.matched += len(pairs)
        self.stages += sum(right.stage == found.stage for right, found in pairs)
        self.levels += sum(right.level == found.level for right, found in pairs)

    def update(self, other: Tally) -> None:
        """Add the counts of other briefs."""
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def line(self, name: str) -> str:
        """Return the shares as a line of a table."""
        precision = self.matched / max(self.read, 1)
        recall = self.matched / max(self.labelled, 1)
        f1 = 2 * self.matched / max(self.read + self.labelled, 1)
        briefs = max(self.briefs, 1)
        shares = (self.wholly_right / briefs, self.neat / briefs, precision, recall, f1)
        shares += (self.stages / max(self.matched, 1), self.levels / max(self.matched, 1))
        return (
            f"{name:14}"
            + "".join(f"{share:9.3f}" for share in shares)
            + (f"{1000 * self.seconds / briefs:9.2f}")
        )


HEADER = f"{'':14}" + "".join(
    f"{name:>9}" for name in ("whole", "neat", "precision", "recall", "F1", "stage", "level", "ms")
)


def match(labelled: Iterable[Need], read: Sequence[Need]) -> list[tuple[Need, Need]]:
    """Return pairs of a labelled need and the read need that has most of its words."""
    free = list(read)
    pairs = []
    for need in labelled:
        words = content_words(need.text)
        best = max(free, key=lambda each: _share(words, each), default=None)
        if best is not None and _share(words, best) >= _MIN_SHARE:
            free.remove(best)
            pairs.append((need, best))
    return pairs


def content_words(text: str) -> set[str]:
    """Return the first letters of the words that aren't stop words, or of all where all are."""
    words = {fold(word) for word in _WORD.findall(text.casefold())}
    return {word[:_STEM] for word in words - STOP_WORDS or words}


def _share(words: set[str], need: Need) -> float:
    return len(words & content_words(need.text)) / max(len(words), 1)


def measure(briefs: Iterable[LabelledBrief], read: Read) -> dict[str, Tally]:
    """Return the counts of all briefs, of each language and of each style."""
    tallies: dict[str, Tally] = {"all": Tally()}
    for brief in briefs:
        begun = time.process_time()
        needs = read(brief)
        seconds = time.process_time() - begun
        for name in ("all", brief.language, brief.style):
            tallies.setdefault(name, Tally()).add(brief, needs, seconds)
    return tallies


def main() -> None:
    held_out = "--held-out" in sys.argv[1:]
    briefs = [brief for brief in read_briefs() if brief.is_held_out == held_out]
    lexicon = shipped_lexicon()
    extract_needs("We are looking for a partner.", lexicon)  # loads what is loaded once
    print(HEADER)
    with patch.object(extract, "passages_of", lambda _text: ()):
        rules = measure(briefs, lambda brief: extract_needs(brief.text, lexicon))
    print(rules["all"].line("rules"))
    for name, tally in measure(briefs, lambda brief: extract_needs(brief.text, lexicon)).items():
        print(tally.line(name))


if __name__ == "__main__":
    main()
