"""Schakel: finds who brings what a cluster initiative still lacks."""
