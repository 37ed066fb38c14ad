"""Chips for the filters that the text of a question speaks of: one click applies one, or not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from flask_babel import gettext as _

from matcher.domain import OrganisationType
from matcher.matching.answer import SuggestedFilter
from matcher.web.labels import LABELS
from matcher.web.places import place_name

Parts = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class FilterChip:
    """A filter that is applied, or offered."""

    name: str
    words: str
    """Of the question."""
    applied: bool
    address: str | None
    """Asks the same with the filter, or without it; None where that is too long."""


def chips_of(
    suggested: Sequence[SuggestedFilter], asked: Parts, address_of: Callable[[Parts], str | None]
) -> Iterator[FilterChip]:
    """Yield a chip for each filter; `asked` are the parameters of the address asked."""
    for one in suggested:
        name, value = _parameter(one)
        if one.excludes:
            parts = [part for part in asked if part[0] != name]
            parts += [(name, value)] if one.applied else []
        elif one.applied:
            parts = [part for part in asked if part != (name, value)]
        else:
            parts = [part for part in asked if part[0] != name or name == "types"]
            parts += [(name, value)]
        yield FilterChip(_name(one), one.text, one.applied, address_of(parts))


def _parameter(one: SuggestedFilter) -> tuple[str, str]:
    if one.excludes:
        return "all_places", "y"
    if one.field == "size":
        return "sme_only", "y"
    return ("types" if one.field == "type" else one.field), one.value


def _name(one: SuggestedFilter) -> str:
    if one.field == "size":
        return str(_("Only small and medium-sized companies"))
    if one.field == "type" and one.excludes:
        return str(_("None of these: %(name)s", name=LABELS[OrganisationType(one.value)]))
    if one.field == "type":
        return str(_("Only: %(name)s", name=LABELS[OrganisationType(one.value)]))
    if one.excludes:
        return str(_("Nobody from: %(name)s", name=place_name(one.value)))
    return str(_("Only: %(name)s", name=place_name(one.value)))
