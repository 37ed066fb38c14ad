"""Competitors, and since when a member is in"""

from collections.abc import Callable
from typing import Any

from alembic import op
import sqlalchemy as sa


revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None

INITIATIVE = sa.table('initiative', sa.column('id', sa.String), sa.column('members', sa.JSON))


def upgrade() -> None:
    with op.batch_alter_table('organisation', schema=None) as batch_op:
        batch_op.add_column(sa.Column('competitors', sa.JSON(), server_default='[]', nullable=False))
    with op.batch_alter_table('initiative', schema=None) as batch_op:
        batch_op.add_column(
            sa.Column('exploratory', sa.Boolean(), server_default=sa.false(), nullable=False)
        )
    _rewrite(lambda one: {'id': one, 'since': None} if isinstance(one, str) else one)


def downgrade() -> None:
    _rewrite(lambda one: one['id'])
    with op.batch_alter_table('initiative', schema=None) as batch_op:
        batch_op.drop_column('exploratory')
    with op.batch_alter_table('organisation', schema=None) as batch_op:
        batch_op.drop_column('competitors')


def _rewrite(change: Callable[[Any], Any]) -> None:
    connection = op.get_bind()
    for row in connection.execute(sa.select(INITIATIVE)).all():
        members = [change(one) for one in row.members]
        connection.execute(
            INITIATIVE.update().where(INITIATIVE.c.id == row.id).values(members=members)
        )
