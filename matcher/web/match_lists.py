"""Pages of match lists: saved, followed up, compared, exported and shared."""

from __future__ import annotations

from collections.abc import Mapping

from apiflask import APIBlueprint, abort
from flask import flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from matcher.accounts.accounts import AccountRole
from matcher.current import services
from matcher.initiatives.actions import NoSuchInitiative
from matcher.match_lists import actions, lists, matches, shares
from matcher.match_lists.lists import Entry, EntryStatus, MatchList
from matcher.matching.question import QuestionError, QuestionTooLarge
from matcher.web.access import for_role, me
from matcher.web.initiative_forms import meanwhile, seen
from matcher.web.loading import loads, unusable_link
from matcher.web.match_list_files import CONTENT_TYPES, file_response
from matcher.web.match_list_forms import entry_mark, sent_entries, sent_question
from matcher.web.messages import translated

blueprint = APIBlueprint("lists", __name__, enable_openapi=False)
about_list = loads(
    "list_id",
    lambda list_id: lists.get(
        services().store, list_id, reader=me(), number=request.args.get("version", type=int)
    ),
    lambda: _("There is no such list."),
)


@blueprint.get("/lists")
@for_role(AccountRole.MEMBER)
def overview() -> ResponseReturnValue:
    """List the lists."""
    summaries = lists.summaries(services().store, me())
    return render_template("match_lists/overview.html", lists=summaries, statuses=list(EntryStatus))


@blueprint.post("/lists")
@for_role(AccountRole.MEMBER)
def save() -> ResponseReturnValue:
    """Save the answer to a question, or the match list of an initiative."""
    current, initiative_id = services(), request.form.get("initiative", "")[:200] or None
    try:
        list_id = actions.save(
            current.store,
            current.recommender,
            sent_question(initiative_id),
            name=request.form.get("name", "")[: actions.MAX_NAME_LENGTH],
            actor=me(),
            initiative_id=initiative_id,
        )
    except (ValueError, NoSuchInitiative):
        page = render_template(
            "error.html",
            title=_("This can't be kept"),
            advice=_("The question can't be read, or names an organisation that is gone."),
        )
        return page, 422
    flash(_("The list is kept."))
    return redirect(url_for("lists.show", list_id=list_id))


@blueprint.get("/lists/<list_id>")
@for_role(AccountRole.MEMBER)
@about_list
def show(match_list: MatchList) -> ResponseReturnValue:
    """Show a list."""
    return _page(match_list, {})


def _page(
    match_list: MatchList,
    unstored: Mapping[str, Entry],
    described: tuple[str, str] | None = None,
) -> str:
    """Render a list.

    `unstored` are entries, `described` name and note, that somebody sent and that aren't stored
    because another person has changed what is stored.
    """
    store, status = services().store, request.args.get("status", "")
    people = lists.colleagues(store)
    shown = [
        match
        for match in match_list.version.matches
        if not status or match.id in unstored or match_list.entry(match.id).status.value == status
    ]
    return render_template(
        "match_lists/show.html",
        match_list=match_list,
        matches=shown,
        status=status,
        statuses=list(EntryStatus),
        people=people,
        unstored=unstored,
        described=described or (match_list.name, match_list.note),
        message=meanwhile() if described else "",
        described_mark=seen((match_list.name, match_list.note)),
        mark=lambda entry: entry_mark(entry, people),
        known_ids=services().corpus_provider.snapshot().corpus.row_of_id,
        shares=shares.shares_of(store, match_list.id),
        days=shares.DAYS,
        new_link=session.pop("share", None),
        kinds=list(CONTENT_TYPES),
    )


@blueprint.post("/lists/<list_id>/entries")
@for_role(AccountRole.MEMBER)
@about_list
def write_entries(match_list: MatchList) -> ResponseReturnValue:
    """Write status, note and who follows up, for the rows that the sender changed."""
    store = services().store
    people = lists.colleagues(store)
    sent = sent_entries(people)
    changes = {
        key: entry
        for key, entry in sent.entries.items()
        if entry_mark(entry, people) != sent.marks[key]
    }
    outcome = actions.write_entries(
        store,
        match_list,
        changes,
        actor=me(),
        was_seen=lambda key, stored: entry_mark(stored, people) == sent.marks[key],
    )
    if outcome.written or not outcome.refused:
        flash(_("%(count)s changed.", count=outcome.written))
    if not outcome.refused:
        return _back(match_list)
    number = match_list.version.number
    fresh = lists.get(store, match_list.id, reader=me(), number=number) or match_list
    return _page(fresh, {key: sent.entries[key] for key in outcome.refused}), 422


@blueprint.post("/lists/<list_id>/renew")
@for_role(AccountRole.MEMBER)
@about_list
def renew(match_list: MatchList) -> ResponseReturnValue:
    """Ask the question again."""
    try:
        differs = actions.renew(services().store, services().recommender, match_list, actor=me())
    except QuestionTooLarge as error:
        flash(translated(error.message))
        return _back(match_list)
    except QuestionError:
        flash(_("An organisation that the question names is gone; ask it anew and keep that."))
        return _back(match_list)
    if not differs:
        flash(_("The answer is still the same."))
        return _back(match_list)
    flash(_("There is a new version."))
    number = match_list.versions[0][0]
    return redirect(url_for("lists.compare", list_id=match_list.id, old=number, new=number + 1))


@blueprint.get("/lists/<list_id>/compare")
@for_role(AccountRole.MEMBER)
@about_list
def compare(match_list: MatchList) -> ResponseReturnValue:
    """Show what differs between two versions."""
    newest = match_list.versions[0][0]
    new_number = request.args.get("new", newest, int)
    old_number = request.args.get("old", max(1, new_number - 1), int)
    store = services().store
    old = lists.get(store, match_list.id, reader=me(), number=old_number)
    new = lists.get(store, match_list.id, reader=me(), number=new_number)
    if old is None or new is None:
        abort(404, _("There is no such version."), extra_data={"page": True})
    return render_template(
        "match_lists/compare.html",
        match_list=match_list,
        old=old.version,
        new=new.version,
        differences=matches.compare(old.version.matches, new.version.matches),
    )


@blueprint.post("/lists/<list_id>/describe")
@for_role(AccountRole.MEMBER)
@about_list
def describe(match_list: MatchList) -> ResponseReturnValue:
    """Give it another name and note."""
    name, note = request.form.get("name", ""), request.form.get("note", "")
    if request.form.get("seen") != seen((match_list.name, match_list.note)):
        return _page(match_list, {}, (name, note)), 422
    actions.describe(services().store, match_list, name=name, note=note, actor=me())
    flash(_("Stored."))
    return _back(match_list)


@blueprint.post("/lists/<list_id>/delete")
@for_role(AccountRole.MEMBER)
@about_list
def delete(match_list: MatchList) -> ResponseReturnValue:
    """Delete it, when the box is ticked."""
    if not match_list.may_be_deleted_by(me()):
        abort(403)
    if "sure" not in request.form:
        flash(_("Nothing was deleted: tick the box to delete the list."))
        return _back(match_list)
    actions.delete(services().store, match_list, actor=me())
    flash(_("“%(name)s” is deleted.", name=match_list.name))
    return redirect(url_for("lists.overview"))


@blueprint.post("/lists/<list_id>/share")
@for_role(AccountRole.MEMBER)
@about_list
def share(match_list: MatchList) -> ResponseReturnValue:
    """Make a link; the whole of it is shown on the next page and never again."""
    sent = request.form.get("days", type=int)
    days = sent if sent in shares.DAYS else shares.DAYS[0]
    token = shares.share(services().store, match_list.id, days=days, actor=me())
    session["share"] = services().settings.public_url + url_for("lists.shared", token=token)
    return _back(match_list, "share")


@blueprint.post("/lists/<list_id>/unshare")
@for_role(AccountRole.MEMBER)
@about_list
def unshare(match_list: MatchList) -> ResponseReturnValue:
    """Revoke a link."""
    mark = request.form.get("mark", "")
    shares.revoke(services().store, match_list.id, mark=mark, actor=me())
    flash(_("The link doesn't work any more."))
    return _back(match_list, "share")


@blueprint.get("/lists/<list_id>/export.<kind>")
@for_role(AccountRole.MEMBER)
@about_list
def export(match_list: MatchList, kind: str) -> ResponseReturnValue:
    """Give a list as a file."""
    return file_response(match_list, kind, shared=False)


@blueprint.get("/shared/<token>")
def shared(token: str) -> ResponseReturnValue:
    """Show a list to somebody who has a link: matches and reasons, nothing that people wrote."""
    match_list = _shared_list(token)
    if match_list is None:
        return _unusable_link()
    page = render_template(
        "match_lists/shared.html", match_list=match_list, token=token, kinds=list(CONTENT_TYPES)
    )
    return page, 200, {"X-Robots-Tag": "noindex", "Referrer-Policy": "no-referrer"}


@blueprint.get("/shared/<token>/export.<kind>")
def shared_export(token: str, kind: str) -> ResponseReturnValue:
    """Give a shared list as a file."""
    match_list = _shared_list(token)
    return _unusable_link() if match_list is None else file_response(match_list, kind, shared=True)


def _shared_list(token: str) -> MatchList | None:
    list_id = shares.shared_list(services().store, token[:100])
    return lists.get(services().store, list_id, reader=None) if list_id else None


def _unusable_link() -> ResponseReturnValue:
    return unusable_link(
        _("This link doesn't work any more"),
        _("It has expired or was taken back. Ask whoever gave it to you for a new one."),
    )


def _back(match_list: MatchList, anchor: str | None = None) -> ResponseReturnValue:
    return redirect(url_for("lists.show", list_id=match_list.id, _anchor=anchor))
