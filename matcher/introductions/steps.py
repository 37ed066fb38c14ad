"""The dated steps of an introduction, which its match list follows."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy.orm import Session

from matcher.introductions.introductions import IntroductionState, Side
from matcher.match_lists.lists import EntryStatus
from matcher.store.account_tables import IntroductionRow, IntroductionStepRow, MatchListEntryRow

NEVER = "never"
"""The step of a recipient who doesn't want to be asked again."""
MAX_NOTE_LENGTH = 3_000
ENTRY_STATUSES = {
    IntroductionState.ASKED: EntryStatus.APPROACHED,
    IntroductionState.ACCEPTED: EntryStatus.INTERESTED,
    IntroductionState.DECLINED: EntryStatus.DECLINED,
    IntroductionState.JOINED: EntryStatus.JOINED,
}
"""The status on its match list of an organisation whose introduction gets to a state."""


def add_step(session: Session, row: IntroductionRow, *, by: Side, step: str, note: str) -> None:
    """Add a step, by the clock of now, and set the status on the introduction's match list."""
    now = datetime.now(UTC)
    row.changed = now
    note = note.strip()[:MAX_NOTE_LENGTH]
    session.add(
        IntroductionStepRow(introduction_id=row.id, at=now, by=by.value, step=step, note=note)
    )
    if step in ENTRY_STATUSES and row.list_id:
        entry = session.get(MatchListEntryRow, (row.list_id, row.to_organisation))
        if entry is None:
            entry = MatchListEntryRow(
                list_id=row.list_id, organisation_id=row.to_organisation, note=""
            )
            session.add(entry)
        entry.status, entry.changed = ENTRY_STATUSES[IntroductionState(step)].value, now
    session.flush()
