"""The WSGI application: `gunicorn app:app`, `flask --app app …`, or `python app.py`."""

from __future__ import annotations

from matcher import threads

threads.limit_libraries_to_load()  # before anything imports numpy

import sys
from datetime import timedelta

from apiflask import APIFlask
from werkzeug.middleware.proxy_fix import ProxyFix

from matcher import api, cli, logs, web
from matcher.container import Services
from matcher.current import EXTENSION
from matcher.settings import Settings, SettingsError, read_settings
from matcher.web import request_log

VERSION = "0.1.0"


def create_app(settings: Settings | None = None) -> APIFlask:
    """Put the parts together. Raises SettingsError for settings that can't be used."""
    settings = settings or read_settings()
    application = APIFlask(
        "matcher.web",
        title="Schakel",
        version=VERSION,
        spec_path="/api/v1/openapi.json",
        docs_path=None,
    )
    application.config.update(
        SECRET_KEY=settings.secret_key,
        MAX_CONTENT_LENGTH=2 * 1024 * 1024,
        MAX_FORM_MEMORY_SIZE=1024 * 1024,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=not settings.development,
        PERMANENT_SESSION_LIFETIME=timedelta(hours=12),
        WTF_CSRF_TIME_LIMIT=None,  # a form is good for as long as its session
        COMPRESS_ALGORITHM=["br", "gzip"],
    )
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        application.wsgi_app = ProxyFix(application.wsgi_app, x_for=hops, x_proto=hops)  # type: ignore[method-assign]
    services = application.extensions[EXTENSION] = Services(settings)
    logs.configure(settings)
    application.before_request(services.serve)
    request_log.init_app(application)
    web.init_app(application, settings)
    api.init_app(application)
    cli.init_app(application)
    return application


try:
    app = create_app()
except (SettingsError, OSError) as error:
    sys.exit(f"Schakel can't start: {error}")

if __name__ == "__main__":
    host, _, port = read_settings().bind.rpartition(":")
    app.run(host.strip("[]"), int(port))
