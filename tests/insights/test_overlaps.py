from __future__ import annotations

import pytest

from matcher.domain import Initiative, Member, Need, Stage
from matcher.insights.overlaps import Overlaps
from matcher.presenters import InitiativeName, OrganisationName
from matcher.store.initiatives import save_initiative
from tests.insights.world import BREAD, CARE, GLASS, SEWAGE, World, pairs


def initiative(name: str, *members: str, needs: tuple[str, ...] = (GLASS, BREAD)) -> Initiative:
    return Initiative(
        f"x:{name}",
        name.title(),
        "",
        tuple(Need(text, stage=Stage.SUPPLY) for text in needs),
        tuple(Member(f"x:{one}") for one in members),
    )


def test_initiatives_that_want_the_same_overlap(world: World) -> None:
    save_initiative(world.store, initiative("one", "architect", "baker"))
    save_initiative(world.store, initiative("other", "carer", "diver", needs=(BREAD, GLASS)))
    found = world.overlaps()
    assert (found.initiatives, found.total) == (2, 1)
    [pair] = found.results
    assert (pair.one, pair.other) == (
        InitiativeName("x:one", "One"),
        InitiativeName("x:other", "Other"),
    )
    assert pair.score == pair.same > 0.8
    assert [(one.one, one.other) for one in pair.same_needs] == [
        (GLASS, GLASS),
        (BREAD, BREAD),
    ]
    assert (world.overlaps(limit=0).total, world.overlaps(limit=0).results) == (1, ())


def test_an_overlap_is_the_mean_of_both_directions(world: World) -> None:
    save_initiative(world.store, initiative("one", "architect"))
    save_initiative(world.store, initiative("other", "diver", needs=(GLASS,)))
    [pair] = world.overlaps().results
    [same] = pair.same_needs
    assert (same.one, same.other) == (GLASS, GLASS)
    # Of the two needs of one the other says one; of the one need of the other both are said.
    assert pair.same == pytest.approx((same.probability / 2 + same.probability) / 2, abs=0.03)


def test_an_overlap_counts_less_the_more_members_are_shared(world: World) -> None:
    save_initiative(world.store, initiative("one", "architect", "baker"))
    save_initiative(world.store, initiative("other", "baker", "carer", "diver"))
    [pair] = world.overlaps().results
    assert pair.score == pytest.approx(pair.same * (1 - 1 / 4), abs=1e-4)
    assert pair.shared_members == (OrganisationName("x:baker", "Baker (voorbeeld)"),)
    save_initiative(world.store, initiative("other", "baker", "architect"))
    assert world.overlaps().total == 0


def test_initiatives_that_want_something_else_do_not_overlap(world: World) -> None:
    save_initiative(world.store, initiative("one", "architect"))
    save_initiative(world.store, initiative("other", "diver", needs=(SEWAGE, CARE)))
    save_initiative(world.store, Initiative("x:third", "Third", "", members=(Member("x:hermit"),)))
    assert world.overlaps() == Overlaps(
        corpus_version=world.store.corpus_version(), initiatives=3, total=0, results=()
    )


def test_without_stated_needs_those_of_the_members_are_compared(world: World) -> None:
    save_initiative(world.store, initiative("one", "architect", needs=()))
    save_initiative(world.store, initiative("other", "hermit", needs=(GLASS,)))
    [pair] = world.overlaps().results
    assert [one.one for one in pair.same_needs] == [GLASS]


def test_overlaps_are_those_with_a_member_of_either_in_the_scope(world: World) -> None:
    save_initiative(world.store, initiative("one", "architect"))
    save_initiative(world.store, initiative("other", "carer"))
    save_initiative(world.store, initiative("third", "glazier"))
    all_of_them = {("one", "other"), ("one", "third"), ("other", "third")}
    assert pairs(world.overlaps()) == all_of_them
    assert pairs(world.overlaps(region="DE")) == {("one", "other"), ("other", "third")}
    assert pairs(world.overlaps(region="NL")) == {("one", "third"), ("other", "third")}
    assert pairs(world.overlaps(region="FR")) == set()
    assert pairs(world.overlaps(domain="food")) == {("one", "other"), ("other", "third")}
    # Who has no members yet is nowhere, so everywhere.
    save_initiative(world.store, initiative("one"))
    save_initiative(world.store, initiative("other"))
    assert pairs(world.overlaps(region="FR")) == {("one", "other")}


def test_an_overlap_can_be_told_from_either_side(world: World) -> None:
    save_initiative(world.store, initiative("one", "architect"))
    save_initiative(world.store, initiative("other", "diver", needs=(GLASS, CARE)))
    [pair] = world.overlaps().results
    assert (pair.reversed().one, pair.reversed().other) == (pair.other, pair.one)
    assert [(need.one, need.other) for need in pair.reversed().same_needs] == [
        (need.other, need.one) for need in pair.same_needs
    ]
    assert pair.reversed().reversed() == pair
