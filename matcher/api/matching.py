"""/api/v1/recommendations: the question that the service is made for."""

from __future__ import annotations

from flask.typing import ResponseReturnValue

from matcher.api.blueprint import blueprint
from matcher.api.conversion import question_from
from matcher.api.language import LanguageIn, matches_answer
from matcher.api.responses import schema_of
from matcher.api.schemas import QuestionIn
from matcher.current import services
from matcher.matching.answer import Answer

EXAMPLE = {
    "text": "We want to turn potato peels into biodegradable packaging",
    "needs": [{"text": "extrusion of bioplastics at pilot scale", "level": "must"}],
    "filters": {"types": ["company"], "countries": ["BE"]},
    "limit": 10,
}


@blueprint.post("/recommendations")
@blueprint.input(QuestionIn, example=EXAMPLE)
@blueprint.input(LanguageIn, location="query")
@blueprint.output(schema_of(Answer))
@blueprint.doc(
    summary="Recommend partners",
    description="Ranked organisations with score parts that add up to the score, and reasons, each "
    "with a sentence in Dutch, French, German or English.",
)
def recommendations(json_data: QuestionIn, query_data: LanguageIn) -> ResponseReturnValue:
    """Answer a question."""
    found = services().recommender.recommend(question_from(json_data))
    return matches_answer(found, query_data.lang)
