"""Filters that the text of a question speaks of: which are applied, and which are offered."""

from __future__ import annotations

from dataclasses import replace

from matcher.domain import Filters, Question
from matcher.matching.answer import SuggestedFilter
from matcher.needs.wishes import Wish, excluding, wishes_of


def with_text_filters(question: Question) -> Question:
    """Return a question that filters out the places and types that its text excludes.

    Not where the question says that it shouldn't.
    """
    wishes = wishes_of(question.text.strip()) if question.text_filters else ()
    if not any(wish.excludes for wish in wishes):
        return question
    return replace(question, filters=excluding(question.filters, wishes))


def suggested_filters(question: Question) -> tuple[SuggestedFilter, ...]:
    """Return the filters that the text of a question speaks of."""
    filters = with_text_filters(question).filters
    return tuple(
        SuggestedFilter(
            wish.field, wish.value, wish.text, _is_applied(filters, wish), wish.excludes
        )
        for wish in wishes_of(question.text.strip())
    )


def _is_applied(filters: Filters, wish: Wish) -> bool:
    if wish.field == "size":
        return filters.sme_only
    if wish.field == "type":
        return bool(filters.types) and (wish.value in filters.types) is not wish.excludes
    if wish.field == "country":
        return wish.value in (filters.not_countries if wish.excludes else filters.countries)
    return wish.value in (filters.not_regions if wish.excludes else filters.regions)
