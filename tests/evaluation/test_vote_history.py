"""What votes are worth, from the import of past projects to the list."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from matcher.container import Services
from matcher.corpus.corpus import CorpusChange
from matcher.corpus.snapshot import Snapshot
from matcher.domain import (
    Facet,
    FacetKind,
    Filters,
    Organisation,
    OrganisationType,
    Participation,
    Project,
    Question,
)
from matcher.evaluation.vote_history import fit_votes
from matcher.imports.row_errors import Batch
from matcher.imports.storage import store_batch
from matcher.indexing.build import build_index
from matcher.models.vote_calibration import FEWEST
from matcher.models.weights import Weights
from tests.conftest import settings_for
from tests.corpus.corpora import organisations_of

FIELDS = ("tidal energy", "woollen yarn", "bread and pastry", "wooden bridges")
SUBJECTS = "sensors robots training standards logistics materials safety finance testing".split()
ALWAYS = "test:always-in-wool"
COMPANY, INSTITUTE = OrganisationType.COMPANY, OrganisationType.RESEARCH_INSTITUTE


def projects() -> list[Project]:
    """Fifty projects of each field; one organisation is in all those of wool."""
    found = []
    for number in range(200):
        draw, field = random.Random(number), number % len(FIELDS)
        title = f"{' and '.join(draw.sample(SUBJECTS, 3))} for {FIELDS[field]}"
        crowd = [f"test:{'abcd'[field]}{one}" for one in draw.sample(range(20), 4)]
        partners = [*crowd, *([ALWAYS] if field == 1 else [])]
        facet = Facet(FacetKind.EVIDENCE, "", title=title, source=f"cordis:{number}", year=2010)
        found.append(Project(facet, tuple(Participation(one) for one in partners)))
    return found


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    made = Services(settings_for(tmp_path_factory.mktemp("fields")))
    names = {ALWAYS, *(f"test:{side}{one}" for side in "abcd" for one in range(20))}
    organisations = [
        Organisation(one, f"Partner {one[5:]}", COMPANY if one[5] in "ab" else INSTITUTE)
        for one in sorted(names)
    ]
    store_batch(made.store, Batch(organisations, projects(), complete_profiles=False))
    build_index(made.store, made.settings)
    yield made
    made.store.dispose()


def with_shipped_weights(snapshot: Snapshot, *, calibrated: bool = True) -> Snapshot:
    models = replace(snapshot.models, weights=Weights())
    if not calibrated:
        models = replace(models, votes=None)
    return replace(snapshot, generation=replace(snapshot.generation, models=models))


def without_facets(snapshot: Snapshot, ids: set[int]) -> Snapshot:
    """The same corpus and models, in which these facets never were."""
    index = snapshot.index.copy()
    index.remove(np.array(sorted(ids), dtype=np.int64))
    change = CorpusChange(deleted_facets=sorted(ids))
    return replace(snapshot, index=index, corpus=snapshot.corpus.changed(snapshot.version, change))


def text_parts(
    services: Services, snapshot: Snapshot, text: str, filters: Filters | None = None
) -> dict[str, float]:
    """Return what text relevance gives each organisation on the list."""
    ranked = services.recommender.rank(
        snapshot, Question(text=text, limit=100, filters=filters or Filters())
    )
    ids, rows = snapshot.corpus.ids, ranked.scored.candidates.rows
    parts = ranked.parts["text"]
    return {ids[int(rows[place])]: float(parts[place]) for place in ranked.order.tolist()}


def test_whoever_is_in_all_of_one_field_does_not_head_lists_of_another(services: Services) -> None:
    snapshot = with_shipped_weights(services.corpus_provider.snapshot())
    before = with_shipped_weights(snapshot, calibrated=False)
    far = "training and safety and finance for tidal energy"
    assert snapshot.models.votes is not None
    assert before.models.votes is None
    without, with_it = (text_parts(services, one, far) for one in (before, snapshot))
    assert with_it[ALWAYS] < 0.7 * without[ALWAYS]
    ahead = [
        sum(one.startswith("test:a") and parts[one] > parts[ALWAYS] for one in parts)
        for parts in (without, with_it)
    ]
    assert ahead[1] > ahead[0]
    near = text_parts(services, snapshot, "training and safety and finance for woollen yarn")
    assert max(near, key=lambda one: near[one]) == ALWAYS


def test_a_score_is_the_same_whoever_is_filtered_out(services: Services) -> None:
    snapshot = with_shipped_weights(services.corpus_provider.snapshot())
    text = "training and safety for bread and pastry"
    everybody = text_parts(services, snapshot, text)
    companies = text_parts(services, snapshot, text, Filters(types=(COMPANY,)))
    assert companies and all(one[5] in "ab" for one in companies)
    assert max(companies.values()) < 0.9 * max(everybody.values())
    for one in companies.keys() & everybody.keys():
        assert companies[one] == pytest.approx(everybody[one], abs=0.02)


def test_scores_fall_without_the_past_projects_that_are_quoted(services: Services) -> None:
    snapshot = with_shipped_weights(services.corpus_provider.snapshot())
    for number in range(12):
        draw = random.Random(number)
        about = " and ".join(draw.sample(SUBJECTS, 2))
        question = Question(text=f"{about} for {draw.choice(FIELDS)}", limit=200)
        top = services.recommender.answer(snapshot, question).results[0]
        quoted = {reason.facet.id for reason in top.reasons if reason.facet}
        assert quoted
        left = services.recommender.answer(without_facets(snapshot, quoted), question)
        scores = {one.organisation.id: one.score for one in left.results}
        assert scores.get(top.organisation.id, 0.0) < top.score, question


def test_curves_are_by_organisation_and_the_same_every_time(services: Services) -> None:
    snapshot = services.corpus_provider.snapshot()
    curves = fit_votes(snapshot)
    stored = snapshot.models.votes
    assert curves is not None and stored is not None
    assert curves.common == stored.common and curves.own.tolist() == stored.own.tolist()
    keys = {record.id: record.key for record in organisations_of(snapshot.corpus)}
    assert curves.keys.tolist() == stored.keys.tolist() == sorted(keys.values())
    own = curves.for_keys(np.array([keys[ALWAYS]])).own[0]
    assert tuple(own) != curves.common and curves.common[1] > 0


def test_from_fewer_past_projects_nothing_is_fitted(services: Services) -> None:
    snapshot = services.corpus_provider.snapshot()
    ids = snapshot.corpus.facet_ids.whole().tolist()
    assert fit_votes(without_facets(snapshot, set(ids[FEWEST:]))) is not None
    assert fit_votes(without_facets(snapshot, set(ids[FEWEST - 1 :]))) is None
    assert fit_votes(without_facets(snapshot, set(ids))) is None
