"""The form of the page on which a team is lined up."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from matcher.corpus.corpus import Corpus
from matcher.domain import OrganisationType, SizeClass
from matcher.initiatives.team_request import (
    DEFAULT_SIZE,
    MAX_QUOTAS,
    MAX_SIZE,
    QuotaKind,
    QuotaRequest,
    TeamRequest,
)
from matcher.web.initiative_forms import Row, number

MAX_TEAMS_SHOWN = 5
MAX_EXCLUDED = 200
QUOTA_COLUMNS = ("of", "value", "least", "most")
WITHOUT_VALUE = {QuotaKind.SME, QuotaKind.NEWCOMER}
VALUES: dict[QuotaKind, Collection[str]] = {
    QuotaKind.TYPE: list(OrganisationType),
    QuotaKind.SIZE_CLASS: list(SizeClass),
}


@dataclass(slots=True)
class TeamForm:
    """The form of the line-up builder, read from the address."""

    size: str = str(DEFAULT_SIZE)
    rows: list[Row] = field(default_factory=list)
    exclude: list[str] = field(default_factory=list)
    competing: bool = False
    teams: str = "1"
    cap: str = "1"
    exact: bool = False
    errors: list[str] = field(default_factory=list)

    @classmethod
    def sent(cls, asked: MultiDict[str, str], corpus: Corpus) -> TeamForm:
        """Read the form."""
        columns = [asked.getlist(name)[:MAX_QUOTAS] for name in QUOTA_COLUMNS]
        rows = [
            Row(dict(zip(QUOTA_COLUMNS, values, strict=True)))
            for values in zip(*columns, strict=False)
        ]
        return cls(
            size=asked.get("size", str(DEFAULT_SIZE))[:5],
            rows=[row for row in rows if any(value.strip() for value in row.values.values())],
            exclude=[
                key for key in asked.getlist("exclude")[:MAX_EXCLUDED] if key in corpus.row_of_id
            ],
            competing="competing" in asked,
            teams=asked.get("teams", "1")[:3],
            cap=asked.get("cap", "1")[:3],
            exact="exact" in asked,
        )

    def request(self) -> TeamRequest | None:
        """Return the team that is asked for; None with errors where there is something to mend."""
        size = number(self.size, 1, MAX_SIZE)
        teams, cap = (number(value, 1, MAX_TEAMS_SHOWN) for value in (self.teams, self.cap))
        if size is None:
            self.errors.append(_("A team has from 1 to %(count)s organisations.", count=MAX_SIZE))
        if teams is None or cap is None:
            self.errors.append(_("Ask for 1 to 5 teams."))
        quotas = [_quota(row) for row in self.rows]
        if size is None or teams is None or cap is None or any(row.errors for row in self.rows):
            return None
        return TeamRequest(
            size=int(size),
            quotas=tuple(quota for quota in quotas if quota is not None),
            exclude=tuple(self.exclude),
            competing=self.competing,
            teams=int(teams),
            cap=min(int(cap), int(teams)),
            exact=self.exact,
        )


def _quota(row: Row) -> QuotaRequest | None:
    of, value = row.values["of"], row.values["value"].strip()
    least = number(row.values["least"] or "0", 0, MAX_SIZE)
    most = number(row.values["most"], 0, MAX_SIZE) if row.values["most"].strip() else None
    if of not in list(QuotaKind):
        row.errors.append(_("Choose what to count."))
        return None
    kind = QuotaKind(of)
    value = value.upper() if kind in (QuotaKind.COUNTRY, QuotaKind.REGION) else value
    allowed = VALUES.get(kind)
    if kind in WITHOUT_VALUE:
        value = ""
    elif not value or (allowed is not None and value not in allowed):
        row.errors.append(_("Say which one to count."))
    elif kind in (QuotaKind.COUNTRY, QuotaKind.REGION) and not (
        value.isascii() and value.isalnum()
    ):
        row.errors.append(_("A country has two letters, a region a NUTS code such as BE2."))
    if least is None or (row.values["most"].strip() and most is None):
        row.errors.append(_("At least and at most are whole numbers."))
    elif most is not None and most < least:
        row.errors.append(_("At most is less than at least."))
    elif not least and most is None:
        row.errors.append(_("Say how many at least or at most."))
    if row.errors or least is None:
        return None
    return QuotaRequest(
        kind=kind,
        value=value[:5] if kind is QuotaKind.REGION else value,
        at_least=int(least),
        at_most=None if most is None else int(most),
    )
