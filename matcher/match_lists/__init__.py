"""Match lists: a question whose answers are stored, followed up, compared, shared and exported."""
