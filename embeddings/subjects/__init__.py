"""Classifies texts by domain and societal challenge."""

from embeddings.subjects.subjects import Subject, Subjects

__all__ = ["Subject", "Subjects"]
