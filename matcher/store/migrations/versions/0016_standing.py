"""Who vouches for records that their owners keep"""

from alembic import op
import sqlalchemy as sa


revision = '0016'
down_revision = '0015'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('organisation', sa.Column('standing', sa.String(length=253), nullable=True))
    op.execute(
        "UPDATE organisation SET standing = 'self-declared' WHERE id LIKE 'own:%' "
        "OR id IN (SELECT organisation_id FROM profile)"
    )


def downgrade() -> None:
    op.drop_column('organisation', 'standing')
