"""The demo data: read and stored like any imported file."""

from __future__ import annotations

from pathlib import Path

from matcher.domain import Initiative
from matcher.imports.organisations import read_organisations
from matcher.imports.projects import read_projects
from matcher.imports.row_errors import Batch
from matcher.imports.storage import ImportResult, store_batch
from matcher.initiatives.schema import InitiativeIn, initiative_from
from matcher.progress import Progress
from matcher.store import Store
from matcher.store.initiatives import save_initiative

FOLDER = Path(__file__).parent / "data"


def read() -> tuple[Batch, list[Initiative]]:
    """Return the demo organisations and past projects, and the initiatives."""
    batch = Batch()
    for path in sorted(FOLDER.glob("organisations-*.ndjson")):
        batch.organisations.extend(read_organisations(path).organisations)
    known = {organisation.id for organisation in batch.organisations}
    for path in sorted(FOLDER.glob("collaborations*.ndjson")):
        batch.projects.extend(read_projects(path, known).projects)
    lines = (FOLDER / "initiatives.ndjson").read_text(encoding="utf-8").splitlines()
    return batch, [_initiative(line) for line in lines if line.strip()]


def load(store: Store, progress: Progress | None = None) -> ImportResult:
    """Store the demo data; doing so again changes nothing."""
    batch, initiatives = read()
    result = store_batch(store, batch, progress)
    for initiative in initiatives:
        save_initiative(store, initiative)
    return result


def _initiative(line: str) -> Initiative:
    body = InitiativeIn.model_validate_json(line)
    assert body.id is not None
    return initiative_from(body, body.id)
