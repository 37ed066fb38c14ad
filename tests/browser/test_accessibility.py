"""axe finds nothing on any page, and no page is wider than a phone.

Each page is looked at in one language, light or dark, the next one in the next; with
SCHAKEL_TEST_AXE=all in all four languages, light and dark.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.stories import NANO, browser_over, opened, session_of, things_of

pytestmark = pytest.mark.slow

AXE = Axe()
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
LANGUAGES = ("nl", "fr", "de", "en")
PAGES = {
    None: [
        "/",
        "/organisations",
        "/organisations/demo:dijlenano",
        "/initiatives",
        NANO,
        "/matches?text=biosensor&members=demo:dijlenano&need=spuitgieten&level=must&stage=pilot",
        "/matches?text=&radius=x",
        "/strengths",
        "/strengths/food?region=BE2",
        "/strengths/food/health?region=BE2",
        "/organisations?type=company&country=BE&stage=production&q=zzz",
        "/matches?text=zzz",
        "/sign-in",
        "/profile",
        "/profile/new",
        "/profile/link",
        "/password/forgotten",
        "/bestaat-niet",
    ],
    "manager": [
        "/account",
        "/initiatives/new",
        NANO,
        NANO + "/needs",
        NANO + "/members",
        NANO + "/matches",
        NANO + "/gaps",
        NANO + "/line-up",
        NANO + "/line-up?size=20&of=country&value=BE&least=&most=1",
        NANO + "/roadmap",
        NANO + "/overlaps",
        NANO + "/settings",
        "/overview",
        "/overview/missed-chances",
        "/overview/overlaps",
        "/lists",
        "LIST",
        "LIST/compare",
        "/introductions",
        "/introductions/new?organisation=demo:dijlenano",
        "/import",
        "IMPORT",
        "JOB",
    ],
    "administrator": [
        "/administration",
        "/administration/users",
        "/administration/keys",
        "/administration/duplicates?all=1",
        "/administration/audit",
        "/administration/profiles",
    ],
    "company": [
        "/introductions",
        "/introductions/new?initiative=demo:fisch",
        "/profile",
        "/profile/edit",
        "/profile/found?initiative=demo:fisch",
        "/profile/delete",
    ],
}


def looks(number: int) -> list[tuple[str, str]]:
    """Languages and schemes in which to look at the page of this number."""
    every = [(one, scheme) for scheme in ("light", "dark") for one in LANGUAGES]
    return every if os.environ.get("SCHAKEL_TEST_AXE") == "all" else [every[number * 3 % 8]]


def test_axe_finds_nothing_and_phones_need_not_scroll_sideways(home: Path) -> None:
    found: list[str] = []
    with browser_over(home) as (service, browser):
        kept: dict[str, str] = {}
        for role, addresses in PAGES.items():
            asked: dict[tuple[str, str], list[str]] = {}
            for number, address in enumerate(addresses):
                for look in looks(number):
                    asked.setdefault(look, []).append(address)
            session = session_of(role, service, browser)
            if role == "manager":
                kept = things_of(service, browser, session)
            for (language, scheme), some in asked.items():
                page, _ = opened(browser, "phone", scheme, language, session=session)
                for given in some:
                    first, *rest = given.split("/")
                    page.goto(service.address + "/".join([kept.get(first, first), *rest]))
                    where = f"{given} {language} {scheme}"
                    for violation in _violations(page):
                        found.append(f"{where}: {violation}")
                    if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
                        found.append(f"{where}: wider than the screen")
                page.context.close()
    assert found == []


def _violations(page: object) -> list[str]:
    options = {"runOnly": {"type": "tag", "values": RULES}, "resultTypes": ["violations"]}
    answer = AXE.run(page, options=options).response
    return [
        f"{one['id']}: {node['target']} {node['failureSummary'][:200]}"
        for one in answer["violations"]
        for node in one["nodes"][:3]
    ]
