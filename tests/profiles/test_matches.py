"""An organisation's rank for each open initiative, compared with the initiatives' match lists."""

from __future__ import annotations

from dataclasses import replace

import pytest
from apiflask import APIFlask

from matcher.cache import MemoryCache
from matcher.container import Services
from matcher.corpus.answer_cache import AnswerCache
from matcher.domain import Initiative, Member
from matcher.initiatives.actions import question_of
from matcher.organisations import actions as organisations
from matcher.profiles.matches import InitiativeRank, initiative_ranks
from matcher.store.initiatives import list_initiatives, save_initiative
from matcher.store.organisations import save_organisation

FIRM = "demo:trapkar"


@pytest.fixture
def services(app: APIFlask) -> Services:
    found: Services = app.extensions["schakel"]
    return found


def ranks_of(services: Services, organisation_id: str) -> dict[str, InitiativeRank]:
    cache = AnswerCache(MemoryCache(), 60)
    ranks = initiative_ranks(services.recommender, cache, organisation_id)
    return {rank.id: rank for rank in ranks}


def test_a_rank_is_the_place_on_the_initiatives_match_list(services: Services) -> None:
    lists = {}
    for initiative in list_initiatives(services.store):
        question = replace(question_of(initiative), limit=200)
        results = services.recommender.recommend(question).results
        lists[initiative.id] = [result.organisation.id for result in results]
    second = lists["demo:nano-for-health"][1]
    ranks = ranks_of(services, second)
    assert ranks["demo:nano-for-health"].rank == 2
    assert ranks["demo:nano-for-health"].reasons[0].text
    assert ranks.keys() == lists.keys()
    for key, rank in ranks.items():
        listed = lists[key]
        assert rank.rank == (listed.index(second) + 1 if second in listed else None)
        assert rank.total == len(listed)
        assert bool(rank.reasons) == (rank.rank is not None)


def test_memberships_come_first_and_have_no_rank(services: Services) -> None:
    save_initiative(services.store, Initiative("init:z", "Zz", "Fietsen", members=(Member(FIRM),)))
    first, *others = ranks_of(services, FIRM).values()
    assert first == InitiativeRank("init:z", "Zz", member=True)
    ranked = [rank.rank for rank in others if rank.rank]
    assert ranked == sorted(ranked) and not any(rank.member for rank in others)


def test_an_initiative_with_a_named_competitor_does_not_propose_it(services: Services) -> None:
    firm = organisations.get(services.store, FIRM)
    assert firm is not None
    rival = "demo:dijlenano"
    with services.store.writing() as write:
        save_organisation(write, replace(firm, competitors=(rival,)), keep=())
    initiative = Initiative("init:z", "Zz", "Vrachtfietsen", members=(Member(rival),))
    save_initiative(services.store, initiative)
    rank = ranks_of(services, FIRM)["init:z"]
    assert rank.rival and rank.rank is None and rank.total > 0


def test_closed_initiatives_and_unknown_organisations_are_left_out(services: Services) -> None:
    save_initiative(services.store, Initiative("init:z", "Zz", "Fietsen", open=False))
    assert "init:z" not in ranks_of(services, FIRM)
    assert ranks_of(services, "own:draft-1") == {}
