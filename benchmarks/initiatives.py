"""Speed and quality of answers about initiatives: python -m benchmarks.initiatives [HOME].

4,000 invented organisations with three offers and two needs each (halves of the judged texts that
come with the service, put together by a fixed seed) and 3,000 past projects; 20 initiatives of 15
needs and 5 members. Nothing comes from the cache. Beside the greedy team stand the best one
(HiGHS), those that cover most on their own and a random team. HOME keeps the corpus.
"""

from __future__ import annotations

import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from matcher.domain import (
    Facet,
    FacetKind,
    Initiative,
    Member,
    Need,
    Organisation,
    OrganisationType,
    Participation,
    Place,
    Project,
    SizeClass,
    Stage,
)
from matcher.imports.row_errors import Batch
from matcher.imports.storage import store_batch
from matcher.indexing.build import build_index
from matcher.indexing.provider import provide_corpus
from matcher.initiatives.context import InitiativeContext, initiative_context
from matcher.initiatives.gaps import gap_report
from matcher.initiatives.roadmap import roadmap
from matcher.initiatives.team import form_team
from matcher.initiatives.team_request import QuotaKind, QuotaRequest, TeamRequest
from matcher.insights.overlaps import overlaps
from matcher.insights.scope import organisations_in
from matcher.insights.strengths import strengths
from matcher.insights.unrealised_matches import unrealised_matches
from matcher.models.need_offer import judged_pairs
from matcher.settings import read_settings
from matcher.store import Store

ORGANISATIONS, PROJECTS, INITIATIVES, NEEDS, SIZE = 4_000, 3_000, 20, 15, 12
QUOTAS = (
    QuotaRequest(QuotaKind.TYPE, "company", at_least=5),
    QuotaRequest(QuotaKind.TYPE, "higher_education", at_least=1, at_most=3),
    QuotaRequest(QuotaKind.REGION, "BE2", at_least=4),
    QuotaRequest(QuotaKind.COUNTRY, "DE", at_most=6),
    QuotaRequest(QuotaKind.NEWCOMER, at_least=2),
    QuotaRequest(QuotaKind.SME, at_least=3),
)
COUNTRIES = {"BE": ("BE2", "BE3"), "NL": ("NL4", "NL3"), "DE": ("DEA", "DE1")}


def main() -> None:
    draw = random.Random(11)
    with tempfile.TemporaryDirectory() as folder:
        home = sys.argv[1] if len(sys.argv) > 1 else folder
        settings = read_settings({"SCHAKEL_HOME": home})
        store = Store(settings.database_url)
        store.upgrade()
        if not store.corpus_version():
            store_batch(store, corpus(random.Random(7)))
            build_index(store, settings)
        corpus_provider = provide_corpus(store, settings)
        snapshot = corpus_provider.snapshot()
        print(f"{len(snapshot.corpus)} organisations, {snapshot.corpus.facet_count} facets")
        several = [initiative(draw, number) for number in range(INITIATIVES)]
        times: dict[str, list[float]] = {}

        def timed(name: str, ask: Callable[[], Any]) -> Any:
            start = time.perf_counter()
            found = ask()
            times.setdefault(name, []).append((time.perf_counter() - start) * 1000)
            return found

        coverages: dict[str, list[float]] = {}
        initiative_context(snapshot, store, several[0])
        for one in several:
            timed(
                "gap report",
                lambda one=one: gap_report(store, initiative_context(snapshot, store, one)),
            )
            timed(
                "roadmap", lambda one=one: roadmap(store, initiative_context(snapshot, store, one))
            )
            for name, wanted in (
                ("line-up of 12, six quotas", TeamRequest(SIZE, QUOTAS)),
                ("the same, best possible", TeamRequest(SIZE, QUOTAS, exact=True)),
            ):
                found = timed(
                    name,
                    lambda one=one, wanted=wanted: form_team(
                        store, initiative_context(snapshot, store, one), wanted
                    ),
                )
                coverages.setdefault(name, []).append(found.teams[0].coverage)
            compare(initiative_context(snapshot, store, one), coverages, draw)
        everywhere = organisations_in(snapshot.corpus, "")
        flemish = organisations_in(snapshot.corpus, "BE2")
        timed(
            "unrealised matches, all", lambda: unrealised_matches(snapshot, store, everywhere, 20)
        )
        timed("unrealised matches, BE2", lambda: unrealised_matches(snapshot, store, flemish, 20))
        timed("strengths", lambda: strengths(snapshot, "BE2"))
        timed("overlaps", lambda: overlaps(snapshot, store, everywhere, 20))
        print(f"{'':32}{'median ms':>12}{'p95 ms':>12}")
        for name, values in times.items():
            p95 = float(np.percentile(values, 95))
            print(f"{name:32}{statistics.median(values):>12.0f}{p95:>12.0f}")
        print(f"{'':32}{'coverage':>12}")
        for name, values in coverages.items():
            print(f"{name:32}{statistics.mean(values):>12.4f}")
        store.dispose()


def compare(
    context: InitiativeContext, coverages: dict[str, list[float]], draw: random.Random
) -> None:
    members, coverage = context.shown_members, context.coverage
    free = SIZE - len(members)
    pool = np.flatnonzero(context.pool)
    best = pool[np.argsort(-coverage.single()[pool], kind="stable")][:free]
    by_chance = np.array(draw.sample(pool.tolist(), free))
    for name, rows in (("no quotas: best by own fit", best), ("random", by_chance)):
        coverages.setdefault(name, []).append(coverage.total(np.union1d(members, rows)))


def corpus(draw: random.Random) -> Batch:
    offers = [(one.offer, one.offer_stage) for one in judged_pairs()]
    needs = [(one.need, one.need_stage) for one in judged_pairs()]
    types, sizes = list(OrganisationType), list(SizeClass)
    batch = Batch()
    for number in range(ORGANISATIONS):
        country = draw.choice(sorted(COUNTRIES))
        size = draw.choice(sizes)
        batch.organisations.append(
            Organisation(
                id=f"bench:{number}",
                name=f"Bench {number} {draw.randrange(10**6)}",
                type=types[min(int(draw.expovariate(0.6)), len(types) - 1)],
                size=size,
                sme=size is not SizeClass.LARGE,
                place=Place(country=country, region=draw.choice(COUNTRIES[country])),
                offers=mixed(draw, offers, FacetKind.OFFER, 3),
                needs=mixed(draw, needs, FacetKind.NEED, 2),
            )
        )
    for number in range(PROJECTS):
        text, _ = draw.choice(offers)
        owners = [Participation(f"bench:{one}") for one in draw.sample(range(3_000), 6)]
        facet = Facet(
            FacetKind.EVIDENCE, text, title=f"Project {number}", source=f"bench:p{number}"
        )
        batch.projects.append(Project(facet, tuple(owners)))
    return batch


def mixed(
    draw: random.Random, texts: list[tuple[str, Stage | None]], kind: FacetKind, count: int
) -> tuple[Facet, ...]:
    made = {}
    while len(made) < count:
        (one, stage), (other, _) = draw.sample(texts, 2)
        words, more = one.split(), other.split()
        text = " ".join([*words[: len(words) // 2 + 2], *more[len(more) // 2 :]])
        made[text] = Facet(kind, text, stage=stage)
    return tuple(made.values())


def initiative(draw: random.Random, number: int) -> Initiative:
    needs = list({one.need: one.need_stage for one in judged_pairs()}.items())
    members = [Member(f"bench:{one}") for one in draw.sample(range(ORGANISATIONS), 5)]
    chosen = tuple(Need(text, stage=stage) for text, stage in draw.sample(needs, NEEDS))
    brief = " ".join(f"{need.text}." for need in chosen)
    return Initiative(f"bench:i{number}", f"Initiative {number}", brief, chosen, tuple(members))


if __name__ == "__main__":
    main()
