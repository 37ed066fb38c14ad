"""The settings, each said once: name, type, default and help text.

The README's table and `schakel settings` are made from the fields of `Settings`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, ValidationInfo, field_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, EnvSettingsSource, SettingsConfigDict

from matcher.secret_keys import ADVICE, check_secret_key, development_secret
from matcher.setting_types import (
    Count,
    CountFromZero,
    DatabaseUrl,
    Folder,
    HostAndPort,
    HostNames,
    LogLevel,
    MailServer,
    Names,
    OnOrOff,
    RateLimits,
    RedisUrl,
    Share,
    WebAddress,
    is_loopback,
    names,
)

PREFIX = "SCHAKEL_"
PROJECT = Path(__file__).parent.parent
"""The folder of `app.py`."""


class SettingsError(ValueError):
    """A setting that the service can't start with; the message says what to do."""


class Settings(BaseSettings):
    """The settings of one service.

    The environment variable of a field is its name in capitals after `SCHAKEL_`, or its alias.
    An empty variable counts as one that isn't set.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    environment: Literal["development", "production"] = Field(
        "development",
        validation_alias="SCHAKEL_ENV",
        description="`development` or `production`. In production the service refuses to start "
        "without SCHAKEL_SECRET_KEY and SCHAKEL_PUBLIC_URL, and writing through the API needs a "
        "key.",
    )
    home: Folder = Field(
        "",
        validate_default=True,
        description="Folder of store and index; empty: `var`, beside `app.py`.",
    )
    bind: HostAndPort = Field("127.0.0.1:8000", description="host:port to serve on.")
    workers: Count = Field(2, description="Number of gunicorn worker processes.")
    threads: Count = Field(12, description="Threads of each gunicorn worker.")
    heavy_at_once: Count = Field(
        2,
        description="How many heavy questions a worker computes at once, such as long briefs, "
        "teams and overviews. A few others wait up to 8 seconds; more get 503 with Retry-After.",
    )
    database_url: DatabaseUrl = Field(
        "",
        validation_alias="DATABASE_URL",
        validate_default=True,
        repr=False,
        description="SQLAlchemy URL of the store; empty: SQLite in SCHAKEL_HOME. "
        "PostgreSQL: postgresql+psycopg://user:password@host/name",
    )
    redis_url: RedisUrl = Field(
        "",
        validation_alias="REDIS_URL",
        repr=False,
        description="Redis for cache and rate limits, such as redis://127.0.0.1:6379/0; empty: "
        "in-process.",
    )
    jobs: Literal["inside", "worker"] = Field(
        "inside",
        description="Who runs imports and other work in the background: `inside` (a thread of "
        "each server process) or `worker` (only `schakel worker`).",
    )
    rebuild_after: Count = Field(
        2000,
        description="Once so many organisations, offers, needs and projects changed since the "
        "index was built, a new one is built in the background. What one write or import changes "
        "beyond that is found when the new index is ready; all else at once.",
    )
    cache_ttl: Count = Field(3600, description="Seconds that an answer is kept.")
    encoder: Literal["default", "transformer", "remote"] = Field(
        "default",
        description="How texts become vectors: `default` (fitted on the corpus, nothing to "
        "download), or beside it a model: `transformer` (a converted folder) or `remote` (a "
        "service). After a change: `schakel index build`.",
    )
    lexicon: str = Field(
        "",
        description="A file of your own concepts, tab-separated, columns en, nl, fr, de, labels "
        "separated by a vertical bar; added to the shipped ones.",
    )
    model_folder: str = Field(
        "", description="`transformer`: folder made by `schakel encoder convert`."
    )
    remote_url: str = Field(
        "",
        description="`remote`: address of an OpenAI-compatible service, without `/v1/embeddings`.",
    )
    remote_model: str = Field("", description="`remote`: the model's name there.")
    remote_key: str = Field("", repr=False, description="`remote`: the key, sent as bearer.")
    remote_timeout: Count = Field(10, description="`remote`: seconds to wait.")
    remote_http: OnOrOff = Field(
        False, description="`remote`: `on` lets texts go to another machine unencrypted."
    )
    long_tail: Share = Field(
        0.5,
        description="0 to 1: after the fiftieth place of a list, at least this share of the places "
        "is kept for organisations with at most two past projects. 0: all places go by the score "
        "alone; docs/quality.md has the trade-off.",
    )
    question_characters: Count = Field(
        10_000,
        description="Characters that a question may have, or an initiative: its text or brief and "
        "all its needs together. A longer text than 20,000 is refused whatever is set here.",
    )
    question_needs: Count = Field(
        50, description="Needs that a question or an initiative may have, up to 50."
    )
    question_members: Count = Field(
        500, description="Members that a question or an initiative may have, up to 500."
    )
    question_seconds: Count = Field(
        15,
        description="Seconds after which a question gets what there is, with a notice, or 503. "
        "A team is looked for ten seconds at most.",
    )
    index: Literal["faiss", "exact"] = Field(
        "faiss", description="Nearest-neighbour index: `faiss` or `exact`."
    )
    rate_limits: RateLimits = Field(
        "120 per minute",
        description="Requests that one address may make to the form and to the API, such as "
        "`120 per minute; 2000 per hour`; `off` turns them off.",
    )
    api_writes: Literal["", "open", "key"] = Field(
        "",
        validate_default=True,
        description="Who may write through the API: `open` (anybody) or `key` (an API key made by "
        "`schakel apikey create`); empty: `open` in development, to this machine alone, and `key` "
        "in production.",
    )
    secret_key: str = Field(
        "",
        validate_default=True,
        repr=False,
        description="Signs sessions and forms. Needed in production; in development one is made "
        "and kept in SCHAKEL_HOME.",
    )
    public_url: WebAddress = Field(
        "",
        validate_default=True,
        description="Where people reach the service, such as `https://schakel.example.org`; links "
        "in mails begin with it, and requests to other names are refused. Needed in production; in "
        "development, where empty: `http://` and SCHAKEL_BIND.",
    )
    trusted_hosts: HostNames = Field(
        "",
        description="Further names that requests may be sent to, beside that of SCHAKEL_PUBLIC_URL "
        "and this machine's own, such as `schakel.internal, 10.0.0.5`.",
    )
    smtp_url: MailServer = Field(
        "",
        repr=False,
        description="The mail server: `smtp+starttls://user:password@host:587`, `smtps://…` or "
        "`smtp://…`. Empty: mails are laid into the folder `mailbox` of SCHAKEL_HOME.",
    )
    mail_from: str = Field("schakel@localhost", description="The sender of mails.")
    controller: str = Field(
        "",
        description="Who is responsible for the personal data in this service (the controller, in "
        "the words of the GDPR), as the page `/privacy` names it: name and postal address.",
    )
    controller_email: str = Field(
        "", description="Where people write to see, correct or delete what is stored about them."
    )
    legal_basis: Literal["legitimate-interest", "consent", "public-task"] = Field(
        "legitimate-interest",
        description="The legal basis that `/privacy` names, by article 6 of the GDPR.",
    )
    oidc_issuer: WebAddress = Field(
        "",
        description="An OpenID Connect provider to sign in with, such as "
        "`https://login.example.org/realms/x`.",
    )
    oidc_client: str = Field(
        "", validate_default=True, description="The client id that the provider gave."
    )
    oidc_secret: str = Field("", repr=False, description="The client secret that it gave.")
    oidc_role: Literal["member", "manager"] = Field(
        "member",
        description="The role of those who sign in there for the first time: `member` or "
        "`manager`.",
    )
    oidc_domains: Names = Field(
        "",
        description="The domains of mail addresses whose people may sign in there, separated by "
        "commas; empty: all whom the provider knows.",
    )
    oidc_groups: Names = Field(
        "",
        description="Groups whose people may sign in there, as the provider calls them in the "
        "claim `groups`, separated by commas; empty: all whom it knows.",
    )
    passwords: OnOrOff = Field(
        True,
        validate_default=True,
        description="`off`: people sign in through the OpenID Connect provider alone; passwords "
        "are neither asked for nor set.",
    )
    keep_audit: CountFromZero = Field(
        1095,
        description="Days that lines of the audit log are kept; 0: for ever. `schakel retention "
        "run` deletes what is older, and so does a daily job; the same holds for the next four.",
    )
    keep_jobs: CountFromZero = Field(
        90, description="Days that ended jobs and imports are kept, with what an import showed."
    )
    keep_links: CountFromZero = Field(
        30, description="Days that mailed links are kept after they were used or expired."
    )
    keep_drafts: CountFromZero = Field(
        30, description="Days that a profile is kept whose address nobody confirmed."
    )
    keep_introductions: CountFromZero = Field(
        730,
        description="Days that contacts and messages of an introduction are kept after its last "
        "step. What came of it stays, without them.",
    )
    log_level: LogLevel = Field("INFO", description="DEBUG, INFO, WARNING or ERROR.")
    log_file: str = Field(
        "",
        description="A file for the log, beside standard output; at 50 MB it is put aside, and "
        "five such files are kept.",
    )
    metrics_token: str = Field(
        "",
        repr=False,
        description="Whoever sends it as bearer may read `/metrics`; empty: only programs on this "
        "machine may.",
    )
    trusted_proxies: CountFromZero = Field(
        0,
        description="How many reverse proxies stand in front and set X-Forwarded-For and -Proto.",
    )

    @property
    def development(self) -> bool:
        """Whether this is somebody's own machine."""
        return self.environment == "development"

    @property
    def index_folder(self) -> Path:
        """The folder of the index generations."""
        return self.home / "index"

    @property
    def host_names(self) -> frozenset[str]:
        """Names that a request may be sent to, without ports."""
        own = (urlsplit(self.public_url).hostname, "localhost", "127.0.0.1", "::1")
        return frozenset(name for name in own if name) | names(self.trusted_hosts)

    @property
    def writes_said_open(self) -> bool:
        """Whether somebody said that anybody may write; else it is so for this machine alone."""
        return self.api_writes == "open" and "api_writes" in self.model_fields_set

    @property
    def warnings(self) -> list[str]:
        """What a service can start with, and whoever runs it should know."""
        found = []
        if self.api_writes == "open":
            who = "anybody" if self.writes_said_open else "anybody on this machine"
            found.append(f"{who} may write and delete through the API (SCHAKEL_API_WRITES)")
        if self.development:
            return found
        if not self.controller or not self.controller_email:
            found.append(
                "the page on privacy doesn't say who is responsible: set SCHAKEL_CONTROLLER and "
                "SCHAKEL_CONTROLLER_EMAIL"
            )
        if not self.smtp_url:
            found.append(
                "no mail leaves this machine, and mails with secret links are laid into the folder "
                "`mailbox` of SCHAKEL_HOME: set SCHAKEL_SMTP_URL"
            )
        if self.public_url.startswith("http://"):
            found.append(
                "nobody can sign in: SCHAKEL_PUBLIC_URL begins with http://, and sessions need TLS"
            )
        return found

    # Defaults that follow from other fields. A field that was refused isn't in `info.data`; then
    # the whole is refused, and what is returned here doesn't matter.

    @field_validator("home", mode="before")
    @classmethod
    def _beside_the_application(cls, value: str | Path) -> str | Path:
        return value or PROJECT / "var"

    @field_validator("database_url", mode="before")
    @classmethod
    def _sqlite_in_home(cls, value: str, info: ValidationInfo) -> str:
        return value or f"sqlite:///{info.data.get('home', Path()) / 'schakel.sqlite3'}"

    @field_validator("api_writes", mode="before")
    @classmethod
    def _open_in_development(cls, value: str, info: ValidationInfo) -> str:
        if value or info.data.get("environment") != "development":
            return value or "key"
        if not is_loopback(info.data.get("bind", "localhost:8000")):
            raise ValueError(
                "is not set, and SCHAKEL_BIND is open to other machines. In development anybody "
                "may write and delete: say `open` where that is meant, else `key`; or set "
                "SCHAKEL_ENV=production"
            )
        return "open"

    @field_validator("secret_key")
    @classmethod
    def _needed_in_production(cls, value: str, info: ValidationInfo) -> str:
        if "home" not in info.data or "environment" not in info.data:
            return value
        if info.data["environment"] == "development":
            return value or development_secret(info.data["home"])
        if not value:
            raise ValueError(f"is not set. In production {ADVICE}")
        check_secret_key(value)
        return value

    @field_validator("public_url", mode="before")
    @classmethod
    def _address_served(cls, value: str, info: ValidationInfo) -> str:
        if not value and info.data.get("environment") == "production":
            raise ValueError(
                "is not set. In production it says where people reach the service, such as "
                "https://schakel.example.org"
            )
        return value or f"http://{info.data.get('bind', 'localhost')}"

    @field_validator("oidc_issuer")
    @classmethod
    def _with_tls_in_production(cls, value: str, info: ValidationInfo) -> str:
        if value.startswith("http://") and info.data.get("environment") == "production":
            raise ValueError("begins with http://; in production it must be https://")
        return value

    @field_validator("passwords")
    @classmethod
    def _needed_without_an_issuer(cls, value: bool, info: ValidationInfo) -> bool:
        if not value and not info.data.get("oidc_issuer"):
            raise ValueError("is off, and SCHAKEL_OIDC_ISSUER isn't set: nobody could sign in")
        return value

    @field_validator("oidc_client")
    @classmethod
    def _needed_with_an_issuer(cls, value: str, info: ValidationInfo) -> str:
        if info.data.get("oidc_issuer") and not value:
            raise ValueError("is needed, too, because SCHAKEL_OIDC_ISSUER is set")
        return value


@dataclass(frozen=True, slots=True)
class SettingHelp:
    """One row of the table of settings; `default` is written as in the environment."""

    variable: str
    default: str
    help: str


def settings_help() -> Iterator[SettingHelp]:
    """Give the rows of the table of settings."""
    for name, field in Settings.model_fields.items():
        default = field.default
        shown = ("off", "on")[default] if isinstance(default, bool) else str(default)
        yield SettingHelp(_variable(name), shown.removesuffix(".0"), field.description or "")


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read all settings from `environ` (default: the process environment).

    Raises SettingsError, naming the variable, when a value can't be used or a secret is missing.
    """
    source = EnvSettingsSource(Settings)
    values = os.environ if environ is None else environ
    source.env_vars = {
        name.lower(): value.strip() for name, value in values.items() if value.strip()
    }
    try:
        return Settings(_build_sources=((source,), {}))  # type: ignore[call-arg]
    except ValidationError as error:
        raise SettingsError(_sentence(error.errors()[0])) from None  # pydantic repeats passwords


def _variable(name: str) -> str:
    alias = Settings.model_fields[name].validation_alias
    return str(alias) if alias else f"{PREFIX}{name.upper()}"


def _sentence(error: ErrorDetails) -> str:
    """Return what is wrong with a value, in our words."""
    location = str(error["loc"][0])
    name = next(name for name in Settings.model_fields if location in (name, _variable(name)))
    field, value = Settings.model_fields[name], error["input"]
    if error["type"] == "value_error":
        what = str(error["ctx"]["error"])
    elif error["type"] == "literal_error":
        known = ", ".join(choice for choice in get_args(field.annotation) if choice)
        what = f"is {value!r}; it can be: {known}"
    elif field.annotation is int:
        least = next(limit.ge for limit in field.metadata if hasattr(limit, "ge"))
        what = f"is {value!r}; it must be a whole number from {least}"
    else:
        what = f"is {value!r}; it must be a number from 0 to 1"
    return f"{_variable(name)} {what}"
