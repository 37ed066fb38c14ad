"""Pictures of the pages, to be looked at: python -m tests.browser.screenshots [FOLDER]."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from tests.servers import Service

SIZES = {"desktop": (1280, 900), "phone": (390, 844)}
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
QUESTION = "Wij willen biosensoren voor de thuiszorg in grote aantallen laten maken."


def launch(playwright: Any) -> Any:
    """Start Debian's chromium without a screen."""
    path = shutil.which("chromium") or "/usr/bin/chromium"
    return playwright.chromium.launch(executable_path=path, args=ARGUMENTS)


def fill(page: Page, address: str) -> None:
    """Ask the question of the pictures on the home page."""
    page.goto(f"{address}/?lang=nl")
    page.fill("#text", QUESTION)
    page.fill("#needs", "Spuitgieten van microfluïdische cartridges\nCE-markering onder IVDR")
    page.fill("#members", "Dijlenano Instituut (demo)")
    page.click(".ask > button[type=submit]")


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        import subprocess

        service = Service(Path(home), workers=1)
        command = [sys.executable, "-m", "flask", "--app", "app", "demo", "load"]
        subprocess.run(command, env=service.environ, check=True)
        with service:
            browser = launch(playwright)
            for name, (width, height) in SIZES.items():
                for scheme in ("light", "dark"):
                    page = browser.new_page(
                        viewport={"width": width, "height": height}, color_scheme=scheme
                    )
                    for what, address in (
                        ("home", "/?lang=nl"),
                        ("organisation", "/organisations/demo:dijlenano?lang=nl"),
                        ("organisations", "/organisations?lang=nl"),
                        ("initiatives", "/initiatives?lang=nl"),
                        ("initiative", "/initiatives/demo:nano-for-health?lang=nl"),
                    ):
                        page.goto(service.address + address)
                        page.screenshot(path=folder / f"{what}-{name}-{scheme}.png", full_page=True)
                    fill(page, service.address)
                    page.screenshot(path=folder / f"matches-{name}-{scheme}.png")
                    page.close()
            browser.close()
    print(f"Look at {folder}/*.png")


if __name__ == "__main__":
    main()
