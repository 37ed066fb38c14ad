"""What running jobs report, apart from the jobs themselves"""

from alembic import op
import sqlalchemy as sa


revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_column('job', 'cancelling')
    op.drop_column('job', 'alive')
    if op.get_bind().dialect.name == 'sqlite':
        return  # there the signals are in a file of their own
    op.create_table('job_signal',
    sa.Column('job_id', sa.String(length=32), nullable=False),
    sa.Column('started', sa.DateTime(timezone=True), nullable=True),
    sa.Column('alive', sa.DateTime(timezone=True), nullable=True),
    sa.Column('step', sa.String(length=64), server_default='', nullable=False),
    sa.Column('done', sa.Integer(), server_default='0', nullable=False),
    sa.Column('total', sa.Integer(), server_default='0', nullable=False),
    sa.Column('cancelled_by', sa.String(length=330), nullable=True),
    sa.PrimaryKeyConstraint('job_id')
    )


def downgrade() -> None:
    if op.get_bind().dialect.name != 'sqlite':
        op.drop_table('job_signal')
    op.add_column('job', sa.Column('alive', sa.DateTime(timezone=True), nullable=True))
    op.add_column('job', sa.Column('cancelling', sa.Boolean(), server_default=sa.false(), nullable=False))
