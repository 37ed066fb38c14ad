"""Questions that were once answered badly, over an invented corpus of a house and its projects."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from matcher.container import Services
from matcher.domain import Question
from matcher.imports.cordis import read_cordis
from matcher.imports.storage import store_batch
from matcher.indexing.build import build_index
from tests.conftest import settings_for

CORPUS = Path(os.environ.get("SCHAKEL_TEST_DATA", "none")).parent / "cases" / "_mini-cordis"
pytestmark = pytest.mark.skipif(
    not CORPUS.is_dir(), reason="beside SCHAKEL_TEST_DATA is no folder cases/_mini-cordis"
)


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    made = Services(settings_for(tmp_path_factory.mktemp("house")))
    store_batch(made.store, read_cordis(CORPUS))
    build_index(made.store, made.settings)
    yield made
    made.store.dispose()


def asked(services: Services, text: str) -> tuple[list[str], list[str]]:
    """The names on the list, best first, and the codes of the notices."""
    answer = services.recommender.recommend(Question(text))
    names = [match.organisation.name for match in answer.results]
    return names, [notice.code for notice in answer.notices]


HOUSE = "REGIOHUB AGROPARK VZW"


def test_what_isnt_wanted_doesnt_lead(services: Services) -> None:
    names, notices = asked(services, "We do not want dairy or cows; we look for apple breeding")
    assert set(names[:3]) == {"LABO KRUISHOUT NV", "FRUITVEILING OOST", HOUSE}
    assert notices == []


@pytest.mark.parametrize(
    "text", ["zebra pancake velocipede trombone", "zebra pancake velocipede submarine trombone"]
)
def test_nobody_does_what_is_nonsense(services: Services, text: str) -> None:
    names, notices = asked(services, text)
    assert notices == ["nothing_fits"] and names[0] != HOUSE


def test_words_of_no_language_are_told(services: Services) -> None:
    assert asked(services, "xyznonexistent asdfghjkl") == ([], ["nothing_usable"])


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("satellite images of forest fires", "ORBITSIGHT LTD"),
        ("trout feed without fish meal", "INSECTA SAS"),
    ],
)
def test_the_house_doesnt_lead(services: Services, text: str, name: str) -> None:
    assert asked(services, text)[0][0] == name


@pytest.mark.xfail(strict=True, reason="general words of a German question still lead")
def test_the_rare_word_of_a_german_question_leads(services: Services) -> None:
    names, _ = asked(services, "Mykotoxine in Lebens- und Futtermitteln")
    assert names[0] in {"LABO KRUISHOUT NV", "GRAANKEUR BV"}
