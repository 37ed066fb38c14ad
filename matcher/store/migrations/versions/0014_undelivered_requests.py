"""Whom no mail about an introduction reached"""

from alembic import op
import sqlalchemy as sa


revision = '0014'
down_revision = '0013'
branch_labels = None
depends_on = None

# Columns are added and dropped in place: a table made anew would take the rows that refer to it along.


def upgrade() -> None:
    op.add_column('outgoing_mail', sa.Column('given_up', sa.DateTime(timezone=True), nullable=True))
    op.add_column('introduction', sa.Column('mail', sa.String(length=32), nullable=True))
    op.add_column('introduction', sa.Column('passed_on', sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column('introduction', 'passed_on')
    op.drop_column('introduction', 'mail')
    op.drop_column('outgoing_mail', 'given_up')
