"""The stories of a cluster manager and of an administrator, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.stories import browser_over, opened, sign_in
from tests.servers import Service

WAYS = [("nl", "phone", False), ("en", "desktop", True)]
BRIEF = {
    "nl": "We willen biosensoren voor thuiszorg maken. We zoeken een partner die microfluïdische "
    "cartridges kan spuitgieten, en hebben kennis van CE-markering onder IVDR nodig.",
    "en": "We want to make biosensors for home care. We look for a partner who can injection mould "
    "microfluidic cartridges, and we need somebody who knows CE marking under IVDR.",
}
WORDS = {
    "nl": {"stored": "behoeften zijn opgeslagen", "member": "is nu lid", "kept": "is bewaard"},
    "en": {"stored": "needs are stored", "member": "is a member now", "kept": "list is kept"},
}


@pytest.fixture(scope="module")
def place(demo_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    import shutil

    home = tmp_path_factory.mktemp("stories") / "home"
    shutil.copytree(demo_home, home)
    with browser_over(home) as found:
        yield found


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
    texts = [one.input_value() for one in page.locator("textarea[name=text]").all()]
    assert any("IVDR" in text for text in texts)
    page.select_option("#stage-0", "production")
    page.fill("#weight-0", "2")
    page.locator("main form button[type=submit]").first.click()
    assert said["stored"] in page.locator("[role=status]").inner_text()
    home = page.url
    page.goto(home + "/members")
    page.fill("#organisation", "Dijlenano Instituut (demo)")
    page.click("form.ask button[type=submit]")
    assert said["member"] in page.locator("[role=status]").inner_text()
    page.goto(home + "/gaps")
    assert page.locator("table.heat tbody tr").count() == len([text for text in texts if text])
    page.goto(home + "/line-up")
    page.fill("#size", "5")
    if javascript:  # the team follows what is typed
        page.wait_for_selector(".picks > li:nth-child(5):last-child")
        page.wait_for_url(re.compile("size=5"))
    else:
        page.click("#builder button[type=submit]")
    assert page.locator(".picks > li").count() == 5
    page.goto(home + "/matches")
    page.fill("#keep-name", f"Lijst {language}")
    page.click(".keep button")
    assert said["kept"] in page.locator("[role=status]").inner_text()
    kept = page.url
    page.select_option("#status-1", "approached")
    page.fill("#note-1", "Maandag bellen")
    page.click(".sticky button")
    assert page.locator("#note-1").input_value() == "Maandag bellen"
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
    page.fill("#message", "Wij maken biosensoren en zoeken iemand zoals u.")
    page.click("form.ask button[type=submit]")
    assert "/introductions/" in page.url or page.locator("#link").count() == 1
    page.goto(service.address + "/introductions")
    assert page.locator("tbody tr").count() >= 1
    assert faults == []
    page.context.close()


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
    assert f"nieuw-{language}@example.org" in page.locator("tbody").inner_text()
    page.goto(service.address + "/administration/keys")
    page.fill("#name", f"Koppeling {language}")
    page.click("form.ask button[type=submit]")
    assert page.locator("#made").input_value().startswith("schakel_")
    page.goto(service.address + "/administration/audit")
    page.fill("#q", "key.created")
    page.click("form.search button")
    assert f"key:Koppeling {language}" in page.locator("tbody").inner_text()
    page.goto(service.address + "/administration")
    assert page.locator("dd").count() >= 10
    page.click(".account button")
    page.goto(service.address + "/administration")
    assert "/sign-in" in page.url
    assert faults == []
    page.context.close()
