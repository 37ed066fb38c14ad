"""What a new record of an organisation changes in the one that is stored."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import fields, replace
from typing import Any

from sqlalchemy.orm import Session

from matcher.domain import Organisation, OrganisationType, Place
from matcher.store.aliases import kept_ids
from matcher.store.facets import facet_content
from matcher.store.organisation_rows import load_organisations

PRIVATE = frozenset({"contact", "competitors"})
"""What a public profile doesn't show, so whoever sends a profile may not know it."""
_PARTLY_KNOWN = (
    "short_name",
    "size",
    "sme",
    "sectors",
    "languages",
    "website",
    "description",
)
"""What a source that knows only a part of an organisation leaves as it is, where it is silent."""
_PLACE = tuple(field.name for field in fields(Place))


def pending_organisations(
    session: Session,
    organisations: Iterable[Organisation],
    *,
    with_facets: bool = True,
    keep: Collection[str] = PRIVATE,
) -> list[tuple[Organisation | None, Organisation]]:
    """Return what `save_organisations` would write: (as stored, as it would be).

    None stands for one that isn't stored yet; those that would stay as they are aren't there.
    """
    given = _under_kept_ids(session, organisations, with_facets=with_facets)
    known = load_organisations(session, given)
    pending: list[tuple[Organisation | None, Organisation]] = []
    for organisation in given.values():
        old = known.get(organisation.id)
        new = organisation
        if old is not None:
            new = completed(old, organisation, with_facets=with_facets, keep=keep)
            if _stated(new) == _stated(old):
                continue
        pending.append((old, new))
    return pending


def _under_kept_ids(
    session: Session, organisations: Iterable[Organisation], *, with_facets: bool
) -> dict[str, Organisation]:
    """Return the organisations by the id to store them under.

    A whole profile of a merged one is one of the organisation kept; what knows only a part, such
    as a list of participants, doesn't rename it.
    """
    given = {organisation.id: organisation for organisation in organisations}
    named = {name for organisation in given.values() for name in organisation.competitors}
    today = kept_ids(session, named)
    for organisation in list(given.values()):
        competitors = dict.fromkeys(today.get(name, name) for name in organisation.competitors)
        given[organisation.id] = replace(organisation, competitors=tuple(competitors))
    for old, kept in kept_ids(session, given).items():
        merged = given.pop(old)
        if with_facets and kept not in given:
            given[kept] = replace(merged, id=kept)
    return given


def completed(
    old: Organisation, new: Organisation, *, with_facets: bool, keep: Collection[str]
) -> Organisation:
    """Return a new record with what is stored where it may stay.

    Of what is in `keep` the stored value stays where the new record has none. With
    `with_facets=False` the source knows only a part: every stored value stays where the new record
    has none, and so do offers and needs.
    """
    place = replace(new.place, **_absent(old.place, new.place, keep))
    new = replace(new, **_absent(old, new, keep), place=place)
    if with_facets:
        return new
    return replace(
        new,
        **_absent(old, new, _PARTLY_KNOWN),
        type=old.type if new.type is OrganisationType.OTHER else new.type,
        place=replace(place, **_absent(old.place, place, _PLACE)),
        offers=old.offers,
        needs=old.needs,
    )


def _absent(
    old: Organisation | Place, new: Organisation | Place, names: Collection[str]
) -> dict[str, Any]:
    """Return the stored values of those of the fields in which the new record has none."""
    return {
        field.name: getattr(old, field.name)
        for field in fields(old)
        if field.name in names and getattr(new, field.name) in (None, (), "")
    }


def _stated(organisation: Organisation) -> Organisation:
    """Return what is stated: without ids of facets and detected languages."""
    return replace(
        organisation,
        offers=tuple(facet_content(facet) for facet in organisation.offers),
        needs=tuple(facet_content(facet) for facet in organisation.needs),
    )
