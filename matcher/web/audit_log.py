"""The lines of the log in words: what was done, by whom, and where it leads."""

from __future__ import annotations

from flask import url_for
from flask_babel import lazy_gettext as _l

from matcher.insights.log_lines import LogLine

ACTIONS = {
    "organisation.created": _l("Organisation added"),
    "organisation.changed": _l("Organisation changed"),
    "organisation.deleted": _l("Organisation deleted"),
    "organisation.merged": _l("Organisations merged"),
    "profile.confirmed": _l("Profile confirmed"),
    "profile.unconfirmed": _l("Confirmation of a profile taken back"),
    "organisation.distinct": _l("Organisations told apart"),
    "initiative.created": _l("Initiative added"),
    "initiative.changed": _l("Initiative changed"),
    "initiative.deleted": _l("Initiative deleted"),
    "list.created": _l("Match list made"),
    "list.renewed": _l("Match list renewed"),
    "list.entry": _l("Match followed up"),
    "list.changed": _l("Match list described"),
    "list.deleted": _l("Match list deleted"),
    "list.shared": _l("Match list shared"),
    "list.unshared": _l("Link to match list revoked"),
    "introduction.asked": _l("Introduction asked for"),
    "introduction.passed-on": _l("Request for an introduction passed on"),
    "introduction.accepted": _l("Introduction accepted"),
    "introduction.declined": _l("Introduction declined"),
    "introduction.withdrawn": _l("Introduction taken back"),
    "introduction.taken-back": _l("Acceptance taken back"),
    "introduction.joined": _l("Partner joined after an introduction"),
    "introduction.ended": _l("Introduction ended"),
    "import.uploaded": _l("File uploaded"),
    "import.confirmed": _l("Import started"),
    "import.imported": _l("File imported"),
    "import.undoing": _l("Import is being undone"),
    "import.undone": _l("Import undone"),
    "account.created": _l("Account made"),
    "account.signed-in": _l("Signed in"),
    "account.role": _l("Role changed"),
    "account.active": _l("Account blocked or let in"),
    "account.password": _l("Password changed"),
    "account.second-factor": _l("Codes for signing in turned on or off"),
    "account.locked": _l("Account locked after failures"),
    "account.deleted": _l("Account deleted"),
    "key.created": _l("API key made"),
    "key.revoked": _l("API key revoked"),
    "profile.created": _l("Profile drafted"),
    "profile.published": _l("Profile published"),
    "profile.opened": _l("Profile opened by link"),
    "profile.changed": _l("Profile changed"),
    "profile.address-asked": _l("New address for a profile asked"),
    "profile.address": _l("Address of a profile changed"),
    "profile.hidden": _l("Profile hidden"),
    "profile.shown": _l("Profile shown again"),
    "profile.expired": _l("Profile ran out"),
    "profile.discarded": _l("Draft discarded"),
    "profile.deleted": _l("Profile deleted"),
    "job.started": _l("Job started"),
    "job.cancelled": _l("Job cancelled"),
    "job.failed": _l("Job failed"),
    "cache.cleared": _l("Kept answers forgotten"),
    "store.restored": _l("Backup restored"),
    "retention.done": _l("Old data deleted"),
}
"""What the log's actions are called."""
ACTORS = {"command": _l("by command"), "service": _l("by itself"), "provider": _l("by itself")}


def link_to(line: LogLine) -> str | None:
    """Return where a line of the log leads, where what it is about is still there."""
    if not line.name:
        return None
    if line.kind == "organisation":
        return url_for("pages.organisation", organisation_id=line.id)
    if line.kind == "initiative":
        return url_for("pages.initiative", initiative_id=line.id)
    if line.kind == "list":
        return url_for("lists.show", list_id=line.id)
    if line.kind == "introduction":
        return url_for("introductions.show", introduction_id=line.id)
    return None
