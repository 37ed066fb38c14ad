"""Running the service: backups, a check of everything it needs, and what is deleted by time."""
