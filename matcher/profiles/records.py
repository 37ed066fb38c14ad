"""What is stored of a profile while its organisation isn't one of the corpus."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from pydantic import TypeAdapter

from matcher.domain import Facet, Organisation, Role
from matcher.organisations.serialise import deserialise, serialise


@dataclass(frozen=True, slots=True)
class OwnedEvidence:
    """A past project, and the part that the organisation had in it."""

    source: str | None
    role: Role
    year: int | None
    position: int
    """Among the owners of the project, in the order of its source."""
    facet: Facet


@dataclass(frozen=True, slots=True)
class FormerMember:
    """Where the organisation stood among the members of an initiative."""

    initiative: str
    """The initiative's id."""
    place: int
    since: date | None


@dataclass(frozen=True, slots=True)
class CorpusTraces:
    """What a hidden organisation took part in, to be put back when it is shown again."""

    evidence: tuple[OwnedEvidence, ...] = ()
    aliases: tuple[str, ...] = ()
    """Ids that it had before others were merged into it."""
    members: tuple[FormerMember, ...] = ()
    rivals: tuple[str, ...] = ()
    """Ids of organisations that name it as a competitor."""


@dataclass(frozen=True, slots=True)
class ProfileRecord:
    """All of a draft or hidden profile's organisation."""

    organisation: Organisation
    traces: CorpusTraces = field(default_factory=CorpusTraces)

    @property
    def embedded_texts(self) -> list[str]:
        """What the encoder sees of its facets."""
        evidence = [one.facet.embedded_text for one in self.traces.evidence]
        return [*self.organisation.embedded_texts, *evidence]


_TRACES = TypeAdapter(CorpusTraces)
_WITHOUT_FACET_IDS = {"evidence": {"__all__": {"facet": {"id"}}}}
"""A facet that is put back may get another id."""


def record_to_json(record: ProfileRecord) -> dict[str, Any]:
    """Return the JSON value that is stored of a record."""
    traces = _TRACES.dump_python(record.traces, mode="json", exclude=_WITHOUT_FACET_IDS)
    return {"organisation": serialise(record.organisation), **traces}


def without_standing(stored: dict[str, Any]) -> dict[str, Any]:
    """Return the JSON value of a record whose organisation somebody else owns from now on."""
    record = record_from_json(stored)
    return record_to_json(replace(record, organisation=replace(record.organisation, standing=None)))


def record_from_json(stored: dict[str, Any]) -> ProfileRecord:
    """Return the record that `record_to_json` made JSON of; a draft may have no traces."""
    traces = {key: value for key, value in stored.items() if key != "organisation"}
    return ProfileRecord(deserialise(stored["organisation"]), _TRACES.validate_python(traces))
