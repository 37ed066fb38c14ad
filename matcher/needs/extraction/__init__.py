"""Extracts needs from a brief in Dutch, French, German or English, by rules.

The same brief always gives the same needs, and a person can see why. The steps:

1. `sentences` splits a text into sentences and list items, with the cues of their headings;
2. `segments` cuts a sentence, parsed by `parsed_sentence`, into clauses; `states` finds whether
   what they name is lacking or present; `clauses` puts this together with their stages and cues;
3. `extract` selects the clauses that ask for something, and turns them into needs.

`courtesies` strips greetings and the like from a question. `vocabulary`, with `stages.tsv`, has the
words of stages and cues; `stage_scores` finds the stage of some words.

All of it takes time linear in the length of a text: questions come from anybody.
"""

from matcher.needs.extraction.courtesies import strip_courtesies
from matcher.needs.extraction.extract import extract_needs
from matcher.needs.extraction.stage_scores import stage_of

__all__ = ["extract_needs", "stage_of", "strip_courtesies"]
