"""The stored matches of lists call their probability by that name, no longer `chance`"""

from alembic import op
import sqlalchemy as sa


revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None

VERSIONS = sa.table('match_list_version',
    sa.column('list_id', sa.String()),
    sa.column('number', sa.Integer()),
    sa.column('results', sa.JSON()),
)


def upgrade() -> None:
    rename('chance', 'probability')


def downgrade() -> None:
    rename('probability', 'chance')


def rename(old: str, new: str) -> None:
    connection = op.get_bind()
    for list_id, number, results in connection.execute(sa.select(VERSIONS)).all():
        renamed = [
            {new if key == old else key: value for key, value in match.items()}
            for match in results
        ]
        here = (VERSIONS.c.list_id == list_id) & (VERSIONS.c.number == number)
        connection.execute(sa.update(VERSIONS).where(here).values(results=renamed))
