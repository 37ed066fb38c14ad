"""The pages of administrators: state, accounts, keys, duplicates, the log of who did what."""

from __future__ import annotations

import csv
import io

import structlog
from apiflask import APIBlueprint, abort
from flask import Response, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from flask_wtf import FlaskForm
from wtforms import EmailField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length

from matcher import audit
from matcher.accounts import accounts, api_keys, passwords
from matcher.accounts.accounts import AccountRole
from matcher.accounts.errors import AccountError
from matcher.index.generation import read_manifest
from matcher.insights.log_lines import named_lines
from matcher.mail import MailError
from matcher.organisations import duplicates
from matcher.profiles import moderation as profile_moderation
from matcher.spreadsheets import neutral
from matcher.web.access import for_role, me, services
from matcher.web.account_forms import ERROR_MESSAGES
from matcher.web.audit_log import ACTIONS, ACTORS, link_to
from matcher.web.labels import LABELS
from matcher.web.paging import count_pages, page_asked

blueprint = APIBlueprint(
    "administration", __name__, enable_openapi=False, url_prefix="/administration"
)
log = structlog.get_logger()
PAGE = 50
MAX_EXPORTED = 100_000
MAX_ID_SIZE = 2**31 - 1
"""Of an account: PostgreSQL can be asked for no larger number."""
only_administrators = for_role(AccountRole.ADMINISTRATOR)


class InviteForm(FlaskForm):  # type: ignore[misc]
    """Somebody to invite."""

    email = EmailField(_l("E-mail address"), [DataRequired(), Length(max=320)])
    name = StringField(_l("Name"), [Length(max=200)])
    role = SelectField(
        _l("Role"),
        choices=[SelectChoice(role.value, LABELS[role]) for role in AccountRole],
        default="manager",
    )


class KeyForm(FlaskForm):  # type: ignore[misc]
    """A new API key."""

    name = StringField(_l("What it is for"), [DataRequired(), Length(max=api_keys.MAX_NAME_LENGTH)])


@blueprint.get("")
@only_administrators
def overview() -> ResponseReturnValue:
    """Show how the service stands."""
    current = services()
    _ready, state = current.readiness()
    manifest = read_manifest(current.settings.index_folder, state["generation"])
    pairs = [one for one in duplicates.proposals(current.store) if not one.sure]
    people = accounts.list_accounts(current.store)
    return render_template(
        "administration/overview.html",
        state=state,
        manifest=manifest,
        pairs=len(pairs),
        people=len(people),
        blocked=sum(not one.active for one in people),
        keys=sum(row.revoked is None for row in api_keys.list_keys(current.store)),
        jobs=[job for job in current.jobs.recent() if job.state.open],
        kept=profile_moderation.count_by_state(current.store),
        log_lines=audit.lines(current.store, limit=1)[0],
    )


@blueprint.post("/cache/clear")
@only_administrators
def clear_cache() -> ResponseReturnValue:
    """Forget all kept answers."""
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


@blueprint.get("/profiles")
@only_administrators
def profiles() -> ResponseReturnValue:
    """List the profiles that companies keep themselves."""
    text = request.args.get("q", "").replace("\x00", "")[:200]
    page = page_asked()
    total, found = profile_moderation.search(
        services().store, text, limit=PAGE, offset=(page - 1) * PAGE
    )
    return render_template(
        "administration/profiles.html",
        found=found,
        total=total,
        q=text,
        page=page,
        pages=count_pages(total, PAGE),
    )


@blueprint.post("/profiles/<organisation_id>")
@only_administrators
def moderate(organisation_id: str) -> ResponseReturnValue:
    """Hide a profile with a reason, or show it again."""
    current, reason = services(), request.form.get("reason", "").strip()
    if "show" in request.form:
        done = profile_moderation.show_again(
            current.store, current.mailer, organisation_id, actor=me().actor
        )
    elif not reason:
        flash(_("Say why, so that the company can mend it."))
        return redirect(url_for("administration.profiles"))
    else:
        done = profile_moderation.hide(
            current.store,
            current.mailer,
            organisation_id,
            reason=reason,
            actor=me().actor,
        )
        current.cache.clear()
    flash(_("Stored.") if done else _("Nothing was changed: look at its state."))
    return redirect(url_for("administration.profiles"))


@blueprint.get("/users")
@only_administrators
def users() -> ResponseReturnValue:
    """List the accounts."""
    return _users(InviteForm())


def _users(form: InviteForm) -> str:
    people = accounts.list_accounts(services().store)
    return render_template(
        "administration/users.html", people=people, form=form, roles=list(AccountRole)
    )


@blueprint.post("/users")
@only_administrators
def invite() -> ResponseReturnValue:
    """Make an account and send a link to choose a password."""
    form = InviteForm()
    if not form.validate():
        return _users(form), 422
    role = AccountRole(form.role.data)
    try:
        made = accounts.create(
            services().store,
            email=form.email.data,
            name=form.name.data or "",
            role=role,
            password=None,
            actor=me().actor,
        )
    except AccountError as error:
        form.email.errors = [ERROR_MESSAGES[error.code]]
        return _users(form), 422
    _send_link(made.email)
    return redirect(url_for("administration.users"))


@blueprint.post("/users/<int:account_id>/link")
@only_administrators
def send_link(account_id: int) -> ResponseReturnValue:
    """Send a link to choose a password."""
    _send_link(_account(account_id).email)
    return redirect(url_for("administration.users"))


def _send_link(email: str) -> None:
    current = services()
    found = passwords.issue_reset_token(
        current.store, email, lifetime=passwords.INVITATION_LIFETIME
    )
    if found is None:
        flash(_("This account is blocked; it gets no link."))
        return
    account, token = found
    address = current.settings.public_url + url_for("accounts.new_password", token=token)
    text = _(
        "You have an account for Schakel, the service that finds partners for clusters.\n\n"
        "Choose a password within seven days:\n%(address)s",
        address=address,
    )
    try:
        current.mailer.send(account.email, _("Your account for Schakel"), text)
    except MailError:
        log.error("no mail for an invitation")
        flash(_("The mail could not be sent. Try again later."))
        return
    flash(_("A link to choose a password is on its way to %(email)s.", email=account.email))


def _account(account_id: int) -> accounts.Account:
    found = accounts.get(services().store, account_id) if account_id <= MAX_ID_SIZE else None
    if found is None:
        abort(404, _("There is no such account."), extra_data={"page": True})
    return found


@blueprint.post("/users/<int:account_id>")
@only_administrators
def change_user(account_id: int) -> ResponseReturnValue:
    """Change role and whether somebody may sign in."""
    found = _account(account_id)
    role = request.form.get("role", "")
    active = {"yes": True, "no": False}.get(request.form.get("active", ""))
    if found.id == me().id and (active is False or role not in ("", found.role.value)):
        flash(_("You can't block yourself or change your own role."))
        return redirect(url_for("administration.users"))
    try:
        accounts.change(
            services().store,
            found.id,
            actor=me().actor,
            role=AccountRole(role) if role in list(AccountRole) else None,
            active=active,
        )
    except AccountError as error:
        flash(str(ERROR_MESSAGES[error.code]))
    else:
        flash(_("Stored."))
    return redirect(url_for("administration.users"))


@blueprint.post("/users/<int:account_id>/delete")
@only_administrators
def delete_user(account_id: int) -> ResponseReturnValue:
    """Delete an account, when the box is ticked."""
    found = _account(account_id)
    if "sure" not in request.form or found.id == me().id:
        flash(_("Nothing was deleted: tick the box; and nobody can delete himself."))
        return redirect(url_for("administration.users"))
    try:
        accounts.delete(services().store, found.id, actor=me().actor)
    except AccountError as error:
        flash(str(ERROR_MESSAGES[error.code]))
    else:
        flash(_("“%(name)s” is deleted.", name=found.email))
    return redirect(url_for("administration.users"))


@blueprint.get("/keys")
@only_administrators
def keys() -> ResponseReturnValue:
    """List the API keys."""
    return _keys(KeyForm())


def _keys(form: KeyForm, made: str | None = None) -> str:
    known = api_keys.list_keys(services().store)
    return render_template("administration/keys.html", keys=known, form=form, made=made)


@blueprint.post("/keys")
@only_administrators
def create_key() -> ResponseReturnValue:
    """Make a key, and show it this once."""
    form = KeyForm()
    if not form.validate():
        return _keys(form), 422
    name = " ".join(form.name.data.split())
    made = api_keys.create_key(services().store, name, actor=me().actor)
    answer = make_response(_keys(KeyForm(formdata=None), made))
    answer.headers["Cache-Control"] = "no-store"
    return answer


@blueprint.post("/keys/revoke")
@only_administrators
def revoke_key() -> ResponseReturnValue:
    """Make all keys of a name useless."""
    count = api_keys.revoke_keys(services().store, request.form.get("name", ""), actor=me().actor)
    flash(ngettext("%(num)s key is revoked.", "%(num)s keys are revoked.", count))
    return redirect(url_for("administration.keys"))


@blueprint.get("/duplicates")
@only_administrators
def duplicate_pairs() -> ResponseReturnValue:
    """List records that may be one organisation, the surest first."""
    everything = "all" in request.args
    found = [one for one in duplicates.proposals(services().store) if everything or not one.sure]
    page = page_asked()
    corpus = services().corpus_provider.snapshot().corpus
    return render_template(
        "administration/duplicates.html",
        pairs=found[(page - 1) * PAGE : page * PAGE],
        total=len(found),
        everything=everything,
        page=page,
        pages=count_pages(len(found), PAGE),
        places={one.id: one.place for one in corpus.organisations},
        facets={
            one.id: len(corpus.facets_owned([row])) for row, one in enumerate(corpus.organisations)
        }
        if len(found) < 5 * PAGE
        else {},
    )


@blueprint.post("/duplicates")
@only_administrators
def settle_duplicate() -> ResponseReturnValue:
    """Make one organisation of two, or say that they are two."""
    one, other = request.form.get("one", "")[:200], request.form.get("other", "")[:200]
    keep = request.form.get("keep", "")
    store = services().store
    try:
        if keep in (one, other):
            duplicates.merge(store, keep, other if keep == one else one, actor=me().actor)
            services().cache.clear()
            flash(_("They are one organisation now."))
        elif keep == "neither":
            duplicates.dismiss(store, one, other)
            flash(_("They aren't offered again."))
        else:
            flash(_("Choose which one stays, or say that they are different."))
    except duplicates.NoSuchOrganisation:
        flash(_("One of them is gone already."))
    return redirect(url_for("administration.duplicate_pairs"))


@blueprint.get("/audit")
@only_administrators
def audit_log() -> ResponseReturnValue:
    """Show who did what, the newest first."""
    text = request.args.get("q", "").replace("\x00", "")[:200]
    page = page_asked()
    total, found = audit.lines(services().store, text, PAGE, (page - 1) * PAGE)
    return render_template(
        "administration/audit.html",
        lines=list(zip(found, named_lines(services().store, found), strict=True)),
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
    text = request.args.get("q", "").replace("\x00", "")[:200]
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
