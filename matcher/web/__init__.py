"""The pages: the form, the matches, organisations; also errors, languages, headers, rate limits."""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import structlog
from apiflask import APIFlask, HTTPError, abort
from flask import Response, current_app, flash, g, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import Babel, get_locale
from flask_babel import gettext as _
from flask_compress import Compress
from flask_wtf.csrf import CSRFError, CSRFProtect
from sqlalchemy.exc import OperationalError
from werkzeug.http import HTTP_STATUS_CODES

from embeddings.port import EncoderError
from matcher.api.errors import advice_on, input_errors, problem
from matcher.index.generation import GenerationWriteError
from matcher.settings import Settings, SettingsError
from matcher.web import (
    access,
    accounts,
    administration,
    identity_provider,
    imports,
    initiative_answers,
    initiatives,
    introductions,
    jobs,
    match_lists,
    matching,
    overview,
    profile_links,  # noqa: F401 (adds views to the blueprint of profiles)
    profiles,
    rate_limits,
    strengths,
    team_builder,
)
from matcher.web.labels import LABELS, part_label
from matcher.web.menu import menu

LANGUAGES = ("nl", "fr", "de", "en")
SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'; object-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}
PAGES = (
    accounts,
    matching,
    profiles,
    initiatives,
    initiative_answers,
    team_builder,
    match_lists,
    introductions,
    imports,
    jobs,
    overview,
    strengths,
    administration,
)
"""Modules with pages; some share a blueprint."""
AGAIN = {"pages.matches_sent": matching.again, "profiles.new_sent": profiles.again}
"""Forms of people without an account, which are shown again where their session is gone."""
DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
log = structlog.get_logger()


def init_app(app: APIFlask, settings: Settings) -> None:
    """Register pages, error pages, languages, CSRF, rate limits and headers."""
    Babel(app, locale_selector=choose_language, default_translation_directories="translations")
    csrf = CSRFProtect(app)
    app.config["WTF_CSRF_CHECK_DEFAULT"] = False
    Compress(app)
    access.init_app(app)
    identity_provider.init_app(app, settings)
    for blueprint in dict.fromkeys(module.blueprint for module in PAGES):
        app.register_blueprint(blueprint)
    rate_limits.init_app(app, settings)
    app.context_processor(
        lambda: {
            "asset": _asset,
            "labels": LABELS,
            "language": get_locale,
            "part_label": part_label,
        }
    )
    app.context_processor(lambda: {"menu": menu, "addressed": addressed})
    app.after_request(_headers)
    app.register_error_handler(CSRFError, _csrf_failed)
    app.register_error_handler(EncoderError, _encoder_away)
    app.register_error_handler(OperationalError, _store_away)
    app.register_error_handler(SettingsError, _store_away)  # at the first use of the store
    app.register_error_handler(GenerationWriteError, _store_away)
    app.register_error_handler(Exception, _failed)
    app.error_processor(_error)  # type: ignore[arg-type]
    app.before_request(_only_text)
    app.before_request(lambda: _protect(csrf))


def choose_language() -> str:
    """Return the language of the page: what the visitor chose, else the browser's, else Dutch."""
    chosen = request.args.get("lang") or request.cookies.get("lang")
    if chosen in LANGUAGES:
        return chosen
    return request.accept_languages.best_match(LANGUAGES) or "nl"


def addressed(language: str, here: str = "") -> str:
    """Return the address of this page in another language, with the rest of its query.

    `here` is its address where the present one isn't: a page that answers a form which was sent
    may not be there for whoever follows a link.
    """
    path, _mark, query = here.partition("?")
    sent = query if here else request.query_string.decode("utf-8", "replace")
    parameters = parse_qsl(sent, keep_blank_values=True)
    rest = [parameter for parameter in parameters if parameter[0] != "lang"]
    return path + "?" + urlencode([*rest, ("lang", language)])


def _is_page() -> bool:
    return not request.path.startswith(("/api/", "/health/"))


def _only_text() -> None:
    """Find nothing at an address with a NUL character: PostgreSQL can't be asked for one."""
    if "\x00" in request.path:
        abort(404)


def _protect(csrf: CSRFProtect) -> None:
    if _is_page():
        csrf.protect()


def _headers(response: Response) -> Response:
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    if request.endpoint == "static" and request.args.get("v"):
        response.cache_control.max_age = 31_536_000
        response.cache_control.immutable = True
    chosen = request.args.get("lang")
    if chosen in LANGUAGES:
        response.set_cookie("lang", chosen, max_age=31_536_000, samesite="Lax", httponly=True)
    return response


def _asset(name: str) -> str:
    """Return the address of a static file with a hash of what is in it."""
    known = current_app.extensions.setdefault("schakel-assets", {})
    if name not in known:
        content = (Path(str(current_app.static_folder)) / name).read_bytes()
        known[name] = hashlib.sha256(content).hexdigest()[:12]
    return url_for("static", filename=name, v=known[name])


def _error(error: HTTPError) -> ResponseReturnValue:
    """Answer an HTTP error: problem details to programs, a page that helps to people."""
    status, headers = error.status_code, dict(error.headers or {})
    if not _is_page():
        errors = input_errors(error)
        detail = "The request can't be used; see errors." if errors else _detail(error, headers)
        return problem(status, detail, errors), status, headers
    return _page(status, _advice_of(error)), status, headers


def _detail(error: HTTPError, headers: Mapping[str, Any]) -> str:
    """Return a sentence for programs, also where an error says no more than its status' name."""
    bare = error.message == HTTP_STATUS_CODES.get(error.status_code)
    advice = advice_on(error.status_code, headers) if bare else None
    return advice or error.message or ""


def _advice_of(error: HTTPError) -> str | None:
    """Return what a view wrote for the visitor; the texts of libraries aren't for them."""
    return error.message if error.extra_data.get("page") else None


def _csrf_failed(_failure: CSRFError) -> ResponseReturnValue:
    if request.endpoint in AGAIN:
        flash(_("The form had expired. Nothing you wrote is lost: send it again."))
        return AGAIN[request.endpoint](), 400
    advice = _(
        "The form had expired. Go back, copy what you wrote, reload the page and send it again."
    )
    return _page(400, advice), 400


def _encoder_away(error: EncoderError) -> ResponseReturnValue:
    """Answer when texts can't be turned into vectors, such as with a remote service away."""
    log.error("encoder failed", path=request.path, exc_info=error)
    if not _is_page():
        detail = "The model that reads texts doesn't answer. Try again in a minute."
        return problem(503, detail, Retry_After="60")
    return _page(503), 503, {"Retry-After": "60"}


def _store_away(error: Exception) -> ResponseReturnValue:
    """Answer when the store is down or locked, or its disk is full."""
    log.error("store failed", path=request.path, exc_info=error)
    if not _is_page():
        detail = "The store can't be reached or written. Nothing was stored. Try again in a minute."
        return problem(503, detail, Retry_After="60")
    g.setdefault("account", None)  # who asks may be what couldn't be read
    g.setdefault("company", None)
    advice = _("Our store can't be reached or written. Nothing was stored. Try again in a minute.")
    return _page(503, advice), 503, {"Retry-After": "60"}


def _failed(error: Exception) -> ResponseReturnValue:
    from werkzeug.exceptions import HTTPException

    if isinstance(error, HTTPException):
        wrapped = HTTPError(error.code or 500, error.description or "")
        wrapped.headers = {k: v for k, v in error.get_headers() if k in ("Allow", "Retry-After")}
        return _error(wrapped)
    if isinstance(error, OSError) and error.errno in DISK_FULL:
        return _store_away(error)
    log.error("request failed", path=request.path, exc_info=error)
    if not _is_page():
        return problem(500, "Something went wrong here. Nothing was stored.")
    return _page(500), 500


def _page(status: int, advice: str | None = None) -> str:
    known: dict[int, Any] = {
        403: (_("Not for you"), _("Your account may not see this page. Ask an administrator.")),
        404: (_("Not found"), _("There is nothing at this address.")),
        405: (_("That doesn't work here"), _("This address can't be used in this way.")),
        413: (_("Too long"), _("What was sent is too large. Shorten it and send it again.")),
        503: (
            _("A moment, please"),
            _("The model that reads texts doesn't answer. Try again in a minute."),
        ),
        429: (_("A moment, please"), _("Too many questions at once. Wait a minute and try again.")),
    }
    failed = (_("Something went wrong"), _("The fault is ours and was written down. Try again."))
    title, text = known.get(status, failed)
    return render_template("error.html", title=title, advice=advice or text, status=status)
