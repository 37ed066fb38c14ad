"""What the corpus as a whole tells: strengths, overlaps, unrealised matches, browsing."""
