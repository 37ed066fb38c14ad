"""The form of the home page, and how it becomes a question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from wtforms import (
    BooleanField,
    FloatField,
    IntegerField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length, NumberRange, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from matcher.corpus.corpus import Corpus
from matcher.corpus.name_search import find_by_name
from matcher.domain import (
    Filters,
    Near,
    Need,
    NeedLevel,
    OrganisationType,
    Question,
    Stage,
)
from matcher.matching.question import MAX_NEEDS, QuestionLimits, QuestionTooLarge, check_size
from matcher.parameters import COMPLEMENT_DIAL, SIMILARITY_DIAL
from matcher.validation import MAX_NEED_LENGTH
from matcher.web.labels import LABELS
from matcher.web.messages import translated

DEFAULT_RADIUS_KM = 50.0
MAX_LEFT_OUT = 100
MAX_ERRORS = 10
"""So many names that aren't known are told at once."""
DIALS = {
    "complement": round(COMPLEMENT_DIAL * 100),
    "alike": round(SIMILARITY_DIAL * 100),
    "across": 0,
}
"""Where the dials stand unless somebody turns them, in percent."""
LENGTHS = (20, 50, 100)
"""So many matches can be shown on a page."""


@dataclass(frozen=True, slots=True)
class NeedRow:
    """One need as it stands in a row of the form."""

    text: str
    level: str = NeedLevel.MUST.value
    stage: str = ""

    @property
    def need(self) -> Need:
        """The need."""
        return Need(
            self.text, NeedLevel(self.level), stage=Stage(self.stage) if self.stage else None
        )


def rows_of(needs: Sequence[Need]) -> list[NeedRow]:
    """Return needs as rows."""
    return [
        NeedRow(need.text, need.level.value, need.stage.value if need.stage else "")
        for need in needs
    ]


def needs_in_address(rows: Sequence[NeedRow]) -> list[tuple[str, str]]:
    """Return the parameters that state needs."""
    parts = [(("need", row.text), ("level", row.level), ("stage", row.stage)) for row in rows]
    return [part for three in parts for part in three]


def need_rows(values: MultiDict[str, str]) -> list[NeedRow]:
    """Read rows of needs; those without text, or marked to go, count for nothing."""
    texts, gone = values.getlist("need")[: MAX_NEEDS + 10], set(values.getlist("without"))
    levels, stages = values.getlist("level"), values.getlist("stage")
    rows = []
    for at, given in enumerate(texts):
        text = " ".join(given.split())
        level = levels[at] if at < len(levels) else ""
        stage = stages[at] if at < len(stages) else ""
        if text and str(at) not in gone:
            rows.append(
                NeedRow(
                    text,
                    level if level in list(NeedLevel) else NeedLevel.MUST.value,
                    stage if stage in list(Stage) else "",
                )
            )
    return rows


def length_asked(values: MultiDict[str, str], lengths: Sequence[int] = LENGTHS) -> int:
    """Return how many matches to show: one of the lengths, the first unless another is asked."""
    asked = values.get("show", "")
    return next((length for length in lengths if str(length) == asked), lengths[0])


def longer_than(shown: int, total: int, lengths: Sequence[int] = LENGTHS) -> list[int]:
    """Return the lengths at which more of `total` matches would be shown than now."""
    before = (0, *lengths)
    return [
        length
        for length, less in zip(lengths, before, strict=False)
        if length > shown and total > less
    ]


def left_out(values: MultiDict[str, str]) -> dict[str, list[str]]:
    """Read the ids that are left out by name of the parameter, but for those to take `back`."""
    back = set(values.getlist("back"))
    return {
        name: [
            organisation_id
            for organisation_id in dict.fromkeys(values.getlist(name))
            if organisation_id not in back
        ][:MAX_LEFT_OUT]
        for name in ("exclude", "unlike")
    }


class Checkboxes(SelectMultipleField):  # type: ignore[misc]
    """Several choices as check boxes."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class MatchForm(FlaskForm):  # type: ignore[misc]
    """What somebody wants to do, brings, has already, and may rule out."""

    text = TextAreaField(_l("What do you want to do?"), [Length(max=10_000)])
    brings = TextAreaField(_l("What do you bring yourself?"), [Length(max=5_000)])
    needs = TextAreaField(_l("What do you still need?"), [Length(max=5_000)])
    members = TextAreaField(_l("Who is in already?"), [Length(max=5_000)])
    types = Checkboxes(
        _l("Kind of partner"),
        choices=[SelectChoice(kind.value, LABELS[kind]) for kind in OrganisationType],
    )
    stages = Checkboxes(
        _l("Stage from idea to market"),
        choices=[SelectChoice(stage.value, LABELS[stage]) for stage in Stage],
    )
    country = StringField(_l("Country"), [Length(max=2)])
    region = StringField(_l("Region (NUTS code)"), [Length(max=5)])
    sector = StringField(_l("Sector"), [Length(max=100)])
    near = StringField(_l("Near"), [Length(max=200)])
    radius = FloatField(_l("Within (km)"), [Optional(), NumberRange(1, 20_000)])
    sme_only = BooleanField(_l("Only small and medium-sized companies"))
    all_places = BooleanField(_l("Also partners from places that the text rules out"))
    complement = IntegerField(
        _l("How much what a partner adds counts (0–100)"), [Optional(), NumberRange(0, 100)]
    )
    alike = IntegerField(
        _l("How far look-alikes of members go down (0–100)"), [Optional(), NumberRange(0, 100)]
    )
    across = IntegerField(
        _l("How much partners from other fields are preferred (0–100)"),
        [Optional(), NumberRange(0, 100)],
    )

    @classmethod
    def asked(cls, values: MultiDict[str, str]) -> MatchForm:
        """Read the form from an address, which needs no token: asking changes nothing."""
        form = cls(formdata=values, meta={"csrf": False})
        form.rows = need_rows(values)
        form.without = left_out(values)
        form.shown = length_asked(values)
        return form

    def __init__(self, *args: Any, **values: Any) -> None:
        super().__init__(*args, **values)
        self.rows: list[NeedRow] = []
        self.without: dict[str, list[str]] = {"exclude": [], "unlike": []}
        self.shown = LENGTHS[0]

    @property
    def again(self) -> bool:
        """Whether more was asked than the first form asks: rows of needs, dials, exclusions."""
        turned = any(any(self[name].raw_data or ()) for name in DIALS)
        return turned or bool(self.rows) or any(self.without.values())

    def dialled(self, name: str) -> int | str:
        """Return where a dial stands; what somebody wrote instead of a number stays."""
        field = self[name]
        written = field.raw_data[0] if field.raw_data else ""
        value: int | str = DIALS[name] if field.data is None else field.data
        return written or value

    def gather(self) -> None:
        """Make rows of the needs that stand one a line."""
        self.rows += [NeedRow(line) for line in self._lines()]
        self.needs.data = ""

    def address(self) -> list[tuple[str, str]]:
        """Return the parameters of an address that asks the same."""
        parts: list[tuple[str, str]] = []
        for field in self:
            if field.name in ("csrf_token", "needs"):
                continue
            if isinstance(field, Checkboxes):
                parts += [(field.name, choice) for choice in field.data or ()]
            elif isinstance(field, BooleanField):
                parts += [(field.name, "y")] if field.data else []
            elif field.data not in (None, "", DIALS.get(field.name)):
                parts.append((field.name, str(field.data).replace("\r\n", "\n").strip()))
        parts += needs_in_address([*self.rows, *(NeedRow(line) for line in self._lines())])
        parts += [("show", str(self.shown))] if self.shown != LENGTHS[0] else []
        return parts + [
            (name, organisation_id) for name, ids in self.without.items() for organisation_id in ids
        ]

    def _lines(self) -> list[str]:
        lines = [line.strip(" -•\t\r") for line in (self.needs.data or "").splitlines()]
        return [line for line in lines if line][: MAX_NEEDS + 10]

    def question(self, corpus: Corpus, limits: QuestionLimits) -> Question | None:
        """Return the question; None with errors on the fields where there is something to mend."""
        members = self._members(corpus, limits)
        near = self._near(corpus)
        text = (self.text.data or "").strip()
        needs = [row.need for row in self.rows] + [Need(line) for line in self._lines()]
        most = min(limits.needs, MAX_NEEDS)
        if len(needs) > most or any(len(need.text) > MAX_NEED_LENGTH for need in needs):
            said = _(
                "At most %(count)s needs of %(length)s characters each.",
                count=most,
                length=MAX_NEED_LENGTH,
            )
            self.needs.errors = [*self.needs.errors, said]
        if not text and not needs and not members and not self.errors:
            self.text.errors = [
                *self.text.errors,
                _("Write a sentence or two about what you want to do, or what you need."),
            ]
        brings = (self.brings.data or "").strip()
        whole = f"{text}\n{brings}" if brings and text else text
        if not self.errors:
            self._check_size(whole, needs, members, limits)
        if self.errors:
            return None
        filters = Filters(
            types=tuple(OrganisationType(kind) for kind in self.types.data or ()),
            stages=tuple(Stage(stage) for stage in self.stages.data or ()),
            countries=_upper(self.country.data),
            regions=_upper(self.region.data),
            sectors=(self.sector.data.strip(),) if (self.sector.data or "").strip() else (),
            sme_only=bool(self.sme_only.data),
            near=near,
        )
        left = {
            name: tuple(
                organisation_id
                for organisation_id in ids
                if organisation_id in corpus.row_of_id and organisation_id not in members
            )
            for name, ids in self.without.items()
        }
        complement, alike = self.complement.data, self.alike.data
        return Question(
            text=whole,
            needs=tuple(needs),
            members=members,
            exclude=left["exclude"],
            unlike=left["unlike"],
            filters=filters,
            text_filters=not self.all_places.data,
            complement=COMPLEMENT_DIAL if complement is None else complement / 100,
            similarity_penalty=SIMILARITY_DIAL if alike is None else alike / 100,
            across_fields=(self.across.data or 0) / 100,
            limit=self.shown,
        )

    def _check_size(
        self, text: str, needs: Sequence[Need], members: Sequence[str], limits: QuestionLimits
    ) -> None:
        """Put an error on a field where the question is too large."""
        try:
            check_size(text, needs, members, limits)
        except QuestionTooLarge as error:
            field = self[error.field]
            field.errors = [*field.errors, translated(error.message)]

    def _members(self, corpus: Corpus, limits: QuestionLimits) -> tuple[str, ...]:
        lines = [line.strip() for line in (self.members.data or "").splitlines()]
        names = list(dict.fromkeys(line for line in lines if line))
        if len(names) > limits.members:
            self._check_size("", (), names, limits)
            return ()
        found: list[str] = []
        for name in names:
            if len(self.members.errors) >= MAX_ERRORS:  # each takes a look at all names
                break
            if name in corpus.row_of_id:
                found.append(name)
                continue
            exact, similar = find_by_name(corpus, name)
            if not exact and len(similar) != 1:
                self.members.errors = [*self.members.errors, self._unknown(name, similar, corpus)]
                continue
            found.append(corpus.ids[exact[-1] if exact else similar[0]])
        return tuple(dict.fromkeys(found))

    @staticmethod
    def _unknown(name: str, similar: Sequence[int], corpus: Corpus) -> str:
        if not similar:
            return str(_("We know no organisation called “%(name)s”.", name=name[:80]))
        meant = ", ".join(corpus.names[row] for row in similar[:4])
        return str(
            _("“%(name)s” may be several: %(meant)s. Which one?", name=name[:80], meant=meant)
        )

    def _near(self, corpus: Corpus) -> Near | None:
        city = (self.near.data or "").strip().casefold()
        if not city:
            return None
        numbers = corpus.cities.whole()
        same = [n for n in np.unique(numbers) if corpus.text_of(n).casefold() == city]
        rows = np.flatnonzero(np.isin(numbers, same) & ~np.isnan(corpus.latitude.whole()))
        rows = rows[corpus.alive[rows]]
        if not len(rows):
            self.near.errors = [*self.near.errors, _("No organisation is in a place of that name.")]
            return None
        radius: Any = self.radius.data
        return Near(
            float(np.median(corpus.latitude[rows])),
            float(np.median(corpus.longitude[rows])),
            float(radius or DEFAULT_RADIUS_KM),
        )


def _upper(value: str | None) -> tuple[str, ...]:
    text = (value or "").strip().upper()
    return (text,) if text else ()
