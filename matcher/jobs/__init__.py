"""Background jobs: started by any process, run by one, taken up again when a worker dies."""
