"""The sides of an introduction are its requester and its recipient, no longer `asker` and `asked`"""

from alembic import op
import sqlalchemy as sa


revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None

INTRODUCTIONS = sa.table('introduction', sa.column('id', sa.String()), sa.column('contact', sa.JSON()))
STEPS = sa.table('introduction_step', sa.column('by', sa.String()))
NAMES = {'asker': 'requester', 'asked': 'recipient'}


def upgrade() -> None:
    rename(NAMES)


def downgrade() -> None:
    rename({new: old for old, new in NAMES.items()})


def rename(names: dict[str, str]) -> None:
    connection = op.get_bind()
    for old, new in names.items():
        connection.execute(sa.update(STEPS).where(STEPS.c.by == old).values(by=new))
    for key, contact in connection.execute(sa.select(INTRODUCTIONS)).all():
        renamed = {names.get(side, side): person for side, person in contact.items()}
        here = INTRODUCTIONS.c.id == key
        connection.execute(sa.update(INTRODUCTIONS).where(here).values(contact=renamed))
