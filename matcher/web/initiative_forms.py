"""What the forms about an initiative hold, and how it is read."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, HiddenField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length

from matcher.corpus.corpus import Corpus
from matcher.corpus.name_search import find_by_name
from matcher.domain import Need, NeedLevel, Stage
from matcher.matching.question import MAX_NEEDS, MAX_TEXT_LENGTH
from matcher.validation import MAX_NEED_LENGTH

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
    """Return a hash of what somebody was shown, to notice that it changed meanwhile."""
    return hashlib.sha256(repr(what).encode()).hexdigest()[:16]


def meanwhile() -> str:
    """Return the message for somebody whose page was out of date."""
    return str(
        _(
            "Somebody else changed this meanwhile. Look at it in another window; store again to "
            "put yours in its place."
        )
    )


def rows_of_needs(needs: Sequence[Need]) -> list[Row]:
    """Return the rows of a form that shows needs."""
    return [
        Row(
            {
                "text": need.text,
                "level": need.level.value,
                "weight": f"{need.weight:g}",
                "stage": need.stage.value if need.stage else "",
                "due": need.due.isoformat() if need.due else "",
            }
        )
        for need in needs
    ]


def sent_needs(form: MultiDict[str, str]) -> tuple[list[Row], list[Need]]:
    """Read the rows that were sent; rows without a text, or marked to go, count for nothing."""
    gone = set(form.getlist("remove"))
    columns = [form.getlist(name)[: MAX_NEEDS + 20] for name in NEED_COLUMNS]
    rows, needs = [], []
    for index, values in enumerate(zip(*columns, strict=False)):
        row = Row(dict(zip(NEED_COLUMNS, values, strict=True)))
        if str(index) in gone or not row.values["text"].strip():
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
    """Return the id of the organisation that is meant, or None and a message for the user."""
    wanted = " ".join(name.split())
    if wanted in corpus.row_of_id:
        return wanted, ""
    exact, similar = find_by_name(corpus, wanted)
    near = exact or similar
    if len(near) == 1:
        return corpus.ids[near[0]], ""
    if not near:
        return None, str(_("We know no organisation called “%(name)s”.", name=wanted[:80]))
    meant = ", ".join(f"{corpus.names[row]} ({corpus.ids[row]})" for row in near[:4])
    return None, str(
        _("“%(name)s” may be several: %(meant)s. Which one?", name=wanted[:80], meant=meant)
    )
