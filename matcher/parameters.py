"""Every constant that moves a match list, with its origin; docs/parameters.md is made from this.

`python -m benchmarks.parameters` prints the table. Weights that are fitted on a corpus's own
history are in `matcher.models.weights`. The encoders' own constants are with the encoders, those of
reading needs from a brief in `matcher.needs.extraction`, those of teams in
`matcher.initiatives.team`.
"""

from __future__ import annotations

MAX_CANDIDATES = 2_000
"""Organisations that are scored for one question. Origin: bounds the cost; on six families of real
records the first twenty are those of exhaustive scoring (benchmarks.ablation)."""
NEIGHBOURS = 200
"""Nearest facets that vote on a text, in each view. Origin: 50, 100 and 200 compared on two
families."""
SHARPNESS = 2.0
"""The power to which a similarity is raised to be a vote. Origin: 1, 2, 4 compared on two
families."""
MIN_SIMILARITY = 0.05
"""Less similar texts don't vote, and meet no need. Origin: below it, pairs of unrelated texts."""
MIN_VOTES = 0.1
"""Votes are scaled by the strongest sum, but by no less than this. Origin: sums for nonsense."""
HOUSE_SHARE = 0.5
"""Who takes part in more than this share of all past projects is the house that they come from.
Origin: most of them; in six families of real records nobody does."""
HOUSE_PROJECTS = 10
"""From fewer past projects nobody is told to be the house. Origin: a choice."""
NEED_NEIGHBOURS = 1_000
"""Facets that are compared with each need, in each view. Origin: bounds the cost."""
RANK_FUSION = 60.0
"""How sources of candidates are merged where they found too many. Origin: Cormack, Clarke and
Büttcher, 2009, Reciprocal rank fusion."""
MENTIONED = 0.5
"""A text mentions an organisation from this confidence on. Origin: half of the letters of its
name."""
MAX_ACRONYM = 4
"""A name of one word up to so many letters counts only as it is written, or in capitals. Origin: a
definition; shorter words in small letters are words of some language more often than names."""
MIN_NAME_PART = 6
"""Letters of a single word that stands for a long name, such as Fraunhofer. Origin: a
definition."""
MAX_HOMONYMS = 5
"""A spelling that more organisations have tells nobody apart. Origin: a definition."""
MAX_NAMES_OF_WORD = 1_000
"""A word in more names than this alone finds nobody. Origin: bounds the cost; below 1,000
organisations it leaves nobody out."""
MAX_LIKELY_PARTNERS = 20
"""Organisations that stand in for members where none are given. Origin: about one consortium."""
CROWDING = 0.5
"""A past project of n partners counts n to the power of minus this for each pair of them. Origin:
between each pair alike (0) and each project alike (1)."""
HALF_COLLABORATION = 0.5
"""The strength of collaboration that is worth half. Origin: one shared project of four partners."""
EVIDENCE_FOR_OFFER = 0.7
"""A past project shows that much less surely than a stated offer that a need is met. Origin: judged
pairs hold offers only; set by hand, to be fitted when feedback on matches is there."""
NICE_TO_HAVE = 0.5
"""What a nice-to-have counts beside a must. Origin: a definition, stated on the form."""
COMPLEMENT_DIAL = 0.2
"""Share of the score for what an organisation adds to the members. Origin: docs/complement.md."""
MIN_GAIN = 0.1
"""Complement is scaled by the largest gain in coverage, but by no less than this. Origin: a tenth
of all that is needed."""
SIMILARITY_DIAL = 0.3
"""How far look-alikes of members go down. Origin: docs/complement.md; no figure depends on it."""
SIMILAR = 0.5
"""Profiles are look-alikes from this similarity on. Origin: half of profiles of one field."""
EXPLORATORY_DIAL = 0.3
"""The dial across fields for initiatives that explore. Origin: a choice; 0 for all others."""
LONG_TAIL_FROM = 50
"""The first places go by score alone. Origin: 0, 25, 50 compared; below, hits are lost."""
LONG_TAIL_PROJECTS = 2
"""With at most so many past projects an organisation is in the long tail. Origin: the definition of
rare partners in the evaluation."""
STRONG_FIT = 0.5
"""From this probability on somebody does what is asked, or a need is covered. Origin: likelier than
not."""
POSSIBLE_FIT = 0.25
"""From this probability on somebody is worth asking, is named as meeting a need, and counts as
covering a part of it. Origin: of questions that somebody answers some 5 % have nobody above it
(benchmarks.fit)."""
COMPANY_PLACES = 0.8
"""Of the first places companies get the share that they have in the past projects that vote, times
this, rounded down. Origin: .5, .65, .8 and 1 compared on five families; .8 costs .003 of nDCG@10 on
the mean, and makes companies as frequent as they are among true partners."""
COMPANY_PLACES_UP_TO = 10
"""So many places are the first. Origin: a definition, that of nDCG@10."""
