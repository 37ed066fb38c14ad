"""The company's story in a real browser: with and without JavaScript, on a phone and a desktop."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from tests.browser.screenshots import SIZES, fill, launch
from tests.browser.stories import browser_over, opened
from tests.servers import Service


@pytest.mark.parametrize("size", list(SIZES))
@pytest.mark.parametrize("javascript", [True, False])
def test_a_company_finds_partners(home: Path, size: str, javascript: bool) -> None:
    if not shutil.which("chromium"):
        assert not os.environ.get("CI"), "chromium is not installed, and CI skips nothing"
        pytest.skip("chromium is not installed on this machine")
    width, height = SIZES[size]
    with Service(home) as service, sync_playwright() as playwright:
        browser = launch(playwright)
        page = browser.new_page(
            viewport={"width": width, "height": height}, java_script_enabled=javascript
        )
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.on("request", lambda one: said.append(one.url) if "127.0.0.1" not in one.url else None)
        fill(page, service.address)
        assert page.locator("h1").inner_text() == "Partners voor uw idee"
        assert page.locator(".match").count() == 20
        names = page.locator(".match h2").all_inner_texts()
        assert "Dijlenano Instituut (demo)" not in names
        assert "Conformiteitshuis Medtech (demo)" in names[:3]
        assert page.locator(".match").first.locator("q").count() >= 1
        page.locator(".match h2 a").first.click()
        assert page.locator("h1").inner_text() == names[0]
        if javascript:
            for address in ("/?lang=nl", "/organisations?lang=nl"):
                page.goto(service.address + address)
                overflow = "document.documentElement.scrollWidth > window.innerWidth"
                assert page.evaluate(overflow) is False
            page.goto(service.address + "/api/docs")
            page.get_by_text("Recommend partners").first.wait_for(timeout=20_000)
        assert said == []
        browser.close()


@pytest.mark.parametrize("javascript", [True, False])
def test_a_company_edits_what_it_needs_and_shares_the_question(
    home: Path, javascript: bool
) -> None:
    with browser_over(home) as (service, browser):
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
        assert page.locator(".chips li").count() == 1
        page.go_back()
        page.go_back()
        assert page.url == asked
        assert faults == []
