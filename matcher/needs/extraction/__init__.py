"""A brief in prose, in Dutch, French, German or English, split into the needs that it names.

Rules only, so that the same brief gives the same needs and a person can see why. The steps:

1. `sentences`: a text becomes sentences, which know what headings and opening lines say of them;
2. `clauses`: a sentence is cut where both sides have substance, and each clause gets its stage, its
   cues, and whether what it names is lacking or present;
3. `needs`: clauses that ask for something become needs, in the words of the brief.

`asked` takes courtesies from a question. `vocabulary`, with `stages.tsv`, says which words tell of
a stage and which are cues.
"""

from matcher.needs.extraction.courtesies import what_is_asked
from matcher.needs.extraction.extract import needs_of
from matcher.needs.extraction.vocabulary import stage_of

__all__ = ["needs_of", "stage_of", "what_is_asked"]
