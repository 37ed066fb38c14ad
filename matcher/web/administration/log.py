"""The log of who did what."""

from __future__ import annotations

import csv
import io

from flask import Response, render_template
from flask.typing import ResponseReturnValue

from matcher import audit
from matcher.current import services
from matcher.insights.log_lines import named_lines
from matcher.spreadsheets import neutral
from matcher.web.administration.blueprint import PAGE, blueprint, only_administrators
from matcher.web.audit_log import ACTIONS, ACTORS, link_to
from matcher.web.paging import count_pages, page_asked, text_asked

MAX_EXPORTED = 100_000


@blueprint.get("/audit")
@only_administrators
def audit_log() -> ResponseReturnValue:
    """Show who did what, the newest first."""
    text = text_asked()
    page = page_asked()
    total, lines = audit.lines(services().store, text, PAGE, (page - 1) * PAGE)
    return render_template(
        "administration/audit.html",
        lines=list(zip(lines, named_lines(services().store, lines), strict=True)),
        actions=ACTIONS,
        actors=ACTORS,
        link_to=link_to,
        total=total,
        q=text,
        page=page,
        pages=count_pages(total, PAGE),
    )


@blueprint.get("/audit.csv")
@only_administrators
def audit_export() -> ResponseReturnValue:
    """Give the log as CSV."""
    text = text_asked()
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["at", "actor", "action", "subject", "detail"])
    for row in audit.lines(services().store, text, MAX_EXPORTED)[1]:
        detail = ", ".join(f"{key}={value}" for key, value in row.detail.items())
        cells = [row.at.isoformat(), row.actor, row.action, row.subject, detail]
        writer.writerow([neutral(cell) for cell in cells])
    answer = Response(out.getvalue(), content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = 'attachment; filename="audit.csv"'
    answer.headers["Cache-Control"] = "no-store"
    return answer
