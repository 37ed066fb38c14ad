"""Gap reports and roadmaps over a checkerboard: who meets what is set by hand, field by field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import pytest

from matcher.container import Services
from matcher.corpus.snapshot import Snapshot
from matcher.domain import (
    Facet,
    FacetKind,
    Filters,
    Initiative,
    Member,
    Need,
    NeedLevel,
    Organisation,
    OrganisationType,
    Participation,
    Place,
    Project,
    SizeClass,
    Stage,
)
from matcher.indexing.build import build_index
from matcher.initiatives.context import (
    InitiativeContext,
    best_rows,
    initiative_context,
    may_meet,
    status_of,
)
from matcher.initiatives.gaps import GapReport, TypeWanted, gap_report
from matcher.initiatives.roadmap import roadmap
from matcher.initiatives.stages import StageCoverage
from matcher.needs.coverage import coverage_of
from matcher.needs.resolve import ResolvedNeeds, Source
from matcher.presenters import OrganisationName
from matcher.store import Store
from matcher.store.organisations import save_organisations
from matcher.store.projects import save_projects
from tests.conftest import settings_for
from tests.corpus.corpora import facets_of, organisations_of

COMPANY, HOSPITAL = OrganisationType.COMPANY, OrganisationType.HOSPITAL
INSTITUTE = OrganisationType.RESEARCH_INSTITUTE
OFFERS: dict[str, tuple[OrganisationType, Stage | None]] = {
    "lab": (INSTITUTE, Stage.RESEARCH),
    "maker": (COMPANY, Stage.DEVELOPMENT),
    "shop": (COMPANY, Stage.MARKET),
    "pilot": (COMPANY, Stage.PILOT),
    "plant": (COMPANY, Stage.PRODUCTION),
    "works": (COMPANY, Stage.PRODUCTION),
    "ward": (HOSPITAL, None),
}
"""Each organisation has one offer of its own: its type and the stage of the offer."""
MUST, NICE = NeedLevel.MUST, NeedLevel.NICE
Chances = Mapping[str, Mapping[str, float]]
"""By need and organisation; what isn't given is 0."""


@dataclass
class Board:
    store: Store
    snapshot: Snapshot

    def context(
        self,
        needs: Sequence[Need],
        probabilities: Chances,
        members: Sequence[str] = (),
        source: Source = Source.STATED,
        **about: Any,
    ) -> InitiativeContext:
        """An initiative whose needs are met through the offers just as `chances` say."""
        corpus = self.snapshot.corpus
        joined = tuple(Member(f"x:{name}") for name in members)
        initiative = Initiative("x:board", "Board", "", tuple(needs), joined)
        initiative = replace(initiative, **about)
        rows = corpus.rows(initiative.member_ids)
        table = np.zeros((len(needs), corpus.facet_count))
        for place, need in enumerate(needs):
            for name, probability in probabilities.get(need.text, {}).items():
                table[place, self.facet(name)] = probability
        facet_rows = np.arange(corpus.facet_count)
        pool = np.ones(len(corpus), dtype=np.bool_)
        pool[rows] = False
        vectors = np.zeros((len(needs), self.snapshot.generation.encoder.dim), dtype=np.float32)
        return InitiativeContext(
            self.snapshot,
            initiative,
            ResolvedNeeds(tuple(needs), source, vectors),
            rows,
            rows,
            pool,
            coverage_of(corpus, needs, table, facet_rows),
        )

    def report(self, *args: Any, **values: Any) -> GapReport:
        return gap_report(self.store, self.context(*args, **values))

    def facet(self, name: str) -> int:
        """The row of the offer of an organisation, or of a past project by its year."""
        corpus = self.snapshot.corpus
        if name.isdigit():
            years = [facet.year for facet in facets_of(corpus).values()]
            return years.index(int(name))
        own = corpus.facets_owned([corpus.row_of_id[f"x:{name}"]])
        return int(own[corpus.of_kind(FacetKind.OFFER)[own]][0])


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Board]:
    services = Services(settings_for(tmp_path_factory.mktemp("board"), SCHAKEL_INDEX="exact"))
    organisations = [
        Organisation(
            f"x:{name}",
            f"{name.title()} ({kind.value})",
            kind,
            size=SizeClass.SMALL if name == "plant" else None,
            place=Place("Gent", "DE" if name == "works" else "BE"),
            competitors=("x:pilot",) if name == "maker" else (),
            offers=(Facet(FacetKind.OFFER, f"Offer of the {name}", stage=stage),),
        )
        for name, (kind, stage) in OFFERS.items()
    ]
    shared = Facet(FacetKind.EVIDENCE, "Together in a project", source="x:1", year=2019)
    with services.store.writing() as write:
        save_organisations(write, organisations)
        both = (Participation("x:lab"), Participation("x:plant"))
        save_projects(write, [Project(shared, both)])
    build_index(services.store, services.settings)
    yield Board(services.store, services.corpus_provider.snapshot())
    services.store.dispose()


def names(several: Any) -> list[str]:
    return [one.organisation.id.removeprefix("x:") for one in several]


def row(report: GapReport, stage: Stage) -> StageCoverage:
    return next(one for one in report.stages if one.stage is stage)


def links(report: GapReport) -> list[tuple[str, str, list[str], list[str]]]:
    return [
        (one.stage, one.because, list(one.needs), names(one.proposals))
        for one in report.missing_links
    ]


@pytest.mark.parametrize(
    ("probability", "status"),
    [
        (1.0, "covered"),
        (0.5, "covered"),
        (0.499, "perhaps"),
        (0.25, "perhaps"),
        (0.249, "missing"),
        (0.0, "missing"),
    ],
)
def test_the_status_of_a_need_goes_by_its_surest_member(
    board: Board, probability: float, status: str
) -> None:
    probabilities = {"a need": {"lab": probability, "maker": probability / 2, "pilot": 0.9}}
    [need] = board.report([Need("a need")], probabilities, ["lab", "maker"]).needs
    assert (
        (need.probability, need.status)
        == (probability, status)
        == (probability, status_of(probability))
    )
    assert names(need.covered_by) == [
        name for name, its in (("lab", probability), ("maker", probability / 2)) if its >= 0.25
    ]
    assert (need.coverable, names(need.could_be_covered_by)) == ("covered", ["pilot"])
    [swapped] = board.report([Need("a need")], probabilities, ["pilot"]).needs
    assert (swapped.coverable, names(swapped.covered_by)) == (status, ["pilot"])


def test_who_covers_and_who_could_come_surest_first_with_their_offer(board: Board) -> None:
    surest = {"shop": 0.25, "lab": 0.4, "maker": 0.4, "2019": 0.7}
    could = {"pilot": 0.26, "works": 0.5, "ward": 0.249}
    members = ["lab", "maker", "shop"]
    [need] = board.report([Need("a need")], {"a need": {**surest, **could}}, members).needs
    assert names(need.covered_by) == ["lab", "maker", "shop"]
    assert [one.probability for one in need.covered_by] == [0.7, 0.4, 0.25]
    offers = [one.offer.text for one in need.covered_by]
    assert offers == ["Together in a project", "Offer of the maker", "Offer of the shop"]
    assert [one.offer.year for one in need.covered_by] == [2019, None, None]
    assert names(need.could_be_covered_by) == ["plant", "works", "pilot"]
    everyone = dict.fromkeys(OFFERS, 0.6)
    [need] = board.report([Need("a need")], {"a need": everyone}, members[:1]).needs
    assert names(need.could_be_covered_by) == ["maker", "shop", "pilot"]


def test_coverage_weighs_needs_and_the_rest_is_what_can_be_reached(board: Board) -> None:
    needs = [Need("one", weight=3.0), Need("two", NICE, 2.0), Need("three")]
    probabilities = {
        "one": {"lab": 0.5, "maker": 0.4, "ward": 0.6},
        "two": {"maker": 1.0, "pilot": 0.3},
        "three": {"plant": 0.8},
    }
    report = board.report(needs, probabilities, ["lab", "maker"])
    assert [need.share for need in report.needs] == [0.6, 0.2, 0.2]
    assert report.coverage.members == pytest.approx(0.6 * 0.5 + 0.2 * 1.0)
    assert report.coverage.reachable == pytest.approx(0.6 * 0.6 + 0.2 * 1.0 + 0.2 * 0.8)
    assert report.source == "stated"
    nothing = board.report([], {}, ["lab"])
    assert (nothing.coverage.members, nothing.coverage.reachable) == (0, 0)
    assert (nothing.needs, nothing.missing_links) == ((), ())


def test_a_row_for_every_stage(board: Board) -> None:
    needs = [
        Need("old", stage=Stage.RESEARCH, weight=3.0),
        Need("new", NICE, 2.0, Stage.RESEARCH),
        Need("series", stage=Stage.PRODUCTION),
        Need("loose"),
    ]
    probabilities = {"old": {"lab": 0.8}, "series": {"shop": 0.25}}
    report = board.report(needs, probabilities, ["lab", "shop", "ward"])
    assert [one.stage for one in report.stages] == [stage.value for stage in Stage]
    research = row(report, Stage.RESEARCH)
    assert (research.needs, research.missing) == (2, ("new",))
    assert research.covered == pytest.approx(0.8 * 3 / (3 + 1))
    assert research.status == "covered"
    assert research.members == (OrganisationName("x:lab", "Lab (research_institute)"),)
    series = row(report, Stage.PRODUCTION)
    assert (series.needs, series.missing, series.members) == (1, (), ())
    assert (series.covered, series.status) == (0.25, "perhaps")
    market = row(report, Stage.MARKET)
    assert (market.needs, market.covered, market.status) == (0, None, None)
    assert [one.id for one in market.members] == ["x:shop"]
    active = [one.id for stage in report.stages for one in stage.members]
    assert sorted(active) == ["x:lab", "x:shop"]


STEPS = [
    Need("idea", stage=Stage.RESEARCH),
    Need("test", stage=Stage.PILOT),
    Need("series", stage=Stage.PRODUCTION),
    Need("sell", stage=Stage.MARKET),
]
DONE: Chances = {"idea": {"lab": 0.9}, "sell": {"shop": 0.9}}
COULD: Chances = {
    **DONE,
    "test": {"pilot": 0.9, "works": 0.24, "plant": 0.09},
    "series": {"plant": 0.4, "works": 0.5, "lab": 0.1},
}


def test_the_missing_links_are_the_stages_of_the_chain_that_break_it(board: Board) -> None:
    report = board.report(STEPS, COULD, ["lab", "shop"])
    assert links(report) == [
        ("pilot", "needs_missing", ["test"], ["pilot"]),
        ("production", "needs_missing", ["series"], ["works", "plant"]),
    ]
    best = report.missing_links[1].proposals[0]
    assert (best.probability, best.need) == (0.5, "series")
    assert best.offer.text == "Offer of the works"
    for mended, left in ((0.249, 2), (0.25, 1), (0.5, 1)):
        partly = {**COULD, "test": {"lab": mended}}
        assert len(links(board.report(STEPS, partly, ["lab", "shop"]))) == left


def test_the_ends_of_the_chain_break_too_but_not_without_anybody_there(board: Board) -> None:
    only_market = board.report(STEPS, {"sell": {"shop": 0.9}}, ["shop"])
    assert [one[0] for one in links(only_market)] == ["research", "pilot", "production"]
    only_idea = board.report(STEPS, {"idea": {"lab": 0.9}}, ["lab"])
    assert [one[0] for one in links(only_idea)] == ["pilot", "production", "market"]
    assert links(board.report(STEPS, COULD)) == []
    assert links(board.report(STEPS, {}, ["ward"])) == []


def test_what_must_be_there_and_nobody_covers_is_counted_where_no_chain_is_broken(
    board: Board,
) -> None:
    nobody = board.report([*STEPS, Need("loose"), Need("perhaps", NICE)], COULD)
    assert (links(nobody), nobody.uncovered_musts) == ([], 5)
    partly = board.report([Need("loose"), Need("held")], {"held": {"lab": 0.25}}, ["lab"])
    assert (links(partly), partly.uncovered_musts) == ([], 1)
    all_of_it = board.report([Need("held"), Need("nice", NICE)], {"held": {"lab": 0.25}}, ["lab"])
    assert (links(all_of_it), all_of_it.uncovered_musts) == ([], 0)


def test_what_is_nice_to_have_or_beside_the_chain_is_no_missing_link(board: Board) -> None:
    beside = [Stage.REGULATION, Stage.TRAINING, Stage.FINANCE]
    needs = [
        STEPS[0],
        Need("test", NICE, stage=Stage.PILOT),
        *(Need(f"in {stage.value}", stage=stage) for stage in beside),
        Need("anywhere"),
        STEPS[3],
    ]
    report = board.report(needs, DONE, ["lab", "shop"])
    assert links(report) == []
    assert row(report, Stage.PILOT).missing == ("test",)
    both = [*needs, Need("more", stage=Stage.PILOT)]
    assert [one[2] for one in links(board.report(both, DONE, ["lab", "shop"]))] == [["more"]]


def test_a_stage_that_is_covered_as_a_whole_is_no_missing_link(board: Board) -> None:
    needs = [*STEPS, Need("try out", weight=0.1, stage=Stage.PILOT)]
    probabilities = {**COULD, "test": {"lab": 0.9}}
    report = board.report(needs, probabilities, ["lab", "shop"])
    assert row(report, Stage.PILOT).missing == ("try out",)
    assert [one[0] for one in links(report)] == ["production"]


def test_of_a_brief_only_stages_without_any_member_are_missing_links(board: Board) -> None:
    members = ["lab", "shop", "plant"]
    stated = board.report(STEPS, DONE, members)
    assert [one[0] for one in links(stated)] == ["pilot", "production"]
    brief = board.report(STEPS, DONE, members, source=Source.BRIEF)
    assert (brief.source, [one[0] for one in links(brief)]) == ("brief", ["pilot"])


def test_without_known_needs_a_gap_between_active_members_is_a_missing_link(board: Board) -> None:
    asked = [Need("sell", stage=Stage.MARKET)]
    probabilities = {"sell": {"shop": 0.9}}
    report = board.report(asked, probabilities, ["lab", "plant", "shop"], source=Source.MEMBERS)
    assert links(report) == [
        ("development", "nobody_active", [], []),
        ("pilot", "nobody_active", [], []),
        ("supply", "nobody_active", [], []),
    ]
    alone = board.report(asked, probabilities, ["lab", "plant"], source=Source.MEMBERS)
    assert links(alone) == [
        ("development", "nobody_active", [], []),
        ("pilot", "nobody_active", [], []),
        ("market", "needs_missing", ["sell"], ["shop"]),
    ]
    assert links(board.report(asked, probabilities, ["ward"], source=Source.MEMBERS)) == []
    assert links(board.report(asked, probabilities, ["lab", "plant", "shop"])) == []


def test_who_meets_most_of_a_missing_link_is_proposed_first(board: Board) -> None:
    needs = [
        STEPS[0],
        Need("mould", stage=Stage.PRODUCTION, weight=3.0),
        Need("fill", stage=Stage.PRODUCTION),
    ]
    probabilities = {
        "idea": {"lab": 0.9},
        "mould": {"plant": 0.4, "ward": 0.06},
        "fill": {"works": 0.9, "plant": 0.5, "pilot": 0.1},
    }
    [link] = board.report(needs, probabilities, ["lab"]).missing_links
    assert (link.stage, link.needs) == ("production", ("mould", "fill"))
    # (3 * 0.4 + 0.5) / 4 = 0.425; 0.9 / 4 = 0.225; ward and pilot hardly meet either.
    assert [(name, one.need, one.probability) for name, one in _by_name(link.proposals)] == [
        ("plant", "fill", 0.5),
        ("works", "fill", 0.9),
    ]


def _by_name(proposals: Any) -> list[tuple[str, Any]]:
    return list(zip(names(proposals), proposals, strict=True))


def test_the_types_that_are_wanted_are_counted(board: Board) -> None:
    wanted = ((COMPANY, 4), (HOSPITAL, 1), (OrganisationType.PUBLIC_BODY, 2))
    report = board.report([], {}, ["lab", "maker", "shop"], wanted=wanted)
    assert report.partner_mix.wanted == (
        TypeWanted(COMPANY, 4, 2),
        TypeWanted(HOSPITAL, 1, 0),
        TypeWanted(OrganisationType.PUBLIC_BODY, 2, 0),
    )
    assert report.partner_mix.members.types == {"company": 2, "research_institute": 1}
    assert board.report([], {}, ["lab"]).partner_mix.wanted == ()


def test_the_roadmap_is_in_order_of_stage_then_date_then_as_stated(board: Board) -> None:
    needs = [
        Need("loose", due=date(2020, 1, 1)),
        Need("paid", stage=Stage.FINANCE),
        Need("series", stage=Stage.PRODUCTION),
        Need("late", stage=Stage.PILOT, due=date(2030, 10, 1)),
        Need("soon", stage=Stage.PILOT, due=date(2030, 9, 30)),
        Need("some day", stage=Stage.PILOT),
        Need("other day", stage=Stage.PILOT),
        Need("idea", stage=Stage.RESEARCH),
    ]
    probabilities = {
        "idea": {"lab": 0.3, "2019": 0.9, "maker": 0.25, "shop": 0.249},
        "soon": {"maker": 0.49},
        "loose": {"maker": 0.5, "lab": 0.6},
    }
    members = (Member("x:lab"), Member("x:maker", date(2025, 4, 1)), Member("x:shop"))
    context = board.context(needs, probabilities, ["lab", "maker", "shop"])
    context = replace(context, initiative=replace(context.initiative, members=members))
    plan = roadmap(board.store, context)
    order = ["idea", "soon", "late", "some day", "other day", "series", "paid", "loose"]
    assert [step.text for step in plan.steps] == order
    assert plan.next_missing is not None
    assert (plan.done, plan.next_missing.text) == (2, "late")
    by = [[(name, one.since) for name, one in _by_name(s.covered_by)] for s in plan.steps]
    assert by[0] == [("lab", "2019"), ("maker", "2025-04-01")]
    assert by[1] == [("maker", "2025-04-01")]
    assert by[-1] == [("lab", None), ("maker", "2025-04-01")]
    assert by[2:-1] == [[]] * 5
    everything = {need.text: {"lab": 1.0} for need in needs}
    done = roadmap(board.store, board.context(needs, everything, ["lab"]))
    assert (done.done, done.next_missing) == (8, None)


def test_who_may_be_proposed(board: Board) -> None:
    def pool(filters: Filters | None = None, *members: str) -> set[str]:
        joined = tuple(Member(f"x:{name}") for name in members)
        initiative = Initiative("x:board", "Board", "", (Need("Offer of the plant"),), joined)
        context = initiative_context(board.snapshot, board.store, initiative, filters)
        organisations = organisations_of(board.snapshot.corpus)
        return {organisations[at].id.removeprefix("x:") for at in np.flatnonzero(context.pool)}

    assert pool() == set(OFFERS)
    assert pool(None, "lab", "shop") == set(OFFERS) - {"lab", "shop"}
    assert pool(None, "maker") == set(OFFERS) - {"maker", "pilot"}
    assert pool(None, "pilot") == set(OFFERS) - {"maker", "pilot"}
    assert pool(Filters(countries=("DE",)), "lab") == {"works"}
    assert pool(Filters(types=(COMPANY,)), "maker") == {"shop", "plant", "works"}


def test_needs_are_those_stated_then_those_of_the_brief_then_those_of_the_members(
    board: Board,
) -> None:
    stated = Initiative("x:board", "Board", "We need a plant.", (Need("Offer of the lab"),))
    context = initiative_context(board.snapshot, board.store, stated)
    assert context.needed.source is Source.STATED
    lab = board.snapshot.corpus.row_of_id["x:lab"]
    assert context.coverage.meets[0, lab] == context.coverage.meets[0].max() > 0.5
    brief = initiative_context(board.snapshot, board.store, replace(stated, needs=()))
    assert brief.needed.source is Source.BRIEF and brief.needed.guessed


def test_best_rows_are_those_of_the_mask_in_order() -> None:
    values = np.array([0.4, 0.9, 0.25, 0.9, 0.249])
    everyone = np.ones(5, dtype=np.bool_)
    assert may_meet(values).tolist() == [True, True, True, True, False]
    assert best_rows(values, may_meet(values), 5) == [1, 3, 0, 2]
    assert best_rows(values, everyone, 2) == [1, 3]
    assert best_rows(values, everyone, 5) == [1, 3, 0, 2, 4]
    some = np.array([True, False, False, True, True])
    assert best_rows(values, some, 5) == [3, 0, 4]
    assert best_rows(values, ~everyone, 5) == []
