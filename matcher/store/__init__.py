"""The store: SQLAlchemy models, sessions, migrations. SQLite by default, PostgreSQL by URL."""

from matcher.store.database import Revision, Store, Write

__all__ = ["Revision", "Store", "Write"]
