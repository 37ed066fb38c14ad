from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from apiflask import APIFlask
from structlog.testing import capture_logs

from matcher.cache import MemoryCache
from matcher.container import Services
from matcher.domain import (
    Facet,
    FacetKind,
    Organisation,
    OrganisationType,
    Participation,
    Project,
    Question,
)
from matcher.evaluation.evaluate import TRADED, TranslationsRefused, read_translations
from matcher.evaluation.fitting import (
    DRAWS,
    Asking,
    Gain,
    NotEnoughHistory,
    Training,
    install,
    latest,
    past_of,
    quarters,
    siblings_of,
    train,
)
from matcher.evaluation.queries import HALF_GIVEN, MODES, TEXT_ONLY, Case
from matcher.evaluation.report import as_text
from matcher.evaluation.weight_search import GRID, Quality
from matcher.imports.row_errors import Batch
from matcher.imports.storage import store_batch
from matcher.index.generation import current_name, open_generation
from matcher.indexing.build import build_index
from matcher.matching.scoring import Weights
from matcher.matching.service import Recommender, question_key, trained_weights
from matcher.store import Revision
from matcher.store.projects import load_projects
from tests.conftest import settings_for

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


@pytest.fixture(scope="module")
def training(built_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Training:
    """What the two communities teach."""
    home = tmp_path_factory.mktemp("trained") / "home"
    shutil.copytree(built_home, home)
    services = Services(settings_for(home))
    learned = train(services.corpus_provider, services.settings)
    services.store.dispose()
    return learned


def test_training_says_what_it_gained(training: Training) -> None:
    """All held out are questions, a quarter a fold by text and twice as many with members given.

    By a third of them the gain is measured.
    """
    assert training.held_out == QUARTER
    assert [gain.mode for gain in training.gains] == list(MODES)
    assert [gain.questions for gain in training.gains] == [60, 120]  # of 200 and 400
    assert training.learned_on == (1 + DRAWS) * 5 * QUARTER
    assert training.gained
    for gain in training.gains:
        assert gain.after.recall_50 == 1.0 and 0 < gain.after.ndcg_10 <= 1
        assert gain.after.worth >= gain.before.worth - 0.02
    assert replace(training.weights, **{n: getattr(Weights(), n) for n in GRID}) == Weights()


def test_training_finds_out_what_chance_a_score_stands_for(training: Training) -> None:
    """6 of 24 work together, pairs always do where one is given, strangers never."""
    assert training.calibration.keys() == set(MODES)
    for mode, most in ((TEXT_ONLY, 0.5), (HALF_GIVEN, 0.9)):
        saved = training.calibration[mode]
        scores, shares = saved["at"], saved["probability"]
        assert scores == sorted(scores) and shares == sorted(shares)
        assert shares[0] < 0.05 and 0.1 < shares[-1] < most


def test_what_is_kept_with_the_generation_is_json(training: Training) -> None:
    kept = json.loads(json.dumps(training.ranking(7)))
    for which, weights in (("weights", training.weights), ("trial", training.trial)):
        assert kept[which] == {name: getattr(weights, name) for name in GRID}
        assert trained_weights(kept, which) == weights
    assert kept["calibration"] == training.calibration
    assert (kept["corpus_version"], kept["questions"]) == (7, training.learned_on)
    assert [one["mode"] for one in kept["gains"]] == list(MODES)


@pytest.mark.slow
def test_training_twice_learns_the_same(services: Services, training: Training) -> None:
    seen: dict[str, tuple[int, int]] = {}
    again = train(
        services.corpus_provider,
        services.settings,
        progress=lambda stage, done, total: seen.update({stage: (done, total)}),
    )
    assert again == training
    for fold in ("latest", *(name for name, _ in quarters([]))):
        for mode in MODES:
            count = QUARTER * (DRAWS if mode == HALF_GIVEN else 1)
            assert seen[f"{fold} held out, {mode}"] == (count, count)
    assert seen["weights"] == (2, 2)


def test_what_is_learned_gains_only_where_it_is_no_worse(training: Training) -> None:
    good, bad = Quality(0.5, 0.5, 0.5), Quality(0.4, 0.5, 0.5)
    better, worse = Gain("one", 9, bad, good), Gain("other", 9, good, bad)
    assert replace(training, gains=(better,)).gained
    assert replace(training, gains=(better, worse)).gained
    assert not replace(training, gains=(worse,)).gained
    assert not replace(training, gains=(better, worse, worse)).gained


def test_held_out_are_the_latest_and_four_fair_draws() -> None:
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


def test_nothing_of_what_is_held_out_is_left_in_the_past(services: Services) -> None:
    with services.store.reading() as session:
        held = latest(load_projects(session))
    snapshot = services.corpus_provider.snapshot()
    past = past_of(services.store, services.settings, snapshot, held, lambda *_: None)
    gone = {one.facet.id for one in held}
    assert len(gone) == QUARTER and gone <= snapshot.facets.keys()
    assert not gone & past.facets.keys()
    assert not gone & set(past.index.ids().tolist())
    assert past.facets.keys() == set(past.index.ids().tolist()) == set(past.corpus.facet_ids)
    assert past.generation.encoder.fingerprint != snapshot.generation.encoder.fingerprint
    assert services.corpus_provider.snapshot() is snapshot


def test_siblings_have_half_of_the_partners(services: Services) -> None:
    corpus = services.corpus_provider.snapshot().corpus
    owners = [
        {corpus.organisations[row].id for row in corpus.owner_rows[start:end]}
        for start, end in zip(corpus.owner_start, corpus.owner_start[1:], strict=False)
    ]
    partners = sorted(owners[0])
    assert len(partners) == TOGETHER
    for case in (
        Case("text", (), frozenset(partners)),
        Case("text", tuple(partners[:3]), frozenset(partners[3:])),
        Case("text", (), frozenset(partners[:2])),
    ):
        among = {*case.given, *case.partners}
        least = max(2, len(among) / 2)
        told = [row for row, own in enumerate(owners) if len(own & among) >= least]
        assert siblings_of(corpus, case).tolist() == told and 0 in told
    assert 1 < len(told) < len(owners)
    assert not len(siblings_of(corpus, Case("text", (), frozenset(partners[:1]))))


def test_a_question_is_asked_of_all_and_without_its_siblings(services: Services) -> None:
    snapshot = services.corpus_provider.snapshot()
    corpus = snapshot.corpus
    rows = corpus.owner_rows[: corpus.owner_start[1]]
    partners = [corpus.organisations[row].id for row in rows]
    case = Case(f"robots for {FIELDS[0]}", tuple(partners[:3]), frozenset(partners[3:]))
    of_all, alone = Asking(snapshot, services.settings.field_distance)(case)
    to_find = rows[3:].tolist()
    assert of_all.partners == alone.partners == frozenset(to_find)
    assert of_all.about == alone.about == case.text
    for one in (of_all, alone):
        assert not set(one.rows) & set(rows[:3].tolist())
        assert all(len(own) == len(one.rows) for own in one.by_view.values())

    def strength(of: str, row: int) -> float:
        one = of_all if of == "all" else alone
        return float(one.worked["network"][0][one.rows == row].sum())

    assert all(strength("all", row) > strength("alone", row) for row in to_find)
    stranger = Case(case.text, (), frozenset(partners[:1]))
    of_all, alone = Asking(snapshot, services.settings.field_distance)(stranger)
    assert of_all is alone and not of_all.worked.get("network")


@pytest.mark.parametrize("given", [0, 3])
def test_learning_asks_for_the_scores_that_lists_have(services: Services, given: int) -> None:
    snapshot = services.corpus_provider.snapshot()
    members = tuple(members_of(0)[:given])
    case = Case(f"robots for {FIELDS[0]}", members, frozenset(members_of(0)[given:]))
    asked, _ = Asking(snapshot, services.settings.field_distance)(case)
    weights = Weights(akin=0.7, acquainted=0.4)
    results = Recommender(services.corpus_provider, MemoryCache(), weights=weights).ranked(
        snapshot, Question(text=case.text, members=members, complement=0.0, limit=200)
    )
    assert {"kin" if given else "akin"} == {"kin", "akin"} & results[0]["parts"].keys()
    rows, scores = asked.rows.tolist(), asked.scores(weights)
    known = {snapshot.corpus.organisations[row].id: scores[at] for at, row in enumerate(rows)}
    assert len(results) == int((scores > 5e-7).sum()) > CROWD
    for one in results:
        assert one["score"] == pytest.approx(known[one["organisation"]["id"]], abs=1e-5)


def test_what_was_learned_is_used_from_the_next_answer_on(
    services: Services, training: Training
) -> None:
    recommender = Recommender(services.corpus_provider, MemoryCache())
    given = tuple(members_of(0)[:3])
    questions = [Question(text=f"robots for {FIELDS[0]}", limit=48), Question(members=given)]
    for question in questions:
        answer = recommender.recommend(question)
        assert answer["results"] and not answer["cached"]
        assert all(one["probability"] is None for one in answer["results"])
        assert recommender.recommend(question)["cached"]
    before = services.corpus_provider.snapshot()
    name = install(services.settings, training, before.version)
    after = services.corpus_provider.snapshot()
    assert (after.generation.name, after.version) == (name, before.version)
    assert after.generation.name != before.generation.name
    assert after.generation.ranking == json.loads(json.dumps(training.ranking(before.version)))
    assert recommender.weights_for(before) == Weights()
    assert recommender.weights_for(after) == training.weights
    for question in questions:
        answer = recommender.recommend(question)
        assert not answer["cached"]
        probabilities = [one["probability"] for one in answer["results"]]
        assert all(0 <= one <= 1 for one in probabilities)
        assert probabilities == sorted(probabilities, reverse=True)
        sides = {one["organisation"]["id"][:6] for one in answer["results"][: CROWD - 3]}
        assert sides == {"test:a"}


def test_answers_before_and_after_are_cached_apart(training: Training) -> None:
    question = Question(text="robots")
    kept, point = training.ranking(1), Revision(1, "a")
    keys = {
        question_key(question, Revision(1, "b"), "model", asdict(Weights())),
        question_key(question, point, "model", asdict(Weights())),
        question_key(question, point, "model", asdict(Weights()), kept),
        question_key(question, point, "model", asdict(Weights(named=0.9)), kept),
        question_key(question, point, "model", asdict(Weights()), {**kept, "calibration": {}}),
    }
    assert len(keys) == 5
    same = question_key(question, point, "model", asdict(Weights()), {})
    assert same == question_key(question, point, "model", asdict(Weights()))


def test_a_part_that_came_after_what_was_learned_does_not_count() -> None:
    weights = trained_weights({"weights": {"named": 0.7, "unknown": 1.0}})
    assert weights == replace(Weights(), **dict.fromkeys(GRID, 0.0) | {"named": 0.7})


def test_fixed_weights_ignore_what_was_learned(services: Services, training: Training) -> None:
    install(services.settings, training, 1)
    fixed = Recommender(services.corpus_provider, MemoryCache(), weights=Weights(named=0.7))
    assert fixed.weights_for(services.corpus_provider.snapshot()) == Weights(named=0.7)
    answer = fixed.recommend(Question(text="robots"))
    assert {one["probability"] for one in answer["results"]} == {None}


def test_a_rebuild_keeps_what_was_learned(services: Services, training: Training) -> None:
    install(services.settings, training, services.corpus_provider.snapshot().version)
    learned = services.corpus_provider.snapshot().generation.ranking
    store_batch(services.store, batch_of(history(PROJECTS, 4)))
    name = build_index(services.store, services.settings)
    rebuilt = services.corpus_provider.snapshot()
    assert rebuilt.generation.name == name
    assert len(rebuilt.corpus.facets) == PROJECTS + 4
    assert rebuilt.generation.ranking == learned != {}
    answer = Recommender(services.corpus_provider, MemoryCache()).recommend(
        Question(text=FIELDS[1])
    )
    assert answer["results"][0]["probability"] is not None


def test_a_rebuild_of_what_is_damaged_keeps_what_was_learned(
    services: Services, training: Training
) -> None:
    root = services.settings.index_folder
    name = install(services.settings, training, services.corpus_provider.snapshot().version)
    learned = open_generation(root, name).ranking
    (root / name / "index" / "faiss.index").write_bytes(b"broken")
    name = build_index(services.store, services.settings)
    assert open_generation(root, name).ranking == learned != {}
    (root / "CURRENT").write_bytes(b"\xff")
    name = services.corpus_provider.snapshot().generation.name
    assert open_generation(root, name).ranking == learned
    (root / name / "ranking.json").write_text("[]")
    with capture_logs() as logs:
        name = build_index(services.store, services.settings)
    assert open_generation(root, name).ranking == {}
    assert logs[0]["event"] == "what was learned is lost, train again"


def test_too_little_history_teaches_nothing(
    home: Path, tmp_path: Path, open_services: Callable[[Path], Services]
) -> None:
    demo, empty = open_services(home), open_services(tmp_path / "empty")
    for services in (demo, empty):
        with pytest.raises(NotEnoughHistory, match="it takes 40 to learn from"):
            train(services.corpus_provider, services.settings)
    assert demo.corpus_provider.snapshot().generation.ranking == {}


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
    with pytest.raises(NotEnoughHistory, match="^0 of the projects"):
        train(services.corpus_provider, services.settings)


def run(app: APIFlask, *arguments: str) -> tuple[int, str]:
    result = app.test_cli_runner().invoke(args=list(arguments))
    return result.exit_code, str(result.output)


@pytest.mark.slow
def test_the_command_installs_what_gains(
    past_home: Path,
    make_app: Callable[..., APIFlask],
    training: Training,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = make_app(past_home)
    root = app.extensions["schakel"].settings.index_folder
    before = current_name(root)
    with monkeypatch.context() as learned:
        learned.setattr("matcher.cli.evaluation.train", lambda *_, **__: training)
        code, printed = run(app, "train", "--dry-run")
    assert code == 0 and current_name(root) == before
    assert f"Learned from {training.learned_on} questions" in printed
    line = next(line for line in printed.splitlines() if line.startswith("Learned"))
    weights = training.weights
    assert f"; weights: text 1, wording {1 - weights.meaning:g}, meaning " in line
    for name in GRID:
        assert f", {name.replace('_', ' ')} {getattr(weights, name):g}" in line
    for mode in MODES:
        assert f"{mode}, before" in printed and f"{mode}, learned" in printed
    assert "Nothing was installed (--dry-run)." in printed and "Installed:" not in printed
    code, printed = run(app, "train")
    after = current_name(root)
    assert code == 0 and after is not None and after != before
    assert f"Installed: the index is {after}" in printed
    kept = open_generation(root, after).ranking["weights"]
    assert kept == {name: getattr(training.weights, name) for name in GRID}
    assert "(chance " in run(app, "match", FIELDS[0])[1]


def test_the_command_refuses_what_loses(
    past_home: Path,
    make_app: Callable[..., APIFlask],
    training: Training,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Training, "gained", False)
    monkeypatch.setattr("matcher.cli.evaluation.train", lambda *_, **__: training)
    app = make_app(past_home)
    root = app.extensions["schakel"].settings.index_folder
    before = current_name(root)
    for arguments in (("train",), ("train", "--dry-run")):
        code, printed = run(app, *arguments)
        assert code == 1
        assert "The learned weights lose: nothing was installed." in printed
        assert "Installed" not in printed
    assert current_name(root) == before


def test_the_command_says_when_there_is_too_little_history(app: APIFlask) -> None:
    root = app.extensions["schakel"].settings.index_folder
    before = current_name(root)
    code, printed = run(app, "train")
    assert code == 1 and "it takes 40 to learn from. The shipped weights stay." in printed
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
    assert report["training"]["weights"].keys() == set(GRID)
    for mode in MODES:
        found = report["modes"][mode]
        assert found["questions"] == 12
        assert found["methods"]["schakel"]["recall@50"] == 1.0
        assert sum(one["pairs"] for one in found["reliability"]) > 0
        for group in found["reliability"]:
            assert group["from"] <= group["said"] <= group["to"] and 0 <= group["were"] <= 1
    figures = report["translations"]
    assert figures.keys() == {"title", "nl", "de"}
    assert {one["questions"] for one in figures.values()} == {7}
    assert figures["nl"] == figures["de"] == figures["title"]
    for name, values in TRADED.items():
        assert [one[name] for one in report[name]] == list(values)
    text = as_text(report)
    for head in (
        f"{2 * CROWD} organisations, {PROJECTS} projects, model lsa",
        "weights: learned (" if report["training"]["installed"] else "weights: shipped, since",
        "text only: 12 questions",
        "half of the members given: 12 questions",
        "shipped weights",
        "mean vector",
        "chance that was said, and the share that did work together",
        "partners by their number of earlier projects",
        "the same questions by their titles, and translated",
        "the popularity setting, text only",
        "the share of places after the fiftieth kept for the less known, text only",
    ):
        assert head in text


def test_evaluate_refuses_what_gives_no_figures_before_it_builds(
    app: APIFlask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("matcher.evaluation.evaluate.build_index", None)
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


UNTRAINED = {"organisations": 2, "projects": 1, "model": "none", "seed": 3, "training": None}


def test_a_mode_without_questions_has_no_figures() -> None:
    report = {**UNTRAINED, "modes": {HALF_GIVEN: {"questions": 0}}}
    assert as_text(report).splitlines()[-2:] == [
        "half of the members given: 0 questions",
        "nothing to measure: no test project has enough partners known from train",
    ]


def test_a_report_without_training_says_so() -> None:
    report = {**UNTRAINED, "modes": {}}
    assert as_text(report).splitlines() == [
        "2 organisations, 1 projects, model none, seed 3",
        "weights: shipped (too little history to learn from)",
    ]


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
