"""Reading, writing and deleting single organisations."""

from __future__ import annotations

from collections.abc import Collection

from matcher import audit
from matcher.domain import Facet, Organisation, OrganisationType, Participation
from matcher.organisations.languages import with_languages
from matcher.store import Store
from matcher.store.organisation_rows import load_organisations
from matcher.store.organisation_search import search_organisations
from matcher.store.organisations import delete_organisation, get_organisation, save_organisation
from matcher.store.projects import evidence_of


class Exists(Exception):
    """There is an organisation with that id already."""


def get(store: Store, organisation_id: str) -> Organisation | None:
    """Return an organisation with offers and needs, or None."""
    with store.reading() as session:
        return get_organisation(session, organisation_id)


def search(
    store: Store,
    text: str,
    kind: OrganisationType | None,
    country: str | None,
    limit: int,
    offset: int,
) -> tuple[int, list[Organisation]]:
    """Return how many organisations fit, and one page of them by name."""
    with store.reading() as session:
        return search_organisations(
            session, text, type=kind, country=country, limit=limit, offset=offset
        )


def create(store: Store, organisation: Organisation, *, actor: str = "command") -> Organisation:
    """Store a new organisation. Raises Exists when its id is taken."""
    with store.writing(organisation.embedded_texts) as write:
        if get_organisation(write.session, organisation.id) is not None:
            raise Exists(organisation.id)
        save_organisation(write, with_languages(organisation), keep=())
        audit.record(write.session, actor, "organisation.created", _subject(organisation.id))
        stored = get_organisation(write.session, organisation.id)
    assert stored is not None
    return stored


def replace_organisation(
    store: Store, organisation: Organisation, *, keep: Collection[str], actor: str = "command"
) -> tuple[Organisation, bool]:
    """Store an organisation in the stead of what was there; the flag says it is new.

    What is in `keep`, out of PRIVATE, stays where the new record has none.
    """
    with store.writing(organisation.embedded_texts) as write:
        fresh = get_organisation(write.session, organisation.id) is None
        changed = save_organisation(write, with_languages(organisation), keep=keep)
        stored = get_organisation(write.session, organisation.id)
        if changed:
            action = "organisation.created" if fresh else "organisation.changed"
            audit.record(write.session, actor, action, _subject(organisation.id))
        else:
            write.nothing_changed()
    assert stored is not None
    return stored, fresh


def remove(store: Store, organisation_id: str, *, actor: str = "command") -> bool:
    """Delete an organisation; whether it was there."""
    with store.writing() as write:
        found = delete_organisation(write, organisation_id)
        if found:
            audit.record(write.session, actor, "organisation.deleted", _subject(organisation_id))
        else:
            write.nothing_changed()
        return found


def _subject(organisation_id: str) -> str:
    return f"organisation:{organisation_id}"


def evidence(store: Store, organisation_id: str) -> list[tuple[Facet, list[Participation]]]:
    """Return its past projects, newest first, each with all its owners."""
    with store.reading() as session:
        return evidence_of(session, organisation_id)


def names(store: Store, ids: set[str]) -> dict[str, str]:
    """Return the names of organisations by id."""
    with store.reading() as session:
        return {
            organisation.id: organisation.name
            for organisation in load_organisations(session, ids).values()
        }
