"""The CORDIS layout, in folders and in zips."""

import os
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matcher.domain import OrganisationType, Role
from matcher.imports.cordis import read_cordis
from matcher.imports.row_errors import ImportRefused

PROJECTS = (
    "id;title;objective;startDate\n"
    '1;"One ""quoted""";"A text; with\na new line";2010-05-01\n'
    "2;Two;Second;01/02/2012\n"
)
ORGANISATIONS = (
    "projectID;organisationID;name;activityType;role;city;country;geolocation;SME\n"
    '1;77;OLD NAME;OTH;participant;GENT;UK;"(50,5, 4,25)";\n'
    "2;77;New Name;PRC;coordinator;;EL;;true\n"
    "2;55;Other;HES;participant;;FR;48.5,2.25;false\n"
)
TOPICS = "projectID;euroSciVocPath\n1;/b/c\n1;/a\n"
FUZZED = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def folder(
    root: Path, project: str = PROJECTS, organization: str = ORGANISATIONS, topics: str = TOPICS
) -> Path:
    for name, text in (
        ("project.csv", project),
        ("organization.csv", organization),
        ("euroSciVoc.csv", topics),
    ):
        (root / name).write_text(text, encoding="utf-8", newline="")
    return root


def places(path: Path) -> list[tuple[str, int, str]]:
    with pytest.raises(ImportRefused) as caught:
        read_cordis(path)
    return [(fault.file, fault.line, fault.column) for fault in caught.value.faults]


def test_organisations_are_merged_over_the_years(tmp_path):
    batch = read_cordis(folder(tmp_path))
    assert batch.complete_profiles is False
    assert [one.id for one in batch.organisations] == ["cordis:55", "cordis:77"]
    merged = batch.organisations[1]
    assert merged.name == "New Name" and merged.type is OrganisationType.COMPANY
    assert merged.sme is True
    assert (merged.place.city, merged.place.country) == ("Gent", "GR")
    assert (merged.place.latitude, merged.place.longitude) == (50.5, 4.25)


def test_the_latest_project_decides_and_blanks_are_filled_from_earlier_ones(tmp_path):
    later = ORGANISATIONS.replace("OLD NAME;OTH", "OLD NAME;REC").replace("New Name;PRC", "New;OTH")
    merged = read_cordis(folder(tmp_path, organization=later)).organisations[1]
    assert merged.name == "New" and merged.type is OrganisationType.RESEARCH_INSTITUTE


def test_projects_with_topics_quotes_and_newlines(tmp_path):
    one, two = read_cordis(folder(tmp_path)).projects
    assert one.facet.title == 'One "quoted"' and one.facet.text == "A text; with\na new line"
    assert one.facet.topics == ("/a", "/b/c") and one.facet.source == "cordis:1"
    assert (one.facet.year, two.facet.year) == (2010, 2012)


def test_the_coordinator_comes_first(tmp_path):
    two = read_cordis(folder(tmp_path)).projects[1]
    assert [(p.organisation_id, p.role, p.year) for p in two.participations] == [
        ("cordis:77", Role.COORDINATOR, 2012),
        ("cordis:55", Role.PARTICIPANT, 2012),
    ]


def test_a_bom_another_order_and_extra_columns_change_nothing(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    turned = "\ufeffextra;startDate;objective;title;ID\nx;2011-01-01;Text;T;9\n"
    plain = "id;title;objective;startDate\n9;T;Text;2011-01-01\n"
    held = "projectID;organisationID;name\n9;1;A\n"
    a = read_cordis(folder(tmp_path / "a", turned, held, "projectID;euroSciVocPath\n"))
    b = read_cordis(folder(tmp_path / "b", plain, held, "projectID;euroSciVocPath\n"))
    assert a == b and len(a.projects) == 1


def test_a_missing_column_and_a_missing_file(tmp_path):
    folder(tmp_path, organization="projectID;name\n1;A\n")
    assert places(tmp_path) == [("organization.csv", 1, "organisationid")]
    (tmp_path / "organization.csv").unlink()
    assert [fault[0] for fault in places(tmp_path)] == ["organization.csv"]


@pytest.mark.parametrize("name", ["project.csv", "organization.csv", "euroSciVoc.csv"])
@pytest.mark.parametrize("text", ["", "\n \n", "\ufeff"])
def test_a_file_without_a_header_is_refused(tmp_path, name, text):
    (folder(tmp_path) / name).write_text(text, encoding="utf-8")
    assert places(tmp_path) == [(name, 0, "")]


def test_projects_in_which_nobody_took_part_are_refused(tmp_path):
    """They would take all participations away that the store holds."""
    header = ORGANISATIONS.partition("\n")[0]
    folder(tmp_path, organization=header)
    assert places(tmp_path) == [("organization.csv", 0, "")]
    folder(tmp_path, organization=f"{header}\n1;;Nameless;PRC;participant;;;;\n")
    assert places(tmp_path) == [("organization.csv", 2, "organisationID")]
    with pytest.raises(ImportRefused) as caught:
        read_cordis(tmp_path, skip_invalid=True)
    assert [fault.line for fault in caught.value.faults] == [0, 2]
    assert caught.value.faults[0].expected == "the organisations that took part, one a line"


def test_cells_that_a_short_row_lacks_are_empty(tmp_path):
    folder(tmp_path, organization=ORGANISATIONS + "1;o2\n2;o3;Short\n")
    assert places(tmp_path) == [("organization.csv", 5, "name")]
    batch = read_cordis(tmp_path, skip_invalid=True)
    assert batch.skipped == 1
    assert [one.id for one in batch.organisations] == ["cordis:55", "cordis:77", "cordis:o3"]
    folder(tmp_path, topics=TOPICS + "2\n")
    assert [one.facet.topics for one in read_cordis(tmp_path, skip_invalid=True).projects][1] == ()


@pytest.mark.parametrize("wrong", [",", "\t"])
@pytest.mark.parametrize("quote", ['"', ""])
def test_another_separator_is_refused_with_the_one_expected(tmp_path, wrong, quote):
    cells = [f"{quote}{cell}{quote}" for cell in ("projectID", "organisationID", "name")]
    folder(tmp_path, organization=wrong.join(cells) + "\n" + wrong.join(cells))
    with pytest.raises(ImportRefused) as caught:
        read_cordis(tmp_path)
    (fault,) = caught.value.faults
    assert (fault.file, fault.line) == ("organization.csv", 1)
    assert (fault.problem, fault.expected) == ("no ';' in the first line", "';' between the cells")


def test_an_unknown_project_is_named_with_line_and_column(tmp_path):
    folder(tmp_path, organization=ORGANISATIONS + "3;88;Nobody;PRC;participant;;FR;;\n")
    assert places(tmp_path) == [("organization.csv", 5, "projectID")]
    batch = read_cordis(tmp_path, skip_invalid=True)
    assert batch.skipped == 1 and len(batch.organisations) == 2
    folder(tmp_path, topics=TOPICS + "3;/a\n")
    assert places(tmp_path) == [("euroSciVoc.csv", 4, "projectID")]


def test_lines_are_counted_over_newlines_inside_fields(tmp_path):
    folder(tmp_path, project=PROJECTS + ";No id;;\n4;T;;never\n")
    assert places(tmp_path) == [("project.csv", 5, "id"), ("project.csv", 6, "startDate")]


def test_a_quote_that_never_closes(tmp_path):
    folder(tmp_path, project=PROJECTS + '3;"open;x;2010-01-01\n')
    assert places(tmp_path) == [("project.csv", 5, "")]


@pytest.mark.parametrize("before", [0, 1, 49, 5_000])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_byte_that_is_not_utf8_is_named_by_its_line(tmp_path, before, end):
    folder(tmp_path)
    rows = "".join(f"{number};Two;é;{end}" for number in range(before))
    text = (PROJECTS.replace("\n", end) + rows).encode() + b"3;caf\xe9;;\n"
    (tmp_path / "project.csv").write_bytes(text)
    assert places(tmp_path) == [("project.csv", 5 + before, "")]
    (tmp_path / "project.csv").write_bytes(b"id;titl\xe9\n")
    assert places(tmp_path) == [("project.csv", 1, "")]


def test_a_zip_is_read_as_a_folder(tmp_path):
    folder(tmp_path)
    with zipfile.ZipFile(tmp_path / "in.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("project.csv", "organization.csv", "euroSciVoc.csv"):
            archive.write(tmp_path / name, f"csv/{name}")
    assert read_cordis(tmp_path / "in.zip") == read_cordis(tmp_path)


@pytest.mark.parametrize("name", ["../project.csv", "/project.csv", "a/../../project.csv"])
def test_a_zip_with_names_that_leave_it_is_refused(tmp_path, name):
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as archive:
        archive.writestr(name, PROJECTS)
    assert places(tmp_path / "in.zip") == [("in.zip", 0, "")]


def test_a_zip_bomb_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "in.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("project.csv", b"0" * (11 * 10**6))
    assert places(tmp_path / "in.zip") == [("in.zip", 0, "")]


@FUZZED
@given(raw=st.binary(max_size=400), prefix=st.sampled_from([b"", b"id;title\n", b"PK\x03\x04"]))
def test_arbitrary_bytes_are_read_or_refused(tmp_path, raw, prefix):
    folder(tmp_path)
    (tmp_path / "project.csv").write_bytes(prefix + raw)
    (tmp_path / "in.zip").write_bytes(prefix + raw)
    for path in (tmp_path, tmp_path / "in.zip"):
        try:
            read_cordis(path)
        except ImportRefused as refused:
            assert refused.faults


@FUZZED
@given(at=st.integers(0, 10_000), byte=st.integers(0, 255))
def test_a_damaged_zip_is_read_or_refused(tmp_path, at, byte):
    path = tmp_path / "in.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("project.csv", PROJECTS)
        archive.writestr("organization.csv", ORGANISATIONS)
    raw = bytearray(path.read_bytes())
    raw[at % len(raw)] = byte
    path.write_bytes(raw)
    try:
        read_cordis(path)
    except ImportRefused as refused:
        assert refused.faults


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "organisations", "projects"),
    [("cordis-fp7", 4_166, 1_209), ("anr-pia", 779, 628)],
)
def test_the_real_folders(name, organisations, projects):
    root = Path(os.environ.get("SCHAKEL_TEST_DATA", "/nowhere"))
    if not (root / "cordis-fp7" / "train").is_dir():
        pytest.skip("SCHAKEL_TEST_DATA names no folder with cordis-fp7/train")
    batch = read_cordis(root / name / "train")
    assert (len(batch.organisations), len(batch.projects)) == (organisations, projects)
    assert batch.faults == []
