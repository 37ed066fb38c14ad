"""Initiatives: their needs and members, gaps, teams, roadmap and advice."""
