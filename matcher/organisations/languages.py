"""The language of what organisations state, where they don't say it themselves."""

from __future__ import annotations

from dataclasses import replace

from embeddings.language import detect_language
from matcher.domain import Facet, Organisation


def with_languages(organisation: Organisation) -> Organisation:
    """Return an organisation whose offers and needs have their language."""
    return replace(
        organisation,
        offers=tuple(with_language(facet) for facet in organisation.offers),
        needs=tuple(with_language(facet) for facet in organisation.needs),
    )


def with_language(facet: Facet) -> Facet:
    """Return a facet with the language of its text; None stays where it can't be detected."""
    if facet.language is not None:
        return facet
    return replace(facet, language=detect_language(facet.embedded_text))
