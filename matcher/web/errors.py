"""Errors: problem details to programs, a page that helps to people, in the visitor's language."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from typing import Any

import structlog
from apiflask import APIFlask, HTTPError
from flask import flash, g, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from werkzeug.http import HTTP_STATUS_CODES

from embeddings.port import EncoderError
from matcher.api.errors import advice_on, input_errors, problem
from matcher.corpus.generation import GenerationError, GenerationWriteError
from matcher.current import services
from matcher.deadline import DeadlineExceeded
from matcher.gate import BusyError
from matcher.matching.question import QuestionError
from matcher.settings import SettingsError
from matcher.store.database import is_lock_timeout
from matcher.web import matching, profiles
from matcher.web.access import who
from matcher.web.messages import translated
from matcher.web.request_log import route

AGAIN = {"pages.matches_sent": matching.again, "profiles.new_sent": profiles.again}
"""Forms of people without an account, which are shown again where their session is gone."""
DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
log = structlog.get_logger()


def init_app(app: APIFlask) -> None:
    """Register the error pages, and the page of a service that is starting."""
    app.register_error_handler(CSRFError, _csrf_failed)
    app.register_error_handler(DeadlineExceeded, _no_time_left)
    app.register_error_handler(EncoderError, _encoder_away)
    app.register_error_handler(QuestionError, _not_answerable)
    app.register_error_handler(DBAPIError, _store_away)
    app.register_error_handler(DataError, _failed)  # a value that should have been refused
    app.register_error_handler(IntegrityError, _changed_meanwhile)
    app.register_error_handler(PoolTimeoutError, _store_away)
    app.register_error_handler(BusyError, _busy)
    app.register_error_handler(SettingsError, _store_away)  # at the first use of the store
    app.register_error_handler(GenerationWriteError, _store_away)
    app.register_error_handler(GenerationError, _index_away)
    app.register_error_handler(Exception, _failed)
    app.error_processor(_error)  # type: ignore[arg-type]
    app.before_request(_still_starting)


def is_page() -> bool:
    """Return whether people read the answer to this request."""
    return not request.path.startswith(("/api/", "/health/", "/metrics"))


def _still_starting() -> ResponseReturnValue | None:
    """Let nobody wait for a start that takes long, such as with a first index to build."""
    if not services().starting or request.endpoint == "static":
        return None
    if request.path.startswith("/health/"):
        return None
    detail = "The service is starting. Try again in a minute."
    return _try_later(detail, _("Schakel is starting. Try again in a minute."))


def _try_later(detail: str, advice: str, seconds: int = 60) -> ResponseReturnValue:
    """Answer 503: `detail` to programs, `advice` to people."""
    if not is_page():
        return problem(503, detail, Retry_After=str(seconds))
    g.setdefault("account", None)  # who asks may be what couldn't be read
    g.setdefault("company", None)
    return _page(503, advice), 503, {"Retry-After": str(seconds)}


def _error(error: HTTPError) -> ResponseReturnValue:
    """Answer an HTTP error: problem details to programs, a page that helps to people."""
    status, headers = error.status_code, dict(error.headers or {})
    if status == 403:
        log.warning("refused", route=route(), method=request.method, account=_account_id())
    if not is_page():
        errors = input_errors(error)
        detail = "The request can't be used; see errors." if errors else _detail(error, headers)
        return problem(status, detail, errors), status, headers
    return _page(status, _advice_of(error)), status, headers


def _account_id() -> int | None:
    """Return the id of the account of whoever asks, which tells no stranger who it is."""
    account = who()
    return account.id if account else None


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
    log.error("encoder failed", route=route(), exc_info=error)
    detail = "The model that reads texts doesn't answer. Try again in a minute."
    return _try_later(
        detail, _("The model that reads texts doesn't answer. Try again in a minute.")
    )


def _no_time_left(_error: DeadlineExceeded) -> ResponseReturnValue:
    """Answer a question for which there wasn't time."""
    log.warning("no time left", route=route())
    detail = (
        "There wasn't time to answer. Ask again in a minute; or ask for less: a shorter text, "
        "fewer needs, a smaller team."
    )
    advice = _(
        "There wasn't time to answer your question. Try again in a minute; or ask for less: a "
        "shorter text, fewer needs, a smaller team."
    )
    return _try_later(detail, advice)


def _not_answerable(error: QuestionError) -> ResponseReturnValue:
    """Answer a question that can't be answered as it stands, where no form shows what to mend."""
    if not is_page():
        fault = {"field": error.field, "message": str(error)}
        return problem(422, "The question can't be answered as it stands.", [fault])
    return _page(422, translated(error.message)), 422


def _store_away(error: Exception) -> ResponseReturnValue:
    """Answer when the store is down or locked, or its disk is full."""
    log.error("store failed", route=route(), reason=_reason(error))
    if isinstance(error, DBAPIError) and is_lock_timeout(error):
        detail = "Others are writing. Nothing was stored. Try again in a few seconds."
        advice = _("Others are writing. Nothing was stored. Try again in a few seconds.")
        return _try_later(detail, advice, seconds=5)
    if isinstance(error, DBAPIError) and error.connection_invalidated and request.method != "GET":
        detail = (
            "The connection to the store broke. See whether what you sent was stored before you "
            "send it again."
        )
        advice = _(
            "The connection to our store broke. See whether what you sent was stored before you "
            "send it again."
        )
        return _try_later(detail, advice)
    detail = "The store can't be reached or written. Nothing was stored. Try again in a minute."
    advice = _("Our store can't be reached or written. Nothing was stored. Try again in a minute.")
    return _try_later(detail, advice)


def _changed_meanwhile(error: IntegrityError) -> ResponseReturnValue:
    """Answer a write that another, of the same moment, made impossible."""
    log.error("write refused by the store", route=route(), exc_info=error)
    detail = (
        "Somebody else changed the same at the same moment. Nothing was stored. Try again in a "
        "few seconds."
    )
    advice = _(
        "Somebody else changed the same at the same moment. Nothing was stored. Try again in a "
        "few seconds."
    )
    return _try_later(detail, advice, seconds=5)


def _index_away(error: GenerationError) -> ResponseReturnValue:
    """Answer when no index can be read."""
    log.error("index failed", route=route(), reason=str(error))
    detail = "The index can't be read; a new one is built. Try again in a minute."
    return _try_later(
        detail, _("Our index can't be read; a new one is being built. Try again in a minute.")
    )


def _reason(error: Exception) -> str:
    """Return what a driver said, without the statement and its parameters."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return (str(cause).splitlines() or [type(cause).__name__])[0]


def _busy(_error: BusyError) -> ResponseReturnValue:
    """Answer where too many others write, or ask what is heavy to compute."""
    detail = "Too much is asked at the moment. Nothing was stored. Try again in a few seconds."
    advice = _(
        "Too much is asked of us at the moment. Nothing was stored. Try again in a few seconds."
    )
    return _try_later(detail, advice, seconds=5)


def _failed(error: Exception) -> ResponseReturnValue:
    from werkzeug.exceptions import HTTPException

    if isinstance(error, HTTPException):
        wrapped = HTTPError(error.code or 500, error.description or "")
        wrapped.headers = {k: v for k, v in error.get_headers() if k in ("Allow", "Retry-After")}
        return _error(wrapped)
    if isinstance(error, OSError) and error.errno in DISK_FULL:
        return _store_away(error)
    log.error("request failed", route=route(), exc_info=error)
    if not is_page():
        return problem(500, "Something went wrong here. Nothing was stored.")
    return _page(500), 500


def _page(status: int, advice: str | None = None) -> str:
    known: dict[int, Any] = {
        400: (_("That can't be answered"), _("The question can't be answered as it stands.")),
        403: (_("Not for you"), _("Your account may not see this page. Ask an administrator.")),
        404: (_("Not found"), _("There is nothing at this address.")),
        405: (_("That doesn't work here"), _("This address can't be used in this way.")),
        413: (_("Too long"), _("What was sent is too large. Shorten it and send it again.")),
        422: (_("That can't be answered"), _("The question can't be answered as it stands.")),
        503: (
            _("A moment, please"),
            _("The model that reads texts doesn't answer. Try again in a minute."),
        ),
        429: (_("A moment, please"), _("Too many questions at once. Wait a minute and try again.")),
    }
    failed = (_("Something went wrong"), _("The fault is ours and was written down. Try again."))
    title, text = known.get(status, failed)
    return render_template("error.html", title=title, advice=advice or text, status=status)
