"""The features of the score, one a file: what each measures, its range and its source.

Each is a function from candidates to an array (c,) from 0 to 1. `compute_features` in
`matcher.matching.score` calls them; `matcher.models.weights` says what each counts.
"""
