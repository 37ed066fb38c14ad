"""From text to vectors: encoders, lexicon, subjects, language detection.

Nothing here knows organisations or Flask.
"""
