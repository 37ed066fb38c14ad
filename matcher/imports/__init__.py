"""Files of records: reading, checking, previewing, storing and taking back."""
