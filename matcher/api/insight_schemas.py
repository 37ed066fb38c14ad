"""What may be asked of the insights."""

from __future__ import annotations

from pydantic import Field

from matcher.validation import Strict


class ScopeIn(Strict):
    """Which part of the corpus."""

    region: str = Field(default="", pattern=r"^([A-Z]{2}[0-9A-Z]{0,3})?$")
    domain: str = Field(default="", pattern=r"^[a-z-]{0,60}$")
    limit: int = Field(default=20, ge=1, le=200)


class RegionIn(Strict):
    """A country, or the beginning of a NUTS code."""

    region: str = Field(pattern=r"^[A-Z]{2}[0-9A-Z]{0,3}$")
