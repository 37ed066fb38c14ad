"""Background jobs: the queue, the registry, running and resuming."""
