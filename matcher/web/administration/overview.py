"""The state of the service, the cache and the index."""

from __future__ import annotations

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from matcher import audit
from matcher.accounts import accounts, api_keys
from matcher.corpus.generation import read_manifest
from matcher.current import services
from matcher.organisations import duplicates
from matcher.profiles import moderation as profile_moderation
from matcher.web.access import me
from matcher.web.administration.blueprint import blueprint, only_administrators


@blueprint.get("")
@only_administrators
def overview() -> ResponseReturnValue:
    """Show the state of the service."""
    current = services()
    state = current.state(current.corpus_provider.snapshot())
    manifest = read_manifest(current.settings.index_folder, state.generation)
    pairs = [pair for pair in duplicates.proposals(current.store) if not pair.sure]
    people = accounts.list_accounts(current.store)
    return render_template(
        "administration/overview.html",
        state=state,
        manifest=manifest,
        pairs=len(pairs),
        people=len(people),
        blocked=sum(not account.active for account in people),
        keys=sum(row.revoked is None for row in api_keys.list_keys(current.store)),
        jobs=[job for job in current.jobs.recent() if job.state.open],
        kept=profile_moderation.count_by_state(current.store),
        log_lines=audit.lines(current.store, limit=1)[0],
    )


@blueprint.post("/cache/clear")
@only_administrators
def clear_cache() -> ResponseReturnValue:
    """Empty the cache of answers."""
    services().cache.clear()
    with services().store.keeping() as session:
        audit.record(session, me().actor, "cache.cleared", "cache")
    flash(_("The kept answers are forgotten."))
    return redirect(url_for("administration.overview"))


@blueprint.post("/rebuild")
@only_administrators
def rebuild() -> ResponseReturnValue:
    """Build the index anew in the background."""
    started = services().jobs.start("rebuild", {}, me().id)
    return redirect(url_for("jobs.show", job_id=started))
