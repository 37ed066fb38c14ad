"""The panel's questions keep to their format, and its figures are those worked out by hand."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from benchmarks import panel, panel_pool
from benchmarks.panel import Graded, PanelQuestion
from matcher.domain import (
    Facet,
    FacetKind,
    Organisation,
    OrganisationType,
    Participation,
    Project,
)
from matcher.imports.row_errors import Batch

ASKED = PanelQuestion("q1", "demo", "nl", "oneliner", False, "wie bakt brood?")
NOBODY = PanelQuestion("q2", "demo", "en", "oneliner", True, "who paints zebras?")
QUESTIONS = {"q1": ASKED, "q2": NOBODY}
POOL = {
    "q1": {"a": Graded(0, 0), "b": Graded(0, 1), "c": Graded(3, 3), "d": Graded(3, 2)},
    "q2": {"a": Graded(0, 0), "b": Graded(0, 1)},
}


def test_there_are_fifteen_questions_of_each_language_and_twenty_of_each_corpus() -> None:
    questions = panel.read_questions().values()
    assert Counter(one.language for one in questions) == dict.fromkeys(panel.LANGUAGES, 15)
    assert Counter(one.corpus for one in questions) == dict.fromkeys(panel.CORPORA, 20)
    assert Counter(one.kind for one in questions) == dict.fromkeys(
        ("call", "brief", "mail", "oneliner"), 15
    )
    assert sum(one.nobody for one in questions) == 10
    assert len({one.text for one in questions}) == 60


@pytest.mark.parametrize("question", panel.read_questions().values(), ids=lambda one: one.id)
def test_a_question_has_the_length_of_its_kind(question: PanelQuestion) -> None:
    words = len(question.text.split())
    if question.kind == "oneliner":
        assert 3 <= words <= 15 and "\n" not in question.text
    elif question.kind == "mail":
        assert question.text.count("\n") >= 8
    else:
        assert 80 <= words <= 200


def test_ndcg_has_the_gains_and_the_ideal_of_the_pool() -> None:
    # 1 + 7 / log2(3) = 5.41651; at best 7 + 1 / log2(3) = 7.63093
    assert panel.ndcg([1, 3], [3, 0, 1]) == pytest.approx(5.41651 / 7.63093, abs=1e-5)
    assert panel.ndcg([3, 1], [3, 0, 1]) == 1.0
    assert panel.ndcg([], [3, 0, 1]) == 0.0
    assert panel.ndcg([0], [0]) == 0.0
    assert panel.ndcg([0] * 10 + [3], [0] * 10 + [3]) == 0.0


def test_the_mean_of_the_first_five_counts_empty_places() -> None:
    assert panel.mean_of_first([3, 2.5, 1]) == pytest.approx(1.3)
    assert panel.mean_of_first([3, 3, 3, 3, 3, 0]) == 3.0


def test_agreement_of_a_pool() -> None:
    # Differences 0, 1, 0, 1: mean square 1/2. By chance, of {0, 0, 3, 3} and {0, 1, 3, 2}: 14 for
    # each of the four, so 56 / 16 = 7/2.
    agreed = panel.agreement({"q1": POOL["q1"]})
    assert agreed.kappa == pytest.approx(1 - (1 / 2) / (7 / 2))
    assert (agreed.equal, agreed.within_one, agreed.count) == (0.5, 1.0, 4)


def test_figures_leave_out_questions_that_nobody_answers() -> None:
    (only,) = panel.figures(QUESTIONS, POOL, {"q1": ("c", "d", "b"), "q2": ("a",)})
    assert only.question is ASKED
    assert only.ndcg == pytest.approx(1.0)
    assert only.first == pytest.approx((3 + 2.5 + 0.5) / 5)
    assert panel.zeros(QUESTIONS, POOL, {"q2": ("b", "a")}) == (1, 2)
    assert panel.zeros(QUESTIONS, POOL, {}) == (0, 0)


def test_what_is_on_a_list_and_not_in_the_pool_is_ungraded() -> None:
    lists = {"one": {"q1": ("a", "e")}, "two": {"q1": ("e",), "q2": ("a", "f")}}
    assert panel.ungraded(lists, POOL) == [("q1", "e"), ("q2", "f")]


def test_neighbours_vote_with_the_fourth_power_of_their_cosine() -> None:
    vectors = np.array([[0.8, 0.6], [0.6, 0.8], [0.6, -0.8], [-1.0, 0.0]], dtype=np.float32)
    owners = [["a"], ["b", "c"], ["b"], ["d"]]
    # a: .8^4 = .4096; b: 2 * .6^4 = .2592; c: .1296; d: 0
    assert panel_pool.votes(np.array([1.0, 0.0], dtype=np.float32), vectors, owners) == list("abcd")
    some = np.array([[0.8, 0.6]] + [[0.7, 0.714]] * 2, dtype=np.float32)
    # a: .4096; b: 2 * .7^4 = .4802
    assert panel_pool.votes(np.array([1.0, 0.0], dtype=np.float32), some, ["a", "b", "b"]) == [
        "b",
        "a",
    ]


def test_lists_sheets_and_grades_from_end_to_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "panel"
    folder.mkdir()
    header = "id\tcorpus\tlanguage\tkind\tnobody\ttext\n"
    lines = "q1\tdemo\tnl\toneliner\t0\twie bakt\\nbrood?\nq2\tdemo\ten\toneliner\t1\tzebras\n"
    (folder / panel.QUESTIONS).write_text(header + lines, encoding="utf-8")
    monkeypatch.setattr(panel_pool, "FOLDER", folder)
    for name in ("read_questions", "read_lists", "read_pool"):
        read = getattr(panel, name)
        monkeypatch.setattr(panel, name, lambda read=read: read(folder))
    asked = list(panel.read_questions().values())
    assert asked[0].text == "wie bakt\nbrood?"
    panel_pool.replace_lists("one", asked, {"q1": ["a", "b"], "q2": []})
    panel_pool.replace_lists("two", asked, {"q1": ["b"], "q2": ["a"]})
    assert panel.read_lists() == {
        "one": {"q1": ("a", "b")},
        "two": {"q1": ("b",), "q2": ("a",)},
    }

    sheet = tmp_path / "sheet.jsonl"
    panel_pool.write_sheet(sheet, asked, batch())
    sheets = {one["question"]: one for one in map(json.loads, sheet.read_text().splitlines())}
    assert {one["id"] for one in sheets["q1"]["organisations"]} == {"a", "b"}
    assert sheets["q2"]["organisations"] == [
        {
            "id": "a",
            "name": "Bakker",
            "type": "company",
            "city": None,
            "country": None,
            "offers": ["brood"],
            "past_projects": 1,
            "projects_nearest": [1],
        }
    ]
    assert sheets["q2"]["projects"] == {"1": "Een oven delen"}
    assert '"two"' not in sheet.read_text()

    grades = [tmp_path / "first.tsv", tmp_path / "second.tsv"]
    for path, first in zip(grades, (3, 2), strict=True):
        text = f"question\torganisation\tgrade\nq1\ta\t{first}\nq1\tb\t0\nq2\ta\t0\n"
        path.write_text(text, encoding="utf-8")
    panel_pool.add_grades(*grades)
    assert panel.read_pool() == {
        "q1": {"a": Graded(3, 2), "b": Graded(0, 0)},
        "q2": {"a": Graded(0, 0)},
    }
    assert panel.ungraded(panel.read_lists(), panel.read_pool()) == []
    grades[1].write_text("question\torganisation\tgrade\nq1\ta\t2\n", encoding="utf-8")
    with pytest.raises(SystemExit, match="2 graded in one file only"):
        panel_pool.add_grades(*grades)


def batch() -> Batch:
    offer = Facet(FacetKind.OFFER, "brood")
    project = Project(
        Facet(FacetKind.EVIDENCE, "Een oven delen", source="p1"),
        (Participation("a"), Participation("b")),
    )
    return Batch(
        organisations=[
            Organisation("a", "Bakker", OrganisationType.COMPANY, offers=(offer,)),
            Organisation("b", "Molen", OrganisationType.COMPANY),
        ],
        projects=[project, project],
    )
