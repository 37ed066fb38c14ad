"""Asks the panel's questions, and makes what is graded: python -m benchmarks.panel_pool --help.

    ask CORPUS...             the lists of this version and of MiniLM votes, into panel/lists.tsv
    sheets FOLDER CORPUS...   what has no grades yet, without the names of systems, into FOLDER
    grades FIRST SECOND       adds two files of grades to panel/pool.tsv

CORPUS is `demo` or NAME=FOLDER, a folder in the layout of the CORDIS bulk files.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks import panel
from benchmarks.panel import DEPTH, FOLDER, LISTS, POOL, PanelQuestion
from embeddings.sentence import SENTENCE_NETWORKS
from matcher.container import Services
from matcher.demo import load as demo
from matcher.domain import Organisation, Question
from matcher.imports.cordis import read_cordis
from matcher.imports.row_errors import Batch
from matcher.imports.storage import store_batch
from matcher.indexing.build import build_index
from matcher.settings import read_settings

THIS, MINILM = "schakel", "minilm-votes"
DEMO = "demo"
NEIGHBOURS, POWER = 50, 4
"""Of MiniLM votes: the strongest simple method on most collaboration records."""
QUOTED = 5
"""Past projects shown of each organisation."""
QUOTED_LENGTH = 400

Vectors = NDArray[np.float32]
Found = dict[str, list[str]]
"""Ids of organisations, best first, by question."""


def main() -> None:
    asked = _options()
    if asked.command == "grades":
        add_grades(asked.first, asked.second)
        return
    questions = panel.read_questions()
    for corpus, batch in ((name, _read(name, folder)) for name, folder in asked.corpora):
        of_corpus = [one for one in questions.values() if one.corpus == corpus]
        if asked.command == "sheets":
            write_sheet(asked.folder / f"sheet-{corpus}.jsonl", of_corpus, batch)
            continue
        if MINILM in asked.systems:
            replace_lists(MINILM, of_corpus, minilm_votes(of_corpus, batch))
        if THIS in asked.systems:
            with tempfile.TemporaryDirectory(prefix="schakel-bench-") as folder:
                home = asked.homes / f"panel-{corpus}" if asked.homes else Path(folder)
                replace_lists(THIS, of_corpus, this_version(of_corpus, batch, home))


def this_version(questions: Sequence[PanelQuestion], batch: Batch, home: Path) -> Found:
    """Ask this version over a corpus, which is stored in `home` unless one is there already.

    Its index is built anew; embeddings of former builds are taken.
    """
    services = Services(read_settings({"SCHAKEL_HOME": str(home)}))
    if not services.store.corpus_version():
        store_batch(services.store, batch)
    build_index(services.store, services.settings)
    found = {}
    for question in questions:
        answer = services.recommender.recommend(Question(question.text, limit=DEPTH))
        found[question.id] = [match.organisation.id for match in answer.results]
    services.store.dispose()
    return found


def minilm_votes(questions: Sequence[PanelQuestion], batch: Batch) -> Found:
    """Ask MiniLM over the offers and past projects of a corpus."""
    from benchmarks.plain_app import encode  # opens the network

    texts, owners = texts_of(batch)
    distinct = list(dict.fromkeys(texts))
    of_text = dict(zip(distinct, encode(distinct), strict=True))
    vectors = np.array([of_text[text] for text in texts])
    asked = encode([question.text for question in questions])
    return {
        question.id: votes(row, vectors, owners)[:DEPTH]
        for question, row in zip(questions, asked, strict=True)
    }


def votes(asked: Vectors, vectors: Vectors, owners: Sequence[Sequence[str]]) -> list[str]:
    """Return ids of organisations by their votes, most first.

    Each of the 50 texts nearest to the question (dim,) gives the 4th power of its cosine to each
    of its owners. `vectors` (n, dim) have length 1; `owners` are those of each row.
    """
    cosines = np.maximum(vectors @ asked, 0.0)
    sums: dict[str, float] = {}
    for row in np.argsort(-cosines, kind="stable")[:NEIGHBOURS].tolist():
        for owner in owners[row]:
            sums[owner] = sums.get(owner, 0.0) + float(cosines[row]) ** POWER
    return sorted(sums, key=lambda owner: (-sums[owner], owner))


def texts_of(batch: Batch) -> tuple[list[str], list[list[str]]]:
    """Return the texts of all offers and past projects, and the owners of each."""
    texts, owners = [], []
    for organisation in batch.organisations:
        for offer in organisation.offers:
            texts.append(offer.embedded_text)
            owners.append([organisation.id])
    for project in batch.projects:
        texts.append(project.facet.embedded_text)
        owners.append(list(dict.fromkeys(one.organisation_id for one in project.participations)))
    return texts, owners


def replace_lists(
    system: str, questions: Sequence[PanelQuestion], found: Mapping[str, Sequence[str]]
) -> None:
    """Write the lists of a system for some questions in place of its former ones."""
    lists = panel.read_lists()
    of_system = lists.setdefault(system, {})
    for question in questions:
        of_system[question.id] = tuple(found[question.id])
    lines = ["question\tsystem\trank\torganisation"]
    for asked in panel.read_questions():
        for name in sorted(lists):
            for rank, organisation in enumerate(lists[name].get(asked, ()), start=1):
                lines.append(f"{asked}\t{name}\t{rank}\t{organisation}")
    (FOLDER / LISTS).write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_sheet(path: Path, questions: Sequence[PanelQuestion], batch: Batch) -> None:
    """Write what is to be graded of some questions: a line of JSON for each, in random order."""
    lists, pool = panel.read_lists(), panel.read_pool()
    missing: dict[str, list[str]] = {question.id: [] for question in questions}
    for question_id, organisation in panel.ungraded(lists, pool):
        if question_id in missing:
            missing[question_id].append(organisation)
    evidence = Evidence(batch)
    draw = random.Random(path.name)
    lines = []
    for question in questions:
        if several := missing[question.id]:
            draw.shuffle(several)
            lines.append(json.dumps(evidence.sheet(question, several), ensure_ascii=False))
    draw.shuffle(lines)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    print(f"{path}: {sum(map(len, missing.values()))} organisations for {len(lines)} questions")


class Evidence:
    """What an expert would look at: offers, and the past projects nearest to a question."""

    def __init__(self, batch: Batch) -> None:
        self._organisations = {one.id: one for one in batch.organisations}
        self._projects: dict[str, list[str]] = {}
        """Texts of past projects by organisation, each text once."""
        for project in batch.projects:
            for one in project.participations:
                several = self._projects.setdefault(one.organisation_id, [])
                if project.facet.embedded_text not in several:
                    several.append(project.facet.embedded_text)
        self._vectors: dict[str, Vectors] = {}

    def sheet(self, question: PanelQuestion, organisations: Sequence[str]) -> dict[str, object]:
        """Return a question with what there is to see of some organisations.

        The texts of past projects are told once a question and then referred to by number.
        """
        quoted = {one: self._nearest(question.text, one) for one in organisations}
        numbers = {
            text: number
            for number, text in enumerate(
                dict.fromkeys(text for several in quoted.values() for text in several), start=1
            )
        }
        return {
            "question": question.id,
            "text": question.text,
            "projects": {number: text[:QUOTED_LENGTH] for text, number in numbers.items()},
            "organisations": [
                {
                    **_profile(self._organisations[one]),
                    "past_projects": len(self._projects.get(one, ())),
                    "projects_nearest": [numbers[text] for text in quoted[one]],
                }
                for one in organisations
            ],
        }

    def _nearest(self, asked: str, organisation: str) -> list[str]:
        """Return the texts of past projects nearest to a question, nearest first.

        By the encoders of the service, which compare texts in different languages.
        """
        texts = self._projects.get(organisation, [])
        if len(texts) <= QUOTED:
            return texts
        self._encode([asked, *texts])
        cosines = [float(self._vectors[text] @ self._vectors[asked]) for text in texts]
        return [texts[place] for place in np.argsort(cosines)[::-1][:QUOTED].tolist()]

    def _encode(self, texts: Sequence[str]) -> None:
        if new := [text for text in dict.fromkeys(texts) if text not in self._vectors]:
            vectors = SENTENCE_NETWORKS.encode_raw(new)
            vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
            self._vectors.update(zip(new, vectors, strict=True))


def add_grades(first: Path, second: Path) -> None:
    """Add two gradings of the same organisations to the pool; a grade that is there stays.

    The files have the columns question, organisation, grade and name; the names of real
    organisations aren't kept. Exits where the two differ in what they grade.
    """
    questions, pool = panel.read_questions(), panel.read_pool()
    names = {row["organisation"]: row["name"] for row in panel.rows(FOLDER / POOL)}
    names |= {one.id: one.name for one in demo.read()[0].organisations}
    gradings = [
        {(row["question"], row["organisation"]): int(row["grade"]) for row in panel.rows(path)}
        for path in (first, second)
    ]
    if apart := gradings[0].keys() ^ gradings[1].keys():
        sys.exit(f"{len(apart)} graded in one file only, such as {' '.join(min(apart))}")
    for (question, organisation), grade in gradings[0].items():
        graded = panel.Graded(grade, gradings[1][question, organisation])
        pool.setdefault(question, {}).setdefault(organisation, graded)
    lines = ["question\torganisation\tname\tgrade_1\tgrade_2"]
    for question in questions:
        for organisation, graded in sorted(pool.get(question, {}).items()):
            name = names.get(organisation, "")
            lines.append(f"{question}\t{organisation}\t{name}\t{graded.first}\t{graded.second}")
    (FOLDER / POOL).write_text("\n".join(lines) + "\n", encoding="utf-8")


def _profile(organisation: Organisation) -> dict[str, object]:
    return {
        "id": organisation.id,
        "name": organisation.name,
        "type": organisation.type.value,
        "city": organisation.place.city,
        "country": organisation.place.country,
        "offers": [offer.text for offer in organisation.offers],
    }


def _read(name: str, folder: Path | None) -> Batch:
    return demo.read()[0] if folder is None else read_cordis(folder)


def _corpus(argument: str) -> tuple[str, Path | None]:
    name, _, folder = argument.partition("=")
    if name not in panel.CORPORA or bool(folder) == (name == DEMO):
        raise argparse.ArgumentTypeError(f"{argument!r} is neither demo nor NAME=FOLDER")
    return name, Path(folder) if folder else None


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    ask = commands.add_parser("ask")
    ask.add_argument("corpora", nargs="+", type=_corpus, metavar="CORPUS")
    ask.add_argument("--homes", type=Path, help="keep homes here, and take those that are there")
    ask.add_argument("--system", dest="systems", action="append", choices=(THIS, MINILM))
    sheets = commands.add_parser("sheets")
    sheets.add_argument("folder", type=Path)
    sheets.add_argument("corpora", nargs="+", type=_corpus, metavar="CORPUS")
    grades = commands.add_parser("grades")
    grades.add_argument("first", type=Path)
    grades.add_argument("second", type=Path)
    asked = parser.parse_args()
    if asked.command == "ask":
        asked.systems = asked.systems or [THIS, MINILM]
    return asked


if __name__ == "__main__":
    main()
