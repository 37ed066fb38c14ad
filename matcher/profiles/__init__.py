"""Profiles that companies keep themselves, without an account."""
