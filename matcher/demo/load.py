"""The demo data: read like any other file, stored in the same way."""

from __future__ import annotations

import json
from pathlib import Path

from matcher.domain import Initiative, Member, Need, NeedLevel, OrganisationType, Stage
from matcher.imports.organisations import read_organisations
from matcher.imports.projects import read_projects
from matcher.imports.row_errors import Batch
from matcher.imports.storage import ImportResult, store_batch
from matcher.progress import Progress
from matcher.store import Store
from matcher.store.initiatives import save_initiative

FOLDER = Path(__file__).parent.parent / "demo" / "data"


def read() -> tuple[Batch, list[Initiative]]:
    """Return the demo organisations and past projects, and the initiatives."""
    batch = Batch()
    for path in sorted(FOLDER.glob("organisations-*.ndjson")):
        batch.organisations.extend(read_organisations(path).organisations)
    known = {one.id for one in batch.organisations}
    for path in sorted(FOLDER.glob("collaborations*.ndjson")):
        batch.projects.extend(read_projects(path, known).projects)
    lines = (FOLDER / "initiatives.ndjson").read_text(encoding="utf-8").splitlines()
    return batch, [_initiative(json.loads(line)) for line in lines if line.strip()]


def load(store: Store, progress: Progress | None = None) -> ImportResult:
    """Store the demo data; doing so again changes nothing."""
    batch, initiatives = read()
    result = store_batch(store, batch, progress)
    for initiative in initiatives:
        save_initiative(store, initiative)
    return result


def _initiative(value: dict[str, object]) -> Initiative:
    needs = value["needs"]
    members = value["members"]
    wanted = value.get("wanted", {})
    assert isinstance(needs, list) and isinstance(members, list) and isinstance(wanted, dict)
    return Initiative(
        id=str(value["id"]),
        name=str(value["name"]),
        brief=str(value["brief"]),
        needs=tuple(
            Need(one["text"], NeedLevel(one["level"]), float(one["weight"]), Stage(one["stage"]))
            for one in needs
        ),
        members=tuple(Member(str(one)) for one in members),
        wanted=tuple((OrganisationType(kind), int(count)) for kind, count in wanted.items()),
    )
