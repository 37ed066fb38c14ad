"""Alembic's entry: runs on the connection that Store.upgrade hands over."""

from alembic import context

from matcher.store import account_tables  # noqa: F401
from matcher.store.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
