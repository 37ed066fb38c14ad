"""Sessions that end on the server, instead of stamps"""

from alembic import op
import sqlalchemy as sa


revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('session',
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('account_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('organisation_id', sa.String(length=140), nullable=True),
    sa.Column('device', sa.String(length=100), nullable=False),
    sa.Column('started', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('digest')
    )
    for column in ('account_id', 'organisation_id', 'expires'):
        op.create_index(f'ix_session_{column}', 'session', [column])
    op.drop_column('account', 'stamp')


def downgrade() -> None:
    op.add_column('account', sa.Column('stamp', sa.String(length=32), server_default='', nullable=False))
    op.drop_table('session')
