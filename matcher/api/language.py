"""The language of the sentences in answers: asked for by `lang` or Accept-Language."""

from __future__ import annotations

from typing import Literal

from flask import Response, request
from flask_babel import force_locale
from pydantic import Field

from matcher.api.responses import answer
from matcher.matching.answer import Answer
from matcher.matching.sentences import in_language
from matcher.validation import Strict
from matcher.web.messages import translated

Language = Literal["en", "nl", "fr", "de"]
LANGUAGES: tuple[Language, ...] = ("en", "nl", "fr", "de")
"""English first: it is for those who ask for none."""


class LanguageIn(Strict):
    """In which language the sentences are."""

    lang: Language | None = Field(
        default=None,
        description="Language of notices and of the sentences of reasons. Left out: that of the "
        "header Accept-Language, else English.",
    )


def matches_answer(found: Answer, lang: Language | None) -> Response:
    """Return a response that holds a match list, its sentences in the language asked for."""
    language = lang or request.accept_languages.best_match(LANGUAGES) or LANGUAGES[0]
    with force_locale(language):
        response = answer(in_language(found, translated))
    response.headers["Content-Language"] = language
    if lang is None:
        response.vary.add("Accept-Language")
    return response
