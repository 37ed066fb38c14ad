"""CPU seconds of the heaviest questions that are allowed: python -m benchmarks.heaviest_questions.

In this process, over the demo data or the corpus of a home: ... heaviest_questions HOME. Nothing
comes from the cache. First all texts of TEXTS as long as a question may be are read for their
needs; the slowest of them then stand in the questions for matches, and in the initiative whose
matches, gaps, roadmap, advice and line-ups are asked for. A text is a few characters again and
again, or invented words.
"""

from __future__ import annotations

import random
import string
import sys
import tempfile
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from matcher.container import Services
from matcher.demo import load as demo
from matcher.indexing.build import build_index
from matcher.settings import read_settings
from matcher.store.facets import load_facets

SHOWN = 10
API = "/api/v1"
REPEATED = [
    *["x, ", "we need x, ", "we have a ", "we lack ", "no ", "not x ", "there is a need for "],
    *[
        "ideally ",
        "tests them, ",
        "testing, ",
        "which tests ",
        "plant and mill, ",
        "a and ",
        " but x",
    ],
    *["their x, ", "is to be ", "wij zoeken een partner, ", "nous cherchons un partenaire, "],
    *["wir brauchen x und ", "der x liefert, ", "stellt x y z ", "gesucht wird ein Partner, "],
    *["We need x. ", "WE NEED X, ", "WE NEED A PILOT\n", "What we need:\n", "We need:\n- x\n"],
    *["- x\n", "1. x\n", "1) ", "a) ", "iv) ", "- ", "x\n", "x\r\n", "we need a pilot, \n", "\n"],
    *["e.g. ", "bijv. A ", "a. b. ", "x … ", "...", "…", ".)", "? ", "! ", "x!)]] ", ": ", "x; "],
    *[
        "(",
        "(x, ",
        "(abcd), ",
        "(abc ",
        "[",
        "x)]]]",
        "“x” ",
        '"',
        " - ",
        "#",
        "**",
        "12 ",
        "5 %, ",
    ],
    *["a", "x,", "x\t\t", " ", "x\x0b", "kind regards\n", "hello, ", "http://x.y/", "proj\u00e9t "],
    *["waterzuiveringsinstallatietechnologie, ", "Donaudampfschifffahrtsgesellschaftskapitän "],
    *[
        "é̄̄, ",
        "e\u0301",
        "\u0301\u0316",
        "\u0f73\u0301",
        "ﷺ, ",
        "ﬁ, ",
        "ß, ",
        "İ, ",
        "ω, ",
        "漢字、",
        "😀 ",
    ],
    *["ＷＥ， ", "a\u200d", "a\u00a0,", "production, ", "recherche et développement, "],
]
"""Characters that are repeated: separators, cues, bullets, brackets, and signs of Unicode."""


def main() -> None:
    from app import create_app  # it makes an application when it is imported

    with tempfile.TemporaryDirectory() as folder:
        home = sys.argv[1] if len(sys.argv) > 1 else folder
        environ = {"SCHAKEL_HOME": home, "SCHAKEL_RATE_LIMITS": "off", "SCHAKEL_JOBS": "worker"}
        app = create_app(read_settings(environ))
        services: Services = app.extensions["schakel"]
        if not services.store.corpus_version():
            demo.load(services.store)
            build_index(services.store, services.settings)
        services.warm_up()
        measure(app.test_client(), services)
        services.store.dispose()


def measure(client: FlaskClient, services: Services) -> None:
    """Ask all questions; print the CPU seconds of each."""
    most = services.settings.question_characters
    organisations = [*services.corpus_provider.snapshot().corpus.row_of_id]
    read = {
        name: _ask(client, f"{name!r} …", f"{API}/needs", {"text": text})
        for name, text in texts(most)
    }
    slowest = sorted(read, key=lambda name: -read[name])
    print(f"needs read from {len(read)} texts of {most:,} characters, the slowest:")
    for name in slowest[:SHOWN]:
        print(f"  {read[name]:7.3f} s  {name!r}")
    print("questions:")
    by_name = dict(texts(most))
    for name in (*slowest[:3], "invented words"):
        _ask(
            client,
            f"text of {name!r}",
            f"{API}/recommendations",
            {"text": by_name[name]},
            shown=True,
        )
    for question, body in questions(services, organisations):
        _ask(client, question, f"{API}/recommendations", body, shown=True)
    _measure_initiative(client, services, organisations)


def texts(length: int) -> Iterator[tuple[str, str]]:
    """Yield names of texts and the texts, each of so many characters."""
    opening = "We look for a partner, and for more.\n"  # or else some would be titles
    for part in REPEATED:
        yield part, (opening + part * (length // len(part) + 1))[:length]
    draw = random.Random(1)
    for name, letters, sizes in (
        ("invented words", string.ascii_lowercase, (3, 14)),
        ("invented compounds", "aeinprst", (60, 60)),
        ("invented words of one letter", "abc", (1, 1)),
    ):
        yield name, words(draw, length, letters, sizes)
    yield "invented sentences", " ".join(f"We need w{n} and v{n}." for n in range(length))[:length]
    yield "short sentences", " ".join(f"A b c d e f g h{n}." for n in range(length))[:length]
    yield "invented lines", "\n".join(f"wij zoeken een x{n} voor y" for n in range(length))[:length]


def words(draw: random.Random, length: int, letters: str, sizes: tuple[int, int]) -> str:
    """Return invented words, together of so many characters."""
    found: list[str] = []
    while sum(map(len, found)) + len(found) < length:
        found.append("".join(draw.choices(letters, k=draw.randint(*sizes))))
    return " ".join(found)[:length]


def questions(services: Services, organisations: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield questions as large as they may be."""
    settings, draw = services.settings, random.Random(2)
    each = settings.question_characters // settings.question_needs
    needs = [
        {"text": words(draw, each, string.ascii_lowercase, (3, 14))}
        for _ in range(settings.question_needs)
    ]
    offers = offered_needs(services)
    members = organisations[: settings.question_members]
    half = {
        "text": words(draw, settings.question_characters // 2, string.ascii_lowercase, (3, 14)),
        "needs": offers[: len(offers) // 2],
        "members": members,
        "limit": 200,
    }
    corpus = services.corpus_provider.snapshot().corpus
    names = ", ".join(corpus.names[row] for row in corpus.all_rows.tolist())
    count = f"{len(needs)} needs of {each} characters"
    yield f"{count}, invented words", {"needs": needs}
    yield f"{count}, offers", {"needs": offers, "limit": 200}
    yield f"{len(members)} members", {"members": members, "limit": 200}
    yield f"{count}, offers, {len(members)} members", {**half, "text": "", "needs": offers}
    yield f"half of it text, half needs, {len(members)} members", half
    yield "names", {"text": names[: settings.question_characters], "limit": 200}


def offered_needs(services: Services) -> list[dict[str, str]]:
    """Return as many needs as there may be, and as long: texts of offers, which many meet."""
    settings, corpus = services.settings, services.corpus_provider.snapshot().corpus
    each = settings.question_characters // settings.question_needs
    rows = np.linspace(0, corpus.facet_total - 1, 2 * settings.question_needs).astype(np.int64)
    with services.store.reading() as session:
        facets = load_facets(session, corpus.facet_ids[rows].tolist())
    texts = dict.fromkeys(facet.text[:each].strip() for facet in facets.values())
    return [{"text": text} for text in texts if len(text) > 3][: settings.question_needs]


def _measure_initiative(client: FlaskClient, services: Services, organisations: list[str]) -> None:
    settings = services.settings
    body = {
        "name": "Heaviest",
        "needs": offered_needs(services),
        "members": [{"id": one} for one in organisations[: min(settings.question_members, 20)]],
    }
    path = f"{API}/initiatives/init:heaviest"
    print(f"an initiative of {len(body['needs'])} needs and {len(body['members'])} members:")
    _ask(client, "stored", path, body, put=True, shown=True)
    for name in ("matches", "gaps", "roadmap"):
        _ask(client, name, f"{path}/{name}", shown=True)
    other = organisations[-1]
    _ask(client, "advice", f"{path}/advice?organisation={other}&first=1", shown=True)
    quotas = [
        {"of": "type", "value": "company", "at_least": 7},
        {"of": "type", "value": "research_institute", "at_least": 3},
        {"of": "type", "value": "higher_education", "at_least": 2, "at_most": 9},
        {"of": "country", "value": "BE", "at_least": 9},
        {"of": "sme", "at_least": 5},
        {"of": "newcomer", "at_least": 4},
    ]
    for name, asked in (
        ("line-up of 30", {"size": 30}),
        ("line-up of 30, the best", {"size": 30, "exact": True}),
        ("line-up of 40, the best, six quotas", {"size": 40, "exact": True, "quotas": quotas}),
        ("ten line-ups of 40, six quotas", {"size": 40, "teams": 10, "cap": 10, "quotas": quotas}),
        ("line-up of 100", {"size": 100, "quotas": quotas}),
    ):
        _ask(client, name, f"{path}/line-up", asked, shown=True)
    client.delete(path)


def _ask(
    client: FlaskClient,
    name: str,
    path: str,
    body: dict[str, Any] | None = None,
    *,
    put: bool = False,
    shown: bool = False,
) -> float:
    """Ask, and return the CPU seconds."""
    start, cpu = time.perf_counter(), time.process_time()
    answer: TestResponse
    if body is None:
        answer = client.get(path)
    else:
        answer = client.put(path, json=body) if put else client.post(path, json=body)
    took, cpu = time.perf_counter() - start, time.process_time() - cpu
    if shown or answer.status_code >= 400:
        detail = answer.get_json().get("detail", "") if answer.status_code >= 400 else ""
        print(f"  {cpu:7.3f} s  {name}: {answer.status_code}, {took:.2f} s {detail}")
    return cpu


if __name__ == "__main__":
    main()
