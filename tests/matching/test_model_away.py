from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from apiflask import APIFlask

from embeddings import composite
from embeddings.port import EncoderError
from matcher.domain import Facet, FacetKind, Organisation, OrganisationType
from matcher.evaluation import evaluate
from matcher.indexing.build import build_index
from matcher.store import Store
from matcher.store.organisations import save_organisations
from tests.embeddings.test_remote import EmbeddingServer, Reply

QUESTION = {"text": "films of polymer from potato starch"}


def write(store: Store, **offers: str) -> None:
    """Write firms that offer one thing each."""
    company = OrganisationType.COMPANY
    firms = [
        Organisation(f"x:{name}", name, company, offers=(Facet(FacetKind.OFFER, text),))
        for name, text in offers.items()
    ]
    with store.writing() as session:
        save_organisations(session, firms, with_facets=True)


@pytest.fixture
def server() -> Iterator[EmbeddingServer]:
    with EmbeddingServer() as started:
        yield started


@pytest.fixture
def away(server: EmbeddingServer, monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    """Return what takes the model away, or gives it back."""
    monkeypatch.setattr(composite, "RETRY_AFTER", 1000.0)

    def take(gone: bool) -> None:
        server.replies = [Reply(500) for _ in range(1000)] if gone else []

    return take


@pytest.fixture
def app(
    server: EmbeddingServer,
    tmp_path: Path,
    make_app: Callable[..., APIFlask],
    monkeypatch: pytest.MonkeyPatch,
) -> APIFlask:
    """The application over three firms, with the server's model beside the default."""
    monkeypatch.setattr("embeddings.remote._Retry.sleep", lambda *_: None)
    made = make_app(
        tmp_path / "home",
        SCHAKEL_ENCODER="remote",
        SCHAKEL_REMOTE_URL=server.url,
        SCHAKEL_REMOTE_MODEL="tiny",
        SCHAKEL_RATE_LIMITS="off",
    )
    services = made.extensions["schakel"]
    write(services.store, zilver="films of polymer", goud="wind turbines", koper="potato starch")
    build_index(services.store, services.settings)
    return made


def ask(app: APIFlask) -> Any:
    return app.test_client().post("/api/v1/recommendations", json=QUESTION).json


def names(answer: Any) -> list[str]:
    return [one["organisation"]["name"] for one in answer["results"]]


def codes(answer: Any) -> list[str]:
    return [one["code"] for one in answer["notices"]]


def back(app: APIFlask) -> None:
    """Ask when the model's rest is over, and wait until it was found to be back."""
    encoder = app.extensions["schakel"].corpus_provider.snapshot().generation.encoder
    encoder._breaker._retry_at = 0.0
    assert codes(ask(app)) == ["model_away"]  # nobody waits while the model is tried
    for _ in range(100):
        if not encoder.failure:
            return
        time.sleep(0.05)
    raise AssertionError(encoder.failure)


def test_questions_are_answered_without_it_and_nothing_of_that_is_kept(
    app: APIFlask, server: EmbeddingServer, away: Callable[[bool], None]
) -> None:
    away(True)
    first, second = ask(app), ask(app)
    assert len(server.requests) and names(first) == names(second)
    assert set(names(first)) >= {"zilver", "koper"}
    assert codes(first) == codes(second) == ["model_away"]
    assert (first["cached"], second["cached"]) == (False, False)
    page = app.test_client().get("/matches?text=films+of+polymer&lang=nl")
    assert page.status_code == 200 and "zonder dat gevonden" in page.text
    asked = len(server.requests)
    ask(app)
    assert len(server.requests) == asked  # while it rests, nobody waits for it
    assert app.test_client().get("/health/ready").json["model_answers"] is False

    away(False)
    back(app)
    third = ask(app)
    assert codes(third) == [] and third["cached"] is False
    assert ask(app)["cached"] is True
    assert app.test_client().get("/health/ready").json["model_answers"] is True


def test_an_answer_kept_from_before_is_given_as_it_was(
    app: APIFlask, away: Callable[[bool], None]
) -> None:
    whole = ask(app)
    away(True)
    again = ask(app)
    assert again["cached"] is True and codes(again) == []
    assert names(again) == names(whole)


def test_what_is_written_meanwhile_is_found_and_read_when_it_is_back(
    app: APIFlask, away: Callable[[bool], None]
) -> None:
    services = app.extensions["schakel"]
    services.corpus_provider.snapshot()
    away(True)
    write(services.store, tin="films of polymer from potato starch")
    assert names(ask(app))[0] == "tin"
    lacking = services.corpus_provider.snapshot()
    assert lacking.incomplete
    view = lacking.generation.encoder.views[-1]
    new = lacking.corpus.facet_ids.whole()[-1:]
    assert not lacking.index.rows(new)[0][view.start : view.end].any()

    away(False)
    back(app)
    snapshot = services.corpus_provider.snapshot()
    assert not snapshot.incomplete
    assert snapshot.index.rows(new)[0][view.start : view.end].any()
    assert codes(ask(app)) == []


def test_a_build_and_figures_need_it(app: APIFlask, away: Callable[[bool], None]) -> None:
    services = app.extensions["schakel"]
    tests = evaluate.TestSet([], {})
    trial = evaluate._Trial(services.corpus_provider, services.settings, tests, 1, lambda *_: None)
    assert [one.value for one in trial.long_tail()] == list(evaluate.LONG_TAIL_SHARES)
    away(True)
    ask(app)
    with pytest.raises(EncoderError, match="without the model"):
        trial.long_tail()
    with pytest.raises(EncoderError):
        build_index(services.store, services.settings)
    assert names(ask(app))
