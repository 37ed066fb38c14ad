"""The store: SQLAlchemy models, sessions, migrations. SQLite by default, PostgreSQL by URL."""

from matcher.store.database import Store, Write

__all__ = ["Store", "Write"]
