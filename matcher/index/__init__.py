"""Nearest-neighbour search: the port, its adapters (exact, FAISS, layered), and generations."""
