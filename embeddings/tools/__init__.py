"""Tools that are run by hand: fitting the shipped data files, and converting models."""
