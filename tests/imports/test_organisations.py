"""The project's own table: flat CSV and XLSX, nested NDJSON, projects and the template."""

import json
from datetime import date
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matcher.domain import OrganisationType, Participation, Role, SizeClass, Stage
from matcher.imports.organisations import (
    KEYS,
    organisation_from_mapping,
    read_organisations,
)
from matcher.imports.projects import read_projects
from matcher.imports.row_errors import ImportRefused
from matcher.imports.template import columns, write_template

SUFFIXES = (".csv", ".xlsx", ".ndjson")
PLAIN = {"name": "Acme", "type": "company"}
FUZZED = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8", newline="")
    return path


def refusal(path: Path, **options: object) -> list[tuple[int, str]]:
    with pytest.raises(ImportRefused) as caught:
        read_organisations(path, **options)
    return [(fault.line, fault.column) for fault in caught.value.faults]


def fault_of(**values: object):
    organisation, faults = organisation_from_mapping({**PLAIN, **values})
    assert organisation is None
    assert len(faults) == 1, faults
    return faults[0]


def made(**values: object):
    organisation, faults = organisation_from_mapping({**PLAIN, **values})
    assert faults == []
    return organisation


def test_the_template_reads_back_the_same_in_every_format(tmp_path):
    read = []
    for suffix in SUFFIXES:
        write_template(tmp_path / f"form{suffix}")
        batch = read_organisations(tmp_path / f"form{suffix}")
        assert batch.faults == [] and batch.skipped == 0 and batch.complete_profiles
        read.append(batch.organisations)
    assert read[0] == read[1] == read[2]
    assert len(read[0]) == 3
    first = read[0][0]
    assert first.size is SizeClass.SMALL and first.sme is True
    assert (first.place.latitude, first.place.longitude) == (51.05, 3.72)
    assert (first.offers[0].trl_min, first.offers[0].trl_max) == (6, 8)
    assert first.offers[0].valid_until == date(2099, 12, 31)
    assert all(one.website.endswith(".example") for one in read[0])


def test_the_csv_template_suits_excel(tmp_path):
    write_template(tmp_path / "form.csv")
    raw = (tmp_path / "form.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbfid;name;")
    assert "need_2_valid_until" in columns() and "offer_3_text" not in columns()


def test_the_workbook_has_choices_and_help(tmp_path):
    write_template(tmp_path / "form.xlsx")
    book = openpyxl.load_workbook(tmp_path / "form.xlsx")
    sheet = book.worksheets[0]
    lists = [rule.formula1 for rule in sheet.data_validations.dataValidation]
    assert len(lists) == 6  # type, size, and four stages
    assert any("higher_education" in one for one in lists)
    helped = list(book["Help"].iter_rows(min_row=2, values_only=True))
    assert [row[0] for row in helped] == columns()
    assert all(all(row[1:5]) for row in helped)
    book.close()


def test_there_is_no_other_template(tmp_path):
    with pytest.raises(ValueError, match="xls"):
        write_template(tmp_path / "form.xls")


def test_a_flat_row_with_gaps_dutch_words_and_decimal_commas(tmp_path):
    path = write(
        tmp_path,
        "in.csv",
        "Name;type;size;country;latitude;longitude;sectors;languages;contact_email;"
        "offer_3_text;offer_3_trl;offer_3_stage;offer_3_valid_until;offer_1_text\n"
        '"Wilg ""BV""";Onderneming;middelgroot;el;50,85;4,35;" a ; b;a";NL, fr;x@wilg.example;'
        '"twee\nregels";4 – 7;Onderzoek;31/12/2030;eerst\n',
    )
    (one,) = read_organisations(path).organisations
    assert one.name == 'Wilg "BV"' and one.type is OrganisationType.COMPANY
    assert one.size is SizeClass.MEDIUM and one.sme is True
    assert one.place.country == "GR" and one.place.latitude == 50.85
    assert one.sectors == ("a", "b") and one.languages == ("nl", "fr")
    assert one.contact.email == "x@wilg.example"
    assert [offer.text for offer in one.offers] == ["eerst", "twee\nregels"]
    assert (one.offers[1].trl_min, one.offers[1].trl_max) == (4, 7)
    assert one.offers[1].stage is Stage.RESEARCH
    assert one.offers[1].valid_until == date(2030, 12, 31)


@pytest.mark.parametrize(
    ("name", "text"),
    [("in.csv", ""), ("in.csv", "name;type\n"), ("in.csv", "\n"), ("in.ndjson", "\n")],
)
def test_a_file_without_any_organisation_is_refused(tmp_path, name, text):
    path = write(tmp_path, name, text)
    assert refusal(path) == refusal(path, skip_invalid=True) == [(0, "")]


def test_faults_name_the_flat_column_and_the_first_line_of_the_row(tmp_path):
    path = write(
        tmp_path,
        "in.csv",
        "name;type;description;offer_2_text;offer_2_trl;contact_email;languages\n"
        'Een;company;"a\nb";goed aanbod;6;;\n'
        "Twee;company;;goed aanbod;7-4;geen adres;nl;\n"
        "Drie;company;;;6;;dutch\n",
    )
    assert refusal(path) == [
        (4, "contact_email"),
        (4, "offer_2_trl"),
        (5, "languages"),
        (5, "offer_2_text"),
    ]
    batch = read_organisations(path, skip_invalid=True)
    assert [one.name for one in batch.organisations] == ["Een"]
    assert batch.skipped == 2 and len(batch.faults) == 4


def test_unknown_columns_are_faults_once_with_the_nearest_known_one(tmp_path):
    path = write(tmp_path, "in.csv", "name,type,web_site,offer_2_tekst\nA,company,,\nB,company,,\n")
    with pytest.raises(ImportRefused) as caught:
        read_organisations(path)
    faults = caught.value.faults
    assert [(fault.line, fault.column) for fault in faults] == [
        (1, "web_site"),
        (1, "offer_2_tekst"),
    ]
    assert "'website'" in faults[0].expected and "'offer_2_text'" in faults[1].expected
    assert len(read_organisations(path, skip_invalid=True).organisations) == 2


def test_a_missing_name_column_is_one_fault(tmp_path):
    path = write(tmp_path, "in.csv", "nam;type\nA;company\nB;company\n")
    assert refusal(path) == [(1, "name"), (1, "nam")]
    assert refusal(path, skip_invalid=True) == [(1, "name"), (1, "nam")]


@pytest.mark.parametrize(
    ("key", "value", "column"),
    [
        ("name", None, "name"),
        ("name", "  ", "name"),
        ("name", "x" * 301, "name"),
        ("name", 5, "name"),
        ("type", None, "type"),
        ("type", "bakery", "type"),
        ("type", ["company"], "type"),
        ("id", "no colon", "id"),
        ("size", "huge", "size"),
        ("sme", "perhaps", "sme"),
        ("sme", 1, "sme"),
        ("country", "EU", "country"),
        ("country", "Belgium", "country"),
        ("country", "001", "country"),
        ("region", "B", "region"),
        ("latitude", 50, "longitude"),
        ("longitude", 50, "latitude"),
        ("latitude", float("nan"), "latitude"),
        ("latitude", 10**400, "latitude"),
        ("latitude", True, "latitude"),
        ("website", "ftp://a.example", "website"),
        ("website", "http://[", "website"),
        ("website", "www.a.example", "website"),
        ("description", "x" * 5001, "description"),
        ("description", "\ud800", "description"),
        ("sectors", "a; b", "sectors"),
        ("sectors", ["x"] * 51, "sectors"),
        ("sectors", ["a", 1], "sectors[1]"),
        ("languages", ["dut"], "languages[0]"),
        ("contact", "me", "contact"),
        ("contact", {"email": "me"}, "contact.email"),
        ("contact", {"mail": "me"}, "contact.mail"),
        ("offers", {}, "offers"),
        ("offers", [None], "offers[0]"),
        ("offers", ["text"], "offers[0]"),
        ("offers", [{}], "offers[0].text"),
        ("needs", [{"text": "ab"}], "needs[0].text"),
        ("needs", [{"text": "x" * 5001}], "needs[0].text"),
        ("needs", [{"text": "abc"}] * 201, "needs"),
        ("offers", [{"text": "abc", "trl_min": 0}], "offers[0].trl_min"),
        ("offers", [{"text": "abc", "trl_max": 2.5}], "offers[0].trl_max"),
        ("offers", [{"text": "abc", "trl_min": 5, "trl_max": 4}], "offers[0].trl_min"),
        ("offers", [{"text": "abc", "valid_until": "31/02/2030"}], "offers[0].valid_until"),
        ("offers", [{"text": "abc", "valid_until": "2030-01-01x"}], "offers[0].valid_until"),
        ("offers", [{"text": "abc", "stage": "moon"}], "offers[0].stage"),
        ("offers", [{"text": "abc", "trl": 4}], "offers[0].trl"),
        ("nme", "x", "nme"),
    ],
)
def test_each_rule_gives_one_fault_at_its_place(key, value, column):
    assert fault_of(**{key: value}).column == column


def test_unknown_keys_name_the_nearest():
    assert "'short_name'" in fault_of(shortname="x").expected
    assert "'trl_min'" in fault_of(offers=[{"text": "abc", "trlmin": 1}]).expected


def test_an_sme_flag_follows_from_the_size():
    assert made(size="Kleinstunternehmen").sme is True
    assert made(size="groß").sme is False
    assert made().sme is None
    assert made(sme="Nee").sme is False
    assert fault_of(size="large", sme="oui").column == "sme"


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("Onderzoeksinstelling", "research_institute"),
        ("UNIVERSITÉ", "higher_education"),
        ("Behörde", "public_body"),
        ("higher education", "higher_education"),
        ("hopital", "hospital"),
        ("vzw", "civil_society"),
    ],
)
def test_types_in_four_languages(word, kind):
    assert made(type=word).type == kind


def test_an_absent_id_follows_from_name_country_and_city():
    one = made(name="Café  Zürich & Zn.", country="BE", city="Gent")
    assert one.id.startswith("org:cafe-zurich-zn-") and len(one.id.rsplit("-", 1)[1]) == 8
    assert made(name="CAFÉ Zürich & Zn.", country="be", city="gent").id == one.id
    assert made(name="Café Zürich & Zn.", country="BE", city="Brugge").id != one.id
    assert made(name="Ω").id.startswith("org:")
    assert len(made(name="x" * 300).id) == len("org:") + 60 + 9


def test_equal_texts_collapse():
    one = made(offers=[{"text": "Lassen"}, {"text": " lassen"}, {"text": "Frezen"}])
    assert [offer.text for offer in one.offers] == ["Lassen", "Frezen"]


def test_duplicate_ids_are_faults(tmp_path):
    rows = [{**PLAIN, "id": "org:a"}, {**PLAIN, "id": "org:b"}, {**PLAIN, "id": "org:a"}]
    path = write(tmp_path, "in.ndjson", "\n".join(json.dumps(row) for row in rows))
    assert refusal(path) == [(3, "id")]
    batch = read_organisations(path, skip_invalid=True)
    assert [one.id for one in batch.organisations] == ["org:a", "org:b"] and batch.skipped == 1


def test_a_workbook_with_real_dates_numbers_and_flags(tmp_path):
    book = openpyxl.Workbook()
    names = ["name", "type", "latitude", "longitude", "sme", "contact_phone"]
    book.active.append([*names, "need_1_text", "need_1_trl", "need_1_valid_until"])
    book.active.append(["A", "kliniek", 50.5, 4, True, 32470, "abc", 6, date(2031, 1, 2)])
    book.save(tmp_path / "in.xlsx")
    (one,) = read_organisations(tmp_path / "in.xlsx").organisations
    assert one.sme is True and one.place.longitude == 4.0 and one.contact.phone == "32470"
    assert (one.needs[0].trl_min, one.needs[0].trl_max) == (6, 6)
    assert one.needs[0].valid_until == date(2031, 1, 2)


def test_projects_put_the_coordinator_first(tmp_path):
    row = {
        "id": "eu:1",
        "title": "T",
        "year": 2020,
        "topics": ["/b", "/a"],
        "participants": [
            {"organisation": "org:c"},
            {"organisation": "org:a", "role": "participant"},
            {"organisation": "org:z", "role": "Coordinator"},
            {"organisation": "org:z", "role": "participant"},
        ],
    }
    path = write(tmp_path, "p.ndjson", json.dumps(row))
    (project,) = read_projects(path, {"org:a", "org:c", "org:z"}).projects
    assert project.facet.source == "eu:1" and project.facet.topics == ("/a", "/b")
    assert project.participations == (
        Participation("org:z", Role.COORDINATOR, 2020),
        Participation("org:a", Role.PARTICIPANT, 2020),
        Participation("org:c", Role.PARTICIPANT, 2020),
    )
    with pytest.raises(ImportRefused) as caught:
        read_projects(path, ["org:a", "org:z"])
    (fault,) = caught.value.faults
    assert (fault.line, fault.column) == (1, "participants[0].organisation")


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ({"id": "eu:1"}, "title"),
        ({"title": "T"}, "id"),
        ({"id": "eu:1", "title": "T", "year": "soon"}, "year"),
        ({"id": "eu:1", "title": "T", "participants": [None]}, "participants[0].organisation"),
        ({"id": "eu:1", "title": "T", "topic": []}, "topic"),
    ],
)
def test_faulty_projects(tmp_path, row, column):
    path = write(tmp_path, "p.ndjson", json.dumps(row))
    with pytest.raises(ImportRefused) as caught:
        read_projects(path)
    assert [fault.column for fault in caught.value.faults] == [column]


def test_projects_are_ndjson_alone_and_each_once(tmp_path):
    with pytest.raises(ImportRefused):
        read_projects(write(tmp_path, "p.csv", "id,title\neu:1,T\n"))
    twice = '{"id": "eu:1", "title": "T"}\n' * 2
    with pytest.raises(ImportRefused) as caught:
        read_projects(write(tmp_path, "p.ndjson", twice))
    assert [(fault.line, fault.column) for fault in caught.value.faults] == [(2, "id")]


@FUZZED
@given(st.binary(max_size=400) | st.text(max_size=200).map(lambda t: t.encode("utf-8", "replace")))
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_arbitrary_bytes_are_read_or_refused(tmp_path, suffix, raw):
    path = tmp_path / f"in{suffix}"
    path.write_bytes(raw)
    for reader in (read_organisations, read_projects):
        try:
            reader(path)
        except ImportRefused as refused:
            assert refused.faults


@FUZZED
@given(cells=st.lists(st.text(max_size=20), min_size=1, max_size=33))
def test_arbitrary_cells_are_read_or_refused(tmp_path, cells):
    quoted = ['"' + cell.replace('"', '""') + '"' for cell in cells]
    text = ";".join(columns()[: len(cells)]) + "\n" + ";".join(quoted)
    path = tmp_path / "in.csv"
    path.write_bytes(text.encode("utf-8", "replace"))
    try:
        read_organisations(path)
    except ImportRefused as refused:
        assert refused.faults


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["text", "trl_min", "email", "stage", "valid_until"])
            | st.text(max_size=5),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@FUZZED
@given(values=st.dictionaries(st.sampled_from(KEYS), JSON, max_size=8))
def test_arbitrary_json_gives_an_organisation_or_faults(values):
    organisation, faults = organisation_from_mapping({**PLAIN, **values})
    assert (organisation is None) == bool(faults)
    repr(faults).encode("utf-8")


def test_competitors_of_a_table_are_ids_with_a_separator_between_them(tmp_path):
    path = write(
        tmp_path,
        "in.csv",
        "id;name;type;competitors\norg:a;A;company;org:b\norg:b;B;company;org:a, org:c\n",
    )
    one, two = read_organisations(path).organisations
    assert (one.competitors, two.competitors) == (("org:b",), ("org:a", "org:c"))
    path = write(tmp_path, "in.csv", 'name;type;competitors\nA;company;"org:a; no id"\n')
    assert refusal(path) == [(2, "competitors")]
