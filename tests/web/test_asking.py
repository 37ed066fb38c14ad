from __future__ import annotations

import html
import re
from typing import Any
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient

from matcher.initiatives import actions as initiatives
from tests.web.users import get, post, signed_in

TEXT = "We look for injection moulding of microfluidic cartridges and need CE marking under IVDR."


def asked(client: FlaskClient, *parts: tuple[str, str]) -> Any:
    return get(client, "/matches?" + urlencode(parts))


def ranked(page: Any) -> list[str]:
    return re.findall(r'<h2><a href="/organisations/([^"]+)"', page.text)


def test_the_form_leads_to_an_address_that_asks_the_same(client: FlaskClient) -> None:
    fields = {"text": TEXT, "needs": "spuitgieten\n- cleanroom", "types": ["company"], "radius": ""}
    sent = post(client, "/matches", fields)
    assert sent.status_code == 303
    address = sent.headers["Location"]
    assert "need=spuitgieten&level=must&stage=&need=cleanroom" in address
    assert "csrf" not in address and "radius" not in address
    page = get(client, address)
    share = re.search(r'id="share" readonly value="([^"]+)"', page.text)
    assert share is not None
    assert html.unescape(share[1]).endswith(address)
    assert page.headers["X-Robots-Tag"] == "noindex"
    assert ranked(page) == ranked(client.get(html.unescape(share[1]).split("8000", 1)[1]))
    assert f'href="?{html.escape(address.split("?", 1)[1])}&amp;lang=fr"' in page.text


def test_a_text_too_long_for_an_address_is_answered_all_the_same(client: FlaskClient) -> None:
    page = post(client, "/matches", {"text": TEXT * 90})
    assert page.status_code == 200 and len(ranked(page)) == 20
    assert "The text is too long for an address" in page.text


def test_needs_read_from_the_text_can_be_edited_and_count_then(client: FlaskClient) -> None:
    page = asked(client, ("text", TEXT))
    assert "These were read from your text." in page.text
    read = [html.unescape(one) for one in re.findall(r'name="need"[^>]*value="([^"]+)"', page.text)]
    assert any("microfluidic cartridges" in one for one in read)
    edited = asked(
        client,
        ("text", TEXT),
        *(("need", "vrachtfietsen"), ("level", "nice"), ("stage", "production")),
        *(("need", "weg ermee"), ("level", "must"), ("stage", "")),
        ("without", "1"),
    )
    assert "These were read from your text." not in edited.text
    assert re.findall(r'name="need"[^>]*value="([^"]+)"', edited.text) == ["vrachtfietsen"]
    assert '<option value="nice" selected>' in edited.text
    assert '<option value="production" selected>' in edited.text


def test_not_this_one_nor_ones_like_it(client: FlaskClient) -> None:
    page = asked(client, ("text", TEXT))
    first = ranked(page)[0]
    found = re.search(rf'href="([^"]+exclude={first.replace(":", "%3A")})"', page.text)
    assert found is not None
    without = get(client, html.unescape(found[1]))
    assert first not in ranked(without)
    back = re.search(r'<a href="([^"]+)">take back', without.text)
    assert back is not None
    assert ranked(get(client, html.unescape(back[1]))) == ranked(page)


def test_the_dial_changes_the_order_and_stays(client: FlaskClient) -> None:
    parts = (("text", "biosensor"), ("members", "demo:dijlenano"), ("need", "spuitgieten"))
    low, high = (asked(client, *parts, ("complement", one)) for one in ("0", "100"))
    assert ranked(low) != ranked(high)
    assert 'name="complement" min="0" max="100" step="5" value="100"' in high.text


@pytest.mark.parametrize(
    "parts",
    [
        [("text", "x"), ("complement", "101")],
        [("text", "x"), ("radius", "veel")],
        [("text", "x" * 10_001)],
        [("needs", "\n".join("need" + "x" * 2_001 for _ in range(2)))],
        [("text", ""), ("members", "Bestaat Niet")],
        [("text", "")],
    ],
)
def test_faulty_addresses_show_the_form(client: FlaskClient, parts: list[tuple[str, str]]) -> None:
    page = asked(client, *parts)
    assert page.status_code == 422
    assert 'class="error"' in page.text


def test_what_an_address_names_in_vain_is_left_aside(client: FlaskClient) -> None:
    page = asked(
        client, ("text", TEXT), ("exclude", "demo:bestaat-niet"), ("need", "x"), ("level", "?")
    )
    assert page.status_code == 200
    assert "bestaat-niet" not in re.sub(r'value="[^"]*"|href="[^"]*"', "", page.text)


def test_the_page_says_who_answers_each_need(client: FlaskClient) -> None:
    page = asked(client, ("text", "x"), ("need", "Technical file and CE marking under IVDR"))
    answered = page.text.split('class="grid answered"')[1].split("</table>")[0]
    assert "Conformiteitshuis Medtech (demo)" in answered


def test_closed_initiatives_are_for_those_who_sign_in(app: Any, client: FlaskClient) -> None:
    from dataclasses import replace

    store = app.extensions["schakel"].store
    initiatives.change(store, "demo:fisch", lambda old: replace(old, open=False))
    for address in ("/", "/initiatives"):
        assert "FISCH" not in get(client, address).text
    assert get(client, "/initiatives/demo:fisch").status_code == 404
    member = signed_in(app, "member")
    assert "FISCH" in get(member, "/initiatives").text
    assert get(member, "/initiatives/demo:fisch").status_code == 200
