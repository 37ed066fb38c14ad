"""Initiatives: storing, changing and deleting them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date

from matcher import audit
from matcher.domain import Initiative, Member, Question
from matcher.matching.question import DEFAULT_LIMITS, QuestionLimits, check_size
from matcher.parameters import EXPLORATORY_DIAL
from matcher.store import Store
from matcher.store.aliases import kept_ids, keys_of
from matcher.store.database import Write
from matcher.store.initiatives import (
    count_initiatives,
    delete_initiative,
    get_initiative,
    list_initiatives,
    read_initiative,
    save_initiative,
    write_initiative,
)

__all__ = [
    "InitiativeExists",
    "NoSuchInitiative",
    "UnknownMembers",
    "change",
    "check_initiative_size",
    "count_initiatives",
    "create",
    "get_initiative",
    "join",
    "leave",
    "list_initiatives",
    "question_of",
    "remove",
    "replace_initiative",
    "required",
    "save_initiative",
]


class InitiativeExists(Exception):
    """There is an initiative with that id already."""


class NoSuchInitiative(Exception):
    """There is no initiative with that id."""


class UnknownMembers(ValueError):
    """Members that aren't organisations of the store; `ids` are theirs."""

    def __init__(self, ids: Sequence[str]) -> None:
        super().__init__(f"No organisation has the id {ids[0]!r}.")
        self.ids = tuple(ids)


def required(store: Store, initiative_id: str) -> Initiative:
    """Return an initiative. Raises NoSuchInitiative."""
    initiative = get_initiative(store, initiative_id)
    if initiative is None:
        raise NoSuchInitiative(initiative_id)
    return initiative


def create(
    store: Store,
    initiative: Initiative,
    *,
    actor: str = "command",
    limits: QuestionLimits = DEFAULT_LIMITS,
) -> Initiative:
    """Store a new initiative. Raises InitiativeExists, QuestionTooLarge and UnknownMembers."""
    check_initiative_size(initiative, limits)
    with store.writing() as write:
        if read_initiative(write.session, initiative.id) is not None:
            raise InitiativeExists(initiative.id)
        audit.record(write.session, actor, "initiative.created", f"initiative:{initiative.id}")
        return _written(write, initiative)


def replace_initiative(
    store: Store,
    initiative: Initiative,
    *,
    actor: str = "command",
    limits: QuestionLimits = DEFAULT_LIMITS,
) -> tuple[Initiative, bool]:
    """Store an initiative in place of the old one; the flag says that there was none.

    Raises QuestionTooLarge and UnknownMembers.
    """
    check_initiative_size(initiative, limits)
    with store.writing() as write:
        old = read_initiative(write.session, initiative.id)
        stored = _written(write, initiative)
        if old == stored:
            write.nothing_changed()
        else:
            action = "initiative.created" if old is None else "initiative.changed"
            audit.record(write.session, actor, action, f"initiative:{initiative.id}")
        return stored, old is None


def change(
    store: Store,
    initiative_id: str,
    changed: Callable[[Initiative], Initiative],
    *,
    actor: str = "command",
    limits: QuestionLimits | None = DEFAULT_LIMITS,
) -> Initiative:
    """Change an initiative in one transaction.

    Raises NoSuchInitiative, UnknownMembers, and QuestionTooLarge where it is too large afterwards;
    without `limits` it may be of any size.
    """
    with store.writing() as write:
        old = read_initiative(write.session, initiative_id)
        if old is None:
            raise NoSuchInitiative(initiative_id)
        new = changed(old)
        if limits is not None:
            check_initiative_size(new, limits)
        stored = _written(write, new)
        if stored == old:
            write.nothing_changed()
        else:
            audit.record(write.session, actor, "initiative.changed", f"initiative:{initiative_id}")
        return stored


def join(
    store: Store,
    initiative_id: str,
    organisation_id: str,
    since: date | None = None,
    *,
    keep_since: bool = True,
    actor: str = "command",
    limits: QuestionLimits = DEFAULT_LIMITS,
) -> Initiative:
    """Make an organisation a member, or change since when it is. Raises as `change` does.

    Without a date a member keeps the date that it has, unless `keep_since` is off.
    """

    def joined(old: Initiative) -> Initiative:
        members = {member.organisation_id: member.since for member in old.members}
        members[organisation_id] = since or (members.get(organisation_id) if keep_since else None)
        return replace(old, members=tuple(Member(key, day) for key, day in members.items()))

    return change(store, initiative_id, joined, actor=actor, limits=limits)


def leave(
    store: Store, initiative_id: str, organisation_id: str, *, actor: str = "command"
) -> Initiative:
    """Let a member go; nothing happens where it isn't a member."""
    with store.reading() as session:
        gone = kept_ids(session, [organisation_id]).get(organisation_id, organisation_id)
    return change(
        store,
        initiative_id,
        lambda old: replace(
            old,
            members=tuple(member for member in old.members if member.organisation_id != gone),
        ),
        actor=actor,
        limits=None,
    )


def remove(store: Store, initiative_id: str, *, actor: str = "command") -> bool:
    """Delete an initiative; whether it was there."""
    with store.writing() as write:
        found = delete_initiative(write, initiative_id)
        if found:
            audit.record(write.session, actor, "initiative.deleted", f"initiative:{initiative_id}")
        else:
            write.nothing_changed()
        return found


def question_of(initiative: Initiative) -> Question:
    """Return the question whose answer is the match list of an initiative."""
    return Question(
        text=initiative.brief.strip(),
        needs=initiative.needs,
        members=initiative.member_ids,
        across_fields=EXPLORATORY_DIAL if initiative.exploratory else 0.0,
    )


def check_initiative_size(initiative: Initiative, limits: QuestionLimits) -> None:
    """Raise QuestionTooLarge where an initiative is larger than a question may be."""
    check_size(initiative.brief, initiative.needs, initiative.members, limits, "brief")


def _written(write: Write, initiative: Initiative) -> Initiative:
    """Write an initiative; members that were merged are stored under the id that remains.

    Raises UnknownMembers.
    """
    ids = initiative.member_ids
    known = keys_of(write.session, ids)
    unknown = [key for key in ids if key not in known]
    if unknown:
        raise UnknownMembers(unknown)
    present_ids = kept_ids(write.session, ids)
    members: dict[str, date | None] = {}
    for member in initiative.members:
        present_id = present_ids.get(member.organisation_id, member.organisation_id)
        members[present_id] = member.since or members.get(present_id)
    initiative = replace(
        initiative, members=tuple(Member(key, since) for key, since in members.items())
    )
    write_initiative(write, initiative)
    return initiative
