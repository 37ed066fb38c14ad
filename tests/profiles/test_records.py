"""What is stored of a draft or hidden profile comes back as it was."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import Any

from matcher.domain import Contact, Facet, FacetKind, Organisation, OrganisationType, Role
from matcher.profiles.records import (
    CorpusTraces,
    FormerMember,
    OwnedEvidence,
    ProfileRecord,
    record_from_json,
    record_to_json,
)

OFFER = Facet(FacetKind.OFFER, "Wier", valid_until=date(2031, 12, 31))
COMPANY = Organisation(
    "own:x-1", "X", OrganisationType.COMPANY, contact=Contact("M"), offers=(OFFER,)
)
PROJECT = Facet(FacetKind.EVIDENCE, "Proefkweek", title="Wier", source="wier:1", year=2024)
TRACES = CorpusTraces(
    evidence=(OwnedEvidence("wier:1", Role.COORDINATOR, 2023, 2, PROJECT),),
    aliases=("org:oud",),
    members=(FormerMember("init:x", 1, date(2026, 2, 1)), FormerMember("init:y", 0, None)),
    rivals=("org:z",),
)


def stored(record: ProfileRecord) -> dict[str, Any]:
    return dict(json.loads(json.dumps(record_to_json(record))))


def test_a_record_survives_json() -> None:
    record = ProfileRecord(COMPANY, TRACES)
    assert record_from_json(stored(record)) == record


def test_facets_are_stored_without_their_ids() -> None:
    offer, project = replace(OFFER, id=7), replace(PROJECT, id=8)
    owned = replace(TRACES.evidence[0], facet=project)
    with_ids = ProfileRecord(replace(COMPANY, offers=(offer,)), replace(TRACES, evidence=(owned,)))
    assert record_from_json(stored(with_ids)) == ProfileRecord(COMPANY, TRACES)


def test_what_earlier_versions_stored_is_readable() -> None:
    draft = {"organisation": stored(ProfileRecord(COMPANY))["organisation"]}
    assert record_from_json(draft) == ProfileRecord(COMPANY, CorpusTraces())
    facet = {
        "kind": "evidence",
        "text": "Proefkweek",
        "title": "Wier",
        "source": "wier:1",
        "language": None,
        "stage": None,
        "trl_min": None,
        "trl_max": None,
        "certifications": [],
        "topics": [],
        "valid_until": None,
        "year": 2024,
    }
    part = {"source": "wier:1", "role": "coordinator", "year": 2023, "position": 2}
    hidden = {
        **draft,
        "evidence": [{**part, "facet": facet}],
        "aliases": ["org:oud"],
        "members": [
            {"initiative": "init:x", "place": 1, "since": "2026-02-01"},
            {"initiative": "init:y", "place": 0, "since": None},
        ],
        "rivals": ["org:z"],
    }
    assert record_from_json(hidden) == ProfileRecord(COMPANY, TRACES)
