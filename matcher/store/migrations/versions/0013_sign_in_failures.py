"""Wrong passwords by account and where they come from"""

from alembic import op
import sqlalchemy as sa


revision = '0013'
down_revision = '0012'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('sign_in_failure',
    sa.Column('address', sa.String(length=64), nullable=False),
    sa.Column('source', sa.String(length=64), nullable=False),
    sa.Column('failures', sa.Integer(), nullable=False),
    sa.Column('until', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('address', 'source')
    )
    op.create_index('ix_sign_in_failure_until', 'sign_in_failure', ['until'])
    op.drop_column('account', 'failures')
    op.drop_column('account', 'locked_until')


def downgrade() -> None:
    op.add_column('account', sa.Column('locked_until', sa.DateTime(timezone=True), nullable=True))
    op.add_column('account', sa.Column('failures', sa.Integer(), server_default='0', nullable=False))
    op.drop_table('sign_in_failure')
