"""Match lists as files to be downloaded: CSV, XLSX, PDF and JSON."""

from __future__ import annotations

from apiflask import abort
from flask import Response, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from matcher.current import services
from matcher.identifiers import slug
from matcher.match_lists import lists
from matcher.match_lists.exports import COLUMNS, as_csv, as_json, as_xlsx, export
from matcher.match_lists.lists import MatchList
from matcher.web.labels import LABELS
from matcher.web.pdf import PdfMissing, pdf

CONTENT_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
    "json": "application/json",
}


def file_response(match_list: MatchList, kind: str, *, shared: bool) -> ResponseReturnValue:
    """Return a list as a file of one kind, without what people wrote where it is shared."""
    if kind not in CONTENT_TYPES:
        abort(404)
    try:
        body = _body(match_list, kind, shared=shared)
    except PdfMissing:
        page = render_template(
            "error.html",
            title=_("PDF isn't available here"),
            advice=_(
                "The system libraries that write PDF are missing on this machine: "
                "libpango-1.0-0, libpangoft2-1.0-0 and libharfbuzz-subset0. Take another format."
            ),
        )
        return page, 501
    name = slug(match_list.name, keep_case=True) or "schakel"
    response = Response(body, mimetype=CONTENT_TYPES[kind].partition(";")[0])
    response.headers["Content-Type"] = CONTENT_TYPES[kind]
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.{kind}"'
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _body(match_list: MatchList, kind: str, *, shared: bool) -> bytes:
    exported = export(match_list, lists.colleagues(services().store), shared=shared)
    labels = {name: str(LABELS[f"column_{name}"]) for name in COLUMNS}
    labels |= {f"={name}": str(label) for name, label in LABELS.items()}
    if kind == "json":
        return as_json(exported)
    if kind == "csv":
        return as_csv(exported, labels)
    if kind == "xlsx":
        return as_xlsx(exported, labels)
    return pdf(render_template("match_lists/export.html", match_list=match_list, exported=exported))
