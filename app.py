"""The WSGI application: `gunicorn app:app`, `flask --app app …`, or `python app.py`."""

from __future__ import annotations

from matcher import threads

threads.limit_libraries_to_load()  # before anything imports numpy

import sys
from datetime import timedelta
from threading import RLock
from typing import Any

from apiflask import APIFlask
from werkzeug.middleware.proxy_fix import ProxyFix

from matcher import cli, current, logs, metrics
from matcher.private_files import make_private
from matcher.settings import Settings, SettingsError, read_settings

VERSION = "0.1.0"


class Schakel(APIFlask):
    """The application, with its commands.

    Pages and API are put in when the first address is looked for: a command does without, and
    importing them takes longer than most commands.
    """

    def __init__(self, settings: Settings) -> None:
        self._lock = RLock()
        self._complete = True  # for the address of static files, which Flask adds
        super().__init__(
            "matcher.web",
            title="Schakel",
            version=VERSION,
            spec_path="/api/v1/openapi.json",
            docs_path=None,
        )
        self.settings = settings
        self.config.update(
            SECRET_KEY=settings.secret_key,
            MAX_CONTENT_LENGTH=2 * 1024 * 1024,
            MAX_FORM_MEMORY_SIZE=1024 * 1024,
            # Browsers take a cookie of such a name from this host alone, over TLS.
            SESSION_COOKIE_NAME="session" if settings.development else "__Host-session",
            SESSION_COOKIE_HTTPONLY=True,
            SESSION_COOKIE_SAMESITE="Lax",
            SESSION_COOKIE_SECURE=not settings.development,
            PERMANENT_SESSION_LIFETIME=timedelta(hours=12),
            WTF_CSRF_TIME_LIMIT=None,  # a form is good for as long as its session
            COMPRESS_ALGORITHM=["br", "gzip"],
        )
        if settings.trusted_proxies:
            hops = settings.trusted_proxies
            self.wsgi_app = ProxyFix(self.wsgi_app, x_for=hops, x_proto=hops)  # type: ignore[method-assign]
        make_private(settings)
        current.init_app(self, settings)
        logs.configure(settings)
        cli.init_app(self)
        self._complete = False

    @property
    def url_map(self) -> Any:
        """The addresses of the service."""
        self.complete()
        return self._url_map

    @url_map.setter
    def url_map(self, addresses: Any) -> None:
        self._url_map = addresses

    def complete(self) -> None:
        """Put in pages and API, unless they are."""
        with self._lock:
            if self._complete:
                return
            self._complete = True
            from matcher import api, web
            from matcher.web import request_log

            self.before_request(current.services_of(self).serve)
            request_log.init_app(self)
            web.init_app(self, self.settings)
            api.init_app(self)


def create_app(settings: Settings | None = None) -> Schakel:
    """Put the parts together. Raises SettingsError for settings that can't be used."""
    application = Schakel(settings or read_settings())
    application.complete()
    return application


try:
    app = Schakel(read_settings())
except (SettingsError, OSError) as error:
    sys.exit(f"Schakel can't start: {error}")

if __name__ == "__main__":
    logs.configure(read_settings(), serving=True)
    metrics.enable()
    host, _, port = read_settings().bind.rpartition(":")
    app.run(host.strip("[]"), int(port))
