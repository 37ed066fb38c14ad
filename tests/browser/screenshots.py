"""Pictures of the pages, to be looked at: python -m tests.browser.screenshots [FOLDER]."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from tests.browser.stories import NANO, SIZES, browser_over, opened, session_of, things_of
from tests.servers import ROOT, Service

ASKED = (
    "/matches?text=Wij+willen+biosensoren+voor+de+thuiszorg+in+grote+aantallen+laten+maken."
    "&members=demo:dijlenano&need=Spuitgieten+van+cartridges&level=must&stage=production"
)
PAGES = {
    None: {
        "home": "/",
        "matches": ASKED,
        "organisation": "/organisations/demo:dijlenano",
        "organisations": "/organisations",
        "initiatives": "/initiatives",
        "initiative": NANO,
        "strengths": "/strengths",
        "strength": "/strengths/food/health?region=BE2",
        "profile-new": "/profile/new",
    },
    "company": {"profile": "/profile", "profile-found": "/profile/found?initiative=demo:fisch"},
    "manager": {
        "overview": "/overview",
        **{
            f"initiative-{part}": f"{NANO}/{part}"
            for part in ("needs", "members", "matches", "gaps", "line-up", "roadmap", "overlaps")
        },
        "missed-chances": "/overview/missed-chances",
        "lists": "/lists",
        "list": "LIST",
        "introductions": "/introductions",
        "import": "IMPORT",
    },
    "administrator": {
        "administration": "/administration",
        "users": "/administration/users",
        "keys": "/administration/keys",
        "duplicates": "/administration/duplicates?all=1",
        "profiles": "/administration/profiles",
        "audit": "/administration/audit",
    },
}


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        command = [sys.executable, "-m", "flask", "--app", "app", "demo", "load"]
        environ = Service(Path(home)).environ
        subprocess.run(command, env=environ, cwd=ROOT, check=True)
        with browser_over(Path(home)) as (service, browser):
            kept: dict[str, str] = {}
            for role, pages in PAGES.items():
                session = session_of(role, service, browser)
                if role == "manager":
                    kept = things_of(service, browser, session)
                for size in SIZES:
                    for scheme in ("light", "dark"):
                        page, _ = opened(browser, size, scheme, session=session)
                        for name, address in pages.items():
                            page.goto(service.address + kept.get(address, address))
                            picture = folder / f"{name}-{size}-{scheme}.png"
                            page.screenshot(path=picture, full_page=True)
                        page.context.close()
    print(f"Look at {folder}/*.png")


if __name__ == "__main__":
    main()
