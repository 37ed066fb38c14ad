from __future__ import annotations

import html
import re
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from itsdangerous import TimestampSigner
from werkzeug.datastructures import MultiDict

import matcher.web
from matcher.container import Services
from matcher.domain import Need, Question, Stage
from matcher.matching.score import QUALIFYING
from matcher.web.labels import LABELS
from tests.web.users import get, post, signed_in, token

WEB = Path(matcher.web.__file__).parent
TEXT = "We look for injection moulding of microfluidic cartridges and need CE marking under IVDR."
IVDR = "Technical file and CE marking under IVDR"


def asked(client: FlaskClient, *parts: tuple[str, str]) -> Any:
    return get(client, "/matches?" + urlencode(parts))


def ranked(page: Any) -> list[str]:
    return re.findall(r'<h2><a href="/organisations/([^"]+)"', page.text)


def stated(page: Any) -> list[str]:
    return [
        html.unescape(one)
        for one in re.findall(r'"need-\d+" name="need"[^>]*value="([^"]+)"', page.text)
    ]


def test_the_form_keeps_who_is_left_out(client: FlaskClient) -> None:
    first = ranked(asked(client, ("text", TEXT)))[0]
    sent = post(client, "/matches", {"text": TEXT, "exclude": first, "unlike": "demo:surfalink"})
    parts = parse_qsl(sent.headers["Location"].split("?", 1)[1])
    assert ("exclude", first) in parts and ("unlike", "demo:surfalink") in parts
    assert first not in ranked(get(client, sent.headers["Location"]))


def test_who_shares_the_place_of_a_likely_partner_says_so(
    app: APIFlask, client: FlaskClient
) -> None:
    text = "Together with Universiteit Gent: biosensors for care at home"
    english = asked(client, ("text", text)).text
    assert "Shares Gent with Universiteit Gent, who may well take part." in english
    assert "who is in" not in english
    with_member = asked(client, ("text", text), ("members", "demo:ugent")).text
    assert "Shares Gent with Universiteit Gent, who is in." in with_member
    assert "who may well take part" not in with_member


def test_every_part_of_a_score_has_a_name_and_a_colour() -> None:
    styles = (WEB / "static" / "schakel.css").read_text(encoding="utf-8")
    others = {"affiliation", "reciprocity", "complement", "across_fields", "similarity"}
    for name in QUALIFYING | others:
        assert name in LABELS
        assert re.search(rf"\.part-{name}\b", styles), name


def test_a_longer_list_is_one_click_away(client: FlaskClient) -> None:
    parts = ("text", "sensors, materials and food"), ("complement", "40")
    page = asked(client, *parts)
    assert len(ranked(page)) == 20
    links = [
        html.unescape(one) for one in re.findall(r'href="(/matches[^"]*show=[^"]*)"', page.text)
    ]
    assert [dict(parse_qsl(one.split("?", 1)[1])) for one in links] == [
        {**dict(parts), "show": "50"},
        {**dict(parts), "show": "100"},
    ]
    longer = get(client, links[0])
    assert len(ranked(longer)) == 50 and ranked(longer)[:20] == ranked(page)
    assert "show=50" in re.findall(r'<input id="share" readonly value="([^"]+)"', longer.text)[0]
    assert "show=100" in longer.text and 'show=50" rel' not in longer.text
    for wrong in ("7", "1000", "x"):
        assert ranked(asked(client, *parts, ("show", wrong))) == ranked(page)
    whole = asked(client, *parts, ("show", "100"))
    assert len(ranked(whole)) > 50 and "Show the best" not in whole.text


def test_places_kept_are_told(app: APIFlask, client: FlaskClient) -> None:
    recommender = app.extensions["schakel"].recommender
    answer = recommender.recommend(Question(text=TEXT, limit=20))
    results = list(answer.results)
    results[4] = replace(results[4], long_tail=True)
    answer = replace(answer, results=tuple(results))
    recommender.recommend = lambda question: answer
    page = asked(client, ("text", TEXT)).text
    assert page.count("Stands before others of a higher score: it has few past projects.") == 1


def test_rows_marked_to_go_and_empty_ones_leave_the_address(client: FlaskClient) -> None:
    fields = {
        "text": TEXT,
        "need": ["spuitgieten", "cleanroom", ""],
        "level": ["must", "nice", "must"],
        "stage": ["", "pilot", ""],
        "without": "0",
    }
    sent = post(client, "/matches", fields)
    parts = parse_qsl(sent.headers["Location"].split("?", 1)[1], keep_blank_values=True)
    assert parts == [("text", TEXT), ("need", "cleanroom"), ("level", "nice"), ("stage", "pilot")]


def test_a_long_question_offers_no_link_that_would_break(client: FlaskClient) -> None:
    page = post(client, "/matches", {"text": TEXT * 90, "needs": "spuitgieten"})
    first = ranked(page)[0]
    assert 'id="share"' not in page.text
    assert "exclude=" not in page.text and "Match each of these needs" not in page.text
    assert f'<button form="ask" class="plain" name="exclude" value="{first}">' in page.text
    assert stated(page) == ["spuitgieten"]
    without = post(client, "/matches", {"text": TEXT * 90, "exclude": first})
    assert first not in ranked(without)
    assert f'<button form="ask" class="plain" name="back" value="{first}">' in without.text
    again = post(client, "/matches", {"text": TEXT * 90, "exclude": first, "back": first})
    assert first in ranked(again)


def test_links_that_would_get_too_long_become_buttons(client: FlaskClient) -> None:
    text = "spuitgieten " * 498
    page = asked(client, ("text", text.strip()))
    assert page.status_code == 200 and 'id="share"' in page.text
    assert 'form="ask" class="plain" name="unlike"' in page.text


@pytest.mark.parametrize("by", ["get", "post"])
def test_faults_lose_neither_needs_nor_dials_nor_exclusions(client: FlaskClient, by: str) -> None:
    fields = {
        "text": TEXT,
        "members": "Bestaat Niet",
        "need": "cleanroom",
        "level": "nice",
        "stage": "pilot",
        "complement": "70",
        "alike": "0",
        "exclude": "demo:surfalink",
    }
    page = asked(client, *fields.items()) if by == "get" else post(client, "/matches", fields)
    assert page.status_code == 422
    assert "We know no organisation called “Bestaat Niet”." in page.text
    assert stated(page) == ["cleanroom"]
    assert '<option value="nice" selected>' in page.text
    assert '<option value="pilot" selected>' in page.text
    assert 'name="complement" min="0" max="100" step="5" value="70"' in page.text
    assert 'name="alike" min="0" max="100" step="5" value="0"' in page.text
    assert '<input type="hidden" name="exclude" value="demo:surfalink">' in page.text


def sent_in_dutch(client: FlaskClient, page: Any) -> Any:
    """Press the button for Dutch at the head of a page that answers what was sent."""
    again = re.search(r'<form method="post" id="sent-again">(.*?)</form>', page.text, re.S)
    button = re.search(r'<button form="sent-again" formaction="([^"]+)"[^>]*lang="nl"', page.text)
    assert again and button and button[1] == "?lang=nl"
    fields = re.findall(r'name="([^"]+)" value="([^"]*)"', again[1])
    several = MultiDict((name, html.unescape(value)) for name, value in fields)
    return client.post("/matches?lang=nl", data=several)


def test_languages_keep_a_question_that_is_too_long_for_an_address(client: FlaskClient) -> None:
    text = "Spuitgieten van cartridges & <chips>. " * 180
    sent = {"text": text, "need": ["cleanroom", "mallen"], "level": ["nice", "must"]}
    english = post(client, "/matches", {**sent, "stage": ["pilot", ""]})
    assert english.status_code == 200 and english.request.path == "/matches"
    dutch = sent_in_dutch(client, english)
    assert dutch.status_code == 200 and '<html lang="nl">' in dutch.text
    assert html.escape(text.strip()) in dutch.text and stated(dutch) == ["cleanroom", "mallen"]
    assert '<option value="nice" selected>' in dutch.text
    assert ranked(dutch) == ranked(english) != []


def test_languages_keep_what_is_wrong_in_a_question(client: FlaskClient) -> None:
    english = post(client, "/matches", {"text": "waterstof", "members": "Bestaat Niet"})
    dutch = sent_in_dutch(client, english)
    assert dutch.status_code == 422 and '<html lang="nl">' in dutch.text
    assert "waterstof</textarea>" in dutch.text and "Bestaat Niet</textarea>" in dutch.text
    lost = client.post("/matches", data={"text": "waterstof"})
    assert lost.status_code == 400
    assert sent_in_dutch(client, lost).headers["Location"] == "/matches?text=waterstof"


def test_what_narrows_a_question_down_is_open_where_it_is_wrong(client: FlaskClient) -> None:
    shut = r"<details>\s*<summary>Narrow it down"
    assert re.search(shut, get(client, "/").text)
    assert re.search(shut, post(client, "/matches", {"members": "Bestaat Niet"}).text)
    for wrong in ({"radius": "0"}, {"radius": "ver"}, {"types": "pirate"}):
        page = post(client, "/matches", {"text": "waterstof", **wrong})
        assert page.status_code == 422, wrong
        assert re.search(r"<details open>\s*<summary>Narrow it down", page.text), wrong


def test_more_needs_than_can_be_asked_are_refused_not_dropped(client: FlaskClient) -> None:
    page = post(client, "/matches", {"needs": "\n".join(f"nood {n}" for n in range(51))})
    assert page.status_code == 422
    assert "At most 50 needs of 2000 characters each." in page.text
    assert "nood 50" in page.text


def test_needs_that_were_read_name_who_answers_them_and_can_be_matched(client: FlaskClient) -> None:
    page = asked(client, ("text", TEXT))
    table = page.text.split('class="grid answered"')[1].split("</table>")[0]
    assert "Conformiteitshuis Medtech (demo)" in table
    assert "Read from your text." in page.text
    found = re.search(r'<a href="([^"]+)">Match each of these needs', page.text)
    assert found is not None
    matched = get(client, html.unescape(found[1]))
    assert stated(matched) == stated(page)
    assert "Read from your text." not in matched.text
    assert re.search(r"meets? the need “[^”]+”\.", matched.text)


def test_who_answers_each_need_is_named_with_the_offer(app: APIFlask) -> None:
    services: Services = app.extensions["schakel"]
    needs = (Need(IVDR), Need("spuitgieten van cartridges", stage=Stage.PRODUCTION), Need("qqqq"))
    answer = services.recommender.recommend(Question(text="biosensor", needs=needs))
    assert answer.needs is not None
    first, second, third = (item.best for item in answer.needs.items)
    ids = [match.organisation.id for match in answer.results]
    assert first is not None and second is not None and third is None
    assert first.facet is not None and "IVDR" in first.facet.text
    for best in (first, second):
        assert ids[best.rank - 1] == best.organisation.id and best.probability >= 0.05
    later = services.recommender.recommend(
        Question(text="biosensor", needs=needs, offset=1, limit=3)
    )
    assert later.needs is not None and len(later.results) == 3
    ranks = {item.best.rank for item in later.needs.items if item.best}
    assert ranks <= {match.rank for match in later.results}


def test_every_match_can_be_left_out_and_the_choice_taken_back(client: FlaskClient) -> None:
    page = asked(client, ("text", TEXT), ("unlike", "demo:surfalink"))
    assert page.text.count("nor ones like it") == len(ranked(page)) == 20
    assert "not like Surfalink" in page.text
    back = re.search(r'<a href="([^"]+)">take back', page.text)
    assert back is not None and "unlike" not in back[1]


def test_the_mix_is_drawn_and_told_in_figures(client: FlaskClient) -> None:
    page = asked(client, ("text", TEXT), ("types", "hospital"), ("types", "public_body")).text
    told = re.findall(r"</svg> ([^<]+)</th><td>(\d+)</td>", page.split('class="legend"')[1])
    counts = dict(told[:5])
    assert counts["Companies"] == counts["Education"] == "0"
    assert int(counts["Knowledge institutions"]) == page.count('class="badge type-hospital"') > 0
    assert int(counts["Government"]) == page.count('class="badge type-public_body"')
    assert page.count('class="strand-business"') == 1  # in the legend, not in the bar
    assert re.search(r"Fields: [^(]+ \(\d+\), .*; evenly spread: \d+ %", page)


def test_no_style_or_script_stands_in_the_page(client: FlaskClient) -> None:
    page = asked(client, ("text", TEXT)).text
    assert not re.search(r"\sstyle=|<style|\son[a-z]+=|<script>", page)
    assert "asking.js" in page


def test_the_home_page_has_an_example_that_fills_the_form(client: FlaskClient) -> None:
    page = get(client, "/")
    found = re.search(r'<a href="([^"]+)">Try an example', page.text)
    assert found is not None
    filled = get(client, html.unescape(found[1]))
    assert "potato peels into biodegradable packaging" in filled.text.split("<textarea")[1]
    assert filled.status_code == 200 and 'class="error"' not in filled.text


def test_the_home_page_is_light(home: Path, make_app: Callable[..., APIFlask]) -> None:
    client = make_app(home).test_client()
    page = client.get("/?lang=fr", headers={"Accept-Encoding": "gzip"})
    assets = re.findall(r'(?:src|<link[^>]*href)="([^"]+)"', client.get("/?lang=fr").text)
    sizes = [len(page.data)]
    for one in assets:
        with client.get(one, headers={"Accept-Encoding": "gzip"}) as asset:
            sizes.append(len(asset.data))
    assert len(assets) == 2 and sum(sizes) < 60_000


def test_organisations_are_picked_by_links_that_keep_the_rest(client: FlaskClient) -> None:
    page = get(client, "/organisations?q=en&type=company&country=BE")
    picked = re.search(r'<a href="([^"]+)" rel="nofollow"><span>Flanders</span>', page.text)
    assert picked is not None
    parts = dict(parse_qsl(html.unescape(picked[1]).split("?", 1)[1]))
    assert parts == {"q": "en", "type": "company", "country": "BE", "region": "BE2"}
    flanders = get(client, html.unescape(picked[1]))
    assert 'aria-current="true"><span>Flanders</span>' in flanders.text
    back = re.search(r'Belgium <a href="([^"]+)">take back', flanders.text)
    assert back is not None and back[1] == "/organisations?type=company&amp;q=en"
    assert '<input type="hidden" name="region" value="BE2">' in flanders.text


def test_pages_of_organisations_follow_each_other(client: FlaskClient) -> None:
    first = get(client, "/organisations?type=company")
    following = re.search(r'<a href="([^"]+)" rel="next">', first.text)
    assert following is not None
    assert following[1] == "/organisations?type=company&amp;page=2"
    second = get(client, html.unescape(following[1]))
    links = r'<li><a href="/organisations/([^"]+)">'
    one, other = (re.findall(links, page.text) for page in (first, second))
    assert len(one) == len(other) == 30 and not set(one) & set(other)
    assert re.search(r"Page 2 of \d+", second.text)
    beyond = get(client, "/organisations?page=99999999999")
    assert beyond.status_code == 200 and 'rel="prev"' in beyond.text


@pytest.mark.parametrize(
    "query",
    ["type=nonsense", "country=belgie", "region=%27%3B--", "stage=x", "domain=nix", "page=-4"],
)
def test_what_cannot_be_picked_is_left_aside(client: FlaskClient, query: str) -> None:
    everybody = re.search(r">(\d+) found<", get(client, "/organisations").text)
    answer = get(client, f"/organisations?{query}")
    assert everybody is not None and answer.status_code == 200
    assert f">{everybody[1]} found<" in answer.text


def test_nobody_found_says_what_to_do(client: FlaskClient) -> None:
    page = get(client, "/organisations?q=qqqqq%00&type=hospital")
    assert ">0 found<" in page.text and "Nothing fits all of this." in page.text


def test_domains_and_countries_are_called_in_the_language_of_the_page(client: FlaskClient) -> None:
    page = client.get("/organisations?lang=de&domain=chemistry").text
    assert "<span>Chemie</span>" in page and "<span>Belgien</span>" in page


def test_members_keep_the_question_with_its_name(app: APIFlask) -> None:
    page = asked(signed_in(app, "member"), ("text", TEXT), ("need", IVDR))
    assert f'name="name" maxlength="300" value="{TEXT[:60]}"' in page.text
    kept = re.search(r'name="question" value="([^"]+)"', page.text)
    assert kept is not None and IVDR in html.unescape(kept[1])


def test_the_results_can_be_asked_again_with_their_own_form(client: FlaskClient) -> None:
    page = asked(client, ("text", TEXT))
    form = page.text.split('id="change"')[1]
    fresh = re.search(r'name="csrf_token" value="([^"]+)"', form)
    assert fresh is not None
    sent = client.post("/matches", data={"csrf_token": fresh[1], "text": "vrachtfietsen"})
    assert (sent.status_code, sent.headers["Location"]) == (303, "/matches?text=vrachtfietsen")


def test_a_form_whose_session_is_gone_is_shown_again(client: FlaskClient) -> None:
    written = {"text": "vrachtfietsen", "members": "demo:vito", "need": [IVDR], "csrf_token": "x"}
    page = client.post("/matches?lang=en", data=written)
    assert page.status_code == 400
    assert "The form had expired. Nothing you wrote is lost: send it again." in page.text
    assert ">\r\nvrachtfietsen</textarea>" in page.text and ">\r\ndemo:vito</" in page.text
    assert f'name="need" maxlength="2000" value="{IVDR}"' in page.text
    fresh = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert fresh is not None
    sent = client.post("/matches", data={**written, "csrf_token": fresh[1]})
    assert sent.status_code == 303 and "text=vrachtfietsen" in sent.headers["Location"]


def test_a_form_is_good_for_as_long_as_its_session(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = token(client)
    now = time.time()
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda _signer: int(now) + 11 * 3_600)
    sent = client.post("/matches", data={"csrf_token": known, "text": "vrachtfietsen"})
    assert sent.status_code == 303


def test_dials_stand_in_the_address_only_when_somebody_turned_them(client: FlaskClient) -> None:
    fields = {"text": TEXT, "complement": "20", "alike": "0"}
    parts = parse_qsl(post(client, "/matches", fields).headers["Location"].split("?", 1)[1])
    assert parts == [("text", TEXT), ("alike", "0")]


def test_a_dial_that_is_no_number_says_so_at_the_dial(client: FlaskClient) -> None:
    page = asked(client, ("text", TEXT), ("complement", "veel"))
    assert page.status_code == 422
    assert '<p class="error" id="complement-error">Not a valid integer value.' in page.text


def chip(page: Any, name: str) -> tuple[dict[str, str], str]:
    """Return what the link of a chip asks, and what it says."""
    found = re.search(
        rf'<li>{name} <q[^>]*>[^<]*</q> <a href="([^"]+)" rel="nofollow">([^<]+)<', page.text
    )
    assert found is not None
    return dict(parse_qsl(html.unescape(found[1]).split("?", 1)[1])), found[2]


def test_one_click_applies_a_filter_that_the_text_speaks_of(client: FlaskClient) -> None:
    text = "We look for a company in Germany that makes sensors"
    page = asked(client, ("text", text))
    assert chip(page, "Only: Germany") == ({"text": text, "country": "DE"}, "apply")
    assert chip(page, "Only: Company") == ({"text": text, "types": "company"}, "apply")
    applied = asked(client, ("text", text), ("country", "DE"))
    assert chip(applied, "Only: Germany") == ({"text": text}, "take away")
    assert set(ranked(applied)) < set(ranked(asked(client, ("text", text), ("show", "100"))))


def test_what_the_text_excludes_is_shown_and_one_click_takes_it_away(client: FlaskClient) -> None:
    text = "Wij zoeken een sensor voor water, geen software en geen partners uit Duitsland"
    page = asked(client, ("text", text), ("lang", "nl"))
    assert "Buiten de vraag gelaten: geen software en geen partners uit Duitsland" in page.text
    asks, says = chip(page, "Niemand uit: Duitsland")
    assert (asks, says) == ({"text": text, "all_places": "y"}, "weghalen")
    whole = asked(client, *asks.items(), ("lang", "nl"))
    assert chip(whole, "Niemand uit: Duitsland") == ({"text": text}, "toepassen")
    assert 'name="all_places"' in whole.text


SEAMS = "AI op de lasnaad: wij zoeken iemand die lasnaden inspecteert"


def quotes_by_match(page: str) -> dict[int, str]:
    """What stands under each match, by rank."""
    parts = re.split(r'id="match-(\d+)"', page)
    return {int(rank): text for rank, text in zip(parts[1::2], parts[2::2], strict=True)}


@pytest.mark.parametrize(
    ("language", "as_above"),
    [
        ("en", "Described above, under "),
        ("nl", "Hierboven beschreven, bij "),
        ("fr", "Décrit plus haut, sous "),
        ("de", "Weiter oben beschrieben, bei "),
    ],
)
def test_a_project_is_told_once(client: FlaskClient, language: str, as_above: str) -> None:
    page = client.get("/matches", query_string={"text": SEAMS, "lang": language}).text
    matches = quotes_by_match(page)
    named = [
        rank
        for rank, text in matches.items()
        if "AI op de lasnaad (demo)” (2021)" in text
        or "AI op de lasnaad (demo) » (2021)" in text
        or "AI op de lasnaad (demo)“ (2021)" in text
    ]
    assert len(named) >= 3
    first = named[0]
    assert as_above not in matches[first]
    for rank in named[1:]:
        assert f'href="#match-{first}">{as_above}' in matches[rank]
    whole = client.post("/api/v1/recommendations", json={"text": SEAMS}).get_json()["results"]
    texts = {
        reason["facet"]["text"]
        for one in whole
        for reason in one["reasons"]
        if reason["facet"] and reason["facet"]["title"] == "AI op de lasnaad (demo)"
    }
    [text] = texts
    description = html.escape(text.partition(" — ")[2], quote=False)[:60]
    assert "".join(matches.values()).count(description) == 1


def test_one_need_that_was_read_is_what_the_text_asks(client: FlaskClient) -> None:
    page = asked(client, ("text", SEAMS)).text
    table = page.split('class="grid answered"')[1].split("</table>")[0]
    assert "nobody on this page" not in table and 'href="#match-1"' in table
