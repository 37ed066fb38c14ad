"""The settings: one table, from which the README's table and `flask settings` are made."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from limits import parse_many
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from matcher.cache import make_cache


class SettingsError(ValueError):
    """A setting that the service can't start with; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table. `name` is the attribute, `variable` the environment variable."""

    name: str
    variable: str
    default: str
    help: str


DATABASES = ("sqlite", "sqlite+pysqlite", "postgresql", "postgresql+psycopg")
"""What a DATABASE_URL can begin with."""
_NO_FILE = (None, "", ":memory:")
"""Of SQLite: each connection would have a store of its own, which is gone with it."""

TABLE: tuple[Setting, ...] = (
    Setting(
        "environment",
        "SCHAKEL_ENV",
        "development",
        "`development` or `production`. In production the service refuses to start without "
        "SCHAKEL_SECRET_KEY, and writing through the API needs a key.",
    ),
    Setting("home", "SCHAKEL_HOME", "var", "Folder of store, index and logs."),
    Setting("bind", "SCHAKEL_BIND", "127.0.0.1:8000", "host:port to serve on."),
    Setting("workers", "SCHAKEL_WORKERS", "2", "Number of gunicorn worker processes."),
    Setting("threads", "SCHAKEL_THREADS", "4", "Threads of each gunicorn worker."),
    Setting(
        "database_url",
        "DATABASE_URL",
        "",
        "SQLAlchemy URL of the store; empty: SQLite in SCHAKEL_HOME. "
        "PostgreSQL: postgresql+psycopg://user:password@host/name",
    ),
    Setting(
        "redis_url",
        "REDIS_URL",
        "",
        "Redis for cache and rate limits, such as redis://127.0.0.1:6379/0; empty: in-process.",
    ),
    Setting(
        "jobs",
        "SCHAKEL_JOBS",
        "inside",
        "Who runs imports and other work in the background: `inside` (a thread of each server "
        "process) or `worker` (only `flask --app app worker`).",
    ),
    Setting("cache_ttl", "SCHAKEL_CACHE_TTL", "3600", "Seconds that an answer is kept."),
    Setting(
        "encoder",
        "SCHAKEL_ENCODER",
        "lsa",
        "How texts become vectors: `lsa` (fitted on the corpus, nothing to download), or beside "
        "it a model: `transformer` (a converted folder) or `remote` (a service). After a change: "
        "`flask --app app index build`.",
    ),
    Setting(
        "lexicon",
        "SCHAKEL_LEXICON",
        "",
        "A file of your own concepts, tab-separated, columns en, nl, fr, de, labels "
        "separated by a vertical bar; added to the shipped ones.",
    ),
    Setting(
        "model_folder",
        "SCHAKEL_MODEL_FOLDER",
        "",
        "`transformer`: folder made by `flask --app app encoder convert`.",
    ),
    Setting("model_threads", "SCHAKEL_MODEL_THREADS", "2", "`transformer`: threads of a worker."),
    Setting(
        "remote_url",
        "SCHAKEL_REMOTE_URL",
        "",
        "`remote`: address of an OpenAI-compatible service, without `/v1/embeddings`.",
    ),
    Setting("remote_model", "SCHAKEL_REMOTE_MODEL", "", "`remote`: the model's name there."),
    Setting("remote_key", "SCHAKEL_REMOTE_KEY", "", "`remote`: the key, sent as bearer."),
    Setting("remote_timeout", "SCHAKEL_REMOTE_TIMEOUT", "10", "`remote`: seconds to wait."),
    Setting(
        "remote_http",
        "SCHAKEL_REMOTE_HTTP",
        "off",
        "`remote`: `on` lets texts go to another machine unencrypted.",
    ),
    Setting(
        "popularity",
        "SCHAKEL_POPULARITY",
        "0",
        "0 to 1: how much it counts that an organisation took part in many projects. More finds "
        "more of the usual partners and fewer small firms; docs/quality.md has the trade-off.",
    ),
    Setting(
        "less_known",
        "SCHAKEL_LESS_KNOWN",
        "0.5",
        "0 to 1: after the fiftieth place of a list, at least this share of the places is kept for "
        "organisations with at most two past projects. 0: all places go by the score alone; "
        "docs/quality.md has the trade-off.",
    ),
    Setting(
        "field_distance",
        "SCHAKEL_FIELD_DISTANCE",
        "0.5",
        "0 to 1: how far apart the fields of partners should be. 0: the same field, 1: nothing in "
        "common. Exploratory initiatives take partners from somewhat further away.",
    ),
    Setting("index", "SCHAKEL_INDEX", "faiss", "Nearest-neighbour index: `faiss` or `exact`."),
    Setting(
        "rate_limits",
        "SCHAKEL_RATE_LIMITS",
        "120 per minute",
        "Requests that one address may make to the form and to the API, such as "
        "`120 per minute; 2000 per hour`; `off` turns them off.",
    ),
    Setting(
        "api_writes",
        "SCHAKEL_API_WRITES",
        "",
        "Who may write through the API: `open` (anybody) or `key` (an API key made by "
        "`flask --app app apikey create`); empty: `open` in development, `key` in production.",
    ),
    Setting(
        "secret_key",
        "SCHAKEL_SECRET_KEY",
        "",
        "Signs sessions and forms. Needed in production; in development one is made and kept "
        "in SCHAKEL_HOME.",
    ),
    Setting(
        "public_url",
        "SCHAKEL_PUBLIC_URL",
        "",
        "Where people reach the service, such as `https://schakel.example.org`; links in mails "
        "begin with it. Empty: `http://` and SCHAKEL_BIND.",
    ),
    Setting(
        "smtp_url",
        "SCHAKEL_SMTP_URL",
        "",
        "The mail server: `smtp+starttls://user:password@host:587`, `smtps://…` or `smtp://…`. "
        "Empty: mails are laid into the folder `mailbox` of SCHAKEL_HOME.",
    ),
    Setting("mail_from", "SCHAKEL_MAIL_FROM", "schakel@localhost", "The sender of mails."),
    Setting(
        "oidc_issuer",
        "SCHAKEL_OIDC_ISSUER",
        "",
        "An OpenID Connect provider to sign in with, such as `https://login.example.org/realms/x`.",
    ),
    Setting("oidc_client", "SCHAKEL_OIDC_CLIENT", "", "The client id that the provider gave."),
    Setting("oidc_secret", "SCHAKEL_OIDC_SECRET", "", "The client secret that it gave."),
    Setting(
        "oidc_role",
        "SCHAKEL_OIDC_ROLE",
        "member",
        "The role of those who sign in there for the first time: `member` or `manager`.",
    ),
    Setting("log_level", "SCHAKEL_LOG_LEVEL", "INFO", "DEBUG, INFO, WARNING or ERROR."),
    Setting(
        "trusted_proxies",
        "SCHAKEL_TRUSTED_PROXIES",
        "0",
        "How many reverse proxies stand in front and set X-Forwarded-For and -Proto.",
    ),
)


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings as read; attributes are named as in `TABLE`."""

    environment: str
    home: Path
    bind: str
    workers: int
    threads: int
    database_url: str
    redis_url: str
    jobs: str
    cache_ttl: int
    encoder: str
    lexicon: str
    model_folder: str
    model_threads: int
    remote_url: str
    remote_model: str
    remote_key: str
    remote_timeout: int
    remote_http: bool
    popularity: float
    less_known: float
    field_distance: float
    index: str
    rate_limits: str
    api_writes: str
    secret_key: str
    public_url: str
    smtp_url: str
    mail_from: str
    oidc_issuer: str
    oidc_client: str
    oidc_secret: str
    oidc_role: str
    log_level: str
    trusted_proxies: int

    @property
    def development(self) -> bool:
        """Whether this is somebody's own machine."""
        return self.environment == "development"

    @property
    def index_folder(self) -> Path:
        """Where the index generations lie."""
        return self.home / "index"


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read all settings from `environ` (default: the process environment).

    Raises SettingsError, naming the variable, when a value can't be used or a secret is missing.
    """
    values = os.environ if environ is None else environ
    raw = {row.name: values.get(row.variable, "").strip() or row.default for row in TABLE}
    _one_of("SCHAKEL_ENV", raw["environment"], ("development", "production"))
    _one_of("SCHAKEL_JOBS", raw["jobs"], ("inside", "worker"))
    _one_of("SCHAKEL_INDEX", raw["index"], ("faiss", "exact"))
    _one_of("SCHAKEL_ENCODER", raw["encoder"], ("lsa", "transformer", "remote"))
    _one_of("SCHAKEL_REMOTE_HTTP", raw["remote_http"], ("on", "off"))
    _one_of("SCHAKEL_OIDC_ROLE", raw["oidc_role"], ("member", "manager"))
    _one_of("SCHAKEL_API_WRITES", raw["api_writes"], ("", "open", "key"))
    raw["log_level"] = raw["log_level"].upper()
    _one_of("SCHAKEL_LOG_LEVEL", raw["log_level"], ("DEBUG", "INFO", "WARNING", "ERROR"))
    development = raw["environment"] == "development"
    home = Path(raw["home"]).expanduser().resolve()
    if not raw["secret_key"] and not development:
        raise SettingsError(
            "SCHAKEL_SECRET_KEY is not set. In production give it a random value, for example "
            "one made by: python -c 'import secrets; print(secrets.token_hex(32))'"
        )
    if raw["oidc_issuer"] and not raw["oidc_client"]:
        raise SettingsError("SCHAKEL_OIDC_ISSUER is set, so SCHAKEL_OIDC_CLIENT is needed, too")
    return Settings(
        environment=raw["environment"],
        home=home,
        bind=_bind(raw["bind"]),
        workers=_number("SCHAKEL_WORKERS", raw["workers"], 1),
        threads=_number("SCHAKEL_THREADS", raw["threads"], 1),
        database_url=_database(raw["database_url"] or f"sqlite:///{home / 'schakel.sqlite3'}"),
        redis_url=_redis(raw["redis_url"]),
        jobs=raw["jobs"],
        cache_ttl=_number("SCHAKEL_CACHE_TTL", raw["cache_ttl"], 1),
        encoder=raw["encoder"],
        lexicon=raw["lexicon"],
        model_folder=raw["model_folder"],
        model_threads=_number("SCHAKEL_MODEL_THREADS", raw["model_threads"], 1),
        remote_url=raw["remote_url"],
        remote_model=raw["remote_model"],
        remote_key=raw["remote_key"],
        remote_timeout=_number("SCHAKEL_REMOTE_TIMEOUT", raw["remote_timeout"], 1),
        remote_http=raw["remote_http"] == "on",
        popularity=_share("SCHAKEL_POPULARITY", raw["popularity"]),
        less_known=_share("SCHAKEL_LESS_KNOWN", raw["less_known"]),
        field_distance=_share("SCHAKEL_FIELD_DISTANCE", raw["field_distance"]),
        index=raw["index"],
        rate_limits=_rates(raw["rate_limits"]),
        api_writes=raw["api_writes"] or ("open" if development else "key"),
        secret_key=raw["secret_key"] or development_secret(home),
        public_url=_address(
            "SCHAKEL_PUBLIC_URL", raw["public_url"] or f"http://{raw['bind']}", ("http", "https")
        ),
        smtp_url=_address("SCHAKEL_SMTP_URL", raw["smtp_url"], ("smtp", "smtp+starttls", "smtps")),
        mail_from=raw["mail_from"],
        oidc_issuer=_address("SCHAKEL_OIDC_ISSUER", raw["oidc_issuer"], ("http", "https")),
        oidc_client=raw["oidc_client"],
        oidc_secret=raw["oidc_secret"],
        oidc_role=raw["oidc_role"],
        log_level=raw["log_level"],
        trusted_proxies=_number("SCHAKEL_TRUSTED_PROXIES", raw["trusted_proxies"], 0),
    )


def development_secret(home: Path) -> str:
    """Return the secret kept in `home`, made at first use, so that all workers share it."""
    path = home / "secret_key"
    if not path.exists():
        home.mkdir(parents=True, exist_ok=True)
        own = home / f"secret_key.{os.getpid()}"
        with os.fdopen(os.open(own, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
            file.write(secrets.token_hex(32))
        try:
            os.link(own, path)  # atomic: of several workers that start at once, one wins
        except FileExistsError:
            pass
        finally:
            own.unlink()
    return path.read_text(encoding="ascii").strip()


def _one_of(variable: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        known = ", ".join(name for name in allowed if name)
        raise SettingsError(f"{variable} is {value!r}; it can be: {known}")


def _number(variable: str, value: str, least: int) -> int:
    try:
        number = int(value)
    except ValueError:
        number = least - 1
    if number < least:
        raise SettingsError(f"{variable} is {value!r}; it must be a whole number from {least}")
    return number


def _share(variable: str, value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = -1.0
    if not 0.0 <= number <= 1.0:
        raise SettingsError(f"{variable} is {value!r}; it must be a number from 0 to 1")
    return number


def _address(variable: str, value: str, schemes: tuple[str, ...]) -> str:
    """Return an address as it is used; the message holds none of it, which may be a password."""
    try:
        parts = urlsplit(value)
        usable = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:  # half an IPv6 address, a port that isn't a number
        usable = False
    if value and not usable:
        known = ", ".join(f"{scheme}://" for scheme in schemes)
        raise SettingsError(
            f"{variable} is not an address that begins with one of: {known}, then a host, and a "
            "colon and a number where a port is given"
        )
    return value.rstrip("/")


def _bind(value: str) -> str:
    try:
        parts = urlsplit(f"//{value}")
        usable = parts.netloc == value and bool(parts.hostname and parts.port) and "@" not in value
    except ValueError:
        usable = False
    if not usable:
        raise SettingsError(
            f"SCHAKEL_BIND is {value!r}; it must be host:port, with brackets around an IPv6 "
            "address, such as [::1]:8000"
        )
    return value


def _database(value: str) -> str:
    try:
        url = make_url(value)
        usable = url.drivername in DATABASES
        usable = usable and (url.get_backend_name() != "sqlite" or url.database not in _NO_FILE)
    except (ArgumentError, ValueError):
        usable = False
    if not usable:
        raise SettingsError(
            "DATABASE_URL can't be used; write postgresql+psycopg://user:password@host/name, with "
            "% escapes in the password, or sqlite:/// and the path of a file"
        )
    return value


def _redis(value: str) -> str:
    try:
        make_cache(value)  # connects to nothing
    except ValueError as error:
        raise SettingsError(f"REDIS_URL can't be used: {error}") from error
    return value


def _rates(value: str) -> str:
    try:
        if value != "off":
            parse_many(value)
    except ValueError as error:
        raise SettingsError(
            f"SCHAKEL_RATE_LIMITS is {value!r}; it must be limits such as "
            "`120 per minute; 2000 per hour`, or `off`"
        ) from error
    return value
