"""The nearest-neighbour port and its adapters: exact, FAISS, layers, generations."""
