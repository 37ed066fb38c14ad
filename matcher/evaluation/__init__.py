"""How good the matches are: queries with known answers, metrics, fitting, the report."""
