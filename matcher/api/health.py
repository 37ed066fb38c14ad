"""/health/live and /health/ready, for whatever watches over the service."""

from __future__ import annotations

from dataclasses import asdict

import structlog
from apiflask import APIBlueprint
from flask import jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import SQLAlchemyError

from matcher.api.errors import problem
from matcher.current import services
from matcher.settings import SettingsError

blueprint = APIBlueprint("health", __name__, url_prefix="/health", enable_openapi=False)
log = structlog.get_logger()


@blueprint.get("/live")
def live() -> ResponseReturnValue:
    """Say that the process answers."""
    return jsonify(status="ok")


@blueprint.get("/ready")
def ready() -> ResponseReturnValue:
    """Say whether questions can be answered, and at which version of the corpus.

    Waits for no index and no later write. A cache that is away doesn't matter.
    """
    try:
        snapshot = services().corpus_provider.current
        if snapshot is None:
            services().start()
            return problem(503, "The service is starting.", Retry_After="5")
        if not services().store.has_revision(*snapshot.revision):
            return problem(503, "A backup was restored; its index is built.", Retry_After="5")
        state = services().state(snapshot)
    except (SettingsError, SQLAlchemyError) as error:
        log.error("store not reachable", kind=type(error).__name__)
        return problem(503, "The store can't be reached.", Retry_After="5")
    return jsonify(status="ready", **asdict(state))
