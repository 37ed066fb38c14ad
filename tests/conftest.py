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
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from jinja2 import FileSystemBytecodeCache

# The application made at import; the tests make their own.
os.environ["SCHAKEL_HOME"] = tempfile.mkdtemp(prefix="schakel-tests-")
atexit.register(shutil.rmtree, os.environ["SCHAKEL_HOME"], ignore_errors=True)

from argon2 import PasswordHasher  # noqa: E402

from app import create_app  # noqa: E402
from embeddings import bulk, sentence  # noqa: E402
from matcher.accounts import password_hashing  # noqa: E402
from matcher.container import Services  # noqa: E402
from matcher.corpus import generation  # noqa: E402
from matcher.demo import load as demo  # noqa: E402
from matcher.indexing.build import build_index  # noqa: E402
from matcher.mail import Mailer  # noqa: E402
from matcher.settings import Settings, read_settings  # noqa: E402
from tests.hash_encoder import use_hash_vectors  # noqa: E402
from tests.homes import (  # noqa: E402
    ROOT,
    built_once,
    copied,
    encode_once,
    key_of,
    loading_once,
)

# How long an example takes says how busy the machine is, and nothing of the code.
hypothesis_settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("any machine")

CODE = (ROOT / "embeddings", ROOT / "matcher")

# Passwords of tests are worth less than the time that the usual cost takes.
password_hashing.hasher = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)


def settings_for(home: Path, **environ: str) -> Settings:
    """Settings of a service that lives in `home`; rate limits and job threads off unless asked."""
    defaults = {"SCHAKEL_HOME": str(home), "SCHAKEL_RATE_LIMITS": "off", "SCHAKEL_JOBS": "worker"}
    return read_settings({**defaults, **environ})


@pytest.fixture(scope="session")
def build_cache(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of what is made once for all processes and runs; see `tests.homes`."""
    cache: pytest.Cache | None = getattr(request.config, "cache", None)
    return cache.mkdir("schakel") if cache else tmp_path_factory.mktemp("built")


@pytest.fixture(scope="session", autouse=True)
def _networks_run_once(build_cache: Path) -> Iterator[None]:
    """A text that was read before, in any test or run, isn't put through the networks again."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sentence, "_encode", encode_once(build_cache))
        patch.setattr(bulk, "MIN_TEXTS", 1_000_000)  # other processes have no such patch
        yield


@pytest.fixture(autouse=True)
def _mails_go_out_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mails are handed over in the thread that sends them, so that tests needn't wait."""
    monkeypatch.setattr(Mailer, "wake", Mailer.deliver_waiting)


def _demo(home: Path) -> None:
    services = Services(settings_for(home))
    demo.load(services.store)
    build_index(services.store, services.settings)
    services.store.dispose()


@pytest.fixture(scope="session")
def demo_home(build_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home with the demo data and its index; to be copied, not written."""
    built = built_once(build_cache, "demo", key_of(*CODE), _demo)
    # No links: a test that damages its home would damage those of all later runs.
    home = shutil.copytree(built, tmp_path_factory.mktemp("demo") / "home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(generation, "load_encoder", loading_once(generation.load_encoder, home))
        yield home


@pytest.fixture
def home(demo_home: Path, tmp_path: Path) -> Path:
    """A home of the test's own with the demo data in it."""
    return copied(demo_home, tmp_path / "home")


@pytest.fixture
def hash_vectors(monkeypatch: pytest.MonkeyPatch) -> None:
    """Indexes are built with `tests.hash_encoder`: for tests in which vectors don't matter."""
    use_hash_vectors(monkeypatch)


@pytest.fixture(scope="session")
def hash_demo_home(build_cache: Path) -> Path:
    def build(home: Path) -> None:
        with pytest.MonkeyPatch.context() as patch:
            use_hash_vectors(patch)
            _demo(home)

    return built_once(
        build_cache, "hash-demo", key_of(*CODE, ROOT / "tests" / "hash_encoder.py"), build
    )


@pytest.fixture
def hash_home(hash_vectors: None, hash_demo_home: Path, tmp_path: Path) -> Path:
    """Like `home`, with an index of `tests.hash_encoder`."""
    return copied(hash_demo_home, tmp_path / "home")


@pytest.fixture(scope="session")
def _templates(build_cache: Path) -> FileSystemBytecodeCache:
    """Templates as they were compiled before, by their content."""
    folder = build_cache / "templates"
    folder.mkdir(exist_ok=True)
    return FileSystemBytecodeCache(str(folder))


@pytest.fixture
def make_app(_templates: FileSystemBytecodeCache) -> Iterator[Callable[..., APIFlask]]:
    made: list[APIFlask] = []

    def make(home: Path, **environ: str) -> APIFlask:
        app = create_app(settings_for(home, **environ))
        app.config["TESTING"] = True
        app.jinja_env.bytecode_cache = _templates
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
def empty_app(tmp_path: Path, make_app: Callable[..., APIFlask]) -> APIFlask:
    """The application over an empty store."""
    return make_app(tmp_path / "empty")


@pytest.fixture
def empty_client(empty_app: APIFlask) -> FlaskClient:
    return empty_app.test_client()
