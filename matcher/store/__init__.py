"""The store: SQLAlchemy models, sessions, migrations. SQLite by default, PostgreSQL by URL."""

from matcher.store.database import PATIENT, Revision, SchemaError, Store, StoreLimits, Write

__all__ = ["PATIENT", "Revision", "SchemaError", "Store", "StoreLimits", "Write"]
