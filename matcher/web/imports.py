"""Importing a file: what it would change, then doing it, and taking it back."""

from __future__ import annotations

import tempfile
from pathlib import Path

from apiflask import APIBlueprint, abort
from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired

from matcher.accounts.accounts import AccountRole
from matcher.current import services
from matcher.imports import runs as import_runs
from matcher.imports.files import MAX_UPLOAD_SIZE, UploadRefused
from matcher.imports.runs import ImportNotPossible, ImportRun, ImportState
from matcher.imports.template import write_template
from matcher.web.access import for_role, may, me
from matcher.web.jobs import may_see
from matcher.web.labels import LABELS
from matcher.web.loading import loads
from matcher.web.messages import translated

blueprint = APIBlueprint("imports", __name__, enable_openapi=False)
MAX_BODY_SIZE = MAX_UPLOAD_SIZE + 1024 * 1024
TEMPLATES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
STATES = {
    ImportState.READING: _l("Being read"),
    ImportState.PREVIEWED: _l("To be confirmed"),
    ImportState.IMPORTING: _l("Being imported"),
    ImportState.IMPORTED: _l("Imported"),
    ImportState.UNDOING: _l("Being undone"),
    ImportState.UNDONE: _l("Undone"),
    ImportState.FAILED: _l("Not read"),
}
FORMATS = {"csv": "CSV", "xlsx": "XLSX", "cordis": "CORDIS"}
REFUSED = {
    "empty": _l("This file is empty."),
    "large": _l("This file is too large: a zip may have 64 MB, a table 50 MB. Cut it in pieces."),
    "kind": _l("Only CSV, XLSX, and zips in the layout of CORDIS can be imported."),
    "archive": _l("This file is damaged: it can't be opened."),
    "bomb": _l("This file unpacks to more than is allowed, or needs a password."),
}
NOT_POSSIBLE = {
    "state": _l("Somebody else went on with this import; look at how it stands now."),
    "faults": _l(
        "Nothing was imported: the file has faults. Tick the box to leave these rows out."
    ),
    "gone": _l("The files of this import aren't kept any more. Upload it again."),
    "last": _l("Only the last import can be undone."),
}
FIELDS = {
    "name": _l("Name"),
    "type": _l("Kind"),
    "short_name": _l("Short name"),
    "size": _l("Size"),
    "sme": _l("SME"),
    "city": _l("Town"),
    "country": _l("Country"),
    "region": _l("Region"),
    "latitude": _l("Latitude"),
    "longitude": _l("Longitude"),
    "sectors": _l("Sectors"),
    "languages": _l("Languages"),
    "website": _l("Website"),
    "description": _l("Description"),
    "contact": _l("Contact"),
    "competitors": _l("Competitors"),
    "offers": _l("Offers"),
    "needs": _l("Needs"),
    "title": _l("Title"),
    "text": _l("Text"),
    "year": _l("Year"),
    "topics": _l("Topics"),
    "participants": _l("Participants"),
}


class UploadForm(FlaskForm):  # type: ignore[misc]
    """The file to import."""

    file = FileField(
        _l("File"),
        [FileRequired(_l("Choose a file."))],
        render_kw={"accept": ".csv,.xlsx,.zip"},
    )


@blueprint.before_app_request
def _allow_large() -> None:
    """Take more in one request than elsewhere, from those who may import."""
    if request.endpoint != "imports.upload" or not may("manager"):
        return
    request.max_content_length = MAX_BODY_SIZE
    if (request.content_length or 0) > MAX_BODY_SIZE:
        abort(413, str(REFUSED["large"]), extra_data={"page": True})


about_import = loads(
    "import_id",
    lambda import_id: import_runs.get(services().store, import_id),
    lambda: _("There is no such import."),
)


@blueprint.get("/import")
@for_role(AccountRole.MANAGER)
def overview() -> ResponseReturnValue:
    """List former imports, with the form for the next one."""
    return _overview(UploadForm())


@blueprint.post("/import")
@for_role(AccountRole.MANAGER)
def upload() -> ResponseReturnValue:
    """Take a file and begin to read it."""
    form = UploadForm()
    if not form.validate():
        return _overview(form), 422
    sent = form.file.data
    try:
        import_id = import_runs.upload(services().jobs, sent.stream, sent.filename or "", me())
    except UploadRefused as refused:
        form.file.errors = [str(REFUSED[refused.code])]
        return _overview(form), 422
    finally:
        sent.close()
    found = import_runs.get(services().store, import_id)
    assert found is not None
    return redirect(url_for("jobs.show", job_id=found.job_id), 303)


@blueprint.get("/import/template.<kind>")
@for_role(AccountRole.MANAGER)
def template(kind: str) -> ResponseReturnValue:
    """Give the table to fill in."""
    if kind not in TEMPLATES:
        abort(404)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"organisations.{kind}"
        write_template(path)
        answer = Response(path.read_bytes(), content_type=TEMPLATES[kind])
    answer.headers["Content-Disposition"] = f'attachment; filename="organisations.{kind}"'
    return answer


@blueprint.get("/import/<string(length=32):import_id>")
@for_role(AccountRole.MANAGER)
@about_import
def show(found: ImportRun) -> ResponseReturnValue:
    """Show what an import would change, or what it did."""
    job = services().jobs.get(found.job_id) if found.job_id else None
    return render_template(
        "imports/show.html",
        one=found,
        job=job if job and may_see(job) else None,
        undoable=import_runs.may_undo(services().jobs.context, found),
        states=STATES,
        formats=FORMATS,
        fields=FIELDS,
        translated=translated,
        named=named,
    )


@blueprint.post("/import/<string(length=32):import_id>/confirm")
@for_role(AccountRole.MANAGER)
@about_import
def confirm(found: ImportRun) -> ResponseReturnValue:
    """Begin to import what was shown."""
    skip = "skip_invalid" in request.form
    try:
        job_id = import_runs.confirm(services().jobs, found, me(), skip_invalid=skip)
    except ImportNotPossible as reason:
        flash(str(NOT_POSSIBLE[reason.code]))
        return redirect(url_for("imports.show", import_id=found.id))
    return redirect(url_for("jobs.show", job_id=job_id))


@blueprint.post("/import/<string(length=32):import_id>/undo")
@for_role(AccountRole.MANAGER)
@about_import
def undo(found: ImportRun) -> ResponseReturnValue:
    """Begin to take an import back, when the box is ticked."""
    if "sure" not in request.form:
        flash(_("Nothing was undone: tick the box to undo the import."))
        return redirect(url_for("imports.show", import_id=found.id))
    try:
        job_id = import_runs.undo(services().jobs, found, me())
    except ImportNotPossible as reason:
        flash(str(NOT_POSSIBLE[reason.code]))
        return redirect(url_for("imports.show", import_id=found.id))
    return redirect(url_for("jobs.show", job_id=job_id))


def named(field: str, value: str) -> str:
    """Return a value of a record as pages call it."""
    if field == "sme" and value in ("yes", "no"):
        return str(_("yes") if value == "yes" else _("no"))
    return str(LABELS.get(value, value)) if field in ("type", "size") else value


def _overview(form: UploadForm) -> str:
    return render_template(
        "imports/overview.html",
        form=form,
        imports=import_runs.overview(services().store),
        states=STATES,
        formats=FORMATS,
        templates=list(TEMPLATES),
    )
