"""Reading files into organisations and projects: parsing and validation only, no database."""
