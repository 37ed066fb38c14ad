"""Briefs with labels, for the model that reads needs; labelled_briefs/README.md has the format."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from matcher.domain import Need, NeedLevel, Stage

_FOLDER = Path(__file__).with_name("labelled_briefs")
_LANGUAGES = ("nl", "fr", "de", "en")
_AUTHORS = 10
"""Authors of each language when the rule for holding out was set."""
LABELS = ("asked", "has", "context", "not_wanted", "courtesy")


@dataclass(frozen=True, slots=True)
class LabelledBrief:
    """A brief, the label of each part of it, and what it asks for."""

    id: str
    language: str
    author: str
    style: str
    segments: tuple[tuple[str, str], ...]
    """Pairs of a label and a text; the texts joined are the brief."""
    needs: tuple[Need, ...]
    """A need for each segment that is asked, in order."""

    @property
    def text(self) -> str:
        """The whole brief."""
        return "".join(text for _, text in self.segments)

    @property
    def persona(self) -> str:
        """Who writes like this: the authors added later are six personas in four languages."""
        if self._author <= _AUTHORS:
            return self.author
        numbers = range(_AUTHORS + 1, self._author)
        return f"later {sum(not self._is_held_out(number) for number in numbers)}"

    @property
    def is_held_out(self) -> bool:
        """Whether nothing may be fitted on it: every third of the first forty authors.

        Those added later have numbers that aren't held out.
        """
        return self._is_held_out(self._author)

    @property
    def _author(self) -> int:
        return int(self.author[-2:])

    def _is_held_out(self, author: int) -> bool:
        return (_LANGUAGES.index(self.language) * _AUTHORS + author) % 3 == 0


def read_briefs() -> list[LabelledBrief]:
    """Return all briefs, by language."""
    return [brief for language in _LANGUAGES for brief in _of_language(language)]


def _of_language(language: str) -> Iterator[LabelledBrief]:
    path = _FOLDER / f"{language}.jsonl"
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        yield LabelledBrief(
            row["id"],
            row["language"],
            row["author"],
            row["style"],
            tuple((label, text) for label, text in row["segments"]),
            tuple(
                Need(
                    need["text"],
                    NeedLevel(need["level"]),
                    stage=Stage(need["stage"]) if need["stage"] else None,
                )
                for need in row["needs"]
            ),
        )
