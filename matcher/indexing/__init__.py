"""Building an index: encoder, vectors, fitted models and findings, published at once."""
