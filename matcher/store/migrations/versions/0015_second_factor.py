"""Codes as a second factor"""

from alembic import op
import sqlalchemy as sa


revision = '0015'
down_revision = '0014'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('account', sa.Column('totp', sa.String(length=300), nullable=True))
    op.add_column('account', sa.Column('totp_step', sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column('account', 'totp_step')
    op.drop_column('account', 'totp')
