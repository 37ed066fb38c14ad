"""What browser tests share: a service with people in it, and a browser that watches for faults."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.mails import clear, link_in
from tests.servers import ROOT, Service

SIZES = {"desktop": (1280, 900), "phone": (390, 844)}
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
NANO = "/initiatives/demo:nano-for-health"
TABLE = """id,name,type,city,country,offer_1_text
demo:dijlenano,Dijlenano (demo),research_institute,Leuven,BE,Nanometen
table:nieuw,Nieuw (voorbeeld),company,Ronse,BE,Patrijsnesten vlechten
table:fout,Fout (voorbeeld),no such type,Ronse,BE,Iets
"""
PASSWORD = "een lang wachtwoord"
PEOPLE = {"member": "Lies Lid", "manager": "Mia Manager", "administrator": "An Beheer"}


def launch(playwright: Any) -> Any:
    """Start Debian's chromium without a screen."""
    path = shutil.which("chromium") or "/usr/bin/chromium"
    return playwright.chromium.launch(executable_path=path, args=ARGUMENTS)


@contextmanager
def browser_over(home: Path, **environ: str) -> Iterator[tuple[Service, Any]]:
    """A service over a home with one account a role, and a browser; skips without chromium."""
    if not shutil.which("chromium"):
        assert not os.environ.get("CI"), "chromium is not installed, and CI skips nothing"
        pytest.skip("chromium is not installed on this machine")
    service = Service(home, workers=1, **environ)
    for role, name in PEOPLE.items():
        command = [sys.executable, "-m", "flask", "--app", "app", "user", "create"]
        command += [f"{role}@example.org", "--role", role, "--name", name]
        known = {**service.environ, "SCHAKEL_PASSWORD": PASSWORD}
        subprocess.run(command, env=known, cwd=ROOT, check=True, capture_output=True)
    with service, sync_playwright() as playwright:
        browser = launch(playwright)
        yield service, browser
        browser.close()


def opened(
    browser: Any,
    size: str = "desktop",
    scheme: str = "light",
    language: str = "nl",
    javascript: bool = True,
    session: Any = None,
) -> tuple[Page, list[str]]:
    """A page in a context of its own, and the list in which faults of the browser gather.

    With the `session` of another page (its `context.storage_state()`) it is signed in already.
    """
    width, height = SIZES[size]
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=scheme,
        locale=language,
        java_script_enabled=javascript,
        reduced_motion="reduce",
        storage_state=session,
    )
    page = context.new_page()
    faults: list[str] = []
    page.on("console", lambda said: faults.append(f"{said.text} {said.location['url']}"))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", lambda one: faults.append(one.url) if "127.0.0.1" not in one.url else None)
    return page, faults


def sign_in(page: Page, address: str, role: str) -> None:
    """Sign somebody in through the form."""
    page.goto(f"{address}/sign-in")
    page.fill("#email", f"{role}@example.org")
    page.fill("#password", PASSWORD)
    page.click("form.ask button[type=submit]")
    page.wait_for_url(lambda url: "/sign-in" not in url)


def open_profile(page: Page, service: Service, name: str, offer: str, need: str) -> None:
    """Make and publish a company's profile by its pages; it stays open in the page's session."""
    clear(service.home)
    page.goto(service.address + "/profile")
    page.locator(".actions a.button").first.click()
    page.fill("#name", name)
    page.fill("#city", "Gent")
    page.fill("#country", "BE")
    page.fill("#offer-0-text", offer)
    page.select_option("#offer-0-stage", "production")
    page.fill("#need-0-text", need)
    page.fill("#email", "keeper@example.org")
    page.locator(".profile-form > button[type=submit]").last.click()
    page.goto(service.address + link_in(service.home, "/profile/confirm/"))
    page.locator(".actions button").first.click()
    expect(page.locator("h1")).to_have_text(name)


def session_of(role: str | None, service: Service, browser: Any) -> Any:
    """What a browser holds in which somebody of this role, or a company, is signed in."""
    page, _ = opened(browser)
    if role == "company":
        open_profile(page, service, "Kwartelhof (voorbeeld)", "Kwartelbalsem gieten", "Ampullen")
    elif role is not None:
        sign_in(page, service.address, role)
    session = page.context.storage_state()
    page.context.close()
    return session


def things_of(service: Service, browser: Any, session: Any) -> dict[str, str]:
    """As a manager keep a match list and upload a table; return where they and the job are."""
    page, _ = opened(browser, session=session)
    page.goto(service.address + NANO + "/matches")
    page.click(".keep button")
    where = {"LIST": page.url}
    page.goto(service.address + "/import")
    table = {"name": "leden.csv", "mimeType": "text/csv", "buffer": TABLE.encode()}
    page.set_input_files("#file", table)
    page.click("form.ask button[type=submit]")
    where["JOB"] = page.url
    page.wait_for_url(re.compile("/import/"))
    where["IMPORT"] = page.url
    page.context.close()
    return {name: address.removeprefix(service.address) for name, address in where.items()}
