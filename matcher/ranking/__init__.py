"""Votes, score parts, filters, metrics: pure functions over arrays and ids."""
