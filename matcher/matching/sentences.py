"""The sentence of each reason: one piece of code for pages, API and commands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from matcher.matching.answer import (
    NOTICES,
    Answer,
    FitLabel,
    Match,
    Notice,
    Reason,
    ReasonKind,
)
from matcher.messages import Message, say
from matcher.presenters import FacetBrief, shortened

MAX_NEED_LENGTH = 110
"""Characters of a need in a sentence."""
MAX_TITLE_LENGTH = 120
"""Characters by which a past project is called in a sentence."""


def sentence_of(reason: Reason, *, with_members: bool) -> Message:
    """Return why an organisation is on the list, or why it isn't higher, as a sentence.

    `with_members` says whether members are given; otherwise likely partners stand in for them.
    """
    about = ", ".join(reason.about)
    match reason.kind:
        case ReasonKind.OFFER:
            return _by_fit(say("Its offer"), reason)
        case ReasonKind.PROJECT:
            return _by_fit(say("Its past project %(project)s", project=_project(reason)), reason)
        case ReasonKind.COLLABORATION:
            names = ", ".join(reason.with_members)
            return say(
                "It worked with %(names)s in the project %(project)s.",
                names=names,
                project=_project(reason),
            )
        case ReasonKind.MENTION:
            words = _quoted(" ".join(reason.mentioned))
            if reason.need is None:
                return say("The text names it: %(words)s.", words=words)
            return say("The need %(need)s names it: %(words)s.", need=_need(reason), words=words)
        case ReasonKind.NEED:
            return say("It gains too: %(name)s meets a need of its own.", name=about)
        case ReasonKind.AFFILIATION:
            shared = ", ".join(reason.shared)
            if with_members:
                return say("Shares %(words)s with %(name)s, who is in.", words=shared, name=about)
            return say(
                "Shares %(words)s with %(name)s, who may well take part.", words=shared, name=about
            )
        case ReasonKind.SIMILARITY:
            return say("Is like %(name)s, who is in.", name=about)
        case ReasonKind.UNWANTED:
            return say("It does what is ruled out rather than what is asked for.")


def _by_fit(subject: Message, reason: Reason) -> Message:
    """Return how an offer or past project fits what is asked, or a certain need."""
    fit = reason.fit
    if reason.need is None:
        if fit is FitLabel.STRONG:
            return say("%(subject)s meets what is asked for.", subject=subject)
        if fit is FitLabel.POSSIBLE:
            return say("%(subject)s may meet what is asked for.", subject=subject)
        return say(
            "%(subject)s has something in common with what is asked for, but hardly meets it.",
            subject=subject,
        )
    need = _need(reason)
    if fit is FitLabel.STRONG:
        return say("%(subject)s meets the need %(need)s.", subject=subject, need=need)
    if fit is FitLabel.POSSIBLE:
        return say("%(subject)s may meet the need %(need)s.", subject=subject, need=need)
    return say(
        "%(subject)s has something in common with the need %(need)s, but hardly meets it.",
        subject=subject,
        need=need,
    )


def _need(reason: Reason) -> Message:
    return _quoted(shortened(reason.need or "", MAX_NEED_LENGTH))


def _quoted(text: str) -> Message:
    return say("“%(text)s”", text=text)


def _project(reason: Reason) -> Message:
    """Return what a past project is called: its title, or how it begins, and its year."""
    facet = reason.facet
    if facet is None:
        raise ValueError("a past project is quoted")
    title = project_name(facet)
    if facet.year is None:
        return _quoted(title)
    return say("“%(title)s” (%(year)s)", title=title, year=facet.year)


def project_name(facet: FacetBrief) -> str:
    """Return the title of a past project, or how it begins."""
    return shortened(facet.title or facet.text, MAX_TITLE_LENGTH)


def with_sentence(
    reason: Reason, *, with_members: bool, translate: Callable[[Message], str] = str
) -> Reason:
    """Return a reason with its sentence, in English unless it is translated."""
    return replace(reason, sentence=translate(sentence_of(reason, with_members=with_members)))


def in_language(answer: Answer, translate: Callable[[Message], str]) -> Answer:
    """Return an answer with its notices and the sentences of its reasons translated."""
    mix = answer.partner_mix
    with_members = mix is not None and mix.members.count > 0

    def translated(match: Match) -> Match:
        reasons = (
            with_sentence(reason, with_members=with_members, translate=translate)
            for reason in match.reasons
        )
        return replace(match, reasons=tuple(reasons))

    return replace(
        answer,
        notices=tuple(Notice(one.code, translate(NOTICES[one.code])) for one in answer.notices),
        results=tuple(map(translated, answer.results)),
    )
