"""The stories of a company, a cluster manager and an administrator, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.stories import NANO, SIZES, browser_over, open_profile, opened, sign_in
from tests.homes import copied
from tests.servers import Service

pytestmark = pytest.mark.slow

WAYS = [("nl", "phone", False), ("en", "desktop", True)]
BRIEF = {
    "nl": "We willen biosensoren voor thuiszorg maken. We zoeken een partner die microfluïdische "
    "cartridges kan spuitgieten, en hebben kennis van CE-markering onder IVDR nodig.",
    "en": "We want to make biosensors for home care. We look for a partner who can injection mould "
    "microfluidic cartridges, and we need somebody who knows CE marking under IVDR.",
}
WORDS = {
    "nl": {
        "stored": "behoeften zijn opgeslagen",
        "member": "is nu lid",
        "kept": "is bewaard",
        "undone": "Ongedaan gemaakt",
    },
    "en": {
        "stored": "needs are stored",
        "member": "is a member now",
        "kept": "list is kept",
        "undone": "Undone",
    },
}
OFFER = "Gieten van kwartelbalsem in ampullen, met vrijgave per lot."
NEED = "Een partner die ampullen van gerecycleerd glas levert."
TABLE = """id,name,type,city,country,offer_1_text
story:kwartel-{language},Kwartel {language} (voorbeeld),company,Aalst,BE,Kwartelveren verven
story:patrijs-{language},Patrijs {language} (voorbeeld),company,Ronse,BE,Patrijsnesten vlechten
story:fout-{language},Fout {language} (voorbeeld),no such type,Ronse,BE,Iets
"""


@pytest.fixture(scope="module")
def place(demo_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:

    home = tmp_path_factory.mktemp("stories") / "home"
    copied(demo_home, home)
    with browser_over(home) as found:
        yield found


@pytest.mark.parametrize("size", list(SIZES))
@pytest.mark.parametrize("javascript", [True, False])
def test_a_company_finds_partners(place: tuple[Service, Any], size: str, javascript: bool) -> None:
    service, browser = place
    page, faults = opened(browser, size, "light", "nl", javascript)
    page.goto(service.address)
    page.fill("#text", "Wij willen biosensoren voor de thuiszorg in grote aantallen laten maken.")
    page.fill("#needs", "Spuitgieten van microfluïdische cartridges\nCE-markering onder IVDR")
    page.fill("#members", "Dijlenano Instituut (demo)")
    page.click(".ask > button[type=submit]")
    expect(page.locator("h1")).to_have_text("Partners voor uw idee")
    expect(page.locator(".match")).to_have_count(20)
    names = page.locator(".match h2").all_inner_texts()
    assert "Dijlenano Instituut (demo)" not in names
    assert "Conformiteitshuis Medtech (demo)" in names[:3]
    assert page.locator(".match").first.locator("q").count() >= 1
    page.locator(".match h2 a").first.click()
    expect(page.locator("h1")).to_have_text(names[0])
    if javascript:
        page.goto(service.address + "/api/docs")
        page.get_by_text("Recommend partners").first.wait_for(timeout=20_000)
    assert faults == []
    page.context.close()


@pytest.mark.parametrize("javascript", [True, False])
def test_a_company_edits_what_it_needs_and_shares_the_question(
    place: tuple[Service, Any], javascript: bool
) -> None:
    service, browser = place
    page, faults = opened(browser, "phone", "light", "en", javascript)
    page.goto(service.address)
    page.locator(".try a").click()
    page.locator(".ask > button[type=submit]").click()
    page.wait_for_url("**/matches?text=*")
    asked = page.url
    before = page.locator(".need-chip input[name=need]").first.input_value()
    assert before
    if javascript:
        page.locator(".need-chip .drop").first.click()
        page.locator("#add-need").click()
        page.keyboard.type("recycling of bioplastics")
    else:
        page.locator(".need-chip [name=without]").first.check()
        page.locator(".need-chip input[name=need]").last.fill("recycling of bioplastics")
    page.locator(".ask > button[type=submit]").click()
    page.wait_for_url("**need=recycling+of+bioplastics*")
    rows = page.locator(".need-chip input[name=need]").all()
    needs = [row.input_value() for row in rows]
    assert "recycling of bioplastics" in needs and before not in needs
    page.locator(".share summary").click()
    shared = page.locator("#share").input_value()
    assert shared.split("/matches")[1] == page.url.split("/matches")[1]
    page.locator(".feedback a").first.click()
    expect(page.locator(".chips li")).to_have_count(1)
    page.go_back()
    page.go_back()
    assert page.url == asked
    assert faults == []
    page.context.close()


@pytest.mark.parametrize(("language", "size", "javascript"), WAYS)
def test_a_manager_from_brief_to_introduction(
    place: tuple[Service, Any], language: str, size: str, javascript: bool
) -> None:
    service, browser = place
    said = WORDS[language]
    page, faults = opened(browser, size, "light", language, javascript)
    sign_in(page, service.address, "manager")
    page.goto(service.address + "/initiatives/new")
    page.fill("#name", f"Thuissensor {language}")
    page.fill("#brief", BRIEF[language])
    page.click("form.ask button[type=submit]")
    page.wait_for_url("**/needs*")
    texts = [one.input_value() for one in page.locator("textarea[name=text]").all()]
    assert any("IVDR" in text for text in texts)
    page.select_option("#stage-0", "production")
    page.fill("#weight-0", "2")
    page.locator("main form button[type=submit]").first.click()
    expect(page.locator("[role=status]")).to_contain_text(said["stored"])
    home = page.url
    page.goto(home + "/members")
    page.fill("#organisation", "Dijlenano Instituut (demo)")
    page.click("form.ask button[type=submit]")
    expect(page.locator("[role=status]")).to_contain_text(said["member"])
    page.goto(home + "/gaps")
    assert page.locator("table.heat tbody tr").count() == len([text for text in texts if text])
    page.goto(home + "/line-up")
    page.fill("#size", "5")
    if javascript:  # the team follows what is typed
        page.wait_for_selector(".picks > li:nth-child(5):last-child")
        page.wait_for_url(re.compile("size=5"))
    else:
        page.click("#builder button[type=submit]")
    expect(page.locator(".picks > li")).to_have_count(5)
    page.goto(home + "/matches")
    page.fill("#keep-name", f"Lijst {language}")
    page.click(".keep button")
    expect(page.locator("[role=status]")).to_contain_text(said["kept"])
    kept = page.url
    page.select_option("#status-1", "approached")
    page.fill("#note-1", "Maandag bellen")
    page.click(".sticky button")
    expect(page.locator("#note-1")).to_have_value("Maandag bellen")
    if javascript:
        with page.expect_download() as download:
            page.click("a[href*='export.xlsx']")
        assert download.value.suggested_filename.endswith(".xlsx")
    page.locator("#share form button").first.click()
    link = page.locator("#made").input_value()
    reader, _ = opened(browser, size, "dark", language, javascript)
    reader.goto(re.sub(r"^https?://[^/]+", service.address, link))
    assert reader.locator("li.card").count() > 0
    assert "Maandag bellen" not in reader.content()
    reader.context.close()
    page.goto(kept)
    page.locator(".ask-link a").first.click()
    message = "Wij maken biosensoren en zoeken iemand zoals u."
    page.fill("#message", message)
    page.click("form.ask button[type=submit]")
    expect(page.locator("blockquote")).to_have_text(message)
    expect(page.locator(".error")).to_have_count(0)
    page.goto(service.address + "/introductions")
    assert page.locator("tbody tr").count() >= 1
    assert faults == []
    page.context.close()


@pytest.mark.parametrize(("language", "size", "javascript"), WAYS)
def test_a_company_is_found_by_its_profile_and_leaves_without_a_trace(
    place: tuple[Service, Any], language: str, size: str, javascript: bool
) -> None:
    service, browser = place
    name = f"Kwartelhof {language} (voorbeeld)"
    page, faults = opened(browser, size, "light", language, javascript)
    open_profile(page, service, name, OFFER, NEED)
    asker, _ = opened(browser, size, "light", language, javascript)
    asker.goto(f"{service.address}/matches?text={OFFER}")
    assert name in asker.locator("main").inner_text()
    page.goto(service.address + "/profile/edit")
    rows = page.locator("[data-rows=offer] textarea")
    further = rows.nth(rows.count())
    page.click("button[data-add=offer]")  # a further row, with a script or without
    further.fill("Keuren van pipetten")
    page.locator(".profile-form > .actions button[type=submit]").click()
    page.goto(service.address + "/profile/found")
    page.locator("select#initiative").select_option(index=0)
    page.locator("form.ask button[type=submit]").click()
    page.locator(".advice").wait_for()
    if javascript:
        page.goto(service.address + "/profile")
        with page.expect_download() as download:
            page.click("a[href='/profile/export.json']")
        assert "Keuren van pipetten" in Path(download.value.path()).read_text(encoding="utf-8")
    page.goto(service.address + "/profile/delete")
    page.check("#sure")
    page.click("button.danger")
    asker.reload()
    assert name not in asker.content()
    assert faults == []
    asker.context.close()
    page.context.close()


@pytest.mark.parametrize(("language", "size", "javascript"), WAYS)
def test_a_manager_imports_a_table_and_takes_it_back(
    place: tuple[Service, Any], language: str, size: str, javascript: bool
) -> None:
    service, browser = place
    page, faults = opened(browser, size, "light", language, javascript)
    sign_in(page, service.address, "manager")
    page.goto(service.address + "/import")
    table = {"name": "leden.csv", "mimeType": "text/csv"}
    page.set_input_files("#file", {**table, "buffer": TABLE.format(language=language).encode()})
    page.click("form.ask button[type=submit]")
    to_import(page, javascript)
    expect(page.locator("main")).to_contain_text("no such type")
    page.check("input[name=skip_invalid]")
    page.locator("form[action$='/confirm'] button").click()
    to_import(page, javascript)
    address = page.url
    page.goto(f"{service.address}/organisations/story:kwartel-{language}")
    assert page.locator("h1").inner_text() == f"Kwartel {language} (voorbeeld)"
    page.goto(address)
    page.check("input[name=sure]")
    page.click("button.danger")
    to_import(page, javascript)
    expect(page.locator("main")).to_contain_text(WORDS[language]["undone"])
    gone = page.request.get(f"{service.address}/organisations/story:kwartel-{language}")
    assert gone.status == 404
    assert faults == []
    page.context.close()


def to_import(page: Page, javascript: bool) -> None:
    """Wait for the job on whose page one is, and arrive at its import."""
    if javascript:  # the page follows its job by itself
        page.wait_for_url(re.compile("/import/"))
        return
    while "yes" in (page.locator("#job").get_attribute("data-open") or ""):
        page.wait_for_timeout(500)
        page.locator("#job .actions a").first.click()
    page.locator("#job .actions a").last.click()


@pytest.mark.parametrize(("language", "size", "javascript"), WAYS)
def test_an_administrator_keeps_order(
    place: tuple[Service, Any], language: str, size: str, javascript: bool
) -> None:
    service, browser = place
    page, faults = opened(browser, size, "dark", language, javascript)
    sign_in(page, service.address, "administrator")
    page.goto(service.address + "/administration/users")
    page.fill("#email", f"nieuw-{language}@example.org")
    page.click("form.ask button[type=submit]")
    expect(page.locator("tbody")).to_contain_text(f"nieuw-{language}@example.org")
    page.goto(service.address + "/administration/keys")
    page.fill("#name", f"Koppeling {language}")
    page.click("form.ask button[type=submit]")
    assert page.locator("#made").input_value().startswith("schakel_")
    page.goto(service.address + "/administration/audit")
    page.fill("#q", "key.created")
    page.click("form.search button")
    expect(page.locator("tbody")).to_contain_text(f"key:Koppeling {language}")
    page.goto(service.address + "/administration")
    assert page.locator("dd").count() >= 10
    page.click(".account button")
    page.goto(service.address + "/administration")
    assert "/sign-in" in page.url
    assert faults == []
    page.context.close()


def test_a_question_is_asked_and_a_match_opened_by_keyboard(place: tuple[Service, Any]) -> None:
    service, browser = place
    page, faults = opened(browser, "desktop", "light", "en")
    page.goto(service.address)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    tab_to(page, "text")
    page.keyboard.type("We want cartridges for diagnostics, injection moulded in series.")
    tab_to(page, "submit")
    page.keyboard.press("Enter")
    page.wait_for_url("**/matches?text=*")
    first = page.locator(".match h2 a").first
    address = first.get_attribute("href") or ""
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.getAttribute('href')") == address:
            break
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"  # one sees where one is
    page.keyboard.press("Enter")
    page.wait_for_url("**" + address)
    assert faults == []
    page.context.close()


def test_who_meets_what_shows_partners_on_a_phone(place: tuple[Service, Any]) -> None:
    service, browser = place
    page, faults = opened(browser, "phone", "light", "en")
    sign_in(page, service.address, "manager")
    page.goto(service.address + NANO + "/gaps")
    seen = page.evaluate(
        """() => {
          const scroll = document.querySelector(".scroll");
          scroll.scrollIntoView();
          const edge = scroll.getBoundingClientRect();
          const box = (what) => document.querySelector(what).getBoundingClientRect();
          const partners = [...document.querySelectorAll(".heat thead tr:nth-child(2) th")];
          const whole = partners.filter((one) => one.getBoundingClientRect().right < edge.right);
          scroll.scrollLeft = 400;
          const corner = box(".heat thead th"), need = box(".heat tbody th");
          const at = document.elementFromPoint(corner.left + 5, corner.bottom - 5);
          return {
            partners: whole.length,
            corner: corner.left - edge.left,
            need: need.left - edge.left,
            above: at.textContent,
          };
        }"""
    )
    assert seen["partners"] >= 2
    assert (seen["corner"], seen["need"], seen["above"]) == (0, 0, "Need")
    assert faults == []
    page.context.close()


def test_a_name_of_unbroken_letters_makes_no_page_wider(place: tuple[Service, Any]) -> None:
    service, browser = place
    page, faults = opened(browser, "phone", "light", "en")
    sign_in(page, service.address, "manager")
    page.goto(service.address + NANO + "/matches")
    page.fill(".keep input[name=name]", "Lijst" * 40)
    page.click(".keep button")
    page.locator("form[action$=share] button[type=submit]").first.click()
    shared = page.locator("#made").input_value()
    kept = page.url.partition("#")[0]
    for address in (kept, kept + "/compare", shared, service.address + "/lists", "/overview"):
        page.goto(address if address.startswith("http") else service.address + address)
        expect(page.locator("body")).to_contain_text("Lijst" * 40)
        assert page.evaluate("document.documentElement.scrollWidth") <= SIZES["phone"][0], address
    assert faults == []
    page.context.close()


def tab_to(page: Page, what: str) -> None:
    """Press Tab until an element of this name or type has the focus."""
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("[document.activeElement.name, document.activeElement.type]").count(what):
            return
    raise AssertionError(f"{what} can't be reached by keyboard")
