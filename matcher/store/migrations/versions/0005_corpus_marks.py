"""Corpus marks, which tell one history of a store from another"""

import secrets

from alembic import op
import sqlalchemy as sa


revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None

VERSION = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
STATE = sa.table('corpus_state', sa.column('version', VERSION))


def upgrade() -> None:
    marks = op.create_table('corpus_mark',
    sa.Column('version', VERSION, autoincrement=False, nullable=False),
    sa.Column('mark', sa.String(length=32), nullable=False),
    sa.PrimaryKeyConstraint('version')
    )
    version = op.get_bind().execute(sa.select(STATE.c.version)).scalar_one()
    op.bulk_insert(marks, [{'version': version, 'mark': secrets.token_hex(8)}])


def downgrade() -> None:
    op.drop_table('corpus_mark')
