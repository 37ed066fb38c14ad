"""Text to vectors: encoders, language detection. Knows no organisation and no Flask."""
