from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from apiflask import APIFlask
from pydantic import TypeAdapter
from structlog.testing import capture_logs

from matcher.cli import evaluation as commands
from matcher.container import Services
from matcher.corpus.generation import current_name, open_generation, publish_with_models
from matcher.corpus.snapshot import Snapshot
from matcher.domain import (
    Facet,
    FacetKind,
    Organisation,
    OrganisationType,
    Participation,
    Project,
    Question,
)
from matcher.evaluation import evaluate as evaluation
from matcher.evaluation import fitting
from matcher.evaluation.baselines import SIMPLE
from matcher.evaluation.evaluate import (
    COMPLEMENT_DIALS,
    DRAWS,
    LONG_TAIL_SHARES,
    EvaluationReport,
    ModeReport,
    TranslationsRefused,
    evaluate,
    read_translations,
)
from matcher.evaluation.fitting import (
    FittedWeights,
    NotEnoughHistory,
    fit_weights,
    latest,
    quarters,
    siblings_of,
    snapshot_without,
)
from matcher.evaluation.queries import Query
from matcher.evaluation.report import evaluation_text, fit_text
from matcher.evaluation.weight_search import GRID, FitQuery, worth
from matcher.imports.row_errors import Batch
from matcher.imports.storage import store_batch
from matcher.indexing.build import build_index, refit
from matcher.models.fitted import FitReport, FittedModels, Quality, QueryMode
from matcher.models.weights import Weights
from matcher.store.projects import load_projects
from tests.conftest import settings_for
from tests.corpus.corpora import facets_of

FIELDS = ("tidal energy from moving water", "woollen yarn and woven cloth")
SUBJECTS = (
    "sensors robots training standards logistics materials safety finance testing maps".split()
)
CROWD, TOGETHER, PROJECTS = 24, 6, 160
QUARTER = PROJECTS // 4


def community(project: int) -> int:
    return project % 2


def members_of(side: int) -> list[str]:
    return [f"test:{'ab'[side]}{number}" for number in range(10, 10 + CROWD)]


def history(first: int = 0, count: int = PROJECTS) -> list[Project]:
    """Two communities that never work together, each in a field of its own, over ten years.

    Their members come in pairs that are always together, so there is something to learn.
    """
    projects = []
    for number in range(first, first + count):
        draw = random.Random(number)
        subjects = " and ".join(draw.sample(SUBJECTS, 2))
        title = f"{subjects} for {FIELDS[community(number)]}"
        year = 2000 + 10 * number // PROJECTS
        source = f"cordis:{1000 + number}"
        facet = Facet(FacetKind.EVIDENCE, "", title=title, source=source, year=year)
        crowd = members_of(community(number))
        pairs = draw.sample(range(0, CROWD, 2), TOGETHER // 2)
        partners = [one for pair in pairs for one in crowd[pair : pair + 2]]
        projects.append(Project(facet, tuple(Participation(one, year=year) for one in partners)))
    return projects


def batch_of(projects: list[Project]) -> Batch:
    organisations = [
        Organisation(one, f"Partner {one[5:]}", OrganisationType.COMPANY)
        for side in (0, 1)
        for one in members_of(side)
    ]
    return Batch(organisations, projects, complete_profiles=False)


@pytest.fixture(scope="module")
def built_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("communities")
    services = Services(settings_for(home))
    store_batch(services.store, batch_of(history()))
    build_index(services.store, services.settings)
    services.store.dispose()
    return home


@pytest.fixture
def past_home(built_home: Path, tmp_path: Path) -> Path:
    """A home of the test's own with the two communities in it."""
    copy = tmp_path / "past"
    shutil.copytree(built_home, copy)
    return copy


@pytest.fixture
def open_services() -> Iterator[Callable[[Path], Services]]:
    opened: list[Services] = []

    def opening(home: Path) -> Services:
        opened.append(Services(settings_for(home)))
        return opened[-1]

    yield opening
    for services in opened:
        services.store.dispose()


@pytest.fixture
def services(past_home: Path, open_services: Callable[[Path], Services]) -> Services:
    return open_services(past_home)


def stored_projects(services: Services) -> list[Project]:
    with services.store.reading() as session:
        return load_projects(session)


def silent(stage: str, done: int, total: int) -> None:
    """Report nothing."""


@pytest.fixture(scope="module")
def seen() -> dict[str, tuple[int, int]]:
    """What was reported while weights were fitted, by stage: how many of how many at last."""
    return {}


@pytest.fixture(scope="module")
def fitted(built_home: Path, seen: dict[str, tuple[int, int]]) -> FittedWeights:
    """What the two communities teach."""
    services = Services(settings_for(built_home))
    found = fit_weights(
        services.corpus_provider.snapshot(),
        stored_projects(services),
        lambda stage, done, total: seen.update({stage: (done, total)}),
    )
    services.store.dispose()
    return found


def are_equal(one: FittedModels, other: FittedModels) -> bool:
    """Whether models are the same, the vote curves of every organisation among them."""
    assert one.votes is not None and other.votes is not None
    votes = (one.votes.keys, other.votes.keys), (one.votes.own, other.votes.own)
    same_votes = all(np.array_equal(a, b) for a, b in votes)
    return same_votes and replace(one, votes=None) == replace(other, votes=None)


def test_a_fit_says_what_it_compared(fitted: FittedWeights) -> None:
    """All held out are queries, a quarter of all a fold and mode.

    By a third of them, each asked twice, shipped and fitted weights are compared.
    """
    report = fitted.report
    assert report.queries == 2 * 5 * QUARTER
    assert [one.mode for one in report.comparisons] == list(QueryMode)
    assert [one.queries for one in report.comparisons] == [2 * 60, 2 * 60]  # of 200 each
    for one in report.comparisons:
        assert one.fitted.recall_50 == 1.0 and 0 < one.fitted.ndcg_10 <= 1
    assert report.installed
    assert sum(worth(one.fitted) for one in report.comparisons) >= sum(
        worth(one.shipped) for one in report.comparisons
    )
    assert report.fitted != Weights()
    assert replace(report.fitted, **{n: getattr(Weights(), n) for n in GRID}) == Weights()
    assert {
        mode: len(queries) for mode, queries in fitted.random_quarters.items()
    } == dict.fromkeys(QueryMode, 2 * 4 * QUARTER)


def test_a_fit_finds_out_what_probability_a_score_stands_for(fitted: FittedWeights) -> None:
    """6 of 24 work together, pairs always do where one is given, strangers never."""
    curves = fitted.calibration(fitted.report.fitted)
    assert curves.keys() == set(QueryMode)
    for mode, most in ((QueryMode.TEXT_ONLY, 0.5), (QueryMode.HALF_GIVEN, 0.9)):
        at, probability = curves[mode].at, curves[mode].probability_at
        assert list(at) == sorted(at) and list(probability) == sorted(probability)
        assert probability[0] < 0.05 and 0.1 < probability[-1] < most


def test_a_build_installs_what_fitting_again_finds(
    services: Services, fitted: FittedWeights, seen: dict[str, tuple[int, int]]
) -> None:
    models = services.corpus_provider.snapshot().models
    assert models.report == fitted.report
    assert models.weights == fitted.report.fitted
    assert models.calibration == fitted.calibration(fitted.report.fitted)
    for fold in ("latest", *(name for name, _ in quarters([]))):
        for mode in QueryMode:
            assert seen[f"{fold} held out, {mode.value}"] == (QUARTER, QUARTER)
    assert seen["weights"] == (2, 2)


def test_weights_that_lose_on_the_queries_kept_apart_are_not_installed(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the queries that weights are fitted on, names mark the partners; apart, all others."""
    snapshot, projects = services.corpus_provider.snapshot(), stored_projects(services)
    monkeypatch.setattr(fitting, "_fold", misleading_fold)
    misled = fit_weights(snapshot, projects, silent)
    assert misled.report.fitted.mention > Weights().mention
    for one in misled.report.comparisons:
        assert worth(one.fitted) < worth(one.shipped)
    assert not misled.report.installed
    with capture_logs() as logs:
        models = fitting.fit_models(snapshot, projects, snapshot.models.need_offer)
    assert models.weights == Weights()
    assert models.report == misled.report
    assert models.calibration == misled.calibration(Weights())
    assert [line for line in logs if line["event"] == "weights fitted"] == [
        {
            "event": "weights fitted",
            "kept": "shipped",
            "queries": misled.report.queries,
            "log_level": "info",
        }
    ]


def misleading_fold(*_: object) -> dict[QueryMode, list[fitting.HeldOut]]:
    """Fifty queries a mode; the text tells little, and names tell the truth of four in five."""
    draw = np.random.default_rng(3)
    fold: dict[QueryMode, list[fitting.HeldOut]] = {}
    for mode in QueryMode:
        fold[mode] = []
        for number in range(51):
            is_partner = np.arange(60) < 5
            named = is_partner if number % 5 else ~is_partner
            text = 0.5 * draw.random(60) + 0.2 * is_partner
            one = FitQuery(
                about=str(number),
                text_by_view={"sentence": text},
                view_coverage={"sentence": 1.0},
                features={"mention": named.astype(np.float64)},
                with_members=mode is QueryMode.HALF_GIVEN,
                is_partner=is_partner,
                is_rare=np.zeros(60, dtype=np.bool_),
                partners=5,
                rare=0,
            )
            fold[mode].append(fitting.HeldOut(number % 5 == 0, one, one))
    return fold


def test_held_out_are_the_latest_and_four_random_quarters() -> None:
    projects = history()
    last, draws = latest(projects), quarters(projects)
    assert len(last) == QUARTER
    held = {one.facet.source for one in last}
    others = [one.facet.year or 0 for one in projects if one.facet.source not in held]
    assert max(others) <= min(one.facet.year or 0 for one in last)
    for _, any_year in draws:
        assert len(any_year) == QUARTER
        assert {one.facet.year for one in any_year} == set(range(2000, 2010))
    drawn = [one.facet.source for _, several in draws for one in several]
    assert sorted(drawn) == sorted(one.facet.source for one in projects)
    shuffled = random.Random(1).sample(projects, len(projects))
    assert (latest(shuffled), quarters(shuffled)) == (last, draws)
    assert latest([]) == latest(projects[:3]) == []


def test_nothing_of_what_is_held_out_is_left(services: Services) -> None:
    held = latest(stored_projects(services))
    snapshot = services.corpus_provider.snapshot()
    experience = snapshot.corpus.experience.sum()
    earlier = snapshot_without(snapshot, held)
    gone = {one.facet.id for one in held}
    assert len(gone) == QUARTER and gone <= facets_of(snapshot.corpus).keys()
    assert facets_of(earlier.corpus).keys() == facets_of(snapshot.corpus).keys() - gone
    assert earlier.corpus.facet_count == snapshot.corpus.facet_count - QUARTER
    assert earlier.corpus.experience.sum() == experience - QUARTER * TOGETHER
    assert earlier.models.votes is not None and snapshot.models.votes is not None
    assert earlier.models.votes.common != snapshot.models.votes.common
    assert earlier.generation.encoder is snapshot.generation.encoder
    assert services.corpus_provider.snapshot() is snapshot
    assert gone <= facets_of(snapshot.corpus).keys()


def test_votes_of_what_is_held_out_do_not_count(services: Services) -> None:
    """An organisation whose every project is held out gets no votes, and no collaboration."""
    snapshot, projects = services.corpus_provider.snapshot(), stored_projects(services)
    stranger, other = members_of(0)[:2]
    held = [one for one in projects if stranger in {p.organisation_id for p in one.participations}]
    text, earlier = str(held[0].facet.title), snapshot_without(snapshot, held)
    partners = frozenset({stranger})
    query = Query(text, (other,), partners, held[0].facet.id)
    of_all, _ = fitting._ask(snapshot, snapshot, query)
    without, _ = fitting._ask(snapshot, earlier, query)
    assert of_all.is_partner.sum() == 1 and of_all.partners == without.partners == 1
    assert without.is_partner.sum() == 0
    weights = Weights()
    assert of_all.scores(weights)[of_all.is_partner][0] == of_all.scores(weights).max()
    assert of_all.rare == 0 and without.rare == 1


def test_siblings_have_half_of_the_partners(services: Services) -> None:
    corpus = services.corpus_provider.snapshot().corpus
    owners = [
        {corpus.ids[row] for row in corpus.owners.at(facet).tolist()}
        for facet in range(corpus.facet_total)
    ]
    partners = sorted(owners[0])
    assert len(partners) == TOGETHER
    for query in (
        Query("text", (), frozenset(partners)),
        Query("text", tuple(partners[:3]), frozenset(partners[3:])),
        Query("text", (), frozenset(partners[:2])),
    ):
        among = {*query.given, *query.partners}
        least = max(2, len(among) / 2)
        rows = [row for row, own in enumerate(owners) if len(own & among) >= least]
        assert siblings_of(corpus, query).tolist() == rows and 0 in rows
    assert 1 < len(rows) < len(owners)
    assert not len(siblings_of(corpus, Query("text", (), frozenset(partners[:1]))))


def query_of(services: Services, given: int) -> tuple[Snapshot, Query]:
    """A past project as a query, with so many of its partners given."""
    snapshot, project = services.corpus_provider.snapshot(), stored_projects(services)[0]
    partners = sorted(one.organisation_id for one in project.participations)
    text = project.facet.embedded_text
    query = Query(text, tuple(partners[:given]), frozenset(partners[given:]), project.facet.id)
    return snapshot, query


def test_a_query_is_asked_of_all_and_without_its_siblings(services: Services) -> None:
    snapshot, query = query_of(services, 3)
    of_all, alone = fitting._ask(snapshot, snapshot, query)
    assert of_all.is_partner.sum() == of_all.partners == alone.partners == 3
    assert of_all.about == alone.about == query.text
    assert of_all.with_members and alone.with_members
    for feature in ("collaboration", "affiliation", "mention"):
        assert len(of_all.features[feature]) == len(of_all.is_partner)
    for values in (
        [one.features["collaboration"][one.is_partner] for one in (of_all, alone)],
        [one.text_by_view["sentence"][one.is_partner] for one in (of_all, alone)],
    ):
        assert len(values[1]) == 3 and (values[0] > values[1]).all()
    stranger = replace(query, given=(), partners=frozenset(query.given[:1]))
    of_all, alone = fitting._ask(snapshot, snapshot, stranger)
    assert of_all is alone and "collaboration" not in of_all.features
    assert not of_all.with_members


@pytest.mark.parametrize("given", [0, 3])
@pytest.mark.parametrize("calibrated", [True, False])
def test_fitting_asks_for_the_scores_that_lists_have(
    services: Services, given: int, calibrated: bool
) -> None:
    """The same question, served and fitted on, has the same candidates and scores."""
    snapshot, query = query_of(services, given)
    weights = Weights(
        collaboration=1.3, affiliation=0.7, mention=0.4, likely_partners=0.35, sentence=1.5
    )
    models = replace(snapshot.models, weights=weights)
    if not calibrated:
        models = replace(models, votes=None)
    generation = replace(snapshot.generation, models=models)
    snapshot = replace(snapshot, generation=generation)
    asked, _ = fitting._ask(snapshot, snapshot, query)
    question = Question(text=query.text, members=query.given, complement=0.0)
    ranked = services.recommender.rank(snapshot, question)
    candidates = ranked.scored.candidates
    scores = asked.scores(weights)
    assert len(scores) == len(candidates.rows) >= CROWD - given
    assert scores == pytest.approx(ranked.scored.scores, abs=1e-4)
    assert scores.max() > 2 * scores.min() and len(set(scores.round(6))) > 10
    assert asked.depends_on <= {*GRID}
    own = {snapshot.corpus.organisation(row).id for row in candidates.rows[asked.is_partner]}
    assert own == query.partners
    assert (candidates.voted.surest is not None) is calibrated
    assert asked.surest == pytest.approx(candidates.voted.surest or 0.0, abs=1e-4)
    if given:  # nobody stands in for members
        assert asked.scores(replace(weights, likely_partners=0.9)).tolist() == scores.tolist()
    order = ranked.order[:100].tolist()
    assert asked.first(weights).tolist() == order


def test_what_was_fitted_is_used_from_the_next_answer_on(services: Services) -> None:
    recommender, root = services.recommender, services.settings.index_folder
    given = tuple(members_of(0)[:3])
    questions = [Question(text=f"robots for {FIELDS[0]}", limit=48), Question(members=given)]
    fitted = services.corpus_provider.snapshot().models
    publish_with_models(root, replace(fitted, weights=Weights(), calibration={}))
    before = services.corpus_provider.snapshot()
    assert before.models.weights == Weights()
    scores = []
    for question in questions:
        answer = recommender.recommend(question)
        assert answer.results and not answer.cached
        assert all(one.probability is None for one in answer.results)
        assert recommender.recommend(question).cached
        scores.append([one.score for one in answer.results])
    name = publish_with_models(root, fitted)
    after = services.corpus_provider.snapshot()
    assert (after.generation.name, after.version) == (name, before.version)
    assert after.generation.name != before.generation.name
    assert are_equal(after.models, fitted)
    for question, former in zip(questions, scores, strict=True):
        answer = recommender.recommend(question)
        assert not answer.cached
        assert [one.score for one in answer.results] != former
        probabilities = [one.probability for one in answer.results if one.probability is not None]
        assert len(probabilities) == len(answer.results)
        assert all(0 <= one <= 1 for one in probabilities)
        assert probabilities == sorted(probabilities, reverse=True)
        sides = {one.organisation.id[:6] for one in answer.results[: CROWD - 3]}
        assert sides == {"test:a"}


def test_a_rebuild_fits_anew(services: Services) -> None:
    before = services.corpus_provider.snapshot().models
    store_batch(services.store, batch_of(history(PROJECTS, 4)))
    with capture_logs() as logs:
        name = build_index(services.store, services.settings)
    rebuilt = services.corpus_provider.snapshot()
    assert rebuilt.generation.name == name
    assert rebuilt.corpus.facet_count == PROJECTS + 4
    report = rebuilt.models.report
    assert report is not None and report != before.report
    assert report.queries == 2 * 5 * ((PROJECTS + 4) // 4)
    assert not are_equal(rebuilt.models, before)
    assert [(one["kept"], one["queries"]) for one in logs if one["event"] == "weights fitted"] == [
        ("fitted" if report.installed else "shipped", report.queries)
    ]


def test_too_little_history_keeps_the_shipped_weights(
    home: Path, tmp_path: Path, open_services: Callable[[Path], Services]
) -> None:
    demo, empty = open_services(home), open_services(tmp_path / "empty")
    for services in (demo, empty):
        with pytest.raises(NotEnoughHistory, match="it takes 40 to fit weights"):
            refit(services.corpus_provider, install=True)
    with capture_logs() as logs:
        build_index(demo.store, demo.settings)
    told = [line for line in logs if line["event"] == "weights not fitted"]
    assert len(told) == 1 and "The shipped weights stay." in told[0]["reason"]
    models = demo.corpus_provider.snapshot().models
    assert models.weights == Weights()
    assert models.report is None and models.calibration == {}


def test_projects_count_with_two_partners_that_are_known(
    tmp_path: Path, open_services: Callable[[Path], Services]
) -> None:
    """Projects of partners who never met before and never come back."""
    services = open_services(tmp_path / "strangers")
    organisations, projects = [], []
    for number, project in enumerate(history()):
        ids = [f"test:s{number}-{place}" for place in range(3)]
        organisations += [Organisation(i, f"Name {i}", OrganisationType.OTHER) for i in ids]
        projects.append(replace(project, participations=tuple(Participation(i) for i in ids)))
    store_batch(services.store, Batch(organisations, projects, complete_profiles=False))
    with pytest.raises(NotEnoughHistory, match="^0 of the latest projects"):
        refit(services.corpus_provider, install=True)


def run(app: APIFlask, *arguments: str) -> tuple[int, str]:
    result = app.test_cli_runner().invoke(args=list(arguments))
    return result.exit_code, str(result.output)


def test_train_prints_what_was_weighed_and_installs(
    past_home: Path, make_app: Callable[..., APIFlask], fitted: FittedWeights
) -> None:
    app = make_app(past_home)
    root = app.extensions["schakel"].settings.index_folder
    before = current_name(root)
    assert before is not None
    built = open_generation(root, before).models
    publish_with_models(root, replace(built, weights=Weights(), calibration={}, report=None))
    bare = current_name(root)
    code, printed = run(app, "train", "--dry-run")
    assert code == 0 and current_name(root) == bare
    report = fitted.report
    line = next(line for line in printed.splitlines() if "Fitted" in line)
    assert f"Fitted on {report.queries} questions; weights: fit " in line
    for name in GRID:
        weight = f"{name.replace('_', ' ')} {getattr(report.fitted, name):g}"
        assert f" {weight}," in line or line.endswith(f" {weight}.")
    assert "Weights that rank now: fitted." in printed
    for comparison in report.comparisons:
        for name in ("shipped", "fitted"):
            quality: Quality = getattr(comparison, name)
            row = next(
                row for row in printed.splitlines() if f"{comparison.mode.value}, {name}" in row
            )
            assert row.split()[-4:] == [
                str(comparison.queries),
                f"{quality.ndcg_10:.4f}",
                f"{quality.recall_50:.4f}",
                f"{quality.rare_recall_100:.4f}",
            ]
    assert "Nothing was installed (--dry-run)." in printed and "Installed:" not in printed
    code, printed = run(app, "train")
    after = current_name(root)
    assert code == 0 and after is not None and after not in (bare, before)
    assert f"Installed: the index is {after}" in printed
    assert are_equal(open_generation(root, after).models, built)
    assert "(chance " in run(app, "match", FIELDS[0])[1]


def test_train_says_that_the_shipped_weights_stay_where_the_fitted_ones_lose(
    past_home: Path,
    make_app: Callable[..., APIFlask],
    fitted: FittedWeights,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    losing = replace(fitted, report=replace(fitted.report, installed=False))
    monkeypatch.setattr("matcher.indexing.build.fit_weights", lambda *_: losing)
    app = make_app(past_home)
    root = app.extensions["schakel"].settings.index_folder
    code, printed = run(app, "train")
    assert code == 0
    assert "Weights that rank now: shipped, since the fitted ones lose." in printed
    name = current_name(root)
    assert name is not None
    models = open_generation(root, name).models
    assert models.weights == Weights() != fitted.report.fitted
    assert models.report == losing.report
    assert models.calibration == fitted.calibration(Weights())


def test_train_says_when_there_is_too_little_history(app: APIFlask) -> None:
    root = app.extensions["schakel"].settings.index_folder
    before = current_name(root)
    code, printed = run(app, "train")
    assert code == 1 and "it takes 40 to fit weights. The shipped weights stay." in printed
    assert "Traceback" not in printed and current_name(root) == before


def write_cordis(folder: Path, projects: list[Project]) -> Path:
    folder.mkdir()
    lines = ['"id";"title";"startDate"']
    rows = ['"projectID";"organisationID";"name"']
    for project in projects:
        facet = project.facet
        number = str(facet.source).removeprefix("cordis:")
        lines.append(f'"{number}";"{facet.title}";"{facet.year}-01-01"')
        for one in project.participations:
            short = one.organisation_id[5:]
            rows.append(f'"{number}";"{short}";"Partner {short}"')
    (folder / "project.csv").write_text("\n".join(lines), encoding="utf-8")
    (folder / "organization.csv").write_text("\n".join(rows), encoding="utf-8")
    return folder


@pytest.mark.slow
def test_evaluate_prints_every_table(app: APIFlask, tmp_path: Path) -> None:
    asked = history(PROJECTS, 12)
    words = tmp_path / "words.csv"
    rows = ["id,nl,de"]
    for project in asked[:8]:
        title = str(project.facet.title)
        rows.append(f"{project.facet.source},{title},{title if project != asked[7] else ''}")
    words.write_text("\n".join(rows), encoding="utf-8")
    code, printed = run(
        app,
        "evaluate",
        "--train",
        str(write_cordis(tmp_path / "train", history())),
        "--test",
        str(write_cordis(tmp_path / "test", asked)),
        "--translations",
        str(words),
        "--trade-off",
        "--json",
    )
    assert code == 0
    report = json.loads(printed[printed.index("{\n") :])
    assert (report["organisations"], report["projects"]) == (2 * CROWD, PROJECTS)
    assert report["fit"]["fitted"].keys() >= set(GRID)
    for mode in QueryMode:
        found = report["modes"][mode.value]
        assert found["queries"] == 12
        assert found["methods"].keys() == {
            "schakel",
            "shipped weights",
            *SIMPLE,
            "mean vector",
            "by record",
        }
        assert found["companies"] == 0.0  # the files say nothing of types
        assert found["methods"]["schakel"]["recall_50"] == 1.0
        assert sum(one["pairs"] for one in found["reliability"]) > 0
        for group in found["reliability"]:
            assert group["start"] <= group["stated"] <= group["end"]
            assert 0 <= group["observed"] <= 1
    figures = report["translations"]
    assert figures.keys() == {"title", "nl", "de"}
    assert {queries for queries, _ in figures.values()} == {7}
    assert figures["nl"] == figures["de"] == figures["title"]
    assert [one["value"] for one in report["long_tail"]] == list(LONG_TAIL_SHARES)
    assert report["complement"] == []  # no project has topics
    text = evaluation_text(TypeAdapter(EvaluationReport).validate_python(report))
    for head in (
        f"{2 * CROWD} organisations, {PROJECTS} projects, model default-",
        "weights: fitted (" if report["fit"]["installed"] else "weights: shipped, since",
        "text only: 12 questions",
        "half of the members given: 12 questions",
        "shipped weights",
        "mean vector",
        "beside the best simple method",
        "rare recall@100: ",
        "probability that was stated, and the share that did work together",
        "partners by their number of earlier projects",
        "the same questions by their titles, and translated",
        "the share of places after the fiftieth for the long tail, text only",
    ):
        assert head in text


def test_evaluate_refuses_what_gives_no_figures_before_it_builds(
    app: APIFlask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "build_index", None)
    past = write_cordis(tmp_path / "train", history(0, 40))
    asked = write_cordis(tmp_path / "test", history(40, 2))
    bad = write_cordis(tmp_path / "bad", history(0, 2))
    (bad / "organization.csv").write_text("projectID;organisationID;name\n9;1;Nobody\n")
    code, printed = run(app, "evaluate", "--train", str(past), "--test", str(bad))
    assert code == 1 and "no project '9'" in printed and "nothing was measured" in printed
    assert "--skip-invalid" not in printed
    others = history(42, 2)
    strange = [replace(one, participations=one.participations[:1]) for one in others]
    alone = write_cordis(tmp_path / "alone", strange)
    code, printed = run(app, "evaluate", "--train", str(past), "--test", str(alone))
    assert code == 1 and "Error: There is nothing to ask: " in printed
    words = tmp_path / "words.csv"
    words.write_text("id,nl\ncordis:9,Wol\n", encoding="utf-8")
    places = ("--train", str(past), "--test", str(asked), "--translations", str(words))
    code, printed = run(app, "evaluate", *places)
    assert code == 1 and "words.csv: translates none of the questions" in printed
    assert "such as cordis:1040" in printed


UNFITTED = EvaluationReport(2, 1, "none", 3, None, {}, {})


def test_a_mode_without_questions_has_no_figures() -> None:
    report = replace(UNFITTED, modes={QueryMode.HALF_GIVEN: ModeReport(0, {}, (), ())})
    assert evaluation_text(report).splitlines()[-2:] == [
        "half of the members given: 0 questions",
        "nothing to measure: no test project has enough partners known from train",
    ]


def test_a_report_without_fitted_weights_says_so() -> None:
    assert evaluation_text(UNFITTED).splitlines() == [
        "2 organisations, 1 projects, model none, seed 3",
        "weights: shipped (too little history to fit them on)",
    ]


@pytest.mark.parametrize(
    ("installed", "state", "rank"),
    [
        (True, "fitted", "fitted"),
        (False, "shipped, since what was fitted loses:", "shipped, since the fitted ones lose"),
    ],
)
def test_reports_name_the_weights_that_rank(installed: bool, state: str, rank: str) -> None:
    fitted = Weights(sentence=2.0, mention=0.05, likely_partners=0.5)
    report = FitReport(48, fitted, installed, ())
    named = (
        "fit 1, sentence 2, mention 0.05, collaboration 1.5, affiliation 0.8, likely partners 0.5"
    )
    lines = evaluation_text(replace(UNFITTED, fit=report)).splitlines()
    assert lines[1] == f"weights: {state} ({named}; 48 questions)"
    assert fit_text(report).splitlines() == [
        f"Fitted on 48 questions; weights: {named}.",
        f"Weights that rank now: {rank}.",
        "On the questions kept apart:",
    ]


def test_the_complement_dial_is_measured_on_projects_with_topics(
    services: Services,
) -> None:
    asked = [
        replace(one, facet=replace(one.facet, topics=("tides",) if number < 4 else ()))
        for number, one in enumerate(history(PROJECTS, 8))
    ]
    report = evaluate(
        services.corpus_provider, services.settings, evaluation.TestSet(asked, {}), trade_off=True
    )
    assert [point.value for point in report.complement] == list(COMPLEMENT_DIALS)
    assert {point.queries for point in report.complement} == {4 * DRAWS}
    assert {point.topics_10 for point in report.complement} == {0.0}  # no past project has any
    shipped = report.modes[QueryMode.HALF_GIVEN].methods["schakel"]
    assert shipped.recall_100 == 1.0
    assert report.fit == services.corpus_provider.snapshot().models.report


def test_translations_are_read_by_language(tmp_path: Path) -> None:
    path = tmp_path / "words.csv"
    path.write_text(
        'id,nl,remark,fr\ncordis:1,"wier, op zee",x,algues\ncordis:2,,y,laine\n,leeg,,vide\n',
        encoding="utf-8-sig",
    )
    assert read_translations(path) == {
        "nl": {"cordis:1": "wier, op zee"},
        "fr": {"cordis:1": "algues", "cordis:2": "laine"},
    }


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "words.csv: the first line must name the columns id"),
        (b"id,remark\n1,x\n", "the first line must name"),
        (b"number,nl\n1,x\n", "the first line must name"),
        (b"id,nl\n1,\xff\xfe\n", "can't be read as CSV in UTF-8"),
        (None, "can't be read as CSV in UTF-8"),
    ],
)
def test_translations_that_can_not_be_used(
    content: bytes | None, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "words.csv"
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    with pytest.raises(TranslationsRefused, match=message):
        read_translations(path)


def test_the_command_refuses_translations_it_can_not_read(app: APIFlask, tmp_path: Path) -> None:
    path = tmp_path / "words.csv"
    path.write_text("title\nx\n")
    folder = write_cordis(tmp_path / "some", history(0, 2))
    places = ("--train", str(folder), "--test", str(folder))
    code, printed = run(app, "evaluate", *places, "--translations", str(path))
    assert code == 1 and "words.csv" in printed and "Traceback" not in printed
