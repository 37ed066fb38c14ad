"""Tools that are run once, by hand: making the shipped tables and converting models."""
