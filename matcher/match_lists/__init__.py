"""Saved match lists: entries, versions, exports and links to share."""
