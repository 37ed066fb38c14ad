"""The pages anybody can see: the form, the matches, organisations."""

from __future__ import annotations

import json
from dataclasses import replace
from urllib.parse import urlencode

from apiflask import APIBlueprint, abort
from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from matcher.corpus.corpus import Corpus
from matcher.current import services
from matcher.domain import Need, NeedLevel, Question, Stage
from matcher.insights.browse import browse as browse_organisations
from matcher.matching.answer import Answer
from matcher.matching.question import serialise
from matcher.matching.sentences import in_language
from matcher.needs.resolve import Source
from matcher.organisations import actions as organisations
from matcher.profiles.profiles import visible_contact
from matcher.store.initiatives import get_initiative, list_initiatives
from matcher.web.access import may, who
from matcher.web.browse import TITLES, address_of, filters_from, names_of
from matcher.web.filter_chips import chips_of
from matcher.web.forms import (
    MatchForm,
    left_out,
    longer_than,
    need_rows,
    needs_in_address,
    rows_of,
)
from matcher.web.maps import map_of
from matcher.web.messages import translated
from matcher.web.paging import count_pages, page_asked
from matcher.web.profile_session import current_profile

blueprint = APIBlueprint("pages", __name__, enable_openapi=False)
PAGE = 30
MAX_ADDRESS_LENGTH = 6_000
"""Longer questions can't be shared: servers on the way may cut their address."""


@blueprint.get("/")
def home() -> ResponseReturnValue:
    """Show the form."""
    return _home(MatchForm.asked(request.args) if request.args.get("text") else MatchForm())


def _home(form: MatchForm) -> str:
    corpus = services().corpus_provider.snapshot().corpus
    initiatives = list_initiatives(services().store)
    return render_template(
        "home.html",
        form=form,
        levels=list(NeedLevel),
        stages=list(Stage),
        organisations=corpus.organisation_count,
        facets=corpus.facet_count,
        initiatives=[one for one in initiatives if one.open or may("member")][:6],
    )


@blueprint.post("/matches")
def matches_sent() -> ResponseReturnValue:
    """Lead to the address that asks what the form asks, so that it can be kept and shared."""
    form = _sent()
    if not form.validate() or _question(form) is None:
        return _home(form), 422
    address = _address(form)
    return redirect(address, 303) if address else _matches(form)


def _question(form: MatchForm) -> Question | None:
    return form.question(services().corpus_provider.snapshot().corpus, services().limits)


def _sent() -> MatchForm:
    form = MatchForm()
    form.rows, form.without = need_rows(request.form), left_out(request.form)
    return form


def again() -> str:
    """Show the form as it was sent."""
    return _home(_sent())


@blueprint.get("/matches")
def matches() -> ResponseReturnValue:
    """Answer a question that stands in the address; without one, show the form."""
    form = MatchForm.asked(request.args)
    if not set(request.args) - {"lang"}:
        return _home(MatchForm())
    if not form.validate():
        return _home(form), 422
    return _matches(form)


def _address(
    form: MatchForm, *more: tuple[str, str], without: tuple[str, str] = ("", "")
) -> str | None:
    """Return the address that asks what the form asks, and more or less; None if too long."""
    return question_address([part for part in [*form.address(), *more] if part != without])


def question_address(parts: list[tuple[str, str]]) -> str | None:
    """Return the address that asks what these parameters ask; None where it is too long."""
    address = url_for("pages.matches") + "?" + urlencode(parts)
    return address if len(address) <= MAX_ADDRESS_LENGTH else None


def _matches(form: MatchForm) -> ResponseReturnValue:
    corpus = services().corpus_provider.snapshot().corpus
    question = _question(form)
    if question is None:
        return _home(form), 422
    form.gather()
    found = services().recommender.recommend(_without_own(corpus, question))
    answer = in_language(found, translated)
    read = read_needs(answer)
    address = _address(form)
    page = render_template(
        "matches.html",
        form=form,
        question=question,
        answer=answer,
        members={one: _named(corpus, one) for one in question.members},
        left_out=[
            (name, one, _named(corpus, one), _address(form, without=(name, one)))
            for name, ids in (("exclude", question.exclude), ("unlike", question.unlike))
            for one in ids
        ],
        longer=[
            (length, further)
            for length in longer_than(form.shown, answer.total)
            if (further := _address(form, ("show", str(length)), without=("show", str(form.shown))))
        ],
        chips=list(chips_of(answer.suggested_filters, form.address(), question_address)),
        leave_out=lambda name, one: _address(form, (name, one)),
        share=services().settings.public_url + address if address else None,
        needs=answer.needs.items if answer.needs else (),
        read=rows_of(read),
        use_read=_address(form, *needs_in_address(rows_of(read))) if read else None,
        map=map_of(answer.results),
        levels=list(NeedLevel),
        stages=list(Stage),
        keep_question=json.dumps(serialise(question)),
        keep_name=question.text[:60],
    )
    return page, 200, {"X-Robots-Tag": "noindex"}


def _without_own(corpus: Corpus, question: Question) -> Question:
    """Return the question without the company whose profile is open, and without its competitors.

    It looks for others, and is never proposed together with them.
    """
    own = current_profile()
    if own is None or own.organisation.id not in corpus.row_of_id:
        return question
    rivals = (one for one in own.organisation.competitors if one in corpus.row_of_id)
    return replace(question, exclude=(*question.exclude, own.organisation.id, *rivals))


def read_needs(answer: Answer) -> list[Need]:
    """Return the needs that were read from the text of a question, to be edited."""
    if answer.needs is None or answer.needs.source is not Source.BRIEF:
        return []
    return [
        Need(need.text, need.level, need.weight, need.stage, need.due)
        for need in answer.needs.items
    ]


def _named(corpus: Corpus, organisation_id: str) -> str:
    return corpus.names[corpus.row_of_id[organisation_id]]


@blueprint.get("/initiatives")
def initiatives() -> ResponseReturnValue:
    """List the initiatives by name."""
    found = [one for one in list_initiatives(services().store) if one.open or may("member")]
    return render_template("initiatives.html", initiatives=found)


@blueprint.get("/initiatives/<initiative_id>")
def initiative(initiative_id: str) -> ResponseReturnValue:
    """Show an initiative: its members, what they cover, and the missing link."""
    found = get_initiative(services().store, initiative_id)
    if found is None or not (found.open or may("member")):
        abort(404, _("There is no such initiative."))
    corpus = services().corpus_provider.snapshot().corpus
    members = [
        (corpus.organisation(corpus.row_of_id[one.organisation_id]), one.since)
        for one in found.members
        if one.organisation_id in corpus.row_of_id
    ]
    report = services().initiatives.gaps(initiative_id)
    return render_template("initiative.html", initiative=found, members=members, report=report)


@blueprint.get("/organisations")
def browse() -> ResponseReturnValue:
    """List organisations by name, with text search and counts of what can be picked."""
    domains = services().insights.subjects().domains
    wanted = filters_from(request.args, domains)
    page = page_asked()
    snapshot, ids = services().corpus_provider.snapshot(), [one.id for one in domains]
    found = browse_organisations(snapshot, services().store, ids, wanted, PAGE, (page - 1) * PAGE)
    return render_template(
        "organisations.html",
        wanted=wanted,
        found=found,
        page=page,
        pages=count_pages(found.total, PAGE),
        titles=TITLES,
        names=names_of(domains),
        address=lambda page=1, **changed: address_of(wanted, page, **changed),
    )


@blueprint.get("/organisations/<organisation_id>")
def organisation(organisation_id: str) -> ResponseReturnValue:
    """Show an organisation with offers, needs, past projects and partners."""
    found = organisations.get(services().store, organisation_id)
    if found is None:
        abort(404, _("There is no such organisation."))
    projects = organisations.evidence(services().store, organisation_id)
    corpus = services().corpus_provider.snapshot().corpus
    together: dict[str, int] = {}
    for _facet, owners in projects:
        for owner in owners:
            if owner.organisation_id != organisation_id:
                together[owner.organisation_id] = together.get(owner.organisation_id, 0) + 1
    ordered = sorted(together.items(), key=lambda one: (-one[1], one[0]))[:24]
    partners = [
        (corpus.organisation(corpus.row_of_id[who]), count)
        for who, count in ordered
        if who in corpus.row_of_id
    ]
    return render_template(
        "organisation.html",
        one=found,
        projects=projects,
        partners=partners,
        more=len(together),
        contact=visible_contact(services().store, found.id, who()),
    )
