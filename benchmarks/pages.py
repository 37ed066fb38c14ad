"""How long pages take over 4,000 organisations, and their size: python -m benchmarks.pages [HOME].

The invented corpus of benchmarks.initiatives behind one gunicorn worker, asked over HTTP with
compression. `first`: nothing of it in the cache, the median over several questions or initiatives;
`again`: the same once more. /health/live is what HTTP itself takes. HOME keeps the corpus.
"""

from __future__ import annotations

import random
import re
import statistics
import sys
import tempfile
import time
from pathlib import Path

import requests

from benchmarks.initiatives import corpus, initiative
from benchmarks.serving import service
from matcher.accounts import accounts
from matcher.accounts.accounts import AccountRole
from matcher.domain import Initiative
from matcher.imports.storage import store_batch
from matcher.indexing.build import build_index
from matcher.initiatives import actions as initiatives
from matcher.models.need_offer import judged_pairs
from matcher.settings import read_settings
from matcher.store import Store
from matcher.store.initiatives import count_initiatives

EMAIL, PASSWORD = "bench@example.org", "a long password for a bench"
ASKED = 20


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = sys.argv[1] if len(sys.argv) > 1 else folder
        several = prepared(home)
        with service(Path(home), SCHAKEL_WORKERS="1") as server:
            measure(server.address, several)


def prepared(home: str) -> list[Initiative]:
    """Fill a home with the corpus, initiatives and an account, unless it holds them."""
    settings = read_settings({"SCHAKEL_HOME": home})
    store = Store(settings.database_url)
    store.upgrade()
    draw = random.Random(11)
    several = [initiative(draw, number) for number in range(ASKED)]
    if not store.corpus_version():
        store_batch(store, corpus(random.Random(7)))
    if not count_initiatives(store):
        for one in several:
            initiatives.create(store, one)
        create_account(store)
        build_index(store, settings)
    store.dispose()
    return several


def create_account(store: Store) -> None:
    """Make the account that `sign_in` signs in with."""
    accounts.create(
        store,
        email=EMAIL,
        name="Bench",
        role=AccountRole.ADMINISTRATOR,
        password=PASSWORD,
        actor="command",
    )


def measure(address: str, several: list[Initiative]) -> None:
    browser = requests.Session()
    browser.headers.update({"Accept-Language": "nl", "Accept-Encoding": "gzip"})
    needs = list(dict.fromkeys(one.need for one in judged_pairs()))[:ASKED]
    texts = [f"/matches?text={one.brief}" for one in several]
    chips = [
        f"/matches?text={text}&need={other}"
        for text, other in zip(needs, needs[1:] + needs[:1], strict=True)
    ]
    sites = [f"/initiatives/{one.id}" for one in several]
    people = [f"/organisations/bench:{number * 7}" for number in range(ASKED)]
    domains = ("chemistry", "food", "energy", "water", "materials")
    pages = {
        "nothing (/health/live)": ["/health/live"] * ASKED,
        "home": ["/"],
        "matches for a long text": texts,
        "matches for text, needs, members": [
            f"{chip}&members=bench:{number}&members=bench:{number + 9}"
            for number, chip in enumerate(chips)
        ],
        "organisation": people,
        "organisations, searched": [f"/organisations?q={text.split()[-1]}" for text in needs],
        "strengths": [f"/strengths?region={one}" for one in ("BE2", "BE3", "NL4", "DEA")],
        "statements behind a strength": [f"/strengths/{one}/health?region=BE2" for one in domains],
        "initiative": sites,
    }
    for part in ("matches", "gaps", "line-up", "roadmap", "overlaps"):
        pages[f"initiative, {part}"] = [f"{one}/{part}" for one in sites]
    pages["overview"] = ["/overview"]
    pages["unrealised matches, a region"] = [
        f"/overview/missed-chances?region={one}" for one in ("BE2", "BE3", "NL4")
    ]
    pages["administration"] = ["/administration"]
    print(f"{'':34}{'first ms':>10}{'slowest':>10}{'again ms':>10}{'kB sent':>10}")
    for name, addresses in pages.items():
        if name == "initiative":
            sign_in(browser, address)
        first: list[float] = []
        again: list[float] = []
        size = 0
        for place in addresses:
            for times in (first, again):
                start = time.perf_counter()
                answer = browser.get(address + place, stream=True, timeout=120)
                size = max(size, len(answer.raw.read()))
                times.append((time.perf_counter() - start) * 1000)
                assert answer.status_code == 200, (place, answer.status_code)
        figures = (statistics.median(first), max(first), statistics.median(again))
        print(f"{name:34}" + "".join(f"{one:>10.0f}" for one in figures) + f"{size / 1e3:>10.1f}")


def sign_in(browser: requests.Session, address: str) -> None:
    form = browser.get(f"{address}/sign-in", timeout=20).text
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', form)
    assert found is not None
    sent = {"email": EMAIL, "password": PASSWORD, "csrf_token": found[1]}
    assert browser.post(f"{address}/sign-in", data=sent, timeout=20).ok


if __name__ == "__main__":
    main()
