"""How far a background job is, and how to stop it."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint
from flask import current_app, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from matcher.accounts.accounts import AccountRole
from matcher.current import services
from matcher.imports import jobs as import_jobs
from matcher.imports.steps import TAKEN
from matcher.imports.undo import BACKUP_GONE
from matcher.jobs import rebuild
from matcher.jobs.job import UNEXPECTED, UNKNOWN_KIND, Job, JobState
from matcher.web.access import for_role, may, me
from matcher.web.loading import loads

blueprint = APIBlueprint("jobs", __name__, enable_openapi=False)
KINDS = {
    "import-preview": _l("Reading a file"),
    "import-run": _l("Importing"),
    "import-undo": _l("Undoing an import"),
    "rebuild": _l("Building the index"),
    "retention": _l("Deleting what is kept no longer"),
}
STATES = {
    JobState.WAITING: _l("Waiting for its turn"),
    JobState.RUNNING: _l("Running"),
    JobState.DONE: _l("Done"),
    JobState.FAILED: _l("Failed"),
    JobState.CANCELLED: _l("Cancelled"),
}
STEPS = {
    "read": _l("Reading the file"),
    "embeddings": _l("Processing the texts"),
    "organisations": _l("Organisations"),
    "projects": _l("Past projects"),
    "store": _l("Storing"),
}
ERRORS = {
    UNEXPECTED: _l("Something went wrong here. It was written to the log; nothing was changed."),
    UNKNOWN_KIND: _l("This version of the service doesn't know this job."),
    rebuild.NO_ROOM: _l("The index can't be written; the former one goes on. Is the disk full?"),
    rebuild.NO_ENCODER: _l("The model that reads texts doesn't answer. Try again later."),
    import_jobs.GONE: _l("The uploaded file isn't there any more. Upload it again."),
    import_jobs.FAULTS: _l("The file has faults. Mend them, or leave the faulty rows out."),
    TAKEN: _l("Somebody else went on with this import."),
    BACKUP_GONE: _l(
        "How the records were before isn't kept any more, so this import can't be undone."
    ),
}
"""What jobs say about themselves in English, on pages."""


def may_see(job: Job) -> bool:
    """Whether the visitor started a job, or is an administrator."""
    return job.account_id == me().id or may("administrator")


def _visible_job(job_id: str) -> Job | None:
    job = services().jobs.get(job_id)
    return job if job is not None and may_see(job) else None


about_job = loads("job_id", _visible_job, lambda: _("There is no such job."))


@blueprint.get("/jobs/<string(length=32):job_id>")
@for_role(AccountRole.MEMBER)
@about_job
def show(job: Job) -> ResponseReturnValue:
    """Show how far a job is, or how it ended."""
    return render_template(
        "jobs/show.html", job=job, kinds=KINDS, next=_next(job), **_in_words(job)
    )


@blueprint.get("/jobs/<string(length=32):job_id>.json")
@for_role(AccountRole.MEMBER)
@about_job
def state(job: Job) -> ResponseReturnValue:
    """Give what the page shows, for its script."""
    answer = {"open": job.state.open, "done": job.done, "total": job.total, **_in_words(job)}
    return answer, 200, {"Cache-Control": "no-store"}


@blueprint.post("/jobs/<string(length=32):job_id>/cancel")
@for_role(AccountRole.MEMBER)
@about_job
def cancel(job: Job) -> ResponseReturnValue:
    """Ask a job to stop."""
    if not services().jobs.cancel(job.id, me().actor):
        flash(_("It had ended already."))
    return redirect(url_for("jobs.show", job_id=job.id))


def _in_words(job: Job) -> dict[str, Any]:
    """Return what a job is doing, in words."""
    stopping = job.cancelling and job.state.open
    state = str(_("Being cancelled")) if stopping else str(STATES[job.state])
    running = job.state is JobState.RUNNING and job.step
    step = str(STEPS.get(job.step, _l("Building the index"))) if running else ""
    error = str(ERRORS.get(job.error or "", job.error or ""))
    return {"state": state, "step": step, "error": error}


def _next(job: Job) -> str | None:
    """Return where what a job made is shown."""
    if job.kind.startswith("import-"):
        return url_for("imports.show", import_id=job.arguments["import_id"])
    if "administration.overview" in current_app.view_functions and may("administrator"):
        return url_for("administration.overview")
    return None
