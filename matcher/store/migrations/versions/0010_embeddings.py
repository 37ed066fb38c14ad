"""What networks make of texts, read by all processes and builds"""

from alembic import op
import sqlalchemy as sa


revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('embedding',
    sa.Column('text_key', sa.LargeBinary(length=16), nullable=False),
    sa.Column('encoder', sa.String(length=64), nullable=False),
    sa.Column('vector', sa.LargeBinary(), nullable=False),
    sa.Column('added', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('text_key', 'encoder'),
    sqlite_with_rowid=False
    )


def downgrade() -> None:
    op.drop_table('embedding')
