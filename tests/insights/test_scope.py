from __future__ import annotations

from matcher.insights.scope import in_region
from matcher.store.organisations import save_organisations
from tests.insights.world import ORGANISATIONS, World, organisation


def test_a_region_is_a_country_or_the_beginning_of_a_nuts_code(world: World) -> None:
    everyone = {one.id.removeprefix("x:") for one in ORGANISATIONS}
    belgian = {"architect", "baker", "diver"}
    assert world.inside() == everyone
    for region in ("BE", "BE2", "BE23", "BE234"):
        assert world.inside(region=region) == belgian
    assert world.inside(region="DEA") == {"carer"}
    assert world.inside(region="NL") == {"glazier"}
    assert world.inside(region="NL3") == set()
    assert world.inside(region="BE235") == set()
    assert not in_region(world.snapshot.corpus, world.snapshot.corpus.row_of_id["x:hermit"], "BE")


def test_a_domain_is_spoken_of_by_an_offer_or_a_need(world: World) -> None:
    assert world.inside(domain="water") == {"baker", "diver"}
    assert world.inside(domain="food") == {"baker", "carer", "diver"}
    assert world.inside(domain="food", region="DE") == {"carer"}
    assert world.inside(domain="space-and-aviation") == set()
    with world.store.writing() as write:
        save_organisations(write, [organisation("more", ("Satellites in orbit",))])
    assert world.inside(domain="space-and-aviation") == {"more"}
