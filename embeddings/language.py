"""Detects which of the service's four languages a text is in."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from functools import cache, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

LANGUAGES = ("nl", "fr", "de", "en")
_MIN_WORDS = 3
_MIN_PROBABILITY = 0.6
_MAX_CHARACTERS = 600
_lock = threading.Lock()


@cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(list(LANGUAGES))
    # The other hundred languages, kept to go back to, are 28 MB.
    identifier._full_model = identifier.nb_ptc, identifier.nb_pc, identifier.nb_classes
    return identifier


def detect_language(text: str) -> str | None:
    """Return `nl`, `fr`, `de` or `en`; None where the text is too short or the language unsure."""
    if len(text.split()) < _MIN_WORDS:
        return None
    return _detected(text[:_MAX_CHARACTERS])


def language_numbers(languages: Iterable[str | None]) -> NDArray[np.int8]:
    """Return languages (n,) by their place in LANGUAGES; -1 where they aren't known."""
    numbers = [LANGUAGES.index(code) if code in LANGUAGES else -1 for code in languages]
    return np.array(numbers, dtype=np.int8)


@lru_cache(maxsize=1024)
def _detected(text: str) -> str | None:
    """Return the language of a text; cached, as several stages ask for that of one text."""
    with _lock:
        language, probability = _identifier().classify(text)
    return str(language) if probability >= _MIN_PROBABILITY else None
