"""Profiles that companies own and edit themselves, without an account."""
