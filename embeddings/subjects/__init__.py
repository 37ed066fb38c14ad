"""Which domains and societal challenges a text, its topics and stated sectors speak of."""

from embeddings.subjects.subjects import Subject, Subjects

__all__ = ["Subject", "Subjects"]
