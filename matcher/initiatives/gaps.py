"""The gap report: which needs the members cover, who could cover the rest, and the missing link."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from matcher.arrays import Floats, Rows
from matcher.corpus.filters import unexpired
from matcher.domain import Facet, FacetKind, NeedLevel, Stage
from matcher.initiatives.context import PERHAPS, InitiativeContext, best_rows, status_of
from matcher.models.need_offer import CHAIN
from matcher.needs.coverage import best_facets
from matcher.needs.resolve import Source
from matcher.presenters import facet_json, name_json, need_json, organisation_json, partner_mix_json
from matcher.store import Store
from matcher.store.facets import load_facets

MAX_SHOWN = 3
MIN_PROPOSED = 0.1
"""Who fills a missing link meets one of its needs at least with this chance."""


def gap_report(store: Store, context: InitiativeContext) -> dict[str, Any]:
    """Say per need who covers it, who could, or that nobody does; and per stage what is missing."""
    report = _Report(store, context)
    needs = [report.need(place) for place in range(len(context.needed.needs))]
    stages = report.stages(needs)
    links = report.missing_links(stages)
    members = context.shown_members
    everyone = np.union1d(context.members, np.flatnonzero(context.pool))
    return {
        "initiative": {"id": context.initiative.id, "name": context.initiative.name},
        "corpus_version": context.snapshot.version,
        "source": context.needed.source.value,
        "coverage": {
            "members": round(context.coverage.total(context.members), 4),
            "reachable": round(context.coverage.total(everyone), 4),
        },
        "needs": needs,
        "stages": stages,
        "missing_links": links,
        "partner_mix": {
            "members": partner_mix_json([report.corpus.organisations[row].type for row in members]),
            "wanted": report.wanted(),
        },
    }


def uncovered(report: dict[str, Any]) -> int:
    """Return how many needs of a report must be met and no member meets, in whichever stage.

    Only where there are none can it be said that nothing is missing: the chain isn't broken where
    nobody is active before or after a stage, and needs without a stage stand beside it.
    """
    return sum(
        need["level"] == NeedLevel.MUST.value and need["status"] == "missing"
        for need in report["needs"]
    )


class _Report:
    """The parts of one report; facets are read once."""

    def __init__(self, store: Store, context: InitiativeContext) -> None:
        self.context = context
        self.corpus = context.snapshot.corpus
        self.coverage = context.coverage
        self.covers: list[list[int]] = []
        self.could: list[list[int]] = []
        mine = np.zeros(len(self.corpus), dtype=np.bool_)
        mine[context.members] = True
        for probabilities in self.coverage.meets:
            self.covers.append(best_rows(probabilities, mine, MAX_SHOWN))
            self.could.append(best_rows(probabilities, context.pool, MAX_SHOWN))
        self.store = store
        self.facets_of: dict[int, tuple[Rows, Floats]] = {}
        self.facets: dict[int, Facet] = {}
        self._quote({row for several in [*self.covers, *self.could] for row in several})

    def _quote(self, rows: Iterable[int]) -> None:
        """Fetch what these organisations offer best for each need."""
        fresh = {
            row: best_facets(self.corpus, self.coverage, row)
            for row in rows
            if row not in self.facets_of
        }
        self.facets_of.update(fresh)
        quoted = {int(one) for facets, _ in fresh.values() for one in facets if one >= 0}
        with self.store.reading() as session:
            self.facets.update(load_facets(session, (self.corpus.facets[row].id for row in quoted)))

    def need(self, place: int) -> dict[str, Any]:
        """Return one need with who covers it and who could."""
        need = self.context.needed.needs[place]
        probability = float(self.coverage.of(self.context.members)[place])
        could = [self._brings(place, row) for row in self.could[place]]
        strongest = max((one["probability"] for one in could), default=0.0)
        return {
            **need_json(need),
            "share": round(float(self.coverage.weights[place]), 4),
            "probability": round(probability, 3),
            "status": status_of(probability),
            "covered_by": [self._brings(place, row) for row in self.covers[place]],
            "coverable": status_of(strongest),
            "could_be_covered_by": could,
        }

    def _brings(self, place: int, row: int) -> dict[str, Any]:
        facets, probabilities = self.facets_of[row]
        facet = self.facets.get(self.corpus.facets[int(facets[place])].id)
        return {
            "organisation": organisation_json(self.corpus.organisations[row]),
            "probability": round(float(probabilities[place]), 3),
            "offer": facet_json(facet) if facet else None,
        }

    def stages(self, needs: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return a row for each stage from idea to market: its needs, and who is active there."""
        active = self._active()
        rows = []
        for stage in Stage:
            own = [need for need in needs if need["stage"] == stage.value]
            share = sum(need["share"] for need in own)
            covered = sum(need["share"] * need["probability"] for need in own)
            rows.append(
                {
                    "stage": stage.value,
                    "needs": len(own),
                    "missing": [need["text"] for need in own if need["status"] == "missing"],
                    "covered": round(covered / share, 3) if share else None,
                    "status": status_of(covered / share) if share else None,
                    "members": [name_json(self.corpus, row) for row in active[stage]],
                }
            )
        return rows

    def _active(self) -> dict[Stage, list[int]]:
        """Return by stage the members that have an offer in it."""
        active: dict[Stage, list[int]] = {stage: [] for stage in Stage}
        for row in self.context.shown_members.tolist():
            own = self.corpus.facets_owned([row, *self.corpus.variants_of(row)])
            offers = own[(self.corpus.of_kind(FacetKind.OFFER) & unexpired(self.corpus))[own]]
            for stage in {self.corpus.stages[offer] for offer in offers.tolist()} - {None}:
                if stage is not None:
                    active[stage].append(row)
        return active

    def missing_links(self, stages: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return the stages between idea and market at which the chain breaks, and who mends it.

        A stage breaks the chain where what must be there is missing while members are active before
        it or after it: all that is stated for it, or where needs were only read from a brief, with
        no member active in it. Where no needs are known, it does so if members are active on both
        sides of it and nobody in it.
        """
        chain = [row for row in stages if Stage(row["stage"]) in CHAIN]
        there = [bool(row["members"]) or row["status"] in ("covered", "perhaps") for row in chain]
        stated = self.context.needed.source is Source.STATED
        alone = self.context.needed.source is Source.MEMBERS
        links = []
        for place, row in enumerate(chain):
            before, after = any(there[:place]), any(there[place + 1 :])
            musts = self._missing_musts(Stage(row["stage"]))
            broken = row["status"] == "missing" if stated else not row["members"]
            unasked = alone and not row["members"] and before and after
            if (musts and broken and (before or after)) or unasked:
                links.append(
                    {
                        "stage": row["stage"],
                        "because": "needs_missing" if musts else "nobody_active",
                        "needs": [self.context.needed.needs[one].text for one in musts],
                        "proposals": self._proposals(musts, Stage(row["stage"])),
                    }
                )
        return links

    def _missing_musts(self, stage: Stage) -> list[int]:
        probabilities = self.coverage.of(self.context.members)
        return [
            place
            for place, need in enumerate(self.context.needed.needs)
            if need.stage is stage
            and need.level is NeedLevel.MUST
            and probabilities[place] < PERHAPS
        ]

    def _proposals(self, needs: Sequence[int], stage: Stage) -> list[dict[str, Any]]:
        """Return who would fill a missing link: those that meet most of what is missing."""
        if not needs:
            return []
        weights = self.coverage.weights[list(needs)]
        worth = weights @ self.coverage.meets[list(needs)] / weights.sum()
        rows = best_rows(worth, self.context.pool, MAX_SHOWN, MIN_PROPOSED / len(needs))
        self._quote(rows)
        proposals = []
        for row in rows:
            _facets, probabilities = self.facets_of[row]
            place = max(needs, key=lambda one: probabilities[one])
            proposals.append(
                {**self._brings(place, row), "need": self.context.needed.needs[place].text}
            )
        return proposals

    def wanted(self) -> list[dict[str, Any]]:
        """Return for each type that is wanted how many there are."""
        types = [self.corpus.organisations[row].type for row in self.context.shown_members]
        return [
            {"type": kind.value, "wanted": count, "members": types.count(kind)}
            for kind, count in self.context.initiative.wanted
        ]


def roadmap(store: Store, context: InitiativeContext) -> dict[str, Any]:
    """Return the needs in the order of idea to market: who covers each, since when, what is next.

    Since when: the day a member joined, or else the year of the past project that is quoted.
    """
    report = _Report(store, context)
    since = {one.organisation_id: one.since for one in context.initiative.members}
    order = sorted(
        range(len(context.needed.needs)),
        key=lambda place: _in_time(context, place),
    )
    steps = []
    for place in order:
        need = report.need(place)
        by = [
            {**one, "since": _since(one, since)}
            for one in need["covered_by"]
            if one["probability"] >= PERHAPS
        ]
        steps.append({**need, "covered_by": by})
    missing = [step for step in steps if step["status"] == "missing"]
    return {
        "initiative": {"id": context.initiative.id, "name": context.initiative.name},
        "corpus_version": context.snapshot.version,
        "source": context.needed.source.value,
        "done": sum(step["status"] == "covered" for step in steps),
        "steps": steps,
        "next_missing": missing[0] if missing else None,
    }


def _in_time(context: InitiativeContext, place: int) -> tuple[int, str, int]:
    need = context.needed.needs[place]
    stage = len(Stage) if need.stage is None else list(Stage).index(need.stage)
    return stage, need.due.isoformat() if need.due else "9999", place


def _since(brings: dict[str, Any], joined: dict[str, Any]) -> str | None:
    day = joined.get(brings["organisation"]["id"])
    if day is not None:
        return str(day.isoformat())
    year = brings["offer"]["year"] if brings["offer"] else None
    return None if year is None else str(year)
