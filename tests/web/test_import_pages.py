from __future__ import annotations

import html
import io
import os
import re
import time
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from openpyxl import Workbook
from sqlalchemy import select, update
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from matcher import container
from matcher.container import Services
from matcher.domain import Contact, Facet, Member, Organisation, OrganisationType
from matcher.imports import backups
from matcher.imports import files as import_files
from matcher.imports import jobs as import_jobs
from matcher.initiatives import actions as initiatives
from matcher.jobs.job import UNEXPECTED, Job, JobState
from matcher.organisations import actions as organisations
from matcher.store.account_tables import AuditRow, ImportRow, JobRow
from matcher.store.organisation_rows import load_organisations
from matcher.store.projects import load_projects
from matcher.store.tables import OrganisationRow
from tests.web.users import get, post, signed_in, token

pytestmark = pytest.mark.usefixtures("hash_vectors")

HEAD = "id;name;type;city;country;offer_1_text;offer_1_stage;need_1_text;contact_email\n"
ROWS = (
    "demo:dijlenano;Dijlenano Nieuw;company;Leuven;BE;Nanosensoren op plastic;pilot;;n@d.example\n"
    "org:vers;Vers BV;company;Gent;BE;Verse kazen in bulk;supply;Een koelwagen;\n"
)
FAULTY = HEAD + ROWS + "org:fout;;bakkerij;Gent;XX;;;;\n"
PROJECTS = (
    "id;title;objective;startDate\n"
    "900001;Sensors in cheese;We put sensors in cheese;2021-05-01\n"
    "900002;Cheese in sensors;The reverse;2022-05-01\n"
)
PARTICIPANTS = (
    "projectID;organisationID;name;activityType;country;role\n"
    "900001;777001;Kaasfabriek;PRC;BE;coordinator\n"
    "900001;777002;Zuivelinstituut;REC;NL;participant\n"
    "900002;777002;Zuivelinstituut;REC;NL;coordinator\n"
)


@pytest.fixture
def home(hash_home: Path) -> Path:
    return hash_home


@pytest.fixture
def services(app: APIFlask) -> Services:
    found: Services = app.extensions["schakel"]
    return found


@pytest.fixture(autouse=True)
def quick(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare all but one test the index, which takes seconds; answers don't need it."""
    if request.node.name != "test_a_table_is_shown_imported_and_undone":
        monkeypatch.setattr(container, "build_index", lambda *_: "not built")


@pytest.fixture
def manager(app: APIFlask) -> FlaskClient:
    return signed_in(app, "manager")


def serialise(**members: str | bytes) -> bytes:
    """A zip; two underscores stand for a dot."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "."), content)
    return file.getvalue()


def cordis(projects: str = PROJECTS, participants: str = PARTICIPANTS) -> bytes:
    return serialise(project__csv=projects, organization__csv=participants)


def book(*rows: list[Any]) -> bytes:
    made, file = Workbook(), io.BytesIO()
    for row in rows:
        made.worksheets[0].append(row)
    made.save(file)
    return file.getvalue()


def sent(client: FlaskClient, content: str | bytes, name: str = "leden.csv") -> Any:
    raw = content.encode() if isinstance(content, str) else content
    return post(client, "/import", {"file": (io.BytesIO(raw), name)})


def sent_large(client: FlaskClient, size: int) -> Any:
    """Send a large file; the test client would leave a temporary file open."""
    file = FileStorage(io.BytesIO(b"x" * size), filename="leden.csv")
    boundary, body = encode_multipart({"csrf_token": token(client), "file": file})
    kind = f'multipart/form-data; boundary="{boundary}"'
    english = {"Accept-Language": "en"}
    return client.post("/import", data=body, content_type=kind, headers=english)


def uploaded(services: Services, client: FlaskClient, content: str | bytes, name: str) -> str:
    """Upload a file and have it read; returns the address of the import."""
    answer = sent(client, content, name)
    assert answer.status_code == 303, answer.text
    services.jobs.run_waiting()
    job = services.jobs.get(answer.headers["Location"].removeprefix("/jobs/"))
    assert job is not None and job.state is JobState.DONE, job
    return f"/import/{job.arguments['import_id']}"


def imported(services: Services, client: FlaskClient, address: str, **fields: str) -> Job:
    return followed(services, post(client, address + "/confirm", fields))


def undone(services: Services, client: FlaskClient, address: str) -> Job:
    return followed(services, post(client, address + "/undo", {"sure": "on"}))


def followed(services: Services, answer: Any) -> Job:
    assert answer.status_code == 302 and "/jobs/" in answer.headers["Location"]
    services.jobs.run_waiting()
    job = services.jobs.get(answer.headers["Location"].removeprefix("/jobs/"))
    assert job is not None
    return job


def nameless(facet: Facet) -> Facet:
    return replace(facet, id=None)  # a statement that was put back has a new number


def corpus(services: Services) -> tuple[dict[str, Organisation], list[Any]]:
    """All records as they are stored, in full."""
    with services.store.reading() as session:
        ids = list(session.scalars(select(OrganisationRow.id)))
        found = load_organisations(session, ids)
        projects = load_projects(session)
    records = {
        key: replace(
            one,
            offers=tuple(nameless(facet) for facet in one.offers),
            needs=tuple(nameless(facet) for facet in one.needs),
        )
        for key, one in found.items()
    }
    return records, [replace(one, facet=nameless(one.facet)) for one in projects]


def state(services: Services, address: str) -> str:
    with services.store.reading() as session:
        return session.get_one(ImportRow, address.rpartition("/")[2]).state


def test_a_table_is_shown_imported_and_undone(services: Services, manager: FlaskClient) -> None:
    before, version = corpus(services), services.store.corpus_version()
    address = uploaded(services, manager, HEAD + ROWS, "/mijn/leden <b>.csv")
    page = get(manager, address)
    assert corpus(services) == before and services.store.corpus_version() == version
    assert "leden &lt;b&gt;.csv" in page.text and "mijn" not in page.text
    assert "To be confirmed" in page.text and "Faults" not in page.text
    assert "<td>Dijlenano Instituut (demo)</td><td>Dijlenano Nieuw</td>" in page.text
    assert "Vers BV" in page.text and "Nanosensoren op plastic (pilot)" in page.text
    assert "changes; it is private and not shown" in page.text and "n@d.example" not in page.text
    done = imported(services, manager, address)
    assert done.result is not None and done.result["index"] is True
    assert done.result["organisations"] == {"new": 1, "changed": 1}
    after, projects = corpus(services)
    assert set(after) - set(before[0]) == {"org:vers"} and projects == before[1]
    changed = after["demo:dijlenano"]
    assert changed.name == "Dijlenano Nieuw" and changed.contact == Contact(email="n@d.example")
    assert [one.text for one in changed.offers] == ["Nanosensoren op plastic"]
    assert [one.text for one in after["org:vers"].needs] == ["Een koelwagen"]
    assert services.corpus_provider.snapshot().corpus.row_of_id["org:vers"] >= 0
    page = get(manager, address)
    assert "Undo the import" in page.text and "What was announced" in page.text
    result = undone(services, manager, address).result
    assert result is not None
    assert result["organisations"] == {"restored": 1, "removed": 1, "left": 0}
    assert corpus(services) == before
    assert "org:vers" not in services.corpus_provider.snapshot().corpus.row_of_id
    assert "Put back" in get(manager, address).text and state(services, address) == "undone"
    with services.store.reading() as session:
        lines = [(row.actor, row.action) for row in session.query(AuditRow).order_by(AuditRow.id)]
    who = "account:manager@example.org"
    actions = [action for actor, action in lines if actor == who and action.startswith("import.")]
    assert actions == [
        "import.uploaded",
        "import.confirmed",
        "import.imported",
        "import.undoing",
        "import.undone",
    ]


def test_what_a_table_has_no_column_for_stays_as_it_is(
    services: Services, manager: FlaskClient
) -> None:
    before = corpus(services)[0]["demo:dijlenano"]
    assert before.website and before.sectors and before.offers and before.place.latitude
    table = "id,name,type,city,website,need_1_text\ndemo:dijlenano,Dijlenano,company,Gent,,Zand\n"
    address = uploaded(services, manager, table, "leden.csv")
    shown = get(manager, address).text
    assert ">Sectors</th>" not in shown and ">Website</th>" in shown
    assert imported(services, manager, address).state is JobState.DONE
    after = corpus(services)[0]["demo:dijlenano"]
    needs = [one.text for one in after.needs]
    assert (after.name, after.place.city, after.website, needs) == (
        "Dijlenano",
        "Gent",
        None,
        ["Zand"],
    )
    place = replace(before.place, city="Gent")
    same = {"name": before.name, "type": before.type, "website": before.website}
    assert replace(after, needs=before.needs, **same) == replace(before, place=place)


def test_projects_are_imported_and_undone(services: Services, manager: FlaskClient) -> None:
    first = uploaded(services, manager, cordis(), "cordis.zip")
    imported(services, manager, first)
    before = corpus(services)
    assert len([one for one in before[1] if one.facet.source == "cordis:900002"]) == 1
    changed = PARTICIPANTS.replace("900002;777002;Zuivelinstituut", "900002;777003;Melkbond")
    address = uploaded(
        services, manager, cordis(PROJECTS.replace("The reverse", "Turned"), changed), "nog.ZIP"
    )
    page = get(manager, address).text
    assert "Melkbond" in page and "cordis:777002 (coordinator)" in page
    assert "<td>The reverse</td><td>Turned</td>" in page
    job = imported(services, manager, address)
    assert job.result is not None
    assert job.result["projects"] == {"new": 0, "changed": 1}
    assert job.result["organisations"] == {"new": 1, "changed": 0}
    assert corpus(services) != before
    result = undone(services, manager, address).result
    assert result is not None
    assert result["projects"] == {"restored": 1, "removed": 0, "left": 0}
    assert corpus(services) == before
    assert "Undo the import" in get(manager, first).text  # the last one that stands


def test_a_house_that_took_part_in_most_projects_is_asked_about(
    services: Services, manager: FlaskClient
) -> None:
    projects, rows = PROJECTS.splitlines()[0], [PARTICIPANTS.splitlines()[0]]
    for number in range(12):
        projects += f"\n9001{number:02};Cheese {number};About cheese {number};2021-05-01"
        rows.append(f"9001{number:02};77100{number};Melkerij {number};PRC;BE;coordinator")
        if number < 11:
            rows.append(f"9001{number:02};777002;Zuivelinstituut;REC;NL;participant")
    address = uploaded(services, manager, cordis(projects, "\n".join(rows)), "a.zip")
    page = get(manager, address).text
    assert "Zuivelinstituut took part in 11 of the 12 projects. Is that your own house?" in page
    page = get(manager, uploaded(services, manager, cordis(), "b.zip")).text
    assert "your own house" not in page


def test_a_workbook_is_imported(services: Services, manager: FlaskClient) -> None:
    content = book(["name", "type", "city"], ["Werkboek NV", "bedrijf", "Brugge"])
    address = uploaded(services, manager, content, "leden.xlsx")
    imported(services, manager, address)
    names = {one.name for one in corpus(services)[0].values()}
    assert "Werkboek NV" in names


def test_the_same_again_changes_nothing(services: Services, manager: FlaskClient) -> None:
    first = uploaded(services, manager, HEAD + ROWS, "een.csv")
    imported(services, manager, first)
    version = services.store.corpus_version()
    address = uploaded(services, manager, HEAD + ROWS, "twee.csv")
    job = imported(services, manager, address)
    assert job.result is not None and job.result["organisations"] == {"new": 0, "changed": 0}
    assert services.store.corpus_version() == version and state(services, address) == "imported"
    assert "Undo the import" not in get(manager, address).text
    assert "Undo the import" in get(manager, first).text


def test_faults_are_shown_and_their_rows_can_be_left_out(
    services: Services, manager: FlaskClient
) -> None:
    address = uploaded(services, manager, FAULTY, "leden.csv")
    page = get(manager, address).text
    rows = re.findall(r'<tr><td>leden.csv</td><td class="number">4</td><td>(\w+)</td>', page)
    assert rows == ["name", "type", "country"]
    assert "&#39;bakkerij&#39; isn&#39;t one of the choices" in page and "3 faults." in page
    assert "Leave 1 faulty row out" in page
    before = corpus(services)
    refused = post(manager, address + "/confirm")
    assert refused.headers["Location"] == address
    assert "Tick the box" in get(manager, address).text
    assert services.jobs.run_waiting() == 0 and corpus(services) == before
    job = imported(services, manager, address, skip_invalid="on")
    assert job.result is not None and job.result["skipped"] == 1
    assert "1 row was left out." in get(manager, address).text
    assert set(corpus(services)[0]) - set(before[0]) == {"org:vers"}


def test_a_file_that_is_of_no_use(services: Services, manager: FlaskClient) -> None:
    address = uploaded(services, manager, "naam;soort\nx;y\n", "leden.csv")
    page = get(manager, address).text
    assert "This file can't be imported as it is" in page and "the column is missing" in page
    assert "/confirm" not in page
    assert post(manager, address + "/confirm", {"skip_invalid": "on"}).status_code == 302
    assert services.jobs.run_waiting() == 0


def test_what_changed_or_is_used_since_survives_the_undo(
    services: Services, manager: FlaskClient
) -> None:
    more = (
        "org:lid;Lid NV;company;Gent;BE;;;;\norg:weg;Weg NV;company;Gent;BE;;;;\n"
        "demo:surfalink;Surfalink 2;company;Gent;BE;;;;\n"
    )
    before = corpus(services)[0]
    address = uploaded(services, manager, HEAD + ROWS + more, "leden.csv")
    imported(services, manager, address)
    mine = replace(corpus(services)[0]["demo:dijlenano"], name="Van mij")
    organisations.replace_organisation(services.store, mine, keep=())
    fresh = replace(corpus(services)[0]["org:vers"], description="Ook van mij")
    organisations.replace_organisation(services.store, fresh, keep=())
    one = initiatives.required(services.store, "demo:fisch")
    initiatives.replace_initiative(
        services.store, replace(one, members=(*one.members, Member("org:lid")))
    )
    result = undone(services, manager, address).result
    assert result is not None
    assert result["organisations"] == {"restored": 1, "removed": 1, "left": 3}
    after = corpus(services)[0]
    assert after["demo:dijlenano"] == mine and after["org:vers"].description == "Ook van mij"
    assert after["demo:surfalink"] == before["demo:surfalink"]
    assert "org:weg" not in after and "org:lid" in after
    kept = initiatives.required(services.store, "demo:fisch")
    assert "org:lid" in kept.member_ids


def test_the_store_may_change_between_preview_and_import(
    services: Services, manager: FlaskClient
) -> None:
    address = uploaded(services, manager, HEAD + ROWS, "leden.csv")
    other = replace(corpus(services)[0]["demo:dijlenano"], name="Tussendoor")
    organisations.replace_organisation(services.store, other, keep=())
    before = corpus(services)
    imported(services, manager, address)
    assert corpus(services)[0]["demo:dijlenano"].name == "Dijlenano Nieuw"
    undone(services, manager, address)
    assert corpus(services) == before


def test_an_import_that_is_cancelled_leaves_the_store_as_it_was(
    services: Services, manager: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = uploaded(services, manager, HEAD + ROWS, "leden.csv")
    before, version = corpus(services), services.store.corpus_version()
    save = import_jobs.save_organisations

    def stopped(write: Any, *given: Any, **how: Any) -> int:
        (job,) = [one for one in services.jobs.recent() if one.state.open]
        assert post(manager, f"/jobs/{job.id}/cancel").status_code == 302
        page = get(manager, f"/jobs/{job.id}").text
        assert "Being cancelled" in page and f"/jobs/{job.id}/cancel" not in page
        return save(write, *given, **how)

    monkeypatch.setattr(import_jobs, "save_organisations", stopped)
    job = imported(services, manager, address)
    assert job.state is JobState.CANCELLED
    assert corpus(services) == before and services.store.corpus_version() == version
    assert state(services, address) == "previewed"
    monkeypatch.undo()
    assert imported(services, manager, address).state is JobState.DONE
    assert "org:vers" in corpus(services)[0]


def test_an_import_that_was_stored_is_not_made_twice(
    services: Services, manager: FlaskClient
) -> None:
    address = uploaded(services, manager, HEAD + ROWS, "leden.csv")
    job = imported(services, manager, address)
    version, after = services.store.corpus_version(), corpus(services)
    with services.store.keeping() as session:  # the worker died after the commit
        again = {"state": "waiting", "finished": None, "result": None}
        session.execute(update(JobRow).where(JobRow.id == job.id).values(**again))
    services.jobs.wake()
    services.jobs.run_waiting()
    done = services.jobs.get(job.id)
    assert done is not None and done.result is not None
    assert done.result["organisations"] == {"new": 1, "changed": 1}
    assert services.store.corpus_version() == version and corpus(services) == after


def test_an_import_that_fails_in_the_middle_can_be_tried_again(
    services: Services, manager: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = uploaded(services, manager, cordis(), "cordis.zip")
    before = corpus(services)
    monkeypatch.setattr(import_jobs, "save_projects", lambda *_: 1 / 0)
    job = imported(services, manager, address)
    assert (job.state, job.error) == (JobState.FAILED, UNEXPECTED)
    assert corpus(services) == before and state(services, address) == "previewed"
    page = get(manager, address).text
    assert "The last step didn't work." in page and f'href="/jobs/{job.id}"' in page
    assert "nothing was changed" in get(manager, f"/jobs/{job.id}").text


def test_only_the_last_import_is_undone_and_only_once(
    services: Services, manager: FlaskClient
) -> None:
    first = uploaded(services, manager, HEAD + ROWS, "een.csv")
    imported(services, manager, first)
    second = uploaded(services, manager, cordis(), "twee.zip")
    imported(services, manager, second)
    assert "Undo the import" not in get(manager, first).text
    assert post(manager, first + "/undo", {"sure": "on"}).headers["Location"] == first
    assert "Only the last import can be undone." in get(manager, first).text
    assert post(manager, second + "/undo").headers["Location"] == second
    assert "tick the box" in get(manager, second).text
    undone(services, manager, second)
    assert post(manager, second + "/undo", {"sure": "on"}).headers["Location"] == second
    assert services.jobs.run_waiting() == 0


def test_undoing_one_import_after_the_other_leaves_nothing_of_them(
    services: Services, manager: FlaskClient
) -> None:
    more = "org:mijn;Mijn BV;company;Gent;BE;;;;\n"
    before, addresses = corpus(services), []
    tables = [HEAD + ROWS + more]
    tables += [tables[0].replace("Vers BV", f"Vers {n}").replace("Nieuw", str(n)) for n in (2, 3)]
    for number, table in enumerate([*tables, tables[0]]):
        addresses.append(uploaded(services, manager, table, f"{number}.csv"))
        imported(services, manager, addresses[-1])
    mine = replace(corpus(services)[0]["org:mijn"], description="Van mij")
    organisations.replace_organisation(services.store, mine, keep=())
    expected = [(2, 0, 0), (2, 0, 0), (2, 0, 0), (1, 1, 1)]
    for address, counts in zip(reversed(addresses), expected, strict=True):
        result = undone(services, manager, address).result
        assert result is not None and tuple(result["organisations"].values()) == counts
    after, projects = corpus(services)
    assert after.pop("org:mijn").description == "Van mij"
    assert (after, projects) == before


def test_what_was_changed_between_two_imports_survives_the_undo_of_both(
    services: Services, manager: FlaskClient
) -> None:
    first = uploaded(services, manager, HEAD + ROWS, "een.csv")
    imported(services, manager, first)
    mine = replace(corpus(services)[0]["org:vers"], description="Van mij")
    organisations.replace_organisation(services.store, mine, keep=())
    second = uploaded(services, manager, HEAD + ROWS.replace("Vers BV", "Vers 2"), "twee.csv")
    imported(services, manager, second)
    undone(services, manager, second)
    result = undone(services, manager, first).result
    assert result is not None
    assert result["organisations"] == {"restored": 1, "removed": 0, "left": 1}
    kept = corpus(services)[0]["org:vers"]
    assert (kept.name, kept.description) == ("Vers BV", "Van mij")


def test_projects_of_one_import_after_the_other_are_undone(
    services: Services, manager: FlaskClient
) -> None:
    before, addresses = corpus(services), []
    for number, words in enumerate(("The reverse", "Turned")):
        content = cordis(PROJECTS.replace("The reverse", words))
        addresses.append(uploaded(services, manager, content, f"{number}.zip"))
        imported(services, manager, addresses[-1])
    for address, counts in zip(reversed(addresses), [(1, 0, 0), (0, 2, 0)], strict=True):
        result = undone(services, manager, address).result
        assert result is not None and tuple(result["projects"].values()) == counts
    assert corpus(services) == before


def test_confirming_twice_imports_once(services: Services, manager: FlaskClient) -> None:
    address = uploaded(services, manager, HEAD + ROWS, "leden.csv")
    assert "/jobs/" in post(manager, address + "/confirm").headers["Location"]
    assert post(manager, address + "/confirm").headers["Location"] == address
    assert "Somebody else went on" in get(manager, address).text
    assert services.jobs.run_waiting() == 1


BOMB = b"0" * (11 * 10**6)


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (b"", "leden.csv", "This file is empty."),
        (b"%PDF-1.7", "leden.pdf", "Only CSV, XLSX, and zips"),
        (b"\xd0\xcf\x11\xe0\x00\x00", "leden.csv", "Only CSV, XLSX, and zips"),
        (cordis(), "leden.csv", "Only CSV, XLSX, and zips"),
        (cordis(), "leden.xlsx", "Only CSV, XLSX, and zips"),
        (serialise(iets__txt="x"), "leden.zip", "Only CSV, XLSX, and zips"),
        (b"PK\x03\x04 en verder niets", "leden.zip", "This file is damaged"),
        (serialise(project__csv=BOMB), "bom.zip", "unpacks to more than is allowed"),
        (
            serialise(**{f"x{number}__csv": "" for number in range(201)}),
            "veel.zip",
            "unpacks to more than is allowed",
        ),
        (
            serialise(
                **{"[Content_Types]__xml": "", "xl/workbook__xml": "", "xl/sheet__xml": BOMB}
            ),
            "bom.xlsx",
            "unpacks to more than is allowed",
        ),
    ],
)
def test_files_that_are_refused(
    services: Services, manager: FlaskClient, content: bytes, name: str, said: str
) -> None:
    answer = sent(manager, content, name)
    assert answer.status_code == 422 and said in answer.text
    assert 'id="file-error"' in answer.text
    assert list((services.settings.home / "imports").iterdir()) == []
    assert services.jobs.recent() == []


def test_no_file_is_refused(manager: FlaskClient) -> None:
    answer = post(manager, "/import")
    assert answer.status_code == 422 and "Choose a file." in answer.text


def test_files_that_are_too_large_are_refused(
    services: Services, manager: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    three = 3 * 1024 * 1024
    assert sent_large(manager, three).status_code == 303  # more than any other page takes
    assert post(manager, "/lists", {"name": "x" * three}).status_code == 413
    monkeypatch.setattr("matcher.imports.files.MAX_UPLOAD_SIZE", 1024)
    answer = sent_large(manager, three)
    assert answer.status_code == 422 and "This file is too large" in answer.text
    monkeypatch.setattr("matcher.web.imports.MAX_BODY_SIZE", 2048)
    answer = sent_large(manager, three)
    assert answer.status_code == 413 and "This file is too large" in answer.text


def test_who_may_not_import(
    app: APIFlask, services: Services, manager: FlaskClient, client: FlaskClient
) -> None:
    member = signed_in(app, "member")
    address = uploaded(services, manager, HEAD + ROWS, "leden.csv")
    for path in ("/import", "/import/template.csv", address):
        assert get(member, path).status_code == 403
        assert get(client, path).headers["Location"].startswith("/sign-in")
    assert sent(member, HEAD + ROWS).status_code == 403
    for path in (address + "/confirm", address + "/undo"):
        assert post(member, path, {"sure": "on"}).status_code == 403
    assert sent_large(member, 3 * 1024 * 1024).status_code == 413
    assert services.jobs.run_waiting() == 0


def test_who_may_see_a_job(app: APIFlask, services: Services, manager: FlaskClient) -> None:
    job = sent(manager, HEAD + ROWS).headers["Location"]
    other = signed_in(app, "manager", "other@example.org")
    administrator = signed_in(app, "administrator")
    for path in (job, job + ".json"):
        assert get(other, path).status_code == 404
        assert get(manager, path).status_code == get(administrator, path).status_code == 200
    assert post(other, job + "/cancel").status_code == 404
    seen = get(manager, job + ".json")
    assert seen.json == {
        "open": True,
        "done": 0,
        "total": 0,
        "state": "Waiting for its turn",
        "step": "",
        "error": "",
    }
    page = get(manager, job).text
    assert 'role="status"' in page and "Refresh" in page and "/cancel" in page
    assert post(manager, job + "/cancel").status_code == 302
    assert get(manager, job + ".json").json["state"] == "Cancelled"
    assert "Not read" in get(manager, "/import").text
    assert get(manager, "/jobs/" + "0" * 32).status_code == 404
    assert get(manager, "/jobs/../x").status_code == 404


def test_administrators_rebuild_the_index(
    app: APIFlask, services: Services, manager: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(container, "build_index", lambda *_: "gen-9")
    assert post(manager, "/administration/rebuild").status_code == 403
    administrator = signed_in(app, "administrator")
    assert "/administration/rebuild" in get(administrator, "/administration").text
    job = followed(services, post(administrator, "/administration/rebuild"))
    assert job.result == {"index": "gen-9"}
    page = get(administrator, f"/jobs/{job.id}").text
    assert "<h1>Building the index</h1>" in page and 'href="/administration"' in page


def test_the_overview_lists_imports(services: Services, manager: FlaskClient) -> None:
    assert "None." in get(manager, "/import").text
    imported(services, manager, uploaded(services, manager, HEAD + ROWS, "een.csv"))
    uploaded(services, manager, FAULTY, "twee.csv")
    page = get(manager, "/import").text
    rows = [re.findall(r">([^<>]+)</t[dh]>|>([^<>]+)</a>", row) for row in page.split("<tr>")[2:]]
    cells = [[one or other for one, other in row] for row in rows]
    assert [(row[0], row[2], row[3], *row[5:8]) for row in cells] == [
        ("twee.csv", "To be confirmed", "Manager", "0", "0", "3"),
        ("een.csv", "Imported", "Manager", "1", "1", "0"),
    ]
    assert 'href="/import"' in get(manager, "/").text  # in the menu


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_the_template_can_be_imported(services: Services, manager: FlaskClient, kind: str) -> None:
    file = get(manager, f"/import/template.{kind}")
    assert file.headers["Content-Disposition"] == f'attachment; filename="organisations.{kind}"'
    address = uploaded(services, manager, file.data, f"ingevuld.{kind}")
    page = get(manager, address).text
    assert "Brightmoor Robotics (example)" in page and "Faults" not in page
    assert get(manager, "/import/template.exe").status_code == 404


def test_old_files_go_and_with_them_the_undo(services: Services, manager: FlaskClient) -> None:
    old = uploaded(services, manager, HEAD + ROWS, "oud.csv")
    imported(services, manager, old)
    folder = import_files.folder_of(services.settings, old.rpartition("/")[2])
    kept = {path.name for path in folder.iterdir()}
    assert kept == {"upload.csv", "before.ndjson"}
    assert (folder / "before.ndjson").stat().st_mode & 0o077 == 0
    long_ago = time.time() - import_files.KEPT_SECONDS - 60
    os.utime(folder, (long_ago, long_ago))
    uploaded(services, manager, FAULTY, "nieuw.csv")
    assert not folder.exists()
    assert "Undo the import" not in get(manager, old).text
    post(manager, old + "/undo", {"sure": "on"})
    assert "aren&#39;t kept any more" in get(manager, old).text


def test_names_and_values_are_escaped(services: Services, manager: FlaskClient) -> None:
    row = "demo:dijlenano;<script>alert(1)</script>;company;;;;;;\norg:x;<img src=x>;<b>;;;;;;\n"
    address = uploaded(services, manager, HEAD + row, "<script>.csv")
    page = get(manager, address).text
    assert "<script>alert" not in page and "<img src=x>" not in page and "<b>" not in page
    assert "<script>.csv" not in get(manager, "/import").text


def faults_in(page: str) -> list[list[str]]:
    """Line, column, problem and expected of every fault that a page shows."""
    cell = r"<td[^>]*>([^<]*)</td>"
    found = re.findall(r"<tr><td>[^<]*</td>" + 4 * cell, page)
    return [[html.unescape(text) for text in row] for row in found]


def test_faults_are_said_in_the_language_of_the_visitor(
    services: Services, manager: FlaskClient
) -> None:
    rows = "org:fout;;bakkerij;Gent;XX;;;;\norg:x;X;company;;;;;;geen adres\n"
    address = uploaded(services, manager, HEAD.replace("city", "cty") + rows, "leden.csv")
    kinds = ", ".join(OrganisationType)
    for language, said in {
        "nl": [
            ["1", "cty", "'cty' is geen bekende kolom", "misschien 'city'"],
            ["2", "name", "leeg", "de naam van de organisatie, 1 tot 300 tekens"],
            ["2", "type", "'bakkerij' is geen van de mogelijkheden", kinds],
            ["2", "country", "'XX' is geen land", "twee letters volgens ISO 3166, zoals BE"],
            ["3", "contact_email", "'geen adres' is geen e-mailadres", "naam@organisatie.example"],
        ],
        "en": [
            ["1", "cty", "'cty' isn't a known column", "perhaps 'city'"],
            ["2", "name", "empty", "the organisation's name, 1 to 300 characters"],
            ["2", "type", "'bakkerij' isn't one of the choices", kinds],
            ["2", "country", "'XX' isn't a country", "two letters of ISO 3166, such as BE"],
            [
                "3",
                "contact_email",
                "'geen adres' isn't an e-mail address",
                "name@organisation.example",
            ],
        ],
    }.items():
        page = manager.get(address, headers={"Accept-Language": language}).text
        assert faults_in(page) == said
        assert page.count('<td lang="en">') == 1  # the words that files may hold


@pytest.mark.parametrize("value", ["<b>%(x)s</b>", "100 %", "%s %(value)s %", "{{ 7 * 7 }}"])
def test_values_in_faults_do_no_harm(services: Services, manager: FlaskClient, value: str) -> None:
    content = f"{HEAD}org:x;X;company;Gent;{value};;;;\n"
    address = uploaded(services, manager, content, "leden.csv")
    for language in ("nl", "fr", "de", "en"):
        page = manager.get(address, headers={"Accept-Language": language})
        assert page.status_code == 200 and "<b>" not in page.text
        ((line, column, problem, _),) = faults_in(page.text)
        assert (line, column) == ("2", "country") and problem.startswith(f"'{value.upper()}' ")


def test_faults_that_were_kept_as_plain_texts_are_shown(
    services: Services, manager: FlaskClient
) -> None:
    address = uploaded(services, manager, FAULTY, "leden.csv")
    plain = {"problem": "100 % <wrong> %(x)s", "expected": "a text"}
    fault = {"file": "leden.csv", "line": 4, "column": "name", **plain}
    with services.store.keeping() as session:
        row = session.get_one(ImportRow, address.rpartition("/")[2])
        row.preview = {**(row.preview or {}), "faults": [fault]}
    page = manager.get(address, headers={"Accept-Language": "nl"}).text
    assert faults_in(page) == [["4", "name", "100 % <wrong> %(x)s", "a text"]]
    assert page.count('<td lang="en">') == 2


def test_values_that_change_are_called_as_on_other_pages(
    services: Services, manager: FlaskClient
) -> None:
    head = "id;name;type;size;sme\n"
    first = uploaded(services, manager, head + "org:x;X;company;large;no\n", "een.csv")
    imported(services, manager, first)
    content = head + "org:x;X;hospital;small;yes\n"
    page = get(manager, uploaded(services, manager, content, "twee.csv")).text
    rows = re.findall(r'<tr><th scope="row">([^<]*)</th><td>([^<]*)</td><td>([^<]*)</td>', page)
    assert rows == [
        ("Kind", "Company", "Hospital"),
        ("Size", "Large", "Small"),
        ("SME", "no", "yes"),
    ]


def test_a_form_without_its_token_is_refused(app: APIFlask, manager: FlaskClient) -> None:
    answer = manager.post("/import", data={"file": (io.BytesIO(b"x"), "x.csv")})
    assert answer.status_code == 400


def test_records_before_are_kept_whole(tmp_path: Path, services: Services) -> None:
    everything = corpus(services)[0]
    path = tmp_path / "before.ndjson"
    with backups.writing_backup(path) as add:
        for key, one in everything.items():
            add(backups.RecordBackup("organisation", key, one))
        assert not path.exists()
    found = list(backups.read_backup(path))
    assert {one.name: one.record for one in found} == everything
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-2] + lines[-1:]))
    with pytest.raises(ValueError, match="records of"):
        list(backups.read_backup(path))


def test_jobs_run_inside_the_server_where_the_settings_say_so(
    home: Path, make_app: Callable[..., APIFlask]
) -> None:
    app = make_app(home, SCHAKEL_JOBS="inside")
    client = signed_in(app, "manager")
    job = sent(client, HEAD + ROWS).headers["Location"]
    deadline = time.monotonic() + 30
    while get(client, job + ".json").json["open"] and time.monotonic() < deadline:
        time.sleep(0.1)
    app.extensions["schakel"].end()
    assert get(client, job + ".json").json["state"] == "Done"
