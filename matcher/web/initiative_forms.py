"""What the forms about an initiative hold, and how it is read."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, HiddenField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length

from matcher.corpus.columns import Corpus
from matcher.domain import Need, NeedLevel, OrganisationType, SizeClass, Stage
from matcher.initiatives.team import MAX_QUOTAS, MAX_SIZE, Of, TeamRequest, Wanted
from matcher.matching.service import MAX_NEEDS, MAX_TEXT_LENGTH
from matcher.web.forms import MAX_NEED_LENGTH

SPARE_ROWS, MORE_ROWS = 3, 5
"""Empty rows of a form: as a rule, and where "another" was pressed without a script."""


class InitiativeForm(FlaskForm):  # type: ignore[misc]
    """Name, brief, and how it looks for partners."""

    name = StringField(_l("Name"), [DataRequired(), Length(max=300)])
    brief = TextAreaField(_l("Brief"), [Length(max=MAX_TEXT_LENGTH)])
    exploratory = BooleanField(_l("Looks for the new: partners from further fields fit better"))
    open = BooleanField(_l("Open: anybody may read it"))
    seen = HiddenField()


class MemberForm(FlaskForm):  # type: ignore[misc]
    """Somebody to become a member."""

    organisation = StringField(_l("Organisation"), [DataRequired(), Length(max=300)])
    since = StringField(_l("Member since"), [Length(max=10)], render_kw={"type": "date"})


@dataclass(slots=True)
class Row:
    """One row of a form, as typed, with what is wrong with it."""

    values: dict[str, str]
    errors: list[str] = field(default_factory=list)


def seen(what: object) -> str:
    """Return a mark of what somebody was shown, to notice that it changed meanwhile."""
    return hashlib.sha256(repr(what).encode()).hexdigest()[:16]


def meanwhile() -> str:
    """Return what is said where it did change."""
    return str(
        _(
            "Somebody else changed this meanwhile. Look at it in another window; store again to "
            "put yours in its place."
        )
    )


def rows_of_needs(needs: Sequence[Need]) -> list[Row]:
    """Return the rows of a form that shows needs."""
    rows = []
    for need in needs:
        whole = asdict(need)
        rows.append(
            Row(
                {
                    "text": need.text,
                    "level": need.level.value,
                    "weight": f"{need.weight:g}",
                    "stage": need.stage.value if need.stage else "",
                    "due": whole["due"].isoformat() if whole["due"] else "",
                }
            )
        )
    return rows


def sent_needs(form: MultiDict[str, str]) -> tuple[list[Row], list[Need]]:
    """Read the rows that were sent; rows without a text, or marked to go, count for nothing."""
    gone = set(form.getlist("remove"))
    columns = [form.getlist(name)[: MAX_NEEDS + 20] for name in NEED_COLUMNS]
    rows, needs = [], []
    for at, values in enumerate(zip(*columns, strict=False)):
        row = Row(dict(zip(NEED_COLUMNS, values, strict=True)))
        if str(at) in gone or not row.values["text"].strip():
            continue
        rows.append(row)
        need = _need(row)
        if need is not None:
            needs.append(need)
    if len(rows) > MAX_NEEDS:
        rows[-1].errors.append(_("An initiative has at most %(count)s needs.", count=MAX_NEEDS))
    return rows, needs


NEED_COLUMNS = ("text", "level", "weight", "stage", "due")


def _need(row: Row) -> Need | None:
    text = " ".join(row.values["text"].split())
    weight = number(row.values["weight"] or "1", 0.01, 100.0)
    due = day(row.values["due"])
    if len(text) > MAX_NEED_LENGTH:
        row.errors.append(_("A need has at most %(count)s characters.", count=MAX_NEED_LENGTH))
    if weight is None:
        row.errors.append(_("A weight is a number from 0.01 to 100."))
    if due is None and row.values["due"].strip():
        row.errors.append(_("A day is written as 2027-01-31."))
    level, stage = row.values["level"], row.values["stage"]
    if level not in list(NeedLevel) or stage not in ["", *Stage]:
        row.errors.append(_("Choose from the list."))
    if row.errors or weight is None:
        return None
    return Need(text, NeedLevel(level), weight, Stage(stage) if stage else None, due)


def number(text: str, least: float, most: float) -> float | None:
    """Read a number, with a point or a comma; None when it isn't one or out of bounds."""
    try:
        value = float(text.strip().replace(",", "."))
    except ValueError:
        return None
    return value if least <= value <= most else None


def day(text: str) -> date | None:
    """Read a day written as 2027-01-31; None when it isn't one."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None


def organisation_named(corpus: Corpus, name: str) -> tuple[str | None, str]:
    """Return the id of the one organisation that is meant, or None and what to tell the user."""
    wanted = " ".join(name.split())
    if wanted in corpus.row_of_id:
        return wanted, ""
    folded = wanted.casefold()
    exact = [one for one in corpus.organisations if one.name.casefold() == folded]
    near = exact or [one for one in corpus.organisations if folded in one.name.casefold()]
    if len(near) == 1:
        return near[0].id, ""
    if not near:
        return None, str(_("We know no organisation called “%(name)s”.", name=wanted[:80]))
    meant = ", ".join(f"{one.name} ({one.id})" for one in near[:4])
    return None, str(
        _("“%(name)s” may be several: %(meant)s. Which one?", name=wanted[:80], meant=meant)
    )


QUOTA_COLUMNS = ("of", "value", "least", "most")
PLAIN = {Of.SME, Of.NEWCOMER}
"""What a quota counts without a value."""


@dataclass(slots=True)
class TeamForm:
    """The form of the line-up builder, read from the address."""

    size: str = "12"
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
            size=asked.get("size", "12")[:5],
            rows=[row for row in rows if any(value.strip() for value in row.values.values())],
            exclude=[one for one in asked.getlist("exclude")[:200] if one in corpus.row_of_id],
            competing="competing" in asked,
            teams=asked.get("teams", "1")[:3],
            cap=asked.get("cap", "1")[:3],
            exact="exact" in asked,
        )

    def wanted(self) -> TeamRequest | None:
        """Return the team that is wanted; None with errors where there is something to mend."""
        size = number(self.size, 1, MAX_SIZE)
        teams, cap = number(self.teams, 1, 5), number(self.cap, 1, 5)
        if size is None:
            self.errors.append(_("A team has from 1 to %(count)s organisations.", count=MAX_SIZE))
        if teams is None or cap is None:
            self.errors.append(_("Ask for 1 to 5 teams."))
        quotas = [_quota(row) for row in self.rows]
        if size is None or teams is None or cap is None or any(row.errors for row in self.rows):
            return None
        return TeamRequest(
            size=int(size),
            quotas=tuple(one for one in quotas if one is not None),
            exclude=tuple(self.exclude),
            competing=self.competing,
            teams=int(teams),
            cap=min(int(cap), int(teams)),
            exact=self.exact,
        )


def _quota(row: Row) -> Wanted | None:
    of, value = row.values["of"], row.values["value"].strip()
    least = number(row.values["least"] or "0", 0, MAX_SIZE)
    most = number(row.values["most"], 0, MAX_SIZE) if row.values["most"].strip() else None
    if of not in list(Of):
        row.errors.append(_("Choose what to count."))
        return None
    kind = Of(of)
    value = value.upper() if kind in (Of.COUNTRY, Of.REGION) else value
    allowed: Any = {Of.TYPE: list(OrganisationType), Of.SIZE_CLASS: list(SizeClass)}.get(kind)
    if kind in PLAIN:
        value = ""
    elif not value or (allowed is not None and value not in allowed):
        row.errors.append(_("Say which one to count."))
    elif kind in (Of.COUNTRY, Of.REGION) and not (value.isascii() and value.isalnum()):
        row.errors.append(_("A country has two letters, a region a NUTS code such as BE2."))
    if least is None or (row.values["most"].strip() and most is None):
        row.errors.append(_("At least and at most are whole numbers."))
    elif most is not None and most < least:
        row.errors.append(_("At most is less than at least."))
    elif not least and most is None:
        row.errors.append(_("Say how many at least or at most."))
    if row.errors or least is None:
        return None
    return Wanted(kind, value[:5] if kind is Of.REGION else value, int(least), _whole(most))


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)
