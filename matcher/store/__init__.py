"""The store: SQLAlchemy models, sessions, migrations. SQLite by default, PostgreSQL by URL."""

from matcher.store.database import Point, Store, Write

__all__ = ["Point", "Store", "Write"]
