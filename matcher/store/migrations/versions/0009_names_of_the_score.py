"""Stored questions and reasons of lists use the names of the score: similarity_penalty, mention"""

from alembic import op
import sqlalchemy as sa


revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None

LISTS = sa.table('match_list', sa.column('id', sa.String()), sa.column('question', sa.JSON()))
VERSIONS = sa.table('match_list_version',
    sa.column('list_id', sa.String()),
    sa.column('number', sa.Integer()),
    sa.column('results', sa.JSON()),
)


def upgrade() -> None:
    rename('alike', 'similarity_penalty', 'named', 'mention')


def downgrade() -> None:
    rename('similarity_penalty', 'alike', 'mention', 'named')


def rename(old_dial: str, new_dial: str, old_kind: str, new_kind: str) -> None:
    connection = op.get_bind()
    for list_id, question in connection.execute(sa.select(LISTS)).all():
        changed = {
            new_dial if key == old_dial else key: value
            for key, value in question.items()
            if key not in ('exploratory', 'across_fields')
        }
        here = LISTS.c.id == list_id
        connection.execute(sa.update(LISTS).where(here).values(question=changed))
    for list_id, number, results in connection.execute(sa.select(VERSIONS)).all():
        for match in results:
            for reason in match['reasons']:
                reason['kind'] = new_kind if reason['kind'] == old_kind else reason['kind']
        here = (VERSIONS.c.list_id == list_id) & (VERSIONS.c.number == number)
        connection.execute(sa.update(VERSIONS).where(here).values(results=results))
