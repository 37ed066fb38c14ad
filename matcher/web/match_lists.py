"""Match lists: kept, annotated, compared, exported and shared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from apiflask import APIBlueprint, abort
from flask import Response, flash, json, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from matcher.accounts.accounts import AccountRole
from matcher.domain import Question
from matcher.identifiers import slug
from matcher.initiatives import actions as initiatives
from matcher.initiatives.actions import question_of
from matcher.match_lists import lists, shares
from matcher.match_lists.exports import COLUMNS, as_csv, as_json, as_xlsx, records
from matcher.match_lists.lists import Entry, EntryStatus, MatchList
from matcher.matching.serialise import deserialise
from matcher.matching.service import MAX_MATCHES, MAX_MEMBERS, MAX_NEEDS
from matcher.matching.validation import QuestionError
from matcher.web.access import for_role, me, services
from matcher.web.initiative_forms import meanwhile, seen
from matcher.web.labels import LABELS
from matcher.web.pdf import PdfMissing, pdf
from matcher.web.profile_forms import several_lines

blueprint = APIBlueprint("lists", __name__, enable_openapi=False)
MAX_QUESTION = 100_000
MAX_ROWS = 200
KINDS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
    "json": "application/json",
}
View = Callable[..., ResponseReturnValue]


def about_one(view: View) -> View:
    """Give a view the list that the address names, where the visitor may see it."""

    @wraps(view)
    def answered(list_id: str, **values: Any) -> ResponseReturnValue:
        number = request.args.get("version", type=int)
        found = lists.get(services().store, list_id, me(), number)
        if found is None:
            abort(404, _("There is no such list."), extra_data={"page": True})
        return view(found, **values)

    return answered


@blueprint.get("/lists")
@for_role(AccountRole.MEMBER)
def overview() -> ResponseReturnValue:
    """List the lists."""
    found = lists.overview(services().store, me())
    return render_template("match_lists/overview.html", lists=found, statuses=list(EntryStatus))


@blueprint.post("/lists")
@for_role(AccountRole.MEMBER)
def keep() -> ResponseReturnValue:
    """Keep the answer to a question, or the match list of an initiative."""
    current, initiative_id = services(), request.form.get("initiative", "")[:200] or None
    try:
        question = _question(initiative_id)
        name = request.form.get("name", "")[: lists.MAX_NAME_LENGTH]
        made = lists.keep(current.store, current.recommender, question, name, me(), initiative_id)
    except (ValueError, initiatives.NoSuchInitiative):
        page = render_template(
            "error.html",
            title=_("This can't be kept"),
            advice=_("The question can't be read, or names an organisation that is gone."),
        )
        return page, 422
    flash(_("The list is kept."))
    return redirect(url_for("lists.show", list_id=made))


def _question(initiative_id: str | None) -> Question:
    sent = request.form.get("question", "")
    about = initiatives.required(services().store, initiative_id) if initiative_id else None
    if sent:
        if len(sent) > MAX_QUESTION:
            raise ValueError("too long")
        question = deserialise(json.loads(sent))
        bounded = len(question.needs) <= MAX_NEEDS and len(question.members) <= MAX_MEMBERS
        if not bounded or not 0 < question.limit <= MAX_MATCHES:
            raise ValueError("out of bounds")
        shares = all(0.0 <= one <= 1.0 for one in (question.complement, question.alike))
        if not shares or not all(0.0 < need.weight <= 100.0 for need in question.needs):
            raise ValueError("out of bounds")
        return question
    if about is None:
        raise ValueError("neither a question nor an initiative")
    return question_of(about)


@blueprint.get("/lists/<list_id>")
@for_role(AccountRole.MEMBER)
@about_one
def show(found: MatchList) -> ResponseReturnValue:
    """Show a list."""
    return _shown(found, {})


def _shown(
    found: MatchList, unstored: Mapping[str, Entry], described: tuple[str, str] | None = None
) -> str:
    """Show a list, with rows, or name and note, that somebody wrote and that aren't stored."""
    asked, people = request.args.get("status", ""), lists.colleagues(services().store)
    shown = [
        one
        for one in found.version.results
        if not asked or one["id"] in unstored or found.entry(one["id"]).status.value == asked
    ]
    corpus = services().corpus_provider.snapshot().corpus
    return render_template(
        "match_lists/show.html",
        one=found,
        shown=shown,
        status=asked,
        statuses=list(EntryStatus),
        people=people,
        unstored=unstored,
        described=described or (found.name, found.note),
        said=meanwhile() if described else "",
        described_as=seen((found.name, found.note)),
        mark=lambda entry: _mark(entry, people),
        there=corpus.row_of_id,
        shares=shares.shares_of(services().store, found.id),
        days=shares.DAYS,
        made=session.pop("share", None),
        kinds=list(KINDS),
    )


@blueprint.post("/lists/<list_id>/entries")
@for_role(AccountRole.MEMBER)
@about_one
def write_entries(found: MatchList) -> ResponseReturnValue:
    """Write status, note and who follows up, for the rows that the sender changed."""
    people = lists.colleagues(services().store)
    sent, seen_as = _sent_entries(people)
    changed = {one: entry for one, entry in sent.items() if _mark(entry, people) != seen_as[one]}
    count, left = lists.write_entries(
        services().store,
        found,
        changed,
        me(),
        lambda one, there: _mark(there, people) == seen_as[one],
    )
    if count or not left:
        flash(_("%(count)s changed.", count=count))
    if not left:
        return _back(found)
    now = lists.get(services().store, found.id, me(), found.version.number) or found
    return _shown(now, {one: sent[one] for one in left}), 422


def _sent_entries(people: Mapping[int, str]) -> tuple[dict[str, Entry], dict[str, str]]:
    """Read the rows: what was sent of each organisation, and the mark of what was shown."""
    known = {str(one): one for one in people}
    columns = [
        request.form.getlist(name)[:MAX_ROWS] for name in ("id", "status", "note", "assigned")
    ]
    entries = {
        organisation_id: Entry(EntryStatus(status), several_lines(note), known.get(assigned))
        for organisation_id, status, note, assigned in zip(*columns, strict=False)
        if status in list(EntryStatus)
    }
    marks = dict(zip(columns[0], request.form.getlist("seen"), strict=False))
    return entries, {one: marks.get(one, "") for one in entries}


def _mark(entry: Entry, people: Mapping[int, str]) -> str:
    """Return the mark of an entry as the page shows it: with nobody who left."""
    who = entry.account_id if entry.account_id in people else None
    return seen((entry.status.value, several_lines(entry.note), who))


@blueprint.post("/lists/<list_id>/renew")
@for_role(AccountRole.MEMBER)
@about_one
def renew(found: MatchList) -> ResponseReturnValue:
    """Ask the question again."""
    try:
        fresh = lists.renew(services().store, services().recommender, found, me())
    except QuestionError:
        flash(_("An organisation that the question names is gone; ask it anew and keep that."))
        return _back(found)
    if not fresh:
        flash(_("The answer is still the same."))
        return _back(found)
    flash(_("There is a new version."))
    number = found.versions[0][0]
    return redirect(url_for("lists.compare", list_id=found.id, old=number, new=number + 1))


@blueprint.get("/lists/<list_id>/compare")
@for_role(AccountRole.MEMBER)
@about_one
def compare(found: MatchList) -> ResponseReturnValue:
    """Show what differs between two versions."""
    numbers = [number for number, _created in found.versions]
    new = request.args.get("new", numbers[0], int)
    old = request.args.get("old", max(1, new - 1), int)
    one = lists.get(services().store, found.id, me(), old)
    other = lists.get(services().store, found.id, me(), new)
    if one is None or other is None:
        abort(404, _("There is no such version."), extra_data={"page": True})
    differences = lists.compare(one.version.results, other.version.results)
    return render_template(
        "match_lists/compare.html", one=found, old=one, new=other, differences=differences
    )


@blueprint.post("/lists/<list_id>/describe")
@for_role(AccountRole.MEMBER)
@about_one
def describe(found: MatchList) -> ResponseReturnValue:
    """Give it another name and note."""
    name, note = request.form.get("name", ""), request.form.get("note", "")
    if request.form.get("seen") != seen((found.name, found.note)):
        return _shown(found, {}, (name, note)), 422
    lists.describe(services().store, found, name, note, me())
    flash(_("Stored."))
    return _back(found)


@blueprint.post("/lists/<list_id>/delete")
@for_role(AccountRole.MEMBER)
@about_one
def delete(found: MatchList) -> ResponseReturnValue:
    """Delete it, when the box is ticked."""
    if not found.may_be_deleted_by(me()):
        abort(403)
    if "sure" not in request.form:
        flash(_("Nothing was deleted: tick the box to delete the list."))
        return _back(found)
    lists.delete(services().store, found, me())
    flash(_("“%(name)s” is deleted.", name=found.name))
    return redirect(url_for("lists.overview"))


@blueprint.post("/lists/<list_id>/share")
@for_role(AccountRole.MEMBER)
@about_one
def share(found: MatchList) -> ResponseReturnValue:
    """Make a link; the whole of it is shown on the next page and never again."""
    days = request.form.get("days", type=int)
    token = shares.share(
        services().store, found.id, days if days in shares.DAYS else shares.DAYS[0], me().actor
    )
    address = url_for("lists.shared", token=token)
    session["share"] = services().settings.public_url + address
    return _back(found, "share")


@blueprint.post("/lists/<list_id>/unshare")
@for_role(AccountRole.MEMBER)
@about_one
def unshare(found: MatchList) -> ResponseReturnValue:
    """Make a link useless."""
    shares.revoke(services().store, found.id, request.form.get("mark", ""), me().actor)
    flash(_("The link doesn't work any more."))
    return _back(found, "share")


@blueprint.get("/lists/<list_id>/export.<kind>")
@for_role(AccountRole.MEMBER)
@about_one
def export(found: MatchList, kind: str) -> ResponseReturnValue:
    """Give a list as a file."""
    return _file(found, kind, shared=False)


@blueprint.get("/shared/<token>")
def shared(token: str) -> ResponseReturnValue:
    """Show a list to somebody who has a link: matches and reasons, nothing that people wrote."""
    found = _opened(token)
    if found is None:
        return _closed()
    page = render_template("match_lists/shared.html", one=found, token=token, kinds=list(KINDS))
    return page, 200, {"X-Robots-Tag": "noindex", "Referrer-Policy": "no-referrer"}


@blueprint.get("/shared/<token>/export.<kind>")
def shared_export(token: str, kind: str) -> ResponseReturnValue:
    """Give a shared list as a file."""
    found = _opened(token)
    return _closed() if found is None else _file(found, kind, shared=True)


def _opened(token: str) -> MatchList | None:
    opens = shares.shared_list(services().store, token[:100])
    return lists.get(services().store, opens, None) if opens else None


def _closed() -> ResponseReturnValue:
    page = render_template(
        "error.html",
        title=_("This link doesn't work any more"),
        advice=_("It has expired or was taken back. Ask whoever gave it to you for a new one."),
    )
    return page, 410


def _file(found: MatchList, kind: str, *, shared: bool) -> ResponseReturnValue:
    if kind not in KINDS:
        abort(404)
    lines = records(found, lists.colleagues(services().store), shared=shared)
    labels = {name: str(LABELS[f"column_{name}"]) for name in COLUMNS}
    labels |= {f"={name}": str(label) for name, label in LABELS.items()}
    try:
        if kind == "json":
            body = as_json(found, lines)
        elif kind == "csv":
            body = as_csv(lines, labels)
        elif kind == "xlsx":
            body = as_xlsx(found, lines, labels)
        else:
            body = pdf(render_template("match_lists/export.html", one=found, lines=lines))
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
    name = slug(found.name, keep_case=True) or "schakel"
    answer = Response(body, mimetype=KINDS[kind].partition(";")[0])
    answer.headers["Content-Type"] = KINDS[kind]
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.{kind}"'
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


def _back(found: MatchList, anchor: str | None = None) -> ResponseReturnValue:
    return redirect(url_for("lists.show", list_id=found.id, _anchor=anchor))
