from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from apiflask import APIFlask
from click import ClickException

from matcher.cli.initiatives import read_quota
from matcher.initiatives.team_request import QuotaKind, QuotaRequest
from tests.cli.commands import run

NANO = "demo:nano-for-health"


def test_gaps_name_the_missing_link_and_who_fills_it(app: APIFlask) -> None:
    text = run(app, "initiative", "gaps", NANO)
    assert text.startswith("Nano for Health: missing link: pilot, production\n")
    assert "missing link pilot: Pilot line for packaging biosensor chips" in text
    assert re.search(r"  Chipharbour Packaging \(demo\) \(strong, 9\d%\): Pilot line", text)
    assert "missing in the mix of members: education, government" in text
    assert run(app, "initiative", "gaps", "demo:fisch").startswith("FISCH: no missing link\n")


def test_where_nobody_is_in_yet_gaps_count_what_nobody_covers(
    app: APIFlask, tmp_path: Path
) -> None:
    file = tmp_path / "new.json"
    needs = [{"text": "toll production of flow cells", "stage": "production"}, {"text": "a fund"}]
    file.write_text(json.dumps({"id": "x:new", "name": "New", "needs": needs}), encoding="utf-8")
    run(app, "initiative", "add", str(file))
    text = run(app, "initiative", "gaps", "x:new")
    assert text.startswith("New: no member covers 2 must-have need(s)\nmembers cover 0% of")


def test_a_team_under_quotas(app: APIFlask) -> None:
    arguments = ["--size", "13", "--quota", "type higher_education>=1<=2", "--quota", "newcomer>=2"]
    text = run(app, "initiative", "line-up", NANO, *arguments)
    assert "(demo:chipharbour)" in text and "[higher_education]" in text
    assert "\ntype higher_education: at least 1, at most 2: " in text
    assert "% of coverage" in text
    answer = json.loads(run(app, "initiative", "line-up", NANO, *arguments, "--json"))
    assert len(answer["teams"][0]["picks"]) == 13
    conflict = run(app, "initiative", "line-up", NANO, "--quota", "type hospital>=9", fails=True)
    assert "No team meets all of these at once" in conflict
    assert "type hospital: at least 9" in conflict


def test_roadmap_advice_and_matches(app: APIFlask) -> None:
    road = run(app, "initiative", "roadmap", NANO)
    assert (
        road.splitlines()[-1] == "next: Pilot line for packaging biosensor chips together with "
        "microfluidics"
    )
    advice = run(app, "initiative", "advice", NANO, "demo:vito")
    assert advice.startswith("VITO for Nano for Health: now ") and "with the offer" in advice
    assert "is a member already" in run(
        app, "initiative", "advice", NANO, "demo:dijlenano", fails=True
    )
    matches = run(app, "initiative", "matches", NANO, "--complement", "1", "--limit", "1")
    assert "1. Chipharbour Packaging (demo)" in matches
    assert re.search(r"covers \d\d% of what is needed, adds \d\d% to the members", matches)
    assert re.search(r"- Its offer meets the need “[^”]+”\. \(strong, 9\d%\)", matches)


def test_an_initiative_goes_out_and_comes_back(app: APIFlask, tmp_path: Path) -> None:
    file = tmp_path / "initiative.json"
    file.write_text(run(app, "initiative", "show", NANO), encoding="utf-8")
    assert "(10 needs, 9 members)" in run(app, "initiative", "list")
    assert run(app, "initiative", "remove", NANO) == f"{NANO} is gone.\n"
    assert "There is no initiative" in run(app, "initiative", "show", NANO, fails=True)
    assert run(app, "initiative", "add", str(file)) == f"Stored {NANO}.\n"
    assert run(app, "initiative", "show", NANO) == file.read_text(encoding="utf-8")
    file.write_text('{"name": "", "brief": 3}', encoding="utf-8")
    refused = run(app, "initiative", "add", str(file), fails=True)
    assert "Nothing was stored" in refused and "name: " in refused and "brief: " in refused


def test_needs_of_a_brief(app: APIFlask) -> None:
    text = run(app, "initiative", "needs", "Wij zoeken een pilootlijn voor het drogen van algen.")
    assert text.split()[:3] == ["pilot", "must", "1"]


def test_a_brief_in_another_encoding_is_refused(app: APIFlask, tmp_path: Path) -> None:
    file = tmp_path / "brief.txt"
    file.write_bytes("Un fabricant de caf\xe9".encode("latin-1"))
    said = run(app, "initiative", "needs", "--file", str(file), fails=True)
    assert "brief.txt isn't text in UTF-8" in said and said.endswith("Save it as UTF-8.\n")


def test_insights(app: APIFlask) -> None:
    missed = run(app, "insight", "missed-chances", "--limit", "1")
    assert "(demo) asks:" in missed
    assert "(demo) offers:" in missed
    assert run(app, "insight", "strengths", "be2").startswith("BE2: 127 organisations\n")
    assert run(app, "insight", "overlaps") == "0 pair(s) of 2 initiatives.\n"
    assert "isn't a domain" in run(app, "insight", "overlaps", "--domain", "magic", fails=True)


@pytest.mark.parametrize(
    ("text", "quota"),
    [
        ("type company>=5", QuotaRequest(QuotaKind.TYPE, "company", 5)),
        ("region BE2>=6<=10", QuotaRequest(QuotaKind.REGION, "BE2", 6, 10)),
        ("newcomer>=2", QuotaRequest(QuotaKind.NEWCOMER, "", 2)),
        ("country DE<=0", QuotaRequest(QuotaKind.COUNTRY, "DE", 0, 0)),
    ],
)
def test_quotas_are_read(text: str, quota: QuotaRequest) -> None:
    assert read_quota(text) == quota


@pytest.mark.parametrize(
    "text", ["company", "type pirate>=1", "sme BE>=1", "newcomer>=3<=2", "country Belgium>=1", ""]
)
def test_bad_quotas_are_explained(text: str) -> None:
    with pytest.raises(ClickException, match="quota"):
        read_quota(text)
