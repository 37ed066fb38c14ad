"""A build in a process of its own gives what a build gives, and ends when it is told to."""

from __future__ import annotations

from pathlib import Path

import pytest

from embeddings.port import EncoderError
from matcher.container import Services
from matcher.corpus.generation import current_name, is_building
from matcher.indexing.child import BuildFailed, build_in_child
from matcher.jobs.job import Cancelled
from tests.conftest import settings_for


@pytest.fixture
def services(home: Path) -> Services:
    return Services(settings_for(home))


@pytest.mark.slow
def test_it_builds_and_reports(services: Services) -> None:
    before = services.corpus_provider.snapshot()
    stages: list[str] = []
    name = build_in_child(
        services.store, services.settings, lambda stage, done, total: stages.append(stage)
    )
    assert current_name(services.settings.index_folder) == name != before.generation.name
    after = services.corpus_provider.snapshot()
    assert after.generation.name == name and after.version == before.version
    assert {"words", "sentences", "vectors"} <= set(stages)


@pytest.mark.slow
def test_whoever_cancels_ends_the_process(services: Services) -> None:
    before = current_name(services.settings.index_folder)

    def cancel(stage: str, done: int, total: int) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        build_in_child(services.store, services.settings, cancel)
    assert not is_building(services.settings.index_folder)
    assert current_name(services.settings.index_folder) == before


@pytest.mark.slow
def test_what_goes_wrong_there_is_raised_here(services: Services, tmp_path: Path) -> None:
    wrong = services.settings.model_copy(update={"lexicon": str(tmp_path / "nothing.tsv")})
    with pytest.raises(EncoderError, match="nothing.tsv"):
        build_in_child(services.store, wrong)
    broken = services.settings.model_copy(update={"database_url": "sqlite:////nowhere/x.sqlite3"})
    with pytest.raises(BuildFailed):
        build_in_child(services.store, broken)
