"""Reads from a brief in Dutch, French, German or English what is asked for and what isn't wanted.

1. `pieces` cuts a text into pieces of a clause at most;
2. `labels` labels them in two stages with fitted models (arrays in `data`, read by `data_files`):
   first by words and cues (`piece_features`, `chain`) and by vectors, then by what is around each
   piece (`piece_context`, `label_rules`);
3. `reading` makes needs of what is asked;
4. `extract` puts this together. A text in which nothing is asked, such as a programme, is read by
   rules: `sentences`, `segments`, `parsed_sentence`, `states` and `clauses`.

`exclusions` finds what a question excludes. `courtesies` strips that, and greetings, from it;
`lead_ins` has its words.
`cues.txt` has the cues of the model; `vocabulary`, with `stages.tsv`, those of the rules and the
words of stages; `stage_scores` finds the stage of some words.

All of it takes time linear in the length of a text: questions come from anybody.
"""

from matcher.needs.extraction.courtesies import strip_courtesies, without_closing
from matcher.needs.extraction.exclusions import Exclusion, exclusions_of, without_exclusions
from matcher.needs.extraction.extract import BriefReading, extract_needs, read
from matcher.needs.extraction.stage_scores import stage_of

__all__ = [
    "BriefReading",
    "Exclusion",
    "exclusions_of",
    "extract_needs",
    "read",
    "stage_of",
    "strip_courtesies",
    "without_closing",
    "without_exclusions",
]
