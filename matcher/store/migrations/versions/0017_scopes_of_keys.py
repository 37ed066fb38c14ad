"""What an API key may do, until when, and when it was last used"""

from alembic import op
import sqlalchemy as sa


revision = '0017'
down_revision = '0016'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('api_key', sa.Column('scope', sa.String(length=64), server_default='all', nullable=False))
    op.add_column('api_key', sa.Column('expires', sa.DateTime(timezone=True), nullable=True))
    op.add_column('api_key', sa.Column('used', sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    for column in ('used', 'expires', 'scope'):
        op.drop_column('api_key', column)
