"""What every answer tells browsers: what its pages may do, and what may be kept."""

from __future__ import annotations

from apiflask import APIFlask
from flask import Response, request, session

from matcher.settings import Settings

LANGUAGES = ("nl", "fr", "de", "en")
YEAR_SECONDS = 31_536_000
SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'; object-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), "
    "payment=(), usb=()",
}


def init_app(app: APIFlask, settings: Settings) -> None:
    """Set the headers of all answers."""
    tls = settings.public_url.startswith("https://")

    def set_headers(response: Response) -> Response:
        for name, value in SECURITY_HEADERS.items():
            response.headers.setdefault(name, value)
        if tls or request.is_secure:  # browsers heed it over TLS alone
            response.headers["Strict-Transport-Security"] = f"max-age={YEAR_SECONDS}"
        if request.endpoint == "static":
            if request.args.get("v"):
                response.cache_control.max_age = YEAR_SECONDS
                response.cache_control.immutable = True
        elif _is_private():
            response.headers["Cache-Control"] = "no-store"
        if "token" in (request.view_args or {}):
            response.headers["Referrer-Policy"] = "no-referrer"
        chosen = request.args.get("lang")
        if chosen in LANGUAGES:
            response.set_cookie(
                "lang",
                chosen,
                max_age=YEAR_SECONDS,
                secure=not settings.development,
                samesite="Lax",
                httponly=True,
            )
        return response

    app.after_request(set_headers)


def _is_private() -> bool:
    """Whether an answer is for one visitor alone; else the next one at a machine could go back."""
    if request.path.startswith(("/api/", "/health/")):
        return "Authorization" in request.headers
    return "token" in (request.view_args or {}) or "_user_id" in session or "profile" in session
