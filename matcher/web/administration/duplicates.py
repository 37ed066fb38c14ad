"""Records that may be one organisation."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from matcher.current import services
from matcher.organisations import duplicates
from matcher.web.access import me
from matcher.web.administration.blueprint import PAGE, blueprint, only_administrators
from matcher.web.paging import count_pages, page_asked


@blueprint.get("/duplicates")
@only_administrators
def duplicate_pairs() -> ResponseReturnValue:
    """List records that may be one organisation: self-made profiles first, then the surest."""
    everything = "all" in request.args
    proposals = duplicates.proposals(services().store)
    pairs = [pair for pair in proposals if everything or not pair.sure]
    page = page_asked()
    corpus = services().corpus_provider.snapshot().corpus
    pairs_shown = pairs[(page - 1) * PAGE : page * PAGE]
    ids = {key for pair in pairs_shown for key, _name in (pair.one, pair.other)}
    shown = {key: corpus.row_of_id[key] for key in ids if key in corpus.row_of_id}
    return render_template(
        "administration/duplicates.html",
        pairs=pairs_shown,
        total=len(pairs),
        everything=everything,
        page=page,
        pages=count_pages(len(pairs), PAGE),
        places={organisation_id: corpus.place(row) for organisation_id, row in shown.items()},
        facets={
            organisation_id: len(corpus.facets_owned([row]))
            for organisation_id, row in shown.items()
        },
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
            duplicates.dismiss(store, one, other, actor=me().actor)
            flash(_("They aren't offered again."))
        else:
            flash(_("Choose which one stays, or say that they are different."))
    except duplicates.NoSuchOrganisation:
        flash(_("One of them is gone already."))
    return redirect(url_for("administration.duplicate_pairs"))
