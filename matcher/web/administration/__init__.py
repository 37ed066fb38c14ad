"""The pages of administrators: state, accounts, keys, profiles, duplicates, the log."""

from __future__ import annotations

from matcher.web.administration import (
    duplicates,
    introductions,
    keys,
    log,
    overview,
    profiles,
    users,
)
from matcher.web.administration.blueprint import blueprint

__all__ = [
    "blueprint",
    "duplicates",
    "introductions",
    "keys",
    "log",
    "overview",
    "profiles",
    "users",
]
