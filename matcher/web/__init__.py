"""The pages: the form, the matches, organisations; also languages, headers, rate limits."""

from __future__ import annotations

import hashlib
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

from apiflask import APIFlask, abort
from flask import current_app, request, url_for
from flask_babel import Babel, get_locale
from flask_compress import Compress
from flask_wtf.csrf import CSRFProtect

from matcher.presenters import percent
from matcher.settings import Settings
from matcher.web import (
    access,
    accounts,
    administration,
    errors,
    headers,
    hosts,
    identity_provider,
    imports,
    initiative_answers,
    initiatives,
    introductions,
    jobs,
    match_lists,
    matching,
    overview,
    privacy,
    profile_links,  # noqa: F401 (adds views to the blueprint of profiles)
    profiles,
    rate_limits,
    strengths,
    team_builder,
)
from matcher.web.headers import LANGUAGES
from matcher.web.labels import LABELS, part_label
from matcher.web.menu import menu

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
    privacy,
)
"""Modules with pages; some share a blueprint."""


def init_app(app: APIFlask, settings: Settings) -> None:
    """Register pages, error pages, languages, CSRF, rate limits and headers."""
    Babel(app, locale_selector=choose_language, default_translation_directories="translations")
    hosts.init_app(app, settings)
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
    app.add_template_filter(percent)
    headers.init_app(app, settings)
    app.before_request(_only_text)
    errors.init_app(app)
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


def _only_text() -> None:
    """Find nothing at an address with a NUL character: PostgreSQL can't be asked for one."""
    if "\x00" in request.path:
        abort(404)


def _protect(csrf: CSRFProtect) -> None:
    if errors.is_page():
        csrf.protect()


def _asset(name: str) -> str:
    """Return the address of a static file with a hash of what is in it."""
    known = current_app.extensions.setdefault("schakel-assets", {})
    if name not in known:
        content = (Path(str(current_app.static_folder)) / name).read_bytes()
        known[name] = hashlib.sha256(content).hexdigest()[:12]
    return url_for("static", filename=name, v=known[name])
