"""What a quota of a team may state: the one judge for the API and the commands."""

from __future__ import annotations

import re

from pydantic import Field, model_validator

from matcher.domain import OrganisationType, SizeClass
from matcher.initiatives.team_request import MAX_SIZE, QuotaKind, QuotaRequest
from matcher.validation import Strict

VALUES = {
    QuotaKind.TYPE: ("|".join(OrganisationType), f"must be one of: {', '.join(OrganisationType)}"),
    QuotaKind.SIZE_CLASS: ("|".join(SizeClass), f"must be one of: {', '.join(SizeClass)}"),
    QuotaKind.COUNTRY: ("[A-Z]{2}", "must be two capital letters, such as BE"),
    QuotaKind.REGION: (
        "[A-Z]{2}[0-9A-Z]{0,3}",
        "must be the beginning of a NUTS code, such as BE2",
    ),
    QuotaKind.SME: ("", "must be left out"),
    QuotaKind.NEWCOMER: ("", "must be left out"),
}
"""What the value of each kind of quota looks like: as a pattern, and in words."""


class QuotaIn(Strict):
    """How many organisations of a kind there must be at least and at most."""

    of: QuotaKind
    value: str = Field(
        default="",
        max_length=32,
        description="A type, a size class, a country, the beginning of a NUTS code; "
        "nothing for sme and newcomer (no past project yet).",
    )
    at_least: int = Field(default=0, ge=0, le=MAX_SIZE)
    at_most: int | None = Field(default=None, ge=0, le=MAX_SIZE)

    @model_validator(mode="after")
    def _check(self) -> QuotaIn:
        if not self.at_least and self.at_most is None:
            raise ValueError("give at_least, at_most or both")
        if self.at_most is not None and self.at_least > self.at_most:
            raise ValueError("at_least must not be above at_most")
        pattern, words = VALUES[self.of]
        if not re.fullmatch(pattern, self.value):
            raise ValueError(f"value of {self.of} {words}")
        return self


def quota_from(body: QuotaIn) -> QuotaRequest:
    """Return the quota that was stated."""
    return QuotaRequest(body.of, body.value, body.at_least, body.at_most)
