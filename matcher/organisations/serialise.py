"""An organisation as plain JSON values, all of it, to be stored outside the corpus and restored."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from matcher.domain import Facet, Organisation

_ORGANISATION = TypeAdapter(Organisation)
_FACET = TypeAdapter(Facet)
_WITHOUT_IDS = {"offers": {"__all__": {"id"}}, "needs": {"__all__": {"id"}}}
"""A restored facet may get another id."""


def serialise(organisation: Organisation) -> dict[str, Any]:
    """Return an organisation as JSON values, with its contact and competitors."""
    values = _ORGANISATION.dump_python(organisation, mode="json", exclude=_WITHOUT_IDS)
    return dict(values)


def deserialise(values: dict[str, Any]) -> Organisation:
    """Return the organisation that `serialise` made JSON of."""
    return _ORGANISATION.validate_python(values)


def serialise_facet(facet: Facet) -> dict[str, Any]:
    """Return a facet as JSON values, without its id."""
    return dict(_FACET.dump_python(facet, mode="json", exclude={"id"}))
