"""The form of the home page, and how it becomes a question."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    FloatField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length, NumberRange, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from matcher.domain import Filters, Near, Need, OrganisationType, Question, Stage
from matcher.ranking.corpus import Corpus
from matcher.web.labels import LABELS

DEFAULT_RADIUS_KM = 50.0


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
        choices=[SelectChoice(one.value, LABELS[one]) for one in Stage],
    )
    country = StringField(_l("Country"), [Length(max=2)])
    region = StringField(_l("Region (NUTS code)"), [Length(max=5)])
    sector = StringField(_l("Sector"), [Length(max=100)])
    near = StringField(_l("Near"), [Length(max=200)])
    radius = FloatField(_l("Within (km)"), [Optional(), NumberRange(1, 20_000)])
    sme_only = BooleanField(_l("Only small and medium-sized companies"))

    def question(self, corpus: Corpus) -> Question | None:
        """Return the question; None with errors on the fields where there is something to mend."""
        members = self._members(corpus)
        near = self._near(corpus)
        text = (self.text.data or "").strip()
        lines = [line.strip(" -•\t") for line in (self.needs.data or "").splitlines()]
        needs = [Need(line) for line in lines if line][:50]
        if not text and not needs and not members and not self.errors:
            self.text.errors = [
                *self.text.errors,
                _("Write a sentence or two about what you want to do, or what you need."),
            ]
        if self.errors:
            return None
        brings = (self.brings.data or "").strip()
        filters = Filters(
            types=tuple(OrganisationType(one) for one in self.types.data or ()),
            stages=tuple(Stage(one) for one in self.stages.data or ()),
            countries=_upper(self.country.data),
            regions=_upper(self.region.data),
            sectors=(self.sector.data.strip(),) if (self.sector.data or "").strip() else (),
            sme_only=bool(self.sme_only.data),
            near=near,
        )
        whole = f"{text}\n{brings}" if brings and text else text
        return Question(text=whole, needs=tuple(needs), members=members, filters=filters, limit=20)

    def _members(self, corpus: Corpus) -> tuple[str, ...]:
        by_name = {one.name.casefold(): one.id for one in corpus.organisations}
        found: list[str] = []
        for line in (self.members.data or "").splitlines():
            name = line.strip()
            if not name:
                continue
            if name in corpus.row_of_id:
                found.append(name)
                continue
            exact = by_name.get(name.casefold())
            similar = [key for key in by_name if name.casefold() in key]
            if exact is None and len(similar) == 1:
                exact = by_name[similar[0]]
            if exact is None:
                self.members.errors = [*self.members.errors, self._unknown(name, similar, corpus)]
                continue
            found.append(exact)
        return tuple(dict.fromkeys(found))

    @staticmethod
    def _unknown(name: str, similar: Sequence[str], corpus: Corpus) -> str:
        if not similar:
            return str(_("We know no organisation called “%(name)s”.", name=name[:80]))
        names = [one.name for one in corpus.organisations if one.name.casefold() in set(similar)]
        meant = ", ".join(names[:4])
        return str(
            _("“%(name)s” may be several: %(meant)s. Which one?", name=name[:80], meant=meant)
        )

    def _near(self, corpus: Corpus) -> Near | None:
        city = (self.near.data or "").strip().casefold()
        if not city:
            return None
        rows = [
            row
            for row, one in enumerate(corpus.organisations)
            if (one.place.city or "").casefold() == city and one.place.latitude is not None
        ]
        if not rows:
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
