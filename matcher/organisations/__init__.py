"""Organisations: storing, changing, merging and deleting them."""
