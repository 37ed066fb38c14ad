"""A question as a pipeline: understand, retrieve, score, rerank, explain."""
