"""Which passwords somebody would guess: the commonest ones with additions, runs, one's own name.

The list is that of zxcvbn, which estimates more finely; the rules are those that NIST SP 800-63B
asks for: no common, repeated, sequential or own words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

MIN_REST = 8
"""Characters that have to be left when runs, repetitions and own words count as next to nothing."""
MIN_WORD = 4
"""Characters of a word that counts, in the list and in names."""
MAX_COMMON_WORDS = 2
"""More words than these, however common, make a phrase that nobody guesses."""
_ROWS = (
    "12345678901234567890",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "azertyuiop",
    "qsdfghjklm",
    "wxcvbn",
    "qwertzuiop",
    "yxcvbnm",
)
"""Runs of digits and letters, and the keys of keyboards here, to be read either way."""
_STEPS = frozenset(
    pair for row in _ROWS for way in (row, row[::-1]) for pair in zip(way, way[1:], strict=False)
)
_LEET = str.maketrans("@4031$57", "aaoeisst")
_OURS = (
    "schakel wachtwoord welkom geheim hallo zomer winter lente herfst motdepasse bienvenue bonjour "
    "secret printemps automne passwort kennwort willkommen sommer herbst "
    "januari februari maart april juni juli augustus september oktober november december "
    "january february march june july august october "
    "janvier fevrier février mars avril juin juillet aout août septembre octobre novembre decembre "
    "januar februar märz dezember"
)
"""Commonest here, where the list knows English best."""


def is_common(password: str) -> bool:
    """Return whether a password is a common one, or one or two common words with digits."""
    plain = password.casefold()
    without_end = re.sub(r"[\W\d_]+$", "", plain)
    for text in {plain, without_end.translate(_LEET)}:
        words = set(re.findall(r"[^\W\d_]+", text))
        few = len(words) <= MAX_COMMON_WORDS
        if text in common_passwords() or (few and all(map(_is_common_word, words))):
            return True
    return False


def is_simple(password: str) -> bool:
    """Return whether a password is mostly repetitions and runs such as `1234` and `qwerty`."""
    plain = password.casefold()
    unit = next(
        size for size in range(1, len(plain) + 1) if (plain[:size] * len(plain)).startswith(plain)
    )
    return _without_runs(plain[:unit]) < MIN_REST


def is_own(password: str, own: Iterable[str]) -> bool:
    """Return whether too little is left of a password without the words in `own`, such as names."""
    rest = password.casefold()
    words = {word for text in own for word in re.split(r"[\W_]+", text.casefold())}
    for word in sorted(words, key=len, reverse=True):
        if len(word) >= MIN_WORD:
            rest = rest.replace(word, "")
    return len(re.sub(r"\W", "", rest)) < MIN_REST and len(rest) < len(password)


@cache
def common_passwords() -> frozenset[str]:
    """Return the packaged list, in lower case."""
    lines = Path(__file__).with_name("common_passwords.txt").read_text(encoding="ascii")
    return frozenset(line for line in lines.splitlines() if line[:1] != "#") | set(_OURS.split())


def _is_common_word(word: str) -> bool:
    """Return whether a word is on the list, or is two of them written as one."""
    known = common_passwords()
    cuts = range(MIN_WORD, len(word) - MIN_WORD + 1)
    return word in known or any(word[:cut] in known and word[cut:] in known for cut in cuts)


def _without_runs(text: str) -> int:
    """Return how many characters are no continuation of a run or of the same character."""
    steps = zip(text, text[1:], strict=False)
    return 1 + sum(a != b and (a, b) not in _STEPS for a, b in steps)
