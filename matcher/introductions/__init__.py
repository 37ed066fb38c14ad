"""Introductions between organisations, and what came of them."""
