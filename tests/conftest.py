from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

# The application made at import; the tests make their own.
os.environ["SCHAKEL_HOME"] = tempfile.mkdtemp(prefix="schakel-tests-")
atexit.register(shutil.rmtree, os.environ["SCHAKEL_HOME"], ignore_errors=True)

from argon2 import PasswordHasher  # noqa: E402

from app import create_app  # noqa: E402
from embeddings import sentence  # noqa: E402
from matcher.accounts import password_hashing  # noqa: E402
from matcher.container import Services  # noqa: E402
from matcher.demo import load as demo  # noqa: E402
from matcher.indexing.build import build_index  # noqa: E402
from matcher.settings import Settings, read_settings  # noqa: E402
from tests.homes import ROOT, built_once, copied, key_of, reading_once  # noqa: E402

# Passwords of tests are worth less than the time that the usual cost takes.
password_hashing.hasher = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)


def settings_for(home: Path, **environ: str) -> Settings:
    """Settings of a service that lives in `home`; rate limits and job threads off unless asked."""
    defaults = {"SCHAKEL_HOME": str(home), "SCHAKEL_RATE_LIMITS": "off", "SCHAKEL_JOBS": "worker"}
    return read_settings({**defaults, **environ})


@pytest.fixture(scope="session")
def kept(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of what is made once for all processes and runs; see `tests.homes`."""
    cache: pytest.Cache | None = getattr(request.config, "cache", None)
    return cache.mkdir("schakel") if cache else tmp_path_factory.mktemp("kept")


@pytest.fixture(scope="session", autouse=True)
def _networks_read_once(kept: Path) -> Iterator[None]:
    """A text that was read before, in any test or run, isn't put through the networks again."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sentence, "_read", reading_once(kept))
        yield


@pytest.fixture(scope="session")
def demo_home(kept: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the demo data and its index; to be copied, not written."""

    def build(home: Path) -> None:
        services = Services(settings_for(home))
        demo.load(services.store)
        build_index(services.store, services.settings)
        services.store.dispose()

    built = built_once(kept, "demo", key_of(ROOT / "embeddings", ROOT / "matcher"), build)
    # No links: a test that damages its home would damage those of all later runs.
    return Path(shutil.copytree(built, tmp_path_factory.mktemp("demo") / "home"))


@pytest.fixture
def home(demo_home: Path, tmp_path: Path) -> Path:
    """A home of the test's own with the demo data in it."""
    return copied(demo_home, tmp_path / "home")


@pytest.fixture
def make_app() -> Iterator[Callable[..., APIFlask]]:
    made: list[APIFlask] = []

    def make(home: Path, **environ: str) -> APIFlask:
        app = create_app(settings_for(home, **environ))
        app.config["TESTING"] = True
        made.append(app)
        return app

    yield make
    for app in made:
        app.extensions["schakel"].end()
        if "store" in app.extensions["schakel"].__dict__:
            app.extensions["schakel"].store.dispose()


@pytest.fixture
def app(home: Path, make_app: Callable[..., APIFlask]) -> APIFlask:
    """The application over the demo data."""
    return make_app(home)


@pytest.fixture
def client(app: APIFlask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def empty_client(tmp_path: Path, make_app: Callable[..., APIFlask]) -> FlaskClient:
    """The application over an empty store."""
    return make_app(tmp_path / "empty").test_client()
