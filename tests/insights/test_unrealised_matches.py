from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from matcher.domain import Facet, FacetKind, Initiative, Member, Participation, Project, Stage
from matcher.store.initiatives import save_initiative
from matcher.store.organisations import save_organisations
from matcher.store.projects import save_projects
from tests.insights.world import FITS, ORGANISATIONS, World, pairs


def test_unrealised_matches_are_the_pairs_that_fit(world: World) -> None:
    found = world.unrealised()
    assert (found.stated_needs, found.total) == (5, 3)
    assert found.corpus_version == world.store.corpus_version()
    assert pairs(found) == set(FITS)
    # Two that each have what the other needs fit better than those of which one has.
    assert found.results[0].one.id == "x:baker"
    assert found.results[0].other.id == "x:diver"
    for pair in found.results:
        names = tuple(side.id.removeprefix("x:") for side in (pair.one, pair.other))
        asks = [(one.asks.id.removeprefix("x:"), one.need.text) for one in pair.because]
        assert asks == FITS[names]
        assert all(one.need.text == one.offer.text for one in pair.because)
        probabilities = [one.probability for one in pair.because]
        assert min(probabilities) > 0.8
        expected = 1 - np.prod([1 - probability for probability in probabilities])
        assert pair.score == pytest.approx(expected, abs=2e-3)
    assert world.unrealised(limit=1).results == found.results[:1]
    assert world.unrealised(limit=1).total == 3


def test_one_of_the_pair_is_in_the_scope(world: World) -> None:
    assert pairs(world.unrealised(region="BE")) == set(FITS)
    assert pairs(world.unrealised(region="DE")) == {("baker", "carer")}
    assert pairs(world.unrealised(region="NL")) == {("architect", "glazier")}
    assert pairs(world.unrealised(region="FR")) == set()
    assert pairs(world.unrealised(domain="water")) == {("baker", "diver"), ("baker", "carer")}
    assert pairs(world.unrealised(domain="food", region="DE")) == {("baker", "carer")}


def test_who_worked_together_is_no_unrealised_match(world: World) -> None:
    facet = Facet(FacetKind.EVIDENCE, "A choir of three", source="x:choir", year=2020)
    with world.store.writing() as write:
        save_projects(write, [Project(facet, (Participation("x:carer"), Participation("x:baker")))])
    assert pairs(world.unrealised()) == set(FITS) - {("baker", "carer")}
    alone = Project(facet, (Participation("x:carer"), Participation("x:hermit")))
    with world.store.writing() as write:
        save_projects(write, [alone])
    assert pairs(world.unrealised()) == set(FITS)


def test_members_of_one_initiative_is_no_unrealised_match(world: World) -> None:
    both = (Member("x:glazier"), Member("x:architect"), Member("x:baker"))
    save_initiative(world.store, Initiative("x:one", "One", "", members=both))
    assert pairs(world.unrealised()) == set(FITS) - {("architect", "glazier")}
    save_initiative(world.store, Initiative("x:one", "One", "", members=both[:1]))
    save_initiative(world.store, Initiative("x:other", "Other", "", members=both[1:]))
    assert pairs(world.unrealised()) == set(FITS)


@pytest.mark.parametrize(("named", "by"), [("x:diver", 1), ("x:baker", 3)])
def test_competitors_is_no_unrealised_match(world: World, named: str, by: int) -> None:
    rival = replace(ORGANISATIONS[by], competitors=(named,))
    with world.store.writing() as write:
        save_organisations(write, [rival])
    assert pairs(world.unrealised()) == set(FITS) - {("baker", "diver")}


def test_an_offer_that_has_run_out_fits_nobody(world: World) -> None:
    glazier = ORGANISATIONS[4]
    offers = (replace(glazier.offers[0], valid_until=date(2020, 1, 1)),)
    with world.store.writing() as write:
        save_organisations(write, [replace(glazier, offers=offers)])
    assert pairs(world.unrealised()) == set(FITS) - {("architect", "glazier")}


def test_another_stage_fits_less(world: World) -> None:
    glazier = ORGANISATIONS[4]

    def probability(stage: Stage | None) -> float:
        offers = (replace(glazier.offers[0], stage=stage),)
        with world.store.writing() as write:
            save_organisations(write, [replace(glazier, offers=offers)])
        found = world.unrealised().results
        scores = [pair.score for pair in found if pair.other.id == "x:glazier"]
        return float(scores[0]) if scores else 0.0

    assert probability(Stage.SUPPLY) > probability(Stage.MARKET) > probability(Stage.TRAINING)
