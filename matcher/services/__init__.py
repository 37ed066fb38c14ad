"""What a user can ask for. No Flask here."""
